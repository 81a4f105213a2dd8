package e2e

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// cold is for Zoom's files: their events wait in the queue.
var cold = zoomsim.Fault{Status: http.StatusServiceUnavailable, Times: 1000}

func (w *world) files(fault zoomsim.Fault) { w.zoom.Fail("GET /rec/webhook_download/", fault) }

// waits until so many jobs are stored and none can be done.
func (w *world) waits(n int) {
	w.Helper()
	eventually(w.T, fmt.Sprint(n, " jobs wait"), func() bool { return w.waiting() >= n })
}

// tells Zoom's events of recordings, without caring whether they arrive.
func (w *world) tells(tapes []taped, group *sync.WaitGroup) {
	for _, tape := range tapes {
		for _, event := range tape.events {
			group.Go(func() {
				if _, err := w.zoom.Deliver(event); err != nil {
					w.Logf("sent again later: %v", err)
				}
			})
		}
	}
}

// runs starts meetings that go on, here and at Zoom.
func (w *world) runs(n int) []int64 {
	w.Helper()
	if w.starts(n) != n {
		w.Fatal("not all meetings started")
	}
	var ids []int64
	for _, p := range w.posts()[:n] {
		id := int64(p.Props["meeting_id"].(float64))
		_, err := w.zoom.Start(id)
		check(w.T, err)
		ids = append(ids, id)
	}
	return ids
}

// ended counts the posts that say so.
func (w *world) ended() int {
	w.Helper()
	n := 0
	for _, p := range w.posts() {
		n += b2i(p.Props["meeting_status"] == "ENDED")
	}
	return n
}

// Goal: the server is stopped or killed, and started again, while meetings run, recordings wait and more events
// come: the meetings end, each file is posted once, nobody connects again.
func TestServerRestarts(t *testing.T) {
	covers(t, "life: server restarts")
	if testing.Short() {
		t.Skip("takes a minute and more")
	}
	for name, c := range map[string]struct {
		files zoomsim.Fault
		end   func(*mmhost.Host) error
	}{
		"stopped":                        {cold, (*mmhost.Host).Stop},
		"killed in the middle of a file": {zoomsim.Fault{Delay: 5 * time.Second, Times: 1000}, (*mmhost.Host).Kill},
	} {
		t.Run(name, func(t *testing.T) { serverRestarts(t, c.files, c.end) })
	}
}

func serverRestarts(t *testing.T, files zoomsim.Fault, end func(*mmhost.Host) error) {
	w := newTownOn(t, mmhost.Options{Dir: t.TempDir()})
	w.install()
	w.connect()
	w.zoom.SetRetries(zoomsim.RetryPolicy{On: true, AnyNon2x: true, Scale: 0.03})
	before, during := w.tapes(5), w.tapes(5)
	const running = 5
	ids := w.runs(running)
	var group sync.WaitGroup
	w.files(files)
	w.tells(before, &group)
	w.waits(2 * len(before))
	w.tells(during, &group)
	check(t, end(w.host))
	check(t, w.host.Stop())
	for _, id := range ids {
		if _, err := w.zoom.End(id); err != nil {
			t.Logf("sent again later: %v", err)
		}
	}
	w.host = startNode(t, w.host.Options())
	w.admin.client = w.host.Admin
	w.zoom.ClearFaults()
	// this server keeps its settings in memory only
	check(t, w.host.ConfigurePlugin("zoom", w.settings()))
	check(t, w.host.EnablePlugin("zoom"))
	eventually(t, "the plugin answers", func() bool { return w.starts(1) == 1 })
	group.Wait()
	w.zoom.Flush()
	w.settle(append(before, during...), 150*time.Second)
	if n, want := w.ended(), len(before)+len(during)+running; n != want {
		t.Errorf("%d of %d posts say that their meeting has ended", n, want)
	}
}

