package zoomsim

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const callback = "https://chat.example.com/plugins/zoom/oauth2/complete"

// clock is a settable time source.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is a stand-in with a clock of its own and Ada connected or not.
type bench struct {
	*Sim
	t     *testing.T
	clock *clock
}

func launch(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	c := &clock{t: time.Date(2026, 10, 6, 9, 0, 0, 0, time.UTC)}
	opts := Options{
		App: App{ClientID: "simClientId0000000001", ClientSecret: "simClientSecret000000000001",
			SecretToken: "sim_secret_token_0001", RedirectURIs: []string{callback}, AccountLevel: true},
		AccountID: "acc0000000000000000001",
		Admin:     User{Email: "ada@example.com", FirstName: "Ada", LastName: "Vega", PMI: 5551234567},
		Now:       c.now,
	}
	for _, f := range change {
		f(&opts)
	}
	s, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{s, t, c}
}

func userLevel(o *Options) { o.App.AccountLevel = false }

func scopes(list ...string) func(*Options) {
	return func(o *Options) { o.App.Scopes = list }
}

func (b *bench) addUser(u User) User {
	b.t.Helper()
	added, err := b.AddUser(u)
	if err != nil {
		b.t.Fatal(err)
	}
	return added
}

// reply is an answer with its JSON, if it was any.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (b *bench) send(req *http.Request) reply {
	b.t.Helper()
	resp, err := b.Client().Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if isJSON(resp.Header.Get("Content-Type")) && len(text) > 0 {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&r.json); err != nil {
			b.t.Fatalf("%s: %v", text, err)
		}
	}
	return r
}

func (b *bench) request(method, path, body string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, b.URL()+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return req
}

func (b *bench) api(token, method, path, body string) reply {
	b.t.Helper()
	req := b.request(method, "/v2"+path, body)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	return b.send(req)
}

// form posts with Basic credentials, as clients of the token endpoint do.
func (b *bench) form(path string, fields ...string) reply {
	b.t.Helper()
	req := b.request("POST", path, pairs(fields...).Encode())
	app := b.App()
	req.SetBasicAuth(app.ClientID, app.ClientSecret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(req)
}

func pairs(fields ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

func (b *bench) authorizeURL(fields ...string) string {
	v := pairs("response_type", "code", "client_id", b.App().ClientID, "redirect_uri", callback,
		"state", "st~te/1", "access_type", "offline")
	for name, values := range pairs(fields...) {
		v[name] = values
		if values[0] == "-" {
			v.Del(name)
		}
	}
	return b.URL() + "/oauth/authorize?" + v.Encode()
}

// code walks through consent and returns the code.
func (b *bench) code(email string, fields ...string) string {
	b.t.Helper()
	target, err := b.Consent(b.authorizeURL(fields...), email)
	if err != nil {
		b.t.Fatal(err)
	}
	u, err := url.Parse(target)
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query().Get("code")
}

// connect authorises and returns both tokens.
func (b *bench) connect(email string) (access, refresh string) {
	b.t.Helper()
	r := b.form("/oauth/token", "grant_type", "authorization_code", "code", b.code(email), "redirect_uri", callback)
	if r.status != 200 {
		b.t.Fatalf("exchange: %d %s", r.status, r.text)
	}
	return r.json["access_token"].(string), r.json["refresh_token"].(string)
}

func (b *bench) want(r reply, status int, code string, message string) {
	b.t.Helper()
	if r.status != status || code != "" && r.json["code"].(json.Number).String() != code ||
		message != "" && r.json["message"] != message {
		b.t.Errorf("got %d %s, want %d, code %s, %q", r.status, r.text, status, code, message)
	}
}

func TestTLSIsVerifiable(t *testing.T) {
	b := launch(t)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b.CAPEM()) {
		t.Fatal("no certificate in CAPEM")
	}
	port := b.URL()[strings.LastIndex(b.URL(), ":")+1:]
	for _, name := range loopbackNames {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{ServerName: "zoom.us", RootCAs: pool}); err == nil {
		t.Error("the certificate also holds another name")
	}
}

func TestAddressMustBeLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "nonsense"} {
		if s, err := Start(Options{Addr: addr}); err == nil {
			t.Errorf("%s accepted", addr)
			s.Close()
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Start(Options{App: App{RedirectURIs: []string{callback}}})
	if err != nil {
		t.Fatal(err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	}))
	s.SetWebhook(silent.URL, nil)
	s.SetRetries(RetryPolicy{On: true})
	s.Revalidate(time.Hour)
	m, err := s.Schedule("ada@example.com", "Standup", 2)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := s.Start(m.ID); err != nil || d.Status != 500 { // a retry now waits five minutes
		t.Fatal(d, err)
	}
	s.Fail("GET /install", Fault{Delay: time.Hour})
	done := make(chan error, 1)
	go func() {
		_, err := s.Install("ada@example.com")
		done <- err
	}()
	for s.PendingFaults() > 0 {
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("a request survived Close")
	}
	silent.Close()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before\n%s", now, before, buf[:runtime.Stack(buf, true)])
	}
	if _, err := s.Deliver(Event{Name: "late"}); err == nil {
		t.Error("delivered after Close")
	}
}

func TestEveryAnswerHasATrackingID(t *testing.T) {
	b := launch(t)
	for _, path := range []string{"/", "/v2/users/me", "/oauth/nothing", "/nothing"} {
		r := b.send(b.request("GET", path, ""))
		if !strings.HasPrefix(r.header.Get("x-zm-trackingid"), "v=2.0;clid=us02;rid=WEB_") {
			t.Errorf("%s: %v", path, r.header)
		}
	}
}

func TestUnknownPathsAreJSON404(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	for _, path := range []string{"/v2/nothing", "/v2/oauth/data/compliance", "/v2/users", "/v2/users/", "/v2/users/a/b/c", "/oauth/tokens", "/x", "/j/x"} {
		req := b.request("POST", path, "{}")
		req.Header.Set("Authorization", "Bearer "+access)
		if r := b.send(req); r.status != 404 || r.json["message"] == "" {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
}

func TestRequestLog(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	b.ForgetRequests()
	b.api(access, "POST", "/users/me/meetings", `{"topic":"x"}`)
	b.api("", "GET", "/users/a%2Fb?x=1", "")
	req := b.request("POST", "/oauth/token", "client_id=a&client_secret=b")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.send(req)
	want := []Request{
		{Method: "POST", Path: "/v2/users/me/meetings", Status: 201, Auth: "bearer", Body: `{"topic":"x"}`},
		{Method: "GET", Path: "/v2/users/a%2Fb", Query: "x=1", Status: 401, Auth: "none"},
		{Method: "POST", Path: "/oauth/token", Status: 401, Auth: "body"},
	}
	got := b.Requests()
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, g := range got {
		if g.TrackingID == "" || g.Time.IsZero() {
			t.Errorf("%+v", g)
		}
		g.TrackingID, g.Time, g.Duration = "", time.Time{}, 0
		if g != want[i] {
			t.Errorf("got %+v, want %+v", g, want[i])
		}
	}
	if n := b.Count("POST /v2/users/"); n != 1 {
		t.Errorf("Count: %d", n)
	}
}

func TestObjectKeepsOrderAndBytes(t *testing.T) {
	o := Object{{"z", "<&>"}, {"a", Object{{"é", nil}}}}.With("z", "Café").With("b", 1).Without("none")
	raw, err := json.Marshal(o)
	if err != nil || string(raw) != `{"z":"Café","a":{"é":null},"b":1}` {
		t.Errorf("%s %v", raw, err)
	}
}
