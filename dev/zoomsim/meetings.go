package zoomsim

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Meeting types (FACTS 3.2, 3.3).
const (
	typeInstant   = 1
	typeScheduled = 2
	typePersonal  = 4
)

// A meeting goes from waiting to started to ended. The API never says ended
// (FACTS 3.3): an instant meeting is gone then, others wait again.
const (
	stateWaiting = "waiting"
	stateStarted = "started"
	stateEnded   = "ended"
)

// zakLife: start_url makes its bearer the host for two hours (FACTS 3.2).
const zakLife = 2 * time.Hour

// meeting is a meeting or, with typePersonal, a user's personal room.
type meeting struct {
	id       int64
	uuid     string
	host     *User
	room     *meeting // of a meeting made with use_pmi: its life happens there
	topic    string
	agenda   string
	kind     int
	duration int
	timezone string
	start    string // start_time of scheduled meetings, as given
	created  time.Time
	password string
	pwd      string // the ?pwd= of the link; not the passcode (FACTS 6)
	settings map[string]any
	deleted  bool

	state   string
	runs    int // instances started so far
	started time.Time
	ended   time.Time
	present []string
}

type zak struct {
	meeting *meeting
	expires time.Time
}

type meetingState struct {
	byID     map[int64]*meeting
	order    []*meeting
	zaks     map[string]zak
	nextUUID []string
	nextID   []int64
}

func newMeetingState() meetingState {
	return meetingState{byID: map[int64]*meeting{}, zaks: map[string]zak{}}
}

// ForceUUID sets the UUIDs of the next new meetings or instances, in order.
func (s *Sim) ForceUUID(uuids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms.nextUUID = append(s.rooms.nextUUID, uuids...)
}

// ForceMeetingID sets the ids of the next new meetings, in order.
func (s *Sim) ForceMeetingID(ids ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms.nextID = append(s.rooms.nextID, ids...)
}

func (m *meetingState) uuid() string {
	if len(m.nextUUID) > 0 {
		next := m.nextUUID[0]
		m.nextUUID = m.nextUUID[1:]
		return next
	}
	return newUUID()
}

func (m *meetingState) id() int64 {
	for {
		id := newMeetingID()
		if len(m.nextID) > 0 {
			id, m.nextID = m.nextID[0], m.nextID[1:]
		}
		if m.byID[id] == nil {
			return id
		}
	}
}

func (m *meetingState) add(x *meeting) {
	m.byID[x.id] = x
	m.order = append(m.order, x)
}

// openRoom gives a user with a personal meeting id its room. Starting one
// needs no create call (FACTS 3.3).
func (s *Sim) openRoom(u *User) {
	if u.PMI == 0 || s.rooms.byID[u.PMI] != nil {
		return
	}
	s.rooms.add(&meeting{
		id: u.PMI, uuid: s.rooms.uuid(), host: u, kind: typePersonal, duration: 60,
		topic: u.DisplayName() + "'s Personal Meeting Room", timezone: u.Timezone,
		created: s.now(), password: randomText(6), pwd: randomText(17) + ".1", state: stateWaiting,
		settings: defaultSettings(),
	})
}

// personalRoom is nil when the user has none or has it switched off.
func (s *Sim) personalRoom(u *User) *meeting {
	if u.PersonalMeetingOff {
		return nil
	}
	return s.rooms.byID[u.PMI]
}

// live is where the meeting happens.
func (m *meeting) live() *meeting {
	if m.room != nil {
		return m.room
	}
	return m
}

func (m *meeting) gone() bool {
	return m.deleted || m.kind == typeInstant && m.room == nil && m.state == stateEnded ||
		m.kind == typePersonal && m.host.PersonalMeetingOff
}

func (s *Sim) newMeeting(host *User, b body) *meeting {
	m := &meeting{
		id: s.rooms.id(), uuid: s.rooms.uuid(), host: host, state: stateWaiting,
		topic: b.text("topic"), kind: b.number("type", typeScheduled), created: s.now(),
		duration: 60, timezone: host.Timezone, settings: defaultSettings(),
	}
	if m.topic == "" {
		m.topic = "Zoom Meeting"
	}
	m.update(b)
	m.password = b.text("password")
	if m.password == "" && b.flag("default_password", true) {
		m.password = randomText(6)
	}
	if m.password != "" {
		m.pwd = randomText(17) + ".1"
	} else {
		m.settings["waiting_room"] = true // accounts demand one of the two (FACTS 3.2)
	}
	if m.settings["use_pmi"] == true {
		m.room = s.personalRoom(host) // the id stays a unique one (FACTS 3.3)
	}
	s.rooms.add(m)
	return m
}

