package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

// tab is another browser tab of somebody: its socket and connection id.
func (w *world) tab(p person) (*model.WebSocketClient, string) {
	w.Helper()
	ws, err := model.NewWebSocketClient4("ws"+strings.TrimPrefix(w.host.URL, "http"), p.client.AuthToken)
	check(w.T, err)
	w.Cleanup(ws.Close)
	ws.Listen()
	hello, err := mmhost.Await(ws, 10*time.Second, mmhost.OfType(model.WebsocketEventHello))
	check(w.T, err)
	return ws, hello.GetData()["connection_id"].(string)
}

// Goal: browsers get the web app from the server, as it was built; one click
// starts a meeting in the tab that clicked and in no other.
func TestWebapp(t *testing.T) {
	covers(t, "better: web app", "post: browser event")
	w := connected(t)

	status, list := request(t, w.host, w.member.client, "GET", "/api/v4/plugins/webapp", nil)
	var manifests []model.Manifest
	if status != http.StatusOK || json.Unmarshal([]byte(list), &manifests) != nil || len(manifests) != 1 || manifests[0].Webapp == nil {
		t.Fatalf("%d %s", status, list)
	}
	built, err := os.ReadFile(filepath.Join(root(), webappPath))
	check(t, err)
	path := strings.Replace(manifests[0].Webapp.BundlePath, "/static/", "/static/plugins/", 1)
	if status, served := request(t, w.host, w.member.client, "GET", path, nil); status != http.StatusOK || !bytes.Equal([]byte(served), built) {
		t.Errorf("%s: %d, %d bytes", path, status, len(served))
	}
	if status, icon := w.get(person{}, "/public/app-bar-icon.png"); status != http.StatusOK || !strings.HasPrefix(icon, "\x89PNG") {
		t.Errorf("the icon: %d", status)
	}

	clicked, id := w.tab(w.member)
	other, _ := w.tab(w.member)
	body, _ := json.Marshal(map[string]string{"channel_id": w.channel.Id, "root_id": "", "topic": "", "use_pmi": "", "connection_id": id})
	status, answer := w.post(w.member, "/api/v1/meetings", string(body))
	var meeting struct {
		URL string `json:"meeting_url"`
	}
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &meeting) != nil || meeting.URL == "" {
		t.Fatalf("%d %s", status, answer)
	}
	const started = "custom_zoom_meeting_started"
	event, err := mmhost.Await(clicked, 10*time.Second, mmhost.OfType(started))
	check(t, err)
	if event.GetData()["meeting_url"] != meeting.URL || event.GetBroadcast().ConnectionId != id {
		t.Errorf("the tab is told %v, for %q", event.GetData(), event.GetBroadcast().ConnectionId)
	}
	// the post comes to every tab, and after it the event would have come
	_, _, err = w.member.client.CreatePost(t.Context(), &model.Post{ChannelId: w.channel.Id, Message: "done"})
	check(t, err)
	_, err = mmhost.Await(other, 10*time.Second, func(e *model.WebSocketEvent) bool {
		if e.EventType() == started {
			t.Error("another tab would open the meeting, too")
		}
		text, _ := e.GetData()["post"].(string)
		return strings.Contains(text, `"message":"done"`)
	})
	check(t, err)
}
