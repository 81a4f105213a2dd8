package newest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"

	"zoomdev/zoomsim"
)

// world is a host with the plugin in it, a Zoom, and people.
type world struct {
	*host
	zoom    *zoomsim.Sim
	channel *model.Channel
	admin   *model.User // system admin, admin of the Zoom account
	member  *model.User // known to Zoom
	unknown *model.User // not known to Zoom
}

const (
	webhookSecret = "webhook-secret-0123456789abcdefg"
	encryptionKey = "encryption-key-0123456789abcdefg"
	tokenKey      = "zoomSuperUserToken_"
)

// newWorld starts everything; the plugin is active and not configured.
func newWorld(t *testing.T) *world {
	t.Helper()
	zoom := newStandIn(t, zoomsim.Options{})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	write(t, ca, zoom.CAPEM())
	t.Setenv("SSL_CERT_FILE", ca)
	t.Setenv("SSL_CERT_DIR", "/nonexistent")
	return newWorldOf(t, newZoom(t), zoom)
}

// newStandIn is a Zoom with the app and its admin.
func newStandIn(t *testing.T, options zoomsim.Options) *zoomsim.Sim {
	t.Helper()
	options.App = zoomsim.App{Name: "Test", AccountLevel: true, PlainHTTPRedirects: true, SecretToken: "zoom-secret-token"}
	options.Admin = zoomsim.User{Email: "admin@example.com"}
	options.Plan = zoomsim.PlanUnlimited
	zoom, err := zoomsim.Start(options)
	check(t, err)
	t.Cleanup(func() { check(t, zoom.Close()) })
	return zoom
}

// newWorldOf has a host and a Zoom of the caller's.
func newWorldOf(t *testing.T, h *host, zoom *zoomsim.Sim) *world {
	t.Helper()
	w := &world{host: h, zoom: zoom}
	web := httptest.NewServer(w.host)
	t.Cleanup(web.Close)
	w.api.siteURL = web.URL
	w.admin = w.api.addUser("admin", model.SystemUserRoleId+" "+model.SystemAdminRoleId)
	w.member = w.api.addUser("ada", model.SystemUserRoleId)
	w.unknown = w.api.addUser("sam", model.SystemUserRoleId)
	w.channel = w.api.addChannel("talk", model.ChannelTypeOpen, w.admin, w.member, w.unknown)
	_, err := zoom.AddUser(zoomsim.User{Email: "Ada@Example.com"})
	check(t, err)
	for _, user := range []*model.User{w.admin, w.member, w.unknown} {
		w.wantsUniqueIDs(user)
	}
	w.activate()
	return w
}

// wantsUniqueIDs is a user's choice of meeting IDs, so that nobody is asked.
func (w *world) wantsUniqueIDs(user *model.User) {
	w.Helper()
	if appErr := w.api.KVSet("zoomUserPreference_"+user.Id, []byte(`"false"`)); appErr != nil {
		w.Fatal(appErr)
	}
}

// configure saves the settings and tells Zoom where we are.
func (w *world) configure() {
	w.Helper()
	app := w.zoom.App()
	w.api.set(map[string]any{
		"ZoomURL": w.zoom.URL(), "ZoomAPIURL": w.zoom.APIURL(), "AccountLevelApp": true,
		"OAuthClientID": app.ClientID, "OAuthClientSecret": app.ClientSecret,
		"EncryptionKey": encryptionKey, "WebhookSecret": webhookSecret, "ZoomWebhookSecret": app.SecretToken,
	})
	check(w.T, w.hooks().OnConfigurationChange())
	w.zoom.UpdateApp(func(app *zoomsim.App) {
		app.RedirectURIs = []string{w.api.siteURL + "/plugins/zoom/oauth2/complete"}
	})
	w.zoom.SetWebhook(w.api.siteURL+"/plugins/zoom/webhook?secret="+webhookSecret, http.DefaultClient)
}

// connected is a world in which an admin has connected the Zoom account.
func connected(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.configure()
	w.authorize()
	return w
}

// authorize does what the admin's browser does, from link to last page.
func (w *world) authorize() {
	w.Helper()
	if answer := w.request(w.admin, "GET", w.consent(), nil); answer.Code != http.StatusOK {
		w.Fatalf("completing: %d %s", answer.Code, answer.Body)
	}
}

