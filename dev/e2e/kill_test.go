package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// taped is a meeting with what Zoom recorded of it.
type taped struct {
	met
	chat, transcript string
	events           []zoomsim.Event
}

// tapes makes n meetings with a video, a chat and a transcript each, all
// different, without telling the plugin of the recordings.
func (w *world) tapes(n int) []taped {
	w.Helper()
	w.zoom.SetHostQuota(10 * n)
	list := make([]taped, n)
	for i := range list {
		t := taped{
			met:        w.meets(),
			chat:       fmt.Sprintf("00:00:01\tAda:\tchat number %d\n", i),
			transcript: fmt.Sprintf("WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAda: transcript number %d\n", i),
		}
		t.events = []zoomsim.Event{
			w.recorded(t.id, zoomsim.ChatFile(t.chat), zoomsim.VideoFile([]byte("video"))),
			w.transcribed(t.id, zoomsim.TranscriptFile(t.transcript)),
		}
		list[i] = t
	}
	return list
}

// posted compares a meeting's thread with what was recorded; empty when each
// file is there exactly once and as it was.
func (w *world) posted(t taped) string {
	w.Helper()
	replies := w.replies(t.met)
	var kinds []string
	for _, p := range replies {
		kinds = append(kinds, p.Type)
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"custom_zoom_chat", "custom_zoom_transcript"}) {
		return fmt.Sprintf("meeting %d has the replies %v", t.id, kinds)
	}
	for _, p := range replies {
		want := map[string]string{"custom_zoom_chat": t.chat, "custom_zoom_transcript": t.transcript}[p.Type]
		if _, content := w.attached(p); content != want {
			return fmt.Sprintf("meeting %d: %s is %q, want %q", t.id, p.Type, content, want)
		}
		if p.Type == "custom_zoom_chat" && !strings.Contains(p.Message, playURL(t.events[0], 1)) {
			return fmt.Sprintf("meeting %d: no link to the video in %q", t.id, p.Message)
		}
	}
	return ""
}

// settle waits until all is posted and the queue is empty, and says what is
// not as it should be.
func (w *world) settle(tapes []taped, limit time.Duration) {
	w.Helper()
	began := time.Now()
	for w.waiting() > 0 && time.Since(began) < limit {
		time.Sleep(time.Second)
	}
	wrong := slices.Clone(tapes)
	for {
		wrong = slices.DeleteFunc(wrong, func(t taped) bool { return w.posted(t) == "" })
		if len(wrong) == 0 || time.Since(began) > limit {
			break
		}
		time.Sleep(time.Second)
	}
	for _, t := range wrong {
		w.Error(w.posted(t))
	}
	if n := w.waiting(); n != 0 {
		w.Errorf("%d jobs are left", n)
	}
	leases, err := w.host.PluginKeys("zoom", "z2_lease_")
	check(w.T, err)
	for _, lease := range leases {
		if lease.Expires.IsZero() || time.Until(lease.Expires) > time.Minute {
			w.Errorf("%s is held until %v", lease.Key, lease.Expires)
		}
	}
	w.Logf("all in order %v after the last event", time.Since(began).Round(time.Second))
}

// waiting counts the jobs in the store.
func (w *world) waiting() int {
	w.Helper()
	jobs, err := w.host.PluginKeys("zoom", "z2_job_")
	check(w.T, err)
	return len(jobs)
}

// chance is random; SEED repeats a run as far as clocks allow.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// restarted disables and enables the plugin: the server looks after a dead one
// only every 30 seconds, and gives up at the third.
func (w *world) restarted() {
	w.Helper()
	ctx := context.Background()
	_, err := w.host.Admin.DisablePlugin(ctx, "zoom")
	check(w.T, err)
	check(w.T, w.host.EnablePlugin("zoom"))
}

