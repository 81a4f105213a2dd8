package newest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// sizes of bodies: nothing, little, a piece, above a window, large.
var sizes = []int{0, 1, 65536, 300000, 5 << 20}

// pattern is what the plugin's sources give.
func pattern(size int) []byte {
	text := make([]byte, size)
	for i := range text {
		text[i] = byte(i*7 + i/256)
	}
	return text
}

// ---- into the plugin -----------------------------------------------------------

// Goal: a request and its context arrive in C with all that they hold.
func TestMirrorServesHTTP(t *testing.T) {
	m := newMirror(t)
	request := httptest.NewRequest("PATCH", "/request/a%20b?x=1&x=2", strings.NewReader("body"))
	request.Header.Set("Mattermost-User-Id", "someone")
	request.Header["X-Many"] = []string{"one", "", "three"}
	request.Host, request.RemoteAddr = "example.com:8065", "127.0.0.1:4711"
	context := callContext()
	recorder := httptest.NewRecorder()
	m.hooks().ServeHTTP(context, recorder, request)
	if recorder.Code != http.StatusNoContent {
		t.Fatalf("%d %s", recorder.Code, recorder.Body)
	}
	type args struct {
		Request *plugin.HTTPRequestSubset
		Context *plugin.Context
	}
	want := args{&plugin.HTTPRequestSubset{
		Method: request.Method, URL: request.URL, Proto: request.Proto, ProtoMajor: request.ProtoMajor,
		ProtoMinor: request.ProtoMinor, Header: request.Header, Host: request.Host, RemoteAddr: request.RemoteAddr,
		RequestURI: request.RequestURI,
	}, context}
	got := decoded(t, m.api.take("hook/ServeHTTP"), reflect.TypeFor[args]())
	same(t, "ServeHTTP", got, normal(t, reflect.ValueOf(want)))

	for _, size := range sizes {
		body := random(size)
		answer := m.request(nil, "POST", "/echo", bytes.NewReader(body))
		if answer.Code != http.StatusOK || !bytes.Equal(answer.Body.Bytes(), body) {
			t.Errorf("%d bytes: %d, %d bytes", size, answer.Code, answer.Body.Len())
		}
	}
}

// Goal: the metrics port is served like any request.
func TestMirrorServesMetrics(t *testing.T) {
	m := newMirror(t)
	for _, size := range sizes {
		body := random(size)
		recorder := httptest.NewRecorder()
		m.hooks().ServeMetrics(callContext(), recorder, httptest.NewRequest("POST", "/metrics", bytes.NewReader(body)))
		if recorder.Code != http.StatusOK || recorder.Header().Get("X-Path") != "/metrics" || !bytes.Equal(recorder.Body.Bytes(), body) {
			t.Errorf("%d bytes: %d, %v, %d bytes", size, recorder.Code, recorder.Header(), recorder.Body.Len())
		}
	}
}

// upload has the plugin look at a file; what it does is in the file's name.
func (m *mirror) upload(name string, file io.Reader, reply model.FileInfo, why string) (*model.FileInfo, string, []byte) {
	m.Helper()
	answer := plugin.Z_FileWillBeUploadedReturns{A: &reply, B: why}
	m.api.put("reply/FileWillBeUploaded", encode(m, reflect.ValueOf(answer)))
	context := callContext()
	info := fill(reflect.TypeFor[model.FileInfo](), plain, 1).Interface().(model.FileInfo)
	info.Name = name
	sent := normal(m, reflect.ValueOf(info))
	var output bytes.Buffer
	got, refused := m.hooks().FileWillBeUploaded(context, &info, file, &output)
	handed := decoded(m, m.api.take("hook/FileWillBeUploaded"), reflect.TypeFor[plugin.Z_FileWillBeUploadedArgs]()).Interface().(plugin.Z_FileWillBeUploadedArgs)
	same(m, "context", reflect.ValueOf(handed.A), reflect.ValueOf(context))
	same(m, "info", reflect.ValueOf(*handed.B), sent)
	return got, refused, output.Bytes()
}

