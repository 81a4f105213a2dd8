package zoomsim

import (
	"slices"
	"strings"
	"time"
)

// logSize bounds the request log of a stand-in that runs for days.
const logSize = 10_000

// Request is one entry of the log.
type Request struct {
	Time       time.Time
	Duration   time.Duration
	Method     string
	Path       string // as sent, still escaped
	Query      string
	Status     int    // 0: the answer never left
	Auth       string // none, basic, bearer, body, other
	Body       string // of JSON requests only: forms hold secrets
	TrackingID string
}

type requestLog struct {
	entries []Request
	total   int
}

func (s *Sim) logRequest(entry Request) {
	s.mu.Lock()
	if len(s.log.entries) == logSize {
		s.log.entries = slices.Delete(s.log.entries, 0, logSize/10)
	}
	s.log.entries = append(s.log.entries, entry)
	s.log.total++
	s.mu.Unlock()
	s.logf("zoomsim: %s %s %d %s auth=%s %s", entry.Method, entry.Path, entry.Status,
		entry.Duration.Round(time.Microsecond), entry.Auth, entry.TrackingID)
}

// Requests returns the newest 10,000 requests, oldest first.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.entries)
}

// Count says how many of the logged requests match "METHOD path-prefix".
func (s *Sim) Count(match string) int {
	method, prefix, _ := strings.Cut(match, " ")
	count := 0
	for _, r := range s.Requests() {
		if (method == "*" || r.Method == method) && strings.HasPrefix(r.Path, prefix) {
			count++
		}
	}
	return count
}

// ForgetRequests empties the log.
func (s *Sim) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = requestLog{}
}
