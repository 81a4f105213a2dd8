package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// sendTo sends a command from anywhere: a thread, another channel.
func (w *world) sendTo(p person, args model.CommandArgs) {
	w.Helper()
	body, err := json.Marshal(args)
	check(w.T, err)
	if status, answer := request(w.T, w.host, p.client, "POST", "/api/v4/commands/execute", bytes.NewReader(body)); status != http.StatusOK {
		w.Fatalf("%s: %d %s", args.Command, status, answer)
	}
}

// ephemeral is the next message that the bot shows to this user alone.
func (w *world) ephemeral(p person) *model.Post {
	w.Helper()
	event, err := mmhost.Await(p.ws, 10*time.Second, mmhost.OfType(model.WebsocketEventEphemeralMessage))
	check(w.T, err)
	var shown model.Post
	check(w.T, json.Unmarshal([]byte(event.GetData()["post"].(string)), &shown))
	return &shown
}

func (w *world) typesIn(p person, args model.CommandArgs) *model.Post {
	w.Helper()
	w.sendTo(p, args)
	return w.ephemeral(p)
}

// drain drops the events that have come so far.
func (w *world) drain(p person) {
	for {
		select {
		case <-p.ws.EventChannel:
		case <-time.After(500 * time.Millisecond):
			return
		}
	}
}

// suggestions are what the server offers behind what was typed.
func (w *world) suggestions(p person, typed string) []string {
	w.Helper()
	list, _, err := p.client.ListCommandAutocompleteSuggestions(context.Background(), url.QueryEscape(typed), w.channel.TeamId)
	check(w.T, err)
	var words []string
	for _, s := range list {
		if s.Description == "" {
			w.Errorf("%s has no description", s.Suggestion)
		}
		words = append(words, s.Suggestion)
	}
	return words
}

// Goal: what is typed in a thread is answered in the thread.
func TestAnswersInThreads(t *testing.T) {
	covers(t, "command: answers")
	w := connected(t)
	w.makeChannelAdmin(w.channel, w.member)
	root, _, err := w.member.client.CreatePost(context.Background(), &model.Post{ChannelId: w.channel.Id, Message: "root"})
	check(t, err)
	in := func(command string) model.CommandArgs {
		return model.CommandArgs{ChannelId: w.channel.Id, RootId: root.Id, Command: command}
	}
	for command, p := range map[string]person{
		"/zoom help": w.member, "/zoom dance": w.member, "/zoom connect": w.member, "/zoom channel-settings": w.unknown,
		"/zoom channel-settings list": w.admin, "/zoom start": w.unknown,
	} {
		if shown := w.typesIn(p, in(command)); shown.RootId != root.Id || shown.ChannelId != w.channel.Id {
			t.Errorf("%s was answered below %q", command, shown.RootId)
		}
	}
	w.submits(w.member, w.channel, w.opensDialog(w.member, w.channel, root.Id), "allow")
	if shown := w.ephemeral(w.member); shown.RootId != root.Id {
		t.Errorf("the dialog was answered below %q", shown.RootId)
	}
	w.sendTo(w.member, in("/zoom start"))
	eventually(t, "the meeting is posted", func() bool { return len(w.posts()) == 1 })
	if post := w.posts()[0]; post.RootId != root.Id {
		t.Errorf("the meeting was posted below %q", post.RootId)
	}
}

