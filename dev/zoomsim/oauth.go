package zoomsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"
)

// TokenErrors chooses between forms that FACTS 1.4 leaves open. The zero
// value is what the stand-in takes for the most likely today.
type TokenErrors struct {
	ClientStatus     int  // wrong client id or secret: 401 (default) or 400
	CodeInvalidGrant bool // a bad code answers invalid_grant instead of invalid_request
}

// SetTokenErrors chooses the forms of the token endpoint's errors.
func (s *Sim) SetTokenErrors(e TokenErrors) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.errors = e
}

// serveOAuth knows the three OAuth paths and the compliance call, which is
// here and not under /v2 (FACTS 5.6).
func (s *Sim) serveOAuth(r *request) answer {
	handlers := map[string]func(*Sim, *request) answer{
		"GET /oauth/authorize":        (*Sim).showConsent,
		"POST /oauth/authorize":       (*Sim).takeConsent,
		"POST /oauth/token":           (*Sim).token,
		"POST /oauth/revoke":          (*Sim).revoke,
		"POST /oauth/data/compliance": (*Sim).compliance,
	}
	if handler, known := handlers[r.Method+" "+r.path]; known {
		return handler(s, r)
	}
	return unknownPath()
}

// tokenError has reason and error, never error_description (FACTS 1.4).
func tokenError(status int, reason, word string) answer {
	return jsonAnswer(status, Object{{"reason", reason}, {"error", word}})
}

// checkClient takes the credentials from the header or, as error 4706 allows,
// from the parameters (FACTS 1.2). The caller holds s.mu.
func (s *Sim) checkClient(r *request) (answer, bool) {
	id, secret, ok := basicCredentials(r.Header.Get("Authorization"))
	if !ok {
		id, secret = r.param("client_id"), r.param("client_secret")
	}
	goodID := subtle.ConstantTimeCompare([]byte(id), []byte(s.app.ClientID))
	goodSecret := subtle.ConstantTimeCompare([]byte(secret), []byte(s.app.ClientSecret))
	if goodID&goodSecret == 1 {
		return answer{}, true
	}
	status := s.oauth.errors.ClientStatus
	if status == 0 {
		status = http.StatusUnauthorized
	}
	return tokenError(status, "Invalid client_id or client_secret", "invalid_client"), false
}

// param reads the body first, then the query: both are allowed (FACTS 1.2).
func (r *request) param(name string) string {
	if r.form.Has(name) {
		return r.form.Get(name)
	}
	return r.query.Get(name)
}

func (s *Sim) token(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal, ok := s.checkClient(r); !ok {
		return refusal
	}
	switch r.param("grant_type") {
	case "authorization_code":
		return s.exchange(r)
	case "refresh_token":
		return s.refreshGrant(r)
	}
	// Server-to-server, device and client grants are other kinds of app.
	return tokenError(http.StatusBadRequest, "unsupported grant type", "unsupported_grant_type")
}

func (s *Sim) exchange(r *request) answer {
	text := r.param("code")
	c := s.oauth.codes[text]
	if c == nil || c.used || s.now().Sub(c.since) >= codeLife {
		word := "invalid_request"
		if s.oauth.errors.CodeInvalidGrant {
			word = "invalid_grant"
		}
		return tokenError(http.StatusBadRequest, "Invalid authorization code "+text, word)
	}
	c.used = true // any try of the right client uses it up
	if r.param("redirect_uri") != c.redirectURI {
		return tokenError(http.StatusBadRequest, "Redirect URI mismatch.", "invalid_request")
	}
	if !c.verify(r.param("code_verifier")) {
		return tokenError(http.StatusBadRequest, "Invalid code verifier", "invalid_grant")
	}
	s.oauth.exchanges++
	return s.mint(s.authorise(c.user))
}

// verify checks PKCE where the authorize URL asked for it (FACTS 1.1, 1.4).
func (c *code) verify(verifier string) bool {
	if c.challenge == "" {
		return true
	}
	if c.method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.challenge)) == 1
}

func (s *Sim) refreshGrant(r *request) answer {
	s.oauth.refreshAttempts++
	now, rotation := s.now(), &s.oauth.rotation
	old := s.oauth.refresh[r.param("refresh_token")]
	if old != nil && !old.spent.IsZero() {
		s.oauth.spentUses++
		if !old.reused {
			old.reused = true
			s.oauth.spentTokens++
		}
	}
	if !old.usable(now, rotation.Grace) {
		return s.refuseRefresh()
	}
	if old.spent.IsZero() {
		old.spent = now
	}
	s.oauth.refreshes++
	a := s.mint(old.grant)
	if rotation.LoseAnswers > 0 {
		rotation.LoseAnswers--
		a.lost = true // the grant is lost with it (FACTS 1.3)
	}
	return a
}

func (t *refreshToken) usable(now time.Time, grace time.Duration) bool {
	if t == nil || t.grant.dead || !now.Before(t.expires) {
		return false
	}
	return t.spent.IsZero() || now.Sub(t.spent) < grace
}

// refuseRefresh: 400 invalid_grant today, 401 invalid_request in 2021, with
// the same reason (FACTS 1.3).
func (s *Sim) refuseRefresh() answer {
	if s.oauth.rotation.Old401 {
		return tokenError(http.StatusUnauthorized, "Invalid Token!", "invalid_request")
	}
	return tokenError(http.StatusBadRequest, "Invalid Token!", "invalid_grant")
}

// revoke ends the whole grant: both tokens die (FACTS 1.5).
func (s *Sim) revoke(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal, ok := s.checkClient(r); !ok {
		return refusal
	}
	t := s.oauth.access[r.param("token")]
	if t == nil || t.grant.dead {
		return s.refuseRefresh()
	}
	t.grant.dead = true
	s.oauth.revocations++
	return jsonAnswer(http.StatusOK, Object{{"status", "success"}})
}

// checkAccess finds the grant behind a bearer token. The caller holds s.mu.
func (s *Sim) checkAccess(r *request) (*grant, answer, bool) {
	text, ok := bearerToken(r)
	if !ok {
		message := "Requires an access token."
		if r.query.Has("access_token") {
			message = "Invalid access token." // refused in the query since 2023 (FACTS 2)
		}
		return nil, apiError(http.StatusUnauthorized, 124, message), false
	}
	t := s.oauth.access[text]
	switch {
	case t == nil || t.revoked || t.grant.dead:
		return nil, apiError(http.StatusUnauthorized, 124, "Invalid access token."), false
	case t.expired || !s.now().Before(t.expires):
		return nil, apiError(http.StatusUnauthorized, 124, "Access token is expired."), false
	}
	return t.grant, answer{}, true
}

// compliance wants Basic authentication and the app's own client id, and
// lives outside /v2 (FACTS 5.6). The form of its answer is unverified.
func (s *Sim) compliance(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, ok := basicCredentials(r.Header.Get("Authorization")); !ok {
		return tokenError(http.StatusUnauthorized, "Invalid client_id or client_secret", "invalid_client")
	}
	if refusal, ok := s.checkClient(r); !ok {
		return refusal
	}
	body, ok := parseObject(r.body)
	if !ok || body["client_id"] != s.app.ClientID || body["compliance_completed"] != true {
		return apiError(http.StatusBadRequest, 300, "Validation Failed.")
	}
	return jsonAnswer(http.StatusOK, Object{{"status", "success"}})
}
