package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

const pmi = 5551234567

// joins makes somebody new who is in the team and the channel, known to Zoom
// and has never said which meeting ID to use.
func (w *world) joins(name string, zoom zoomsim.User) person {
	w.Helper()
	p := w.newPerson(name, name+"@example.com")
	zoom.Email = p.user.Email
	_, err := w.zoom.AddUser(zoom)
	check(w.T, err)
	_, _, err = w.host.Admin.AddTeamMember(context.Background(), w.channel.TeamId, p.user.Id)
	check(w.T, err)
	w.enters(p, w.channel)
	return p
}

func (w *world) enters(p person, channel *model.Channel) {
	w.Helper()
	_, _, err := w.host.Admin.AddChannelMember(context.Background(), channel.Id, p.user.Id)
	check(w.T, err)
}

// room is a new channel, in which nothing has happened yet.
func (w *world) room(name string, kind model.ChannelType, people ...person) *model.Channel {
	w.Helper()
	channel, _, err := w.host.Admin.CreateChannel(context.Background(), &model.Channel{
		TeamId: w.channel.TeamId, Name: name, DisplayName: name, Type: kind,
	})
	check(w.T, err)
	for _, p := range people {
		w.enters(p, channel)
	}
	return channel
}

// meetings are the meetings' posts of a channel, newest first.
func (w *world) meetings(channel *model.Channel) []*model.Post {
	w.Helper()
	elsewhere := *w
	elsewhere.channel = channel
	return elsewhere.posts()
}

// says sends a command in a channel, or in a thread of it.
func (w *world) says(p person, channel *model.Channel, rootID, command string) {
	w.Helper()
	args := model.CommandArgs{ChannelId: channel.Id, TeamId: channel.TeamId, RootId: rootID, Command: command}
	text, err := json.Marshal(args)
	check(w.T, err)
	_, err = p.client.DoAPIPost(context.Background(), "/commands/execute", string(text))
	check(w.T, err)
}

// press presses a button as the webapp does, with the cookie that the server
// has put into the message.
func (w *world) press(p person, post *model.Post, id string) {
	w.Helper()
	for _, a := range post.Attachments() {
		for _, action := range a.Actions {
			if action.Id == id {
				_, err := p.client.DoPostActionWithCookie(context.Background(), post.Id, id, "", action.Cookie)
				check(w.T, err)
				return
			}
		}
	}
	w.Fatalf("no button %s in %+v", id, post)
}

// answered waits until a message with buttons that only this user sees has
// become a sentence.
func (w *world) answered(p person, post *model.Post, sentence string) {
	w.Helper()
	event, err := mmhost.Await(p.ws, 10*time.Second, mmhost.OfType(model.WebsocketEventPostEdited))
	check(w.T, err)
	var now model.Post
	check(w.T, json.Unmarshal([]byte(event.GetData()["post"].(string)), &now))
	if now.Id != post.Id || now.ChannelId != post.ChannelId || now.RootId != post.RootId || len(now.Attachments()) != 0 {
		w.Errorf("%+v has become %+v", post, &now)
	}
	contains(w.T, now.Message, sentence)
}

func (w *world) wantProps(post *model.Post, want map[string]any) {
	w.Helper()
	for name, value := range want {
		if post.Props[name] != value {
			w.Errorf("prop %s is %v (%T), want %v", name, post.Props[name], post.Props[name], value)
		}
	}
}

