package zoomsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

var (
	// ErrNoWebhook says that SetWebhook was not called.
	ErrNoWebhook = errors.New("zoomsim: no webhook URL is set")
	// ErrSubscriptionOff says that six validations in a row failed.
	ErrSubscriptionOff = errors.New("zoomsim: the subscription was switched off")
)

const (
	zoomDeadline    = 3 * time.Second  // FACTS 5.1
	patientDeadline = 30 * time.Second // tests on a busy machine; RetryPolicy.Deadline overrides
	maxFailures     = 6                // validations, then the subscription is off (FACTS 5.3)
	deliveryLogSize = 1000
	maxReply        = 1 << 20
)

// retrySchedule: after the attempt before (FACTS 5.7).
var retrySchedule = []time.Duration{5 * time.Minute, 20 * time.Minute, 60 * time.Minute}

// RetryPolicy is off when zero: one attempt with a patient deadline.
type RetryPolicy struct {
	On       bool
	Scale    float64       // of the schedule; 1 (and 0) is real time, 0.001 a thousandth
	AnyNon2x bool          // retry after 3xx and 4xx too: sources conflict (FACTS 5.7)
	Deadline time.Duration // default Zoom's 3 s when on
}

// Delivery is one attempt to deliver one event.
type Delivery struct {
	Event      string
	URL        string
	Attempt    int // 1 is the first
	Sent       time.Time
	Duration   time.Duration
	Request    []byte
	Status     int // 0: no answer
	Header     http.Header
	Body       string
	Error      string
	TrackingID string
}

// OK says whether Zoom would count it as delivered: any 2xx (FACTS 5.7).
func (d Delivery) OK() bool { return d.Status/100 == 2 }

type webhookState struct {
	url      string
	deauth   string // the deauthorisation endpoint; it is no subscription
	client   *http.Client
	own      *http.Client // for SetWebhook(url, nil)
	retry    RetryPolicy
	failures int // validations that failed in a row
	log      []Delivery
}

func newWebhookState() webhookState {
	return webhookState{own: &http.Client{Transport: &http.Transport{}}}
}

// SetWebhook sets the endpoint with its ?secret=, and switches a subscription
// on again. A nil client trusts the system's certificates.
func (s *Sim) SetWebhook(url string, client *http.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.url, s.hooks.client, s.hooks.failures = url, client, 0
}

// SetDeauthorization sets the app's deauthorisation endpoint with its ?secret=
// (FACTS 5.6). Deliveries use the client of SetWebhook.
func (s *Sim) SetDeauthorization(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.deauth = url
}

// SetRetries sets the retry policy.
func (s *Sim) SetRetries(policy RetryPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.retry = policy
}

// Deliveries lists the newest attempts, oldest first.
func (s *Sim) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hooks.log)
}

// Sign is x-zm-signature for a body (FACTS 5.2).
func Sign(secret, timestamp string, body []byte) string {
	return "v0=" + hexHMAC(secret, append([]byte("v0:"+timestamp+":"), body...))
}

func hexHMAC(secret string, text []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// parcel is an event made ready: what an attempt needs without the lock.
type parcel struct {
	event    Event
	url      string
	body     []byte
	secret   string
	clientID string
	client   *http.Client
	policy   RetryPolicy
}

// Deliver sends an event and returns the first attempt's outcome; later
// attempts and further copies are in Deliveries. The error says that nothing
// could be sent or no answer came; any answer at all is not an error.
func (s *Sim) Deliver(ev Event) (Delivery, error) {
	p, err := s.pack(ev)
	if err != nil {
		return Delivery{}, err
	}
	if !pause(s.ctx, ev.Delay) {
		return Delivery{}, s.ctx.Err()
	}
	results := make([]Delivery, max(ev.Copies, 1))
	errs := make([]error, len(results))
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i], errs[i] = s.attempt(p, 1) })
	}
	wg.Wait()
	if !p.event.NoRetries && p.policy.again(results[0]) {
		s.mu.Lock()
		s.background(func() { s.retry(p) })
		s.mu.Unlock()
	}
	return results[0], errs[0]
}

