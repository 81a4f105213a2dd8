package zoomsim

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds what a client may send in one request.
const maxBody = 4 << 20

// request is one HTTP request with its body read.
type request struct {
	*http.Request
	path  string // as sent, still escaped
	body  []byte
	query url.Values
	form  url.Values // of the body; nil unless form-encoded
}

// answer is what a handler returns: nothing is written before the faults that
// a test ordered have had their say.
type answer struct {
	status int
	header map[string]string
	body   []byte
	lost   bool          // the work was done, but the answer never arrives
	reset  bool          // and the connection is reset
	pad    int           // blanks after the body
	drip   time.Duration // between any two bytes
}

// sections send a path to its part of the stand-in; the first prefix wins.
var sections = []struct {
	prefix string
	serve  func(*Sim, *request) answer
}{
	{"/v2/", (*Sim).serveAPI},
	{"/oauth/", (*Sim).serveOAuth},
	{"/rec/", (*Sim).serveRecording},
	{"/cmr/", (*Sim).serveRecording},
	{"/", (*Sim).servePage},
}

// ServeHTTP reads, applies faults, answers and logs.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	entry := Request{
		Time: s.now(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		TrackingID: newTrackingID(), Auth: authKind(r.Header.Get("Authorization")),
	}
	w.Header().Set("x-zm-trackingid", entry.TrackingID)

	req, err := readRequest(w, r)
	if err != nil {
		s.finish(w, entry, began, refuseBody(err))
		return
	}
	if entry.Auth == "none" && req.form.Get("client_secret") != "" {
		entry.Auth = "body"
	}
	if isJSON(r.Header.Get("Content-Type")) {
		entry.Body = string(req.body)
	}
	s.finish(w, entry, began, s.answerWithFaults(req))
}

// finish logs first and writes then: a test that has its answer must find the
// request in the log.
func (s *Sim) finish(w http.ResponseWriter, entry Request, began time.Time, a answer) {
	entry.Duration = time.Since(began)
	if !a.lost {
		entry.Status = a.status
	}
	s.logRequest(entry)
	if a.reset {
		resetConn(w)
		return
	}
	if a.lost {
		panic(http.ErrAbortHandler) // closes the connection without a word
	}
	w.Header().Set("Cache-Control", "no-store")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	if err := a.send(s.ctx, w); err != nil {
		s.logf("zoomsim: %s %s: answer not delivered: %v", entry.Method, entry.Path, err)
	}
}

// send writes the body, at once or in drips, and what follows it.
func (a answer) send(ctx context.Context, w http.ResponseWriter) error {
	if a.drip == 0 {
		if _, err := w.Write(a.body); err != nil {
			return err
		}
	} else {
		for i := range a.body {
			if _, err := w.Write(a.body[i : i+1]); err != nil {
				return err
			}
			w.(http.Flusher).Flush()
			if !pause(ctx, a.drip) {
				return ctx.Err()
			}
		}
	}
	blanks := bytes.Repeat([]byte(" "), 1<<16)
	for left := a.pad; left > 0; left -= len(blanks) {
		if _, err := w.Write(blanks[:min(left, len(blanks))]); err != nil {
			return err
		}
	}
	return nil
}

// resetConn closes the connection so that the client gets a reset, not an end.
func resetConn(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func (s *Sim) dispatch(r *request) answer {
	for _, section := range sections {
		if strings.HasPrefix(r.path, section.prefix) {
			return section.serve(s, r)
		}
	}
	return unknownPath()
}

func readRequest(w http.ResponseWriter, r *http.Request) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	req := &request{Request: r, path: r.URL.EscapedPath(), body: body}
	if req.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if req.form, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
	}
	return req, nil
}

func refuseBody(err error) answer {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return apiError(http.StatusRequestEntityTooLarge, 300, "Request Body is too large.")
	}
	return apiError(http.StatusBadRequest, 300, "Bad request: "+err.Error())
}

// jsonAnswer encodes v, which holds only types that can be encoded.
func jsonAnswer(status int, v any) answer {
	body, err := encodeJSON(v)
	if err != nil {
		return jsonAnswer(http.StatusInternalServerError, Object{{"code", 500}, {"message", err.Error()}})
	}
	return answer{
		status: status, body: body,
		header: map[string]string{"Content-Type": "application/json;charset=UTF-8"},
	}
}

func emptyAnswer(status int) answer { return answer{status: status} }

func redirect(status int, target string) answer {
	return answer{status: status, header: map[string]string{"Location": target}}
}

func (a answer) with(name, value string) answer {
	if a.header == nil {
		a.header = map[string]string{}
	}
	a.header[name] = value
	return a
}

// apiError has the form of FACTS 4: {"code":int,"message":string}.
func apiError(status, code int, message string) answer {
	return jsonAnswer(status, Object{{"code", code}, {"message", message}})
}

// unknownPath: code and text are unverified, FACTS has none for it.
func unknownPath() answer {
	return apiError(http.StatusNotFound, 2300, "This API endpoint is not recognized.")
}

func isJSON(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(contentType), "application/json")
}

func authKind(header string) string {
	scheme, _, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "":
		return "none"
	case "basic", "bearer":
		return strings.ToLower(scheme)
	}
	return "other"
}

func bearerToken(r *request) (string, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), found && strings.EqualFold(scheme, "Bearer")
}

func basicCredentials(header string) (id, secret string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	before, after, found := bytes.Cut(raw, []byte(":"))
	return string(before), string(after), found
}