// Goal: who has never said which meeting ID to use is asked once, in a channel
// and in a thread of people; the answer starts the meeting with its topic and
// is remembered.
func TestWhichMeetingID(t *testing.T) {
	covers(t, "route: POST /api/v1/askPMI", "start: question", "start: answer remembered", "start: personal meeting ID", "start: instant meeting", "better: question keeps topic")
	w := connected(t)
	ann := w.joins("ann", zoomsim.User{PMI: pmi})
	ben := w.joins("ben", zoomsim.User{})
	cleo := w.joins("cleo", zoomsim.User{PMI: pmi + 1, PersonalMeetingOff: true})

	w.says(ann, w.channel, "", "/zoom start Plan \"B\" 😀")
	question := w.shown(ann)
	if len(question.Attachments()) != 1 || len(question.Attachments()[0].Actions) != 2 || len(w.posts()) != 0 {
		t.Fatalf("question: %+v", question)
	}
	w.press(ann, question, "WithPMI")
	w.answered(ann, question, "You chose your personal meeting ID.")
	post := w.posts()[0]
	room, err := w.zoom.Meeting(pmi)
	check(t, err)
	w.wantProps(post, map[string]any{
		"meeting_id": float64(pmi), "meeting_personal": true, "meeting_topic": "Plan \"B\" 😀", "meeting_link": room.JoinURL,
		"meeting_uuid": "", "meeting_status": "STARTED",
	})
	for _, m := range w.zoom.Meetings() {
		if m.Type != 4 {
			t.Errorf("a meeting was made for a personal ID: %+v", m)
		}
	}

	// in a thread that somebody else began; remembered by now
	root, _, err := w.member.client.CreatePost(context.Background(), &model.Post{ChannelId: w.channel.Id, Message: "hello"})
	check(t, err)
	reply, _, err := ben.client.CreatePost(context.Background(), &model.Post{ChannelId: w.channel.Id, RootId: root.Id, Message: "hi"})
	check(t, err)
	quiet := w.room("quiet", model.ChannelTypePrivate, ann, ben, cleo)
	w.says(ann, quiet, "", "/zoom start")
	if posts := w.meetings(quiet); len(posts) != 1 || posts[0].Props["meeting_personal"] != true {
		t.Errorf("the answer was not remembered: %+v", posts)
	}
	status, body := w.post(ben, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q,"root_id":%q,"topic":"In the thread"}`, w.channel.Id, reply.Id))
	if status != http.StatusOK || body != `{"meeting_url":""}` {
		t.Errorf("asked by REST: %d %s", status, body)
	}
	question = w.shown(ben)
	if question.RootId != root.Id {
		t.Errorf("asked outside the thread %s: %+v", root.Id, question)
	}
	w.press(ben, question, "WithoutPMI")
	post = w.posts()[0]
	w.wantProps(post, map[string]any{"meeting_personal": false, "meeting_topic": "In the thread"})
	if post.RootId != root.Id || post.UserId != ben.user.Id {
		t.Errorf("posted to %q", post.RootId)
	}

	// switched off at Zoom: a unique one and a hint
	w.prefers(cleo, "Yes")
	w.says(cleo, w.room("hints", model.ChannelTypeOpen, cleo), "", "/zoom start")
	contains(t, w.shown(cleo).Message, w.zoom.URL()+"/profile")

	// no personal meeting ID at all, by the route's own wish
	status, body = w.post(ben, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q,"use_pmi":true}`, quiet.Id))
	if status != http.StatusOK || !strings.Contains(body, w.zoom.URL()+"/j/") {
		t.Errorf("use_pmi: %d %s", status, body)
	}
	contains(t, w.shown(ben).Message, "no personal meeting ID")
}

