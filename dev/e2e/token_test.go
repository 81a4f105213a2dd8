package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

func (w *world) startBody() string { return fmt.Sprintf(`{"channel_id":%q}`, w.channel.Id) }

// starts starts n meetings at once, by the people in turn (by the member when
// nobody is named), and says how many succeeded.
func (w *world) starts(n int, people ...person) int {
	w.Helper()
	if len(people) == 0 {
		people = []person{w.member}
	}
	var group sync.WaitGroup
	var succeeded atomic.Int32
	for i := range n {
		group.Go(func() {
			status, body := w.post(people[i%len(people)], "/api/v1/meetings?force=true", w.startBody())
			if status == http.StatusOK && strings.Contains(body, "/j/") {
				succeeded.Add(1)
			} else {
				w.Logf("%d %s", status, body)
			}
		})
	}
	group.Wait()
	return int(succeeded.Load())
}

// Goal: when the token has expired, one refresh serves 200 starts at once, the
// new token is kept, and no spent refresh token is ever used.
func TestManyStartsOnAnExpiredToken(t *testing.T) {
	covers(t, "better: one refresh")
	w := newWorld(t)
	w.configure()
	w.zoom.SetTokenLifetime(time.Second) // below the margin: stale at once
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	w.zoom.SetTokenLifetime(time.Hour)
	time.Sleep(1100 * time.Millisecond)
	// Zoom allows each host 100 meetings a day, so there are two of them
	if n := w.starts(200, w.member, w.admin); n != 200 {
		t.Errorf("%d of 200 starts succeeded", n)
	}
	if refreshes := w.zoom.RefreshCount(); refreshes != 1 {
		t.Errorf("%d refreshes", refreshes)
	}
	if spent := w.zoom.SpentRefreshUses(); spent != 0 {
		t.Errorf("spent refresh tokens were used %d times", spent)
	}
	if n := len(w.posts()); n != 200 {
		t.Errorf("%d posts", n)
	}
}

// Goal: an access token that Zoom revoked early is refreshed once; a grant that
// is dead is told, not retried for ever.
func TestRevokedTokens(t *testing.T) {
	covers(t, "better: revoked early")
	w := connected(t)
	w.zoom.RevokeAccessTokens()
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after the access token was revoked")
	}
	w.zoom.RevokeGrants()
	contains(t, w.types(w.member, "/zoom start"), "`/zoom connect`")
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting again: %d %s", status, page)
	}
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after connecting again")
	}
}

// Goal: what Zoom refuses is told in a sentence that helps.
func TestZoomRefuses(t *testing.T) {
	covers(t, "better: clear refusals")
	w := connected(t)
	cases := []struct {
		match string
		fault zoomsim.Fault
		says  string
	}{
		{"POST /v2/users/", zoomsim.HostQuotaFault(), "midnight UTC"},
		{"GET /v2/users/", zoomsim.Fault{Status: 400, Body: `{"code":4711,"message":"Invalid access token, does not contain scopes:[user:read:user:admin]."}`}, "user:read:user:admin"},
		{"POST /v2/users/", zoomsim.HTMLFault(503), "cannot be reached"},
		{"POST /v2/users/", zoomsim.HTMLFault(502), "may or may not exist"},
		{"POST /v2/users/", zoomsim.Fault{CloseConn: true}, "may or may not exist"},
	}
	for _, c := range cases {
		c.fault.Times = 9 // more than anybody tries
		w.zoom.Fail(c.match, c.fault)
		contains(t, w.types(w.member, "/zoom start"), c.says)
		w.zoom.ClearFaults()
	}
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after the faults")
	}
}