// notify delivers an event of the stand-in's own making, if anybody listens.
func (s *Sim) notify(ev Event) (Delivery, error) {
	d, err := s.Deliver(ev)
	if errors.Is(err, ErrNoWebhook) {
		return Delivery{}, nil
	}
	return d, err
}

// notifyLogged is notify where nobody waits for the outcome.
func (s *Sim) notifyLogged(ev Event) {
	if _, err := s.notify(ev); err != nil {
		s.logf("zoomsim: %s: %v", ev.Name, err)
	}
}

func (s *Sim) pack(ev Event) (parcel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := parcel{event: ev, url: ev.URL, secret: ev.Secret, clientID: s.app.ClientID,
		client: s.hooks.client, policy: s.hooks.retry}
	if p.url == "" {
		p.url = s.hooks.url
	}
	if p.secret == "" {
		p.secret = s.app.SecretToken
	}
	if p.client == nil {
		p.client = s.hooks.own
	}
	var err error
	switch {
	case p.url == "":
		return p, ErrNoWebhook
	case ev.URL == "" && s.hooks.failures >= maxFailures:
		return p, ErrSubscriptionOff
	}
	p.body, err = ev.body(s.accountID, s.now())
	return p, err
}

// attempt sends once. Each attempt is signed anew: a retry after an hour
// would be outside every receiver's window otherwise (FACTS is silent).
func (s *Sim) attempt(p parcel, number int) (Delivery, error) {
	ctx, cancel := context.WithTimeout(s.ctx, p.policy.deadline())
	defer cancel()
	d := Delivery{
		Event: p.event.Name, URL: p.url, Attempt: number, Sent: s.now(), Request: p.body,
		TrackingID: newTrackingID(),
	}
	req, err := s.hookRequest(ctx, p, d.TrackingID)
	if err != nil {
		return d, err
	}
	client := *p.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	began := time.Now()
	err = d.exchange(&client, req)
	d.Duration = time.Since(began)
	if err != nil {
		d.Error = err.Error()
	}
	s.recordDelivery(d)
	return d, err
}

func (d *Delivery) exchange(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("zoomsim: deliver %s: %w", d.Event, err)
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("zoomsim: deliver %s: %w", d.Event, err)
	}
	d.Status, d.Header, d.Body = resp.StatusCode, resp.Header, string(reply)
	return nil
}

// hookRequest sets the headers of FACTS 5.1, in lower case as Zoom sends
// them; User-Agent alone keeps Go's spelling, or Go would add its own.
func (s *Sim) hookRequest(ctx context.Context, p parcel, trackingID string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return nil, fmt.Errorf("zoomsim: deliver %s: %w", p.event.Name, err)
	}
	at := s.now().Add(p.event.Offset)
	timestamp := strconv.FormatInt(at.Unix(), 10)
	if p.event.Millis {
		timestamp = strconv.FormatInt(at.UnixMilli(), 10)
	}
	secret := p.secret
	if p.event.Sign == SignWrong {
		secret += "-wrong"
	}
	headers := map[string]string{
		"content-type":           "application/json; charset=utf-8",
		"User-Agent":             "Zoom Marketplace/1.0a",
		"clientid":               p.clientID,
		"x-zm-request-timestamp": timestamp,
		"x-zm-signature":         Sign(secret, timestamp, p.body),
		"x-zm-trackingid":        trackingID,
	}
	if p.event.Sign == SignMissing {
		delete(headers, "x-zm-signature")
	}
	for name, value := range p.event.Header {
		headers[name] = value // "" takes a header away
	}
	for name, value := range headers {
		if value != "" {
			req.Header[name] = []string{value}
		}
	}
	return req, nil
}

