// Package hosts runs the plugins that make builds under the plugin host of the
// server that the module file pins; see wire for the layers below:
//
//	go test ./...                        server/public v0.4.3
//	go test -modfile=v0.1.21.mod ./...
//	go test -modfile=v0.1.12.mod -tags noaudit ./...
//	go test -modfile=v0.1.3.mod -tags noaudit ./...    server 9.9
//
// BUILD names the flavour under test.
package hosts

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// root is the top folder of the project.
const root = "../../.."

// ---- what the plugin calls -------------------------------------------------------

// server answers what the two plugins ask in these tests; any other method
// of the API is nil and ends the test with its name on the stack.
type server struct {
	plugin.API
	folder string // of the plugin

	mu       sync.Mutex // guards all below
	settings map[string]any
	commands []*model.Command
	posts    []*model.Post // public, and shown to one user
	kv       map[string][]byte
	logged   []string // errors
}

const bot = "botbotbotbotbotbotbotbotbo"

func (s *server) LoadPluginConfiguration(dest any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(s.settings)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, dest)
}

func (s *server) GetPluginConfig() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.settings)
}

// GetConfig is a large one: 30 kB with every section there is.
func (s *server) GetConfig() *model.Config {
	config, url := &model.Config{}, "http://localhost:8065"
	config.SetDefaults()
	config.ServiceSettings.SiteURL = &url
	return config
}

func (s *server) GetServerVersion() string       { return model.CurrentVersion }
func (s *server) GetBundlePath() (string, error) { return s.folder, nil }

func (s *server) EnsureBotUser(*model.Bot) (string, error) { return bot, nil }
func (s *server) GetBot(string, bool) (*model.Bot, *model.AppError) {
	return &model.Bot{UserId: bot, Username: "zoom"}, nil
}

func (s *server) SetProfileImage(user string, _ []byte) *model.AppError { return nil }

func (s *server) RegisterCommand(command *model.Command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
	return nil
}

func (s *server) KVGet(key string) ([]byte, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kv[key], nil
}

func (s *server) KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if options.Atomic && !bytes.Equal(s.kv[key], options.OldValue) {
		return false, nil
	}
	s.kv[key] = value
	return true, nil
}

func (s *server) GetUser(id string) (*model.User, *model.AppError) {
	return &model.User{Id: id, Username: "ada", Email: "ada@example.com", Roles: model.SystemUserRoleId, Locale: "en"}, nil
}

func (s *server) GetChannel(id string) (*model.Channel, *model.AppError) {
	return &model.Channel{Id: id, Type: model.ChannelTypeOpen}, nil
}

func (s *server) GetChannelMember(channel, user string) (*model.ChannelMember, *model.AppError) {
	return &model.ChannelMember{ChannelId: channel, UserId: user, SchemeUser: true}, nil
}

func (s *server) HasPermissionTo(string, *model.Permission) bool               { return false }
func (s *server) HasPermissionToChannel(_, _ string, _ *model.Permission) bool { return true }

func (s *server) CreatePost(post *model.Post) (*model.Post, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = append(s.posts, post)
	return post, nil
}

func (s *server) SendEphemeralPost(_ string, post *model.Post) *model.Post {
	s.CreatePost(post)
	return post
}

func (s *server) LogDebug(string, ...any) {}
func (s *server) LogInfo(string, ...any)  {}
func (s *server) LogWarn(string, ...any)  {}

func (s *server) LogError(message string, _ ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logged = append(s.logged, message)
}

// takePosts are the posts since the last call.
func (s *server) takePosts() []*model.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	posts := s.posts
	s.posts = nil
	return posts
}

// ---- the host ----------------------------------------------------------------------

// host is a real plugin.Environment with one active plugin in it.
type host struct {
	*testing.T
	env     *plugin.Environment
	api     *server
	id      string
	program string
	sockets string // folder where the plugin puts its socket
}

// driver is there because the host dials it; nobody uses the database.
type driver struct{ plugin.AppDriver }

func (driver) ShutdownConns(string) {}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, content, 0o755))
}

