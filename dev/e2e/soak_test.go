package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// What a company of 10,000 does in its busiest hour; docs/reliability.md has
// the arithmetic. Meetings are shorter here, but begin as often.
const (
	soakScale      = 10 // times that load
	startsAnHour   = 400
	instancesHour  = 80 // of subscribed meetings
	foreignAnHour  = 1120
	commandsAnHour = 400
	recordedOneIn  = 5
)

// A long soak has so many parts, and behind each of them nothing happens for so
// long: what nobody needs is given back within 55 s, see zoom_client_trim.
const (
	soakParts = 5
	restLasts = 65 * time.Second
)

// soak is a run of that load on two nodes. Node 0 lives through all of it;
// the plugin of node 1 is killed now and then.
type soak struct {
	*world
	length  time.Duration
	ticks   int // of ten seconds, under load
	nodes   []*mmhost.Host
	rooms   []*model.Channel
	series  []zoomsim.MeetingInfo // subscribed
	over    <-chan struct{}       // closed when nothing new shall begin
	group   sync.WaitGroup
	mu      sync.Mutex
	random  *rand.Rand                 // guarded by mu, as all below
	said    map[string]int             // outcomes of starts and commands
	took    map[string][]time.Duration // by kind of request
	started map[int64]bool             // whose starters got a link
	tapes   map[int64]*taped
	begun   map[string]bool  // UUIDs of subscribed meetings that Zoom could tell in time
	samples map[int][]sample // under load, by process
	rested  map[int][]sample // one for each rest it has seen
	dead    bool             // the grant has ended
	drops   []time.Time      // of all connections to the database
	killed  []time.Time      // when the plugin of node 1 was
}

// Goal: the load of a company of 10,000, ten times over, with all kinds of
// faults, for as long as SOAK says: every meeting is posted once and ends,
// every file is posted once, memory, threads and descriptors stay as they are,
// and whatever is in the log as a warning or an error is explained below.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(cmpOr(os.Getenv("SOAK"), "20s"))
	check(t, err)
	if testing.Short() && os.Getenv("SOAK") == "" {
		t.Skip("takes a minute and more")
	}
	s := newSoak(t, length)
	if s.isLong() {
		for range soakParts {
			s.drives(length / soakParts)
			s.rests()
		}
	} else {
		s.drives(length)
	}
	s.judgesMeetings()
	s.judgesProcesses()
	s.judgesLogs()
	s.reports()
}

