package zoomsim

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var style string

// styleHash lets the Content-Security-Policy allow this one style and no other.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var pages = parsePages("index", "consent", "install", "meeting", "passcode", "problem", "webhook")

func parsePages(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	}
	return parsed
}

type layoutPage struct {
	CSS  template.CSS
	Page any
}

type consentPage struct {
	App       App
	AccountID string
	Request   string
	Users     []*User
	Scopes    []string
}

type problemPage struct {
	Title, Text, JSON string
}

type meetingPage struct {
	MeetingInfo
	Link       string
	People     []*User
	Deliveries []Delivery
	Notice     string
}

type indexPage struct {
	URL, APIURL, AccountID, Webhook string
	App                             App
	Users                           []*User
	Meetings                        []MeetingInfo
	Deliveries                      []Delivery
	Grants                          int
}

// page renders a page. targets are other origins that its form may end at:
// browsers apply form-action to the redirect after a form as well.
func (s *Sim) page(status int, name string, data any, targets ...string) answer {
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, "layout", layoutPage{template.CSS(style), data}); err != nil {
		s.logf("zoomsim: page %s: %v", name, err)
		return answer{status: http.StatusInternalServerError}
	}
	policy := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action %s; base-uri 'none'; frame-ancestors 'none'",
		styleHash, strings.Join(append([]string{"'self'"}, targets...), " "))
	return answer{status: status, body: b.Bytes()}.
		with("Content-Type", "text/html; charset=utf-8").
		with("Content-Security-Policy", policy).
		with("X-Content-Type-Options", "nosniff").
		with("Referrer-Policy", "same-origin")
}

// problem is a page with one message, and the JSON that Zoom shows with some.
func (s *Sim) problem(status int, title, text string, shown Object) answer {
	p := problemPage{Title: title, Text: text}
	if shown != nil {
		raw, err := encodeJSON(shown)
		if err != nil {
			s.logf("zoomsim: page: %v", err)
		}
		p.JSON = string(raw)
	}
	return s.page(status, "problem", p)
}

// sameOrigin refuses forms that another site made the browser send.
func (s *Sim) sameOrigin(r *request) (answer, bool) {
	if err := http.NewCrossOriginProtection().Check(r.Request); err != nil {
		return s.problem(http.StatusForbidden, "Not from here", "This form came from another site.", nil), false
	}
	return answer{}, true
}

// servePage knows the pages that people open.
func (s *Sim) servePage(r *request) answer {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	handlers := map[string]func(*Sim, *request) answer{
		"GET ":              (*Sim).showIndex,
		"GET install":       (*Sim).showInstall,
		"GET webhook":       (*Sim).showPanel,
		"POST webhook":      (*Sim).pressPanel,
		"POST sim/validate": (*Sim).pressValidate,
		"POST sim/remove":   (*Sim).pressRemove,
		"POST sim/schedule": (*Sim).pressSchedule,
	}
	if handler, known := handlers[r.Method+" "+strings.TrimPrefix(r.path, "/")]; known {
		return handler(s, r)
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return unknownPath()
	}
	switch r.Method + " " + first {
	case "GET j":
		return s.showMeeting(r, id)
	case "POST j":
		return s.pressMeeting(r, id)
	case "GET s":
		return s.openAsHost(r, id)
	}
	return unknownPath()
}

// showMeeting needs the ?pwd= of the link; without it Zoom asks for the
// passcode (FACTS 6).
func (s *Sim) showMeeting(r *request, id int64) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.rooms.byID[id]
	switch {
	case m == nil || m.deleted || m.host.Foreign:
		return s.problem(http.StatusNotFound, "Invalid meeting ID", fmt.Sprintf("This meeting ID is not valid: %d (3,001)", id), nil)
	case !m.entered(r.query.Get("pwd")):
		return s.page(http.StatusOK, "passcode", meetingPage{MeetingInfo: s.info(m)})
	}
	return s.page(http.StatusOK, "meeting", meetingPage{
		MeetingInfo: s.info(m), Link: r.query.Get("pwd"), People: s.consenters(),
		Deliveries: s.lastDeliveries(5), Notice: r.query.Get("notice"),
	})
}

func (m *meeting) entered(pwd string) bool { return m.live().pwd == "" || m.live().pwd == pwd }

// notices are what a pressed button may say; the link carries only the key.
var notices = map[error]string{ErrNoMeeting: "over", ErrMeetingState: "state"}

