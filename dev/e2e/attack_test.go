package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/zoomsim"
)

// Goal: an authorisation that one user began cannot be finished in another
// user's browser, neither to give him the attacker's Zoom account nor to take
// over his; and no code is spent in the attempt.
func TestStateFixation(t *testing.T) {
	covers(t, "better: no foreign states")
	w := userLevel(t)
	_, err := w.zoom.AddUser(zoomsim.User{Email: "mallory@example.com"})
	check(t, err)
	status, location := w.get(w.unknown, "/oauth2/connect")
	if status != http.StatusFound {
		t.Fatalf("connect: %d %s", status, location)
	}
	back, err := w.zoom.Consent(location, "mallory@example.com")
	check(t, err)
	path := strings.TrimPrefix(back, w.host.URL+"/plugins/zoom")
	exchanged := w.zoom.CodeExchanges()

	if status, _ := w.get(w.member, path); status != http.StatusUnauthorized {
		t.Errorf("in the victim's browser: %d", status)
	}
	address, err := url.Parse(path)
	check(t, err)
	query := address.Query()
	query.Set("state", strings.Replace(query.Get("state"), w.unknown.user.Id, w.member.user.Id, 1))
	if status, _ := w.get(w.member, address.Path+"?"+query.Encode()); status != http.StatusUnauthorized {
		t.Errorf("with the victim's id in the state: %d", status)
	}
	for _, state := range []string{"%00", "a%0d%0aSet-Cookie:%20x=y", strings.Repeat("s", 4000), "../../x", "_" + w.member.user.Id + "__true"} {
		if status, _ := w.get(w.member, "/oauth2/complete?code=c&state="+state); status != http.StatusUnauthorized {
			t.Errorf("state %.20s: %d", state, status)
		}
	}
	if n := w.zoom.CodeExchanges(); n != exchanged {
		t.Errorf("%d codes were exchanged", n-exchanged)
	}
	if status, _ := w.get(w.unknown, path); status != http.StatusOK {
		t.Errorf("by its owner: %d", status)
	}
}

// Goal: a post that somebody made up, looking like a meeting, offers nobody a
// link that is no link, or Zoom's name on a host that is not Zoom's.
func TestSpoofedMeetings(t *testing.T) {
	covers(t, "better: http links only")
	w := connected(t)
	for _, props := range []model.StringInterface{
		{"meeting_provider": "Zoom", "meeting_link": "javascript:alert(1)"},
		{"meeting_provider": "Zoom", "meeting_link": "https://zoom.us.phishing.example/j/1"},
		{"meeting_provider": "Zoom", "meeting_link": "https://zoom.us@phishing.example/j/1"},
		{"meeting_provider": "Zoom", "meeting_link": "http://phishing.example/j/1"},
		{"meeting_provider": "Jitsi", "meeting_link": "data:text/html,<script>"},
		{"meeting_provider": []any{"Zoom"}, "meeting_link": map[string]any{"x": 1}},
	} {
		props["meeting_status"], props["meeting_id"] = "STARTED", 7
		_, _, err := w.unknown.client.CreatePost(context.Background(), &model.Post{
			ChannelId: w.channel.Id, Message: "join me", Type: "custom_zoom", Props: props,
		})
		check(t, err)
		status, body := w.post(w.member, "/api/v1/meetings", w.startBody())
		if status != http.StatusOK || strings.Contains(body, "phishing") || !strings.Contains(body, w.zoom.URL()+"/j/") {
			t.Errorf("%v: %d %s", props["meeting_link"], status, body)
		}
		for _, post := range w.posts() { // so that the next start finds only the next spoofed one
			_, err := w.admin.client.DeletePost(context.Background(), post.Id)
			check(t, err)
		}
	}
}

// Goal: an e-mail address with anything the server lets through does not lead
// Zoom's API anywhere else, and a topic not out of its line.
func TestInjection(t *testing.T) {
	covers(t, "better: no injection")
	w := connected(t)
	for i, email := range []string{"a/b@example.com", "me?x=1&y#z@example.com", "c%2f..%2fd@example.com", "{e}'`@example.com"} {
		user, client, err := w.host.CreateUser(fmt.Sprintf("odd%d", i), email)
		if err != nil {
			t.Logf("the server refuses %s", email)
			continue
		}
		_, _, err = w.admin.client.AddTeamMember(context.Background(), w.channel.TeamId, user.Id)
		check(t, err)
		_, _, err = w.admin.client.AddChannelMember(context.Background(), w.channel.Id, user.Id)
		check(t, err)
		_, err = w.zoom.AddUser(zoomsim.User{Email: email})
		check(t, err)
		odd := person{user: user, client: client}
		w.prefers(odd, "No")
		w.zoom.ForgetRequests()
		if status, body := w.post(odd, "/api/v1/meetings?force=true", w.startBody()); status != http.StatusOK {
			t.Errorf("%s: %d %s", email, status, body)
		}
		want := "/v2/users/" + url.PathEscape(email)
		for _, r := range w.zoom.Requests() {
			if r.Query != "" || r.Path != want && r.Path != want+"/meetings" {
				t.Errorf("%s led to %s %s?%s", email, r.Method, r.Path, r.Query)
			}
		}
	}
	body := fmt.Sprintf(`{"channel_id":%q,"topic":"a\r\nX-Evil: 1\r\n\r\n{\"type\":2}"}`, w.channel.Id)
	if status, answer := w.post(w.member, "/api/v1/meetings?force=true", body); status != http.StatusOK {
		t.Errorf("a topic of lines: %d %s", status, answer)
	}
	meetings := w.zoom.Meetings()
	last := meetings[len(meetings)-1]
	if strings.ContainsAny(last.Topic, "\r\n") || last.Type != 1 {
		t.Errorf("at Zoom: %+v", last)
	}
}

// Goal: no route takes more than a megabyte, and the plugin lives on.
func TestOversizedBodies(t *testing.T) {
	covers(t, "route: bodies")
	w := connected(t)
	big := `{"x":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, path := range []string{
		"/api/v1/meetings", "/api/v1/askPMI", "/api/v1/updatePMI", "/api/v1/channel-preference",
		"/webhook?secret=" + webhookSecret, "/deauthorization?secret=" + webhookSecret,
	} {
		if status, answer := w.post(w.member, path, big); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %.100s", path, status, answer)
		}
	}
	if status, _ := w.post(person{}, "/webhook?secret=guess", big); status != http.StatusUnauthorized {
		t.Errorf("without the secret: %d", status)
	}
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after that")
	}
}

// Goal: an event that was recorded on its way and is sent again changes nothing
// a second time, and nothing at all when it is old or has another body.
func TestReplayedEvents(t *testing.T) {
	covers(t, "route: POST /webhook", "better: own post only")
	w := connected(t)
	m := w.meets()
	first := w.posts()[0]
	ended, err := w.zoom.MeetingEvent("meeting.ended", m.id)
	check(t, err)
	if w.starts(1) != 1 {
		t.Fatal("no second meeting")
	}
	for range 3 {
		w.delivers(ended, http.StatusOK)
	}
	for _, post := range w.posts() {
		if post.Id == first.Id && (post.Props["meeting_status"] != "ENDED" || post.UpdateAt != first.UpdateAt) {
			t.Errorf("the ended post was changed: %v", post.Props)
		}
		if post.Id != first.Id && post.Props["meeting_status"] != "STARTED" {
			t.Error("another meeting's post was ended")
		}
	}
}