// Goal: with a user-level app everybody's own token finds the personal meeting,
// whatever the e-mail addresses are; without one the meeting is unique.
func TestPersonalMeetingOfOwnGrant(t *testing.T) {
	covers(t, "start: by own grant", "start: personal meeting ID", "start: no personal meeting ID")
	w := userLevel(t)
	_, err := w.zoom.AddUser(zoomsim.User{Email: "elsewhere@zoom.example", PMI: pmi})
	check(t, err)
	if status, page := w.authorizes(w.unknown, "elsewhere@zoom.example"); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	for use, personal := range map[string]bool{"true": true, "false": false} {
		status, body := w.post(w.unknown, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q,"use_pmi":%q}`, w.channel.Id, use))
		if status != http.StatusOK || !strings.Contains(body, "/j/") {
			t.Fatalf("use_pmi %s: %d %s", use, status, body)
		}
		w.wantProps(w.posts()[0], map[string]any{"meeting_personal": personal})
	}
	made := 0
	for _, m := range w.zoom.Meetings() {
		if m.Type == 1 && m.Host == "elsewhere@zoom.example" {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d meetings were made at Zoom", made)
	}
}

// Goal: a personal meeting's post follows its instances, whose UUIDs are new
// each time; a second start of a running one points at its post.
func TestPersonalMeetingLife(t *testing.T) {
	covers(t, "better: one post per meeting", "better: personal UUIDs")
	w := connected(t)
	ann := w.joins("ann", zoomsim.User{PMI: pmi})
	w.prefers(ann, "Yes")
	w.says(ann, w.channel, "", "/zoom start")
	_, err := w.zoom.Start(pmi)
	check(t, err)
	status, body := w.post(ann, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q}`, w.channel.Id))
	if status != http.StatusOK || !strings.Contains(body, fmt.Sprint("/j/", pmi)) || len(w.posts()) != 1 {
		t.Errorf("a second start: %d %s, %d posts", status, body, len(w.posts()))
	}
	contains(t, w.shown(ann).Message, "already running")
	_, err = w.zoom.End(pmi)
	check(t, err)
	w.wantProps(w.posts()[0], map[string]any{"meeting_status": "ENDED"})

	w.says(ann, w.channel, "", "/zoom start again")
	posts := w.posts()
	if len(posts) != 2 {
		t.Fatalf("%d posts", len(posts))
	}
	w.wantProps(posts[0], map[string]any{"meeting_status": "STARTED", "meeting_topic": "again", "meeting_uuid": ""})
	_, err = w.zoom.Start(pmi)
	check(t, err)
	_, err = w.zoom.End(pmi)
	check(t, err)
	w.wantProps(w.posts()[0], map[string]any{"meeting_status": "ENDED"})

	// before the host has come, and in two channels: all posts end with it
	other := w.room("other", model.ChannelTypeOpen, ann)
	for _, channel := range []*model.Channel{w.channel, w.channel, other} {
		status, body := w.post(ann, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q}`, channel.Id))
		if status != http.StatusOK {
			t.Errorf("a start: %d %s", status, body)
		}
	}
	_, err = w.zoom.Start(pmi)
	check(t, err)
	_, err = w.zoom.End(pmi)
	check(t, err)
	posts = append(w.posts(), w.meetings(other)...)
	if len(posts) != 5 {
		t.Fatalf("%d posts", len(posts))
	}
	for _, post := range posts {
		w.wantProps(post, map[string]any{"meeting_status": "ENDED"})
	}
}

// Goal: a meeting that the channel has got just now, of any provider, is
// offered before another one is made; "new" makes one all the same.
func TestRecentMeeting(t *testing.T) {
	covers(t, "start: recent meeting", "better: http links only", "route: POST /api/v1/meetings")
	w := connected(t)
	w.says(w.admin, w.channel, "", "/zoom start First")
	_, body := w.post(w.member, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q,"topic":"Second"}`, w.channel.Id))
	offer := w.shown(w.member)
	if body != `{"meeting_url":""}` || len(w.posts()) != 1 {
		t.Errorf("not offered: %s, %d posts", body, len(w.posts()))
	}
	w.wantProps(offer, map[string]any{
		"type": "custom_zoom", "meeting_status": "RECENTLY_CREATED", "meeting_topic": "First", "meeting_provider": "Zoom",
		"meeting_link": w.posts()[0].Props["meeting_link"], "meeting_creator_username": w.admin.user.Username, "wanted_topic": "Second",
	})
	w.press(w.member, offer, "StartNew")
	w.answered(w.member, offer, "You chose to start a new meeting.")
	posts := w.posts()
	if len(posts) != 2 {
		t.Fatalf("%d posts after the button", len(posts))
	}
	w.wantProps(posts[0], map[string]any{"meeting_topic": "Second", "meeting_status": "STARTED"})

	other := func(channel *model.Channel, props map[string]any) {
		t.Helper()
		_, _, err := w.admin.client.CreatePost(context.Background(), &model.Post{ChannelId: channel.Id, Message: "x", Props: props})
		check(t, err)
	}
	jitsi := w.room("jitsi", model.ChannelTypeOpen, w.member)
	other(jitsi, map[string]any{"meeting_provider": "Jitsi", "meeting_link": "https://meet.example.org/Room(1)", "meeting_topic": "[x](y) @all"})
	w.says(w.member, jitsi, "", "/zoom start")
	offer = w.shown(w.member)
	contains(t, offer.Attachments()[0].Text, "a Jitsi meeting")
	contains(t, offer.Attachments()[0].Text, "(https://meet.example.org/Room%281%29)")
	w.wantProps(offer, map[string]any{"meeting_link": "https://meet.example.org/Room(1)"})

	// none of these is one
	bad := w.room("bad", model.ChannelTypeOpen, w.member)
	for _, props := range []map[string]any{
		{"meeting_provider": "Zoom", "meeting_link": "https://zoom.example.com/j/1"},
		{"meeting_provider": "Jitsi", "meeting_link": "javascript:alert(1)"},
		{"meeting_provider": "Jitsi", "meeting_link": "https://meet.example.org/x", "meeting_status": "ENDED"},
		{"meeting_provider": 7, "meeting_link": []string{"https://meet.example.org/x"}},
	} {
		other(bad, props)
	}
	w.says(w.member, bad, "", "/zoom start")
	if n := len(w.meetings(bad)); n != 1 {
		t.Errorf("%d meetings", n)
	}
}

