package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/olddata"
	"zoomdev/zoomsim"
)

const (
	adaAtZoom = "Ada@Example.com"
	recurring = 8 // a meeting type of Zoom's; each instance has its own UUID
)

// at is the same world, seen from another channel.
func (w *world) at(channel *model.Channel) *world {
	other := *w
	other.channel = channel
	return &other
}

func (w *world) schedules(host, topic string) zoomsim.MeetingInfo {
	w.Helper()
	meeting, err := w.zoom.Schedule(host, topic, recurring)
	check(w.T, err)
	return meeting
}

// subscribes is what add says when it works.
func (w *world) subscribes(p person, meeting zoomsim.MeetingInfo) {
	w.Helper()
	contains(w.T, w.types(p, fmt.Sprintf("/zoom subscription add %d", meeting.ID)), "now subscribed to **"+meeting.Topic+"**")
}

// subscribed is what is stored of a meeting, as the Go plugin would read it.
func (w *world) subscribed(meeting int64) (entry olddata.Channel) {
	w.Helper()
	if value := w.stored(fmt.Sprintf("meeting_channel_%d", meeting)); value != "" {
		check(w.T, json.Unmarshal([]byte(value), &entry))
	}
	return entry
}

func (w *world) index(p person) []int64 {
	w.Helper()
	var index olddata.Subscriptions
	check(w.T, json.Unmarshal([]byte(w.stored("subscription_index_"+p.user.Id)), &index))
	slices.Sort(index.MeetingIDs)
	return index.MeetingIDs
}

// event is one of a meeting's, of an instance with this UUID; "" is its own.
func (w *world) event(name string, meeting int64, uuid string) zoomsim.Event {
	w.Helper()
	event, err := w.zoom.MeetingEvent(name, meeting)
	check(w.T, err)
	if uuid != "" {
		event.Object = event.Object.With("uuid", uuid)
	}
	return event
}

// tally counts the channel's meeting posts, running and ended ones.
func (w *world) tally() (running, ended int) {
	w.Helper()
	for _, post := range w.posts() {
		if post.Props["meeting_status"] == "STARTED" {
			running++
		} else {
			ended++
		}
	}
	return running, ended
}

func (w *world) wantPosts(running, ended int) {
	w.Helper()
	if r, e := w.tally(); r != running || e != ended {
		w.Errorf("%d running and %d ended posts, want %d and %d", r, e, running, ended)
	}
}

// Goal: hosts subscribe channels to their own meetings and system admins to any,
// however the meeting is named; personal and foreign ones are refused; each
// subscription is listed and removed by who made it, or an admin.
func TestSubscriptionCommands(t *testing.T) {
	covers(t, "command: subscription add", "command: subscription remove", "command: subscription list")
	w := connected(t)
	check(t, w.zoom.UpdateUser(adaAtZoom, func(u *zoomsim.User) { u.PMI = 5551234567 }))
	w.zoom.ForceMeetingID(85550001111)
	weekly := w.schedules(adaAtZoom, "Weekly")
	board := w.schedules(mmhost.AdminEmail, "Board")

	for _, name := range []string{"subscription add <meeting id>", "subscription remove <meeting id>", "subscription list"} {
		contains(t, w.types(w.member, "/zoom subscription"), name)
		contains(t, w.types(w.member, "/zoom help"), name)
	}
	contains(t, w.types(w.member, "/zoom subscription list"), "You have not subscribed")

	refused := map[string]string{
		"":                              "name the meeting by its ID",
		" tomorrow":                     "name the meeting by its ID",
		" 99999999999":                  "Zoom knows no meeting",
		" 555 123 4567":                 "personal meeting ID",
		" https://zoom.us/my/ada":       "personal meeting room",
		" https://zoom.us/j/5551234567": "personal meeting ID",
		fmt.Sprintf(" %d", board.ID):    "somebody else's meeting",
	}
	for typed, says := range refused {
		contains(t, w.types(w.member, "/zoom subscription add"+typed), says)
	}
	contains(t, w.types(w.unknown, "/zoom subscription add 85550001111"), "`sam@example.com`")
	contains(t, w.types(w.admin, "/zoom subscription add 5551234567"), "personal meeting ID")
	if entry := w.subscribed(weekly.ID); entry != (olddata.Channel{}) {
		t.Errorf("stored: %+v", entry)
	}

	// the same meeting in all the ways people name it
	mine := olddata.Channel{ChannelID: w.channel.Id, IsSubscription: true, CreatedBy: w.member.user.Id}
	for _, typed := range []string{"855 5000 1111", "855-5000-1111", weekly.JoinURL, "https://us05web.zoom.us/s/85550001111?x=/j/1", "acme.zoom.us/w/85550001111"} {
		contains(t, w.types(w.member, "/zoom subscription add "+typed), "now subscribed to **Weekly** (`855 5000 1111`)")
		if entry := w.subscribed(weekly.ID); entry != mine {
			t.Errorf("stored: %+v", entry)
		}
		contains(t, w.types(w.member, "/zoom subscription add "+typed), "already subscribed")
		contains(t, w.types(w.unknown, "/zoom subscription remove "+typed), "Somebody else")
		contains(t, w.types(w.member, "/zoom subscription list"), "- **Weekly** (`855 5000 1111`) in this channel")
		contains(t, w.types(w.member, "/zoom subscription remove "+typed), "no longer posted in this channel")
		contains(t, w.types(w.member, "/zoom subscription remove "+typed), "No channel is subscribed")
	}
	if value := w.stored("subscription_index_" + w.member.user.Id); value != `{"meeting_ids":[]}` {
		t.Errorf("index after the last remove: %s", value)
	}
	if entry := w.subscribed(weekly.ID); entry != (olddata.Channel{}) {
		t.Errorf("left: %+v", entry)
	}

	// a meeting has one channel; an admin takes any, and removes anybody's
	secret := w.newChannel("secret", model.ChannelTypePrivate, w.admin)
	w.at(secret).subscribes(w.admin, weekly)
	contains(t, w.types(w.member, fmt.Sprintf("/zoom subscription add %d", weekly.ID)), "is posted in another channel")
	contains(t, w.types(w.admin, "/zoom subscription list"), "in ~secret")
	contains(t, w.types(w.admin, fmt.Sprintf("/zoom subscription add %d", weekly.ID)), "Before, it was posted in ~secret")
	contains(t, w.types(w.admin, fmt.Sprintf("/zoom subscription remove %d", weekly.ID)), "no longer posted")
	w.subscribes(w.member, weekly)
	contains(t, w.types(w.admin, fmt.Sprintf("/zoom subscription remove %d", weekly.ID)), "no longer posted")
	if ids := w.index(w.member); len(ids) != 0 {
		t.Errorf("the member's index: %v", ids)
	}
	w.subscribes(w.admin, board)
}