// Goal: files of all sizes are read and replaced, or left alone, or refused.
func TestMirrorUploads(t *testing.T) {
	m := newMirror(t)
	for _, size := range sizes {
		file := random(size)
		want := bytes.Clone(file)
		for i := range want {
			want[i] ^= 1
		}
		info, why, output := m.upload("replace", bytes.NewReader(file), model.FileInfo{Name: "other", Size: 42}, "")
		if why != "" || info.Name != "other" || info.Size != 42 || info.Extension == "" || !bytes.Equal(output, want) {
			t.Errorf("replaced %d bytes: %+v %q, %d bytes", size, info, why, len(output))
		}
		for _, name := range []string{"read", "untouched"} {
			info, why, output = m.upload(name, bytes.NewReader(file), model.FileInfo{}, "")
			if why != "" || info.Name != name || len(output) != 0 {
				t.Errorf("%s %d bytes: %+v %q, %d bytes", name, size, info, why, len(output))
			}
		}
		_, why, output = m.upload("refused", bytes.NewReader(file), model.FileInfo{}, "too ugly")
		if why != "too ugly" || len(output) != 0 {
			t.Errorf("refused %d bytes: %q, %d bytes", size, why, len(output))
		}
		_, _, output = m.upload("overwrite", bytes.NewReader(file), model.FileInfo{}, "")
		if string(output) != "short" {
			t.Errorf("overwritten %d bytes: %d bytes", size, len(output))
		}
	}
}

