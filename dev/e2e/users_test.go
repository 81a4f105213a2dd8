package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// userLevel is a world whose app at Zoom everybody authorises for themselves.
func userLevel(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.zoom.UpdateApp(func(app *zoomsim.App) { app.AccountLevel = false })
	w.configure()
	return w
}

// told waits for a direct message from the bot that holds a text.
func (w *world) told(p person, part string) {
	w.Helper()
	bot, _, err := w.admin.client.GetUserByUsername(context.Background(), "zoom", "")
	check(w.T, err)
	name := model.GetDMNameFromIds(bot.Id, p.user.Id)
	eventually(w.T, "a direct message with "+part, func() bool {
		channel, _, err := w.admin.client.GetChannelByName(context.Background(), name, w.channel.TeamId, "")
		if err != nil {
			channel, _, err = p.client.GetChannelByName(context.Background(), name, w.channel.TeamId, "")
		}
		if err != nil {
			return false
		}
		list, _, err := p.client.GetPostsForChannel(context.Background(), channel.Id, 0, 20, "", false, false)
		if err != nil {
			return false
		}
		for _, post := range list.Posts {
			if strings.Contains(post.Message, part) {
				return true
			}
		}
		return false
	})
}

func (w *world) deauthorize(email string, form zoomsim.DeauthForm, change func(*zoomsim.Event)) int {
	w.Helper()
	event, err := w.zoom.DeauthEvent(email, form)
	check(w.T, err)
	event.URL = w.host.URL + "/plugins/zoom/deauthorization?secret=" + webhookSecret
	if change != nil {
		change(&event)
	}
	delivery, err := w.zoom.Deliver(event)
	check(w.T, err)
	return delivery.Status
}

// Goal: with a user-level app everybody connects for themselves, starts
// meetings with their own grant, and disconnects; expired tokens are refreshed
// and kept; nobody gets at another one's state.
func TestUserLevelApp(t *testing.T) {
	covers(t, "setting: AccountLevelApp", "start: by own grant", "start: not connected",
		"route: GET /oauth2/connect", "route: GET /oauth2/complete", "command: connect", "command: disconnect",
		"better: linked account shown", "better: one refresh")
	w := userLevel(t)
	root, _, err := w.admin.client.CreatePost(context.Background(), &model.Post{ChannelId: w.channel.Id, Message: "shall we?"})
	check(t, err)
	w.says(w.member, w.channel, root.Id, "/zoom start Planning")
	answer := w.hears(w.member)
	contains(t, answer, w.host.URL+"/plugins/zoom/oauth2/connect")
	if n := len(w.posts()); n != 0 {
		t.Fatalf("%d posts before anybody has connected", n)
	}

	// the state is the member's: nobody else completes it
	_, location := w.get(w.member, "/oauth2/connect")
	back, err := w.zoom.Consent(location, "ada@example.com")
	check(t, err)
	path := strings.TrimPrefix(back, w.host.URL+"/plugins/zoom")
	if status, _ := w.get(w.unknown, path); status != http.StatusUnauthorized {
		t.Errorf("somebody else's state: %d", status)
	}
	if status, page := w.get(w.member, path); status != http.StatusOK || !strings.Contains(page, "Ada@Example.com") {
		t.Fatalf("completing: %d %s", status, page)
	}
	contains(t, w.hears(w.member), "Your Zoom account `Ada@Example.com` is connected")
	// the meeting that was asked for starts after it
	eventually(t, "the meeting", func() bool { return len(w.posts()) == 1 })
	if post := w.posts()[0]; post.UserId != w.member.user.Id || post.Props["meeting_topic"] != "Planning" || post.RootId != root.Id {
		t.Errorf("posted by %s in %q: %v", post.UserId, post.RootId, post.Props)
	}
	if status, _ := w.get(w.member, path); status != http.StatusUnauthorized {
		t.Errorf("the same state again: %d", status)
	}
	contains(t, w.types(w.member, "/zoom connect"), "`Ada@Example.com`")

	// one's own grant, refreshed when it expires
	if status, page := w.authorizes(w.admin, mmhost.AdminEmail); status != http.StatusOK {
		t.Fatalf("the admin's own: %d %s", status, page)
	}
	w.zoom.ExpireAccessTokens()
	if n := w.starts(8, w.member, w.admin); n != 8 {
		t.Errorf("%d of 8 starts on expired tokens", n)
	}
	if n := w.zoom.RefreshCount(); n != 2 {
		t.Errorf("%d refreshes of two grants", n)
	}
	if n := w.zoom.SpentRefreshUses(); n != 0 {
		t.Errorf("%d spent refresh tokens used", n)
	}
	if status, body := w.post(w.unknown, "/api/v1/meetings", w.startBody()); status != http.StatusOK || !strings.Contains(body, `"meeting_url":""`) {
		t.Errorf("without a connection: %d %s", status, body)
	}
	contains(t, w.hears(w.unknown), "not connected yet")

	contains(t, w.types(w.unknown, "/zoom disconnect"), "not connected")
	contains(t, w.types(w.member, "/zoom disconnect"), "Your Zoom account is disconnected")
	if n := w.zoom.Revocations(); n != 1 {
		t.Errorf("%d revocations", n)
	}
	contains(t, w.types(w.member, "/zoom start"), "/oauth2/connect")
	if n := w.starts(1, w.admin); n != 1 {
		t.Error("the admin's grant went with the member's")
	}
}

