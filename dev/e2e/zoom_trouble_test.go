package e2e

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

const (
	findsHost     = "GET /v2/users/"
	makesMeeting  = "POST /v2/users/"
	getsToken     = "POST /oauth/token"
	afterAMinute  = "try again in a minute"
	mayExist      = "may or may not exist"
	untilMidnight = "midnight UTC"
	aMeeting      = "/j/"
	longest       = 15 * time.Second
)

// trouble is one way in which Zoom, or what is between, fails.
type trouble struct {
	name   string
	match  string // which requests; empty: prepare does it
	fault  zoomsim.Fault
	says   string // in the sentence that the starter gets
	logged string // in the log, for the admin
	slow   bool

	prepare, repair func(w *world)
}

func expire(w *world) { w.zoom.ExpireAccessTokens() }

func connectAgain(w *world) {
	if status, page := w.authorize(); status != http.StatusOK {
		w.Errorf("connecting again: %d %s", status, page)
	}
}

func shows(which zoomsim.Certificate) func(*world) {
	return func(w *world) { w.zoom.SetCertificate(which) }
}

func withSecret(change func(string) string) func(*world) {
	return func(w *world) {
		w.zoom.UpdateApp(func(app *zoomsim.App) { app.ClientSecret = change(app.ClientSecret) })
		w.zoom.ExpireAccessTokens()
	}
}

// refusal is an answer of the API's with a code of Zoom's.
func refusal(status int, body string) zoomsim.Fault { return zoomsim.Fault{Status: status, Body: body} }

// limitedUntil is a 429 that says when to come again.
func limitedUntil(retryAfter string) zoomsim.Fault {
	fault := zoomsim.PerSecondFault()
	fault.Headers["Retry-After"] = retryAfter
	return fault
}

