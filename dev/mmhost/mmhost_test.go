package mmhost

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

// Goal: everything a scenario needs works on the real server, and after Stop no
// process, port or folder of it is left.
func TestWholeHost(t *testing.T) {
	pg := startPostgres(t)
	host, err := Start(context.Background(), Options{DSN: newDatabase(t, pg), Env: []string{"PROBE=seen"}})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			check(t, host.Stop())
		}
	}()

	ada, adaClient, err := host.CreateUser("ada", "ada@a.domain.of.any.kind.example")
	check(t, err)
	team, err := host.CreateTeam("team-one", ada)
	check(t, err)
	channel, err := host.CreateChannel(team, "private", model.ChannelTypePrivate, ada)
	check(t, err)
	ws, err := host.WebSocket(adaClient)
	check(t, err)
	post, _, err := host.Admin.CreatePost(context.Background(), &model.Post{ChannelId: channel.Id, Message: "hello"})
	check(t, err)
	_, err = Await(ws, 5*time.Second, func(e *model.WebSocketEvent) bool {
		data, _ := e.GetData()["post"].(string)
		return e.EventType() == model.WebsocketEventPosted && strings.Contains(data, post.Id)
	})
	check(t, err)

	manifest, err := host.UploadPlugin(probeBundle(t))
	check(t, err)
	check(t, host.ConfigurePlugin(manifest.Id, map[string]any{"one": 1, "two": "kept"}))
	check(t, host.ConfigurePlugin(manifest.Id, map[string]any{"one": 2}))
	check(t, host.EnablePlugin(manifest.Id))
	entry, err := host.WaitLog(5*time.Second, FromPlugin(manifest.Id), AtLevel("info"), Saying("probe activated"))
	check(t, err)
	if entry.Fields["variable"] != "seen" {
		t.Errorf("the plugin's log entry is %+v", entry)
	}
	_, err = host.WaitLog(5*time.Second, FromPlugin(manifest.Id), Saying("map[one:2 two:kept]"))
	check(t, err)
	_, _, err = adaClient.ExecuteCommand(context.Background(), channel.Id, "/probe now")
	check(t, err)
	_, err = Await(ws, 5*time.Second, OfType("custom_probe_ran"))
	check(t, err)
	if body := get(t, host, adaClient, "/plugins/probe/"); body != "probe "+ada.Id {
		t.Errorf("the plugin answers %q", body)
	}

	before := host.PluginPIDs(manifest.Id)
	if len(before) != 1 {
		t.Fatalf("the plugin has processes %v", before)
	}
	check(t, host.DisablePlugin(manifest.Id))
	check(t, host.EnablePlugin(manifest.Id))
	after := host.PluginPIDs(manifest.Id)
	if len(after) != 1 || after[0] == before[0] {
		t.Fatalf("processes of the plugin: %v, then %v", before, after)
	}

	check(t, host.Stop())
	stopped = true
	for _, pid := range append(after, host.PID()) {
		gone(t, pid, 0)
	}
	if host.reachable() {
		t.Errorf("somebody listens on %s", host.opts.Addr)
	}
	absent(t, host.scratch.dir)
	check(t, pg.Stop())
	gone(t, pg.PID(), 0)
	absent(t, pg.scratch.dir)
}

// Goal: two nodes share a database; one is killed and comes back with its files.
func TestTwoNodes(t *testing.T) {
	pg := startPostgres(t)
	dsn, files := newDatabase(t, pg), t.TempDir()
	first := start(t, Options{DSN: dsn, FilesDir: files})
	dir := t.TempDir()
	second := start(t, Options{DSN: dsn, FilesDir: files, Dir: dir})
	team, err := first.CreateTeam("both")
	check(t, err)
	manifest, err := second.UploadPlugin(probeBundle(t))
	check(t, err)
	check(t, second.EnablePlugin(manifest.Id))
	pids := second.PluginPIDs(manifest.Id)
	check(t, second.Kill())
	for _, pid := range pids {
		if !within(5*time.Second, func() bool { return len(inGroup(second.PID())) == 0 }) {
			t.Errorf("plugin process %d outlives its killed server", pid)
		}
	}
	check(t, second.Stop())
	again := start(t, Options{DSN: dsn, FilesDir: files, Dir: dir})
	if _, _, err := again.Admin.GetTeam(context.Background(), team.Id, ""); err != nil {
		t.Error(err)
	}
	row, err := again.PluginState(manifest.Id)
	check(t, err)
	if row.State != model.PluginStateNotRunning {
		t.Errorf("plugin is in state %d", row.State)
	}
}

