package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"golang.org/x/oauth2"

	"zoomdev/mmhost"
	"zoomdev/olddata"
	"zoomdev/zoomsim"
)

// past is a world in which the Go plugin has run until now: its settings and
// its data are there, its program and ours are not.
type past struct {
	*world
	db *olddata.DB
}

func newPast(t *testing.T) *past {
	t.Helper()
	w := newTown(t)
	db, err := olddata.Open(w.host.DSN())
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	w.zoom.UpdateApp(func(app *zoomsim.App) {
		app.RedirectURIs = []string{w.host.URL + "/plugins/zoom/oauth2/complete"}
	})
	p := &past{w, db}
	for _, who := range []person{p.admin, p.member, p.unknown} {
		p.leaves(olddata.Preference(who.user.Id, "false")) // nobody is asked which meeting ID to use
	}
	return p
}

func (p *past) in(t *testing.T) *past { return &past{p.world.in(t), p.db} }

// leaves is what the Go plugin leaves behind.
func (p *past) leaves(rows ...olddata.Row) {
	p.Helper()
	check(p.T, p.db.Put(rows...))
}

// takeOver starts our plugin over it, for the first time or again.
func (p *past) takeOver(settings map[string]any) {
	p.Helper()
	all := p.settings()
	maps.Copy(all, settings)
	check(p.T, p.host.ConfigurePlugin("zoom", all))
	p.install()
	p.zoom.SetWebhook(p.host.URL+"/plugins/zoom/webhook?secret="+webhookSecret, http.DefaultClient)
	p.zoom.SetDeauthorization(p.host.URL + "/plugins/zoom/deauthorization?secret=" + webhookSecret)
	eventually(p.T, "our plugin answers", func() bool {
		status, _ := p.get(person{}, "/oauth2/connect")
		return status == http.StatusUnauthorized
	})
}

// goBack ends our plugin, so that the Go one can be back for a while.
func (p *past) goBack() {
	p.Helper()
	check(p.T, p.host.DisablePlugin("zoom"))
}

// oauth is how the Go plugin speaks with Zoom.
func (p *past) oauth() *oauth2.Config {
	app := p.zoom.App()
	return &oauth2.Config{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret, RedirectURL: app.RedirectURIs[0],
		Endpoint: oauth2.Endpoint{AuthURL: p.zoom.URL() + "/oauth/authorize", TokenURL: p.zoom.URL() + "/oauth/token"},
	}
}

// token is one that the Go plugin has got for somebody, and whose it is at Zoom.
func (p *past) token(email string) (token *oauth2.Token, zoomID string) {
	p.Helper()
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, p.zoom.Client())
	back, err := p.zoom.Consent(p.oauth().AuthCodeURL("state", oauth2.AccessTypeOffline), email)
	check(p.T, err)
	at, err := url.Parse(back)
	check(p.T, err)
	token, err = p.oauth().Exchange(ctx, at.Query().Get("code"))
	check(p.T, err)
	answer, err := p.oauth().Client(ctx, token).Get(p.zoom.APIURL() + "/users/me")
	check(p.T, err)
	defer answer.Body.Close()
	var me struct{ ID string }
	check(p.T, json.NewDecoder(answer.Body).Decode(&me))
	return token, me.ID
}

// emptyRoom is a channel of everybody's in which nothing has happened yet.
func (p *past) emptyRoom(name string) *past {
	p.Helper()
	channel, _, err := p.admin.client.CreateChannel(context.Background(), &model.Channel{
		TeamId: p.channel.TeamId, Name: name, DisplayName: name, Type: model.ChannelTypeOpen,
	})
	check(p.T, err)
	for _, who := range []person{p.member, p.unknown} {
		_, _, err := p.admin.client.AddChannelMember(context.Background(), channel.Id, who.user.Id)
		check(p.T, err)
	}
	room := p.in(p.T)
	room.channel = channel
	return room
}

// startsIn starts a meeting by command in a room of its own.
func (p *past) startsIn(name string, who person) *model.Post {
	p.Helper()
	room := p.emptyRoom(name)
	room.send(who, "/zoom start")
	eventually(p.T, "the meeting's post in "+name, func() bool { return len(room.posts()) == 1 })
	return room.posts()[0]
}