// Goal: no secret reaches the server's log, and the token is stored sealed.
func TestSecretsStaySecret(t *testing.T) {
	covers(t, "better: no secrets in the log")
	w := connected(t)
	w.zoom.Fail("POST /v2/users/", zoomsim.Fault{Status: 401, Body: `{"code":124,"message":"Invalid access token."}`, Times: 2})
	w.types(w.member, "/zoom start")
	w.zoom.ClearFaults()
	w.post(person{}, "/webhook?secret=wrong", "{}")
	entries, err := w.host.Log(mmhost.FromPlugin("zoom"))
	check(t, err)
	if len(entries) == 0 {
		t.Fatal("no log entries")
	}
	all := fmt.Sprint(entries)
	for _, secret := range []string{w.zoom.App().ClientSecret, encryptionKey, webhookSecret, w.zoom.App().SecretToken, zoomsim.TokenStart} {
		if strings.Contains(all, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// Goal: a refresh that takes longer than the request that needed it is not cut
// off: the request fails, the account stays connected.
func TestSlowRefresh(t *testing.T) {
	covers(t, "better: slow Zoom")
	w := connected(t)
	w.zoom.ExpireAccessTokens()
	w.zoom.Fail("POST /oauth/token", zoomsim.Fault{Delay: 12 * time.Second, After: true})
	status, body := w.post(w.member, "/api/v1/meetings", w.startBody())
	t.Logf("the slow start: %d %s", status, body)
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after the slow refresh")
	}
	if spent := w.zoom.SpentRefreshUses(); spent != 0 {
		t.Errorf("spent refresh tokens were used %d times", spent)
	}
}

// Goal: when Zoom's answer to a refresh is lost, and the new token with it, the
// admins are told once how to connect again, and that is the way out.
func TestRefreshAnswerLost(t *testing.T) {
	covers(t, "better: one refresh", "better: revoked early")
	w := connected(t)
	w.zoom.ExpireAccessTokens()
	w.zoom.Fail("POST /oauth/token", zoomsim.Fault{Reset: true, After: true})
	contains(t, w.types(w.member, "/zoom start"), "cannot be reached")
	for range 3 {
		contains(t, w.types(w.member, "/zoom start"), "has ended")
	}
	w.told(w.admin, "nobody can start meetings")
	n, err := w.host.Count(`SELECT count(*) FROM posts WHERE message LIKE '%nobody can start meetings%'`)
	check(t, err)
	if n != 1 {
		t.Errorf("told %d times", n)
	}
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting again: %d %s", status, page)
	}
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after connecting again")
	}
}

// Goal: a new token that the database does not take is used from memory, and
// stored as soon as it can be; the spent one is never used again.
func TestStoreFailsInARefresh(t *testing.T) {
	covers(t, "better: one refresh")
	w := connected(t)
	check(t, w.host.Change(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''disk full''; END'`))
	check(t, w.host.Change(`CREATE TRIGGER refuse BEFORE UPDATE ON pluginkeyvaluestore FOR EACH ROW
		WHEN (OLD.pkey = 'zoomSuperUserToken_' AND OLD.pvalue <> NEW.pvalue) EXECUTE FUNCTION refuse()`))
	before := w.stored("zoomSuperUserToken_")
	w.zoom.ExpireAccessTokens()
	if n := w.starts(20); n != 20 {
		t.Errorf("%d of 20 starts while nothing can be stored", n)
	}
	w.explains("kept in memory", time.Time{})
	if w.stored("zoomSuperUserToken_") != before {
		t.Error("something was stored")
	}
	check(t, w.host.Change(`DROP TRIGGER refuse ON pluginkeyvaluestore`))
	if n := w.starts(1); n != 1 || w.stored("zoomSuperUserToken_") == before {
		t.Errorf("%d of 1 starts after it, or the token is not stored", n)
	}
	w.restarted()
	eventually(t, "a meeting on the stored token", func() bool { return w.starts(1) == 1 })
	if n, spent := w.zoom.RefreshCount(), w.zoom.SpentRefreshUses(); n != 1 || spent != 0 {
		t.Errorf("%d refreshes, spent refresh tokens were used %d times", n, spent)
	}
}
