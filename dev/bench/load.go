package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zoomdev/zoomsim"
)

// request is one to the server, by its path.
type request struct {
	method, path, token string
	signed              bool // as Zoom does
	body                []byte
	want                int   // status
	length              int64 // of the answer, when it matters
}

func (w *world) open(r *request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequest(r.method, w.host.URL+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.signed {
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		req.Header.Set("X-Zm-Request-Timestamp", stamp)
		req.Header.Set("X-Zm-Signature", zoomsim.Sign(w.zoom.App().SecretToken, stamp, r.body))
	}
	answer, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != r.want {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		answer.Body.Close()
		return nil, fmt.Errorf("%s %s: status %d instead of %d: %s", r.method, r.path, answer.StatusCode, r.want, text)
	}
	return answer, nil
}

// send is one exchange, and how long it took.
func (w *world) send(r *request) (time.Duration, error) {
	began := time.Now()
	answer, err := w.open(r)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if err == nil && r.length > 0 && n != r.length {
		err = fmt.Errorf("%s: %d bytes instead of %d", r.path, n, r.length)
	}
	return time.Since(began), err
}

// read is the answer's kind and text, without a line end.
func (w *world) read(r *request) (string, error) {
	answer, err := w.open(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.Header.Get("Content-Type") + " " + strings.TrimRight(string(text), "\n"), err
}

func (w *world) redirect(r *request) (string, error) {
	answer, err := w.open(r)
	if err != nil {
		return "", err
	}
	answer.Body.Close()
	return answer.Header.Get("Location"), nil
}

// sample is what one side needed in one round.
type sample struct {
	cpu       time.Duration // of the plugin, per request
	waits     float64       // of its threads, per request
	host      time.Duration // of the server, per request
	p50, p99  time.Duration
	perSecond float64
}

// drive sends n requests by so many workers, each the next when the last has
// been answered, and measures what that costs.
func (w *world) drive(s *side, next func() *request, n, workers int) (sample, error) {
	pid, err := w.pid(s)
	if err != nil {
		return sample{}, err
	}
	before, errBefore := usageOf(pid)
	hostBefore, errHost := cpuTime(w.host.PID())
	began := time.Now()
	took, err := w.all(next, n, workers)
	wall := time.Since(began)
	after, errAfter := usageOf(pid)
	hostAfter, errHostAfter := cpuTime(w.host.PID())
	if err = errors.Join(err, errBefore, errHost, errAfter, errHostAfter); err != nil {
		return sample{}, err
	}
	slices.Sort(took)
	return sample{
		cpu: (after.cpu - before.cpu) / time.Duration(n), waits: float64(after.waits-before.waits) / float64(n),
		host: (hostAfter - hostBefore) / time.Duration(n),
		p50:  took[n/2], p99: took[n*99/100], perSecond: float64(n) / wall.Seconds(),
	}, nil
}

func (w *world) all(next func() *request, n, workers int) ([]time.Duration, error) {
	took := make([]time.Duration, n)
	var at atomic.Int64
	var group sync.WaitGroup
	var once sync.Once
	var failed error
	for range workers {
		group.Go(func() {
			for {
				i := int(at.Add(1)) - 1
				if i >= n {
					return
				}
				var err error
				if took[i], err = w.send(next()); err != nil {
					once.Do(func() { failed = err })
					at.Store(int64(n))
					return
				}
			}
		})
	}
	group.Wait()
	return took, failed
}