func cmpOr(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func newSoak(t *testing.T, length time.Duration) *soak {
	w := connected(t)
	s := &soak{
		world: w, length: length, nodes: []*mmhost.Host{w.host, w.secondNode()}, random: chance(t),
		said: map[string]int{}, took: map[string][]time.Duration{}, started: map[int64]bool{},
		tapes: map[int64]*taped{}, begun: map[string]bool{}, samples: map[int][]sample{}, rested: map[int][]sample{},
	}
	w.zoom.SetHostQuota(1_000_000)
	w.zoom.SetWebhook("", nil) // each event is sent to a node of its own
	w.zoom.SetRetries(zoomsim.RetryPolicy{On: true, AnyNon2x: true, Scale: 0.04})
	for i := range 10 {
		s.rooms = append(s.rooms, w.room(fmt.Sprint("room", i), model.ChannelTypeOpen, w.member))
	}
	for i := range 20 {
		s.series = append(s.series, w.schedules(adaAtZoom, fmt.Sprint("Series ", i)))
		w.at(s.rooms[i%len(s.rooms)]).subscribes(w.member, s.series[i])
	}
	return s
}

// ---- the load ----------------------------------------------------------------

// isLong says whether processes are judged.
func (s *soak) isLong() bool { return s.length >= 10*time.Minute }

// drives does everything for so long: the load in the background, each kind of it
// at its own even pace, and the faults here. All that has begun has ended then.
func (s *soak) drives(length time.Duration) {
	over := make(chan struct{})
	s.over = over
	for _, kind := range []struct {
		anHour int
		does   func(i int)
	}{
		{startsAnHour, s.startsOne},
		{instancesHour, s.beginsInstance},
		{foreignAnHour, s.holdsForeign},
		{commandsAnHour, s.typesSomething},
		{commandsAnHour / 4, s.attacks},
	} {
		s.every(time.Hour/time.Duration(kind.anHour*soakScale), kind.does)
	}
	s.every(2*time.Second, s.spoils)
	s.every(5*time.Second, func(int) { s.takesSamples(s.samples) })
	began := time.Now()
	for time.Since(began) < length {
		time.Sleep(min(10*time.Second, length-time.Since(began)))
		s.ticks++
		s.disturbs()
	}
	close(over)
	s.group.Wait()
	s.ends()
}

// rests lets the plugin become as it is when there is nothing to do.
func (s *soak) rests() {
	time.Sleep(restLasts)
	s.takesSamples(s.rested)
}

// every does something again and again, each time on its own.
func (s *soak) every(pause time.Duration, does func(i int)) {
	s.group.Go(func() {
		ticks := time.NewTicker(pause)
		defer ticks.Stop()
		for i := 0; ; i++ {
			select {
			case <-s.over:
				return
			case <-ticks.C:
				s.group.Go(func() { does(i) })
			}
		}
	})
}

func (s *soak) chooses(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func (s *soak) counts(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said[what]++
}

// lasts is as long as a meeting, or until all is over.
func (s *soak) lasts() {
	select {
	case <-time.After(time.Duration(10+s.chooses(50)) * time.Second):
	case <-s.over:
	}
}

var meetingInLink = regexp.MustCompile(`"meeting_url":"https?://[^"]*/j/(\d+)`)

func (s *soak) startsOne(i int) {
	room := s.rooms[s.chooses(len(s.rooms))]
	began := time.Now()
	status, body := request(s.T, s.nodes[i%2], s.member.client, "POST", "/plugins/zoom/api/v1/meetings?force=true",
		strings.NewReader(fmt.Sprintf(`{"channel_id":%q,"topic":"Soak %d"}`, room.Id, i)), "Content-Type", "application/json")
	s.notes("start", began)
	link := meetingInLink.FindStringSubmatch(body)
	if status != http.StatusOK || link == nil {
		s.counts(fmt.Sprintf("start: %d %.120s", status, body))
		s.connectsAgain(body)
		return
	}
	s.counts("start: a link")
	id, _ := strconv.ParseInt(link[1], 10, 64)
	s.mu.Lock()
	s.started[id] = true
	s.mu.Unlock()
	s.lives(id, i%recordedOneIn == 0)
}

// lives is a meeting from its beginning at Zoom to its recording.
func (s *soak) lives(id int64, recorded bool) {
	if _, err := s.zoom.Start(id); err != nil {
		s.Error(err)
	}
	s.sends(s.eventOf("meeting.started", id))
	s.lasts()
	s.finishes(id)
	if !recorded {
		return
	}
	tape := &taped{met: met{id: id}, chat: fmt.Sprintf("00:00:01\tAda:\tchat of %d\n", id),
		transcript: fmt.Sprintf("WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAda: transcript of %d\n", id)}
	tape.events = []zoomsim.Event{
		s.recorded(id, zoomsim.ChatFile(tape.chat), zoomsim.VideoFile([]byte("video"))),
		s.transcribed(id, zoomsim.TranscriptFile(tape.transcript)),
	}
	s.mu.Lock()
	s.tapes[id] = tape
	s.mu.Unlock()
	for _, event := range tape.events {
		s.sends(event)
	}
}

func (s *soak) finishes(id int64) {
	if _, err := s.zoom.End(id); err != nil {
		s.Error(err)
	}
	s.sends(s.eventOf("meeting.ended", id))
}

func (s *soak) eventOf(name string, id int64) zoomsim.Event {
	event, err := s.zoom.MeetingEvent(name, id)
	if err != nil {
		s.Error(err)
	}
	return event
}

// sends delivers an event to either node, one in ten twice, and says whether
// it was taken at once.
func (s *soak) sends(event zoomsim.Event) bool {
	event.URL = s.webhook()
	if event.Copies == 0 {
		event.Copies = 1 + b2i(s.chooses(10) == 0)
	}
	began := time.Now()
	delivery, err := s.zoom.Deliver(event)
	if err == nil && delivery.OK() {
		s.notes("event", began)
	}
	s.counts(fmt.Sprintf("event: %d", delivery.Status))
	return err == nil && delivery.OK()
}

func (s *soak) webhook() string {
	return s.nodes[s.chooses(2)].URL + "/plugins/zoom/webhook?secret=" + webhookSecret
}

func (s *soak) notes(kind string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[kind] = append(s.took[kind], time.Since(began))
}

// beginsInstance: the series take turns, so that none runs twice at a time.
func (s *soak) beginsInstance(i int) {
	if i%5 != 0 {
		return // five instances begin at once, as on the full hour
	}
	for j := range 5 {
		s.group.Go(func() { s.holdsInstance(s.series[(i+j)%len(s.series)].ID) })
	}
}

func (s *soak) holdsInstance(id int64) {
	if _, err := s.zoom.Start(id); err != nil {
		s.Error(err)
		return
	}
	event := s.eventOf("meeting.started", id)
	event.Copies = 1 // or the answer is not that of the delivery which posts it
	if s.sends(event) {
		s.mu.Lock()
		s.begun[fmt.Sprint(event.Object.Get("uuid"))] = true
		s.mu.Unlock()
	}
	s.lasts()
	s.finishes(id)
}

// holdsForeign is a meeting that has nothing to do with Mattermost.
func (s *soak) holdsForeign(i int) {
	meeting, err := s.zoom.Schedule(mmhost.AdminEmail, "Elsewhere", 1)
	if err != nil {
		s.Error(err)
		return
	}
	if _, err := s.zoom.Start(meeting.ID); err != nil {
		s.Error(err)
	}
	s.sends(s.eventOf("meeting.started", meeting.ID))
	s.lasts()
	s.finishes(meeting.ID)
	if i%recordedOneIn == 0 {
		s.sends(s.recorded(meeting.ID, zoomsim.VideoFile([]byte("video"))))
		s.sends(s.transcribed(meeting.ID, zoomsim.TranscriptFile("WEBVTT\n")))
	}
}

var typed = []string{"start", "start", "help", "settings", "subscription list", "status", "subscription add 1", "nonsense"}

func (s *soak) typesSomething(i int) {
	p, room := s.member, s.rooms[s.chooses(len(s.rooms))]
	if typed[i%len(typed)] == "status" {
		p = s.admin
	}
	client := model.NewAPIv4Client(s.nodes[i%2].URL)
	client.SetToken(p.client.AuthToken)
	began := time.Now()
	_, answer, err := client.ExecuteCommand(context.Background(), room.Id, "/zoom "+typed[i%len(typed)])
	s.notes("command", began)
	if err != nil && answer == nil {
		s.Errorf("/zoom %s: %v", typed[i%len(typed)], err)
		return
	}
	s.counts(fmt.Sprintf("command: %d", answer.StatusCode))
}

// attacks are what must change nothing, or be refused.
func (s *soak) attacks(i int) {
	event, err := s.zoom.DeauthEvent(adaAtZoom, zoomsim.DeauthNewer) // she has no grant to lose
	if err != nil {
		s.Error(err)
		return
	}
	want := http.StatusUnauthorized
	event.URL = strings.Replace(s.webhook(), "/webhook", "/deauthorization", 1)
	event.NoRetries = true
	switch i % 6 {
	case 0:
		event.Sign = zoomsim.SignWrong
	case 1:
		event.Offset = -6 * time.Minute
	case 2:
		event.URL += "x"
	case 3:
		event.Sign = zoomsim.SignMissing
	case 4: // the right signature, another app
		event.Raw = bytes.ReplaceAll(event.Raw, []byte(s.zoom.App().ClientID), []byte("another-app"))
		want = http.StatusOK
	case 5:
		if event, err = s.zoom.ChallengeEvent("v0:1:{}"); err != nil {
			s.Error(err)
			return
		}
		event.URL, event.NoRetries, want = s.webhook(), true, http.StatusBadRequest
	}
	delivery, _ := s.zoom.Deliver(event)
	if delivery.OK() && want != http.StatusOK {
		s.Errorf("attack %d was taken: %s", i%6, delivery.Body)
	}
	s.counts(fmt.Sprintf("attack: %d", delivery.Status))
}

// ---- the faults ----------------------------------------------------------------

var spoilt = []struct {
	match string
	fault zoomsim.Fault
}{
	{makesMeeting, zoomsim.Fault{Status: 429, Body: `{"code":429,"message":"wait"}`, Headers: map[string]string{"Retry-After": "1"}}},
	{makesMeeting, zoomsim.PerSecondFault()},
	{makesMeeting, zoomsim.Fault{Reset: true}},
	{makesMeeting, zoomsim.Fault{Reset: true, After: true}},
	{makesMeeting, zoomsim.HTMLFault(502)},
	{makesMeeting, zoomsim.Fault{Drip: 2 * time.Millisecond}},
	{findsHost, refusal(500, `{"code":500}`)},
	{findsHost, zoomsim.Fault{Truncate: true}},
	{findsHost, zoomsim.Fault{CloseConn: true}},
	{findsHost, zoomsim.Fault{Drip: 100 * time.Millisecond}},
	{findsHost, zoomsim.Fault{Delay: 12 * time.Second}},
	{getsToken, zoomsim.HTMLFault(503)},
	{getsToken, zoomsim.ConcurrentFault()},
	{getsToken, zoomsim.Fault{Delay: 3 * time.Second}},
	{getsToken, zoomsim.Fault{Reset: true}},
	{"GET /rec/", zoomsim.HTMLFault(503)},
	{"GET /rec/", zoomsim.Fault{Reset: true}},
	{"GET /rec/", zoomsim.Fault{Truncate: true}},
	{"GET /rec/", zoomsim.Fault{Drip: 50 * time.Millisecond}},
	{"GET /v2/meetings/", zoomsim.HTMLFault(504)},
}

// spoils has the next one to three requests of a kind go wrong.
func (s *soak) spoils(int) {
	s.zoom.ClearFaults()
	chosen := spoilt[s.chooses(len(spoilt))]
	chosen.fault.Times = 1 + s.chooses(3)
	s.zoom.Fail(chosen.match, chosen.fault)
}

// disturbs is called every ten seconds, and does what is rarer.
func (s *soak) disturbs() {
	for _, d := range []struct {
		ticks int // between two of them
		name  string
		does  func()
	}{
		{2, "tokens expired", s.zoom.ExpireAccessTokens},
		{5, "access tokens revoked", s.zoom.RevokeAccessTokens},
		{6, "settings saved", s.savesSettings},
		{18, "database connections dropped", s.dropsConnections},
		{30, "plugin killed", s.kills},
	} {
		if s.length < 5*time.Minute {
			d.ticks = (d.ticks + 9) / 10
		}
		if s.ticks%d.ticks == 0 {
			d.does()
			s.counts(d.name)
		}
	}
	if s.isDead() {
		status, page := s.authorize()
		s.counts(fmt.Sprintf("connected again: %d", status))
		if status != http.StatusOK {
			s.Logf("connecting again: %s", page)
		}
	}
}

func (s *soak) savesSettings() {
	settings := s.settings()
	settings["EnablePostingRecordingPassword"] = s.chooses(2) == 0
	for _, node := range s.nodes {
		eventually(s.T, "settings are saved", func() bool { return node.ConfigurePlugin("zoom", settings) == nil })
	}
}

func (s *soak) dropsConnections() {
	s.drops = append(s.drops, time.Now())
	n, err := s.host.Count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	check(s.T, err)
	if n == 0 {
		s.Error("no connection to drop")
	}
}

func (s *soak) kills() {
	s.killed = append(s.killed, time.Now())
	pids := s.nodes[1].PluginPIDs("zoom")
	for _, pid := range pids {
		check(s.T, syscall.Kill(pid, syscall.SIGKILL))
	}
	if len(pids) != 1 {
		s.Errorf("%d processes to kill", len(pids))
	}
	node := *s.world
	node.host = s.nodes[1]
	node.restarted()
}

// connectsAgain notes that the grant has ended: killed in the middle of a
// refresh, the new token may go with the process.
func (s *soak) connectsAgain(answer string) {
	if strings.Contains(answer, "The connection to Zoom has ended") {
		s.mu.Lock()
		s.dead = true
		s.mu.Unlock()
	}
}

func (s *soak) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	dead := s.dead
	s.dead = false
	return dead
}

// ends lets Zoom repeat what was not taken, and ends meetings that began
// although nobody was told.
func (s *soak) ends() {
	s.zoom.ClearFaults()
	s.zoom.Flush()
	for _, meeting := range s.zoom.Meetings() {
		if meeting.Type == 1 && meeting.State == "waiting" {
			if _, err := s.zoom.Start(meeting.ID); err != nil {
				s.Error(err)
			}
			s.sends(s.eventOf("meeting.started", meeting.ID))
			s.finishes(meeting.ID)
			s.counts("unknown to its starter")
		}
	}
	s.zoom.Flush()
}