// Goal: a file that breaks off ends like a shorter one, as it does for Go.
func TestMirrorUploadBreaksOff(t *testing.T) {
	m := newMirror(t)
	file := io.MultiReader(bytes.NewReader(make([]byte, 100000)), broken{})
	_, why, output := m.upload("replace", file, model.FileInfo{}, "")
	if why != "" || len(output) != 100000 {
		t.Errorf("%q, %d bytes", why, len(output))
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// ---- out of the plugin -----------------------------------------------------------

// reading is how the server behaves in the three API methods with a source.
type reading struct {
	read func(io.Reader) error
	args []any
	info *model.FileInfo
	made *model.Manifest
}

func (m *mirrorAPI) UploadData(session *model.UploadSession, r io.Reader) (*model.FileInfo, error) {
	m.reading.args = []any{session}
	return m.reading.info, m.reading.read(r)
}

func (m *mirrorAPI) InstallPlugin(r io.Reader, replace bool) (*model.Manifest, *model.AppError) {
	m.reading.args = []any{replace}
	if err := m.reading.read(r); err != nil {
		return nil, err.(*model.AppError)
	}
	return m.reading.made, nil
}

func (m *mirrorAPI) ReceiveSharedChannelAttachmentSyncMsg(remote, channel string, info *model.FileInfo, r io.Reader) (*model.FileInfo, error) {
	m.reading.args = []any{remote, channel, info}
	return m.reading.info, m.reading.read(r)
}

// source is one of them with values in everything.
type source struct {
	method string
	args   any   // the Z_ struct that C is given
	sent   []any // what the server should get of it
	result reflect.Value
}

func (m *mirror) sources() []source {
	session := fill(reflect.TypeFor[*model.UploadSession](), plain, 1).Interface().(*model.UploadSession)
	info := fill(reflect.TypeFor[*model.FileInfo](), plain, 2).Interface().(*model.FileInfo)
	m.api.reading.info = fill(reflect.TypeFor[*model.FileInfo](), plain, 3).Interface().(*model.FileInfo)
	m.api.reading.made = fill(reflect.TypeFor[*model.Manifest](), plain, 4).Interface().(*model.Manifest)
	fileInfo := normal(m, reflect.ValueOf(struct{ A *model.FileInfo }{m.api.reading.info}))
	manifest := normal(m, reflect.ValueOf(struct{ A *model.Manifest }{m.api.reading.made}))
	sent := func(values ...any) []any { return values }
	return []source{
		{"UploadData", plugin.Z_UploadDataArgs{A: session}, sent(session), fileInfo},
		{"InstallPlugin", plugin.Z_InstallPluginArgs{B: true}, sent(true), manifest},
		{"ReceiveSharedChannelAttachmentSyncMsg",
			plugin.Z_ReceiveSharedChannelAttachmentSyncMsgArgs{A: "remote", B: "channel", C: info}, sent("remote", "channel", info), fileInfo},
	}
}

func (m *mirror) callSource(s source, query string, read func(io.Reader) error) ([]byte, callError) {
	m.Helper()
	m.api.reading.args = nil
	m.api.reading.read = read
	return m.call("stream", s.method, encode(m, reflect.ValueOf(s.args)), query)
}

// Goal: what C's source gives is what the server reads, whatever the size and
// however the server reads it.
func TestMirrorSources(t *testing.T) {
	m := newMirror(t)
	for _, s := range m.sources() {
		for _, size := range sizes {
			for _, piece := range []int{700, 32 << 10, 1 << 20} {
				if piece == 700 && size > 300000 {
					continue
				}
				var got []byte
				answer, fault := m.callSource(s, fmt.Sprint("size=", size), func(r io.Reader) error {
					var all bytes.Buffer
					_, err := io.CopyBuffer(struct{ io.Writer }{&all}, r, make([]byte, piece))
					got = all.Bytes()
					return err
				})
				if fault.text != "" || !bytes.Equal(got, pattern(size)) {
					t.Errorf("%s of %d bytes in pieces of %d: %+v, %d bytes", s.method, size, piece, fault, len(got))
				}
				for i, arg := range m.api.reading.args {
					same(t, s.method+" arguments", reflect.ValueOf(arg), normal(t, reflect.ValueOf(s.sent[i])))
				}
				same(t, s.method+" results", decoded(t, answer, s.result.Type()), s.result)
			}
		}
	}
}

// Goal: a source that fails fails the call, whatever the server makes of it.
func TestMirrorSourceFails(t *testing.T) {
	m := newMirror(t)
	for _, s := range m.sources() {
		for _, at := range []int{0, 1, 100000} {
			var got int64
			_, fault := m.callSource(s, fmt.Sprintf("size=5000000&fail=%d", at), func(r io.Reader) (err error) {
				got, err = io.Copy(io.Discard, r)
				return err
			})
			if fault.text != "the disk is gone" || fault.code != "input/output error" || got != int64(at) {
				t.Errorf("%s failing at %d: %+v, %d bytes", s.method, at, fault, got)
			}
		}
	}
}

// Goal: a server that refuses, having read all, some or nothing of the source,
// is understood at once.
func TestMirrorServerRefusesSource(t *testing.T) {
	m := newMirror(t)
	for _, s := range m.sources() {
		for _, piece := range []int{0, 1, 1000, 32 << 10, 1 << 20, 4 << 20} {
			began := now()
			_, fault := m.callSource(s, "size=5000000", func(r io.Reader) error {
				if piece > 0 {
					r.Read(make([]byte, piece))
				}
				return model.NewAppError("here", "no room", nil, "", http.StatusBadRequest)
			})
			if !strings.Contains(fault.text, "no room") {
				t.Errorf("%s refused after %d bytes: %+v", s.method, piece, fault)
			}
			if took := now() - began; took > 2000 {
				t.Errorf("%s refused after %d bytes: in %d ms", s.method, piece, took)
			}
		}
	}
}

// Goal: a server that stops reading is given up at the deadline of the call,
// whether the plugin waits for its next request or for it to take more.
func TestMirrorServerStopsReading(t *testing.T) {
	m := newMirror(t)
	s := m.sources()[0]
	for _, piece := range []int{0, 1000, 1 << 20} {
		release := make(chan struct{})
		began := now()
		_, fault := m.callSource(s, "size=5000000", func(r io.Reader) error {
			r.Read(make([]byte, piece))
			<-release
			return nil
		})
		close(release)
		if took := now() - began; fault.code != "timed out" || took > 5000 {
			t.Errorf("%s read by %d bytes: %+v in %d ms", s.method, piece, fault, took)
		}
	}
	var all []byte
	_, fault := m.callSource(s, "size=70000", func(r io.Reader) (err error) {
		all, err = io.ReadAll(r)
		return err
	})
	if fault.text != "" || !bytes.Equal(all, pattern(70000)) {
		t.Errorf("the next call: %+v, %d bytes", fault, len(all))
	}
}

// ---- between plugins ----------------------------------------------------------------

func (m *mirrorAPI) PluginHTTP(request *http.Request) *http.Response {
	return m.plugin(request)
}

// otherRequest is one to another plugin, as C is given it.
func otherRequest() *plugin.HTTPRequestSubset {
	return &plugin.HTTPRequestSubset{
		Method: "PUT", URL: &url.URL{Path: "/other/api v1", RawQuery: "a=b"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"X-One": {"1", "2"}}, Host: "example.com", RemoteAddr: "127.0.0.1:1", RequestURI: "/other/api%20v1?a=b",
	}
}

// checkOther compares what the server was asked with what C was given.
func checkOther(t *testing.T, got *http.Request) {
	t.Helper()
	want := otherRequest()
	seen := &plugin.HTTPRequestSubset{
		Method: got.Method, URL: got.URL, Proto: got.Proto, ProtoMajor: got.ProtoMajor, ProtoMinor: got.ProtoMinor,
		Header: got.Header, Host: got.Host, RemoteAddr: got.RemoteAddr, RequestURI: got.RequestURI,
	}
	same(t, "request", reflect.ValueOf(seen), normal(t, reflect.ValueOf(want)))
}

// Goal: a request to another plugin and its answer, both in memory, with all
// that Go can put into an answer.
func TestMirrorPluginHTTP(t *testing.T) {
	m := newMirror(t)
	for _, v := range []variant{plain, extreme, hollow} {
		for _, size := range sizes {
			response := fill(reflect.TypeFor[*http.Response](), v, size).Interface().(*http.Response)
			want := normal(t, reflect.ValueOf(struct{ A *http.Response }{response})).Field(0).Interface().(*http.Response)
			body := random(size)
			m.api.plugin = func(request *http.Request) *http.Response {
				checkOther(t, request)
				text, err := io.ReadAll(request.Body)
				if err != nil || !bytes.Equal(text, body) {
					t.Errorf("request body of %d bytes: %d bytes, %v", size, len(text), err)
				}
				response.Body = io.NopCloser(bytes.NewReader(text))
				return response
			}
			args := plugin.Z_PluginHTTPArgs{Request: otherRequest(), RequestBody: body}
			for _, way := range []string{"call", "stream"} {
				answer, fault := m.call(way, "PluginHTTP", encode(t, reflect.ValueOf(args)), "")
				if fault.text != "" {
					t.Errorf("%v, %d bytes: %+v", v, size, fault)
					continue
				}
				got := decoded(t, answer, reflect.TypeFor[plugin.Z_PluginHTTPReturns]()).Interface().(plugin.Z_PluginHTTPReturns)
				same(t, fmt.Sprintf("response, %v", v), reflect.ValueOf(got.Response), reflect.ValueOf(want))
				if !bytes.Equal(got.ResponseBody, body) {
					t.Errorf("%d bytes: %d bytes", size, len(got.ResponseBody))
				}
			}
		}
	}
}

// exchange has the plugin ask another by PluginHTTPStream.
func (m *mirror) exchange(query string) (plugin.Z_PluginHTTPStreamReturns, []byte, callError) {
	m.Helper()
	args := plugin.Z_PluginHTTPStreamArgs{Request: otherRequest()}
	answer, fault := m.call("stream", "PluginHTTPStream", encode(m, reflect.ValueOf(args)), query)
	returns := decoded(m, answer, reflect.TypeFor[plugin.Z_PluginHTTPStreamReturns]()).Interface().(plugin.Z_PluginHTTPStreamReturns)
	return returns, m.api.take("sink/"), fault
}

func response(status int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"X-Two": {"3"}}, Body: body}
}