var troubles = []trouble{
	{name: "429, come again in a second", match: makesMeeting, fault: zoomsim.Fault{Status: 429, Times: 1,
		Body: `{"code":429,"message":"wait"}`, Headers: map[string]string{"Retry-After": "1"}}, says: aMeeting},
	{name: "429, in half a minute", match: makesMeeting, fault: limitedUntil("30"), says: afterAMinute, logged: "too many requests"},
	{name: "429, at a date of HTTP's", match: makesMeeting, says: untilMidnight, logged: "too many requests",
		fault: limitedUntil(time.Now().Add(5 * time.Hour).UTC().Format(http.TimeFormat))},
	{name: "429, at a date of Zoom's", match: makesMeeting, fault: zoomsim.DailyFault(time.Now().Add(time.Hour)), says: untilMidnight, logged: "maximum daily rate limit"},
	{name: "429, too many a second", match: makesMeeting, fault: zoomsim.PerSecondFault(), says: afterAMinute, logged: "per-second rate limit"},
	{name: "429, looking for the host", match: findsHost, fault: zoomsim.ConcurrentFault(), says: afterAMinute, logged: "Too many concurrent requests"},
	{name: "429, refreshing", match: getsToken, fault: zoomsim.ConcurrentFault(), says: afterAMinute, logged: "too many requests", prepare: expire},
	{name: "a host's hundred meetings", match: makesMeeting, fault: zoomsim.HostQuotaFault(), says: untilMidnight, logged: "daily rate limit (100)"},
	{name: "500, looking for the host", match: findsHost, fault: refusal(500, `{"code":500}`), says: "cannot be reached", logged: "status 500"},
	{name: "500, creating", match: makesMeeting, fault: refusal(500, `{"code":500}`), says: "cannot be reached", logged: "status 500"},
	{name: "502, creating", match: makesMeeting, fault: zoomsim.HTMLFault(502), says: mayExist, logged: "status 502"},
	{name: "504, creating", match: makesMeeting, fault: zoomsim.HTMLFault(504), says: mayExist, logged: "status 504"},
	{name: "503", match: findsHost, fault: zoomsim.HTMLFault(503), says: "cannot be reached", logged: "status 503"},
	{name: "503, refreshing", match: getsToken, fault: zoomsim.HTMLFault(503), says: "cannot be reached", logged: "status 503", prepare: expire},
	{name: "no answer, looking for the host", match: findsHost, fault: zoomsim.Fault{Delay: time.Minute}, says: "cannot be reached", logged: "did not answer in time", slow: true},
	{name: "no answer, creating", match: makesMeeting, fault: zoomsim.Fault{Delay: time.Minute}, says: mayExist, logged: "did not answer in time", slow: true},
	{name: "closed, looking for the host", match: findsHost, fault: zoomsim.Fault{CloseConn: true}, says: "cannot be reached", logged: "connection to Zoom broke"},
	{name: "reset, looking for the host", match: findsHost, fault: zoomsim.Fault{Reset: true}, says: "cannot be reached", logged: "connection to Zoom broke"},
	{name: "reset, creating", match: makesMeeting, fault: zoomsim.Fault{Reset: true}, says: mayExist, logged: "connection to Zoom broke"},
	{name: "reset, refreshing", match: getsToken, fault: zoomsim.Fault{Reset: true}, says: "cannot be reached", logged: "connection to Zoom broke", prepare: expire},
	{name: "half an answer, looking for the host", match: findsHost, fault: zoomsim.Fault{Truncate: true}, says: "cannot be reached", logged: "connection to Zoom broke"},
	{name: "half an answer, creating", match: makesMeeting, fault: zoomsim.Fault{Truncate: true}, says: mayExist, logged: "connection to Zoom broke"},
	{name: "half a JSON", match: findsHost, fault: zoomsim.Fault{Status: 200, Body: `{"id":"abc","ema`}, says: "cannot be reached", logged: "reading Zoom's answer"},
	{name: "a web page, looking for the host", match: findsHost, fault: zoomsim.HTMLFault(200), says: "cannot be reached", logged: "web page instead of data"},
	{name: "a web page, creating", match: makesMeeting, fault: zoomsim.HTMLFault(201), says: mayExist, logged: "web page instead of data"},
	{name: "a web page, refreshing", match: getsToken, fault: zoomsim.HTMLFault(200), says: "cannot be reached", logged: "web page instead of data", prepare: expire},
	{name: "100 MB, looking for the host", match: findsHost, fault: zoomsim.Fault{Pad: 100 << 20}, says: "cannot be reached", logged: "longer than 1048576 bytes"},
	{name: "100 MB, creating", match: makesMeeting, fault: zoomsim.Fault{Pad: 100 << 20}, says: mayExist, logged: "longer than 1048576 bytes"},
	{name: "drip by drip, looking for the host", match: findsHost, fault: zoomsim.Fault{Drip: time.Second}, says: "cannot be reached", logged: "did not answer in time", slow: true},
	{name: "drip by drip, creating", match: makesMeeting, fault: zoomsim.Fault{Drip: time.Second}, says: mayExist, logged: "did not answer in time", slow: true},
	{name: "sent to another host", match: findsHost, says: "cannot be reached", logged: "redirect",
		fault: zoomsim.Fault{Status: 302, Headers: map[string]string{"Location": "https://127.0.0.1:1/v2/users/me"}}},
	{name: "an expired access token", says: aMeeting, prepare: expire},
	{name: "an access token that is refused for ever", match: "* /v2/users/", fault: refusal(401, `{"code":124,"message":"Invalid access token."}`),
		says: "does not accept the connection", logged: "no longer accepts the access token"},
	{name: "a revoked grant", says: "has ended", logged: "Zoom has ended a connection",
		prepare: func(w *world) { w.zoom.RevokeGrants() }, repair: connectAgain},
	{name: "the owner of the grant is gone", match: getsToken, fault: refusal(400, `{"code":4735,"reason":"gone","error":"invalid_request"}`),
		says: "has ended", logged: "no longer accepts this connection", prepare: expire},
	{name: "a missing scope", match: findsHost, fault: refusal(400, `{"code":4711,"message":"Invalid access token, does not contain scopes:[user:read:user:admin]."}`),
		says: "`user:read:user:admin`", logged: "lacks scopes: user:read:user:admin"},
	{name: "a missing scope, creating", match: makesMeeting, fault: refusal(400, `{"code":4711,"message":"Invalid access token, does not contain scopes:[meeting:write:meeting:admin]."}`),
		says: "`meeting:write:meeting:admin`", logged: "lacks scopes: meeting:write:meeting:admin"},
	{name: "the app is disabled", match: findsHost, fault: refusal(401, `{"code":4717,"message":"The app has been disabled."}`),
		says: "switched off at Zoom", logged: "switched off at Zoom (code 4717)"},
	{name: "the app is disabled, refreshing", match: getsToken, fault: refusal(400, `{"code":4738,"reason":"Disabled by admin","error":"invalid_request"}`),
		says: "switched off at Zoom", logged: "switched off at Zoom (code 4738)", prepare: expire},
	{name: "a wrong client secret", says: "client ID or secret", logged: "client id and secret: invalid_client",
		prepare: withSecret(func(secret string) string { return secret + "x" }),
		repair:  withSecret(func(secret string) string { return strings.TrimSuffix(secret, "x") })},
	{name: "a certificate for another name", says: "no certificate that this server trusts", logged: "certificate was not accepted",
		prepare: shows(zoomsim.CertOtherName), repair: shows(zoomsim.CertRight)},
	{name: "a certificate of an unknown CA", says: "no certificate that this server trusts", logged: "certificate was not accepted",
		prepare: shows(zoomsim.CertUnknownCA), repair: shows(zoomsim.CertRight)},
	{name: "an expired certificate", says: "no certificate that this server trusts", logged: "certificate was not accepted",
		prepare: shows(zoomsim.CertExpired), repair: shows(zoomsim.CertRight)},
	{name: "a certificate of an expired CA", says: "no certificate that this server trusts", logged: "certificate was not accepted",
		prepare: shows(zoomsim.CertExpiredCA), repair: shows(zoomsim.CertRight)},
}

