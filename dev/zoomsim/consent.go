package zoomsim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DeclineForm is what the browser brings back after Decline; FACTS 1.1 found
// no source, so both are possible.
type DeclineForm int

const (
	DeclineError   DeclineForm = iota // redirect with error=access_denied and the state
	DeclineNothing                    // a page at Zoom; nothing comes back
)

// SetDecline chooses what a declined consent does.
func (s *Sim) SetDecline(form DeclineForm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.declining = form
}

// consentLife is how long an open consent page can still be answered.
const consentLife = 15 * time.Minute

// consent is an authorize request whose page is open in a browser.
type consent struct {
	code    code // without a user yet
	state   string
	stateOK bool // the request had a state; a missing one is passed as missing
	opened  time.Time
}

// showConsent checks the authorize request and shows who asks for what. Every
// query it does not know is ignored, scope and access_type too (FACTS 1.1).
func (s *Sim) showConsent(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal, ok := s.checkAuthorize(r); !ok {
		return refusal
	}
	return s.openConsent(consent{
		code: code{
			redirectURI: r.query.Get("redirect_uri"),
			challenge:   r.query.Get("code_challenge"),
			method:      r.query.Get("code_challenge_method"),
		},
		state: r.query.Get("state"), stateOK: r.query.Has("state"),
	}, "consent")
}

func (s *Sim) checkAuthorize(r *request) (answer, bool) {
	method := r.query.Get("code_challenge_method")
	switch {
	case r.query.Get("client_id") != s.app.ClientID:
		return s.problem(http.StatusBadRequest, "Invalid client_id", "Invalid client_id (4,702)", nil), false
	case !s.redirectAllowed(r.query.Get("redirect_uri")):
		return s.badRedirect(r.query.Get("redirect_uri")), false
	case r.query.Get("response_type") != "code":
		return s.problem(http.StatusBadRequest, "Unsupported response type", "response_type must be code.", nil), false
	case method != "" && method != "plain" && method != "S256":
		return s.problem(http.StatusBadRequest, "Unsupported challenge", "code_challenge_method must be S256 or plain.", nil), false
	}
	return answer{}, true
}

// redirectAllowed: on the allow list, exactly, and https; plain http on this
// machine has been refused since 2026 (FACTS 1.1).
func (s *Sim) redirectAllowed(uri string) bool {
	if !slices.Contains(s.app.RedirectURIs, uri) {
		return false
	}
	if strings.HasPrefix(uri, "https://") {
		return true
	}
	if !s.app.PlainHTTPRedirects {
		s.logf("zoomsim: %s is registered but not https; App.PlainHTTPRedirects would accept it", uri)
	}
	return s.app.PlainHTTPRedirects && strings.HasPrefix(uri, "http://")
}

// badRedirect never redirects: it shows the text and the JSON of FACTS 1.1.
func (s *Sim) badRedirect(uri string) answer {
	return s.problem(http.StatusBadRequest, "Invalid redirect", fmt.Sprintf("Invalid redirect: %s (4,700)", uri),
		Object{{"status", false}, {"errorCode", 4700}, {"errorMessage", "Invalid redirect url"}, {"result", nil}})
}

func (s *Sim) openConsent(c consent, page string) answer {
	now := s.now()
	for id, open := range s.oauth.consents {
		if now.Sub(open.opened) >= consentLife {
			delete(s.oauth.consents, id)
		}
	}
	id := randomText(32)
	c.opened = now
	s.oauth.consents[id] = &c

	target, err := url.Parse(c.code.redirectURI)
	if err != nil {
		return s.badRedirect(c.code.redirectURI)
	}
	return s.page(http.StatusOK, page, consentPage{
		App: s.app, AccountID: s.accountID, Request: id, Users: s.consenters(), Scopes: s.app.Scopes,
	}, target.Scheme+"://"+target.Host)
}

// consenters are the users who can sign in here: a development app is for its
// own account only (FACTS 1.7). The admin comes first and is preselected.
func (s *Sim) consenters() []*User {
	var users []*User
	for _, u := range s.users {
		if u.Status == StatusActive && !u.Foreign {
			users = append(users, u)
		}
	}
	return users
}