func (p *past) stored(key string) []byte {
	p.Helper()
	value, err := p.db.Get(key)
	check(p.T, err)
	return value
}

// sealed wants a token that nobody can read but our plugin; the Go plugin
// takes it for none and asks to connect again.
func (p *past) sealed(encryptionKey, key string, secrets ...string) {
	p.Helper()
	value := p.stored(key)
	if len(value) == 0 || value[0] != 0x02 || json.Valid(value) {
		p.Errorf("%s is not sealed: %.40q", key, value)
	}
	for _, secret := range secrets {
		if bytes.Contains(value, []byte(secret)) {
			p.Errorf("%s holds a token in the clear", key)
		}
	}
	if _, err := olddata.Read(encryptionKey, olddata.Row{Key: key, Value: value}); err == nil {
		p.Errorf("the Go plugin would take %s for a token", key)
	}
}

func (p *past) wantRefreshes(n int) {
	p.Helper()
	if got, spent := p.zoom.RefreshCount(), p.zoom.SpentRefreshUses(); got != n || spent != 0 {
		p.Errorf("%d refreshes, want %d; spent refresh tokens used %d times", got, n, spent)
	}
}

// Goal: the account's token, which the Go plugin stored in the clear, starts
// meetings and is sealed at its first use; an expired one is refreshed once.
func TestOldAccountToken(t *testing.T) {
	covers(t, "data: account token", "better: sealed tokens")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	p.leaves(olddata.AccountToken(token))
	p.takeOver(nil)
	p.startsIn("first", p.member)
	p.sealed(encryptionKey, olddata.AccountTokenKey, token.AccessToken, token.RefreshToken)
	if n := p.starts(2, p.member, p.admin); n != 2 {
		t.Errorf("%d of 2 starts with the sealed token", n)
	}
	p.wantRefreshes(0)

	t.Run("expired", func(t *testing.T) {
		covers(t, "data: expired token", "better: one refresh")
		p := p.in(t)
		p.goBack()
		token, _ := p.token(mmhost.AdminEmail)
		token.Expiry = time.Now().Add(-time.Hour)
		p.zoom.ExpireAccessTokens()
		p.leaves(olddata.AccountToken(token))
		p.takeOver(nil)
		if n := p.starts(8, p.member, p.admin); n != 8 {
			t.Errorf("%d of 8 starts at once", n)
		}
		p.wantRefreshes(1)
		p.sealed(encryptionKey, olddata.AccountTokenKey, token.AccessToken, token.RefreshToken)
		p.startsIn("after-the-refresh", p.member)
	})
	t.Run("never expires", func(t *testing.T) {
		covers(t, "data: expired token")
		p := p.in(t)
		p.goBack()
		token, _ := p.token(mmhost.AdminEmail)
		token.Expiry, token.ExpiresIn = time.Time{}, 0
		p.leaves(olddata.AccountToken(token))
		p.takeOver(nil)
		p.startsIn("never", p.member)
		p.wantRefreshes(1)
		p.sealed(encryptionKey, olddata.AccountTokenKey, token.AccessToken)
	})
	t.Run("removed at Zoom", func(t *testing.T) {
		covers(t, "route: POST /deauthorization", "better: deauthorization")
		p := p.in(t)
		delivery, err := p.zoom.Deauthorize(mmhost.AdminEmail, zoomsim.DeauthRetentionFalse)
		check(t, err)
		if left := p.stored(olddata.AccountTokenKey); delivery.Status != http.StatusOK || left != nil {
			t.Errorf("%d, left %.40q", delivery.Status, left)
		}
		contains(t, p.emptyRoom("removed").types(p.member, "/zoom start"), "ask a system admin")
	})
	t.Run("dead", func(t *testing.T) {
		covers(t, "data: expired token")
		p := p.in(t)
		p.goBack()
		token, _ := p.token(mmhost.AdminEmail)
		token.Expiry = time.Now().Add(-time.Hour)
		p.zoom.RevokeGrants()
		p.leaves(olddata.AccountToken(token))
		p.takeOver(nil)
		contains(t, p.emptyRoom("dead").types(p.member, "/zoom start"), "`/zoom connect`")
	})
}

