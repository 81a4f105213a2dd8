package zoomsim

import (
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrNoMeeting says that no such meeting can be entered (any more).
	ErrNoMeeting = errors.New("zoomsim: no such meeting")
	// ErrMeetingState says that a meeting is running already, or is not.
	ErrMeetingState = errors.New("zoomsim: the meeting is not in a state for this")
)

// MeetingInfo is what a test may want to know of a meeting.
type MeetingInfo struct {
	ID       int64
	UUID     string
	Topic    string
	Host     string // e-mail
	Type     int
	State    string // waiting, started, ended
	JoinURL  string
	Password string
	Present  []string
}

// Meetings lists all meetings and personal rooms in the order they were made.
func (s *Sim) Meetings() []MeetingInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []MeetingInfo
	for _, m := range s.rooms.order {
		if !m.deleted {
			list = append(list, s.info(m))
		}
	}
	return list
}

// Meeting finds one by id.
func (s *Sim) Meeting(id int64) (MeetingInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.rooms.byID[id]
	if m == nil || m.deleted {
		return MeetingInfo{}, fmt.Errorf("%w: %d", ErrNoMeeting, id)
	}
	return s.info(m), nil
}

func (s *Sim) info(m *meeting) MeetingInfo {
	live := m.live()
	return MeetingInfo{
		ID: m.id, UUID: live.uuid, Topic: m.topic, Host: m.host.Email, Type: m.kind,
		State: live.state, JoinURL: s.joinURL(m), Password: live.password, Present: slices.Clone(live.present),
	}
}

// Schedule makes a meeting as its host would in Zoom's own client, without an
// API call: what subscriptions are for. kind is a meeting type of FACTS 3.2.
func (s *Sim) Schedule(hostEmail, topic string, kind int) (MeetingInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host := s.findUser(hostEmail)
	if host == nil {
		return MeetingInfo{}, fmt.Errorf("zoomsim: no user %s", hostEmail)
	}
	return s.info(s.newMeeting(host, body{"topic": topic, "type": float64(kind)})), nil
}

// Start starts a meeting and sends meeting.started. Without a webhook URL the
// state changes and nothing is sent.
func (s *Sim) Start(id int64) (Delivery, error) { return s.change(id, s.startLocked) }

// End ends it and sends meeting.ended.
func (s *Sim) End(id int64) (Delivery, error) { return s.change(id, s.endLocked) }

// Join lets somebody in; the first one starts the meeting.
func (s *Sim) Join(id int64, name string) (Delivery, error) {
	return s.change(id, func(m *meeting) (ev *Event, err error) {
		if m.state != stateStarted {
			ev, err = s.startLocked(m)
		}
		m.present = append(m.present, name)
		return ev, err
	})
}

// Leave lets somebody out; the last one to leave ends the meeting.
func (s *Sim) Leave(id int64, name string) (Delivery, error) {
	return s.change(id, func(m *meeting) (*Event, error) {
		i := slices.Index(m.present, name)
		if i < 0 {
			return nil, fmt.Errorf("%w: %s is not in it", ErrMeetingState, name)
		}
		m.present = slices.Delete(m.present, i, i+1)
		if len(m.present) > 0 {
			return nil, nil
		}
		return s.endLocked(m)
	})
}

// change runs a step of a meeting's life under the lock and tells the app
// outside of it, since the app may call back while it handles the event.
func (s *Sim) change(id int64, step func(*meeting) (*Event, error)) (Delivery, error) {
	ev, err := func() (*Event, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		m := s.rooms.byID[id]
		if m == nil || m.gone() {
			return nil, fmt.Errorf("%w: %d", ErrNoMeeting, id)
		}
		return step(m.live())
	}()
	if err != nil || ev == nil {
		return Delivery{}, err
	}
	return s.notify(*ev)
}

// startLocked begins an instance. A meeting's first one keeps the UUID of its
// creation; personal rooms and every later instance get a new one (FACTS 2, 5.7).
func (s *Sim) startLocked(m *meeting) (*Event, error) {
	if m.state == stateStarted {
		return nil, fmt.Errorf("%w: it has started", ErrMeetingState)
	}
	if m.runs > 0 || m.kind == typePersonal {
		m.uuid = s.rooms.uuid()
	}
	m.runs++
	m.state, m.started, m.present = stateStarted, s.now(), nil
	return s.meetingEvent("meeting.started", m), nil
}

func (s *Sim) endLocked(m *meeting) (*Event, error) {
	if m.state != stateStarted {
		return nil, fmt.Errorf("%w: it has not started", ErrMeetingState)
	}
	m.state, m.ended, m.present = stateEnded, s.now(), nil
	return s.meetingEvent("meeting.ended", m), nil
}