// Goal: bodies stream both ways, of all sizes, one after the other or at once.
func TestMirrorPluginHTTPStream(t *testing.T) {
	m := newMirror(t)
	for _, size := range sizes {
		for _, back := range sizes {
			// read first, then answer
			m.api.plugin = func(request *http.Request) *http.Response {
				checkOther(t, request)
				text, err := io.ReadAll(request.Body)
				if err != nil || !bytes.Equal(text, pattern(size)) {
					t.Errorf("request body of %d bytes: %d bytes, %v", size, len(text), err)
				}
				return response(http.StatusTeapot, io.NopCloser(bytes.NewReader(pattern(back))))
			}
			returns, body, fault := m.exchange(fmt.Sprint("size=", size))
			if fault.text != "" || returns.StatusCode != http.StatusTeapot || returns.Header.Get("X-Two") != "3" || !bytes.Equal(body, pattern(back)) {
				t.Errorf("%d bytes, %d back: %+v %+v, %d bytes", size, back, fault, returns, len(body))
			}
			// answer without reading
			m.api.plugin = func(*http.Request) *http.Response {
				return response(http.StatusOK, io.NopCloser(bytes.NewReader(pattern(back))))
			}
			began := now()
			_, body, fault = m.exchange(fmt.Sprint("size=", size))
			if took := now() - began; fault.text != "" || !bytes.Equal(body, pattern(back)) || took > 5000 {
				t.Errorf("%d bytes unread, %d back: %+v, %d bytes in %d ms", size, back, fault, len(body), took)
			}
		}
		// the answer is made of the request
		m.api.plugin = func(request *http.Request) *http.Response {
			return response(http.StatusOK, io.NopCloser(request.Body))
		}
		_, body, fault := m.exchange(fmt.Sprint("size=", size))
		if fault.text != "" || !bytes.Equal(body, pattern(size)) {
			t.Errorf("echo of %d bytes: %+v, %d bytes", size, fault, len(body))
		}
	}
}

