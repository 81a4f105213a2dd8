package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"zoomdev/zoomsim"
)

// kase is one thing that is measured.
type kase struct {
	name      string
	measure   func(w *world, o *options, r *report) error
	onRequest bool // only when it is named
}

var cases = []kase{
	{name: "ignored", measure: alike("webhook ignored", ignored, 1000, 1)},
	{name: "verified", measure: alike("webhook verified, looked up", ended, 1000, 1)},
	{name: "validation", measure: alike("url_validation", validation, 1000, 1)},
	{name: "unknown", measure: alike("unknown path", unknown, 1000, 1)},
	{name: "help", measure: plain("`/zoom help`", help, 400, 1)},
	{name: "start", measure: plain("meeting start", start, 200, 1)},
	{name: "cold", measure: plain("meeting start, cold connection", coldStart, 100, 1)},
	{name: "large", measure: alike("webhook of 900 kB", webhookOf(unwanted, 900_000), 40, 1)},
	{name: "read", measure: alike("webhook of 900 kB, looked up", webhookOf("meeting.ended", 900_000), 40, 1)},
	{name: "stream", measure: measureStream},
	{name: "bodies", measure: measureBodies},
	{name: "flights", measure: measureFlights},
	{name: "floor", measure: measureFloor},
	{name: "startup", measure: measureStartup},
	{name: "memory", measure: measureMemory},
	{name: "size", measure: measureSize},
	{name: "flood", measure: measureFlood},
}

func caseNames() []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}

// maker makes the requests of a case for one of the two.
type maker func(w *world, s *side) func() *request

// plain measures one kind of request in turns.
func plain(title string, make maker, n, workers int) func(*world, *options, *report) error {
	return func(w *world, o *options, r *report) error { return w.turns(o, r, title, make, n, workers) }
}

// alike is plain where both have to give the same answer, to the letter.
func alike(title string, make maker, n, workers int) func(*world, *options, *report) error {
	return func(w *world, o *options, r *report) error {
		var answers [2]string
		for i, s := range w.sides(0) {
			var err error
			if answers[i], err = w.read(make(w, s)()); err != nil {
				return err
			}
		}
		if answers[0] != answers[1] {
			return fmt.Errorf("different answers: %q and %q", answers[0], answers[1])
		}
		return w.turns(o, r, title, make, n, workers)
	}
}

func (w *world) turns(o *options, r *report, title string, make maker, n, workers int) error {
	if o.short {
		n = max(n/5, 10)
	}
	row := r.row(title)
	for round := range o.rounds + 1 {
		for _, s := range w.sides(round) {
			next := make(w, s)
			if round == 0 { // to warm up
				if _, err := w.all(next, max(n/5, workers), workers); err != nil {
					return err
				}
				continue
			}
			found, err := w.drive(s, next, n, workers)
			if err != nil {
				return err
			}
			row.add(s.name, found)
		}
	}
	return nil
}

// ---- requests -----------------------------------------------------------------

func same(r request) func() *request { return func() *request { return &r } }

func webhook(s *side, body []byte) request {
	return request{
		method: "POST", path: "/plugins/" + s.id + "/webhook?secret=" + webhookSecret,
		body: body, signed: true, want: http.StatusOK,
	}
}

func ignored(_ *world, s *side) func() *request {
	return same(webhook(s, []byte(`{"event":"meeting.participant_joined","event_ts":1790000000000,"payload":{"account_id":"AAAAAABBBBBBCCCCCCDDDD","object":{"id":"83456789012","uuid":"pLdO5xGwQW2BLqTTbMPMAw==","host_id":"x1yCzABCDEfg23HiJKl4mN","topic":"Weekly sync","type":2,"start_time":"2026-09-21T12:00:00Z","duration":60,"timezone":"Europe/Berlin","participant":{"user_id":"16778240","user_name":"Ada","id":"abcD3ojfdbjfg","join_time":"2026-09-21T12:00:05Z"}}}}`)))
}

func ended(_ *world, s *side) func() *request {
	return same(webhook(s, []byte(`{"event":"meeting.ended","event_ts":1790000000000,"payload":{"account_id":"AAAAAABBBBBBCCCCCCDDDD","object":{"id":"83456789012","uuid":"pLdO5xGwQW2BLqTTbMPMAw==","host_id":"x1yCzABCDEfg23HiJKl4mN","topic":"Weekly sync","type":2,"start_time":"2026-09-21T12:00:00Z","end_time":"2026-09-21T12:30:00Z","duration":60,"timezone":"Europe/Berlin"}}}`)))
}

func validation(_ *world, s *side) func() *request {
	return same(webhook(s, []byte(`{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1790000000000,"event":"endpoint.url_validation"}`)))
}