// Goal: whenever the process is killed, each file that Zoom recorded is posted
// exactly once and as it was, and nothing is left in the queue.
func TestKilledHundredTimes(t *testing.T) {
	covers(t, "better: killed at any moment")
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	const n, kills = 100, 100
	w := connected(t)
	random := chance(t)
	tapes := w.tapes(n)
	// the second of three repeats comes after most kills, the last after all
	w.zoom.SetRetries(zoomsim.RetryPolicy{On: true, AnyNon2x: true, Scale: 0.04})
	w.zoom.Fail("GET /cmr/", zoomsim.Fault{Delay: 150 * time.Millisecond, Times: 100 * n})

	began := time.Now()
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 2 * n {
			if _, err := w.zoom.Deliver(tapes[i/2].events[i%2]); err != nil {
				t.Logf("no answer: %v", err)
			}
			time.Sleep(300 * time.Millisecond)
		}
	})
	killed := 0
	for killed < kills {
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		for _, pid := range w.host.PluginPIDs("zoom") {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
		w.restarted()
	}
	t.Logf("%d kills in %v, %d jobs wait", killed, time.Since(began).Round(time.Second), w.waiting())
	group.Wait()
	w.zoom.Flush() // the repeats
	w.zoom.ClearFaults()
	first, again, lost := 0, 0, 0
	for _, d := range w.zoom.Deliveries() {
		if strings.HasPrefix(d.Event, "recording.") {
			first += b2i(d.Attempt == 1 && d.OK())
			again += b2i(d.Attempt > 1)
			lost += b2i(d.Attempt == 4 && !d.OK())
		}
	}
	t.Logf("of %d events %d were taken at once; %d repeats, %d never taken; %v in all",
		2*n, first, again, lost, time.Since(began).Round(time.Second))
	w.settle(tapes, 150*time.Second)
	// a file that was uploaded when its process died is in no post
	orphans, err := w.host.Count("SELECT count(*) FROM fileinfo WHERE postid = ''")
	check(t, err)
	found, err := w.host.Log(mmhost.FromPlugin("zoom"), mmhost.Saying("was posted before"))
	check(t, err)
	t.Logf("%d uploads without a post, %d replies found in their thread", orphans, len(found))
}

// b2i is for counting.
func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Goal: two nodes that get every event at the same moment post each file once,
// and none is lost.
func TestTwoNodesWebhooks(t *testing.T) {
	covers(t, "better: files by the queue")
	w := connected(t)
	second := w.secondNode()
	const path = "/plugins/zoom/webhook?secret=" + webhookSecret
	w.zoom.SetWebhook("", nil) // what happens is told below
	tapes := w.tapes(20)
	var group sync.WaitGroup
	for _, tape := range tapes {
		events := tape.events
		for _, name := range []string{"meeting.started", "meeting.ended"} {
			event, err := w.zoom.MeetingEvent(name, tape.id)
			check(t, err)
			events = append(events, event)
		}
		for _, event := range events {
			for _, node := range []string{w.host.URL, second.URL} {
				event.URL = node + path
				event.Copies = 2
				group.Go(func() { w.delivers(event, http.StatusOK) })
			}
		}
	}
	group.Wait()
	w.settle(tapes, 150*time.Second)
	posts, ended := w.posts(), 0
	for _, p := range posts {
		ended += b2i(p.Props["meeting_status"] == "ENDED")
	}
	if len(posts) != len(tapes) || ended != len(tapes) {
		t.Errorf("%d posts of %d meetings, %d say that it has ended", len(posts), len(tapes), ended)
	}
}

// Goal: Zoom is answered at once, however long its files take.
func TestAcknowledgedAtOnce(t *testing.T) {
	covers(t, "better: files by the queue")
	w := connected(t)
	m := w.meets()
	w.zoom.Fail("GET /rec/webhook_download/", zoomsim.Fault{Delay: 20 * time.Second, Times: 1000})
	var took []time.Duration
	for range 200 {
		delivery, err := w.zoom.Deliver(w.recorded(m.id, zoomsim.ChatFile(chatText), zoomsim.VideoFile([]byte("video"))))
		check(t, err)
		if !delivery.OK() {
			t.Fatalf("%d %s", delivery.Status, delivery.Body)
		}
		took = append(took, delivery.Duration)
	}
	slices.Sort(took)
	p50, p99 := took[100], took[198]
	t.Logf("acknowledged: p50 %v, p99 %v, longest %v", p50, p99, took[199])
	limit := 250 * time.Millisecond
	if flavour := os.Getenv("BUILD"); flavour == "asan" || flavour == "tsan" {
		limit = time.Second
	}
	if p99 > limit {
		t.Errorf("p99 is %v", p99)
	}
}

// Goal: the queue takes 256 events and no more, the rest are for Zoom to send
// again; an admin sees how long it is; and it empties.
func TestQueueIsBounded(t *testing.T) {
	covers(t, "better: files by the queue", "better: status")
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := connected(t)
	m := w.meets()
	w.files(cold)
	event := w.recorded(m.id, zoomsim.ChatFile(chatText))
	taken := 0
	for range 300 {
		delivery, err := w.zoom.Deliver(event)
		check(t, err)
		taken += b2i(delivery.OK())
	}
	if n := w.waiting(); taken != 256 || n != 256 {
		t.Errorf("%d events were taken, %d wait", taken, n)
	}
	contains(t, w.types(w.admin, "/zoom status"), "Waiting to be posted: 256 recordings")
	w.explains("256 events wait already", time.Time{})
	w.zoom.ClearFaults()
	w.settledWithin(m, 1, 90*time.Second)
	for end := time.Now().Add(90 * time.Second); w.waiting() > 0 && time.Now().Before(end); time.Sleep(time.Second) {
	}
	if n := w.waiting(); n != 0 {
		t.Errorf("%d jobs are left", n)
	}
	w.settled(m, 1)
}
