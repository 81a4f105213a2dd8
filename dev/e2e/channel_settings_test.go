package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

const preferenceURL = "/plugins/zoom/api/v1/channel-preference"

// newChannel is another one of the same team.
func (w *world) newChannel(name string, kind model.ChannelType, members ...person) *model.Channel {
	w.Helper()
	var users []*model.User
	for _, p := range members {
		users = append(users, p.user)
	}
	channel, err := w.host.CreateChannel(&model.Team{Id: w.channel.TeamId}, name, kind, users...)
	check(w.T, err)
	return channel
}

func (w *world) makeChannelAdmin(channel *model.Channel, p person) {
	w.Helper()
	_, err := w.admin.client.UpdateChannelRoles(context.Background(), channel.Id, p.user.Id, "channel_user channel_admin")
	check(w.T, err)
}

// opensDialog types the command and takes the dialog that the server then shows.
func (w *world) opensDialog(p person, channel *model.Channel, rootID string) model.OpenDialogRequest {
	w.Helper()
	w.sendTo(p, model.CommandArgs{ChannelId: channel.Id, RootId: rootID, Command: "/zoom channel-settings"})
	event, err := mmhost.Await(p.ws, 10*time.Second, mmhost.OfType(model.WebsocketEventOpenDialog))
	check(w.T, err)
	var request model.OpenDialogRequest
	check(w.T, json.Unmarshal([]byte(event.GetData()["dialog"].(string)), &request))
	return request
}

// submits does what the web app does with a filled-in dialog.
func (w *world) submits(p person, channel *model.Channel, request model.OpenDialogRequest, value any) *model.SubmitDialogResponse {
	w.Helper()
	response, _, err := p.client.SubmitInteractiveDialog(context.Background(), model.SubmitDialogRequest{
		URL: request.URL, CallbackId: request.Dialog.CallbackId, State: request.Dialog.State,
		ChannelId: channel.Id, TeamId: w.channel.TeamId, Submission: map[string]any{"preference": value},
	})
	check(w.T, err)
	return response
}

// setsChannel sets a channel's preference straight through the route.
func (w *world) setsChannel(p person, channelID, value string) (int, string) {
	w.Helper()
	return w.post(p, "/api/v1/channel-preference",
		fmt.Sprintf(`{"channel_id":%q,"state":%q,"submission":{"preference":%q}}`, channelID, channelID, value))
}

func (w *world) stored(key string) string {
	w.Helper()
	value, err := w.host.PluginValue("zoom", key)
	check(w.T, err)
	return value
}