// consent goes to Zoom, says yes and gives the route to come back to.
func (w *world) consent() string {
	w.Helper()
	answer := w.request(w.admin, "GET", "/oauth2/connect", nil)
	if answer.Code != http.StatusFound {
		w.Fatalf("connect: %d %s", answer.Code, answer.Body)
	}
	back, err := w.zoom.Consent(answer.Header().Get("Location"), "admin@example.com")
	check(w.T, err)
	return strings.TrimPrefix(back, w.api.siteURL+"/plugins/zoom")
}

// types sends a command; answer is what the bot then shows to this user alone.
func (w *world) types(user *model.User, command string) string {
	w.Helper()
	w.execute(user, w.channel, command)
	return w.api.takeShown(user)
}

func (w *world) start(user *model.User) *httptest.ResponseRecorder {
	w.Helper()
	return w.request(user, "POST", "/api/v1/meetings?force=true", strings.NewReader(w.startBody()), "Content-Type", "application/json")
}

func (w *world) startBody() string { return fmt.Sprintf(`{"channel_id":%q}`, w.channel.Id) }

// mustStart starts a meeting by the route.
func (w *world) mustStart() {
	w.Helper()
	if answer := w.start(w.member); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), w.zoom.URL()+"/j/") {
		w.Fatalf("starting: %d %s", answer.Code, answer.Body)
	}
}

func (w *world) firstMeeting() zoomsim.MeetingInfo {
	w.Helper()
	meetings := w.zoom.Meetings()
	if len(meetings) == 0 {
		w.Fatal("no meeting at Zoom")
	}
	return meetings[0]
}

// sealed fails unless the stored token is one that no JSON reader takes.
func (w *world) sealed() []byte {
	w.Helper()
	raw := w.api.raw(tokenKey)
	if len(raw) == 0 || raw[0] != 0x02 || bytes.Contains(raw, []byte("access_token")) || bytes.Contains(raw, []byte(zoomsim.TokenStart)) {
		w.Fatalf("stored token: %.40q", raw)
	}
	return raw
}

// props fails for every prop that came out of gob with another value or type.
func (w *world) props(post *model.Post, want map[string]any) {
	w.Helper()
	for name, value := range want {
		if got := post.GetProp(name); !reflect.DeepEqual(got, value) {
			w.Errorf("prop %s is %v (%T), want %v (%T)", name, got, got, value, value)
		}
	}
}

// Goal: the plugin starts unconfigured, says so, and goes live when the
// settings are saved.
func TestUnconfigured(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/oauth2/connect", "/oauth2/complete", "/nothing"} {
		if answer := w.request(w.admin, "GET", path, nil); answer.Code != http.StatusNotImplemented {
			t.Errorf("GET %s: %d", path, answer.Code)
		}
	}
	if answer := w.start(w.member); answer.Code != http.StatusNotImplemented {
		t.Errorf("start: %d", answer.Code)
	}
	contains(t, w.types(w.admin, "/zoom start"), "Zoom client ID")
	contains(t, w.types(w.member, "/zoom start"), "ask a system admin")

	w.configure()
	contains(t, w.types(w.admin, "/zoom connect"), w.api.siteURL+"/plugins/zoom/oauth2/connect")
	if answer := w.request(w.admin, "GET", "/nothing", nil); answer.Code != http.StatusNotFound {
		t.Errorf("GET /nothing: %d", answer.Code)
	}
}

// Goal: activation makes the bot with its picture and a command whose
// suggestions the server accepts; activated again, it changes nothing.
func TestActivation(t *testing.T) {
	w := newWorld(t)
	if len(w.api.commands) != 1 || w.api.commands[0].Trigger != "zoom" || len(w.api.commands[0].AutocompleteData.SubCommands) < 3 {
		t.Errorf("commands: %+v", w.api.commands)
	}
	if len(w.api.pictures) != 1 {
		t.Fatalf("%d pictures", len(w.api.pictures))
	}
	for id, picture := range w.api.pictures {
		if w.api.users[id].Username != "zoom" || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
			t.Errorf("picture of %s: %.8q", w.api.users[id].Username, picture)
		}
	}
	clear(w.api.pictures)
	check(t, w.env.RestartPlugin(w.id))
	if len(w.api.pictures) != 0 {
		t.Error("the same picture was set again")
	}
	for _, id := range []int{plugin.ServeHTTPID, plugin.ExecuteCommandID, plugin.OnConfigurationChangeID} {
		if !w.env.HasPluginImplementing(id) {
			t.Errorf("hook %d is missing", id)
		}
	}
}

