package newest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"

	"zoomdev/zoomsim"
)

// resident is what the plugin has in memory, in kB.
func (h *host) resident(pid int) int {
	h.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(h.T, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	check(h.T, err)
	return kb
}

// descriptors are how many the plugin has open; root alone may look into a release.
func (h *host) descriptors(pid int) int {
	h.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if os.Geteuid() == 0 {
		check(h.T, err)
	}
	return len(open)
}

// unsanitized skips what sanitizers, which keep memory, would make meaningless.
func unsanitized(t *testing.T) {
	if flavour := os.Getenv("BUILD"); flavour == "asan" || flavour == "tsan" {
		t.Skip("memory of a sanitized process says nothing")
	}
}

// open is a request to /echo that stays in flight until its body is closed.
type open struct {
	body   *io.PipeWriter
	answer *httptest.ResponseRecorder
	done   chan struct{}
}

func newOpen(hooks plugin.Hooks) *open {
	reader, writer := io.Pipe()
	o := &open{writer, httptest.NewRecorder(), make(chan struct{})}
	request := httptest.NewRequest("POST", "/echo", reader)
	go func() {
		hooks.ServeHTTP(callContext(), o.answer, request)
		reader.Close()
		close(o.done)
	}()
	return o
}

func (o *open) finished(t *testing.T) {
	t.Helper()
	select {
	case <-o.done:
	case <-time.After(30 * time.Second):
		t.Fatal("a request hangs")
	}
}

// Goal: 512 requests are in flight together, and end one by one in an order
// that is not theirs, each with its own body.
func TestFlightsEndInAnyOrder(t *testing.T) {
	h := newHello(t)
	h.activate()
	hooks := h.hooks()
	var flights []*open
	for range 512 {
		flights = append(flights, newOpen(hooks))
	}
	for i, o := range flights { // taken when the plugin has asked for it
		if _, err := fmt.Fprint(o.body, "begin ", i); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	check(t, h.env.PerformHealthCheck(h.id))
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(flights)) {
		o := flights[i]
		fmt.Fprint(o.body, " end ", i)
		o.body.Close()
		o.finished(t)
		if want := fmt.Sprintf("begin %d end %d", i, i); o.answer.Code != http.StatusOK || o.answer.Body.String() != want {
			t.Errorf("request %d: %d %q", i, o.answer.Code, o.answer.Body)
		}
	}
}

// Goal: of 600 requests at once the plugin serves 512 and sends others away
// for a second; none hangs, and afterwards all is as before.
func TestTooManyRequests(t *testing.T) {
	h := newHello(t)
	h.activate()
	hooks := h.hooks()
	var flights []*open
	for range 600 {
		flights = append(flights, newOpen(hooks))
	}
	var taken, answered atomic.Int32
	for _, o := range flights {
		go func() {
			if _, err := fmt.Fprint(o.body, "x"); err == nil { // not when the answer comes first
				taken.Add(1)
			}
			<-o.done
			answered.Add(1)
		}()
	}
	eventually(t, "512 bodies, 88 answers", func() bool { return taken.Load() == 512 && answered.Load() == 88 })
	served := 0
	for i, o := range flights {
		o.body.Close()
		o.finished(t)
		switch {
		case o.answer.Code == http.StatusOK && o.answer.Body.String() == "x":
			served++
		case o.answer.Code != http.StatusServiceUnavailable || o.answer.Header().Get("Retry-After") == "":
			t.Errorf("request %d: %d %s", i, o.answer.Code, o.answer.Body)
		}
	}
	if served != 512 {
		t.Errorf("%d were served", served)
	}
	h.mustEcho()
}

// nested is an API whose CreatePost calls the plugin again.
type nested struct {
	*server
	again func(depth int)
}

func (n *nested) CreatePost(post *model.Post) (*model.Post, *model.AppError) {
	var depth int
	if _, err := fmt.Sscanf(post.Message, "Hello %d", &depth); err == nil && depth > 0 {
		n.again(depth - 1)
	}
	return n.server.CreatePost(post)
}

// Goal: an API call of the plugin may lead to a hook of the plugin, and so
// on, eight levels deep and in 32 chains at once.
func TestHooksWithinCalls(t *testing.T) {
	h := newHello(t)
	api := &nested{server: h.api}
	h.given = api
	ada := h.api.addUser("ada", model.SystemUserRoleId)
	channel := h.api.addChannel("talk", model.ChannelTypeOpen, ada)
	h.activate()
	hooks := h.hooks()
	api.again = func(depth int) {
		body := random(1000)
		if answer := echo(hooks, body); !bytes.Equal(answer.Body.Bytes(), body) {
			t.Errorf("echo within a call: %d", answer.Code)
		}
		_, err := hooks.ExecuteCommand(callContext(), &model.CommandArgs{UserId: ada.Id, ChannelId: channel.Id, Command: fmt.Sprintf("/hello %d", depth)})
		if err != nil {
			t.Error(err)
		}
	}
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() { api.again(8) })
	}
	group.Wait()
	if n := len(h.api.sent); n != 32*9 {
		t.Errorf("%d posts", n)
	}
}

