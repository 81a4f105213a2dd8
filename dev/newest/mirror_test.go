package newest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/plugin/plugintest"
	"github.com/stretchr/testify/mock"
)

// What is tested with values filled by reflection, and what needs a test of
// its own: streams, and methods whose Go signature is not what travels.
var (
	hooksType = reflect.TypeFor[plugin.Hooks]()
	apiType   = reflect.TypeFor[plugin.API]()

	handWrittenHooks = map[string]func(*testing.T){
		"Implemented":        TestMirrorHasEveryHook,
		"OnActivate":         TestMirrorHasEveryHook,
		"ServeHTTP":          TestMirrorServesHTTP,
		"ServeMetrics":       TestMirrorServesMetrics,
		"FileWillBeUploaded": TestMirrorUploads,
	}
	// PluginHTTPStream is how PluginHTTP travels where bodies stream
	handWrittenAPI = map[string]func(*testing.T){
		"LoadPluginConfiguration":               TestMirrorLoadsConfiguration,
		"InstallPlugin":                         TestMirrorSources,
		"PluginHTTP":                            TestMirrorPluginHTTP,
		"ReceiveSharedChannelAttachmentSyncMsg": TestMirrorSources,
		"UploadData":                            TestMirrorSources,
	}
	// travel by their rows, but have no function of their own in C
	untyped = []string{"LogDebug", "LogInfo", "LogWarn", "LogError"}
)

// methods of an interface but for those with tests of their own.
func methods(of reflect.Type, but map[string]func(*testing.T)) []reflect.Method {
	var list []reflect.Method
	for i := range of.NumMethod() {
		if m := of.Method(i); but[m.Name] == nil {
			list = append(list, m)
		}
	}
	return list
}

// mirror is a host whose API answers what a test has prepared.
type mirror struct {
	*host
	api *mirrorAPI
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	manifest := &model.Manifest{Id: "mirror", Name: "Mirror", Version: "1.0.0", Server: &model.ManifestServer{Executable: "plugin"}}
	h := newHost(t, manifest, map[string]string{"plugin": built(t, "mirror-plugin")})
	m := &mirror{host: h, api: newMirrorAPI(t, h.api)}
	h.given = m.api
	h.activate()
	return m
}

// mirrorAPI records what it is called with. Keys with a slash in them are the
// way between the test and the plugin; all else is the API under test.
type mirrorAPI struct {
	plugintest.API
	t      *testing.T
	server *server // for the plugin's log

	reading reading                            // of sources
	plugin  func(*http.Request) *http.Response // another plugin

	mu        sync.Mutex // guards all below
	store     map[string][]byte
	exchanges map[string]*exchange // by method
}

// exchange is one call that a test expects.
type exchange struct {
	results []reflect.Value
	got     []reflect.Value // arguments
}

func newMirrorAPI(t *testing.T, s *server) *mirrorAPI {
	m := &mirrorAPI{t: t, server: s, store: map[string][]byte{}, exchanges: map[string]*exchange{}}
	for _, method := range methods(apiType, nil) {
		if method.Type.IsVariadic() {
			continue
		}
		anything := make([]any, method.Type.NumIn())
		for i := range anything {
			anything[i] = mock.Anything
		}
		on := m.On(method.Name, anything...).Maybe()
		if method.Type.NumOut() == 0 {
			on.Run(func(args mock.Arguments) {
				var list []reflect.Value
				for _, arg := range args {
					list = append(list, reflect.ValueOf(arg))
				}
				m.called(method, list)
			})
			continue
		}
		answer := func(args []reflect.Value) []reflect.Value { return m.called(method, args) }
		on.Return(reflect.MakeFunc(method.Type, answer).Interface())
	}
	return m
}

// called serves the call that a test has prepared.
func (m *mirrorAPI) called(method reflect.Method, args []reflect.Value) []reflect.Value {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.exchanges[method.Name]
	if x == nil {
		m.t.Errorf("%s: called, but not by the test", method.Name)
		return refusal(method)
	}
	x.got = args
	return x.results
}

// expect prepares a call; done forgets it.
func (m *mirrorAPI) expect(method string, results ...reflect.Value) (x *exchange, done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x = &exchange{results: results}
	m.exchanges[method] = x
	return x, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.exchanges, method)
	}
}

func (m *mirrorAPI) byName(name string, args ...reflect.Value) []reflect.Value {
	method, _ := apiType.MethodByName(name)
	return m.called(method, args)
}

func (m *mirrorAPI) put(key string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.store[key] = value
}

// take empties a key.
func (m *mirrorAPI) take(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	value := m.store[key]
	delete(m.store, key)
	return value
}

func (m *mirrorAPI) KVGet(key string) ([]byte, *model.AppError) {
	if strings.Contains(key, "/") {
		return m.take(key), nil
	}
	results := m.byName("KVGet", reflect.ValueOf(key))
	return results[0].Interface().([]byte), results[1].Interface().(*model.AppError)
}

func (m *mirrorAPI) KVSet(key string, value []byte) *model.AppError {
	if strings.Contains(key, "/") {
		m.put(key, bytes.Clone(value))
		return nil
	}
	return m.byName("KVSet", reflect.ValueOf(key), reflect.ValueOf(value))[0].Interface().(*model.AppError)
}

