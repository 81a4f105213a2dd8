package zoomsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// The panel sends any webhook: it offers each event as Zoom would send it now,
// and sends what people have made of it.

type panelPage struct {
	Events     []string
	Meetings   []MeetingInfo
	Event      string
	Meeting    int64
	Body       string
	Sign       string
	Copies     int
	Problem    string
	Deliveries []Delivery
}

const maxCopies = 16

// panelEvents makes an event for a meeting, without changing anything.
var panelEvents = []struct {
	name string
	make func(*Sim, int64) (Event, error)
}{
	{"meeting.started", func(s *Sim, id int64) (Event, error) { return s.MeetingEvent("meeting.started", id) }},
	{"meeting.ended", (*Sim).endNow},
	{"recording.completed", (*Sim).sampleRecording},
	{"recording.transcript_completed", (*Sim).sampleTranscript},
	{"meeting.participant_joined", func(s *Sim, id int64) (Event, error) {
		return s.ParticipantEvent("meeting.participant_joined", id, "Guest", nil)
	}},
	{"meeting.participant_left", func(s *Sim, id int64) (Event, error) {
		return s.ParticipantEvent("meeting.participant_left", id, "Guest", nil)
	}},
	{"meeting.summary_completed", func(s *Sim, id int64) (Event, error) {
		return s.SummaryEvent(id, "Summary", "Everybody said hello.")
	}},
	{"app_deauthorized", (*Sim).removalOfAdmin},
	{"endpoint.url_validation", func(s *Sim, _ int64) (Event, error) { return s.ChallengeEvent(randomText(22)) }},
}

// endNow is meeting.ended of a meeting that may go on: it ends now.
func (s *Sim) endNow(id int64) (Event, error) {
	ev, err := s.MeetingEvent("meeting.ended", id)
	if err == nil && ev.Object.Get("end_time") == "0001-01-01T00:00:00Z" {
		ev.Object, ev.TS = ev.Object.With("end_time", utc(s.now())), s.now()
	}
	return ev, err
}

// removalOfAdmin is what DeauthEvent makes, but the grants go on.
func (s *Sim) removalOfAdmin(int64) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	admin := s.users[slices.IndexFunc(s.users, func(u *User) bool { return u.Admin })]
	raw, err := encodeJSON(Object{{"event", "app_deauthorized"}, {"payload", s.deauthPayload(admin, DeauthRetentionFalse)}})
	return Event{Name: "app_deauthorized", Raw: raw}, err
}

// prepare is the body of an event as it would be sent.
func (s *Sim) prepare(name string, meeting int64) (string, error) {
	for _, offered := range panelEvents {
		if offered.name != name {
			continue
		}
		ev, err := offered.make(s, meeting)
		if err != nil {
			return "", err
		}
		raw, err := ev.body(s.AccountID(), s.now())
		if err != nil {
			return "", err
		}
		var indented bytes.Buffer
		err = json.Indent(&indented, raw, "", "  ")
		return indented.String(), err
	}
	return "", fmt.Errorf("there is no event %q to prepare", name)
}

func (s *Sim) showPanel(r *request) answer {
	meeting, _ := strconv.ParseInt(r.query.Get("meeting"), 10, 64) // none is none
	p := panelPage{Event: r.query.Get("event"), Meeting: meeting, Sign: "right", Copies: 1}
	if p.Event != "" {
		body, err := s.prepare(p.Event, meeting)
		if err != nil {
			p.Problem = err.Error()
		}
		p.Body = body
	}
	return s.panel(p)
}

func (s *Sim) pressPanel(r *request) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	meeting, _ := strconv.ParseInt(r.form.Get("meeting"), 10, 64)
	p := panelPage{Meeting: meeting, Body: r.form.Get("body"), Sign: r.form.Get("sign")}
	p.Copies, _ = strconv.Atoi(r.form.Get("copies"))
	p.Copies = min(max(p.Copies, 1), maxCopies)
	if err := s.sendRaw(&p); err != nil {
		p.Problem = err.Error()
	}
	return s.panel(p)
}

// sendRaw sends the body as it is, even where it is no JSON.
func (s *Sim) sendRaw(p *panelPage) error {
	modes := map[string]SignMode{"right": SignRight, "wrong": SignWrong, "missing": SignMissing}
	mode, known := modes[p.Sign]
	if !known {
		return fmt.Errorf("there is no signature %q", p.Sign)
	}
	var named struct{ Event string }
	if json.Unmarshal([]byte(p.Body), &named) != nil || named.Event == "" {
		named.Event = "(no event)"
	}
	p.Event = named.Event
	ev := Event{Name: named.Event, Raw: []byte(p.Body), Sign: mode, Copies: p.Copies, NoRetries: true}
	if ev.Name == "app_deauthorized" {
		s.mu.Lock()
		ev.URL = s.hooks.deauth
		s.mu.Unlock()
	}
	_, err := s.Deliver(ev)
	return err
}

func (s *Sim) panel(p panelPage) answer {
	for _, offered := range panelEvents {
		p.Events = append(p.Events, offered.name)
	}
	p.Meetings = s.Meetings()
	slices.Reverse(p.Meetings)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Deliveries = s.lastDeliveries(10)
	return s.page(http.StatusOK, "webhook", p)
}

// pressRemove removes the app, as the admin does in Zoom's portal.
func (s *Sim) pressRemove(r *request) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	s.mu.Lock()
	admin := s.users[slices.IndexFunc(s.users, func(u *User) bool { return u.Admin })].Email
	s.mu.Unlock()
	if d, err := s.Deauthorize(admin, DeauthRetentionFalse); err != nil {
		return s.problem(http.StatusOK, "The app is removed, but was not told", err.Error()+" "+d.Body, nil)
	}
	return redirect(http.StatusSeeOther, "/")
}

// pressSchedule is a host's planning in Zoom's own client.
func (s *Sim) pressSchedule(r *request) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	m, err := s.Schedule(r.form.Get("host"), r.form.Get("topic"), typeScheduled)
	if err != nil {
		return s.problem(http.StatusBadRequest, "Not scheduled", err.Error(), nil)
	}
	return redirect(http.StatusSeeOther, m.JoinURL)
}