// noise is a body of n bytes that nobody has in memory.
func noise(n int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), n) }

// post sends noise of a length that is told in front: of a body without, Go's
// HTTP/1.1 server drops 256 KiB when a handler begins to answer.
func post(t *testing.T, url string, size int64) *http.Response {
	t.Helper()
	request, err := http.NewRequest("POST", url+"/plugins/hello/echo", noise(size))
	check(t, err)
	request.ContentLength = size
	answer, err := http.DefaultClient.Do(request)
	check(t, err)
	return answer
}

func sum(t *testing.T, r io.Reader) (n int64, digest string) {
	t.Helper()
	hash := sha256.New()
	n, err := io.Copy(hash, r)
	if err != nil {
		t.Error(err)
	}
	return n, string(hash.Sum(nil))
}

// Goal: 50 MB stream through the plugin and back, by a real HTTP server; the
// plugin never has more than a few MB of them, slow reader or not.
func TestLargeBody(t *testing.T) {
	unsanitized(t)
	h := newHello(t)
	h.activate()
	h.mustEcho()
	web := httptest.NewServer(h)
	defer web.Close()
	pid, began := h.pid(), time.Now()
	before, most := h.resident(pid), 0
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, h.resident(pid))
			}
		}
	})
	const size = 50 << 20
	answer := post(t, web.URL, size)
	defer answer.Body.Close()
	first, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	check(t, err)
	time.Sleep(500 * time.Millisecond) // all buffers on the way fill up
	n, digest := sum(t, io.MultiReader(bytes.NewReader(first), answer.Body))
	if _, want := sum(t, noise(size)); n != size || digest != want {
		t.Errorf("%d bytes came back", n)
	}
	close(stop)
	watch.Wait()
	t.Logf("before %d kB, at most %d kB, %.1f s", before, most, time.Since(began).Seconds())
	if most-before > 4096 {
		t.Errorf("grew from %d kB to %d kB", before, most)
	}
}

// Goal: clients that read nothing of their answers hold up nobody else.
func TestSlowReaders(t *testing.T) {
	h := newHello(t)
	h.activate()
	web := httptest.NewServer(h)
	defer web.Close()
	const size = 8 << 20
	var slow []*http.Response
	for range 8 {
		slow = append(slow, post(t, web.URL, size))
	}
	for range 50 {
		h.mustEcho()
	}
	check(t, h.env.PerformHealthCheck(h.id))
	for i, answer := range slow {
		if n, _ := sum(t, answer.Body); n != size {
			t.Errorf("slow reader %d: %d bytes", i, n)
		}
		answer.Body.Close()
	}
}