// Goal: no body at all, no answer's body, no such plugin.
func TestMirrorPluginHTTPStreamWithout(t *testing.T) {
	m := newMirror(t)
	m.api.plugin = func(request *http.Request) *http.Response {
		if text, err := io.ReadAll(request.Body); len(text) > 0 || err != nil {
			t.Errorf("a body: %d bytes, %v", len(text), err)
		}
		return response(http.StatusNoContent, nil)
	}
	for _, query := range []string{"", "size=0"} {
		returns, body, fault := m.exchange(query)
		if fault.text != "" || returns.StatusCode != http.StatusNoContent || len(body) != 0 {
			t.Errorf("no body: %+v %+v, %d bytes", fault, returns, len(body))
		}
	}
	m.api.plugin = func(*http.Request) *http.Response { return nil }
	for _, query := range []string{"", "size=0", "size=5000000"} {
		began := now()
		returns, body, fault := m.exchange(query)
		if took := now() - began; fault.text != "" || returns.StatusCode != 0 || len(body) != 0 || took > 2000 {
			t.Errorf("no such plugin: %+v %+v, %d bytes in %d ms", fault, returns, len(body), took)
		}
	}
}

// Goal: sources and sinks that fail end the exchange at once with their error.
func TestMirrorPluginHTTPStreamFails(t *testing.T) {
	m := newMirror(t)
	m.expect("error streaming response body")
	m.api.plugin = func(request *http.Request) *http.Response {
		return response(http.StatusOK, io.NopCloser(request.Body))
	}
	for _, at := range []int{0, 1, 300000} {
		began := now()
		_, body, fault := m.exchange(fmt.Sprintf("size=5000000&fail=%d", at))
		if fault.text != "the disk is gone" || len(body) > at || now()-began > 2000 {
			t.Errorf("source failing at %d: %+v, %d bytes, %d ms", at, fault, len(body), now()-began)
		}
		for _, query := range []string{"", "&size=5000000"} {
			m.api.plugin = func(request *http.Request) *http.Response {
				return response(http.StatusOK, io.NopCloser(bytes.NewReader(pattern(5000000))))
			}
			began = now()
			_, body, fault = m.exchange(fmt.Sprintf("refuse=%d%s", at, query))
			if fault.text != "the sink is full" || fault.code != "denied" || len(body) > at || now()-began > 2000 {
				t.Errorf("sink refusing at %d: %+v, %d bytes, %d ms", at, fault, len(body), now()-began)
			}
		}
		m.api.plugin = func(request *http.Request) *http.Response {
			return response(http.StatusOK, io.NopCloser(request.Body))
		}
	}
}

// Goal: a request without an address, of which a server would die, is refused
// before it gets there; one without headers has them empty, for servers add
// one of their own.
func TestMirrorPluginHTTPIncomplete(t *testing.T) {
	m := newMirror(t)
	asked := 0
	m.api.plugin = func(request *http.Request) *http.Response {
		asked++
		if request.Header == nil || request.URL == nil {
			t.Errorf("%+v", request)
		}
		return response(http.StatusOK, http.NoBody)
	}
	ask := func(request *plugin.HTTPRequestSubset, code string) {
		buffered := plugin.Z_PluginHTTPArgs{Request: request}
		streamed := plugin.Z_PluginHTTPStreamArgs{Request: request}
		if _, fault := m.call("stream", "PluginHTTP", encode(t, reflect.ValueOf(buffered)), ""); fault.code != code {
			t.Errorf("%+v: %+v", request, fault)
		}
		for _, query := range []string{"", "size=100000"} {
			if _, fault := m.call("stream", "PluginHTTPStream", encode(t, reflect.ValueOf(streamed)), query); fault.code != code {
				t.Errorf("%+v %s: %+v", request, query, fault)
			}
		}
	}
	ask(nil, "invalid")
	ask(&plugin.HTTPRequestSubset{Method: "GET"}, "invalid")
	if asked != 0 {
		t.Error("asked")
	}
	ask(&plugin.HTTPRequestSubset{Method: "GET", URL: &url.URL{Path: "/x/y"}}, "")
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func now() int64 { return model.GetMillis() }
