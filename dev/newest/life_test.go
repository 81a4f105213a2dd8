package newest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// obituary is what the host says of a plugin that died.
var obituary = []string{
	"plugin process exited", "Health check failed", "error closing client during Kill", "plugin failed to exit gracefully", "yamux: ",
}

func echo(hooks plugin.Hooks, body []byte) *httptest.ResponseRecorder {
	return serve(hooks, httptest.NewRequest("POST", "/echo", bytes.NewReader(body)))
}

func (h *host) mustEcho() {
	h.Helper()
	body := random(70000)
	if answer := echo(h.hooks(), body); !bytes.Equal(answer.Body.Bytes(), body) {
		h.Fatalf("echo: %d, %d bytes", answer.Code, answer.Body.Len())
	}
}

func (h *host) deactivate() {
	h.Helper()
	if !h.env.Deactivate(h.id) {
		h.Fatal("was not active")
	}
	if pids := h.pids(); len(pids) != 0 {
		h.Fatalf("processes left: %v", pids)
	}
	if left, _ := os.ReadDir(h.sockets); len(left) != 0 {
		h.Errorf("sockets left: %v", left)
	}
}

// kill ends the plugin's process as a crash would and waits for the end.
func (h *host) kill() {
	h.Helper()
	pid := h.pid()
	check(h.T, syscall.Kill(pid, syscall.SIGKILL))
	eventually(h.T, "the process is gone", func() bool { return len(h.pids()) == 0 })
}

// Goal: deactivated, a plugin is gone, process and socket; it can be activated
// again and again, and a second activation of an active one does nothing.
func TestDeactivate(t *testing.T) {
	h := newHello(t)
	seen := map[int]bool{}
	for range 3 {
		h.activate()
		seen[h.pid()] = true
		if _, activated, err := h.env.Activate(h.id); activated || err != nil {
			t.Errorf("activated twice: %v %v", activated, err)
		}
		h.mustEcho()
		h.deactivate()
		if _, err := h.env.HooksForPlugin(h.id); err == nil {
			t.Error("hooks of a plugin that is not active")
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d processes in three lives", len(seen))
	}
}

// Goal: health stays green while the plugin is busy: a ping never waits behind
// its handlers.
func TestHealth(t *testing.T) {
	h := newHello(t)
	h.activate()
	pid := h.pid()
	h.env.TogglePluginHealthCheckJob(true)
	job := h.env.GetPluginHealthCheckJob()
	hooks := h.hooks()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 4 {
				body := random(300000)
				if answer := echo(hooks, body); !bytes.Equal(answer.Body.Bytes(), body) {
					h.Errorf("echo: %d, %d bytes", answer.Code, answer.Body.Len())
				}
			}
		})
	}
	for range 50 {
		if err := h.env.PerformHealthCheck(h.id); err != nil {
			t.Fatal(err)
		}
		job.CheckPlugin(h.id) // restarts what is not healthy
	}
	group.Wait()
	if h.pid() != pid {
		t.Error("the plugin was restarted")
	}
}

// Goal: the host notices a plugin that was killed and starts it again; so does
// an admin; at the third death within the hour the host gives up.
func TestKilled(t *testing.T) {
	h := newHello(t)
	h.expect(obituary...)
	h.activate()
	h.env.TogglePluginHealthCheckJob(true)
	job := h.env.GetPluginHealthCheckJob()
	for range 2 {
		former := h.pid()
		h.kill()
		if h.env.PerformHealthCheck(h.id) == nil {
			t.Fatal("a dead plugin is healthy")
		}
		job.CheckPlugin(h.id)
		if h.pid() == former {
			t.Fatal("the process is the former one")
		}
		check(t, h.env.PerformHealthCheck(h.id))
		h.mustEcho()
	}

	former := h.pid()
	check(t, h.env.RestartPlugin(h.id))
	if h.pid() == former {
		t.Error("restarted, but the process is the former one")
	}
	h.mustEcho()

	h.kill()
	job.CheckPlugin(h.id)
	if state := h.env.GetPluginState(h.id); state != model.PluginStateFailedToStayRunning {
		t.Errorf("state %d", state)
	}
	h.activate() // by an admin
	h.mustEcho()
}

// Goal: killed in the middle of its work, the plugin takes nobody with it: each
// request is answered, by it or by the host.
func TestKilledInTheMiddle(t *testing.T) {
	h := newHello(t)
	h.expect(append(obituary, "Plugin failed to ServeHTTP")...)
	h.activate()
	var group sync.WaitGroup
	var answered atomic.Int32
	hooks := h.hooks()
	for range 16 {
		group.Go(func() {
			for range 8 {
				echo(hooks, random(1<<20))
				answered.Add(1)
			}
		})
	}
	eventually(t, "the first answer", func() bool { return answered.Load() > 0 })
	h.kill()
	t.Logf("%d of 128 were answered before", answered.Load())
	group.Wait()
	check(t, h.env.RestartPlugin(h.id))
	h.mustEcho()
	if answer := h.request(nil, "GET", "/echo", nil); answer.Code != http.StatusOK {
		t.Errorf("after the restart: %d", answer.Code)
	}
}