func (s *Sim) recordDelivery(d Delivery) {
	s.mu.Lock()
	if len(s.hooks.log) == deliveryLogSize {
		s.hooks.log = slices.Delete(s.hooks.log, 0, deliveryLogSize/10)
	}
	s.hooks.log = append(s.hooks.log, d)
	s.mu.Unlock()
	s.logf("zoomsim: webhook %s attempt %d: %d %s %s", d.Event, d.Attempt, d.Status,
		d.Duration.Round(time.Microsecond), d.Error)
}

func (p RetryPolicy) deadline() time.Duration {
	switch {
	case p.Deadline > 0:
		return p.Deadline
	case p.On:
		return zoomDeadline
	}
	return patientDeadline
}

// again: only after 5xx, time-outs and network errors, or after everything
// that is not 2xx, whichever source one believes (FACTS 5.7).
func (p RetryPolicy) again(d Delivery) bool {
	return p.On && !d.OK() && (p.AnyNon2x || d.Status == 0 || d.Status >= 500)
}

func (s *Sim) retry(p parcel) {
	scale := p.policy.Scale
	if scale == 0 {
		scale = 1
	}
	for i, wait := range retrySchedule {
		if !pause(s.ctx, time.Duration(float64(wait)*scale)) {
			return
		}
		d, err := s.attempt(p, i+2)
		if err != nil {
			s.logf("zoomsim: %v", err)
		}
		if !p.policy.again(d) {
			return
		}
	}
	s.logf("zoomsim: %s is lost after %d attempts", p.event.Name, len(retrySchedule)+1)
}

// ChallengeEvent is endpoint.url_validation with a token of the caller's
// choice: also one that asks for a signature of a forged event (FACTS 5.3).
func (s *Sim) ChallengeEvent(plainToken any) (Event, error) {
	raw, err := encodeJSON(Object{
		{"payload", Object{{"plainToken", plainToken}}},
		{"event_ts", s.now().UnixMilli()},
		{"event", "endpoint.url_validation"},
	})
	return Event{Name: "endpoint.url_validation", Raw: raw, NoRetries: true}, err
}

// ValidateURL sends a challenge and checks the answer: 200 within 3 s with
// both tokens. Six failures in a row switch the subscription off (FACTS 5.3).
func (s *Sim) ValidateURL() (Delivery, error) {
	token := randomText(22)
	ev, err := s.ChallengeEvent(token)
	if err != nil {
		return Delivery{}, err
	}
	d, err := s.Deliver(ev)
	if errors.Is(err, ErrNoWebhook) || errors.Is(err, ErrSubscriptionOff) {
		return d, err
	}
	secret := s.App().SecretToken
	err = errors.Join(err, checkChallenge(d, token, hexHMAC(secret, []byte(token))))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks.failures++; err == nil {
		s.hooks.failures = 0
	}
	return d, err
}

func checkChallenge(d Delivery, token, encrypted string) error {
	var reply map[string]any // a struct would accept the names in any case
	switch {
	case d.Status != http.StatusOK:
		return fmt.Errorf("zoomsim: url validation: status %d, want 200", d.Status)
	case d.Duration > zoomDeadline:
		return fmt.Errorf("zoomsim: url validation: answer after %s", d.Duration)
	}
	if err := json.Unmarshal([]byte(d.Body), &reply); err != nil {
		return fmt.Errorf("zoomsim: url validation: %w", err)
	}
	if reply["plainToken"] != token || reply["encryptedToken"] != encrypted {
		return fmt.Errorf("zoomsim: url validation: wrong answer %s", d.Body)
	}
	return nil
}

// Revalidate repeats ValidateURL at this interval until Close; Zoom's is 72
// hours (FACTS 5.3).
func (s *Sim) Revalidate(every time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.loops.Go(func() {
		for pause(s.ctx, every) {
			if _, err := s.ValidateURL(); err != nil {
				s.logf("zoomsim: %v", err)
			}
		}
	})
}