// Goal: an admin connects the Zoom account, a member starts a meeting, and the
// post follows it to its end; every prop arrives as the Go type it should be.
func TestMainJob(t *testing.T) {
	w := newWorld(t)
	w.configure()
	contains(t, w.types(w.admin, "/zoom connect"), w.api.siteURL+"/plugins/zoom/oauth2/connect")
	state := w.api.kv["zoomuserstate_"+w.admin.Id]
	if state == nil || !strings.HasSuffix(string(state.Value), "_"+w.admin.Id+"_"+w.channel.Id+"_true") {
		t.Fatalf("state: %+v", state)
	}
	if left := state.ExpireAt - model.GetMillis(); left < 290_000 || left > 300_000 {
		t.Errorf("the state lives for another %d ms", left)
	}
	back := w.request(w.admin, "GET", w.consent(), nil)
	if back.Code != http.StatusOK || !strings.Contains(back.Body.String(), "Zoom is connected") {
		t.Fatalf("completing: %d %s", back.Code, back.Body)
	}
	contains(t, w.api.takeShown(w.admin), "`admin@example.com`")
	w.sealed()

	w.zoom.ForceUUID("/Ab/cdEf12345+ghIJKLmg==")
	if answer := w.types(w.member, "/zoom start Weekly sync"); answer != "" {
		t.Fatal(answer)
	}
	meeting := w.firstMeeting()
	post := w.api.lastSent()
	link, _ := post.GetProp("meeting_link").(string)
	if post.Type != "custom_zoom" || post.UserId != w.member.Id || post.ChannelId != w.channel.Id {
		t.Errorf("post: %+v", post)
	}
	if !strings.HasPrefix(link, w.zoom.URL()+"/j/") {
		t.Errorf("link: %s", link)
	}
	w.props(post, map[string]any{
		"meeting_id": meeting.ID, "meeting_uuid": meeting.UUID, "meeting_status": "STARTED", "meeting_personal": false,
		"meeting_topic": "Weekly sync", "meeting_creator_username": "ada", "meeting_provider": "Zoom",
	})
	attachments, typed := post.GetProp("attachments").([]*model.MessageAttachment)
	if !typed || len(attachments) != 1 || attachments[0].Title != "Weekly sync" || attachments[0].TitleLink != link {
		t.Errorf("attachments: %T %+v", post.GetProp("attachments"), attachments)
	}
	events := w.api.takeEvents()
	if len(events) != 1 || events[0].name != "custom_zoom_meeting_started" ||
		!reflect.DeepEqual(events[0].payload, map[string]any{"meeting_url": link}) ||
		events[0].broadcast.UserId != w.member.Id || events[0].broadcast.ConnectionId != "connection-of-ada" {
		t.Errorf("events: %+v", events)
	}

	_, err := w.zoom.Start(meeting.ID)
	check(t, err)
	delivery, err := w.zoom.End(meeting.ID)
	check(t, err)
	if delivery.Status != http.StatusOK {
		t.Fatalf("webhook: %+v", delivery)
	}
	w.ended(w.api.lastSent(), meeting)
}

// ended looks at a post as the plugin sent it at the end of the meeting.
func (w *world) ended(post *model.Post, meeting zoomsim.MeetingInfo) {
	w.Helper()
	contains(w.T, post.Message, "ended")
	w.props(post, map[string]any{
		"meeting_status": "ENDED", "meeting_uuid": meeting.UUID, "meeting_topic": meeting.Topic,
		"meeting_creator_username": "ada", "from_plugin": "true",
		"meeting_id": float64(meeting.ID), // as the server gave it
	})
	end, typed := post.GetProp("meeting_end_time").(int64)
	if age := time.Since(time.UnixMilli(end)); !typed || age < -5*time.Second || age > time.Minute {
		w.Errorf("meeting_end_time: %v", post.GetProp("meeting_end_time"))
	}
	attachments, typed := post.GetProp("attachments").([]*model.MessageAttachment)
	if !typed || len(attachments) != 1 || len(attachments[0].Fields) == 0 {
		w.Fatalf("attachments: %T %+v", post.GetProp("attachments"), attachments)
	}
	for _, field := range attachments[0].Fields {
		if text, typed := field.Value.(string); !typed || text == "" || !bool(field.Short) {
			w.Errorf("field %s: %v (%T)", field.Title, field.Value, field.Value)
		}
	}
}