// takeConsent is the form's answer. An open page works once.
func (s *Sim) takeConsent(r *request) answer {
	if refusal, ok := s.sameOrigin(r); !ok {
		return refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.oauth.consents[r.form.Get("request")]
	delete(s.oauth.consents, r.form.Get("request"))
	if open == nil || s.now().Sub(open.opened) >= consentLife {
		return s.problem(http.StatusBadRequest, "Page expired", "This page was used or is too old. Start again.", nil)
	}
	if r.form.Get("action") != "allow" {
		return s.declined(open)
	}
	user := s.findUser(r.form.Get("user"))
	if user == nil || !slices.Contains(s.consenters(), user) {
		return s.problem(http.StatusForbidden, "Not in this account",
			"An app in development can be authorised only inside the developer's own account.", nil)
	}
	if s.app.AccountLevel && !user.Admin {
		return s.problem(http.StatusForbidden, "An admin is needed",
			"This app is admin-managed: an admin of the account has to authorise it.", nil)
	}
	granted := open.code
	granted.user, granted.since = user, s.now()
	text := randomText(40)
	s.oauth.codes[text] = &granted
	return redirect(http.StatusFound, withQuery(granted.redirectURI, "code", text, open))
}

func (s *Sim) declined(open *consent) answer {
	if s.oauth.declining == DeclineNothing {
		return s.problem(http.StatusOK, "Declined", "You declined. You can close this page.", nil)
	}
	return redirect(http.StatusFound, withQuery(open.code.redirectURI, "error", "access_denied", open))
}

// withQuery adds name=value and then, unchanged, the state if there was one.
func withQuery(uri, name, value string, open *consent) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	target := uri + separator + name + "=" + url.QueryEscape(value)
	if open.stateOK {
		target += "&state=" + url.QueryEscape(open.state)
	}
	return target
}

// showInstall is the portal's "Add app": it ends at the first redirect URI
// with a code and without a state of ours (FACTS 1.1, last point).
func (s *Sim) showInstall(*request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.app.RedirectURIs) == 0 || !s.redirectAllowed(s.app.RedirectURIs[0]) {
		return s.badRedirect(strings.Join(s.app.RedirectURIs, " "))
	}
	return s.openConsent(consent{code: code{redirectURI: s.app.RedirectURIs[0]}}, "install")
}

// Consent does what a person's browser does with an authorize URL: opens the
// page, picks the user, presses Allow. It returns where Zoom sends the
// browser; nothing is fetched from there.
func (s *Sim) Consent(authorizeURL, userEmail string) (string, error) {
	return s.press(authorizeURL, userEmail, "allow")
}

// Decline is Consent with the other button. With DeclineNothing the returned
// URL is empty.
func (s *Sim) Decline(authorizeURL, userEmail string) (string, error) {
	return s.press(authorizeURL, userEmail, "decline")
}

// Install presses the portal's install button.
func (s *Sim) Install(userEmail string) (string, error) {
	return s.press(s.url+"/install", userEmail, "allow")
}

var hiddenRequest = regexp.MustCompile(`name="request" value="([A-Za-z0-9]+)"`)

func (s *Sim) press(pageURL, userEmail, action string) (string, error) {
	target, err := url.Parse(pageURL)
	if err != nil {
		return "", fmt.Errorf("zoomsim: consent: %w", err)
	}
	if target.Scheme != "https" || !s.local(target.Host) {
		return "", fmt.Errorf("zoomsim: consent: %s is not a page of this stand-in", pageURL)
	}
	status, _, page, err := s.browse(s.client.Get(pageURL))
	if err != nil {
		return "", err
	}
	hidden := hiddenRequest.FindStringSubmatch(page)
	if status != http.StatusOK || hidden == nil {
		return "", fmt.Errorf("zoomsim: consent: no consent page but %d: %s", status, page)
	}
	status, location, page, err := s.browse(s.client.PostForm(s.url+"/oauth/authorize", url.Values{
		"request": {hidden[1]}, "user": {userEmail}, "action": {action},
	}))
	switch {
	case err != nil:
		return "", err
	case status == http.StatusFound:
		return location, nil
	case status == http.StatusOK && action == "decline":
		return "", nil
	}
	return "", fmt.Errorf("zoomsim: consent refused with %d: %s", status, page)
}

func (s *Sim) browse(r *http.Response, err error) (status int, location, page string, _ error) {
	if err != nil {
		return 0, "", "", fmt.Errorf("zoomsim: consent: %w", err)
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return 0, "", "", fmt.Errorf("zoomsim: consent: %w", err)
	}
	return r.StatusCode, r.Header.Get("Location"), string(body), nil
}