// log is a call under test, or a line for people.
func (m *mirrorAPI) log(name, level, message string, fields []any) {
	m.mu.Lock()
	x := m.exchanges[name]
	m.mu.Unlock()
	if x == nil {
		m.server.log(level, message, fields)
		return
	}
	m.byName(name, reflect.ValueOf(message), reflect.ValueOf(fields))
}

func (m *mirrorAPI) LogDebug(message string, fields ...any) {
	m.log("LogDebug", "debug", message, fields)
}
func (m *mirrorAPI) LogInfo(message string, fields ...any) {
	m.log("LogInfo", "info", message, fields)
}
func (m *mirrorAPI) LogWarn(message string, fields ...any) {
	m.log("LogWarn", "warn", message, fields)
}
func (m *mirrorAPI) LogError(message string, fields ...any) {
	m.log("LogError", "error", message, fields)
}

func (m *mirrorAPI) LoadPluginConfiguration(dest any) error {
	if text := m.take("configuration/"); text != nil {
		return json.Unmarshal(text, dest)
	}
	return errors.New("the configuration is gone")
}

// ---- calls -----------------------------------------------------------------------------

// callError is how an API call ended in C.
type callError struct{ text, code, status string }

// call has the plugin call an API method: way is call, typed or stream.
func (m *mirror) call(way, method string, args []byte, query string) ([]byte, callError) {
	m.Helper()
	answer := serve(m.hooks(), httptest.NewRequest("POST", "/"+way+"/"+method+"?"+query, bytes.NewReader(args)))
	head := answer.Header()
	if answer.Code != http.StatusOK {
		return nil, callError{answer.Body.String(), "mirror", fmt.Sprint(answer.Code)}
	}
	return answer.Body.Bytes(), callError{head.Get("X-Error"), head.Get("X-Error-Code"), head.Get("X-Error-Status")}
}

// wantError is what C should make of an error result.
func wantError(err error) callError {
	var app *model.AppError
	text := ""
	switch e := err.(type) {
	case *model.AppError:
		app, text = e, e.Where+": "+e.Message
		if e.DetailedError != "" {
			text += ", " + e.DetailedError
		}
	case *plugin.ErrorString:
		text = e.Err
	default:
		text = fmt.Sprintf("error of type '%T'", err)
	}
	want := callError{text, "refused by the other side", "0"}
	if app != nil {
		want.status = fmt.Sprint(app.StatusCode)
		switch app.StatusCode {
		case 400:
			want.code = "invalid"
		case 401, 403:
			want.code = "denied"
		case 404:
			want.code = "not found"
		}
	}
	return want
}

// splitErrors takes the errors out of the results of a method.
func splitErrors(t testing.TB, results reflect.Value) (rest reflect.Value, fault error) {
	rest = normal(t, results)
	for i := range rest.NumField() {
		switch value := rest.Field(i).Interface().(type) {
		case *model.AppError:
			if value != nil {
				fault = value
			}
			rest.Field(i).SetZero()
		case error:
			fault = value
			rest.Field(i).SetZero()
		}
	}
	return rest, fault
}

// checkCall compares both directions of one call by its table row.
func (m *mirror) checkCall(method reflect.Method, v variant, seed int) {
	m.Helper()
	name := fmt.Sprintf("%s %v", method.Name, v)
	args := fill(inputs(method), v, seed)
	results := fill(outputs(method), v, seed+1000)
	x, done := m.api.expect(method.Name, members(results)...)
	defer done()
	answer, fault := m.call("call", method.Name, encode(m, args), "")
	if fault.text != "" {
		m.Errorf("%s: %+v", name, fault)
		return
	}
	same(m, name+" arguments", normal(m, joined(args.Type(), x.got)), normal(m, args))
	same(m, name+" results", decoded(m, answer, results.Type()), normal(m, results))
}

// checkTyped does so by the function that a plugin would call.
func (m *mirror) checkTyped(method reflect.Method, v variant, seed int) {
	m.Helper()
	name := fmt.Sprintf("mm_ of %s %v", method.Name, v)
	args := fill(inputs(method), v, seed)
	results := fill(outputs(method), v, seed+1000)
	x, done := m.api.expect(method.Name, members(results)...)
	defer done()
	answer, fault := m.call("typed", method.Name, encode(m, args), "")
	if fault.code == "mirror" {
		m.Errorf("%s: %+v", name, fault)
		return
	}
	same(m, name+" arguments", normal(m, joined(args.Type(), x.got)), normal(m, args))
	rest, err := splitErrors(m, results)
	same(m, name+" results", decoded(m, answer, results.Type()), rest)
	var want callError
	if err != nil {
		want = wantError(err)
	}
	if fault != want {
		m.Errorf("%s: error %+v, not %+v", name, fault, want)
	}
}

// ---- tests ---------------------------------------------------------------------------------