func (s *Sim) pressMeeting(r *request, id int64) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	pwd, passcode := r.form.Get("pwd"), r.form.Get("passcode")
	info, err := s.Meeting(id)
	if err != nil {
		return s.problem(http.StatusNotFound, "Invalid meeting ID", "This meeting ID is not valid. (3,001)", nil)
	}
	link, err := url.Parse(info.JoinURL)
	if err != nil {
		return s.problem(http.StatusInternalServerError, "Broken link", err.Error(), nil)
	}
	if passcode != "" && passcode == info.Password {
		return redirect(http.StatusSeeOther, info.JoinURL)
	}
	if pwd != link.Query().Get("pwd") {
		return s.problem(http.StatusForbidden, "Wrong passcode", "Passcode wrong. Please try again.", nil)
	}
	name := strings.TrimSpace(r.form.Get("name"))
	if name == "" {
		name = "Guest"
	}
	actions := map[string]func() (Delivery, error){
		"join":   func() (Delivery, error) { return s.Join(id, name) },
		"leave":  func() (Delivery, error) { return s.Leave(id, name) },
		"start":  func() (Delivery, error) { return s.Start(id) },
		"end":    func() (Delivery, error) { return s.End(id) },
		"record": func() (Delivery, error) { return s.publishSample(id) },
	}
	action, known := actions[r.form.Get("action")]
	if !known {
		return s.problem(http.StatusBadRequest, "Unknown button", "There is no such button.", nil)
	}
	target := link.Path + "?pwd=" + url.QueryEscape(pwd)
	if _, err := action(); err != nil {
		s.logf("zoomsim: %s %d: %v", r.form.Get("action"), id, err)
		target += "&notice=" + noticeFor(err)
	}
	return redirect(http.StatusSeeOther, target)
}

func noticeFor(err error) string {
	for cause, key := range notices {
		if errors.Is(err, cause) {
			return key
		}
	}
	return "webhook"
}

// publishSample sends a small recording and its transcript of a meeting that
// is over, for people who try things out.
func (s *Sim) publishSample(id int64) (Delivery, error) {
	completed, err := s.sampleRecording(id)
	if err != nil {
		return Delivery{}, err
	}
	d, err := s.notify(completed)
	if err != nil {
		return d, err
	}
	transcript, err := s.sampleTranscript(id)
	if err != nil {
		return d, err
	}
	return s.notify(transcript)
}

func (s *Sim) sampleRecording(id int64) (Event, error) {
	return s.RecordingEvent("recording.completed", id,
		VideoFile([]byte("not really a video")),
		ChatFile("00:00:05\tAda Vega:\tHello everybody\n00:01:10\tGuest:\tHello Ada\n"),
		TimelineFile(`{"timeline":[]}`))
}

func (s *Sim) sampleTranscript(id int64) (Event, error) {
	return s.RecordingEvent("recording.transcript_completed", id,
		TranscriptFile("WEBVTT\n\n1\n00:00:05.000 --> 00:00:07.000\nAda Vega: Hello everybody\n"))
}

// openAsHost follows a start_url: whoever holds it is the host (FACTS 3.2).
func (s *Sim) openAsHost(r *request, id int64) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	z, known := s.rooms.zaks[r.query.Get("zak")]
	if !known || z.meeting.id != id || !s.now().Before(z.expires) {
		return s.problem(http.StatusForbidden, "Link expired", "This start link is too old. Open the meeting anew.", nil)
	}
	return redirect(http.StatusSeeOther, s.joinURL(z.meeting))
}

func (s *Sim) showIndex(*request) answer {
	meetings := s.Meetings()
	slices.Reverse(meetings)
	grants := s.LiveGrants()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page(http.StatusOK, "index", indexPage{
		URL: s.url, APIURL: s.url + "/v2", AccountID: s.accountID, Webhook: s.hooks.url,
		App: s.app, Users: s.users, Meetings: meetings, Deliveries: s.lastDeliveries(20), Grants: grants,
	})
}

// lastDeliveries has the newest first. The caller holds s.mu.
func (s *Sim) lastDeliveries(n int) []Delivery {
	list := slices.Clone(s.hooks.log[max(0, len(s.hooks.log)-n):])
	slices.Reverse(list)
	return list
}

func (s *Sim) pressValidate(r *request) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	if d, err := s.ValidateURL(); err != nil {
		return s.problem(http.StatusOK, "Validation failed", err.Error()+" "+d.Body, nil)
	}
	return redirect(http.StatusSeeOther, "/")
}