// Goal: users' own tokens, of which the Go plugin encrypted one half with the
// raw key, are read with keys of every length, refreshed when they have
// expired, and sealed under both of their keys.
func TestOldUserTokens(t *testing.T) {
	covers(t, "data: user tokens", "setting: EncryptionKey")
	p := newPast(t)
	p.zoom.UpdateApp(func(app *zoomsim.App) { app.AccountLevel = false })
	const secret = "EncryptionKey"
	leaves := func(p *past, key string, change func(*oauth2.Token)) olddata.UserInfo {
		token, zoomID := p.token("Ada@Example.com")
		change(token)
		info := olddata.UserInfo{ZoomEmail: "Ada@Example.com", OAuthToken: token, UserID: p.member.user.Id, ZoomID: zoomID}
		rows, err := olddata.UserToken(key, info)
		check(p.T, err)
		p.leaves(rows...)
		return info
	}
	unchanged := func(*oauth2.Token) {}
	for _, size := range []int{16, 24, 32} {
		t.Run(fmt.Sprint("key of ", size), func(t *testing.T) {
			covers(t, "data: user tokens", "data: short keys")
			p := p.in(t)
			key := encryptionKey[:size]
			info := leaves(p, key, unchanged)
			p.takeOver(map[string]any{secret: key})
			post := p.startsIn(fmt.Sprint("room-", size), p.member)
			if post.UserId != p.member.user.Id {
				t.Errorf("posted by %s", post.UserId)
			}
			for _, stored := range []string{olddata.UserTokenKey + info.UserID, olddata.UserTokenByZoom + info.ZoomID} {
				p.sealed(key, stored, info.OAuthToken.AccessToken, info.OAuthToken.RefreshToken)
			}
			if n := p.starts(1, p.member); n != 1 {
				t.Error("no meeting with the sealed token")
			}
			p.wantRefreshes(0)
			contains(t, p.types(p.unknown, "/zoom start"), "/oauth2/connect") // nobody else's token is used
			p.goBack()
		})
	}
	t.Run("expired", func(t *testing.T) {
		covers(t, "data: user tokens", "data: expired token")
		p := p.in(t)
		info := leaves(p, encryptionKey, func(token *oauth2.Token) { token.Expiry = time.Now().Add(-time.Hour) })
		p.zoom.ExpireAccessTokens()
		p.takeOver(map[string]any{secret: encryptionKey})
		if n := p.starts(4, p.member); n != 4 {
			t.Errorf("%d of 4 starts", n)
		}
		p.wantRefreshes(1)
		p.sealed(encryptionKey, olddata.UserTokenKey+info.UserID, info.OAuthToken.RefreshToken)
		p.goBack()
	})
	t.Run("another key", func(t *testing.T) {
		covers(t, "data: user tokens")
		p := p.in(t)
		leaves(p, strings.Repeat("k", 32), unchanged)
		p.takeOver(map[string]any{secret: encryptionKey})
		contains(t, p.emptyRoom("another-key").types(p.member, "/zoom start"), "connect")
		if status, page := p.authorizes(p.member, "Ada@Example.com"); status != http.StatusOK {
			t.Errorf("connecting again: %d %s", status, page)
		}
		contains(t, p.hears(p.member), "is connected")
		if n := p.starts(1, p.member); n != 1 {
			t.Error("no meeting after connecting again")
		}
		p.goBack()
	})
	t.Run("removed at Zoom", func(t *testing.T) {
		covers(t, "route: POST /deauthorization")
		p := p.in(t)
		info := leaves(p, encryptionKey, unchanged)
		p.takeOver(map[string]any{secret: encryptionKey})
		delivery, err := p.zoom.Deauthorize("Ada@Example.com", zoomsim.DeauthNewer)
		check(t, err)
		if left := p.stored(olddata.UserTokenKey + info.UserID); delivery.Status != http.StatusOK || left != nil {
			t.Errorf("%d, left %.40q", delivery.Status, left)
		}
		contains(t, p.types(p.member, "/zoom start"), "/oauth2/connect")
	})
}