// Goal: a running instance with another UUID than the created one is found
// among the channel's posts, and ends its own post only.
func TestAnotherUUID(t *testing.T) {
	w := connected(t)
	w.mustStart()
	w.mustStart()
	meeting := w.firstMeeting()
	_, err := w.zoom.Start(meeting.ID)
	check(t, err)
	before := len(w.api.sent)
	for range 2 { // twice changes nothing
		for _, name := range []string{"meeting.started", "meeting.ended"} {
			event, err := w.zoom.MeetingEvent(name, meeting.ID)
			check(t, err)
			event.Object = event.Object.With("uuid", "//other+UUID/12345678A==")
			delivery, err := w.zoom.Deliver(event)
			check(t, err)
			if delivery.Status != http.StatusOK {
				t.Errorf("%s: %d", name, delivery.Status)
			}
		}
	}
	if n := len(w.api.sent) - before; n != 1 {
		t.Errorf("%d updates", n)
	}
	w.ended(w.api.lastSent(), meeting)
	for _, post := range w.api.ofType("custom_zoom") {
		ours := post.GetProp("meeting_id") == float64(meeting.ID)
		if status := post.GetProp("meeting_status"); (status == "ENDED") != ours {
			t.Errorf("meeting %v: %v", post.GetProp("meeting_id"), status)
		}
	}
}

