// Package zoomsim is a stand-in for the Zoom cloud: OAuth, the part of the
// REST API that Zoom for Mattermost calls, signed webhooks, and pages a person
// can click. It is strict where Zoom is strict, so that a client that works
// against it has a fair chance against the real thing. Everything listens on
// loopback only. "FACTS n.n" in comments names the section of the project's
// collected facts about Zoom that a behaviour comes from.
package zoomsim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// App is what a developer sets for an app in Zoom's portal.
type App struct {
	ClientID     string
	ClientSecret string
	SecretToken  string // signs webhooks
	Name         string
	RedirectURIs []string // allow list, compared exactly (FACTS 1.1, strict mode)
	AccountLevel bool     // admin-managed; otherwise every user authorises alone (FACTS 1.7)
	Scopes       []string // default: what Mattermost's guide asks (FACTS 1.8)

	// PlainHTTPRedirects accepts registered http:// redirect URIs. Zoom
	// refuses them (FACTS 1.1); a local Mattermost has nothing else to offer.
	PlainHTTPRedirects bool
}

// Options of a stand-in. The zero value is usable.
type Options struct {
	Addr      string // loopback only; default 127.0.0.1:0
	Host      string // its name in addresses and certificate; default localhost
	App       App
	AccountID string
	Admin     User // the account's first admin; default Ada Vega <ada@example.com>
	Plan      Plan // rate limits; default PlanBusiness
	Now       func() time.Time
	Logf      func(format string, args ...any)
}

// Sim is one running stand-in. All methods may be called from any goroutine.
type Sim struct {
	now       func() time.Time
	logf      func(string, ...any)
	accountID string
	url       string
	hosts     []string // every host:port that reaches this server
	tls       identity
	client    *http.Client // trusts the stand-in's own CA, follows no redirect
	jwtKey    []byte

	server    *http.Server
	serveDone chan error
	conns     sync.WaitGroup
	loops     sync.WaitGroup // Revalidate
	ctx       context.Context
	cancel    context.CancelFunc

	mu      sync.Mutex
	idle    *sync.Cond // signalled when background falls to zero
	closed  bool
	running int // background deliveries under way
	app     App
	users   []*User
	foreign ForeignForm
	oauth   oauthState
	rooms   meetingState
	limits  limitState
	hooks   webhookState
	files   recordingState
	faults  []*pendingFault
	log     requestLog
	shown   Certificate
}

// Start brings a stand-in up; it serves when Start returns.
func Start(opts Options) (*Sim, error) {
	addr := opts.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if err := checkLoopback(addr); err != nil {
		return nil, err
	}
	if opts.Host == "" {
		opts.Host = "localhost"
	}
	names := append([]string{opts.Host}, loopbackNames...)
	id, err := newIdentity(names)
	if err != nil {
		return nil, fmt.Errorf("zoomsim: certificates: %w", err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("zoomsim: %w", err)
	}
	s := newSim(opts, id, names, listener.Addr().(*net.TCPAddr).Port)
	if _, err := s.AddUser(adminOf(opts)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.serve(listener)
	return s, nil
}

func newSim(opts Options, id identity, names []string, port int) *Sim {
	s := &Sim{
		now: opts.Now, logf: opts.Logf, tls: id,
		accountID: opts.AccountID,
		url:       "https://" + net.JoinHostPort(opts.Host, strconv.Itoa(port)),
		jwtKey:    randomBytes(64),
		serveDone: make(chan error, 1),
		app:       completeApp(opts.App),
	}
	for _, host := range names {
		s.hosts = append(s.hosts, net.JoinHostPort(host, fmt.Sprint(port)))
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logf == nil {
		s.logf = func(string, ...any) {}
	}
	if s.accountID == "" {
		s.accountID = newUserID()
	}
	s.idle = sync.NewCond(&s.mu)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.pool, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
	s.oauth = newOAuthState()
	s.rooms = newMeetingState()
	s.limits = limitState{plan: opts.Plan, hostQuota: hostDailyQuota}
	s.hooks = newWebhookState()
	s.files = newRecordingState()
	return s
}

// completeApp fills what the caller left open, as Zoom's portal would.
func completeApp(app App) App {
	for _, field := range []struct {
		value *string
		size  int
	}{{&app.ClientID, 16}, {&app.ClientSecret, 24}, {&app.SecretToken, 16}} {
		if *field.value == "" {
			*field.value = randomText(field.size)
		}
	}
	if app.Name == "" {
		app.Name = "Mattermost"
	}
	if app.Scopes == nil {
		app.Scopes = guideScopes(app.AccountLevel)
	}
	app.Scopes = slices.Clone(app.Scopes)
	app.RedirectURIs = slices.Clone(app.RedirectURIs)
	return app
}

func adminOf(opts Options) User {
	admin := opts.Admin
	if admin.Email == "" {
		admin.Email, admin.FirstName, admin.LastName = "ada@example.com", "Ada", "Vega"
	}
	admin.Admin = true
	return admin
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("zoomsim: address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("zoomsim: %q is not a loopback address", addr)
	}
	return nil
}

func (s *Sim) serve(listener net.Listener) {
	s.server = &http.Server{
		Handler:           s,
		TLSConfig:         s.tlsConfig(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ErrorLog:          logWriter(s.logf),
		// HTTP/1.1 only: a fault that cuts the connection must cut the
		// connection, not one stream of it.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			}
		},
	}
	go func() { s.serveDone <- s.server.ServeTLS(listener, "", "") }()
}

// Close stops the server, cancels deliveries and waits for all of them.
func (s *Sim) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()

	s.cancel()
	err := s.server.Close()
	if served := <-s.serveDone; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.conns.Wait()
	s.loops.Wait()
	s.Flush()
	s.client.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.own.CloseIdleConnections()
	return err
}

// Flush waits until no delivery or retry is under way in the background.
func (s *Sim) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running > 0 {
		s.idle.Wait()
	}
}

// background runs work that Close and Flush wait for. The caller holds s.mu.
func (s *Sim) background(work func()) {
	if s.closed {
		return
	}
	s.running++
	go func() {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.running--; s.running == 0 {
				s.idle.Broadcast()
			}
		}()
		work()
	}()
}

// pause sleeps for d, or less when the stand-in closes or ctx ends; it says
// whether the whole time passed.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// URL is what an admin would set as ZoomURL.
func (s *Sim) URL() string { return s.url }

// APIURL is what an admin would set as ZoomAPIURL.
func (s *Sim) APIURL() string { return s.url + "/v2" }

// CAPEM is the certificate that clients must trust.
func (s *Sim) CAPEM() []byte { return slices.Clone(s.tls.caPEM) }

// Client trusts the stand-in's certificate and does not follow redirects.
func (s *Sim) Client() *http.Client { return s.client }

// AccountID is the Zoom account that every user but the foreign ones is in.
func (s *Sim) AccountID() string { return s.accountID }

// App returns the app with everything that was filled in.
func (s *Sim) App() App {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.app
	app.Scopes = slices.Clone(app.Scopes)
	app.RedirectURIs = slices.Clone(app.RedirectURIs)
	return app
}

// UpdateApp changes the app's settings, as its developer would in the portal.
// Scopes added here need a new consent: old tokens do not gain them (FACTS 1.8).
func (s *Sim) UpdateApp(change func(*App)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.app)
}

// local says whether a URL points at this stand-in.
func (s *Sim) local(host string) bool {
	return slices.Contains(s.hosts, strings.ToLower(host))
}