// Goal: who was at Zoom's consent page while the plugin was replaced comes back
// with the Go plugin's state: it is completed once, by its owner, in time, and
// the meeting that was wished for starts.
func TestOldStates(t *testing.T) {
	covers(t, "data: states", "route: GET /oauth2/complete", "better: late links")
	p := newPast(t)
	complete := func(who person, state olddata.Row) (int, string) {
		back, err := p.zoom.Consent(p.oauth().AuthCodeURL(string(state.Value), oauth2.AccessTypeOffline), mmhost.AdminEmail)
		check(t, err)
		return p.get(who, strings.TrimPrefix(back, p.host.URL+"/plugins/zoom"))
	}
	late := olddata.State(p.admin.user.Id, p.channel.Id, false)
	late.Expires = time.Now().Add(-time.Second)
	p.leaves(late)
	p.takeOver(nil)
	if status, page := complete(p.admin, late); status != http.StatusUnauthorized {
		t.Errorf("too late: %d %s", status, page)
	}
	if status, location := p.get(p.admin, "/oauth2/connect"); status != http.StatusFound || strings.Contains(location, string(late.Value)) {
		t.Errorf("the link of before, opened late: %d %s", status, location)
	}
	state := olddata.State(p.admin.user.Id, p.channel.Id, false)
	p.leaves(state)
	if status, location := p.get(p.admin, "/oauth2/connect"); status != http.StatusFound || !strings.Contains(location, string(state.Value)) {
		t.Errorf("the stored state is not used: %d %s", status, location)
	}
	if status, _ := complete(p.member, state); status != http.StatusForbidden {
		t.Errorf("by a member: %d", status)
	}
	if status, page := complete(p.admin, state); status != http.StatusOK {
		t.Fatalf("completing: %d %s", status, page)
	}
	eventually(t, "the wished-for meeting", func() bool { return len(p.posts()) == 1 })
	if status, _ := complete(p.admin, state); status != http.StatusUnauthorized {
		t.Errorf("once more: %d", status)
	}
	only := olddata.State(p.admin.user.Id, p.channel.Id, true)
	p.leaves(only)
	if status, page := complete(p.admin, only); status != http.StatusOK {
		t.Errorf("only connecting: %d %s", status, page)
	}
	if left := p.stored(only.Key); left != nil {
		t.Errorf("the state is left: %q", left)
	}
	if n := p.starts(1); n != 1 || len(p.posts()) != 2 {
		t.Errorf("%d started after only connecting, %d posts", n, len(p.posts()))
	}
}

// Goal: meetings that were running while the plugin was replaced end in the Go
// plugin's posts, whether these are found by UUID or by meeting and channel.
func TestOldMeetings(t *testing.T) {
	covers(t, "data: post_meeting", "data: meeting_channel", "webhook: meeting.ended", "post: ended")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	p.leaves(olddata.AccountToken(token))
	p.zoom.ForceUUID("/Ab/cdEf12345+ghIJKLmg==", "AbCdEf;2345+ghIJKLmno?==", "//efghIJ12345+ghIJKLmg==")
	posted := map[int64]*model.Post{}
	running := func(topic, email string, personal, byUUID bool) int64 {
		t.Helper()
		id := int64(4440000001)
		if personal {
			check(t, p.zoom.UpdateUser(email, func(u *zoomsim.User) { u.PMI = id }))
		} else {
			made, err := p.zoom.Schedule(email, topic, 1)
			check(t, err)
			id = made.ID
		}
		_, err := p.zoom.Start(id) // nobody listens yet
		check(t, err)
		at, err := p.zoom.Meeting(id)
		check(t, err)
		m := olddata.Meeting{ID: id, UUID: at.UUID, Link: p.zoom.URL() + fmt.Sprintf("/j/%d", id), Topic: topic, Personal: personal}
		if personal {
			m.UUID = "" // the Go plugin does not know it
		}
		post, _, err := p.member.client.CreatePost(context.Background(), olddata.Post(p.member.user, p.channel.Id, m))
		check(t, err)
		if byUUID {
			p.leaves(olddata.MeetingPost(at.UUID, post.Id))
		}
		p.leaves(olddata.MeetingChannel(id, p.channel.Id))
		posted[id] = post
		return id
	}
	byUUID := running("By UUID", "Ada@Example.com", false, true)
	byChannel := running("By channel", "Ada@Example.com", false, false)
	personal := running("Personal", "Ada@Example.com", true, false)
	staying := running("Stays", mmhost.AdminEmail, false, true)
	p.takeOver(nil)
	time.Sleep(time.Second) // Zoom's times are whole seconds: no end before its post
	for _, id := range []int64{byUUID, byChannel, personal} {
		first, err := p.zoom.End(id)
		check(t, err)
		again, err := p.zoom.Deliver(zoomsim.Event{Name: "meeting.ended", Raw: first.Request})
		check(t, err)
		if first.Status != http.StatusOK || again.Status != http.StatusOK {
			t.Errorf("%d: %d, again %d", id, first.Status, again.Status)
		}
		post, _, err := p.member.client.GetPost(context.Background(), posted[id].Id, "")
		check(t, err)
		before := posted[id].Props
		for _, same := range []string{"meeting_id", "meeting_link", "meeting_personal", "meeting_topic", "meeting_creator_username", "meeting_provider"} {
			if fmt.Sprint(post.Props[same]) != fmt.Sprint(before[same]) {
				t.Errorf("%s: %s was %v and is %v", before["meeting_topic"], same, before[same], post.Props[same])
			}
		}
		_, number := post.Props["meeting_end_time"].(float64)
		if post.Props["meeting_status"] != "ENDED" || !number || len(post.Attachments()) != 1 || !strings.Contains(post.Message, "ended") {
			t.Errorf("%s: %q %v", before["meeting_topic"], post.Message, post.Props)
		}
	}
	post, _, err := p.member.client.GetPost(context.Background(), posted[staying].Id, "")
	check(t, err)
	if post.Props["meeting_status"] != "STARTED" {
		t.Errorf("another meeting's post changed: %v", post.Props)
	}
	if n := len(p.posts()); n != 4 {
		t.Errorf("%d posts, want the 4 of before", n)
	}
}

