package zoomsim

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func (b *bench) get(path string) reply {
	b.t.Helper()
	return b.send(b.request("GET", strings.TrimPrefix(path, b.URL()), ""))
}

func (b *bench) press(path string, fields ...string) reply {
	b.t.Helper()
	req := b.request("POST", path, pairs(fields...).Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.URL())
	return b.send(req)
}

var styleElement = regexp.MustCompile(`(?s)<style>(.*)</style>`)

func TestPagesAllowOnlyTheirOwnStyle(t *testing.T) {
	b := launch(t)
	m, err := b.Schedule("ada@example.com", "Sync", 1)
	if err != nil {
		t.Fatal(err)
	}
	pages := []string{"/", "/install", "/webhook", m.JoinURL, strings.Split(m.JoinURL, "?")[0], "/j/1", b.authorizeURL()}
	for _, path := range pages {
		r := b.get(path)
		found := styleElement.FindStringSubmatch(r.text)
		if found == nil {
			t.Fatal(path, r.text)
		}
		sum := sha256.Sum256([]byte(found[1]))
		policy := r.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
			t.Errorf("%s: %s", path, policy)
		}
		if !strings.Contains(r.text, "Zoom stand-in") || strings.Contains(r.text, "<script") || strings.Contains(r.text, " style=") {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	if policy := b.get(b.authorizeURL()).header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://chat.example.com;") {
		t.Error(policy)
	}
}

func TestConsentPageShowsWhatIsAsked(t *testing.T) {
	b := launch(t, func(o *Options) { o.App.Name = "Chat <b>" })
	b.addUser(User{Email: "bob@example.com"})
	b.addUser(User{Email: "far@example.org", Foreign: true})
	page := b.get(b.authorizeURL()).text
	for _, want := range []string{"Chat &lt;b&gt;", "meeting:write:meeting:admin", `value="allow"`, `value="decline"`, "bob@example.com"} {
		if !strings.Contains(page, want) {
			t.Error("no", want)
		}
	}
	if strings.Contains(page, "far@example.org") || strings.Index(page, "ada@example.com") > strings.Index(page, "bob@example.com") {
		t.Error(page)
	}
}

func TestMeetingPage(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	m, err := b.Schedule("ada@example.com", `<i>"Sync"</i>`, 1)
	if err != nil {
		t.Fatal(err)
	}
	path, pwd, _ := strings.Cut(strings.TrimPrefix(m.JoinURL, b.URL()), "?pwd=")
	page := b.get(m.JoinURL)
	if page.status != 200 || !strings.Contains(page.text, "Meeting &lt;i&gt;&#34;Sync&#34;&lt;/i&gt;") || strings.Contains(page.text, `value="end"`) {
		t.Error(page.text)
	}
	do := func(action, name, state string, events int) {
		t.Helper()
		pressed := b.press(path, "pwd", pwd, "action", action, "name", name)
		if pressed.status != http.StatusSeeOther {
			t.Fatal(pressed.status, pressed.text)
		}
		page := b.get(pressed.header.Get("Location")).text
		if !strings.Contains(page, `class="state `+state+`"`) || r.count() != events {
			t.Errorf("%s: %d events, %s", action, r.count(), page)
		}
	}
	do("join", "Ada Vega", "started", 1)
	do("join", "", "started", 1)
	do("leave", "Nobody", "started", 1)
	do("leave", "Guest", "started", 1)
	do("end", "", "ended", 2)
	do("join", "Late", "ended", 2)
	do("record", "", "ended", 4)
	for i, want := range []string{"meeting.started", "meeting.ended", "recording.completed", "recording.transcript_completed"} {
		if got := b.Deliveries()[i].Event; got != want {
			t.Error(got, want)
		}
	}
}

func TestLastToLeaveEndsTheMeeting(t *testing.T) {
	b := launch(t)
	m, err := b.Schedule("ada@example.com", "Sync", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		do    func(int64, string) (Delivery, error)
		name  string
		state string
	}{{b.Join, "Ada", "started"}, {b.Join, "Bob", "started"}, {b.Leave, "Ada", "started"}, {b.Leave, "Bob", "ended"}, {b.Join, "Ada", "started"}} {
		if _, err := step.do(m.ID, step.name); err != nil {
			t.Fatal(err)
		}
		if now, err := b.Meeting(m.ID); err != nil || now.State != step.state {
			t.Error(now, err)
		}
	}
}

