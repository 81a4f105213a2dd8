package newest

import (
	"bytes"
	"crypto/rand"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// Goal: the SDK's example, a whole plugin in one C file, does under the newest
// host what its comment says.
func TestHello(t *testing.T) {
	h := newHello(t)
	h.activate()
	if len(h.api.commands) != 1 || h.api.commands[0].Trigger != "hello" || !h.api.commands[0].AutoComplete {
		t.Errorf("commands: %+v", h.api.commands)
	}
	greeted := false
	for _, entry := range h.api.logged {
		greeted = greeted || entry.level == "info" && entry.message == "Hello is here" && len(entry.fields) == 2 && entry.fields[0] == "bot_id"
	}
	if !greeted {
		t.Errorf("log: %+v", h.api.logged)
	}

	ada := h.api.addUser("ada", model.SystemUserRoleId)
	channel := h.api.addChannel("talk", model.ChannelTypeOpen, ada)
	greets := func(want string) {
		t.Helper()
		if response := h.execute(ada, channel, "/hello World"); response.Text != "" {
			t.Errorf("response: %+v", response)
		}
		if post := h.api.lastSent(); post.Message != want || post.ChannelId != channel.Id {
			t.Errorf("posted, where %q was wanted: %+v", want, post)
		}
		if shown := h.api.takeShown(ada); shown != "Greeted." {
			t.Errorf("shown: %q", shown)
		}
	}
	greets("Hello World!")
	h.api.mu.Lock()
	h.api.settings["greeting"] = "Good morning," // so the System Console writes it
	h.api.mu.Unlock()
	check(t, h.hooks().OnConfigurationChange())
	greets("Good morning, World!")

	nowhere := &model.Channel{Id: model.NewId()}
	_, err := h.hooks().ExecuteCommand(callContext(), &model.CommandArgs{UserId: ada.Id, ChannelId: nowhere.Id, Command: "/hello World"})
	if err == nil || err.StatusCode != http.StatusInternalServerError || !strings.Contains(err.Message, "could not be posted") {
		t.Errorf("posting nowhere: %+v", err)
	}
}

// GetPluginConfig gives what was saved, and none of the manifest's defaults.
func (s *server) GetPluginConfig() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.settings)
}

func random(size int) []byte {
	body := make([]byte, size)
	rand.Read(body)
	return body
}

// Goal: request bodies of all sizes come back as they went, by recorder and
// through a real HTTP server, one by one and many at once.
func TestEcho(t *testing.T) {
	h := newHello(t)
	h.activate()
	if answer := h.request(nil, "GET", "/echo", nil); answer.Code != http.StatusOK || answer.Body.Len() != 0 {
		t.Errorf("no body: %d, %d bytes", answer.Code, answer.Body.Len())
	}
	for _, size := range []int{0, 1, 65536, 300000, 3 << 20} {
		body := random(size)
		answer := h.request(nil, "POST", "/echo", bytes.NewReader(body), "Content-Type", "application/x-any")
		if answer.Code != http.StatusOK || !bytes.Equal(answer.Body.Bytes(), body) {
			t.Errorf("echo of %d bytes: status %d, %d bytes", size, answer.Code, answer.Body.Len())
		}
		if kind := answer.Header().Get("Content-Type"); kind != "application/x-any" {
			t.Errorf("header came back as %q", kind)
		}
	}

	web := httptest.NewServer(h)
	defer web.Close()
	var group sync.WaitGroup
	for range 24 {
		group.Go(func() {
			body := random(300000)
			answer, err := http.Post(web.URL+"/plugins/hello/echo", "application/x-any", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			var back bytes.Buffer
			if _, err := back.ReadFrom(answer.Body); err != nil || !bytes.Equal(back.Bytes(), body) {
				t.Errorf("echo among others: %d, %d bytes, %v", answer.StatusCode, back.Len(), err)
			}
		})
	}
	group.Wait()
}

// Goal: the host calls the hooks the plugin has and no others; what it would
// answer for them is what it answers for a Go plugin without them.
func TestOnlyImplementedHooks(t *testing.T) {
	h := newHello(t)
	h.activate()
	has := []int{plugin.ServeHTTPID, plugin.ExecuteCommandID, plugin.OnConfigurationChangeID}
	for id := range plugin.TotalHooksID {
		if id != plugin.OnActivateID && h.env.HasPluginImplementing(id) != slices.Contains(has, id) {
			t.Errorf("hook %d: %v", id, h.env.HasPluginImplementing(id))
		}
	}
	h.env.RunMultiPluginHook(func(plugin.Hooks, *model.Manifest) bool {
		t.Error("the plugin is asked about posts")
		return true
	}, plugin.MessageWillBePostedID)

	// asked nevertheless, the host answers by itself: an rpc call would fail
	// and the host would log it
	hooks := h.hooks()
	post := &model.Post{Message: "as it was"}
	if kept, why := hooks.MessageWillBePosted(callContext(), post); kept != nil && kept.Message != post.Message || why != "" {
		t.Errorf("%+v %q", kept, why)
	}
	hooks.MessageHasBeenPosted(callContext(), post)
	hooks.OnPluginClusterEvent(callContext(), model.PluginClusterEvent{Id: "event", Data: []byte("data")})
	if err := hooks.OnDeactivate(); err != nil {
		t.Error(err)
	}
	recorder := httptest.NewRecorder()
	hooks.ServeMetrics(callContext(), recorder, httptest.NewRequest("GET", "/metrics", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("metrics: %d", recorder.Code)
	}
	if err := h.env.PerformHealthCheck(h.id); err != nil {
		t.Error(err)
	}
}