// Goal: of subscriptions made at the same moment none is lost, and one meeting
// gets one channel.
func TestSubscriptionsAtOnce(t *testing.T) {
	covers(t, "command: subscription add")
	w := connected(t)
	const n = 8
	var want []int64
	var group sync.WaitGroup
	add := func(w *world, p person, id int64) {
		group.Go(func() {
			_, _, err := p.client.ExecuteCommand(context.Background(), w.channel.Id, fmt.Sprintf("/zoom subscription add %d", id))
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range n {
		want = append(want, w.schedules(adaAtZoom, "One of many").ID)
	}
	shared := w.schedules(adaAtZoom, "Wanted twice")
	other := w.newChannel("other", model.ChannelTypeOpen, w.admin, w.member)
	for _, id := range want {
		add(w, w.member, id)
	}
	add(w, w.member, shared.ID)
	add(w.at(other), w.admin, shared.ID)
	group.Wait()

	entry := w.subscribed(shared.ID)
	switch entry {
	case olddata.Channel{ChannelID: w.channel.Id, IsSubscription: true, CreatedBy: w.member.user.Id}:
		want = append(want, shared.ID)
	case olddata.Channel{ChannelID: other.Id, IsSubscription: true, CreatedBy: w.admin.user.Id}:
	default:
		t.Errorf("both wanted it, and it became %+v", entry)
	}
	slices.Sort(want)
	found := slices.DeleteFunc(w.index(w.member), func(id int64) bool { return id == shared.ID && entry.CreatedBy != w.member.user.Id })
	if !slices.Equal(found, want) {
		t.Errorf("index: %v, want %v", found, want)
	}
	for _, id := range want {
		if entry := w.subscribed(id); entry.CreatedBy != w.member.user.Id {
			t.Errorf("meeting %d: %+v", id, entry)
		}
	}
}

// Goal: a subscribed meeting is posted by the bot each time it starts, once,
// with the link that lets people in; the post ends with its own instance, in
// whatever order and number the events come.
func TestSubscribedMeetings(t *testing.T) {
	covers(t, "webhook: meeting.started subscribed", "post: subscription")
	w := connected(t)
	weekly := w.schedules(adaAtZoom, "Weekly")
	w.subscribes(w.member, weekly)
	for round := 1; round <= 2; round++ { // the second instance has a new UUID
		delivery, err := w.zoom.Start(weekly.ID)
		check(t, err)
		if delivery.Status != http.StatusOK {
			t.Fatalf("webhook: %+v", delivery)
		}
		w.wantPosts(1, round-1)
		post := w.posts()[0]
		now, err := w.zoom.Meeting(weekly.ID)
		check(t, err)
		w.wantProps(post, map[string]any{
			"meeting_id": float64(weekly.ID), "meeting_uuid": now.UUID, "meeting_link": weekly.JoinURL, "meeting_topic": "Weekly",
			"meeting_creator_username": "ada", "meeting_personal": false, "meeting_provider": "Zoom", "meeting_status": "STARTED",
		})
		if post.UserId != w.bot().Id || !strings.Contains(weekly.JoinURL, "pwd=") {
			t.Errorf("posted by %s, link %s", post.UserId, weekly.JoinURL)
		}
		if id := w.stored("post_meeting_" + strings.ReplaceAll(now.UUID, "/", "%2F")); id != post.Id {
			t.Errorf("stored of the post: %q", id)
		}
		again := w.event("meeting.started", weekly.ID, "")
		again.Copies = 3
		w.delivers(again, http.StatusOK)
		again.IDForm = zoomsim.IDInteger
		w.delivers(again, http.StatusOK)
		w.wantPosts(1, round-1)
		_, err = w.zoom.End(weekly.ID)
		check(t, err)
		w.wantPosts(0, round)
		w.delivers(again, http.StatusOK) // late
		w.wantPosts(0, round)
	}

	// six deliveries of one start at the same moment, its id a number
	first := w.event("meeting.started", weekly.ID, "first+UUID/at==")
	first.Copies, first.IDForm = 6, zoomsim.IDInteger
	w.delivers(first, http.StatusOK)
	w.wantPosts(1, 2)
	// the next instance starts before the end of the first one is known
	w.delivers(w.event("meeting.started", weekly.ID, "/second//UUID=="), http.StatusOK)
	w.wantPosts(2, 2)
	end := w.event("meeting.ended", weekly.ID, "first+UUID/at==")
	end.IDForm = zoomsim.IDInteger
	w.delivers(end, http.StatusOK)
	w.wantPosts(1, 3)
	if uuid := w.posts()[0].Props["meeting_uuid"]; uuid != "/second//UUID==" || w.posts()[0].Props["meeting_status"] != "STARTED" {
		t.Errorf("the newest post is of %v", uuid)
	}
	w.delivers(w.event("meeting.ended", weekly.ID, "/second//UUID=="), http.StatusOK)
	// an end that comes first leaves nothing running
	w.delivers(w.event("meeting.ended", weekly.ID, "third=="), http.StatusOK)
	w.delivers(w.event("meeting.started", weekly.ID, "third=="), http.StatusOK)
	w.wantPosts(0, 4)
	// nor do a start and an end at the same moment
	for i := range 6 {
		uuid := fmt.Sprintf("both%d==", i)
		var group sync.WaitGroup
		for _, name := range []string{"meeting.started", "meeting.ended"} {
			event := w.event(name, weekly.ID, uuid)
			group.Go(func() {
				if delivery, err := w.zoom.Deliver(event); err != nil || delivery.Status != http.StatusOK {
					t.Errorf("%+v, %v", delivery, err)
				}
			})
		}
		group.Wait()
	}
	if running, _ := w.tally(); running != 0 {
		t.Errorf("%d posts stay running", running)
	}

	// Zoom does not say where the meeting is
	w.zoom.Fail("GET /v2/meetings/", zoomsim.Fault{Status: 400, Body: `{"code":300,"message":"Validation Failed."}`, Times: 9})
	w.delivers(w.event("meeting.started", weekly.ID, "blind=="), http.StatusOK)
	w.zoom.ClearFaults()
	if link := w.posts()[0].Props["meeting_link"]; link != fmt.Sprintf("%s/j/%d", w.zoom.URL(), weekly.ID) {
		t.Errorf("link: %v", link)
	}
	// somebody else's meeting, of no channel's, is not posted
	foreign := w.schedules(mmhost.AdminEmail, "Board")
	before := len(w.posts())
	_, err := w.zoom.Start(foreign.ID)
	check(t, err)
	if n := len(w.posts()); n != before {
		t.Errorf("%d posts, want %d", n, before)
	}
}

// Goal: what the subscriber could not post any more is not posted, and said in
// the log; others can take such a subscription over.
func TestSubscriptionsWithoutAccess(t *testing.T) {
	covers(t, "webhook: meeting.started subscribed")
	w := connected(t)
	ctx := context.Background()
	none := func(w *world, meeting zoomsim.MeetingInfo, why string) {
		w.Helper()
		before := len(w.posts())
		w.delivers(w.event("meeting.started", meeting.ID, why+"=="), http.StatusOK)
		w.delivers(w.event("meeting.started", meeting.ID, why+"=="), http.StatusOK)
		if n := len(w.posts()); n != before {
			w.Errorf("%s: %d posts, want %d", why, n, before)
		}
		entries, err := w.host.Log(mmhost.FromPlugin("zoom"), mmhost.AtLevel("info"), mmhost.Saying(why))
		check(w.T, err)
		if len(entries) != 1 {
			w.Errorf("%d lines in the log say %q", len(entries), why)
		}
	}
	weekly := w.schedules(adaAtZoom, "Weekly")
	w.subscribes(w.member, weekly)
	_, err := w.admin.client.RemoveUserFromChannel(ctx, w.channel.Id, w.member.user.Id)
	check(t, err)
	none(w, weekly, "not a member")
	_, _, err = w.admin.client.AddChannelMember(ctx, w.channel.Id, w.member.user.Id)
	check(t, err)

	old := w.newChannel("old", model.ChannelTypeOpen, w.admin, w.member)
	monthly := w.schedules(adaAtZoom, "Monthly")
	w.at(old).subscribes(w.member, monthly)
	_, err = w.admin.client.DeleteChannel(ctx, old.Id)
	check(t, err)
	before := w.stored(fmt.Sprintf("meeting_channel_%d", monthly.ID))
	none(w, monthly, "archived")
	if after := w.stored(fmt.Sprintf("meeting_channel_%d", monthly.ID)); after != before {
		t.Errorf("the subscription became %s", after)
	}

	_, err = w.admin.client.UpdateUserActive(ctx, w.member.user.Id, false)
	check(t, err)
	none(w, weekly, "deactivated")
	w.subscribes(w.admin, weekly) // in the same channel
	if entry := w.subscribed(weekly.ID); entry.CreatedBy != w.admin.user.Id {
		t.Errorf("taken over: %+v", entry)
	}
	_, err = w.zoom.Start(weekly.ID)
	check(t, err)
	w.wantPosts(1, 0)
}

// Goal: with a user-level app the subscriber's own grant finds the meeting and
// its link, and nobody else's does.
func TestSubscriptionAtUserLevel(t *testing.T) {
	covers(t, "command: subscription add", "webhook: meeting.started subscribed", "setting: AccountLevelApp")
	w := userLevel(t)
	weekly := w.schedules(adaAtZoom, "Weekly")
	typed := fmt.Sprintf("/zoom subscription add %d", weekly.ID)
	contains(t, w.types(w.member, typed), "/zoom connect")
	for p, email := range map[*person]string{&w.member: "ada@example.com", &w.admin: mmhost.AdminEmail} {
		if status, page := w.authorizes(*p, email); status != http.StatusOK {
			t.Fatalf("connecting %s: %d %s", email, status, page)
		}
	}
	contains(t, w.types(w.admin, typed), "Zoom knows no meeting")
	contains(t, w.types(w.member, typed), "now subscribed to **Weekly**")
	_, err := w.zoom.Start(weekly.ID)
	check(t, err)
	w.wantPosts(1, 0)
	if link := w.posts()[0].Props["meeting_link"]; link != weekly.JoinURL {
		t.Errorf("link: %v", link)
	}
	_, err = w.zoom.End(weekly.ID)
	check(t, err)
	w.wantPosts(0, 1)
}

// Goal: the Go plugin's subscriptions work, whoever reads them next: numbers and
// texts in the index, entries that are no more.
func TestSeededSubscriptions(t *testing.T) {
	covers(t, "data: subscriptions")
	p := newPast(t)
	token, _ := p.token(mmhost.AdminEmail)
	weekly, monthly := p.schedules(adaAtZoom, "Weekly"), p.schedules(adaAtZoom, "Monthly")
	p.leaves(olddata.AccountToken(token),
		olddata.Subscription(weekly.ID, p.channel.Id, p.member.user.Id),
		olddata.Subscription(monthly.ID, p.channel.Id, p.admin.user.Id),
		olddata.Row{Key: "subscription_index_" + p.member.user.Id,
			Value: fmt.Appendf(nil, `{"meeting_ids":["%d",%d,85550009999]}`, weekly.ID, monthly.ID)},
		olddata.Row{Key: "subscription_index_" + p.admin.user.Id, Value: []byte(`{"meeting_ids":null}`)})
	p.takeOver(nil)
	list := p.types(p.member, "/zoom subscription list")
	if n := strings.Count(list, "\n- "); n != 1 {
		t.Errorf("%d in the list:\n%s", n, list)
	}
	if ids := p.index(p.member); !slices.Equal(ids, []int64{weekly.ID}) {
		t.Errorf("index: %v", ids)
	}
	for _, meeting := range []zoomsim.MeetingInfo{weekly, monthly} {
		_, err := p.zoom.Start(meeting.ID)
		check(t, err)
	}
	p.wantPosts(2, 0)
	contains(t, p.types(p.member, fmt.Sprintf("/zoom subscription add %d", weekly.ID)), "already subscribed")
	contains(t, p.types(p.admin, fmt.Sprintf("/zoom subscription remove %d", monthly.ID)), "no longer posted")
}