// newHost activates a plugin that make has built. What sanitizers and the
// host's log say against it fails the test at its end.
func newHost(t *testing.T, manifest *model.Manifest, program string, more ...string) *host {
	t.Helper()
	plugins, reports := t.TempDir(), t.TempDir()
	folder := filepath.Join(plugins, manifest.Id)
	h := &host{
		T: t, id: manifest.Id, api: &server{folder: folder, settings: map[string]any{}, kv: map[string][]byte{}},
		program: filepath.Join(folder, manifest.GetExecutableForRuntime(runtime.GOOS, runtime.GOARCH)), sockets: t.TempDir(),
	}
	text, err := json.Marshal(manifest)
	check(t, err)
	write(t, filepath.Join(folder, "plugin.json"), text)
	flavour := os.Getenv("BUILD")
	if flavour == "" {
		flavour = "debug"
	}
	content, err := os.ReadFile(filepath.Join(root, "build", flavour, program))
	if err != nil {
		t.Fatalf("%v: run make first", err)
	}
	write(t, h.program, content)
	for _, name := range more {
		content, err := os.ReadFile(filepath.Join(root, name))
		check(t, err)
		write(t, filepath.Join(folder, name), content)
	}
	t.Setenv("ASAN_OPTIONS", "log_path="+filepath.Join(reports, "asan"))
	t.Setenv("UBSAN_OPTIONS", "print_stacktrace=1:log_path="+filepath.Join(reports, "ubsan"))
	t.Setenv("TSAN_OPTIONS", "log_path="+filepath.Join(reports, "tsan"))
	t.Setenv("PLUGIN_UNIX_SOCKET_DIR", h.sockets)

	stderr, written := os.Stderr, filepath.Join(t.TempDir(), "stderr")
	os.Stderr, err = os.Create(written) // where the host's libraries complain
	check(t, err)
	logger, err := mlog.NewLogger()
	check(t, err)
	log := &mlog.Buffer{}
	check(t, mlog.AddWriterTarget(logger, log, true, mlog.StdAll...))
	mlog.InitGlobalLogger(logger)
	h.env, err = plugin.NewEnvironment(func(*model.Manifest) plugin.API { return h.api }, driver{}, plugins, t.TempDir(), logger, nil)
	check(t, err)
	t.Cleanup(func() {
		h.env.Shutdown()
		check(t, logger.Flush())
		os.Stderr.Close()
		os.Stderr = stderr
		if text, _ := os.ReadFile(written); len(text) != 0 {
			t.Errorf("a library of the host wrote: %s", text)
		}
		h.judge(log.String(), reports)
	})
	_, activated, err := h.env.Activate(h.id)
	check(t, err)
	if !activated {
		t.Fatal("not activated")
	}
	return h
}

func (h *host) judge(log, reports string) {
	found, _ := filepath.Glob(filepath.Join(reports, "*"))
	for _, name := range found {
		text, _ := os.ReadFile(name)
		h.Errorf("%s:\n%s", filepath.Base(name), text)
	}
	for line := range strings.Lines(log) {
		var message struct{ Level string }
		json.Unmarshal([]byte(line), &message)
		if message.Level != "debug" && message.Level != "info" {
			h.Errorf("the host logged: %s", line)
		}
	}
	for _, message := range h.api.logged {
		h.Errorf("the plugin logged: %s", message)
	}
}

func newHello(t *testing.T) *host {
	t.Helper()
	manifest := &model.Manifest{Id: "hello", Name: "Hello", Version: "1.0.0", Server: &model.ManifestServer{Executable: "plugin"}}
	return newHost(t, manifest, "hello-plugin")
}

func newZoom(t *testing.T) *host {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "plugin.json"))
	check(t, err)
	var manifest model.Manifest
	check(t, json.Unmarshal(text, &manifest))
	check(t, manifest.IsValid())
	manifest.Webapp = nil // what the browser loads is tested elsewhere
	return newHost(t, &manifest, "zoom-plugin", "assets/profile.png")
}

func (h *host) hooks() plugin.Hooks {
	h.Helper()
	hooks, err := h.env.HooksForPlugin(h.id)
	check(h.T, err)
	return hooks
}

// implements fails the test unless the plugin says that it has these hooks.
func (h *host) implements(has ...string) {
	h.Helper()
	names, err := h.hooks().Implemented()
	check(h.T, err)
	slices.Sort(names)
	if !slices.Equal(names, has) {
		h.Errorf("implemented: %v", names)
	}
}

// deactivate ends the plugin and looks for what is left of it.
func (h *host) deactivate() {
	h.Helper()
	if !h.env.Deactivate(h.id) {
		h.Fatal("was not active")
	}
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == h.program {
			h.Errorf("left: %s", link)
		}
	}
	if left, _ := os.ReadDir(h.sockets); len(left) != 0 {
		h.Errorf("sockets left: %v", left)
	}
}

func (h *host) execute(command string) *model.CommandResponse {
	h.Helper()
	response, err := h.hooks().ExecuteCommand(&plugin.Context{}, &model.CommandArgs{
		UserId: model.NewId(), ChannelId: model.NewId(), TeamId: model.NewId(), Command: command,
		UserMentions: model.UserMentionMap{"ada": model.NewId()}, ChannelMentions: model.ChannelMentionMap{},
	})
	if err != nil {
		h.Fatalf("%s: %v", command, err)
	}
	return response
}

// ServeHTTP hands requests of a real HTTP server to the plugin.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.hooks().ServeHTTP(&plugin.Context{RequestId: model.NewId(), UserAgent: r.UserAgent()}, w, r)
}