// Goal: channels that were subscribed to meetings with the Go plugin get their
// posts, and the subscriptions are listed and removed.
func TestOldSubscriptions(t *testing.T) {
	covers(t, "data: subscriptions", "webhook: meeting.started subscribed", "post: subscription",
		"command: subscription list", "command: subscription remove")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	weekly, err := p.zoom.Schedule("Ada@Example.com", "Weekly", 2)
	check(t, err)
	p.leaves(olddata.AccountToken(token), olddata.Subscription(weekly.ID, p.channel.Id, p.member.user.Id),
		olddata.SubscriptionIndex(p.member.user.Id, weekly.ID))
	p.takeOver(nil)
	list := strings.NewReplacer(" ", "", "-", "").Replace(p.types(p.member, "/zoom subscription list"))
	contains(t, list, fmt.Sprint(weekly.ID))

	delivery, err := p.zoom.Start(weekly.ID)
	check(t, err)
	if delivery.Status != http.StatusOK {
		t.Fatalf("webhook: %+v", delivery)
	}
	eventually(t, "the subscribed meeting's post", func() bool { return len(p.posts()) == 1 })
	post := p.posts()[0]
	if bot := p.bot(); post.UserId != bot.Id || post.Props["meeting_id"] != float64(weekly.ID) || post.Props["meeting_status"] != "STARTED" {
		t.Errorf("posted by %s: %v", post.UserId, post.Props)
	}
	_, err = p.zoom.End(weekly.ID)
	check(t, err)
	if status := p.posts()[0].Props["meeting_status"]; status != "ENDED" {
		t.Errorf("after the end: %v", status)
	}
	var kept olddata.Channel
	check(t, json.Unmarshal(p.stored(olddata.ChannelKey+fmt.Sprint(weekly.ID)), &kept))
	if kept != (olddata.Channel{ChannelID: p.channel.Id, IsSubscription: true, CreatedBy: p.member.user.Id}) {
		t.Errorf("the subscription became %+v", kept)
	}

	p.types(p.member, fmt.Sprintf("/zoom subscription remove %d", weekly.ID))
	var index olddata.Subscriptions
	check(t, json.Unmarshal(p.stored(olddata.SubscriptionsKey+p.member.user.Id), &index))
	if value := p.stored(olddata.ChannelKey + fmt.Sprint(weekly.ID)); value != nil || len(index.MeetingIDs) != 0 {
		t.Errorf("left after removing: %s, %v", value, index)
	}
	_, err = p.zoom.Start(weekly.ID)
	check(t, err)
	if n := len(p.posts()); n != 1 {
		t.Errorf("%d posts after removing", n)
	}
}

