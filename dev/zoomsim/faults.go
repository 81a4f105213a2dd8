package zoomsim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with a request. With a Status it replaces the
// answer; with only a Delay the request is slow but otherwise normal.
type Fault struct {
	Status    int
	Body      string // JSON unless HTML
	HTML      bool
	Headers   map[string]string
	Delay     time.Duration
	Times     int           // how many requests; 0 is one
	CloseConn bool          // the connection closes without an answer
	Reset     bool          // the connection is reset without an answer
	Truncate  bool          // the headers promise the whole body, half of it arrives
	After     bool          // the request is carried out first: only its answer suffers
	BodyHas   string        // only requests whose body contains this
	Pad       int           // so many blanks follow the body
	Drip      time.Duration // between any two bytes of the body
}

type pendingFault struct {
	method, prefix string
	fault          Fault
	left           int
}

// Fail orders a fault for the next matching requests. match is "METHOD
// path-prefix" as the client sends the path; the method * matches all. Faults
// with the same match are used up one after the other. A match without both
// words is a mistake in the test and panics, as in http.ServeMux.
func (s *Sim) Fail(match string, fault Fault) {
	method, prefix, found := strings.Cut(match, " ")
	if !found || !strings.HasPrefix(prefix, "/") {
		panic("zoomsim: Fail wants \"METHOD /path-prefix\", not " + match)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &pendingFault{method, prefix, fault, max(fault.Times, 1)})
}

// ClearFaults forgets every fault that was not used.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// PendingFaults counts ordered faults that no request has met yet.
func (s *Sim) PendingFaults() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, f := range s.faults {
		total += f.left
	}
	return total
}

func (s *Sim) takeFault(r *request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.method != "*" && f.method != r.Method || !strings.HasPrefix(r.path, f.prefix) ||
			!strings.Contains(string(r.body), f.fault.BodyHas) {
			continue
		}
		if f.left--; f.left == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return f.fault, true
	}
	return Fault{}, false
}

func (s *Sim) answerWithFaults(r *request) answer {
	fault, found := s.takeFault(r)
	if !found {
		return s.dispatch(r)
	}
	if fault.After {
		a := s.dispatch(r)
		if !pause(r.Context(), fault.Delay) {
			return answer{lost: true}
		}
		return fault.apply(a)
	}
	if !pause(r.Context(), fault.Delay) {
		return answer{lost: true} // the client left: nothing happens at all
	}
	if !fault.replaces() && !fault.spoils() {
		return s.dispatch(r)
	}
	if fault.spoils() && !fault.replaces() {
		return fault.apply(s.dispatch(r))
	}
	return fault.apply(answer{})
}

func (f Fault) replaces() bool {
	return f.CloseConn || f.Reset || f.Status != 0 || f.Body != "" || len(f.Headers) > 0
}

// spoils says whether an answer leaves in another way than it should.
func (f Fault) spoils() bool { return f.Truncate || f.Pad > 0 || f.Drip > 0 }

// apply turns the answer that would have been into the one that is.
func (f Fault) apply(a answer) answer {
	if f.CloseConn || f.Reset {
		return answer{lost: true, reset: f.Reset}
	}
	a.pad, a.drip = f.Pad, f.Drip
	if f.replaces() {
		a = f.replace(a)
	}
	if f.Truncate {
		// net/http closes the connection when less arrives than was promised.
		a = a.with("Content-Length", strconv.Itoa(len(a.body)))
		a.body = a.body[:len(a.body)/2]
	}
	return a
}

func (f Fault) replace(a answer) answer {
	status := f.Status
	if status == 0 {
		status = max(a.status, http.StatusOK)
	}
	contentType := "application/json;charset=UTF-8"
	if f.HTML {
		contentType = "text/html;charset=utf-8"
	}
	replaced := answer{status: status, body: []byte(f.Body), pad: a.pad, drip: a.drip}.with("Content-Type", contentType)
	for name, value := range f.Headers {
		replaced = replaced.with(name, value)
	}
	return replaced
}

// HTMLFault is a proxy's error page where JSON was expected (FACTS 8.2).
func HTMLFault(status int) Fault {
	return Fault{Status: status, HTML: true,
		Body: "<html><head><title>" + http.StatusText(status) + "</title></head><body><h1>nginx</h1></body></html>"}
}
