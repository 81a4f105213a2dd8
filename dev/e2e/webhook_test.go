package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"zoomdev/zoomsim"
)

// Goal: only what Zoom signed, just now and with our secret in the address,
// changes anything.
func TestForgedWebhooks(t *testing.T) {
	covers(t, "route: POST /webhook", "route: bodies", "setting: ZoomWebhookSecret", "webhook: meeting.ended")
	w := connected(t)
	w.starts(1)
	meeting := w.zoom.Meetings()[0]
	check(t, func() error { _, err := w.zoom.Start(meeting.ID); return err }())
	ended, err := w.zoom.MeetingEvent("meeting.ended", meeting.ID)
	check(t, err)
	hook := w.host.URL + "/plugins/zoom/webhook?secret="
	change := func(f func(*zoomsim.Event)) zoomsim.Event { e := ended; f(&e); return e }
	cases := map[string]struct {
		event  zoomsim.Event
		status int
	}{
		"wrong secret in the address": {change(func(e *zoomsim.Event) { e.URL = hook + "wrong" }), 401},
		"no secret in the address":    {change(func(e *zoomsim.Event) { e.URL = w.host.URL + "/plugins/zoom/webhook" }), 401},
		"another signing secret":      {change(func(e *zoomsim.Event) { e.Secret = "another" }), 401},
		"ten minutes old":             {change(func(e *zoomsim.Event) { e.Offset = -10 * time.Minute }), 401},
		"ten minutes ahead":           {change(func(e *zoomsim.Event) { e.Offset = 10 * time.Minute }), 401},
		"not JSON by its type":        {change(func(e *zoomsim.Event) { e.Header = map[string]string{"Content-Type": "text/plain"} }), 400},
		"not JSON at all":             {change(func(e *zoomsim.Event) { e.Raw = []byte("{") }), 400},
		"not UTF-8":                   {change(func(e *zoomsim.Event) { e.Raw = []byte("{\"event\":\"meeting.ended\",\"x\":\"\xff\"}") }), 400},
		"nested too deep":             {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"event":` + strings.Repeat("[", 99999) + "}") }), 400},
		"too many values":             {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"x":[` + strings.Repeat("0,", 99999) + "0]}") }), 413},
		"without an object":           {change(func(e *zoomsim.Event) { e.Object = nil }), 200},
		"above one megabyte":          {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`) }), 413},
		"an event, cut":               {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"event":"meeting.ended","event_ts":1,"payload":{`) }), 400},
		"an unknown event, cut":       {change(func(e *zoomsim.Event) { e.Raw = []byte(`{"event":"meeting.sung","event_ts":1,"payload":{`) }), 200},
		"an unknown event":            {change(func(e *zoomsim.Event) { e.Name = "meeting.sung" }), 200},
	}
	for name, c := range cases {
		delivery, err := w.zoom.Deliver(c.event)
		check(t, err)
		if delivery.Status != c.status {
			t.Errorf("%s: %d, want %d", name, delivery.Status, c.status)
		}
	}
	if status := w.posts()[0].Props["meeting_status"]; status != "STARTED" {
		t.Errorf("a forged event changed the post to %v", status)
	}

	// the event itself, twice, with a number for its id
	ended.IDForm = zoomsim.IDInteger
	for range 2 {
		delivery, err := w.zoom.Deliver(ended)
		check(t, err)
		if delivery.Status != http.StatusOK {
			t.Errorf("genuine: %d", delivery.Status)
		}
	}
	if status := w.posts()[0].Props["meeting_status"]; status != "ENDED" {
		t.Errorf("after the genuine event: %v", status)
	}
}

// Goal: the validation that Zoom demands works, and cannot be used to sign.
func TestURLValidation(t *testing.T) {
	covers(t, "webhook: endpoint.url_validation", "better: no signing for others")
	w := connected(t)
	_, err := w.zoom.ValidateURL()
	check(t, err)
	for _, token := range []any{"v0:1760000000:{}", "", 7, strings.Repeat("a", 129)} {
		event, err := w.zoom.ChallengeEvent(token)
		check(t, err)
		delivery, err := w.zoom.Deliver(event)
		check(t, err)
		if delivery.Status != http.StatusBadRequest {
			t.Errorf("token %v: %d %s", token, delivery.Status, delivery.Body)
		}
	}
}

// Goal: a meeting whose running instance has another UUID than the created one
// still ends its post, and only its own.
func TestAnotherUUID(t *testing.T) {
	covers(t, "webhook: meeting.started ad hoc", "webhook: meeting.ended", "better: own post only")
	w := connected(t)
	w.starts(2)
	meetings := w.zoom.Meetings()
	for _, name := range []string{"meeting.started", "meeting.ended"} {
		event, err := w.zoom.MeetingEvent(name, meetings[0].ID)
		check(t, err)
		event.Object = event.Object.With("uuid", "//other+UUID/12345678A==")
		delivery, err := w.zoom.Deliver(event)
		check(t, err)
		if delivery.Status != http.StatusOK {
			t.Errorf("%s: %d", name, delivery.Status)
		}
	}
	ended := 0
	for _, post := range w.posts() {
		if post.Props["meeting_status"] == "ENDED" {
			ended++
			if post.Props["meeting_id"] != float64(meetings[0].ID) {
				t.Errorf("the wrong post has ended: %v", post.Props["meeting_id"])
			}
		}
	}
	if ended != 1 {
		t.Errorf("%d posts have ended", ended)
	}
}
