package newest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// host is a real plugin.Environment with one plugin in it.
type host struct {
	*testing.T
	env     *plugin.Environment
	api     *server
	given   plugin.API // what the plugin gets: api, or a test's own
	id      string
	program string // the executable, in a folder of its own
	sockets string // folder where the plugin puts its socket
	log     *mlog.Buffer
	expects []string // parts of host messages that are no fault
}

// driver is there because the host dials it; nobody uses the database.
type driver struct{ plugin.AppDriver }

func (driver) ShutdownConns(string) {}

// newHost puts a plugin where the host looks for it; it is not active yet.
// What sanitizers, the host's log and its libraries say against the plugin
// fails the test at its end.
func newHost(t *testing.T, manifest *model.Manifest, files map[string]string) *host {
	t.Helper()
	plugins := t.TempDir()
	folder := filepath.Join(plugins, manifest.Id)
	text, err := json.Marshal(manifest)
	check(t, err)
	write(t, filepath.Join(folder, "plugin.json"), text)
	for name, path := range files {
		content, err := os.ReadFile(path)
		check(t, err)
		write(t, filepath.Join(folder, name), content)
	}
	h := &host{
		T: t, id: manifest.Id, api: newServer(t, manifest, folder), log: &mlog.Buffer{}, sockets: t.TempDir(),
		program: filepath.Join(folder, manifest.GetExecutableForRuntime(runtime.GOOS, runtime.GOARCH)),
	}
	h.given = h.api
	reports := sanitizerReports(t)
	t.Setenv("PLUGIN_UNIX_SOCKET_DIR", h.sockets)
	logger := h.newLogger()
	h.env, err = plugin.NewEnvironment(func(*model.Manifest) plugin.API { return h.given }, driver{}, plugins, t.TempDir(), logger, nil)
	check(t, err)
	complaints.take()
	t.Cleanup(func() {
		check(t, logger.Flush())
		before := len(h.log.String())
		h.env.Shutdown()
		check(t, logger.Flush())
		h.judge(reports, before)
	})
	return h
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, content, 0o755))
}

// sanitizerReports is the folder in which they write, from the next start on.
func sanitizerReports(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("ASAN_OPTIONS", "log_path="+filepath.Join(dir, "asan"))
	t.Setenv("UBSAN_OPTIONS", "print_stacktrace=1:log_path="+filepath.Join(dir, "ubsan"))
	t.Setenv("TSAN_OPTIONS", "log_path="+filepath.Join(dir, "tsan"))
	return dir
}

func judgeReports(t *testing.T, dir string) {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range found {
		text, _ := os.ReadFile(name)
		t.Errorf("%s:\n%s", filepath.Base(name), text)
	}
}

func (h *host) newLogger() *mlog.Logger {
	h.Helper()
	logger, err := mlog.NewLogger()
	check(h.T, err)
	check(h.T, mlog.AddWriterTarget(logger, h.log, true, mlog.StdAll...))
	mlog.InitGlobalLogger(logger)
	return logger
}

// expect says that the host may complain about this.
func (h *host) expect(parts ...string) { h.expects = append(h.expects, parts...) }

func (h *host) expected(line string) bool {
	for _, part := range h.expects {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}

// tooLate is what the host says when a request is answered and the plugin shut down
// before the goroutine that accepts the request's body has run.
const tooLate = "muxBroker couldn't Accept request body connection"

// judge looks at all that was said; the log's first bytes are of before the shutdown.
func (h *host) judge(reports string, before int) {
	if pids := h.pids(); len(pids) != 0 {
		h.Errorf("processes left: %v", pids)
	}
	judgeReports(h.T, reports)
	read := 0
	for line := range strings.Lines(h.log.String()) {
		var message struct{ Level string }
		json.Unmarshal([]byte(line), &message)
		late := read >= before && strings.Contains(line, tooLate)
		read += len(line)
		if message.Level != "debug" && message.Level != "info" && !late && !h.expected(line) {
			h.Errorf("the host logged: %s", line)
		}
	}
	for _, line := range complaints.take() {
		if !h.expected(line) {
			h.Errorf("a library of the host wrote: %s", line)
		}
	}
	for _, entry := range h.api.logged {
		if entry.level == "error" {
			h.Errorf("the plugin logged: %s %v", entry.message, entry.fields)
		}
	}
	if h.Failed() {
		all := strings.SplitAfter(h.log.String(), "\n")
		h.Logf("end of the host's log:\n%s", strings.Join(all[max(0, len(all)-40):], ""))
		h.Logf("log of the plugin: %v", h.api.logged)
	}
}

// ---- the process ---------------------------------------------------------------

func (h *host) activate() {
	h.Helper()
	_, activated, err := h.env.Activate(h.id)
	check(h.T, err)
	if !activated {
		h.Fatal("not activated")
	}
}

// pids are the plugin's processes.
func (h *host) pids() []int {
	var found []int
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == h.program {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			found = append(found, pid)
		}
	}
	return found
}