// Goal: below a path everything works: links, Zoom's way back, webhooks, the
// dialog, the REST route.
func TestBelowAPath(t *testing.T) {
	covers(t, "life: site path")
	w := newWorldAt(t, "/company")
	w.configure()
	if !strings.HasSuffix(w.host.URL, "/company") {
		t.Fatal(w.host.URL)
	}
	contains(t, w.types(w.admin, "/zoom connect"), w.host.URL+"/plugins/zoom/oauth2/connect")
	status, location := w.get(w.admin, "/oauth2/connect")
	consent, err := url.Parse(location)
	check(t, err)
	if back := consent.Query().Get("redirect_uri"); status != http.StatusFound || back != w.host.URL+"/plugins/zoom/oauth2/complete" {
		t.Errorf("%d, back to %s", status, back)
	}
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	if n := w.starts(1); n != 1 {
		t.Fatal("no meeting")
	}
	meeting := w.zoom.Meetings()[0]
	check(t, func() error { _, err := w.zoom.Start(meeting.ID); return err }())
	delivery, err := w.zoom.End(meeting.ID)
	check(t, err)
	if delivery.Status != http.StatusOK || w.posts()[0].Props["meeting_status"] != "ENDED" {
		t.Errorf("webhook: %+v", delivery)
	}
	dialog := w.opensDialog(w.admin, w.channel, "")
	if dialog.URL != preferenceURL {
		t.Errorf("dialog to %s", dialog.URL)
	}
	if response := w.submits(w.admin, w.channel, dialog, "restrict"); response.Error != "" {
		t.Errorf("%+v", response)
	}
	contains(t, w.ephemeral(w.admin).Message, "switched off")
	cookie := []string{"Cookie", "MMAUTHTOKEN=" + w.member.client.AuthToken}
	if status, _ := request(t, w.host, nil, "GET", "/plugins/zoom/oauth2/connect", nil, cookie...); status != http.StatusForbidden {
		t.Errorf("signed in by cookie: %d", status)
	}
}

// Goal: without a Site URL the plugin says so.
func TestNoSiteURL(t *testing.T) {
	covers(t, "life: site path")
	w := newWorldAt(t, "", "MM_SERVICESETTINGS_SITEURL=")
	check(t, w.host.ConfigurePlugin("zoom", w.settings()))
	contains(t, w.types(w.admin, "/zoom start"), "**Site URL**")
	contains(t, w.types(w.member, "/zoom start"), "ask a system admin")
	if status, _ := w.get(w.admin, "/oauth2/connect"); status != http.StatusNotImplemented {
		t.Errorf("connect: %d", status)
	}
}

// Goal: every setting takes effect when it is saved, and one that makes no sense
// is named.
func TestSettingsAtRunTime(t *testing.T) {
	covers(t, "setting: names", "setting: addresses", "setting: RestrictMeetingCreation",
		"setting: ZoomWebhookSecret")
	w := connected(t)
	set := func(name string, value any) {
		t.Helper()
		settings := w.settings()
		settings[name] = value
		check(t, w.host.ConfigurePlugin("zoom", settings))
	}
	asked := func() *url.URL {
		t.Helper()
		_, location := w.get(w.admin, "/oauth2/connect")
		u, err := url.Parse(location)
		check(t, err)
		return u
	}
	set("OAuthClientID", "another-client")
	if got := asked().Query().Get("client_id"); got != "another-client" {
		t.Errorf("client id %s", got)
	}
	set("ZoomURL", "https://gov.example.com/")
	if u := asked(); u.Host != "gov.example.com" || u.Path != "/oauth/authorize" {
		t.Errorf("asked at %v", u)
	}
	set("RestrictMeetingCreation", true)
	contains(t, w.types(w.member, "/zoom start"), "switched off in this channel")
	set("RestrictMeetingCreation", false)
	if n := w.starts(1); n != 1 {
		t.Error("no meeting with the settings as before")
	}
	meeting := w.zoom.Meetings()[0]
	check(t, func() error { _, err := w.zoom.Start(meeting.ID); return err }())
	ended, err := w.zoom.MeetingEvent("meeting.ended", meeting.ID)
	check(t, err)
	deliver := func() int {
		t.Helper()
		delivery, err := w.zoom.Deliver(ended)
		check(t, err)
		return delivery.Status
	}
	for _, name := range []string{"WebhookSecret", "ZoomWebhookSecret"} {
		set(name, "another-secret-0123456789abcdefg")
		if status := deliver(); status != http.StatusUnauthorized {
			t.Errorf("%s changed: %d", name, status)
		}
	}
	set("", nil)
	if status := deliver(); status != http.StatusOK {
		t.Errorf("as before: %d", status)
	}
	for value, says := range map[string]string{
		"http://zoom.us": "begin with", "https://zoom .us": "spaces", "https://me@zoom.us": "user name", "https://": "name a host",
		"https://zoom.us/?x": "plain path", "https://zoom.us/oauth": "end behind the host", "https://zoom.us:0": "port",
	} {
		set("ZoomURL", value)
		contains(t, w.types(w.admin, "/zoom connect"), says)
	}
	settings := w.settings()
	settings["ZoomURL"], settings["ZoomAPIURL"] = "https://zoomgov.com/", "https://api.zoom.us/v2"
	check(t, w.host.ConfigurePlugin("zoom", settings))
	contains(t, w.types(w.admin, "/zoom connect"), "`https://api.zoomgov.com/v2`")
	settings["ZoomAPIURL"] = "https://api.zoomgov.com/v2/"
	check(t, w.host.ConfigurePlugin("zoom", settings))
	if u := asked(); u.Host != "zoomgov.com" {
		t.Errorf("asked at %v", u)
	}
	site := "https://chat.example.org/" // the path of a Site URL needs a restart of the server
	check(t, w.host.Configure(&model.Config{ServiceSettings: model.ServiceSettings{SiteURL: &site}}))
	if back := asked().Query().Get("redirect_uri"); back != "https://chat.example.org/plugins/zoom/oauth2/complete" {
		t.Errorf("back to %s", back)
	}
}