func random(size int) []byte {
	body := make([]byte, size)
	rand.Read(body)
	return body
}

// ---- the tests ----------------------------------------------------------------------

// Goal: under a server of any age the SDK's example starts, answers its command,
// echoes bodies of all sizes, one by one and at once, and stops; twice.
func TestHello(t *testing.T) {
	t.Log("server", model.CurrentVersion)
	h := newHello(t)
	h.implements("ExecuteCommand", "Implemented", "OnActivate", "OnConfigurationChange", "ServeHTTP")
	for life := range 2 {
		if life == 1 {
			_, activated, err := h.env.Activate(h.id)
			if check(t, err); !activated {
				t.Fatal("not activated again")
			}
		}
		if len(h.api.commands) != life+1 || h.api.commands[life].Trigger != "hello" {
			t.Errorf("commands: %+v", h.api.commands)
		}
		h.set(map[string]any{})
		h.says("/hello World", "Hello World!")
		h.set(map[string]any{"greeting": "Good morning,"})
		h.says("/hello World", "Good morning, World!")
		check(t, h.env.PerformHealthCheck(h.id))
		h.echoes()
		h.deactivate()
	}
}

func (h *host) echoes() {
	web := httptest.NewServer(h)
	defer web.Close()
	echo := func(size int) {
		body := random(size)
		answer, err := http.Post(web.URL+"/echo?x=1&y=%20", "application/x-any", bytes.NewReader(body))
		if err != nil {
			h.Error(err)
			return
		}
		defer answer.Body.Close()
		back, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(back, body) {
			h.Errorf("echo of %d bytes: status %d, %d bytes, %v", size, answer.StatusCode, len(back), err)
		}
		if kind := answer.Header.Get("Content-Type"); kind != "application/x-any" {
			h.Errorf("header came back as %q", kind)
		}
	}
	for _, size := range []int{0, 1, 4096, 65536, 300000, 3 << 20} {
		echo(size)
	}
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() { echo(200000) })
	}
	group.Wait()
}

// Goal: under a server of any age the plugin starts unconfigured, takes its
// settings, answers its command and its routes, and stops.
func TestZoom(t *testing.T) {
	h := newZoom(t)
	h.implements("ConfigurationWillBeSaved", "ExecuteCommand", "GenerateSupportData", "Implemented",
		"OnActivate", "OnConfigurationChange", "OnDeactivate", "ServeHTTP", "ServeMetrics", "UserHasBeenDeactivated")
	if len(h.api.commands) != 1 || h.api.commands[0].Trigger != "zoom" || h.api.commands[0].AutocompleteData == nil {
		t.Errorf("commands: %+v", h.api.commands)
	}
	h.says("/zoom start", "not set up yet")
	h.set(map[string]any{
		"zoomurl": "https://zoom.invalid", "zoomapiurl": "https://api.zoom.invalid/v2", "accountlevelapp": true,
		"oauthclientid": "id", "oauthclientsecret": "secret", "encryptionkey": strings.Repeat("k", 32),
		"webhooksecret": "webhook-secret", "zoomwebhooksecret": "signing-secret",
	})
	h.says("/zoom help", "/zoom start")
	h.says("/zoom start", "No Zoom account is connected yet")

	web := httptest.NewServer(h)
	defer web.Close()
	for _, c := range []struct {
		path   string
		size   int
		status int
	}{
		{"/api/v1/meetings", 100, http.StatusUnauthorized},
		{"/webhook?secret=wrong", 5000, http.StatusUnauthorized},
		{"/webhook?secret=webhook-secret", 2 << 20, http.StatusRequestEntityTooLarge},
		{"/nowhere", 300000, http.StatusNotFound},
	} {
		answer, err := http.Post(web.URL+c.path, "application/json", bytes.NewReader(bytes.Repeat([]byte("x"), c.size)))
		check(t, err)
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.path, answer.StatusCode, c.status)
		}
	}
	check(t, h.env.PerformHealthCheck(h.id))
	h.deactivate()
}

// set saves the plugin's settings, with keys as the server has them.
func (h *host) set(settings map[string]any) {
	h.Helper()
	h.api.mu.Lock()
	h.api.settings = settings
	h.api.mu.Unlock()
	check(h.T, h.hooks().OnConfigurationChange())
}

// says types a command and looks for a part of what the user then sees.
func (h *host) says(command, part string) {
	h.Helper()
	var told strings.Builder
	if response := h.execute(command); response != nil {
		told.WriteString(response.Text)
	}
	for _, post := range h.api.takePosts() {
		told.WriteString(post.Message)
	}
	if !strings.Contains(told.String(), part) {
		h.Errorf("%s: %q", command, told.String())
	}
}