// Goal: whatever Zoom does, the starter knows within 15 seconds what to do, the
// admin finds the reason in the log, no secret is in either, and when the
// trouble is over the next start works.
func TestTroubleAtZoom(t *testing.T) {
	covers(t, "better: clear refusals", "better: slow Zoom", "better: no secrets in the log", "better: revoked early")
	w := connected(t)
	w.zoom.SetHostQuota(1000)
	var sentences strings.Builder
	for _, c := range troubles {
		if c.slow && testing.Short() {
			continue
		}
		t.Run(c.name, func(t *testing.T) { w.in(t).meetsTrouble(c, &sentences) })
	}
	w.keepsSecrets(sentences.String())
}

func (w *world) meetsTrouble(c trouble, sentences *strings.Builder) {
	w.Helper()
	if c.prepare != nil {
		c.prepare(w)
	}
	if c.match != "" {
		if c.fault.Times == 0 {
			c.fault.Times = 9 // more than anybody tries
		}
		w.zoom.Fail(c.match, c.fault)
	}
	began := time.Now()
	_, answer := w.post(w.member, "/api/v1/meetings?force=true", w.startBody())
	took := time.Since(began)
	w.zoom.ClearFaults()
	if c.repair != nil {
		c.repair(w)
	}
	sentences.WriteString(answer + "\n")
	contains(w.T, answer, c.says)
	if took > longest {
		w.Errorf("took %v", took)
	}
	w.explains(c.logged, began)
	if w.starts(1) != 1 {
		w.Error("no meeting when the trouble is over")
	}
	w.Logf("%6.2f s: %s", took.Seconds(), answer)
}

// explains wants a line of the log, written since then.
func (w *world) explains(text string, since time.Time) {
	w.Helper()
	if text == "" {
		return
	}
	_, err := w.host.WaitLog(5*time.Second, mmhost.FromPlugin("zoom"), mmhost.AtLevel("warn", "error"), mmhost.Saying(text),
		func(e mmhost.LogEntry) bool { return !e.Time.Before(since.Truncate(time.Millisecond)) })
	if err != nil {
		w.Errorf("%q is not in the log: %v", text, err)
	}
}

// keepsSecrets looks for what nobody may read, in what was said and in all of
// the server's log.
func (w *world) keepsSecrets(said string) {
	w.Helper()
	log, err := os.ReadFile(w.host.LogFile())
	check(w.T, err)
	app := w.zoom.App()
	secrets := []string{app.ClientSecret, encryptionKey, webhookSecret, app.SecretToken, zoomsim.TokenStart,
		base64.StdEncoding.EncodeToString([]byte(app.ClientID + ":" + app.ClientSecret))}
	for _, secret := range secrets {
		for place, text := range map[string]string{"an answer": said, "the log": string(log)} {
			if at := strings.Index(text, secret); at >= 0 {
				w.Errorf("%s holds %q: %s", place, secret, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}