// update sets what the body has: absent, null and empty leave things alone.
func (m *meeting) update(b body) {
	for _, f := range []struct {
		name  string
		field *string
	}{{"topic", &m.topic}, {"agenda", &m.agenda}, {"timezone", &m.timezone}} {
		if text := b.text(f.name); text != "" {
			*f.field = text
		}
	}
	m.duration = b.number("duration", m.duration)
	m.kind = b.number("type", m.kind)
	if start := b.text("start_time"); start != "" && m.kind != typeInstant {
		m.start = start
	}
	for name, v := range b.settings() {
		if v != nil && v != "" {
			m.settings[name] = v
		}
	}
}

func defaultSettings() map[string]any {
	return map[string]any{
		"host_video": false, "participant_video": false, "use_pmi": false, "approval_type": 2,
		"audio": "voip", "auto_recording": "none", "waiting_room": true,
		"meeting_authentication": false, "alternative_hosts": "",
	}
}

func (s *Sim) joinURL(m *meeting) string {
	m = m.live()
	link := fmt.Sprintf("%s/j/%d", s.url, m.id)
	if m.pwd != "" {
		link += "?pwd=" + m.pwd
	}
	return link
}

// startURL is new in every answer (FACTS 3.2).
func (s *Sim) startURL(m *meeting) string {
	now := s.now()
	for text, z := range s.rooms.zaks {
		if !now.Before(z.expires) {
			delete(s.rooms.zaks, text)
		}
	}
	text := s.newToken("zak", m.host.ID, now.Add(zakLife))
	s.rooms.zaks[text] = zak{m.live(), now.Add(zakLife)}
	return fmt.Sprintf("%s/s/%d?zak=%s", s.url, m.live().id, text)
}

// meetingObject is the body of create and get answers (FACTS 3.2, 3.3).
func (s *Sim) meetingObject(m *meeting) Object {
	status := m.live().state
	if status == stateEnded {
		status = stateWaiting
	}
	o := Object{
		{"uuid", m.uuid}, {"id", m.id}, {"host_id", m.host.ID}, {"host_email", m.host.Email},
		{"topic", m.topic}, {"type", m.kind}, {"status", status},
	}
	if m.start != "" {
		o = append(o, Field{"start_time", m.start})
	}
	o = append(o, Object{
		{"duration", m.duration}, {"timezone", m.timezone}, {"created_at", utc(m.created)},
		{"start_url", s.startURL(m)}, {"join_url", s.joinURL(m)},
	}...)
	if live := m.live(); live.password != "" {
		o = append(o, Object{
			{"password", live.password}, {"h323_password", digits(live.pwd)}, {"pstn_password", digits(live.pwd)},
			{"encrypted_password", live.pwd},
		}...)
	}
	if m.agenda != "" {
		o = append(o, Field{"agenda", m.agenda})
	}
	if m.live().kind == typePersonal {
		o = append(o, Field{"pmi", strconv.FormatInt(m.live().id, 10)}) // a string here (FACTS 3.3)
	}
	return append(o, Field{"settings", m.settings})
}

// findMeeting reads the path's id or UUID. A UUID that starts with / or holds
// // has to be encoded twice (FACTS 2); the path comes here decoded once.
func (s *Sim) findMeeting(decoded string) *meeting {
	if id, err := strconv.ParseInt(decoded, 10, 64); err == nil {
		return s.rooms.byID[id]
	}
	uuid, twice := decoded, false
	if strings.Contains(strings.ToUpper(decoded), "%2F") {
		again, err := url.PathUnescape(decoded)
		if err != nil {
			return nil
		}
		uuid, twice = again, true
	}
	if !twice && (strings.HasPrefix(uuid, "/") || strings.Contains(uuid, "//")) {
		return nil
	}
	for _, m := range s.rooms.order {
		if m.uuid == uuid {
			return m
		}
	}
	return nil
}

// utc is Zoom's form of time (FACTS 2).
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// digits makes a telephone passcode: six digits that stay with the link.
func digits(seed string) string {
	sum := 0
	for _, r := range seed {
		sum = (sum*31 + int(r)) % 1_000_000
	}
	return fmt.Sprintf("%06d", sum)
}
