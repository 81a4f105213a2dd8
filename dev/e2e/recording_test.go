package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

const chatText = "00:00:01\tAda:\thi\r\n\r\n  \n00:00:02\tSam:\thello\n"
const chatKept = "00:00:01\tAda:\thi\r\n00:00:02\tSam:\thello\n"

// met is a meeting that was started here and is over.
type met struct {
	id   int64
	root *model.Post
}

// meets starts a meeting and ends it at Zoom.
func (w *world) meets() met {
	w.Helper()
	if w.starts(1) != 1 {
		w.Fatal("no meeting")
	}
	meetings := w.zoom.Meetings()
	m := met{id: meetings[len(meetings)-1].ID, root: w.posts()[0]}
	if m.root.Props["meeting_id"] != float64(m.id) {
		w.Fatalf("the newest post is of %v, not of %d", m.root.Props["meeting_id"], m.id)
	}
	w.over(m.id)
	return m
}

func (w *world) over(id int64) {
	w.Helper()
	_, err := w.zoom.Start(id)
	check(w.T, err)
	_, err = w.zoom.End(id)
	check(w.T, err)
}

// recorded makes the event of a recording's end.
func (w *world) recorded(id int64, files ...zoomsim.RecordingFile) zoomsim.Event {
	w.Helper()
	event, err := w.zoom.RecordingEvent("recording.completed", id, files...)
	check(w.T, err)
	return event
}

func (w *world) transcribed(id int64, files ...zoomsim.RecordingFile) zoomsim.Event {
	w.Helper()
	event, err := w.zoom.RecordingEvent("recording.transcript_completed", id, files...)
	check(w.T, err)
	return event
}

// delivers an event and wants this status.
func (w *world) delivers(event zoomsim.Event, status int) {
	w.Helper()
	delivery, err := w.zoom.Deliver(event)
	check(w.T, err)
	if delivery.Status != status {
		w.Errorf("%s: %d %s, want %d", event.Name, delivery.Status, delivery.Body, status)
	}
}

// replies are those in the meeting's thread, oldest first.
func (w *world) replies(m met) []*model.Post {
	w.Helper()
	list, _, err := w.member.client.GetPostThread(context.Background(), m.root.Id, "", false)
	check(w.T, err)
	var found []*model.Post
	for _, p := range list.ToSlice() {
		if p.RootId == m.root.Id {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *model.Post) int { return int(a.CreateAt - b.CreateAt) })
	return found
}

// settled are the replies once there are so many, and no more come.
func (w *world) settled(m met, n int) []*model.Post {
	w.Helper()
	return w.settledWithin(m, n, 10*time.Second)
}

func (w *world) settledWithin(m met, n int, limit time.Duration) []*model.Post {
	w.Helper()
	for end := time.Now().Add(limit); !haveFiles(w.replies(m), n) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
	}
	time.Sleep(300 * time.Millisecond) // for one too many
	found := w.replies(m)
	if len(found) != n {
		w.Fatalf("%d replies, want %d", len(found), n)
	}
	return found
}

// haveFiles says whether there are so many posts, and what the server attaches
// to them after it has made them.
func haveFiles(posts []*model.Post, n int) bool {
	return len(posts) >= n && !slices.ContainsFunc(posts, func(p *model.Post) bool {
		return p.Metadata == nil && len(p.FileIds) > 0 || p.Metadata != nil && len(p.Metadata.Files) != len(p.FileIds)
	})
}

// attached is the only file of a post, which must be the one in its captions.
func (w *world) attached(p *model.Post) (name, content string) {
	w.Helper()
	if len(p.FileIds) != 1 || p.Metadata == nil || len(p.Metadata.Files) != 1 {
		w.Fatalf("%q has files %v", p.Message, p.FileIds)
	}
	captions, _ := p.Props["captions"].([]any)
	if len(captions) != 1 || captions[0].(map[string]any)["file_id"] != p.FileIds[0] {
		w.Errorf("captions %v, file %s", p.Props["captions"], p.FileIds[0])
	}
	bytes, _, err := w.member.client.GetFile(context.Background(), p.FileIds[0])
	check(w.T, err)
	return p.Metadata.Files[0].Name, string(bytes)
}

func playURL(event zoomsim.Event, file int) string {
	return event.Object.Get("recording_files").([]zoomsim.Object)[file].Get("play_url").(string)
}