// Goal: settings that change in the middle of fifty starts fail none of them.
func TestSettingsChangeUnderLoad(t *testing.T) {
	covers(t, "life: changes under load")
	w := connected(t)
	w.zoom.Fail("POST /v2/users/", zoomsim.Fault{Delay: time.Second, Times: 50})
	done := make(chan int)
	go func() { done <- w.starts(50) }()
	changes := 0
	for n := -1; n < 0; changes++ {
		settings := w.settings()
		settings["EnablePostingRecordingPassword"] = changes%2 == 0
		check(t, w.host.ConfigurePlugin("zoom", settings))
		select {
		case n = <-done:
			if n != 50 {
				t.Errorf("%d of 50 starts", n)
			}
		default:
		}
	}
	if n := len(w.posts()); n != 50 {
		t.Errorf("%d posts", n)
	}
	t.Logf("%d changes", changes)
}

// Goal: a newer version over the running one, an older one over that, and
// removing and installing it, lose no recording that waits, and no end of a
// meeting that runs.
func TestInstalledWhileJobsWait(t *testing.T) {
	covers(t, "life: changes under load", "life: updates")
	if testing.Short() {
		t.Skip("takes a minute and more")
	}
	w := connected(t)
	w.zoom.SetRetries(zoomsim.RetryPolicy{On: true, AnyNon2x: true, Scale: 0.03})
	tapes := w.tapes(12)
	ids := w.runs(4)
	var group sync.WaitGroup
	ends := func(i int) {
		group.Go(func() {
			if _, err := w.zoom.End(ids[i]); err != nil {
				t.Logf("sent again later: %v", err)
			}
		})
	}
	w.files(cold)
	w.tells(tapes[:3], &group)
	w.waits(6)
	for i, version := range []string{"10.9.0", "10.0.0"} {
		ends(i)
		w.tells(tapes[3+3*i:6+3*i], &group)
		_, err := w.host.UploadPlugin(zoomBundleOf(t, version))
		check(t, err)
		check(t, w.host.EnablePlugin("zoom"))
		if state, err := w.host.PluginState("zoom"); err != nil || state.Version != version {
			t.Errorf("version %s was installed: %+v %v", version, state, err)
		}
		w.waits(6)
	}
	ends(2)
	w.tells(tapes[9:], &group)
	check(t, w.host.RemovePlugin("zoom"))
	w.install()
	ends(3)
	w.zoom.ClearFaults()
	group.Wait()
	w.zoom.Flush()
	w.settle(tapes, 150*time.Second)
	if n, want := w.ended(), len(tapes)+len(ids); n != want {
		t.Errorf("%d of %d posts say that their meeting has ended", n, want)
	}
}

// Goal: while the database does not answer, whoever waits is told after a while,
// Zoom is not told that an event was taken, and no call is stuck for good.
func TestDatabaseHangs(t *testing.T) {
	covers(t, "life: server restarts")
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := connected(t)
	m := w.meets()
	event := w.recorded(m.id, zoomsim.ChatFile(chatText))
	event.NoRetries = true
	db, err := sql.Open("postgres", w.host.DSN())
	check(t, err)
	defer db.Close()
	lock, err := db.Begin()
	check(t, err)
	_, err = lock.Exec("LOCK TABLE pluginkeyvaluestore IN ACCESS EXCLUSIVE MODE")
	check(t, err)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			began := time.Now()
			status, body := w.post(w.member, "/api/v1/meetings?force=true", w.startBody())
			if status == http.StatusOK || !strings.Contains(body, "Something went wrong") || time.Since(began) > 45*time.Second {
				t.Errorf("after %v: %d %s", time.Since(began), status, body)
			}
		})
	}
	group.Go(func() {
		if delivery, err := w.zoom.Deliver(event); err == nil && delivery.OK() {
			t.Error("an event that cannot be stored was taken")
		}
	})
	group.Wait()
	check(t, lock.Rollback())
	if n := w.starts(20); n != 20 {
		t.Errorf("%d of 20 starts when the database is back", n)
	}
	w.delivers(event, http.StatusOK)
	w.settled(m, 1)
}
