package zoomsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type hook struct {
	header http.Header
	body   string
	query  string
}

// receiver is an app's webhook endpoint.
type receiver struct {
	mu     sync.Mutex
	got    []hook
	answer func(w http.ResponseWriter, h hook)
	server *httptest.Server
}

func listen(t *testing.T, b *bench) *receiver {
	r := &receiver{answer: func(w http.ResponseWriter, _ hook) { io.WriteString(w, "thanks") }}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		h := hook{req.Header, string(body), req.URL.RawQuery}
		r.mu.Lock()
		r.got = append(r.got, h)
		answer := r.answer
		r.mu.Unlock()
		answer(w, h)
	}))
	t.Cleanup(r.server.Close)
	b.SetWebhook(r.server.URL+"/plugins/zoom/webhook?secret=s%2B1", r.server.Client())
	return r
}

func (r *receiver) say(answer func(http.ResponseWriter, hook)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) last(t *testing.T) hook {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) == 0 {
		t.Fatal("nothing arrived")
	}
	return r.got[len(r.got)-1]
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

func (h hook) signed(secret string) bool {
	return h.header.Get("x-zm-signature") == Sign(secret, h.header.Get("x-zm-request-timestamp"), []byte(h.body))
}

// The test vectors of FACTS 5.2 and 5.3.
func TestSignatureVectors(t *testing.T) {
	body := `{"event":"meeting.started","event_ts":1760000000123,"payload":{"account_id":"acc0000000000000000001","object":{"id":"85550001111","uuid":"AbCdEf/12345+ghIJKLmno==","host_id":"hOsT0000000000000000AA","topic":"Café","type":1,"start_time":"2025-10-09T08:53:20Z","timezone":"Europe/Paris","duration":0}}}`
	if got := Sign("sim_secret_token_0001", "1760000000", []byte(body)); len(body) != 301 ||
		got != "v0=d88bc868d294299b2f575cf2848ab10ec51c88a6a2146e15e8732cc29f0b7722" {
		t.Error(len(body), got)
	}
	if got := hexHMAC("sim_secret_token_0001", []byte("q9ibPhGeRZ6ayx5WTrXjAA")); got != "a74ba999944d335bfb70e8162592bba1105117212d71641628b1b88463bd7a43" {
		t.Error(got)
	}
}

