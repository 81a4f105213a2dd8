package zoomsim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConsentSendsCodeAndState(t *testing.T) {
	b := launch(t)
	for _, c := range []struct {
		name, state string
		want        url.Values
	}{
		{"unchanged", "a b&c=~/+é", url.Values{"state": {"a b&c=~/+é"}}},
		{"missing stays missing", "-", url.Values{}},
		{"empty stays empty", "", url.Values{"state": {""}}},
	} {
		target, err := b.Consent(b.authorizeURL("state", c.state), "ADA@example.com")
		if err != nil {
			t.Fatal(c.name, err)
		}
		u, err := url.Parse(target)
		if err != nil || !strings.HasPrefix(target, callback+"?code=") {
			t.Fatal(c.name, target, err)
		}
		q := u.Query()
		q.Del("code")
		if q.Encode() != c.want.Encode() {
			t.Errorf("%s: %s", c.name, target)
		}
	}
}

func TestConsentKeepsTheRedirectsOwnQuery(t *testing.T) {
	uri := "https://chat.example.com/complete?from=zoom"
	b := launch(t, func(o *Options) { o.App.RedirectURIs = []string{uri} })
	target, err := b.Consent(b.authorizeURL("redirect_uri", uri), "ada@example.com")
	if err != nil || !strings.HasPrefix(target, uri+"&code=") {
		t.Error(target, err)
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	b := launch(t, func(o *Options) {
		o.App.RedirectURIs = append(o.App.RedirectURIs, "http://localhost:8065/plugins/zoom/oauth2/complete")
	})
	for _, c := range []struct{ field, value, shown string }{
		{"redirect_uri", "https://evil.example.com/", "Invalid redirect: https://evil.example.com/ (4,700)"},
		{"redirect_uri", callback + "/more", "(4,700)"},
		{"redirect_uri", "http://localhost:8065/plugins/zoom/oauth2/complete", "(4,700)"},
		{"redirect_uri", `https://x/"><script>`, "&lt;script&gt;"},
		{"client_id", "other", "4,702"},
		{"response_type", "token", "response_type"},
		{"code_challenge_method", "S512", "code_challenge_method"},
	} {
		r := b.send(b.request("GET", strings.TrimPrefix(b.authorizeURL(c.field, c.value), b.URL()), ""))
		if r.status != 400 || !strings.Contains(r.text, c.shown) || r.header.Get("Location") != "" {
			t.Errorf("%s=%s: %d %s", c.field, c.value, r.status, r.text)
		}
	}
	r := b.send(b.request("GET", strings.TrimPrefix(b.authorizeURL("redirect_uri", "x"), b.URL()), ""))
	if !strings.Contains(strings.ReplaceAll(r.text, "&#34;", `"`),
		`{"status":false,"errorCode":4700,"errorMessage":"Invalid redirect url","result":null}`) {
		t.Error(r.text)
	}
}

func TestPlainHTTPRedirectsAreAChoice(t *testing.T) {
	uri := "http://localhost:8065/plugins/zoom/oauth2/complete"
	b := launch(t, func(o *Options) { o.App.RedirectURIs, o.App.PlainHTTPRedirects = []string{uri}, true })
	if target, err := b.Consent(b.authorizeURL("redirect_uri", uri), "ada@example.com"); err != nil {
		t.Error(target, err)
	}
}

func TestWhoMayConsent(t *testing.T) {
	for _, c := range []struct {
		level   func(*Options)
		user    User
		allowed bool
	}{
		{func(*Options) {}, User{Email: "boss@example.com", Admin: true}, true},
		{func(*Options) {}, User{Email: "bob@example.com"}, false},
		{func(*Options) {}, User{Email: "other@example.org", Admin: true, Foreign: true}, false},
		{userLevel, User{Email: "bob@example.com"}, true},
		{userLevel, User{Email: "new@example.com", Status: StatusPending}, false},
		{userLevel, User{Email: "other@example.org", Foreign: true}, false},
	} {
		b := launch(t, c.level)
		b.addUser(c.user)
		if _, err := b.Consent(b.authorizeURL(), c.user.Email); (err == nil) != c.allowed {
			t.Errorf("%+v: %v", c.user, err)
		}
	}
}

func TestDecline(t *testing.T) {
	b := launch(t)
	target, err := b.Decline(b.authorizeURL(), "ada@example.com")
	if want := callback + "?error=access_denied&state=st~te%2F1"; err != nil || target != want {
		t.Error(target, err)
	}
	b.SetDecline(DeclineNothing)
	if target, err := b.Decline(b.authorizeURL(), "ada@example.com"); err != nil || target != "" {
		t.Error(target, err)
	}
}

func TestInstallHasNoState(t *testing.T) {
	b := launch(t)
	target, err := b.Install("ada@example.com")
	if err != nil || !strings.HasPrefix(target, callback+"?code=") || strings.Contains(target, "state") {
		t.Error(target, err)
	}
}

func TestConsentPageWorksOnce(t *testing.T) {
	b := launch(t)
	page := b.send(b.request("GET", strings.TrimPrefix(b.authorizeURL(), b.URL()), ""))
	id := hiddenRequest.FindStringSubmatch(page.text)[1]
	press := func(origin string) reply {
		req := b.request("POST", "/oauth/authorize", pairs("request", id, "user", "ada@example.com", "action", "allow").Encode())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
		return b.send(req)
	}
	for i, c := range []struct {
		origin string
		status int
	}{{"https://evil.example.com", 403}, {b.URL(), 302}, {b.URL(), 400}} {
		if r := press(c.origin); r.status != c.status {
			t.Errorf("%d: %d, want %d", i, r.status, c.status)
		}
	}
	if _, err := b.Consent("https://zoom.us/oauth/authorize", "ada@example.com"); err == nil {
		t.Error("opened a page elsewhere")
	}
}

func TestTokenAnswer(t *testing.T) {
	b := launch(t)
	for _, c := range []struct {
		set  TokenAnswer
		want any
	}{{TokenAnswer{}, b.URL()}, {TokenAnswer{NoAPIURL: true}, nil}, {TokenAnswer{APIURL: "https://api-eu.zoom.us"}, "https://api-eu.zoom.us"}} {
		b.SetTokenAnswer(c.set)
		r := b.form("/oauth/token", "grant_type", "authorization_code", "code", b.code("ada@example.com"), "redirect_uri", callback)
		if r.json["api_url"] != c.want || r.json["token_type"] != "bearer" ||
			r.json["scope"] != strings.Join(guideScopes(true), " ") || !strings.Contains(r.text, `"expires_in":3599`) {
			t.Errorf("%s", r.text)
		}
		for _, name := range []string{"access_token", "refresh_token"} {
			if n := len(r.json[name].(string)); n < tokenMin || n > tokenMax {
				t.Errorf("%s has %d characters", name, n)
			}
		}
	}
}

func TestTokensAreOneInStartAndLength(t *testing.T) {
	b := launch(t)
	for range 300 {
		b.mu.Lock()
		token := b.newToken("access_token", "x", b.now())
		b.mu.Unlock()
		if len(token) < tokenMin || len(token) > tokenMax || strings.Count(token, ".") != 2 ||
			!strings.HasPrefix(token, TokenStart) {
			t.Fatal(len(token), token)
		}
	}
}

func TestCredentials(t *testing.T) {
	b := launch(t)
	app := b.App()
	send := func(basic bool, id, secret string, query bool) reply {
		fields := pairs("grant_type", "refresh_token", "refresh_token", "none")
		if !basic {
			fields.Set("client_id", id)
			fields.Set("client_secret", secret)
		}
		path, body := "/oauth/token", fields.Encode()
		if query {
			path, body = path+"?"+body, ""
		}
		req := b.request("POST", path, body)
		if basic {
			req.SetBasicAuth(id, secret)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.send(req)
	}
	for _, basic := range []bool{true, false} {
		if r := send(basic, app.ClientID, app.ClientSecret, !basic); r.json["error"] != "invalid_grant" {
			t.Errorf("basic %v: %s", basic, r.text)
		}
		r := send(basic, app.ClientID, "wrong", false)
		if r.status != 401 || r.text != `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}` {
			t.Errorf("basic %v: %d %s", basic, r.status, r.text)
		}
	}
	b.SetTokenErrors(TokenErrors{ClientStatus: 400})
	if r := send(true, "x", "y", false); r.status != 400 {
		t.Error(r.status)
	}
	if r := b.form("/oauth/token", "grant_type", "account_credentials"); r.status != 400 || r.json["reason"] != "unsupported grant type" {
		t.Error(r.text)
	}
}

func TestCodeWorksOnceAndForFiveMinutes(t *testing.T) {
	b := launch(t)
	exchange := func(code, uri string) reply {
		return b.form("/oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", uri)
	}
	code := b.code("ada@example.com")
	if r := exchange(code, callback); r.status != 200 {
		t.Fatal(r.text)
	}
	late := b.code("ada@example.com")
	inTime := b.code("ada@example.com")
	b.clock.advance(5*time.Minute - time.Second)
	if r := exchange(inTime, callback); r.status != 200 {
		t.Error(r.text)
	}
	b.clock.advance(time.Second)
	for _, bad := range []string{code, late, "none"} {
		r := exchange(bad, callback)
		if want := `{"reason":"Invalid authorization code ` + bad + `","error":"invalid_request"}`; r.status != 400 || r.text != want {
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	if r := exchange(b.code("ada@example.com"), callback+"x"); r.status != 400 || r.json["reason"] != "Redirect URI mismatch." {
		t.Error(r.text)
	}
	b.SetTokenErrors(TokenErrors{CodeInvalidGrant: true})
	if r := exchange("none", callback); r.json["error"] != "invalid_grant" {
		t.Error(r.text)
	}
	if n := b.CodeExchanges(); n != 2 {
		t.Error(n)
	}
}

func TestPKCE(t *testing.T) {
	b := launch(t)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	s256 := base64.RawURLEncoding.EncodeToString(sum[:])
	for _, c := range []struct {
		challenge, method, verifier string
		status                      int
	}{
		{s256, "S256", verifier, 200}, {s256, "S256", "other", 400}, {s256, "S256", "", 400},
		{verifier, "plain", verifier, 200}, {verifier, "-", verifier, 200}, {s256, "-", verifier, 400},
	} {
		code := b.code("ada@example.com", "code_challenge", c.challenge, "code_challenge_method", c.method)
		r := b.form("/oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", c.verifier)
		if r.status != c.status || c.status == 400 && r.json["error"] != "invalid_grant" {
			t.Errorf("%+v: %d %s", c, r.status, r.text)
		}
	}
}

func (b *bench) refresh(token string) reply {
	b.t.Helper()
	return b.form("/oauth/token", "grant_type", "refresh_token", "refresh_token", token)
}

func TestStrictRotation(t *testing.T) {
	b := launch(t)
	access, first := b.connect("ada@example.com")
	r := b.refresh(first)
	second := r.json["refresh_token"].(string)
	if r.status != 200 || second == first || r.json["access_token"] == access {
		t.Fatal(r.text)
	}
	if r := b.refresh(first); r.status != 400 || r.text != `{"reason":"Invalid Token!","error":"invalid_grant"}` {
		t.Error(r.status, r.text)
	}
	b.SetRotation(Rotation{Old401: true})
	if r := b.refresh(first); r.status != 401 || r.text != `{"reason":"Invalid Token!","error":"invalid_request"}` {
		t.Error(r.status, r.text)
	}
	if r := b.refresh(second); r.status != 200 {
		t.Error("the newest refresh token died with the oldest:", r.text)
	}
	if b.RefreshCount() != 2 || b.RefreshAttempts() != 4 || b.SpentRefreshUses() != 2 || b.SpentRefreshTokens() != 1 {
		t.Error(b.RefreshCount(), b.RefreshAttempts(), b.SpentRefreshUses(), b.SpentRefreshTokens())
	}
}

func TestGraceRotation(t *testing.T) {
	b := launch(t)
	b.SetRotation(Rotation{Grace: 10 * time.Second})
	access, first := b.connect("ada@example.com")
	for i := range 2 {
		if r := b.refresh(first); r.status != 200 {
			t.Fatal(i, r.text)
		}
	}
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "") // the old access token keeps working
	b.clock.advance(10 * time.Second)
	if r := b.refresh(first); r.status != 400 {
		t.Error(r.status)
	}
}

func TestLostRefreshAnswerLosesTheGrant(t *testing.T) {
	b := launch(t)
	b.SetRotation(Rotation{LoseAnswers: 1})
	_, first := b.connect("ada@example.com")
	req := b.request("POST", "/oauth/token", pairs("grant_type", "refresh_token", "refresh_token", first).Encode())
	req.SetBasicAuth(b.App().ClientID, b.App().ClientSecret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if resp, err := b.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Fatal(resp.Status)
	}
	if r := b.refresh(first); r.status != 400 || r.json["error"] != "invalid_grant" {
		t.Error(r.status, r.text)
	}
}

func TestRefreshTokenLives90Days(t *testing.T) {
	b := launch(t)
	_, refresh := b.connect("ada@example.com")
	b.clock.advance(refreshLife)
	if r := b.refresh(refresh); r.status != 400 {
		t.Error(r.status)
	}
}

func TestAuthorisingAgainKillsTheOlderGrant(t *testing.T) {
	for _, keep := range []bool{false, true} {
		b := launch(t, userLevel)
		b.addUser(User{Email: "bob@example.com"})
		b.SetRotation(Rotation{KeepOlderGrants: keep})
		oldAccess, oldRefresh := b.connect("ada@example.com")
		bob, _ := b.connect("bob@example.com")
		b.connect("ada@example.com")
		if r := b.refresh(oldRefresh); (r.status == 200) != keep {
			t.Error(keep, r.text)
		}
		if r := b.api(oldAccess, "GET", "/users/me", ""); (r.status == 200) != keep {
			t.Error(keep, r.text)
		}
		b.want(b.api(bob, "GET", "/users/me", ""), 200, "", "")
	}
}

func TestRevoke(t *testing.T) {
	b := launch(t)
	access, refresh := b.connect("ada@example.com")
	for _, status := range []int{401, 400} {
		b.SetTokenErrors(TokenErrors{ClientStatus: status})
		req := b.request("POST", "/oauth/revoke", pairs("token", access).Encode())
		req.SetBasicAuth(b.App().ClientID, "wrong")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if r := b.send(req); r.status != status || r.json["error"] != "invalid_client" {
			t.Error(r.status, r.text)
		}
	}
	if r := b.form("/oauth/revoke", "token", "unknown"); r.status != 400 || b.Revocations() != 0 || b.LiveGrants() != 1 {
		t.Error(r.status, b.Revocations(), b.LiveGrants())
	}
	if r := b.form("/oauth/revoke", "token", access); r.status != 200 || r.text != `{"status":"success"}` {
		t.Fatal(r.status, r.text)
	}
	b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Invalid access token.")
	if r := b.refresh(refresh); r.status != 400 {
		t.Error(r.status)
	}
	if r := b.form("/oauth/revoke", "token", access); r.status != 400 {
		t.Error(r.status)
	}
	if b.Revocations() != 1 || b.LiveGrants() != 0 {
		t.Error(b.Revocations(), b.LiveGrants())
	}
}

func TestRevokeEndsOneUsersGrant(t *testing.T) {
	b := launch(t, userLevel)
	b.addUser(User{Email: "bob@example.com"})
	ada, _ := b.connect("ada@example.com")
	bob, _ := b.connect("bob@example.com")
	if r := b.form("/oauth/revoke", "token", ada); r.status != 200 {
		t.Fatal(r.status, r.text)
	}
	b.want(b.api(ada, "GET", "/users/me", ""), 401, "124", "")
	b.want(b.api(bob, "GET", "/users/me", ""), 200, "", "")
}

func TestAccessTokenErrors(t *testing.T) {
	b := launch(t)
	access, refresh := b.connect("ada@example.com")
	b.want(b.api("", "GET", "/users/me", ""), 401, "124", "Requires an access token.")
	b.want(b.api("", "GET", "/users/me?access_token="+access, ""), 401, "124", "Invalid access token.")
	b.want(b.api("x", "GET", "/users/me", ""), 401, "124", "Invalid access token.")
	b.want(b.api(refresh, "GET", "/users/me", ""), 401, "124", "Invalid access token.")
	b.clock.advance(accessLife - time.Second)
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "")
	b.clock.advance(time.Second)
	b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Access token is expired.")

	b.SetTokenLifetime(2 * time.Second)
	r := b.refresh(refresh)
	if !strings.Contains(r.text, `"expires_in":2,`) {
		t.Error(r.text)
	}
	access, refresh = r.json["access_token"].(string), r.json["refresh_token"].(string)
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "")
	b.ExpireAccessTokens()
	b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Access token is expired.")

	r = b.refresh(refresh)
	access = r.json["access_token"].(string)
	b.RevokeAccessTokens()
	b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Invalid access token.")
	access = b.refresh(r.json["refresh_token"].(string)).json["access_token"].(string)
	b.want(b.api(access, "GET", "/users/me", ""), 200, "", "")
	b.RevokeGrants()
	b.want(b.api(access, "GET", "/users/me", ""), 401, "124", "Invalid access token.")
}

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		account bool
		scopes  []string
		path    string
		missing string // "" means allowed
	}{
		{true, []string{"user:read:user:admin"}, "/users/bob@example.com", ""},
		{true, []string{"user:read:admin"}, "/users/bob@example.com", ""},
		{true, []string{"user:read:user"}, "/users/me", ""},
		{true, []string{"user:read:user"}, "/users/bob@example.com", "user:read:user:admin"},
		{true, []string{"user:read"}, "/users/bob@example.com", "user:read:admin"},
		{true, []string{"meeting:read:admin"}, "/users/me", "user:read, user:read:admin"},
		{true, []string{"meeting:read:meeting:admin"}, "/users/me", "user:read:user, user:read:user:admin"},
		{true, nil, "/users/me/settings", "user:read:settings, user:read:settings:admin"},
		{false, []string{"user:read"}, "/users/me", ""},
		{false, []string{"user:read:user"}, "/users/ADA@Example.com", ""},
		{false, []string{}, "/users/me", "user:read:user, user:read:user:admin"},
	} {
		b := launch(t, scopes(c.scopes...), func(o *Options) { o.App.AccountLevel = c.account })
		b.addUser(User{Email: "bob@example.com"})
		if c.scopes == nil {
			b.UpdateApp(func(a *App) { a.Scopes = guideScopes(true) })
		}
		access, _ := b.connect("ada@example.com")
		r := b.api(access, "GET", c.path, "")
		if c.missing == "" {
			b.want(r, 200, "", "")
			continue
		}
		b.want(r, 400, "4711", "Invalid access token, does not contain scopes:["+c.missing+"].")
	}
}