// Goal: /zoom settings shows and saves the choice; what an older installation
// has saved is found and moved.
func TestMeetingIDSettings(t *testing.T) {
	covers(t, "command: settings", "route: POST /api/v1/updatePMI")
	w := connected(t)
	ann := w.joins("ann", zoomsim.User{PMI: pmi})
	old := model.Preference{UserId: ann.user.Id, Category: "plugin:zoom", Name: "use-pmi", Value: "true"}
	_, err := ann.client.UpdatePreferences(context.Background(), ann.user.Id, model.Preferences{old})
	check(t, err)
	w.says(ann, w.channel, "", "/zoom settings")
	offer := w.shown(ann)
	contains(t, offer.Attachments()[0].Text, "use your personal meeting ID")
	left, _, _ := ann.client.GetPreferencesByCategory(context.Background(), ann.user.Id, "plugin:zoom")
	if len(left) != 0 {
		t.Errorf("the old preference is still there: %v", left)
	}
	for id, now := range map[string]string{"No": "an ID of its own", "Ask": "every time", "Yes": "your personal"} {
		w.press(ann, offer, id)
		w.answered(ann, offer, "Saved.")
		w.says(ann, w.channel, "", "/zoom settings")
		offer = w.shown(ann)
		contains(t, offer.Attachments()[0].Text, now)
	}
	w.prefers(ann, "Ask")
	w.says(ann, w.channel, "", "/zoom start")
	w.press(ann, w.shown(ann), "WithPMI")
	quiet := w.room("quiet", model.ChannelTypeOpen, ann)
	w.says(ann, quiet, "", "/zoom start")
	if question := w.shown(ann); len(question.Attachments()[0].Actions) != 2 || len(w.meetings(quiet)) != 0 {
		t.Error("the answer was remembered although the choice is to be asked")
	}
}