// Goal: the server suggests to everybody what they may use, on both levels.
func TestSuggestions(t *testing.T) {
	covers(t, "better: suggested by role")
	w := connected(t)
	for _, try := range []struct {
		who   person
		typed string
		words []string // among others
		not   []string
	}{
		{w.member, "/zo", []string{"zoom"}, nil},
		{w.member, "/zoom ", []string{"start", "channel-settings", "help"}, []string{"connect"}},
		{w.admin, "/zoom ", []string{"start", "connect", "channel-settings", "help"}, nil},
		{w.member, "/zoom st", []string{"start"}, []string{"help"}},
		{w.member, "/zoom channel-settings ", nil, []string{"list"}},
		{w.admin, "/zoom channel-settings ", []string{"list"}, []string{"start"}},
		{w.admin, "/zoom channel-settings l", []string{"list"}, nil},
		{w.admin, "/zoom dance ", nil, []string{"list"}},
	} {
		got := w.suggestions(try.who, try.typed)
		for _, word := range try.words {
			if !slices.Contains(got, word) {
				t.Errorf("%q of %s: %v, without %s", try.typed, try.who.user.Username, got, word)
			}
		}
		for _, word := range try.not {
			if slices.Contains(got, word) {
				t.Errorf("%q of %s: %v, with %s", try.typed, try.who.user.Username, got, word)
			}
		}
	}
	check(t, w.host.ConfigurePlugin("zoom", map[string]any{"OAuthClientID": ""}))
	if got := w.suggestions(w.member, "/zoom "); !slices.Contains(got, "help") {
		t.Errorf("without settings: %v", got)
	}
}

// Goal: whatever is typed is answered and changes nothing.
func TestBadCommands(t *testing.T) {
	covers(t, "better: bare command")
	w := connected(t)
	before := w.stored("zoomSuperUserToken_")
	for _, command := range []string{
		"/zoom dance", "/zoom " + strings.Repeat("x", 16000), "/zoom \x01\x02\x1b[31m", "/zoom \u202estart", "/zoom start\u00a0now",
		"/zoom connect me please", "/zoom channel-settings lists", "/zoom channel-settings list all", "/zoom help me",
		"/zoom `help`", "/zoom @all", "/zoom start\u200b",
	} {
		if answer := w.types(w.admin, command); !strings.Contains(answer, "/zoom help") || len(answer) > 200 {
			t.Errorf("%.40q: %.200s", command, answer)
		}
	}
	for _, command := range []string{"/zoom", "/zoom ", "/zoom " + strings.Repeat(" ", 16000), "/ZOOM Help", "/zoom \t help\n"} {
		contains(t, w.types(w.member, command), "`/zoom start [topic]`")
	}
	// bytes that are no UTF-8
	body := fmt.Sprintf(`{"channel_id":%q,"command":"/zoom %s"}`, w.channel.Id, "\xff\xfe\xc3")
	if status, answer := request(t, w.host, w.member.client, "POST", "/api/v4/commands/execute", strings.NewReader(body)); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	contains(t, w.ephemeral(w.member).Message, "/zoom help")
	if len(w.posts()) != 0 || len(w.zoom.Meetings()) != 0 || w.stored("zoomSuperUserToken_") != before ||
		w.stored("zoomuserstate_"+w.admin.user.Id) != "" {
		t.Error("something was changed")
	}

	w.send(w.member, "/zoom start "+strings.Repeat("ö", 16000)+"\x01")
	eventually(t, "a meeting with a very long topic", func() bool { return len(w.posts()) == 1 })
	topic := fmt.Sprint(w.posts()[0].Props["meeting_topic"])
	if n := len([]rune(topic)); n > 201 || !strings.HasPrefix(topic, "öö") {
		t.Errorf("a topic of %d characters", n)
	}
}