func TestAddedScopesNeedANewConsent(t *testing.T) {
	b := launch(t)
	access, refresh := b.connect("ada@example.com")
	b.UpdateApp(func(a *App) { a.Scopes = append(slices.Clone(a.Scopes), "user:read:settings:admin") })
	b.want(b.api(access, "GET", "/users/me/settings", ""), 400, "4711", "")
	access = b.refresh(refresh).json["access_token"].(string)
	b.want(b.api(access, "GET", "/users/me/settings", ""), 400, "4711", "")
	access, _ = b.connect("ada@example.com")
	b.want(b.api(access, "GET", "/users/me/settings", ""), 200, "", "")
}

func TestCompliance(t *testing.T) {
	b := launch(t)
	send := func(basic bool, body string) int {
		req := b.request("POST", "/oauth/data/compliance", body)
		req.Header.Set("Content-Type", "application/json")
		if basic {
			req.SetBasicAuth(b.App().ClientID, b.App().ClientSecret)
		}
		return b.send(req).status
	}
	good := `{"client_id":"` + b.App().ClientID + `","compliance_completed":true}`
	if a, c, d := send(true, good), send(false, good), send(true, `{}`); a != 200 || c != 401 || d != 400 {
		t.Error(a, c, d)
	}
}

func TestRefreshesAtTheSameTime(t *testing.T) {
	b := launch(t)
	_, refresh := b.connect("ada@example.com")
	const clients = 16
	status := make(chan int, clients)
	for range clients {
		go func() { status <- b.refreshQuietly(refresh) }()
	}
	good := 0
	for range clients {
		if <-status == 200 {
			good++
		}
	}
	if good != 1 || b.RefreshCount() != 1 || b.SpentRefreshUses() != clients-1 {
		t.Error(good, b.RefreshCount(), b.SpentRefreshUses())
	}
}

// refreshQuietly may run outside the test's own goroutine; 0 is no answer.
func (b *bench) refreshQuietly(token string) int {
	app := b.App()
	resp, err := b.Client().PostForm(b.URL()+"/oauth/token", pairs("grant_type", "refresh_token", "refresh_token", token,
		"client_id", app.ClientID, "client_secret", app.ClientSecret))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