// Goal: after 100,000 requests the plugin has no more in memory than after
// 1,000. In short mode after 20,000.
func TestMemoryStays(t *testing.T) {
	unsanitized(t)
	h := newHello(t)
	h.activate()
	hooks, pid := h.hooks(), h.pid()
	total, began := 100_000, time.Now()
	if testing.Short() {
		total = 20_000
	}
	body := random(300)
	run := func(n int) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range n / 4 {
					if answer := echo(hooks, body); !bytes.Equal(answer.Body.Bytes(), body) {
						t.Errorf("echo: %d", answer.Code)
						return
					}
				}
			})
		}
		group.Wait()
	}
	run(1000)
	first := h.resident(pid)
	at := 1000
	for ; at < total && time.Since(began) < 8*time.Minute; at += 1000 {
		run(1000)
	}
	last := h.resident(pid)
	t.Logf("%d kB after 1,000, %d kB after %d, %.1f s", first, last, at, time.Since(began).Seconds())
	if at < total {
		t.Errorf("%d of %d requests in eight minutes", at, total)
	}
	if last-first > 256 {
		t.Errorf("grew from %d kB to %d kB", first, last)
	}
}

// newcomer is the one who starts from now on, in a channel of his own.
func (w *world) newcomer() {
	name := "ada" + model.NewId()
	w.member = w.api.addUser(name, model.SystemUserRoleId)
	w.channel = w.api.addChannel(name, model.ChannelTypeOpen, w.member)
	_, err := w.zoom.AddUser(zoomsim.User{Email: w.member.Email})
	check(w.T, err)
	w.wantsUniqueIDs(w.member)
}

// aDay is as many meetings as Zoom lets one have on a day, from start to end.
func (w *world) aDay() {
	w.newcomer()
	for range 100 {
		w.mustStart()
	}
	all := w.zoom.Meetings()
	for _, meeting := range all[len(all)-100:] {
		event, err := w.zoom.MeetingEvent("meeting.ended", meeting.ID)
		check(w.T, err)
		if delivery, err := w.zoom.Deliver(event); err != nil || delivery.Status != http.StatusOK {
			w.Fatalf("ended: %d %v", delivery.Status, err)
		}
	}
	if status := w.api.lastSent().GetProp("meeting_status"); status != "ENDED" {
		w.Errorf("the last meeting is %v", status)
	}
}

// Goal: after 5,000 meetings the plugin has no more in memory than after 1,000.
func TestMemoryStaysAfterMeetings(t *testing.T) {
	unsanitized(t)
	w := connected(t)
	pid := w.pid()
	run := func(days int) int {
		for range days {
			w.aDay()
		}
		return w.resident(pid)
	}
	first := run(10)
	last := run(40)
	t.Logf("%d kB after 1,000, %d kB after 5,000", first, last)
	if last-first > 128 {
		t.Errorf("grew from %d kB to %d kB", first, last)
	}
}

// rush is 200 starts at once, five times.
func (w *world) rush() {
	for range 5 {
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				if answer := w.start(w.member); answer.Code != http.StatusOK {
					w.Errorf("starting: %d %s", answer.Code, answer.Body)
				}
			})
		}
		group.Wait()
	}
}

// Goal: what a rush has taken is given back within a minute: connections to Zoom,
// threads, and most of the memory.
func TestMemoryComesBackAfterRush(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a minute")
	}
	unsanitized(t)
	w := connected(t)
	w.zoom.SetHostQuota(1_000_000)
	w.newcomer()
	w.mustStart()
	pid := w.pid()
	before, few := w.resident(pid), w.descriptors(pid)
	w.rush()
	most, many := w.resident(pid), w.descriptors(pid)
	time.Sleep(65 * time.Second)
	after, left := w.resident(pid), w.descriptors(pid)
	t.Logf("%d kB and %d descriptors, then %d and %d, a minute later %d and %d", before, few, most, many, after, left)
	if after-before > 2048 {
		t.Errorf("%d kB were not given back", after-before)
	}
	if left > few {
		t.Errorf("%d descriptors, then %d", few, left)
	}
}