// Goal: a user who is deactivated can do nothing, and what they began goes on.
func TestDeactivatedUser(t *testing.T) {
	covers(t, "life: people and channels")
	w := connected(t)
	w.makeChannelAdmin(w.channel, w.member)
	w.starts(1)
	meeting := w.zoom.Meetings()[0]
	_, err := w.admin.client.UpdateUserActive(context.Background(), w.member.user.Id, false)
	check(t, err)
	if status, _ := w.post(w.member, "/api/v1/meetings", w.startBody()); status != http.StatusUnauthorized {
		t.Errorf("start: %d", status)
	}
	if status, _ := w.setsChannel(w.member, w.channel.Id, "allow"); status != http.StatusUnauthorized {
		t.Errorf("channel setting: %d", status)
	}
	if _, _, err := w.member.client.ExecuteCommand(context.Background(), w.channel.Id, "/zoom start"); err == nil {
		t.Error("a command was run")
	}
	check(t, func() error { _, err := w.zoom.Start(meeting.ID); return err }())
	delivery, err := w.zoom.End(meeting.ID)
	check(t, err)
	if delivery.Status != http.StatusOK || w.posts()[0].Props["meeting_status"] != "ENDED" {
		t.Errorf("end: %+v, %v", delivery, w.posts()[0].Props)
	}
}

// Goal: with its bot deactivated or deleted the plugin still answers, and the
// next activation has a bot again, with its picture.
func TestBotDeactivated(t *testing.T) {
	covers(t, "life: bot")
	w := connected(t)
	ctx := context.Background()
	bot, _, err := w.admin.client.GetUserByUsername(ctx, "zoom", "")
	check(t, err)
	_, _, err = w.admin.client.DisableBot(ctx, bot.Id)
	check(t, err)
	contains(t, w.types(w.member, "/zoom help"), "/zoom start")
	if n := w.starts(1); n != 1 {
		t.Error("no meeting while the bot is deactivated")
	}
	reconnect := func() { // which ends with a direct message
		t.Helper()
		if status, page := w.authorize(); status != http.StatusOK {
			t.Errorf("connecting: %d %s", status, page)
		}
	}
	direct, _, err := w.admin.client.CreateDirectChannel(ctx, w.admin.user.Id, bot.Id)
	check(t, err)
	messages := func() int {
		t.Helper()
		list, _, err := w.admin.client.GetPostsForChannel(ctx, direct.Id, 0, 100, "", false, false)
		check(t, err)
		return len(list.Order)
	}
	before := messages()
	reconnect()
	if messages() != before+1 {
		t.Error("no direct message of a deactivated bot")
	}
	again := func() *model.User {
		t.Helper()
		check(t, w.host.DisablePlugin("zoom"))
		check(t, w.host.EnablePlugin("zoom"))
		user, _, err := w.admin.client.GetUserByUsername(ctx, "zoom", "")
		check(t, err)
		if user.DeleteAt != 0 || !user.IsBot || user.LastPictureUpdate == 0 {
			t.Errorf("after an activation: %+v", user)
		}
		return user
	}
	if user := again(); user.Id != bot.Id {
		t.Error("another bot")
	}

	// as "mattermost user delete" does
	for _, table := range []string{"bots WHERE userid", "users WHERE id", "channelmembers WHERE userid", "preferences WHERE userid"} {
		check(t, w.host.Change("DELETE FROM "+table+" = $1", bot.Id))
	}
	contains(t, w.types(w.member, "/zoom help"), "/zoom start")
	reconnect()
	_, err = w.host.WaitLog(10*time.Second, mmhost.FromPlugin("zoom"), mmhost.Saying("A direct message could not be sent"))
	check(t, err)
	if user := again(); user.Id == bot.Id {
		t.Error("the deleted bot is back")
	}
	contains(t, w.types(w.member, "/zoom help"), "/zoom start")
	if n := w.starts(1); n != 1 {
		t.Error("no meeting with the new bot")
	}
}