// Goal: what Zoom has recorded comes to the meeting's thread: a link for each
// recording with its chat, and the transcript; once, however often it is sent.
func TestRecordings(t *testing.T) {
	covers(t, "webhook: recording.completed", "webhook: chat file", "webhook: recording.transcript_completed",
		"setting: EnablePostingRecordingPassword", "better: files by the queue")
	w := connected(t)
	bot, _, err := w.admin.client.GetUserByUsername(context.Background(), "zoom", "")
	check(t, err)
	w.zoom.ForceUUID("//Ab/cdEf12345+ghIJKLm==")
	m := w.meets()
	for _, prefix := range []string{"post_meeting_", "meeting_channel_"} {
		keys, err := w.host.PluginKeys("zoom", prefix)
		check(t, err)
		if left := time.Until(keys[0].Expires); left < 29*24*time.Hour || left > 30*24*time.Hour {
			t.Errorf("%s: recordings find their meeting for %v", keys[0].Key, left)
		}
	}

	event := w.recorded(m.id, zoomsim.ChatFile(chatText), zoomsim.VideoFile([]byte("video")), zoomsim.TimelineFile("{}"))
	w.delivers(event, http.StatusOK)
	event.IDForm = zoomsim.IDString
	w.delivers(event, http.StatusOK)
	replies := w.settled(m, 1)
	contains(t, replies[0].Message, "("+playURL(event, 1)+")")
	if replies[0].Type != "custom_zoom_chat" || replies[0].UserId != bot.Id {
		t.Errorf("type %s by %s", replies[0].Type, replies[0].UserId)
	}
	if name, content := w.attached(replies[0]); name != "Chat-history.txt" || content != chatKept {
		t.Errorf("%s: %q", name, content)
	}
	password := fmt.Sprint(event.Object.Get("password"))
	if strings.Contains(replies[0].Message, password) {
		t.Error("the password is in the post")
	}

	const vtt = "WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nAda: hi\r\n"
	event = w.transcribed(m.id, zoomsim.TranscriptFile("first"), zoomsim.TranscriptFile(vtt))
	event.Copies = 3 // at the same moment
	if _, err := w.zoom.Deliver(event); err != nil {
		t.Fatal(err)
	}
	if replies = w.settled(m, 2); replies[1].Type != "custom_zoom_transcript" {
		t.Fatalf("type %s", replies[1].Type)
	}
	if name, content := w.attached(replies[1]); name != "transcription.txt" || content != vtt {
		t.Errorf("%s: %q", name, content)
	}

	settings := w.settings()
	settings["EnablePostingRecordingPassword"] = true
	check(t, w.host.ConfigurePlugin("zoom", settings))
	// two more recordings of the meeting, with a password now
	second, third := zoomsim.VideoFile([]byte("2")), zoomsim.VideoFile([]byte("3"))
	second.Start, third.Start = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	event = w.recorded(m.id, third, second)
	password = fmt.Sprint(event.Object.Get("password"))
	w.delivers(event, http.StatusOK)
	replies = w.settled(m, 4)
	for i, file := range []int{1, 0} {
		contains(t, replies[2+i].Message, "("+playURL(event, file)+")")
		contains(t, replies[2+i].Message, "Password: `"+password+"`")
		if replies[2+i].Type != "" || len(replies[2+i].FileIds) != 0 {
			t.Errorf("type %s, files %v", replies[2+i].Type, replies[2+i].FileIds)
		}
	}
}

// Goal: a recording goes to the meeting's own post or nowhere.
func TestRecordingsOfOthers(t *testing.T) {
	covers(t, "better: recordings by instance")
	w := connected(t)
	m := w.meets()
	before := w.count()

	// held in Zoom's own client, recorded, never started here
	private, err := w.zoom.Schedule("ada@example.com", "Private", 1)
	check(t, err)
	w.over(private.ID)
	w.delivers(w.recorded(private.ID, zoomsim.VideoFile([]byte("private"))), http.StatusOK)
	w.delivers(w.transcribed(private.ID, zoomsim.TranscriptFile("WEBVTT\n")), http.StatusOK)

	// the same meeting id with another UUID, an hour and more after the end
	later := w.recorded(m.id, zoomsim.VideoFile([]byte("later")))
	later.Object = later.Object.With("uuid", "other+/instance==").
		With("start_time", time.Now().UTC().Add(90*time.Minute).Format("2006-01-02T15:04:05Z"))
	w.delivers(later, http.StatusOK)
	eventually(t, "three events are dropped", func() bool {
		entries, err := w.host.Log(mmhost.FromPlugin("zoom"), mmhost.AtLevel("info"), mmhost.Saying("no meeting that was posted here"))
		return err == nil && len(entries) == 3
	})
	if n := w.count(); n != before {
		t.Errorf("%d posts more", n-before)
	}

	// another UUID for the instance that began just after the post
	same := w.recorded(m.id, zoomsim.VideoFile([]byte("same")))
	same.Object = same.Object.With("uuid", "other+/instance==")
	w.delivers(same, http.StatusOK)
	w.settled(m, 1)
}

// count is the number of all posts in the channel.
func (w *world) count() int {
	w.Helper()
	list, _, err := w.admin.client.GetPostsForChannel(context.Background(), w.channel.Id, 0, 200, "", false, false)
	check(w.T, err)
	return len(list.Posts)
}

