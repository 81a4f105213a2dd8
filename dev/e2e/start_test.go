package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

// Goal: an admin connects the Zoom account, a member starts a meeting, and the
// post follows it to its end.
func TestMainJob(t *testing.T) {
	covers(t, "command: connect", "command: start", "start: by e-mail", "start: instant meeting", "start: link",
		"post: started", "post: attachment", "post: browser event", "post: ended", "webhook: meeting.ended",
		"setting: addresses")
	w := newWorld(t)
	w.configure()

	answer := w.types(w.admin, "/zoom connect")
	contains(t, answer, w.host.URL+"/plugins/zoom/oauth2/connect")
	if status, page := w.authorize(); status != http.StatusOK || !strings.Contains(page, "Zoom is connected") {
		t.Fatalf("completing: %d %s", status, page)
	}

	w.zoom.ForceUUID("/Ab/cdEf12345+ghIJKLmg==")
	w.send(w.member, "/zoom start Weekly sync")
	event, err := mmhost.Await(w.member.ws, 10*time.Second, mmhost.OfType("custom_zoom_meeting_started"))
	check(t, err)
	meeting := w.zoom.Meetings()[0]
	posts := w.posts()
	if len(posts) != 1 {
		t.Fatalf("%d posts", len(posts))
	}
	post := posts[0]
	link := fmt.Sprint(post.Props["meeting_link"])
	if event.GetData()["meeting_url"] != link || link != meeting.JoinURL || !strings.HasPrefix(link, w.zoom.URL()+"/j/") {
		t.Errorf("event %v, link %s", event.GetData(), link)
	}
	want := map[string]any{
		"meeting_id": float64(meeting.ID), "meeting_uuid": "/Ab/cdEf12345+ghIJKLmg==", "meeting_status": "STARTED",
		"meeting_personal": false, "meeting_topic": "Weekly sync", "meeting_creator_username": "ada",
		"meeting_provider": "Zoom",
	}
	for name, value := range want {
		if post.Props[name] != value {
			t.Errorf("prop %s is %v (%T), want %v", name, post.Props[name], post.Props[name], value)
		}
	}
	if post.UserId != w.member.user.Id || len(post.Attachments()) != 1 || post.Attachments()[0].Title != "Weekly sync" {
		t.Errorf("post by %s with %+v", post.UserId, post.Attachments())
	}
	if meeting.Topic != "Weekly sync" || !strings.EqualFold(meeting.Host, "ada@example.com") {
		t.Errorf("at Zoom: %+v", meeting)
	}

	_, err = w.zoom.Start(meeting.ID)
	check(t, err)
	delivery, err := w.zoom.End(meeting.ID)
	check(t, err)
	if delivery.Status != http.StatusOK {
		t.Fatalf("webhook: %+v", delivery)
	}
	ended := w.posts()[0]
	if ended.Props["meeting_status"] != "ENDED" || ended.Props["meeting_end_time"] == nil ||
		ended.Props["meeting_topic"] != "Weekly sync" || !strings.Contains(ended.Message, "ended") {
		t.Errorf("after the end: %q %v", ended.Message, ended.Props)
	}
}

