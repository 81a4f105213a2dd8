package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// Goal: the plugin survives what admins do to plugins: disable, enable, update,
// remove; and its data survives with it.
func TestLifeOfThePlugin(t *testing.T) {
	covers(t, "life: updates")
	w := connected(t)
	for range 3 {
		check(t, w.host.DisablePlugin("zoom"))
		if pids := w.host.PluginPIDs("zoom"); len(pids) != 0 {
			t.Fatalf("processes left: %v", pids)
		}
		check(t, w.host.EnablePlugin("zoom"))
	}
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after disable and enable")
	}
	_, err := w.host.UploadPlugin(w.bundle) // over the running one
	check(t, err)
	eventually(t, "the updated plugin answers", func() bool {
		return len(w.host.PluginPIDs("zoom")) == 1 && w.starts(1) == 1
	})
	check(t, w.host.RemovePlugin("zoom"))
	_, err = w.host.UploadPlugin(w.bundle)
	check(t, err)
	check(t, w.host.EnablePlugin("zoom"))
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after remove and install")
	}
	entries, err := w.host.Log(mmhost.AtLevel("error"))
	check(t, err)
	for _, entry := range entries {
		if id := entry.Fields["plugin_id"]; id == "zoom" {
			t.Errorf("logged: %s %v", entry.Message, entry.Fields)
		}
	}
}

// Goal: a recording that is being posted when an admin disables the plugin is
// posted when it runs again, before the lease would have ended by itself.
func TestDisabledInTheMiddle(t *testing.T) {
	covers(t, "life: updates", "better: files by the queue")
	w := connected(t)
	m := w.meets()
	event := w.recorded(m.id, zoomsim.ChatFile(chatText), zoomsim.VideoFile([]byte("video")))
	w.zoom.Fail("GET /cmr/", zoomsim.Fault{Delay: 20 * time.Second})
	w.delivers(event, http.StatusOK)
	eventually(t, "the way to the file is known", func() bool {
		return slices.ContainsFunc(w.zoom.Requests(), func(r zoomsim.Request) bool { return strings.HasPrefix(r.Path, "/rec/") })
	})
	began := time.Now()
	check(t, w.host.DisablePlugin("zoom"))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("disabling took %v", took)
	}
	w.zoom.ClearFaults()
	check(t, w.host.EnablePlugin("zoom"))
	if reply := w.settledWithin(m, 1, 30*time.Second)[0]; len(reply.FileIds) != 1 {
		t.Errorf("files %v", reply.FileIds)
	}
	if entries, err := w.host.Log(mmhost.Saying("is put off")); err != nil || len(entries) > 0 {
		t.Errorf("logged: %v %v", entries, err)
	}
}

// Goal: killed in the middle of starts, the plugin is started again by the host
// itself, and what was stored before it died works.
func TestKilledInTheMiddle(t *testing.T) {
	covers(t, "life: killed")
	w := connected(t)
	pids := w.host.PluginPIDs("zoom")
	if len(pids) != 1 {
		t.Fatalf("processes: %v", pids)
	}
	done := make(chan int)
	go func() { done <- w.starts(50) }()
	time.Sleep(100 * time.Millisecond)
	check(t, syscall.Kill(pids[0], syscall.SIGKILL))
	t.Logf("%d of 50 starts were done before", <-done)
	deadline := time.Now().Add(70 * time.Second) // the host looks every 30 s
	for len(w.host.PluginPIDs("zoom")) != 1 || w.host.PluginPIDs("zoom")[0] == pids[0] {
		if time.Now().After(deadline) {
			t.Fatal("the host has not started the plugin again")
		}
		time.Sleep(200 * time.Millisecond)
	}
	eventually(t, "the new process answers", func() bool { return w.starts(1) == 1 })
	state, err := w.host.PluginState("zoom")
	check(t, err)
	if state.State != model.PluginStateRunning {
		t.Errorf("state %d", state.State)
	}
}

// Goal: the health check stays green over two of its rounds, also under load.
func TestHealthCheck(t *testing.T) {
	covers(t, "life: health check")
	if testing.Short() {
		t.Skip("takes 65 s")
	}
	w := connected(t)
	before := w.host.PluginPIDs("zoom")
	for end := time.Now().Add(65 * time.Second); time.Now().Before(end); {
		w.types(w.member, "/zoom help")
		time.Sleep(500 * time.Millisecond)
	}
	if after := w.host.PluginPIDs("zoom"); len(after) != 1 || after[0] != before[0] {
		t.Errorf("the plugin was restarted: %v, then %v", before, after)
	}
	entries, err := w.host.Log(mmhost.Saying("Health check failed"))
	check(t, err)
	if len(entries) > 0 {
		t.Error(entries)
	}
}

// released is the manifest, and the bundle that make dist has written for it.
func released(t *testing.T) (manifest model.Manifest, bundle string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), "plugin.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &manifest))
	bundle = filepath.Join(root(), "dist", "zoom-"+manifest.Version+".tar.gz")
	if _, err := os.Stat(bundle); err != nil {
		t.Fatalf("%v: run make dist first", err)
	}
	return manifest, bundle
}

// Goal: the bundle that make dist writes is what a server takes.
func TestReleasedBundle(t *testing.T) {
	covers(t, "manifest: bundle", "manifest: bot")
	manifest, bundle := released(t)
	check(t, manifest.IsValid())
	host := startHost(t)
	installed, err := host.UploadPlugin(bundle)
	check(t, err)
	if installed.Id != "zoom" || installed.Version != manifest.Version {
		t.Errorf("installed %s %s", installed.Id, installed.Version)
	}
	check(t, host.EnablePlugin("zoom"))
	bot, _, err := host.Admin.GetUserByUsername(t.Context(), "zoom", "")
	check(t, err)
	if !bot.IsBot || bot.LastPictureUpdate == 0 || bot.FirstName != "Zoom" {
		t.Errorf("the bot: %+v", bot)
	}
}