// Goal: the grant of a user who is deactivated is forgotten and ended at Zoom,
// although its access token has expired; nobody else's is.
func TestGrantOfTheDeactivated(t *testing.T) {
	covers(t, "better: deactivation revokes")
	w := userLevel(t)
	for p, email := range map[person]string{w.member: "ada@example.com", w.admin: mmhost.AdminEmail} {
		if status, page := w.authorizes(p, email); status != http.StatusOK {
			t.Fatalf("%d %s", status, page)
		}
	}
	w.zoom.ExpireAccessTokens()
	_, err := w.host.Admin.UpdateUserActive(context.Background(), w.member.user.Id, false)
	check(t, err)
	eventually(t, "Zoom is told", func() bool { return w.zoom.Revocations() == 1 })
	if token := w.stored("zoomtoken_" + w.member.user.Id); token != "" {
		t.Error("the token is still stored")
	}
	if n := w.zoom.LiveGrants(); n != 1 {
		t.Errorf("%d grants are alive", n)
	}
	if n := w.starts(1, w.admin); n != 1 {
		t.Error("the admin's grant is gone, too")
	}
}

// Goal: two Mattermost users who share one Zoom user end each other's grants,
// as Zoom does it; the one who loses is told.
func TestOneZoomUserForTwo(t *testing.T) {
	covers(t, "setting: AccountLevelApp")
	w := userLevel(t)
	for _, p := range []person{w.member, w.unknown} {
		if status, page := w.authorizes(p, "ada@example.com"); status != http.StatusOK {
			t.Fatalf("%d %s", status, page)
		}
	}
	w.told(w.member, "somebody else has connected")
	if n := w.starts(1, w.unknown); n != 1 {
		t.Error("the later one cannot start a meeting")
	}
	contains(t, w.types(w.member, "/zoom start"), "/oauth2/connect")
}

// Goal: system admins disconnect the account for everybody; the grant is given
// back at Zoom; members cannot.
func TestDisconnectAccount(t *testing.T) {
	covers(t, "command: disconnect", "better: disconnect revokes")
	w := connected(t)
	contains(t, w.types(w.member, "/zoom disconnect"), "Only system admins")
	if n := w.starts(1); n != 1 {
		t.Fatal("a member has disconnected the account")
	}
	contains(t, w.types(w.admin, "/zoom disconnect"), "disconnected for everybody")
	if n := w.zoom.Revocations(); n != 1 || w.zoom.LiveGrants() != 0 {
		t.Errorf("%d revocations, %d grants alive", n, w.zoom.LiveGrants())
	}
	contains(t, w.types(w.member, "/zoom start"), "ask a system admin")
	contains(t, w.types(w.admin, "/zoom disconnect"), "No Zoom account is connected")
	w.zoom.Fail("POST /oauth/revoke", zoomsim.Fault{Status: http.StatusServiceUnavailable, Times: 9})
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting again: %d %s", status, page)
	}
	contains(t, w.types(w.admin, "/zoom disconnect"), "could not be told")
}

// Goal: Zoom's word that the app was removed ends the account's grant and tells
// the admins, when it is genuine and about our app and account.
func TestDeauthorizedAccount(t *testing.T) {
	covers(t, "route: POST /deauthorization", "better: deauthorization")
	w := connected(t)
	for name, change := range map[string]func(*zoomsim.Event){
		"wrong signature": func(e *zoomsim.Event) { e.Sign = zoomsim.SignWrong },
		"no signature":    func(e *zoomsim.Event) { e.Sign = zoomsim.SignMissing },
		"wrong secret":    func(e *zoomsim.Event) { e.URL += "x" },
		"no secret":       func(e *zoomsim.Event) { e.URL, _, _ = strings.Cut(e.URL, "?") },
		"too old":         func(e *zoomsim.Event) { e.Offset = -6 * time.Minute },
	} {
		// the stand-in ends the grants of whom an event is about: the member has none
		if status := w.deauthorize("ada@example.com", zoomsim.DeauthNewer, change); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if n := w.starts(1); n != 1 {
		t.Fatal("a forged event has disconnected the account")
	}
	if status := w.deauthorize(mmhost.AdminEmail, zoomsim.DeauthRetentionFalse, nil); status != http.StatusOK {
		t.Fatalf("genuine: %d", status)
	}
	w.told(w.admin, "removed the Mattermost app")
	contains(t, w.types(w.member, "/zoom start"), "ask a system admin")
	reported := 0
	for _, r := range w.zoom.Requests() {
		if r.Path == "/oauth/data/compliance" && r.Status == http.StatusOK {
			reported++
		}
	}
	if reported != 1 {
		t.Errorf("%d compliance reports were accepted", reported)
	}
	if status := w.deauthorize(mmhost.AdminEmail, zoomsim.DeauthNewer, nil); status != http.StatusOK {
		t.Errorf("once more: %d", status)
	}
}

// Goal: at user level the same event ends that user's grant and no other's.
func TestDeauthorizedUser(t *testing.T) {
	covers(t, "route: POST /deauthorization")
	w := userLevel(t)
	for p, email := range map[person]string{w.member: "ada@example.com", w.admin: mmhost.AdminEmail} {
		if status, page := w.authorizes(p, email); status != http.StatusOK {
			t.Fatalf("%d %s", status, page)
		}
	}
	if status := w.deauthorize("ada@example.com", zoomsim.DeauthNewer, nil); status != http.StatusOK {
		t.Fatalf("%d", status)
	}
	w.told(w.member, "has been removed from your account")
	contains(t, w.types(w.member, "/zoom start"), "/oauth2/connect")
	if n := w.starts(1, w.admin); n != 1 {
		t.Error("the admin's grant is gone, too")
	}
}