// Goal: only Zoom's own words change anything.
func TestForgedWebhooks(t *testing.T) {
	w := connected(t)
	w.mustStart()
	meeting := w.firstMeeting()
	event, err := w.zoom.MeetingEvent("meeting.ended", meeting.ID)
	check(t, err)
	hook := w.api.siteURL + "/plugins/zoom/webhook"
	change := func(f func(*zoomsim.Event)) zoomsim.Event { e := event; f(&e); return e }
	cases := map[string]struct {
		event  zoomsim.Event
		status int
	}{
		"no secret in the address": {change(func(e *zoomsim.Event) { e.URL = hook }), 401},
		"another signing secret":   {change(func(e *zoomsim.Event) { e.Secret = "another" }), 401},
		"ten minutes old":          {change(func(e *zoomsim.Event) { e.Offset = -10 * time.Minute }), 401},
		"above one megabyte":       {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`) }), 413},
	}
	for name, c := range cases {
		delivery, err := w.zoom.Deliver(c.event)
		check(t, err)
		if delivery.Status != c.status {
			t.Errorf("%s: %d, want %d", name, delivery.Status, c.status)
		}
	}
	if status := w.api.ofType("custom_zoom")[0].GetProp("meeting_status"); status != "STARTED" {
		t.Errorf("a forged event changed the post to %v", status)
	}
	_, err = w.zoom.ValidateURL()
	check(t, err)
}

// Goal: whoever cannot connect or start learns why, and nothing happens.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.configure()
	contains(t, w.types(w.member, "/zoom connect"), "Only system admins")
	if answer := w.request(w.member, "GET", "/oauth2/connect", nil); answer.Code != http.StatusForbidden {
		t.Errorf("connect as member: %d", answer.Code)
	}
	if answer := w.request(nil, "GET", "/oauth2/connect", nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("connect, signed out: %d", answer.Code)
	}
	back := w.consent()
	if answer := w.request(w.member, "GET", back, nil); answer.Code != http.StatusForbidden || w.zoom.CodeExchanges() != 0 {
		t.Errorf("completed by a member: %d", answer.Code)
	}
	if w.api.raw(tokenKey) != nil {
		t.Error("a token was stored")
	}
	contains(t, w.types(w.member, "/zoom start"), "No Zoom account is connected yet")
	if answer := w.request(w.admin, "GET", back, nil); answer.Code != http.StatusOK {
		t.Errorf("completed by the admin: %d", answer.Code)
	}
	told := w.api.lastSent() // no channel is known: in a direct message
	contains(t, told.Message, "Zoom is connected")
	if channel := w.api.channels[told.ChannelId]; channel.Name != model.GetDMNameFromIds(told.UserId, w.admin.Id) {
		t.Errorf("told in %+v", channel)
	}
	if answer := w.request(w.admin, "GET", back, nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("completed twice: %d", answer.Code)
	}

	contains(t, w.types(w.unknown, "/zoom start"), "`sam@example.com`")
	stranger := w.api.addUser("eve", model.SystemUserRoleId)
	if answer := w.start(stranger); answer.Code != http.StatusForbidden {
		t.Errorf("started from outside the channel: %d %s", answer.Code, answer.Body)
	}
	if answer := w.start(nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("started signed out: %d", answer.Code)
	}
	if n := len(w.zoom.Meetings()); n != 0 {
		t.Errorf("%d meetings at Zoom", n)
	}
}

// Goal: the button's route starts a meeting, answers with its link, and tells
// only the browser it was asked by.
func TestStartByREST(t *testing.T) {
	w := connected(t)
	topic := "Größe \"quoted\" 😀"
	body := fmt.Sprintf(`{"channel_id":%q,"topic":%q,"connection_id":"tab"}`, w.channel.Id, topic)
	answer := w.request(w.member, "POST", "/api/v1/meetings", strings.NewReader(body), "Content-Type", "application/json")
	post := w.api.lastSent()
	w.props(post, map[string]any{"meeting_topic": topic, "meeting_id": w.firstMeeting().ID})
	want := fmt.Sprintf(`{"meeting_url":%q}`, post.GetProp("meeting_link"))
	if answer.Code != http.StatusOK || answer.Body.String() != want {
		t.Errorf("%d %s, want %s", answer.Code, answer.Body, want)
	}
	if events := w.api.takeEvents(); len(events) != 1 || events[0].broadcast.ConnectionId != "tab" {
		t.Errorf("events: %+v", events)
	}
}

// Goal: an expired token is refreshed once for many starts at once, and what
// is stored afterwards works.
func TestExpiredToken(t *testing.T) {
	w := newWorld(t)
	w.configure()
	w.zoom.SetTokenLifetime(time.Second) // below the plugin's margin: stale at once
	w.authorize()
	w.zoom.SetTokenLifetime(time.Hour)
	former := w.sealed()
	hooks := w.hooks()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			request := httptest.NewRequest("POST", "/api/v1/meetings?force=true", strings.NewReader(w.startBody()))
			request.Header.Set("Mattermost-User-Id", w.member.Id)
			if answer := serve(hooks, request); answer.Code != http.StatusOK {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
		})
	}
	group.Wait()
	if bytes.Equal(w.sealed(), former) {
		t.Error("the new token was not stored")
	}
	check(t, w.env.RestartPlugin(w.id)) // what it knows now it has from the store
	w.mustStart()
	if n, spent := w.zoom.RefreshCount(), w.zoom.SpentRefreshUses(); n != 1 || spent != 0 {
		t.Errorf("%d refreshes, %d of them with a spent token", n, spent)
	}
	if n := len(w.api.ofType("custom_zoom")); n != 21 {
		t.Errorf("%d posts", n)
	}
}

// Goal: deactivated, killed and restarted, the plugin is there again with all
// it had, and the host finds it healthy.
func TestLifeOfThePlugin(t *testing.T) {
	w := connected(t)
	w.expect(obituary...)
	w.expect("RPC call OnDeactivate to plugin failed") // to the one that was killed
	w.env.TogglePluginHealthCheckJob(true)
	healthy := func() {
		t.Helper()
		check(t, w.env.PerformHealthCheck(w.id))
		w.mustStart()
	}
	healthy()
	w.deactivate()
	w.activate()
	healthy()
	w.kill()
	if w.env.PerformHealthCheck(w.id) == nil {
		t.Fatal("a dead plugin is healthy")
	}
	w.env.GetPluginHealthCheckJob().CheckPlugin(w.id)
	healthy()
	check(t, w.env.RestartPlugin(w.id))
	healthy()
}

// Goal: no secret reaches the log.
func TestSecretsStaySecret(t *testing.T) {
	w := connected(t)
	w.zoom.Fail("POST /v2/users/", zoomsim.Fault{Status: 401, Body: `{"code":124,"message":"Invalid access token."}`, Times: 2})
	w.types(w.member, "/zoom start")
	w.request(nil, "POST", "/webhook?secret=wrong", strings.NewReader("{}"))
	all := fmt.Sprint(w.api.logged) + w.log.String()
	for _, secret := range []string{w.zoom.App().ClientSecret, encryptionKey, webhookSecret, w.zoom.App().SecretToken, "eyJ"} {
		if strings.Contains(all, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