// Goal: an admin of a channel switches meetings off and on in the dialog that
// the server shows, everybody is bound by it, and nobody else can change it.
func TestChannelSettings(t *testing.T) {
	covers(t, "command: channel-settings", "route: POST /api/v1/channel-preference",
		"start: restricted channels", "route: bodies")
	w := connected(t)
	contains(t, w.types(w.member, "/zoom channel-settings"), "Only admins of this channel and system admins")
	w.makeChannelAdmin(w.channel, w.member)

	request := w.opensDialog(w.member, w.channel, "")
	radio := request.Dialog.Elements[0]
	if request.URL != preferenceURL || request.Dialog.State != w.channel.Id || radio.Name != "preference" ||
		radio.Default != "default" || len(radio.Options) != 3 || len(request.Dialog.Title) > 24 {
		t.Errorf("dialog: %+v", request)
	}
	if response := w.submits(w.member, w.channel, request, "restrict"); response.Error != "" || len(response.Errors) > 0 {
		t.Fatalf("restrict: %+v", response)
	}
	contains(t, w.ephemeral(w.member).Message, "switched off in this channel")
	if got, want := w.stored("zoomChannelSettings"), `{"`+w.channel.Id+`":{"Preference":"restrict"}}`; got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
	contains(t, w.types(w.member, "/zoom start"), "switched off in this channel")
	contains(t, w.types(w.admin, "/zoom start"), "switched off in this channel")
	if status, body := w.post(w.member, "/api/v1/meetings", w.startBody()); status != http.StatusForbidden {
		t.Errorf("start by REST: %d %s", status, body)
	}
	if again := w.opensDialog(w.admin, w.channel, ""); again.Dialog.Elements[0].Default != "restrict" {
		t.Errorf("preselected: %s", again.Dialog.Elements[0].Default)
	}

	w.refusedSubmissions(request)

	if response := w.submits(w.member, w.channel, request, "allow"); response.Error != "" {
		t.Errorf("allow: %+v", response)
	}
	contains(t, w.ephemeral(w.member).Message, "can be started in this channel")
	settings := w.settings()
	settings["RestrictMeetingCreation"] = true
	check(t, w.host.ConfigurePlugin("zoom", settings))
	if n := w.starts(1); n != 1 {
		t.Error("no meeting in a channel set to allow")
	}
	if status, body := w.setsChannel(w.admin, w.channel.Id, "default"); status != http.StatusOK {
		t.Errorf("default: %d %s", status, body)
	}
	contains(t, w.ephemeral(w.admin).Message, "switched off in public channels")
	contains(t, w.types(w.member, "/zoom start"), "switched off in this channel")
	hidden := w.newChannel("hidden", model.ChannelTypePrivate, w.member)
	if status, body := w.post(w.member, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q}`, hidden.Id)); status != http.StatusOK {
		t.Errorf("in a private channel without a setting: %d %s", status, body)
	}
}

// refusedSubmissions are those of strangers, of other channels, of nonsense.
func (w *world) refusedSubmissions(request model.OpenDialogRequest) {
	w.Helper()
	t := w.T
	other := w.newChannel("other", model.ChannelTypePrivate, w.member)
	contains(t, w.submits(w.unknown, w.channel, request, "allow").Error, "Only admins of this channel")
	contains(t, w.submits(w.member, other, request, "allow").Error, "belongs to another channel")
	for _, value := range []any{"", "nonsense", nil, 7, []string{"allow"}} {
		contains(t, w.submits(w.member, w.channel, request, value).Errors["preference"], "choose one of the three")
	}
	for name, try := range map[string]struct {
		who     person
		channel string
		status  int
	}{
		"signed out":                    {person{}, w.channel.Id, 401},
		"a member":                      {w.unknown, w.channel.Id, 403},
		"a member of a private channel": {w.member, other.Id, 403},
		"a stranger to it":              {w.unknown, other.Id, 403},
		"a channel that there is not":   {w.admin, "nonexistentnonexistentnone", 403},
		"no channel":                    {w.admin, "", 400},
	} {
		if status, body := w.setsChannel(try.who, try.channel, "allow"); status != try.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _ := w.post(w.admin, "/api/v1/channel-preference", strings.Repeat("x", 1<<20+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("above one megabyte: %d", status)
	}
	contains(t, w.stored("zoomChannelSettings"), `{"Preference":"restrict"}}`)
}

// Goal: direct and group messages have no settings.
func TestChannelSettingsOfMessages(t *testing.T) {
	covers(t, "command: channel-settings")
	w := connected(t)
	ctx := context.Background()
	direct, _, err := w.admin.client.CreateDirectChannel(ctx, w.admin.user.Id, w.member.user.Id)
	check(t, err)
	group, _, err := w.admin.client.CreateGroupChannel(ctx, []string{w.admin.user.Id, w.member.user.Id, w.unknown.user.Id})
	check(t, err)
	for _, channel := range []*model.Channel{direct, group} {
		for _, p := range []person{w.member, w.admin} {
			shown := w.typesIn(p, model.CommandArgs{ChannelId: channel.Id, TeamId: w.channel.TeamId, Command: "/zoom channel-settings"})
			contains(t, shown.Message, "Direct and group messages have no Zoom settings")
			if status, body := w.setsChannel(p, channel.Id, "restrict"); status != http.StatusForbidden {
				t.Errorf("%d %s", status, body)
			}
		}
	}
	if stored := w.stored("zoomChannelSettings"); stored != "" {
		t.Error(stored)
	}
}

// Goal: system admins see every channel with a setting of its own, in one post,
// also when many were set at once; what others have stored survives.
func TestChannelSettingsList(t *testing.T) {
	covers(t, "command: channel-settings list")
	w := connected(t)
	contains(t, w.types(w.member, "/zoom channel-settings list"), "Only system admins")
	contains(t, w.types(w.admin, "/zoom channel-settings list"), "No channel has a Zoom setting of its own")

	// one entry of a later version, one of a channel that is gone
	check(t, w.host.Change(`INSERT INTO pluginkeyvaluestore (pluginid, pkey, pvalue, expireat) VALUES ('zoom', 'zoomChannelSettings', $1, 0)`,
		[]byte(`{"nonexistentnonexistentnone":{"Preference":"allow","Since":5}}`)))
	const n = 240
	channels := make([]*model.Channel, n)
	for i := range channels {
		channels[i] = w.newChannel(fmt.Sprintf("%s-%03d", strings.Repeat("long", 14), i), model.ChannelTypeOpen)
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := worker; i < n; i += 4 {
				if status, body := w.setsChannel(w.admin, channels[i].Id, "restrict"); status != http.StatusOK {
					t.Errorf("%d: %d %s", i, status, body)
				}
			}
		})
	}
	group.Wait()
	_, err := w.admin.client.DeleteChannel(context.Background(), channels[0].Id)
	check(t, err)
	if status, body := w.setsChannel(w.admin, channels[0].Id, "allow"); status != http.StatusForbidden || !strings.Contains(body, "archived") {
		t.Errorf("of an archived channel: %d %s", status, body)
	}

	var kept map[string]map[string]any
	check(t, json.Unmarshal([]byte(w.stored("zoomChannelSettings")), &kept))
	if len(kept) != n+1 || kept["nonexistentnonexistentnone"]["Since"] != 5.0 {
		t.Errorf("%d kept, %v", len(kept), kept["nonexistentnonexistentnone"])
	}
	w.drain(w.admin)
	answer := w.types(w.admin, "/zoom channel-settings list")
	lines := strings.Count(answer, "(team): `restrict`")
	if len(answer) > 16383 || lines < 150 || lines >= n ||
		!strings.HasSuffix(answer, fmt.Sprintf("\n\nAnd up to %d more.", n-1-lines)) {
		t.Errorf("%d lines, %d bytes, ending in %q", lines, len(answer), answer[max(0, len(answer)-80):])
	}
	if strings.Contains(answer, channels[0].Name) {
		t.Error("an archived channel is listed")
	}
}