// Goal: nobody acts for somebody else, and bodies that make no sense change
// nothing and are answered in a sentence.
func TestForgedStarts(t *testing.T) {
	covers(t, "route: sign-in", "route: bodies", "route: POST /api/v1/askPMI", "route: POST /api/v1/updatePMI")
	w := connected(t)
	ann := w.joins("ann", zoomsim.User{PMI: pmi})
	w.says(ann, w.channel, "", "/zoom start")
	question := w.shown(ann)

	// the server does not believe the header, with a session or without
	body := fmt.Sprintf(`{"channel_id":%q,"use_pmi":"false"}`, w.channel.Id)
	if status, _ := w.post(person{}, "/api/v1/meetings", body, "Mattermost-User-Id", w.member.user.Id); status != http.StatusUnauthorized {
		t.Errorf("forged, signed out: %d", status)
	}
	if status, _ := w.post(ann, "/api/v1/meetings", body, "Mattermost-User-Id", w.member.user.Id); status != http.StatusOK {
		t.Errorf("forged, signed in: %d", status)
	}
	if posts := w.posts(); len(posts) != 1 || posts[0].UserId != ann.user.Id {
		t.Errorf("posts: %+v", posts)
	}

	// somebody else's button, through the server and past it
	cookie := question.Attachments()[0].Actions[0].Cookie
	_, _ = w.member.client.DoPostActionWithCookie(context.Background(), question.Id, "WithPMI", "", cookie)
	context := fmt.Sprintf(`"userID":%q,"channelID":%q`, ann.user.Id, w.channel.Id)
	mine := fmt.Sprintf(`"userID":%q,"channelID":%q`, w.member.user.Id, w.channel.Id)
	ask, start, update := "/api/v1/askPMI", "/api/v1/meetings?force=true", "/api/v1/updatePMI"
	for _, c := range []struct{ path, body string }{
		{ask, `{"context":{"action":"USE PERSONAL MEETING ID",` + context + `}}`},
		{start, `{"context":{` + context + `}}`},
		{update, `{"context":{"action":"Yes",` + context + `}}`},
		{ask, `{"context":{"action":"USE A UNIQUE MEETING ID"}}`},
		{ask, `{"context":{"action":"SING",` + mine + `}}`},
		{update, `{"context":{"action":"yes"}}`},
		{update, `{}`},
		{start, ``}, {start, `{`}, {start, `[]`}, {start, `7`}, {start, `null`}, {start, `"x"`}, {start, `{}`},
		{start, `{"channel_id":7}`},
		{start, `{"channel_id":1e999}`},
		{start, `{"channel_id":99999999999999999999999999}`},
		{start, fmt.Sprintf(`{"channel_id":%q,"topic":["x"]}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q,"root_id":{}}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q,"use_pmi":"perhaps"}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q,"use_pmi":1}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q,"context":[]}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q,"topic":"%s"}`, w.channel.Id, "\xff\xfe")},
		{start, fmt.Sprintf(`{"channel_id":%q,"topic":"a\u0000b"}`, w.channel.Id)},
		{start, fmt.Sprintf(`{"channel_id":%q}`, strings.Repeat("c", 100))},
		{start, fmt.Sprintf(`{"channel_id":%q,"root_id":"nonexistentnonexistentnone"}`, w.channel.Id)},
		{start, strings.Repeat("[", 100000)},
	} {
		status, answer := w.post(w.member, c.path, c.body)
		var refusal struct{ Error string }
		if status != http.StatusBadRequest || json.Unmarshal([]byte(answer), &refusal) != nil || refusal.Error == "" {
			t.Errorf("%s %.80s: %d %s", c.path, c.body, status, answer)
		}
	}
	if status, _ := w.post(w.member, start, `{"channel_id":"`+strings.Repeat("c", 1<<20)+`"}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("above one megabyte: %d", status)
	}
	if n := len(w.posts()); n != 1 {
		t.Errorf("%d posts", n)
	}
	w.says(w.member, w.channel, "", "/zoom settings")
	var settings string
	for settings == "" { // after what the refused buttons were told
		if a := w.shown(w.member).Attachments(); len(a) > 0 {
			settings = a[0].Text
		}
	}
	contains(t, settings, "an ID of its own")
}

// Goal: topics of any kind stay what they are, in one line, and do no harm.
func TestTopics(t *testing.T) {
	covers(t, "command: start")
	w := connected(t)
	long := strings.Repeat("é", 300)
	for i, c := range []struct{ typed, topic string }{
		{"", "Zoom Meeting"},
		{"😀 👩‍👩‍👧 \"quoted\" 'too' \\ %s %n", "😀 👩‍👩‍👧 \"quoted\" 'too' \\ %s %n"},
		{"**bold** [x](https://evil.example) @all <b>", "**bold** [x](https://evil.example) @all <b>"},
		{long, strings.Repeat("é", 199) + "…"},
		{"a\u0007b\u202ec\u2028d", "a bc d"},
	} {
		channel := w.room(fmt.Sprint("topic", i), model.ChannelTypeOpen, w.member)
		w.says(w.member, channel, "", "/zoom start "+c.typed)
		posts := w.meetings(channel)
		if len(posts) != 1 {
			t.Fatalf("%q: %d posts", c.typed, len(posts))
		}
		w.wantProps(posts[0], map[string]any{"meeting_topic": c.topic})
		if strings.Contains(posts[0].Message, "@all") || strings.Contains(posts[0].Attachments()[0].Text, "evil") {
			t.Errorf("%q is in the text: %+v", c.typed, posts[0])
		}
	}
}

// Goal: meetings start where people may post, and nowhere else: direct and
// group messages, private channels; not archived ones, nor others' channels.
func TestWhereMeetingsStart(t *testing.T) {
	covers(t, "start: members", "better: one policy")
	w := connected(t)
	ctx := context.Background()
	direct, _, err := w.admin.client.CreateDirectChannel(ctx, w.admin.user.Id, w.member.user.Id)
	check(t, err)
	group, _, err := w.admin.client.CreateGroupChannel(ctx, []string{w.admin.user.Id, w.member.user.Id, w.unknown.user.Id})
	check(t, err)
	private := w.room("private", model.ChannelTypePrivate, w.member)
	for _, channel := range []*model.Channel{direct, group, private} {
		status, body := w.post(w.member, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q}`, channel.Id))
		if status != http.StatusOK || len(w.meetings(channel)) != 1 {
			t.Errorf("type %s: %d %s", channel.Type, status, body)
		}
	}

	archived := w.room("archived", model.ChannelTypeOpen, w.member)
	_, err = w.admin.client.DeleteChannel(ctx, archived.Id)
	check(t, err)
	foreign := w.room("foreign", model.ChannelTypePrivate)
	for channel, why := range map[*model.Channel]string{archived: "archived", foreign: "not a member"} {
		status, body := w.post(w.member, "/api/v1/meetings", fmt.Sprintf(`{"channel_id":%q}`, channel.Id))
		if status != http.StatusForbidden || !strings.Contains(body, why) {
			t.Errorf("%s: %d %s", why, status, body)
		}
		// the button of the question is no way around it
		status, body = w.post(w.member, "/api/v1/askPMI", fmt.Sprintf(
			`{"context":{"action":"USE A UNIQUE MEETING ID","userID":%q,"channelID":%q}}`, w.member.user.Id, channel.Id))
		if status != http.StatusForbidden || !strings.Contains(body, why) {
			t.Errorf("%s, by the question: %d %s", why, status, body)
		}
		contains(t, w.shown(w.member).Message, why)
	}

	// guests and read-only channels take a licence, the member's role does not
	if _, err := w.admin.client.DemoteUserToGuest(ctx, w.unknown.user.Id); err == nil {
		t.Error("the server makes guests now: add them to this test")
	}
	role, _, err := w.admin.client.GetRoleByName(ctx, "channel_user")
	check(t, err)
	rest := strings.Fields(strings.ReplaceAll(" "+strings.Join(role.Permissions, " ")+" ", " create_post ", " "))
	_, _, err = w.admin.client.PatchRole(ctx, role.Id, &model.RolePatch{Permissions: &rest})
	t.Logf("taking create_post from members: %v", err)
	if err == nil {
		status, body := w.post(w.member, "/api/v1/meetings?force=true", fmt.Sprintf(`{"channel_id":%q}`, private.Id))
		if status != http.StatusForbidden || !strings.Contains(body, "may not post") {
			t.Errorf("read only: %d %s", status, body)
		}
	}
}