// Goal: where one may not post, or a channel is archived in between, meetings
// are refused with a reason and ends are not lost; guests are members like all.
func TestChannelsThatChange(t *testing.T) {
	covers(t, "start: members", "life: people and channels")
	w := connected(t)
	ctx := context.Background()
	_, err := w.zoom.AddUser(zoomsim.User{Email: "guest@example.com"})
	check(t, err)
	guest := w.newPerson("guest", "guest@example.com")
	_, _, err = w.admin.client.AddTeamMember(ctx, w.channel.TeamId, guest.user.Id)
	check(t, err)
	_, _, err = w.admin.client.AddChannelMember(ctx, w.channel.Id, guest.user.Id)
	check(t, err)
	for _, statement := range []string{
		"UPDATE users SET roles = 'system_guest' WHERE id = $1",
		"UPDATE teammembers SET schemeguest = true, schemeuser = false WHERE userid = $1",
		"UPDATE channelmembers SET schemeguest = true, schemeuser = false WHERE userid = $1",
	} {
		check(t, w.host.Change(statement, guest.user.Id))
	}
	w.prefers(guest, "No")
	if n := w.starts(1, guest); n != 1 {
		t.Error("no meeting by a guest")
	}
	contains(t, w.types(guest, "/zoom channel-settings"), "Only admins of this channel")
	if got := w.suggestions(guest, "/zoom "); !slices.Contains(got, "start") {
		t.Errorf("a guest is offered %v", got)
	}
	public := w.newChannel("public", model.ChannelTypeOpen)
	if status, body := w.post(guest, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q}`, public.Id)); status != http.StatusForbidden {
		t.Errorf("a guest in another channel: %d %s", status, body)
	}

	role, _, err := w.admin.client.GetRoleByName(ctx, model.ChannelUserRoleId)
	check(t, err)
	silent := slices.DeleteFunc(slices.Clone(role.Permissions), func(name string) bool { return name == "create_post" })
	_, _, err = w.admin.client.PatchRole(ctx, role.Id, &model.RolePatch{Permissions: &silent})
	check(t, err)
	status, body := w.post(w.member, "/api/v1/meetings", w.startBody())
	if status != http.StatusForbidden || !strings.Contains(body, "may not post") {
		t.Errorf("in a read-only channel: %d %s", status, body)
	}

	meeting := w.zoom.Meetings()[0]
	check(t, func() error { _, err := w.zoom.Start(meeting.ID); return err }())
	dialog := w.opensDialog(w.admin, w.channel, "")
	_, err = w.admin.client.DeleteChannel(ctx, w.channel.Id)
	check(t, err)
	status, body = w.post(w.admin, "/api/v1/meetings", w.startBody())
	if status != http.StatusForbidden || !strings.Contains(body, "archived") {
		t.Errorf("in an archived channel: %d %s", status, body)
	}
	contains(t, w.submits(w.admin, w.channel, dialog, "allow").Error, "archived")
	delivery, err := w.zoom.End(meeting.ID)
	check(t, err)
	if delivery.Status != http.StatusOK {
		t.Errorf("the end of a meeting in an archived channel: %d", delivery.Status)
	}
}