// Goal: until it is configured the plugin runs, answers 501 and says what to do.
func TestUnconfigured(t *testing.T) {
	covers(t, "setting: required", "setting: names", "command: help", "better: unconfigured")
	w := newWorld(t)
	for _, path := range []string{"/oauth2/connect", "/oauth2/complete", "/nothing"} {
		if status, _ := w.get(w.admin, path); status != http.StatusNotImplemented {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	for _, path := range []string{"/webhook?secret=x", "/api/v1/meetings"} {
		if status, _ := w.post(w.member, path, "{}"); status != http.StatusNotImplemented {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	contains(t, w.types(w.admin, "/zoom start"), "Zoom client ID")
	contains(t, w.types(w.member, "/zoom start"), "ask a system admin")
	contains(t, w.types(w.member, "/zoom help"), "/zoom start [topic]")
	state, err := w.host.PluginState("zoom")
	check(t, err)
	if state.State != 2 {
		t.Errorf("state %d", state.State)
	}
	w.configure() // goes live without a restart
	contains(t, w.types(w.admin, "/zoom connect"), "/oauth2/connect")
}

// Goal: only system admins connect, and a state works once, for its owner.
func TestConnectIsForAdmins(t *testing.T) {
	covers(t, "route: GET /oauth2/connect", "route: GET /oauth2/complete", "route: sign-in",
		"better: admins connect")
	w := newWorld(t)
	w.configure()
	contains(t, w.types(w.member, "/zoom connect"), "Only system admins")
	if status, _ := w.get(person{}, "/oauth2/connect"); status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", status)
	}
	for _, path := range []string{"/oauth2/connect", "/oauth2/complete?code=x&state=y", "/oauth2/complete"} {
		if status, page := w.get(w.member, path); status != http.StatusForbidden {
			t.Errorf("%s as member: %d %s", path, status, page)
		}
	}
	forged := []string{"User-Agent", "x", "Mattermost-User-Id", w.admin.user.Id}
	if status, _ := request(t, w.host, nil, "GET", "/plugins/zoom/oauth2/connect", nil, forged...); status != http.StatusUnauthorized {
		t.Errorf("with a forged user id: %d", status)
	}

	status, location := w.get(w.admin, "/oauth2/connect")
	if status != http.StatusFound {
		t.Fatalf("connect: %d", status)
	}
	back, err := w.zoom.Consent(location, mmhost.AdminEmail)
	check(t, err)
	path := strings.TrimPrefix(back, w.host.URL+"/plugins/zoom")
	if status, _ := w.get(w.member, path); status != http.StatusForbidden {
		t.Errorf("completed by a member: %d", status)
	}
	if status, page := w.get(w.admin, "/oauth2/complete?code=x&state=made-up"); status != http.StatusUnauthorized {
		t.Errorf("unknown state: %d %s", status, page)
	}
	if status, _ := w.get(w.admin, path); status != http.StatusOK {
		t.Errorf("completed: %d", status)
	}
	if status, _ := w.get(w.admin, path); status != http.StatusUnauthorized {
		t.Errorf("completed twice: %d", status)
	}
	install, err := w.zoom.Install(mmhost.AdminEmail)
	check(t, err)
	exchanged := w.zoom.CodeExchanges()
	status, page := w.get(w.admin, strings.TrimPrefix(install, w.host.URL+"/plugins/zoom"))
	if status != http.StatusOK || !strings.Contains(page, "harmless") || w.zoom.CodeExchanges() != exchanged {
		t.Errorf("Install pressed at Zoom: %d %s", status, page)
	}
	status, location = w.get(w.admin, "/oauth2/connect")
	if status != http.StatusFound {
		t.Fatalf("connect again: %d", status)
	}
	declined, err := w.zoom.Decline(location, mmhost.AdminEmail)
	check(t, err)
	_, page = w.get(w.admin, strings.TrimPrefix(declined, w.host.URL+"/plugins/zoom"))
	contains(t, page, "declined")
}

// Goal: whoever cannot start a meeting learns why.
func TestRefusals(t *testing.T) {
	covers(t, "start: not connected", "start: by e-mail", "start: members", "start: restricted channels",
		"setting: RestrictMeetingCreation", "route: POST /api/v1/meetings", "better: one policy",
		"better: bare command")
	w := newWorld(t)
	w.configure()
	contains(t, w.types(w.member, "/zoom start"), "No Zoom account is connected yet")
	contains(t, w.types(w.admin, "/zoom start"), "/oauth2/connect")
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	eventually(t, "the admin's meeting starts after connecting", func() bool { return len(w.posts()) == 1 })

	contains(t, w.types(w.unknown, "/zoom start"), "`sam@example.com`")
	contains(t, w.types(w.member, "/zoom stat"), "/zoom help")
	contains(t, w.types(w.member, "/zoom"), "/zoom start [topic]")
	status, body := w.post(w.member, "/api/v1/meetings", `{"channel_id":"nonexistentnonexistentnone"}`)
	if status != http.StatusForbidden || !strings.Contains(body, "not a member") {
		t.Errorf("foreign channel: %d %s", status, body)
	}
	if status, _ := w.post(person{}, "/api/v1/meetings", "{}"); status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", status)
	}
	if status, _ := w.post(w.member, "/api/v1/meetings", "no JSON"); status != http.StatusBadRequest {
		t.Errorf("no JSON: %d", status)
	}
	if status, _ := w.get(w.member, "/api/v1/meetings"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	settings := w.settings()
	settings["RestrictMeetingCreation"] = true
	check(t, w.host.ConfigurePlugin("zoom", settings))
	contains(t, w.types(w.member, "/zoom start"), "switched off in this channel")
}

// Goal: with RequireVerifiedEmail nobody is taken for a host by an address that
// Mattermost has not verified, whatever the way; once it is verified, all works.
func TestVerifiedAddresses(t *testing.T) {
	covers(t, "better: verified addresses", "better: one policy")
	w := connected(t)
	meeting := w.schedules(adaAtZoom, "Weekly")
	contains(t, w.types(w.admin, "/zoom status"), ":x: Anybody can sign up here with any e-mail address")
	w.subscribes(w.member, meeting)
	w.prefers(w.member, "Ask")
	w.send(w.member, "/zoom start")
	question := w.shown(w.member)

	settings := w.settings()
	settings["RequireVerifiedEmail"] = true
	check(t, w.host.ConfigurePlugin("zoom", settings))
	const refusal = "`ada@example.com` is not verified in Mattermost"
	contains(t, w.types(w.admin, "/zoom status"), ":white_check_mark: Only e-mail addresses that are verified")
	contains(t, w.types(w.member, "/zoom start"), refusal)
	for _, path := range []string{"/api/v1/meetings", "/api/v1/meetings?force=true"} {
		if status, body := w.post(w.member, path, w.startBody()); status != http.StatusForbidden || !strings.Contains(body, refusal) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	w.press(w.member, question, "WithoutPMI")
	contains(t, w.hears(w.member), refusal)
	contains(t, w.types(w.member, fmt.Sprintf("/zoom subscription add %d", w.schedules(adaAtZoom, "Monthly").ID)), refusal)
	begins := func() {
		t.Helper()
		_, err := w.zoom.Start(meeting.ID)
		check(t, err)
		_, err = w.zoom.End(meeting.ID)
		check(t, err)
	}
	begins()
	if n := len(w.posts()); n != 0 {
		t.Errorf("%d meetings by an address that is not verified", n)
	}

	_, _, err := w.host.Admin.VerifyUserEmailWithoutToken(context.Background(), w.member.user.Id)
	check(t, err)
	w.press(w.member, question, "WithoutPMI")
	begins()
	eventually(t, "one meeting of hers and one of the subscription", func() bool { return len(w.posts()) == 2 })
	address := "boss@example.com"
	_, _, err = w.member.client.PatchUser(context.Background(), w.member.user.Id, &model.UserPatch{Email: &address, Password: model.NewString(mmhost.Password)})
	check(t, err)
	contains(t, w.types(w.member, "/zoom start"), "`boss@example.com` is not verified")
}

// Goal: the button's route starts a meeting too, and answers with its link.
func TestStartByREST(t *testing.T) {
	covers(t, "route: POST /api/v1/meetings", "start: link")
	w := connected(t)
	status, body := w.post(w.member, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q,"topic":"Größe \"quoted\" 😀"}`, w.channel.Id))
	if status != http.StatusOK || !strings.Contains(body, `{"meeting_url":"`+w.zoom.URL()) {
		t.Fatalf("%d %s", status, body)
	}
	posts := w.posts()
	if len(posts) != 1 || posts[0].Props["meeting_topic"] != "Größe \"quoted\" 😀" {
		t.Errorf("posts: %+v", posts)
	}
}
