package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

// Goal: the SDK's example, a whole plugin in one C file, does in the real
// server what its comment says.
func TestHello(t *testing.T) {
	host := startHost(t)
	ada, client, err := host.CreateUser("ada", "ada@example.com")
	check(t, err)
	team, err := host.CreateTeam("team", ada)
	check(t, err)
	channel, err := host.CreateChannel(team, "talk", model.ChannelTypeOpen, ada)
	check(t, err)
	bundle := packHello(t)
	_, err = host.UploadPlugin(bundle)
	check(t, err)
	check(t, host.EnablePlugin("hello"))
	entry, err := host.WaitLog(5*time.Second, mmhost.FromPlugin("hello"), mmhost.AtLevel("info"), mmhost.Saying("Hello is here"))
	check(t, err)
	if entry.Fields["bot_id"] == "" {
		t.Errorf("the log entry has no field bot_id: %+v", entry)
	}

	ws, err := host.WebSocket(client)
	check(t, err)
	greets := func(want string) {
		t.Helper()
		response, _, err := client.ExecuteCommand(context.Background(), channel.Id, "/hello World")
		check(t, err)
		if response.Text != "" {
			t.Errorf("the response says %q", response.Text)
		}
		event, err := mmhost.Await(ws, 10*time.Second, mmhost.OfType(model.WebsocketEventEphemeralMessage))
		check(t, err)
		var answer model.Post
		check(t, json.Unmarshal([]byte(event.GetData()["post"].(string)), &answer))
		posts, _, err := client.GetPostsForChannel(context.Background(), channel.Id, 0, 1, "", false, false)
		check(t, err)
		post := posts.ToSlice()[0]
		if post.Message != want || post.UserId != entry.Fields["bot_id"] || post.ChannelId != channel.Id {
			t.Errorf("posted, where %q was wanted: %+v", want, post)
		}
		if answer.Message != "Greeted." || answer.UserId != post.UserId || answer.ChannelId != channel.Id {
			t.Errorf("answered: %+v", &answer)
		}
	}
	greets("Hello World!")
	check(t, host.ConfigurePlugin("hello", map[string]any{"Greeting": "Grüß Gott,"}))
	greets("Grüß Gott, World!")
	check(t, host.ConfigurePlugin("hello", map[string]any{"Greeting": ""}))
	greets("Hello World!")

	for _, size := range []int{0, 1, 511, 512, 513, 65536, 65537, 300000, 500000, 3 << 20} {
		body := make([]byte, size)
		rand.Read(body)
		status, echo := request(t, host, client, "POST", "/plugins/hello/echo", bytes.NewReader(body), "Content-Type", "application/x-any")
		if status != 200 || echo != string(body) {
			t.Errorf("echo of %d bytes: status %d, %d bytes", size, status, len(echo))
		}
	}
	check(t, host.DisablePlugin("hello"))
}

// packHello makes the example's bundle with its own manifest.
func packHello(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), "sdk/examples/hello.json"))
	check(t, err)
	var manifest model.Manifest
	check(t, json.Unmarshal(text, &manifest))
	check(t, manifest.IsValid())
	program := manifest.GetExecutableForRuntime(runtime.GOOS, runtime.GOARCH)
	return pack(t, manifest.Id, map[string]string{program: built(t, "hello-plugin")}, &manifest)
}