func (w *world) bot() *model.User {
	w.Helper()
	bot, _, err := w.admin.client.GetUserByUsername(context.Background(), "zoom", "")
	check(w.T, err)
	return bot
}

// Goal: what channel admins allowed and refused with the Go plugin is in force.
func TestOldChannelSettings(t *testing.T) {
	covers(t, "data: channel settings", "start: restricted channels", "setting: RestrictMeetingCreation", "better: one policy")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	p.leaves(olddata.AccountToken(token))
	rooms := map[string]*past{}
	settings := map[string]olddata.ChannelSetting{}
	for _, name := range []string{"allow", "restrict", "default", "none"} {
		rooms[name] = p.emptyRoom(name)
		settings[rooms[name].channel.Id] = olddata.ChannelSetting{Preference: name}
	}
	delete(settings, rooms["none"].channel.Id)
	p.leaves(olddata.ChannelSettings(settings))
	for _, c := range []struct {
		restricted bool
		refused    []string
	}{{false, []string{"restrict"}}, {true, []string{"restrict", "default", "none"}}} {
		p.takeOver(map[string]any{"RestrictMeetingCreation": c.restricted})
		for name, room := range rooms {
			status, body := room.post(p.member, "/api/v1/meetings?force=true", room.startBody())
			refused := strings.Contains(strings.Join(c.refused, " "), name)
			if (status == http.StatusForbidden) != refused || (status == http.StatusOK) == refused {
				t.Errorf("%s, restricted %v: %d %s", name, c.restricted, status, body)
			}
		}
		p.goBack()
	}
	if read, err := olddata.Read("", olddata.Row{Key: olddata.ChannelSettingKey, Value: p.stored(olddata.ChannelSettingKey)}); err != nil || !maps.Equal(read.(map[string]olddata.ChannelSetting), settings) {
		t.Errorf("the settings became %v: %v", read, err)
	}
}

// Goal: which meeting ID somebody chose with the Go plugin still holds, where
// older installations keep it too; from there it is moved, once.
func TestOldPreferences(t *testing.T) {
	covers(t, "data: preferences", "start: personal meeting ID", "start: question")
	p := newPast(t)
	const pmi = 4440000001
	check(t, p.zoom.UpdateUser("Ada@Example.com", func(u *zoomsim.User) { u.PMI = pmi }))
	token, _ := p.token(mmhost.AdminEmail)
	p.leaves(olddata.AccountToken(token), olddata.Preference(p.member.user.Id, "true"))
	p.takeOver(nil)
	if post := p.startsIn("true", p.member); post.Props["meeting_id"] != float64(pmi) || post.Props["meeting_personal"] != true {
		t.Errorf("true: %v", post.Props)
	}
	p.leaves(olddata.Preference(p.member.user.Id, "false"))
	if post := p.startsIn("false", p.member); post.Props["meeting_id"] == float64(pmi) || post.Props["meeting_personal"] != false {
		t.Errorf("false: %v", post.Props)
	}
	asked := func(p *past, name string) {
		p.Helper()
		room := p.emptyRoom(name)
		room.send(p.member, "/zoom start")
		event, err := mmhost.Await(p.member.ws, 10*time.Second, mmhost.OfType(model.WebsocketEventEphemeralMessage))
		check(p.T, err)
		var question model.Post
		check(p.T, json.Unmarshal([]byte(event.GetData()["post"].(string)), &question))
		var ids []string
		for _, attachment := range question.Attachments() {
			for _, action := range attachment.Actions {
				ids = append(ids, action.Id)
			}
		}
		if fmt.Sprint(ids) != "[WithPMI WithoutPMI]" || len(room.posts()) != 0 {
			p.Errorf("%s: buttons %v, %d posts", name, ids, len(room.posts()))
		}
	}
	p.leaves(olddata.Preference(p.member.user.Id, "ask"))
	asked(p, "ask")

	t.Run("in Mattermost", func(t *testing.T) {
		covers(t, "data: old preferences")
		p := p.in(t)
		key := olddata.PreferenceKey + p.member.user.Id
		p.goBack()
		for _, value := range []string{"true", "ask"} {
			check(t, p.db.Delete(key))
			check(t, p.db.PutPreference(p.member.user.Id, value))
			p.takeOver(nil)
			if value == "ask" {
				asked(p, "old-ask")
			} else if post := p.startsIn("old-true", p.member); post.Props["meeting_id"] != float64(pmi) {
				t.Errorf("%s: %v", value, post.Props)
			}
			left, err := p.db.Preference(p.member.user.Id)
			check(t, err)
			if stored := p.stored(key); left != "" || string(stored) != `"`+value+`"` {
				t.Errorf("%s was not moved: %q in Mattermost, %s in the store", value, left, stored)
			}
			p.goBack()
		}
	})
}

