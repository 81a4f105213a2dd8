package zoomsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SignMode is how a delivery is signed.
type SignMode int

const (
	SignRight   SignMode = iota
	SignWrong            // right form, wrong key
	SignMissing          // no x-zm-signature at all
)

// IDForm is the JSON type of object.id (or meeting_id).
type IDForm int

const (
	IDAsDocumented IDForm = iota // string for meeting.started and the like, integer for recording.*
	IDString
	IDInteger
)

// Event is one webhook event. Everything but Name has a default.
type Event struct {
	Name     string
	Object   Object // payload.object
	Payload  Object // more members of payload, before object: operator, time_stamp
	TopLevel Object // more members beside payload: download_token
	TS       time.Time
	IDForm   IDForm

	Raw       []byte // sent byte for byte instead of all of the above
	Sign      SignMode
	Secret    string        // signs instead of the app's secret token
	Offset    time.Duration // added to x-zm-request-timestamp, before signing
	Millis    bool          // that timestamp in milliseconds (FACTS 5.2)
	Header    map[string]string
	Delay     time.Duration
	Copies    int    // delivered at the same moment (FACTS 5.7); 0 is one
	URL       string // instead of the webhook URL: the deauthorisation endpoint
	NoRetries bool
}

// idIsInteger lists the events whose documented id is an integer (FACTS 5.4).
var idIsInteger = []string{
	"meeting.created", "meeting.updated", "meeting.deleted", "meeting.summary_completed", "recording.",
}

// body is the delivery's bytes: {"event","event_ts","payload"} with
// download_token before payload, as in FACTS 5.4.
func (ev Event) body(accountID string, now time.Time) ([]byte, error) {
	if ev.Raw != nil {
		return ev.Raw, nil
	}
	ts := ev.TS
	if ts.IsZero() {
		ts = now
	}
	payload := Object{{"account_id", accountID}}
	for _, f := range ev.Payload {
		payload = payload.With(f.Name, f.Value)
	}
	if ev.Object != nil {
		object, err := ev.formedID()
		if err != nil {
			return nil, err
		}
		payload = payload.With("object", object)
	}
	o := Object{{"event", ev.Name}, {"event_ts", ts.UnixMilli()}}
	o = append(o, ev.TopLevel...)
	return encodeJSON(append(o, Field{"payload", payload}))
}

// formedID gives id and meeting_id their JSON type. Ids that are no numbers
// (a user's) stay as they are.
func (ev Event) formedID() (Object, error) {
	object := ev.Object
	for _, name := range []string{"id", "meeting_id"} {
		value := object.Get(name)
		if value == nil {
			continue
		}
		text := fmt.Sprint(value)
		number, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil && ev.IDForm == IDInteger:
			return nil, fmt.Errorf("zoomsim: %s of %s: %w", name, ev.Name, err)
		case err != nil:
		case ev.integerID():
			object = object.With(name, number)
		default:
			object = object.With(name, text)
		}
	}
	return object, nil
}

func (ev Event) integerID() bool {
	if ev.IDForm != IDAsDocumented {
		return ev.IDForm == IDInteger
	}
	return slices.ContainsFunc(idIsInteger, func(prefix string) bool { return strings.HasPrefix(ev.Name, prefix) })
}

// MeetingEvent makes meeting.started, meeting.ended or another event with the
// same object for a meeting as it is now, for a test to change and Deliver.
func (s *Sim) MeetingEvent(name string, id int64) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.rooms.byID[id]
	if m == nil {
		return Event{}, fmt.Errorf("%w: %d", ErrNoMeeting, id)
	}
	return *s.meetingEvent(name, m.live()), nil
}

// meetingEvent: duration is the scheduled length, 0 for instant meetings, also
// at the end (FACTS 5.4).
func (s *Sim) meetingEvent(name string, m *meeting) *Event {
	duration := m.duration
	if m.kind == typeInstant {
		duration = 0
	}
	object := Object{
		{"id", m.id}, {"uuid", m.uuid}, {"host_id", m.host.ID}, {"topic", m.topic}, {"type", m.kind},
		{"start_time", utc(m.started)}, {"timezone", m.timezone}, {"duration", duration},
	}
	ts := m.started
	if name == "meeting.ended" {
		object, ts = append(object, Field{"end_time", utc(m.ended)}), m.ended
	}
	return &Event{Name: name, Object: object, TS: ts}
}