// Goal: whatever comes in place of a file, the link is posted, the token goes
// to nobody else, and the log says what happened.
func TestHostileDownloads(t *testing.T) {
	covers(t, "webhook: downloads", "better: hops checked", "better: no secrets in the log")
	w := connected(t)
	port := w.zoom.URL()[strings.LastIndex(w.zoom.URL(), ":"):]
	const download = "GET /rec/webhook_download/"
	big := bytes.Repeat([]byte("00:00:01\tx\n"), 1<<20)
	redirect := func(location string) zoomsim.Fault {
		return zoomsim.Fault{Status: 302, Headers: map[string]string{"Location": location}}
	}
	cases := []struct {
		name, logged string
		content      []byte
		prepare      func()
	}{
		{"another host", "not one of Zoom's", nil, func() { w.zoom.SetDownloadHost("https://127.0.0.1" + port) }},
		{"plain http", "not at an https address", nil, func() { w.zoom.SetDownloadHost("http://localhost" + port) }},
		{"a private address", "not one of Zoom's", nil, func() { w.zoom.SetDownloadHost("https://169.254.169.254") }},
		{"a loop", "more redirects", nil, func() {
			loop := redirect("/rec/webhook_download/again")
			loop.Times = 6
			w.zoom.Fail(download, loop)
		}},
		{"an expired token", "status 401", nil, w.zoom.ExpireDownloadTokens},
		{"not found", "status 404", nil, func() { w.zoom.Fail(download, zoomsim.Fault{Status: 404, Body: "{}"}) }},
		{"a page", "a page instead of the file", nil, func() { w.zoom.Fail("GET /cmr/", zoomsim.HTMLFault(200)) }},
		{"above ten megabytes", "longer than", big, func() {}},
	}
	for _, c := range cases {
		m := w.meets()
		chat := zoomsim.ChatFile(chatText)
		if c.content != nil {
			chat.Content = c.content
		}
		event := w.recorded(m.id, chat, zoomsim.VideoFile([]byte("video")))
		w.zoom.ForgetRequests()
		c.prepare()
		w.delivers(event, http.StatusOK)
		if reply := w.settled(m, 1)[0]; len(reply.FileIds) != 0 || !strings.Contains(reply.Message, playURL(event, 1)) {
			t.Errorf("%s: %q with %v", c.name, reply.Message, reply.FileIds)
		}
		_, err := w.host.WaitLog(5*time.Second, mmhost.FromPlugin("zoom"), mmhost.AtLevel("error"),
			mmhost.Saying(fmt.Sprint(event.Object.Get("uuid"))), mmhost.Saying(c.logged))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := w.zoom.PendingFaults(); n != 0 {
			t.Errorf("%s: %d faults were not met", c.name, n)
		}
		w.zoom.ClearFaults()
		w.zoom.SetDownloadHost("")
		token := fmt.Sprint(event.TopLevel.Get("download_token"))
		if entries, err := w.host.Log(mmhost.Saying(token)); err != nil || len(entries) != 0 {
			t.Errorf("%s: the token is in the log: %v %v", c.name, err, entries)
		}
	}
}

// Goal: Zoom is answered at once however long its files take; what fails for
// now is tried again; a second host of Zoom's never sees the token.
func TestDownloadsThatTakeTime(t *testing.T) {
	covers(t, "webhook: downloads", "better: files by the queue", "better: hops checked")
	w := connected(t)
	m := w.meets()
	event := w.recorded(m.id, zoomsim.ChatFile(chatText), zoomsim.VideoFile([]byte("video")))
	w.zoom.Fail("GET /cmr/", zoomsim.Fault{Truncate: true, Delay: 3500 * time.Millisecond})
	began := time.Now()
	w.delivers(event, http.StatusOK)
	if took := time.Since(began); took > time.Second {
		t.Errorf("Zoom had to wait %v", took)
	}
	_, err := w.host.WaitLog(10*time.Second, mmhost.FromPlugin("zoom"), mmhost.Saying("is put off"))
	check(t, err)
	if n := len(w.replies(m)); n != 0 {
		t.Errorf("%d replies before the file came", n)
	}
	if reply := w.settledWithin(m, 1, 40*time.Second)[0]; len(reply.FileIds) != 1 {
		t.Fatalf("files %v", reply.FileIds)
	}

	other := strings.Replace(w.zoom.URL(), "localhost", "127.0.0.1", 1)
	settings := w.settings()
	settings["ZoomAPIURL"] = other + "/v2"
	check(t, w.host.ConfigurePlugin("zoom", settings))
	w.zoom.SetDownloadHost(other)
	w.zoom.ForgetRequests()
	long := "WEBVTT\n" + strings.Repeat("Ada: hi\n", 9<<17) // nine megabytes
	w.delivers(w.transcribed(m.id, zoomsim.TranscriptFile(long)), http.StatusOK)
	if _, content := w.attached(w.settled(m, 2)[1]); content != long {
		t.Errorf("%d bytes of %d", len(content), len(long))
	}
	seen := map[string]string{}
	for _, r := range w.zoom.Requests() {
		seen[strings.SplitN(r.Path, "/", 3)[1]] = r.Auth
	}
	if seen["rec"] != "bearer" || seen["cmr"] != "none" {
		t.Errorf("who got the token: %v", seen)
	}
}