func unknown(_ *world, s *side) func() *request {
	return same(request{method: "GET", path: "/plugins/" + s.id + "/no/such/path", want: http.StatusNotFound})
}

func help(w *world, s *side) func() *request {
	return same(request{
		method: "POST", path: "/api/v4/commands/execute", token: w.member.AuthToken, want: http.StatusOK,
		body: fmt.Appendf(nil, `{"channel_id":%q,"command":"/%s help"}`, w.channel.Id, s.trigger),
	})
}

func start(w *world, s *side) func() *request {
	return same(request{
		method: "POST", path: "/plugins/" + s.id + "/api/v1/meetings?force=true", token: w.member.AuthToken, want: http.StatusOK,
		body: fmt.Appendf(nil, `{"channel_id":%q,"topic":"Weekly sync"}`, w.channel.Id),
	})
}

// coldStart is one for which Zoom has closed the connections that were kept.
func coldStart(w *world, s *side) func() *request {
	next := start(w, s)
	return func() *request {
		w.zoom.SetCertificate(zoomsim.CertRight)
		return next()
	}
}

// unwanted is the name of an event that nobody waits for.
const unwanted = "recording.archive_files_completed"

// webhookOf makes an event with many files.
func webhookOf(event string, size int) maker {
	var b bytes.Buffer
	b.WriteString(`{"event":"` + event + `","event_ts":1790000000000,"payload":{"account_id":"AAAAAABBBBBBCCCCCCDDDD","object":{"id":83456789012,"uuid":"pLdO5xGwQW2BLqTTbMPMAw==","host_id":"x1yCzABCDEfg23HiJKl4mN","topic":"Weekly sync","archive_files":[`)
	const tail = `]}}}`
	for i := 0; ; i++ {
		file := fmt.Sprintf(`{"id":"fde84f8d-2c7e-4a5a-8d3e-%012d","file_type":"MP4","file_extension":"MP4","file_name":"Recording %d","file_size":%d,"recording_type":"shared_screen_with_speaker_view","status":"completed","download_url":"https://zoom.example.com/rec/archive/download/Qg75t7xZBtEbAkjdlgbfdngBBBB-%d","individual":false}`, i, i, 165743+i, i)
		if b.Len()+len(file)+1+len(tail) > size {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(file)
	}
	b.WriteString(tail)
	b.WriteString(strings.Repeat(" ", size-b.Len()))
	body := b.Bytes()
	return func(_ *world, s *side) func() *request { return same(webhook(s, body)) }
}

// ---- growth ---------------------------------------------------------------------

func measureBodies(w *world, o *options, r *report) error {
	for _, size := range []int{1_000, 10_000, 100_000, 1_000_000} {
		n := max(20, min(500, 5_000_000/size))
		if err := w.turns(o, r, fmt.Sprintf("webhook of %d kB", size/1000), webhookOf(unwanted, size), n, 2); err != nil {
			return err
		}
	}
	return nil
}

func measureFlights(w *world, o *options, r *report) error {
	for _, workers := range []int{1, 8, 64, 512} {
		n := max(2000, 32*workers)
		if err := w.turns(o, r, fmt.Sprintf("webhook ignored, %d at a time", workers), ignored, n, workers); err != nil {
			return err
		}
	}
	return nil
}

// measureStream compares with the SDK's example: no route of the plugin
// streams.
func measureStream(w *world, o *options, r *report) error {
	if w.hello.id == "" {
		return fmt.Errorf("needs -hello")
	}
	const size = 50_000_000
	body := make([]byte, size)
	row := r.row("50 MB streamed in and out")
	for round := range o.rounds {
		for _, s := range []*side{&w.hello, &w.goref} {
			echo := request{method: "POST", path: "/plugins/" + s.id + "/echo", body: body, want: http.StatusOK, length: size}
			found, err := w.drive(s, same(echo), 1, 1)
			if err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
			row.add(s.name, found)
		}
	}
	return nil
}

// measureFlood is for memory that grows.
func measureFlood(w *world, o *options, r *report) error {
	total := 100_000
	if o.short {
		total = 10_000
	}
	for _, s := range w.sides(0) {
		if err := w.restart(s); err != nil {
			return err
		}
		pid, err := w.pid(s)
		if err != nil {
			return err
		}
		next, began := ignored(w, s), time.Now()
		for done := 0; done < total; done += 1000 {
			if _, err := w.all(next, 1000, 4); err != nil {
				return err
			}
			if done == 0 || done+1000 == total {
				if err := r.memory(s.name, fmt.Sprintf("after %d requests", done+1000), pid); err != nil {
					return err
				}
			}
			if time.Since(began) > 10*time.Minute {
				return fmt.Errorf("%d requests took ten minutes", done)
			}
		}
	}
	return nil
}
