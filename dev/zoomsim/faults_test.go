package zoomsim

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaultsAreUsedUpInOrder(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	b.Fail("GET /v2/users/", Fault{Status: 500, Body: `{"code":500}`, Times: 2})
	b.Fail("GET /v2/users/", Fault{Status: 503, Headers: map[string]string{"Retry-After": "1"}})
	b.Fail("GET /v2/users/", HTMLFault(502))
	b.Fail("GET /v2/users/", PerSecondFault())
	if n := b.PendingFaults(); n != 5 {
		t.Error(n)
	}
	b.create(access, "me", `{"type":1}`) // another method: not met
	for i, want := range []int{500, 500, 503, 502, 429, 200} {
		r := b.api(access, "GET", "/users/me", "")
		if r.status != want {
			t.Errorf("%d: %d", i, r.status)
		}
		if want == 503 && r.header.Get("Retry-After") != "1" {
			t.Error(r.header)
		}
		if want == 502 && !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
			t.Error(r.header)
		}
	}
	b.Fail("* /v2", Fault{Status: 418})
	b.ClearFaults()
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "")
}

func TestFaultForms429(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	for _, f := range []Fault{PerSecondFault(), DailyFault(b.clock.now()), HostQuotaFault(), ConcurrentFault()} {
		b.Fail("POST /v2/users/me/meetings", f)
		b.want(b.api(access, "POST", "/users/me/meetings", "{}"), 429, "429", "")
	}
}

func TestFaultThatComesAfterTheWork(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	count := len(b.Meetings())
	b.Fail("POST /v2/users/", Fault{After: true, CloseConn: true})
	req := b.request("POST", "/v2/users/me/meetings", `{"type":1}`)
	req.Header.Set("Authorization", "Bearer "+access)
	if resp, err := b.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Fatal(resp.Status)
	}
	b.Fail("POST /v2/users/", Fault{CloseConn: true})
	req = b.request("POST", "/v2/users/me/meetings", `{"type":1}`)
	req.Header.Set("Authorization", "Bearer "+access)
	if resp, err := b.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Fatal(resp.Status)
	}
	if n := len(b.Meetings()); n != count+1 {
		t.Errorf("%d meetings, want one more than %d", n, count)
	}
	log := b.Requests()
	if last := log[len(log)-1]; last.Status != 0 {
		t.Errorf("%+v", last)
	}
}

func TestFaultDelay(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	b.Fail("GET /v2/users/", Fault{Delay: 60 * time.Millisecond})
	began := time.Now()
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "")
	if time.Since(began) < 60*time.Millisecond {
		t.Error("no delay")
	}

	b.Fail("POST /v2/users/", Fault{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	req := b.request("POST", "/v2/users/me/meetings", `{"type":1}`).WithContext(ctx)
	req.Header.Set("Authorization", "Bearer "+access)
	count := len(b.Meetings())
	if _, err := b.Client().Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(b.Meetings()) != count {
		t.Error("made although the client left first")
	}
}

func TestFaultBodies(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	big := `{"id":"` + strings.Repeat("x", 5<<20) + `"}`
	b.Fail("GET /v2/users/", Fault{Body: big})
	if r := b.api(access, "GET", "/users/me", ""); r.status != 200 || r.text != big {
		t.Error(r.status, len(r.text))
	}
	b.Fail("GET /v2/users/", Fault{Truncate: true})
	req := b.request("GET", "/v2/users/me", "")
	req.Header.Set("Authorization", "Bearer "+access)
	resp, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(text)) != resp.ContentLength/2 || !strings.HasPrefix(string(text), `{"id"`) {
		t.Error(err, resp.ContentLength, string(text))
	}
}

func TestFaultBodyHas(t *testing.T) {
	b := launch(t)
	b.Fail("POST /oauth/token", Fault{Status: 503, BodyHas: "grant_type=refresh_token"})
	_, refresh := b.connect("ada@example.com")
	if a, c := b.refresh(refresh).status, b.refresh(refresh).status; a != 503 || c != 200 {
		t.Error(a, c)
	}
}

func TestMistakesAreRefused(t *testing.T) {
	b := launch(t)
	if r := b.send(b.request("POST", "/oauth/token", strings.Repeat("x", maxBody+1))); r.status != 413 {
		t.Error(r.status)
	}
	defer func() {
		if recover() == nil {
			t.Error("a match without a path was accepted")
		}
	}()
	b.Fail("/v2", Fault{})
}

func TestFaultsOfTheConnection(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	ask := func() (int, error) {
		req := b.request("GET", "/v2/users/me", "")
		req.Header.Set("Authorization", "Bearer "+access)
		resp, err := b.Client().Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return len(body), err
	}
	normal, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	b.Fail("GET /v2/users/", Fault{Pad: 1 << 20})
	if n, err := ask(); err != nil || n != normal+1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	b.Fail("GET /v2/users/", Fault{Drip: time.Microsecond})
	if n, err := ask(); err != nil || n != normal {
		t.Errorf("%d bytes, %v", n, err)
	}
	// net/http repeats a GET whose kept connection was reset
	b.Fail("GET /v2/users/", Fault{Reset: true, Times: 9})
	if _, err := ask(); err == nil || !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	b.ClearFaults()
	for which, says := range map[Certificate]string{
		CertExpired: "expired", CertOtherName: "other.example.com", CertUnknownCA: "unknown authority",
	} {
		b.SetCertificate(which)
		b.Client().CloseIdleConnections()
		if _, err := ask(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	b.SetCertificate(CertRight)
	if _, err := ask(); err != nil {
		t.Error(err)
	}
}