// Goal: an admin who goes back to the Go plugin loses nothing but tokens, which
// it takes for none; every other value of ours is one it can read.
func TestGoingBack(t *testing.T) {
	covers(t, "data: going back", "data: new keys", "command: subscription add", "route: POST /api/v1/updatePMI",
		"route: POST /api/v1/channel-preference")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	p.leaves(olddata.AccountToken(token), olddata.Preference(p.member.user.Id, "ask"),
		olddata.ChannelSettings(map[string]olddata.ChannelSetting{p.channel.Id: {Preference: "allow"}}))
	p.takeOver(nil)
	weekly, err := p.zoom.Schedule("Ada@Example.com", "Weekly", 2)
	check(t, err)
	p.types(p.member, fmt.Sprintf("/zoom subscription add %d", weekly.ID))
	if status, body := p.post(p.member, "/api/v1/updatePMI", `{"context":{"action":"No"}}`); status != http.StatusOK {
		t.Errorf("updatePMI: %d %s", status, body)
	}
	body := fmt.Sprintf(`{"channel_id":%q,"submission":{"preference":"restrict"}}`, p.emptyRoom("quiet").channel.Id)
	if status, body := p.post(p.admin, "/api/v1/channel-preference", body); status != http.StatusOK {
		t.Errorf("channel-preference: %d %s", status, body)
	}
	p.zoom.ForceUUID("/Ab/cdEf12345+ghIJKLmg==")
	if n := p.starts(1); n != 1 {
		t.Fatal("no meeting")
	}
	if status, _ := p.get(p.admin, "/oauth2/connect"); status != http.StatusFound {
		t.Errorf("connect: %d", status)
	}
	p.goBack()

	rows, err := p.db.Rows()
	check(t, err)
	found := map[string]any{}
	for _, row := range rows {
		if len(row.Key) > 150 {
			t.Errorf("%s has %d characters", row.Key, len(row.Key))
		}
		if strings.HasPrefix(row.Key, "z2_") || strings.HasPrefix(row.Key, "mmi_") { // ours, and the server's own
			continue
		}
		value, err := olddata.Read(encryptionKey, row)
		if row.Key == olddata.AccountTokenKey {
			if err == nil {
				t.Errorf("the Go plugin would use the token %v", value)
			}
		} else if err != nil {
			t.Errorf("the Go plugin cannot read %s: %v", row.Value, err)
		}
		found[row.Key] = value
	}
	meeting := int64(p.posts()[0].Props["meeting_id"].(float64))
	for key, want := range map[string]any{
		olddata.PreferenceKey + p.member.user.Id:                     "false",
		olddata.PostKey + url.PathEscape("/Ab/cdEf12345+ghIJKLmg=="): p.posts()[0].Id,
		olddata.ChannelKey + fmt.Sprint(weekly.ID):                   olddata.Channel{ChannelID: p.channel.Id, IsSubscription: true, CreatedBy: p.member.user.Id},
		olddata.SubscriptionsKey + p.member.user.Id:                  olddata.Subscriptions{MeetingIDs: []int64{weekly.ID}},
	} {
		if fmt.Sprint(found[key]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", key, found[key], want)
		}
	}
	if channel, ok := found[olddata.ChannelKey+fmt.Sprint(meeting)].(olddata.Channel); !ok || channel.ChannelID != p.channel.Id || channel.IsSubscription {
		t.Errorf("the meeting's channel: %+v", channel)
	}
	if settings, ok := found[olddata.ChannelSettingKey].(map[string]olddata.ChannelSetting); !ok || len(settings) != 2 || settings[p.channel.Id].Preference != "allow" {
		t.Errorf("channel settings: %v", settings)
	}
	if _, ok := found[olddata.StateKey+p.admin.user.Id]; !ok {
		t.Error("no state")
	}
}