// pid is the plugin's only process.
func (h *host) pid() int {
	h.Helper()
	pids := h.pids()
	if len(pids) != 1 {
		h.Fatalf("processes: %v", pids)
	}
	return pids[0]
}

// hooks are the active plugin's.
func (h *host) hooks() plugin.Hooks {
	h.Helper()
	hooks, err := h.env.HooksForPlugin(h.id)
	check(h.T, err)
	return hooks
}

// ---- calls ------------------------------------------------------------------------

func callContext() *plugin.Context {
	return &plugin.Context{
		SessionId: model.NewId(), ConnectionId: model.NewId(), RequestId: model.NewId(), IPAddress: "127.0.0.1",
		AcceptLanguage: "en", UserAgent: "newest/1.0",
	}
}

// execute sends a command; answer is what the response says.
func (h *host) execute(user *model.User, channel *model.Channel, command string) *model.CommandResponse {
	h.Helper()
	response, err := h.hooks().ExecuteCommand(callContext(), &model.CommandArgs{
		UserId: user.Id, ChannelId: channel.Id, TeamId: channel.TeamId, TriggerId: "trigger", Command: command,
		ConnectionId: "connection-of-" + user.Username, SiteURL: h.api.siteURL,
		UserMentions: model.UserMentionMap{"ada": user.Id}, ChannelMentions: model.ChannelMentionMap{},
	})
	if err != nil {
		h.Fatalf("%s: %v", command, err)
	}
	if response == nil {
		h.Fatalf("%s: no response", command)
	}
	return response
}

// request calls a route as the server does: path below the plugin's, the
// session's user in a header. A nil body is no body at all.
func (h *host) request(user *model.User, method, path string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	h.Helper()
	request := httptest.NewRequest(method, path, body)
	if body == nil {
		request.Body = nil
	}
	if user != nil {
		request.Header.Set("Mattermost-User-Id", user.Id)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return serve(h.hooks(), request)
}

func serve(hooks plugin.Hooks, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	hooks.ServeHTTP(callContext(), recorder, request)
	return recorder
}

// ServeHTTP is the way from outside: nobody is signed in there.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hooks, err := h.env.HooksForPlugin(h.id)
	path, ours := strings.CutPrefix(r.URL.Path, "/plugins/"+h.id)
	if err != nil || !ours {
		http.NotFound(w, r)
		return
	}
	r.Header.Del("Mattermost-User-Id")
	r.URL.Path = path
	hooks.ServeHTTP(callContext(), w, r)
}

// ---- what the host's libraries write ------------------------------------------------

// lines collects what go-plugin, yamux and net/rpc write on standard error.
type lines struct {
	mu   sync.Mutex
	read []string
}

var complaints lines

// collect reads until the end; what it reads goes on to the real place.
func (l *lines) collect(from io.Reader, to io.Writer) {
	scanner := bufio.NewScanner(io.TeeReader(from, to))
	for scanner.Scan() {
		l.mu.Lock()
		l.read = append(l.read, scanner.Text())
		l.mu.Unlock()
	}
}

func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	read := l.read
	l.read = nil
	return read
}

// ---- small helpers -------------------------------------------------------------------

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in %q", part, text)
	}
}

// eventually waits until something holds, for at most ten seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within ten seconds: %s", what)
}