// Goal: after kill -9 of whoever started them, server, plugin and PostgreSQL end
// by themselves, and the next start removes the folders.
func TestParentKilled(t *testing.T) {
	if bundle := os.Getenv("MMHOST_TEST_BUNDLE"); bundle != "" {
		pg := startPostgres(t)
		host := start(t, Options{DSN: newDatabase(t, pg)})
		manifest, err := host.UploadPlugin(bundle)
		check(t, err)
		check(t, host.EnablePlugin(manifest.Id))
		fmt.Println("started", pg.PID(), host.PID(), host.PluginPIDs(manifest.Id)[0], pg.scratch.dir, host.scratch.dir)
		time.Sleep(time.Minute)
		return
	}
	startPostgres(t) // or skip
	parent := exec.Command(os.Args[0], "-test.run=^TestParentKilled$")
	parent.Env = append(os.Environ(), "MMHOST_TEST_BUNDLE="+probeBundle(t))
	out, err := parent.StdoutPipe()
	check(t, err)
	check(t, parent.Start())
	var pids [3]int
	var dirs [2]string
	if _, err := fmt.Fscanln(out, new(string), &pids[0], &pids[1], &pids[2], &dirs[0], &dirs[1]); err != nil {
		t.Error(err)
	}
	check(t, parent.Process.Kill())
	parent.Wait()
	for _, pid := range pids {
		gone(t, pid, shutdownLimit)
	}
	sweep()
	absent(t, dirs[0])
	absent(t, dirs[1])
}

// Goal: a page of our own is served, also below a path, with its style and
// script intact.
func TestClientFolderAndPath(t *testing.T) {
	pg := startPostgres(t)
	client := t.TempDir()
	page := strings.Replace(emptyPage, "</body>", `<script src="/static/a.js"></script></body>`, 1)
	check(t, os.WriteFile(filepath.Join(client, "root.html"), []byte(page), 0o644))
	check(t, os.WriteFile(filepath.Join(client, "a.js"), []byte("1"), 0o644))
	host := start(t, Options{DSN: newDatabase(t, pg), SiteURL: "/sub/", ClientDir: client})
	if !strings.HasSuffix(host.URL, host.opts.Addr+"/sub") {
		t.Errorf("at %s", host.URL)
	}
	if body := get(t, host, host.Client(), "/any/where"); !strings.Contains(body, `src="/sub/static/a.js"`) {
		t.Errorf("page is %s", body)
	}
	if body := get(t, host, host.Client(), "/static/a.js"); body != "1" {
		t.Errorf("script is %s", body)
	}
}

// Goal: what cannot start says why, and leaves nothing.
func TestStartFails(t *testing.T) {
	pg := startPostgres(t)
	dsn := newDatabase(t, pg)
	host := start(t, Options{DSN: dsn})
	t.Setenv("TMPDIR", t.TempDir())
	for name, c := range map[string]struct {
		opts Options
		want string
	}{
		"taken port":  {Options{DSN: dsn, Addr: host.opts.Addr}, "address already in use"},
		"no page":     {Options{DSN: dsn, ClientDir: t.TempDir()}, "root.html"},
		"bad setting": {Options{DSN: dsn, Env: []string{"MM_SQLSETTINGS_DRIVERNAME=nothing"}}, "start Mattermost: "},
	} {
		_, err := Start(context.Background(), c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		left, err := filepath.Glob(filepath.Join(os.TempDir(), scratchPrefix+"*"))
		check(t, err)
		if len(left) > 0 {
			t.Errorf("%s: folders left: %v", name, left)
		}
	}
}

func startPostgres(t *testing.T) *Postgres {
	t.Helper()
	pg, err := StartPostgres("")
	if errors.Is(err, ErrNoPostgres) {
		t.Skip(err)
	}
	check(t, err)
	t.Cleanup(func() { check(t, pg.Stop()) })
	return pg
}

func newDatabase(t *testing.T, pg *Postgres) string {
	t.Helper()
	dsn, err := pg.NewDatabase("")
	check(t, err)
	return dsn
}

func start(t *testing.T, opts Options) *Host {
	t.Helper()
	host, err := Start(context.Background(), opts)
	check(t, err)
	t.Cleanup(func() { host.Stop() })
	return host
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func absent(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", path, err)
	}
}

// gone wants a process to have ended; who collects an orphan is not our concern.
func gone(t *testing.T, pid int, limit time.Duration) {
	t.Helper()
	if !within(limit, func() bool {
		return !slices.ContainsFunc(processes(), func(p process) bool { return p.pid == pid && !p.zombie })
	}) {
		t.Errorf("process %d is left", pid)
	}
}

func get(t *testing.T, host *Host, c *model.Client4, path string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, host.URL+path, nil)
	check(t, err)
	request.Header.Set("Authorization", "Bearer "+c.AuthToken)
	answer, err := c.HTTPClient.Do(request)
	check(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(t, err)
	return string(body)
}

// probeBundle builds and packs the plugin of testdata.
func probeBundle(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "plugin")
	if out, err := exec.Command("go", "build", "-o", binary, "./testdata/plugin").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := os.ReadFile(binary)
	check(t, err)
	manifest := `{"id":"probe","name":"Probe","version":"1.0.0","server":{"executables":{"linux-` +
		runtime.GOARCH + `":"plugin"}}}`
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range map[string][]byte{"plugin.json": []byte(manifest), "plugin": program} {
		check(t, archive.WriteHeader(&tar.Header{Name: "probe/" + name, Mode: 0o755, Size: int64(len(content))}))
		_, err := archive.Write(content)
		check(t, err)
	}
	check(t, errors.Join(archive.Close(), zipped.Close()))
	bundle := filepath.Join(dir, "probe.tar.gz")
	check(t, os.WriteFile(bundle, packed.Bytes(), 0o644))
	return bundle
}
