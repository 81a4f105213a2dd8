package zoomsim

import (
	"strings"
	"time"
)

const (
	codeLife    = 5 * time.Minute     // FACTS 1.1
	accessLife  = time.Hour           // FACTS 1.2
	refreshLife = 90 * 24 * time.Hour // FACTS 1.2
)

// Rotation is what happens to a refresh token that has been used (FACTS 1.3).
type Rotation struct {
	Grace           time.Duration // the spent token still works this long; 0 is strict
	Old401          bool          // 401 invalid_request of 2021 instead of 400 invalid_grant
	LoseAnswers     int           // the next n refreshes rotate, but the answer is lost
	KeepOlderGrants bool          // a new authorisation leaves older grants alive
}

// TokenAnswer varies the answer of the token endpoint (FACTS 1.2, 8.2).
type TokenAnswer struct {
	NoAPIURL bool
	APIURL   string // instead of the stand-in's own: regional, vanity, hostile
}

// code is an authorisation code between consent and exchange.
type code struct {
	user        *User
	redirectURI string
	challenge   string
	method      string
	since       time.Time
	used        bool
}

// grant is one consent of one user. All tokens that descend from it die
// together when it does.
type grant struct {
	user   *User
	scopes []string
	dead   bool
}

type accessToken struct {
	grant   *grant
	expires time.Time
	expired bool // ExpireAccessTokens
	revoked bool // RevokeAccessTokens
}

type refreshToken struct {
	grant   *grant
	expires time.Time
	spent   time.Time // zero while it is the newest
	reused  bool      // it came once more
}

type oauthState struct {
	consents  map[string]*consent
	codes     map[string]*code
	access    map[string]*accessToken
	refresh   map[string]*refreshToken
	grants    []*grant
	rotation  Rotation
	answer    TokenAnswer
	errors    TokenErrors
	declining DeclineForm
	lifetime  time.Duration

	refreshes, refreshAttempts, spentUses, spentTokens, exchanges, revocations int
}

func newOAuthState() oauthState {
	return oauthState{
		consents: map[string]*consent{}, codes: map[string]*code{},
		access: map[string]*accessToken{}, refresh: map[string]*refreshToken{},
		lifetime: accessLife,
	}
}

// mint makes the pair of tokens of a code exchange or a refresh.
func (s *Sim) mint(g *grant) answer {
	now := s.now()
	access := s.newToken("access_token", g.user.ID, now.Add(s.oauth.lifetime))
	refresh := s.newToken("refresh_token", g.user.ID, now.Add(refreshLife))
	s.oauth.access[access] = &accessToken{grant: g, expires: now.Add(s.oauth.lifetime)}
	s.oauth.refresh[refresh] = &refreshToken{grant: g, expires: now.Add(refreshLife)}

	expiresIn := int(s.oauth.lifetime / time.Second)
	if s.oauth.lifetime == accessLife {
		expiresIn-- // Zoom counts from a moment ago: 3599 (FACTS 1.2)
	}
	body := Object{
		{"access_token", access}, {"token_type", "bearer"}, {"refresh_token", refresh},
		{"expires_in", expiresIn}, {"scope", strings.Join(g.scopes, " ")},
	}
	if !s.oauth.answer.NoAPIURL {
		host := s.oauth.answer.APIURL
		if host == "" {
			host = s.url
		}
		body = body.With("api_url", host)
	}
	return jsonAnswer(200, body)
}

// authorise makes a new grant and, as Zoom does, kills the user's older ones
// for this app (FACTS 1.3, error 4741).
func (s *Sim) authorise(user *User) *grant {
	if !s.oauth.rotation.KeepOlderGrants {
		s.killGrants(user)
	}
	g := &grant{user: user, scopes: append([]string(nil), s.app.Scopes...)}
	s.oauth.grants = append(s.oauth.grants, g)
	return g
}

func (s *Sim) killGrants(user *User) {
	for _, g := range s.oauth.grants {
		if g.user == user {
			g.dead = true
		}
	}
}

// SetTokenLifetime is how long access tokens made from now on live.
func (s *Sim) SetTokenLifetime(life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.lifetime = life
}

// SetRotation chooses what happens to used refresh tokens.
func (s *Sim) SetRotation(r Rotation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.rotation = r
}

// SetTokenAnswer varies the token endpoint's answers.
func (s *Sim) SetTokenAnswer(t TokenAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.answer = t
}

// ExpireAccessTokens makes every access token so far answer 401/124
// "Access token is expired."
func (s *Sim) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.oauth.access {
		t.expired = true
	}
}

// RevokeAccessTokens makes every access token so far answer 401/124
// "Invalid access token."; the refresh tokens stay good.
func (s *Sim) RevokeAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.oauth.access {
		t.revoked = true
	}
}

// RevokeGrants ends all grants, as when an admin removes the app.
func (s *Sim) RevokeGrants() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killAllGrants()
}

func (s *Sim) killAllGrants() {
	for _, g := range s.oauth.grants {
		g.dead = true
	}
}

// LiveGrants counts consents that still hold.
func (s *Sim) LiveGrants() int {
	live := 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.oauth.grants {
		if !g.dead {
			live++
		}
	}
	return live
}

// RefreshCount counts refreshes that rotated a token, lost answers included.
func (s *Sim) RefreshCount() int { return s.count(&s.oauth.refreshes) }

// RefreshAttempts counts refresh requests with good client credentials.
func (s *Sim) RefreshAttempts() int { return s.count(&s.oauth.refreshAttempts) }

// SpentRefreshUses counts uses of a refresh token that had been used before:
// a client with one refresh at a time has none.
func (s *Sim) SpentRefreshUses() int { return s.count(&s.oauth.spentUses) }

// SpentRefreshTokens counts the tokens of these uses: one that is lost is used
// until somebody connects again.
func (s *Sim) SpentRefreshTokens() int { return s.count(&s.oauth.spentTokens) }

// CodeExchanges counts codes that were turned into tokens.
func (s *Sim) CodeExchanges() int { return s.count(&s.oauth.exchanges) }

// Revocations counts tokens that clients revoked at /oauth/revoke.
func (s *Sim) Revocations() int { return s.count(&s.oauth.revocations) }

func (s *Sim) count(counter *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *counter
}