// ParticipantEvent makes meeting.participant_joined or _left (FACTS 5.4). An
// outsider's e-mail and id are empty.
func (s *Sim) ParticipantEvent(name string, id int64, who string, user *User) (Event, error) {
	ev, err := s.MeetingEvent(name, id)
	if err != nil {
		return Event{}, err
	}
	userID, email := "", ""
	if user != nil {
		userID, email = user.ID, user.Email
	}
	p := Object{
		{"user_id", strconv.FormatInt(16_778_240+randomInt(1<<20), 10)}, {"user_name", who}, {"id", userID},
		{"participant_uuid", strings.ToUpper(newInstanceID())}, {"participant_user_id", userID}, {"email", email},
	}
	ev.TS = s.now()
	if strings.HasSuffix(name, "_left") {
		p = append(p, Object{{"leave_time", utc(ev.TS)}, {"leave_reason", "left the meeting"}}...)
	} else {
		p = append(p, Field{"join_time", utc(ev.TS)})
	}
	ev.Object = append(ev.Object, Field{"participant", p})
	return ev, nil
}

// SummaryEvent makes meeting.summary_completed (FACTS 5.4).
func (s *Sim) SummaryEvent(id int64, title, markdown string) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.rooms.byID[id]
	if m == nil {
		return Event{}, fmt.Errorf("%w: %d", ErrNoMeeting, id)
	}
	m = m.live()
	now := s.now()
	return Event{Name: "meeting.summary_completed", TS: now, Object: Object{
		{"meeting_host_id", m.host.ID}, {"meeting_host_email", m.host.Email}, {"meeting_uuid", m.uuid},
		{"meeting_id", m.id}, {"meeting_topic", m.topic}, {"meeting_start_time", utc(m.started)},
		{"meeting_end_time", utc(m.ended)}, {"summary_start_time", utc(m.started)},
		{"summary_end_time", utc(m.ended)}, {"summary_created_time", utc(now)},
		{"summary_last_modified_time", utc(now)}, {"summary_title", title}, {"summary_content", markdown},
	}}, nil
}

// DeauthForm is the shape of app_deauthorized (FACTS 5.6).
type DeauthForm int

const (
	DeauthRetentionFalse DeauthForm = iota // user_data_retention is the string "false"
	DeauthRetentionTrue
	DeauthNewer // no such member; event_ts is inside payload
)

// Deauthorize removes the app as a person does in Zoom's portal: the grants
// end, and the deauthorisation endpoint is told.
func (s *Sim) Deauthorize(userEmail string, form DeauthForm) (Delivery, error) {
	ev, err := s.DeauthEvent(userEmail, form)
	if err != nil {
		return Delivery{}, err
	}
	return s.Deliver(ev)
}

// DeauthEvent makes app_deauthorized for the deauthorisation endpoint, or for
// the webhook where none is set, and ends the grants: the user's, or, when an
// admin removes an admin-managed app, all (FACTS 5.6).
func (s *Sim) DeauthEvent(userEmail string, form DeauthForm) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.findUser(userEmail)
	if user == nil {
		return Event{}, fmt.Errorf("zoomsim: no user %s", userEmail)
	}
	if s.app.AccountLevel && user.Admin {
		s.killAllGrants()
	} else {
		s.killGrants(user)
	}
	raw, err := encodeJSON(Object{{"event", "app_deauthorized"}, {"payload", s.deauthPayload(user, form)}})
	return Event{Name: "app_deauthorized", Raw: raw, URL: s.hooks.deauth}, err
}

func (s *Sim) deauthPayload(user *User, form DeauthForm) Object {
	now := s.now()
	first := map[DeauthForm]Field{
		DeauthRetentionFalse: {"user_data_retention", "false"},
		DeauthRetentionTrue:  {"user_data_retention", "true"},
		DeauthNewer:          {"event_ts", now.UnixMilli()},
	}
	return Object{
		first[form],
		{"account_id", s.accountID}, {"user_id", user.ID}, {"signature", newHexDigest()},
		{"deauthorization_time", now.UTC().Format("2006-01-02T15:04:05.000Z")}, {"client_id", s.app.ClientID},
	}
}