// Goal: each hook and each API method that the library has is in one of the
// tests below.
func TestMirrorCoversEverything(t *testing.T) {
	for kind, part := range map[string]struct {
		of   reflect.Type
		hand map[string]func(*testing.T)
	}{"hooks": {hooksType, handWrittenHooks}, "API methods": {apiType, handWrittenAPI}} {
		filled := methods(part.of, part.hand)
		for name, test := range part.hand {
			if _, ok := part.of.MethodByName(name); !ok || test == nil {
				t.Errorf("%s is no method", name)
			}
		}
		if len(filled)+len(part.hand) != part.of.NumMethod() {
			t.Errorf("%s: %d filled and %d by hand of %d", kind, len(filled), len(part.hand), part.of.NumMethod())
		}
		t.Logf("%s: %d, of them %d by tests of their own", kind, part.of.NumMethod(), len(part.hand))
	}
}

// Goal: the plugin tells the host that it has every hook there is.
func TestMirrorHasEveryHook(t *testing.T) {
	m := newMirror(t)
	names, err := m.hooks().Implemented()
	check(t, err)
	for _, method := range methods(hooksType, nil) {
		if method.Name != "Implemented" && !slices.Contains(names, method.Name) {
			t.Errorf("%s is missing", method.Name)
		}
	}
}

// laidOver are hooks whose answer the host decodes over what it has sent.
// Source: plugin/client_rpc.go, _returns of these
var laidOver = []string{"MessageWillBePosted", "ChannelMemberWillBeAdded", "TeamMemberWillBeAdded"}

// Goal: what C is given is what Go has sent, and what Go is given is what C
// has answered, field for field, for every hook.
func TestMirrorHooks(t *testing.T) {
	m := newMirror(t)
	hooks := reflect.ValueOf(m.hooks())
	for i, method := range methods(hooksType, handWrittenHooks) {
		for _, v := range variants {
			name := fmt.Sprintf("%s %v", method.Name, v)
			args := fill(inputs(method), v, i)
			reply := fill(outputs(method), v, i+1000)
			want := reflect.New(reply.Type()).Elem()
			if slices.Contains(laidOver, method.Name) {
				want.Field(0).Set(fill(inputs(method), v, i).Field(1))
			}
			text := encode(t, reply)
			decode(t, text, want)
			m.api.put("reply/"+method.Name, text)
			results := hooks.MethodByName(method.Name).Call(members(args))
			got := m.api.take("hook/" + method.Name)
			if got == nil && args.NumField() > 0 {
				t.Errorf("%s was not handed over", name)
				continue
			}
			same(t, name+" arguments", decoded(t, got, args.Type()), normal(t, fill(inputs(method), v, i)))
			same(t, name+" results", joined(reply.Type(), results), want)
		}
	}
}

// Goal: every API method: what the server is given is what C was told to send,
// and what C is given is what the server has answered.
func TestMirrorAPI(t *testing.T) {
	m := newMirror(t)
	for i, method := range methods(apiType, handWrittenAPI) {
		for _, v := range variants {
			m.checkCall(method, v, i)
		}
	}
}

// Goal: the same through the functions that plugins call: no argument is in
// another's place, every result arrives, every error becomes a struct err.
func TestMirrorTypedAPI(t *testing.T) {
	m := newMirror(t)
	for i, method := range methods(apiType, handWrittenAPI) {
		if slices.Contains(untyped, method.Name) {
			continue
		}
		m.checkTyped(method, plain, i)
		m.checkTyped(method, faults, i)
		m.checkTyped(method, faults, i+1)
		m.checkTyped(method, nothing, i)
	}
}

// Goal: many calls at once on one connection, each with its own values.
func TestMirrorAPIAtOnce(t *testing.T) {
	m := newMirror(t)
	turn := make(chan struct{}, 16)
	var group sync.WaitGroup
	for i, method := range methods(apiType, handWrittenAPI) {
		turn <- struct{}{}
		group.Go(func() {
			defer func() { <-turn }()
			m.checkCall(method, plain, 3*i)
		})
	}
	group.Wait()
}

// Goal: settings arrive as JSON, also those of a server that fails.
func TestMirrorLoadsConfiguration(t *testing.T) {
	m := newMirror(t)
	m.api.put("configuration/", []byte(`{"some": "setting", "number": 1}`))
	answer := m.request(nil, "GET", "/configuration", nil)
	if got := answer.Body.String(); got != `{"number":1,"some":"setting"}` || answer.Header().Get("X-Error") != "" {
		t.Errorf("%s, %v", got, answer.Header())
	}
	answer = m.request(nil, "GET", "/configuration", nil)
	contains(t, answer.Header().Get("X-Error"), "the configuration is gone")
}

// Goal: lines of the log arrive at their level with their fields.
func TestMirrorLogs(t *testing.T) {
	m := newMirror(t)
	for _, level := range []string{"debug", "info", "warn", "error"} {
		m.request(nil, "GET", "/log/"+level, nil)
		lines := m.host.api.logged
		want := entry{level, "a line", []any{"key", "value", "other", "one more"}}
		if len(lines) == 0 || !reflect.DeepEqual(lines[len(lines)-1], want) {
			t.Errorf("%s: %v", level, lines)
		}
		m.host.api.logged = nil
	}
}