func TestPasscodePage(t *testing.T) {
	b := launch(t)
	m, err := b.Schedule("ada@example.com", "Sync", 1)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.Split(strings.TrimPrefix(m.JoinURL, b.URL()), "?")[0]
	for _, link := range []string{path, path + "?pwd=wrong"} {
		if page := b.get(link).text; !strings.Contains(page, "passcode") || strings.Contains(page, "Sync") || strings.Contains(page, m.Password) {
			t.Error(page)
		}
	}
	for _, c := range []struct {
		fields []string
		status int
	}{
		{[]string{"passcode", m.Password}, 303}, {[]string{"passcode", "no"}, 403},
		{[]string{"action", "end"}, 403}, {[]string{"action", "end", "pwd", "x"}, 403},
	} {
		r := b.press(path, c.fields...)
		if r.status != c.status || c.status == 303 && r.header.Get("Location") != m.JoinURL {
			t.Error(c, r.status)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	b := launch(t)
	for _, path := range []string{"/sim/validate", "/j/5551234567", "/oauth/authorize"} {
		req := b.request("POST", path, "")
		req.Header.Set("Origin", "https://evil.example.com")
		if r := b.send(req); r.status != 403 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestIndexShowsWhatHappened(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	r.say(challenge(b.App().SecretToken))
	if pressed := b.press("/sim/validate"); pressed.status != 303 {
		t.Error(pressed.status, pressed.text)
	}
	page := b.get("/").text
	for _, want := range []string{"ada@example.com", "5551234567", "endpoint.url_validation", "encryptedToken", b.App().ClientSecret} {
		if !strings.Contains(page, want) {
			t.Error("no", want)
		}
	}
	r.say(func(w http.ResponseWriter, _ hook) { w.WriteHeader(500) })
	if pressed := b.press("/sim/validate"); !strings.Contains(pressed.text, "Validation failed") {
		t.Error(pressed.text)
	}
}

func TestPlayLinksAreAPage(t *testing.T) {
	b := launch(t)
	if r := b.get("/rec/play/x"); r.status != 200 {
		t.Error(r.status)
	}
}

// Goal: whoever tries things out can send every event, changed and unchanged,
// with any signature, and sees the answer.
func TestPanelSendsAnyWebhook(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	m, err := b.Schedule("ada@example.com", "Sync", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, offered := range panelEvents {
		page := b.get("/webhook?event=" + offered.name + "&meeting=" + fmt.Sprint(m.ID)).text
		if !strings.Contains(page, "&#34;event&#34;: &#34;"+offered.name+"&#34;") || strings.Contains(page, `role="alert"`) {
			t.Error(offered.name, page)
		}
	}
	if r.count() != 0 || b.LiveGrants() != 0 {
		t.Error("something was sent")
	}
	sent := b.press("/webhook", "body", `{"event":"own.kind"}`, "sign", "wrong", "copies", "3")
	if sent.status != 200 || r.count() != 3 || strings.Count(sent.text, "<td>own.kind</td>") != 3 {
		t.Error(r.count(), sent.text)
	}
	if d := b.Deliveries()[2]; string(d.Request) != `{"event":"own.kind"}` {
		t.Errorf("%s", d.Request)
	}
	for _, wrong := range [][]string{{"sign", "none"}, {"sign", ""}} {
		if page := b.press("/webhook", append(wrong, "body", "x")...).text; !strings.Contains(page, `role="alert"`) {
			t.Error(page)
		}
	}
	if page := b.get("/webhook?event=nothing&meeting=1").text; !strings.Contains(page, "there is no event") {
		t.Error(page)
	}
}

// Goal: meetings can be planned, for subscriptions to be tried.
func TestScheduleOnThePage(t *testing.T) {
	b := launch(t)
	planned := b.press("/sim/schedule", "host", "ada@example.com", "topic", "Planning")
	if page := b.get(planned.header.Get("Location")).text; !strings.Contains(page, "<h1>Meeting Planning</h1>") || !strings.Contains(page, "waiting") {
		t.Error(page)
	}
	if r := b.press("/sim/schedule", "host", "nobody@example.com"); r.status != http.StatusBadRequest {
		t.Error(r.status)
	}
}