// The bytes of a delivery are those of the vector when the meeting is.
func TestStartedIsTheVectorsBody(t *testing.T) {
	b := launch(t, func(o *Options) { o.Admin.ID = "hOsT0000000000000000AA" })
	r := listen(t, b)
	b.clock.mu.Lock()
	b.clock.t = time.UnixMilli(1760000000123)
	b.clock.mu.Unlock()
	b.ForceUUID("AbCdEf/12345+ghIJKLmno==")
	b.ForceMeetingID(85550001111)
	m, err := b.Schedule("ada@example.com", "Café", 1)
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.Start(m.ID)
	if err != nil || d.Status != 200 || d.Body != "thanks" || d.Duration <= 0 || !d.OK() {
		t.Fatalf("%+v %v", d, err)
	}
	h := r.last(t)
	if want := "v0=d88bc868d294299b2f575cf2848ab10ec51c88a6a2146e15e8732cc29f0b7722"; h.header.Get("x-zm-signature") != want {
		t.Error(h.header, h.body)
	}
	for name, want := range map[string]string{
		"content-type": "application/json; charset=utf-8", "user-agent": "Zoom Marketplace/1.0a",
		"clientid": "simClientId0000000001", "x-zm-request-timestamp": "1760000000",
		"x-zm-trackingid": d.TrackingID, "authorization": "",
	} {
		if got := strings.Join(h.header.Values(name), ","); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if h.query != "secret=s%2B1" {
		t.Error(h.query)
	}
	b.clock.advance(time.Hour)
	if _, err := b.End(m.ID); err != nil {
		t.Fatal(err)
	}
	want := `{"event":"meeting.ended","event_ts":1760003600123,"payload":{"account_id":"acc0000000000000000001","object":{"id":"85550001111","uuid":"AbCdEf/12345+ghIJKLmno==","host_id":"hOsT0000000000000000AA","topic":"Café","type":1,"start_time":"2025-10-09T08:53:20Z","timezone":"Europe/Paris","duration":0,"end_time":"2025-10-09T09:53:20Z"}}}`
	if got := r.last(t).body; got != want {
		t.Error(got)
	}
}

func TestKnobsOfADelivery(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	now := b.clock.now()
	event := func(change func(*Event)) Event {
		ev := Event{Name: "meeting.started", Object: Object{{"id", int64(85550001111)}}}
		change(&ev)
		return ev
	}
	at := func(h hook) string { return h.header.Get("x-zm-request-timestamp") }
	secret := b.App().SecretToken
	for _, c := range []struct {
		name   string
		change func(*Event)
		check  func(hook) bool
	}{
		{"plain", func(*Event) {}, func(h hook) bool { return h.signed(secret) && at(h) == strconv.FormatInt(now.Unix(), 10) }},
		{"wrong", func(e *Event) { e.Sign = SignWrong }, func(h hook) bool {
			return !h.signed(secret) && len(h.header.Get("x-zm-signature")) == 67
		}},
		{"missing", func(e *Event) { e.Sign = SignMissing }, func(h hook) bool { return h.header.Get("x-zm-signature") == "" }},
		{"old secret", func(e *Event) { e.Secret = "before" }, func(h hook) bool { return h.signed("before") }},
		{"stale", func(e *Event) { e.Offset = -6 * time.Minute }, func(h hook) bool {
			return h.signed(secret) && at(h) == strconv.FormatInt(now.Unix()-360, 10)
		}},
		{"millis", func(e *Event) { e.Millis = true }, func(h hook) bool {
			return h.signed(secret) && at(h) == strconv.FormatInt(now.UnixMilli(), 10)
		}},
		{"raw", func(e *Event) { e.Raw = []byte(" {\"a\" : 1}\n") }, func(h hook) bool { return h.signed(secret) && h.body == " {\"a\" : 1}\n" }},
		{"header", func(e *Event) {
			e.Header = map[string]string{"authorization": "x", "content-type": "text/plain", "x-zm-request-timestamp": ""}
		}, func(h hook) bool {
			return h.header.Get("authorization") == "x" && h.header.Get("content-type") == "text/plain" && at(h) == ""
		}},
		{"id as documented", func(*Event) {}, func(h hook) bool { return strings.Contains(h.body, `"id":"85550001111"`) }},
		{"id integer", func(e *Event) { e.IDForm = IDInteger }, func(h hook) bool { return strings.Contains(h.body, `"id":85550001111`) }},
		{"recording id", func(e *Event) { e.Name = "recording.completed" }, func(h hook) bool { return strings.Contains(h.body, `"id":85550001111`) }},
		{"recording id string", func(e *Event) { e.Name, e.IDForm = "recording.started", IDString }, func(h hook) bool {
			return strings.Contains(h.body, `"id":"85550001111"`)
		}},
		{"payload", func(e *Event) {
			e.Payload, e.TS = Object{{"operator", "a@b"}, {"account_id", "other"}}, time.UnixMilli(5)
		}, func(h hook) bool {
			return strings.Contains(h.body, `"event_ts":5,"payload":{"account_id":"other","operator":"a@b","object"`)
		}},
	} {
		if d, err := b.Deliver(event(c.change)); err != nil || d.Status != 200 {
			t.Error(c.name, d, err)
		}
		if h := r.last(t); !c.check(h) {
			t.Errorf("%s: %v %s", c.name, h.header, h.body)
		}
	}
}

func TestDuplicates(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	if _, err := b.Deliver(Event{Name: "x", Copies: 3, Delay: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	log := b.Deliveries()
	if r.count() != 3 || len(log) != 3 || string(log[0].Request) != string(log[2].Request) || log[0].TrackingID == log[1].TrackingID {
		t.Error(r.count(), log)
	}
}

func TestDeliveryErrors(t *testing.T) {
	b := launch(t)
	if _, err := b.Deliver(Event{Name: "x"}); !errors.Is(err, ErrNoWebhook) {
		t.Error(err)
	}
	m, err := b.Schedule("ada@example.com", "t", 1)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := b.Start(m.ID); err != nil || d.Status != 0 {
		t.Error("without a webhook the state changes and that is all", d, err)
	}
	r := listen(t, b)
	r.say(func(w http.ResponseWriter, _ hook) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
	})
	if d, err := b.Deliver(Event{Name: "x"}); err != nil || d.Status != 302 || d.OK() {
		t.Error("redirects are not followed", d, err)
	}
	b.SetRetries(RetryPolicy{Deadline: 30 * time.Millisecond})
	r.say(func(http.ResponseWriter, hook) { time.Sleep(100 * time.Millisecond) })
	if d, err := b.Deliver(Event{Name: "x"}); err == nil || d.Status != 0 || d.Error == "" {
		t.Error(d, err)
	}
	if _, err := b.Deliver(Event{Name: "x", URL: "://"}); err == nil {
		t.Error("a broken URL")
	}
	if _, err := b.Deliver(Event{Name: "x", IDForm: IDInteger, Object: Object{{"id", "abc"}}}); err == nil {
		t.Error("abc became an integer")
	}
}

func TestRetrySchedule(t *testing.T) {
	for _, c := range []struct {
		status, want int
		policy       RetryPolicy
	}{
		{500, 4, RetryPolicy{On: true}}, {404, 1, RetryPolicy{On: true}}, {404, 4, RetryPolicy{On: true, AnyNon2x: true}},
		{204, 1, RetryPolicy{On: true, AnyNon2x: true}}, {500, 1, RetryPolicy{}},
	} {
		b := launch(t)
		r := listen(t, b)
		r.say(func(w http.ResponseWriter, _ hook) { w.WriteHeader(c.status) })
		c.policy.Scale = 1e-6
		b.SetRetries(c.policy)
		if d, err := b.Deliver(Event{Name: "x"}); err != nil || d.Status != c.status {
			t.Fatal(d, err)
		}
		b.Flush()
		log := b.Deliveries()
		if len(log) != c.want || log[len(log)-1].Attempt != c.want {
			t.Errorf("%+v: %d attempts", c, len(log))
		}
	}
}

func TestRetryEndsWithSuccess(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	r.say(func(w http.ResponseWriter, _ hook) {
		if r.count() < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	b.SetRetries(RetryPolicy{On: true, Scale: 1e-6})
	if _, err := b.Deliver(Event{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	b.Flush()
	if n := r.count(); n != 3 {
		t.Error(n)
	}
}

func challenge(secret string) func(http.ResponseWriter, hook) {
	return func(w http.ResponseWriter, h hook) {
		var q struct{ Payload struct{ PlainToken string } }
		if err := json.Unmarshal([]byte(h.body), &q); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `{"plainToken":%q,"encryptedToken":%q}`, q.Payload.PlainToken, hexHMAC(secret, []byte(q.Payload.PlainToken)))
	}
}

func TestValidateURL(t *testing.T) {
	b := launch(t)
	if _, err := b.ValidateURL(); !errors.Is(err, ErrNoWebhook) {
		t.Error(err)
	}
	r := listen(t, b)
	r.say(challenge(b.App().SecretToken))
	if d, err := b.ValidateURL(); err != nil || d.Status != 200 {
		t.Error(d, err)
	}
	if h := r.last(t); !h.signed(b.App().SecretToken) || !strings.HasPrefix(h.body, `{"payload":{"plainToken":"`) ||
		!strings.HasSuffix(h.body, `,"event":"endpoint.url_validation"}`) {
		t.Error(h)
	}
	bad := []func(http.ResponseWriter, hook){
		challenge("other"),
		func(w http.ResponseWriter, _ hook) { w.WriteHeader(http.StatusNoContent) },
		func(w http.ResponseWriter, _ hook) { io.WriteString(w, "<html>") },
		func(w http.ResponseWriter, _ hook) { io.WriteString(w, `{}`) },
		func(w http.ResponseWriter, h hook) { w.WriteHeader(401); challenge(b.App().SecretToken)(w, h) },
		func(w http.ResponseWriter, _ hook) { panic(http.ErrAbortHandler) },
	}
	for i, answer := range bad {
		r.say(answer)
		if _, err := b.ValidateURL(); err == nil || errors.Is(err, ErrSubscriptionOff) {
			t.Error(i, err)
		}
	}
	r.say(challenge(b.App().SecretToken))
	if _, err := b.ValidateURL(); !errors.Is(err, ErrSubscriptionOff) {
		t.Error("six failures in a row leave the subscription on:", err)
	}
	if _, err := b.Deliver(Event{Name: "x"}); !errors.Is(err, ErrSubscriptionOff) {
		t.Error(err)
	}
	b.SetWebhook(r.server.URL, nil)
	if _, err := b.ValidateURL(); err != nil {
		t.Error(err)
	}
}

func TestChallengeOfAnyToken(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	for _, c := range []struct {
		token any
		want  string
	}{{`v0:1:{"event":"x"}`, `"v0:1:{\"event\":\"x\"}"`}, {"", `""`}, {7, `7`}, {nil, `null`}} {
		ev, err := b.ChallengeEvent(c.token)
		if err != nil {
			t.Fatal(err)
		}
		ev.Sign = SignMissing
		if _, err := b.Deliver(ev); err != nil {
			t.Fatal(err)
		}
		if h := r.last(t); !strings.Contains(h.body, `"plainToken":`+c.want+`}`) || h.header.Get("x-zm-signature") != "" {
			t.Error(h)
		}
	}
}

func TestRevalidate(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	r.say(challenge(b.App().SecretToken))
	b.Revalidate(5 * time.Millisecond)
	for deadline := time.Now().Add(5 * time.Second); r.count() < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no challenges")
		}
	}
}

func TestEndThroughTheAPISendsTheEvent(t *testing.T) {
	b := launch(t, scopes("meeting:write:admin"))
	r := listen(t, b)
	access, _ := b.connect("ada@example.com")
	id := b.create(access, "me", `{"type":1}`).id()
	if _, err := b.Start(id); err != nil {
		t.Fatal(err)
	}
	b.want(b.api(access, "PUT", fmt.Sprintf("/meetings/%d/status", id), `{"action":"end"}`), 204, "", "")
	b.Flush()
	if h := r.last(t); !strings.Contains(h.body, "meeting.ended") {
		t.Error(h.body)
	}
}

func TestOtherEvents(t *testing.T) {
	b := launch(t)
	ada, err := b.Meeting(5551234567)
	if err != nil {
		t.Fatal(err)
	}
	bob := b.addUser(User{Email: "bob@example.com"})
	if _, err := b.Start(ada.ID); err != nil {
		t.Fatal(err)
	}
	r := listen(t, b)
	must := func(ev Event, err error) Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return ev
	}
	for _, c := range []struct {
		ev   Event
		want []string
	}{
		{must(b.ParticipantEvent("meeting.participant_joined", ada.ID, "Bob", &bob)),
			[]string{`"id":"5551234567"`, `"email":"bob@example.com"`, `"join_time":"2026-10-06T09:00:00Z"`}},
		{must(b.ParticipantEvent("meeting.participant_left", ada.ID, "Guest", nil)),
			[]string{`"user_name":"Guest","id":""`, `"email":""`, `"leave_reason":"left the meeting"`}},
		{must(b.SummaryEvent(ada.ID, "Recap", "## Recap")), []string{`"meeting_id":5551234567`, `"summary_content":"## Recap"`}},
		{must(b.DeauthEvent("bob@example.com", DeauthRetentionFalse)),
			[]string{`{"event":"app_deauthorized","payload":{"user_data_retention":"false","account_id":`, `"user_id":"` + bob.ID,
				`"deauthorization_time":"2026-10-06T09:00:00.000Z"`}},
		{must(b.DeauthEvent("bob@example.com", DeauthRetentionTrue)), []string{`"user_data_retention":"true"`}},
		{must(b.DeauthEvent("bob@example.com", DeauthNewer)), []string{`"payload":{"event_ts":1791277200000,"account_id"`}},
	} {
		if _, err := b.Deliver(c.ev); err != nil {
			t.Fatal(err)
		}
		body := r.last(t).body
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", body, want)
			}
		}
	}
	for _, err := range []error{
		second(b.MeetingEvent("x", 1)), second(b.SummaryEvent(1, "", "")), second(b.ParticipantEvent("x", 1, "", nil)),
		second(b.DeauthEvent("none", 0)), second(b.RecordingEvent("x", 1)), second(b.Meeting(1)), second(b.Start(1)),
		second(b.Schedule("none", "", 1)),
	} {
		if err == nil {
			t.Error("something was made of nothing")
		}
	}
}

func second[T any](_ T, err error) error { return err }

// app_deauthorized goes to an endpoint of its own, signed like any event.
func TestDeauthorize(t *testing.T) {
	for _, form := range []DeauthForm{DeauthRetentionFalse, DeauthRetentionTrue, DeauthNewer} {
		b := launch(t)
		r := listen(t, b)
		access, _ := b.connect("ada@example.com")
		b.SetDeauthorization(r.server.URL + "/plugins/zoom/deauthorization?secret=s%2B2")
		d, err := b.Deauthorize("ada@example.com", form)
		if err != nil || d.Status != 200 || d.Event != "app_deauthorized" {
			t.Fatal(d, err)
		}
		h := r.last(t)
		if h.query != "secret=s%2B2" || !h.signed(b.App().SecretToken) || !json.Valid([]byte(h.body)) ||
			strings.Contains(h.body, "user_data_retention") != (form != DeauthNewer) {
			t.Error(h.query, h.header, h.body)
		}
		b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Invalid access token.")
	}
}

func TestDeauthorizeEndsWhoseGrants(t *testing.T) {
	for _, c := range []struct {
		level func(*Options)
		who   string
		live  int // grants of Ada and Bob that are left
	}{
		{func(*Options) {}, "ada@example.com", 0}, // for the whole account, by whichever admin
		{func(*Options) {}, "eve@example.com", 2}, // no admin: she cannot, a forger says so
		{userLevel, "ada@example.com", 1},
		{userLevel, "eve@example.com", 2},
	} {
		b := launch(t, c.level)
		listen(t, b)
		b.addUser(User{Email: "bob@example.com", Admin: true})
		b.addUser(User{Email: "eve@example.com"})
		b.connect("ada@example.com")
		b.connect("bob@example.com")
		if _, err := b.Deauthorize(c.who, DeauthNewer); err != nil || b.LiveGrants() != c.live {
			t.Errorf("%s: %d left, %v", c.who, b.LiveGrants(), err)
		}
	}
}
