package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
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

// soak is a run of that load on two nodes. Node 0 lives through all of it;
// the plugin of node 1 is killed now and then.
type soak struct {
	*world
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
	begun   map[string]bool // UUIDs of subscribed meetings that Zoom could tell in time
	samples map[int][]sample
	dead    bool        // the grant has ended
	drops   []time.Time // of all connections to the database
	killed  []time.Time // when the plugin of node 1 was
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
	s := newSoak(t)
	s.drives(length)
	s.ends()
	s.judgesMeetings()
	s.judgesProcesses(length)
	s.judgesLogs()
	s.reports(length)
}

func cmpOr(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func newSoak(t *testing.T) *soak {
	w := connected(t)
	s := &soak{
		world: w, nodes: []*mmhost.Host{w.host, w.secondNode()}, random: chance(t),
		said: map[string]int{}, took: map[string][]time.Duration{}, started: map[int64]bool{},
		tapes: map[int64]*taped{}, begun: map[string]bool{}, samples: map[int][]sample{},
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

// drives does everything for so long: the load in the background, each part at
// its own even pace, and the faults here.
func (s *soak) drives(length time.Duration) {
	over := make(chan struct{})
	s.over = over
	for _, part := range []struct {
		anHour int
		does   func(i int)
	}{
		{startsAnHour, s.startsOne},
		{instancesHour, s.beginsInstance},
		{foreignAnHour, s.holdsForeign},
		{commandsAnHour, s.typesSomething},
		{commandsAnHour / 4, s.attacks},
	} {
		s.every(time.Hour/time.Duration(part.anHour*soakScale), part.does)
	}
	s.every(2*time.Second, s.spoils)
	s.every(5*time.Second, func(int) { s.takesSample() })
	began := time.Now()
	for tick := 1; time.Since(began) < length; tick++ {
		time.Sleep(min(10*time.Second, length-time.Since(began)))
		s.disturbs(tick, length)
	}
	close(over)
	s.group.Wait()
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
func (s *soak) disturbs(tick int, length time.Duration) {
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
		if length < 5*time.Minute {
			d.ticks = (d.ticks + 9) / 10
		}
		if tick%d.ticks == 0 {
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

// ---- the verdict -----------------------------------------------------------------

// postedMeeting is what matters of a meeting's post.
type postedMeeting struct {
	ID     int64  `json:"meeting_id"`
	UUID   string `json:"meeting_uuid"`
	Status string `json:"meeting_status"`
	post   string
}

func (s *soak) meetingPosts() []postedMeeting {
	s.Helper()
	db, err := sql.Open("postgres", s.host.DSN())
	check(s.T, err)
	defer db.Close()
	var all []postedMeeting
	for id, props := range s.dump(db, `SELECT id, props::text FROM posts WHERE type = 'custom_zoom' AND deleteat = 0`) {
		p := postedMeeting{post: id}
		check(s.T, json.Unmarshal(props, &p))
		all = append(all, p)
	}
	return all
}

func (s *soak) judgesMeetings() {
	uuids, ids := map[string]int{}, map[int64]string{}
	running := 0
	for _, p := range s.meetingPosts() {
		uuids[p.UUID]++
		ids[p.ID] = p.post
		running += b2i(p.Status != "ENDED")
	}
	for uuid, n := range uuids {
		if n > 1 {
			s.Errorf("%d posts of %s", n, uuid)
		}
	}
	missing, silent := 0, 0
	for id := range s.started {
		missing += b2i(ids[id] == "")
	}
	for uuid := range s.begun {
		silent += b2i(uuids[uuid] == 0)
	}
	told, lost := s.logged("A meeting could not be posted"), s.logged("its post will not follow it")
	s.Logf("%d meetings started here, %d of them without a post (%d told); %d of %d instances without one; %d of %d posts running (%d told)",
		len(s.started), missing, told, silent, len(s.begun), running, len(uuids), lost)
	if missing > told || silent > 0 || running > lost {
		s.Error("meetings were lost")
	}
	var tapes []taped
	for id, tape := range s.tapes {
		if ids[id] != "" {
			tape.root = &model.Post{Id: ids[id]}
			tapes = append(tapes, *tape)
		}
	}
	s.settle(tapes, 10*time.Minute)
	s.Logf("%d recordings, %d files", len(tapes), 2*len(tapes))
}

// logged counts the lines of both nodes' logs that say something.
func (s *soak) logged(text string) int {
	n := 0
	for _, node := range s.nodes {
		entries, err := node.Log(mmhost.FromPlugin("zoom"), mmhost.Saying(text))
		check(s.T, err)
		n += len(entries)
	}
	return n
}

// sample is a process at a moment.
type sample struct{ resident, own, threads, descriptors int } // kB, the first two

func (s *soak) takesSample() {
	for _, node := range s.nodes {
		for _, pid := range node.PluginPIDs("zoom") {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			open, openErr := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)) // root alone may look into a release
			if err != nil || (openErr != nil && os.Geteuid() == 0) {
				continue // it has just ended
			}
			s.mu.Lock()
			s.samples[pid] = append(s.samples[pid], sample{procField(status, "VmRSS:"), procField(status, "RssAnon:"), procField(status, "Threads:"), len(open)})
			s.mu.Unlock()
		}
	}
}

func procField(status []byte, name string) int {
	_, rest, _ := strings.Cut(string(status), name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}

// middle is the median of a property of some samples.
func middle(samples []sample, of func(sample) int) int {
	var values []int
	for _, one := range samples {
		values = append(values, of(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// tenths are the medians of each tenth of a life.
func tenths(samples []sample, of func(sample) int) (list []int) {
	for i := range 10 {
		list = append(list, middle(samples[len(samples)*i/10:len(samples)*(i+1)/10], of))
	}
	return list
}

// properties are what must not grow from the first third of a long life to the
// last.
var properties = []struct {
	name string
	of   func(sample) int
}{
	{"resident kB", func(x sample) int { return x.resident }},
	{"of it own kB", func(x sample) int { return x.own }},
	{"threads", func(x sample) int { return x.threads }},
	{"descriptors", func(x sample) int { return x.descriptors }},
}

// judgesProcesses judges lives of ten minutes and more, and tells of others.
func (s *soak) judgesProcesses(length time.Duration) {
	judged := 0
	for pid, samples := range s.samples {
		if len(samples) < 30 {
			continue
		}
		life, third := time.Duration(len(samples))*5*time.Second, len(samples)/3
		judged += b2i(life >= 10*time.Minute)
		for _, p := range properties {
			before, last := middle(samples[:third], p.of), middle(samples[len(samples)-third:], p.of)
			s.Logf("process %d, %v: %s %d, then %d; by tenths %v", pid, life, p.name, before, last, tenths(samples, p.of))
			if life >= 10*time.Minute && last > before+max(before/10, 4) {
				s.Errorf("process %d: %s grew from %d to %d", pid, p.name, before, last)
			}
		}
	}
	if judged == 0 && length >= 10*time.Minute {
		s.Error("no process lived long enough to be judged")
	}
}

func (s *soak) reports(length time.Duration) {
	for _, what := range slices.Sorted(maps.Keys(s.said)) {
		s.Logf("%6d %s", s.said[what], what)
	}
	for kind, took := range s.took {
		slices.Sort(took)
		s.Logf("%s: %d, p50 %v, p99 %v, longest %v", kind, len(took), took[len(took)/2].Round(time.Microsecond),
			took[len(took)*99/100].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
		if p99 := took[len(took)*99/100]; kind == "event" && p99 > 3*time.Second {
			s.Errorf("Zoom waits for three seconds, one event in a hundred took %v", p99)
		}
	}
	s.Logf("%d refreshes, %d spent refresh tokens used, in %v", s.zoom.RefreshCount(), s.zoom.SpentRefreshUses(), length)
}

// ---- the log ---------------------------------------------------------------------

// explained are the warnings and errors that these faults lead to.
var explained = []struct{ text, why string }{
	{"A meeting could not be started", "faults at Zoom; the starter was told"},
	{"The link of a subscribed meeting could not be looked up", "faults at Zoom; the link is made without it"},
	{"The connection to Zoom was checked and does not work", "/zoom status in the middle of faults"},
	{"An event of Zoom's is put off", "faults of files"},
	{"A webhook was refused", "attacks"},
	{"A deauthorization of another app was ignored", "attacks"},
	{"Zoom is not set up yet", "before the settings were saved"},
	{"Zoom has ended a connection", "killed in the middle of a refresh; the admins were told"},
	{"Unrecognized config permissions tag value", "the server says so of itself at every change of settings"},
	{"Failed to send welcome email", "the server has no mail"},
	{"No signature when persisting plugin to filestore", "bundles are not signed"},
	{"violates unique constraint \"threadmemberships_pkey\"", "the server, of two replies to a thread at once"},
}

// nearTo says whether an entry is from so soon after one of these moments.
func nearTo(e mmhost.LogEntry, moments []time.Time, within time.Duration) bool {
	return slices.ContainsFunc(moments, func(at time.Time) bool {
		return e.Time.After(at.Add(-time.Second)) && e.Time.Before(at.Add(within))
	})
}

// explanation is empty for what nothing explains.
func (s *soak) explanation(e mmhost.LogEntry) string {
	for _, x := range explained {
		if mmhost.Saying(x.text)(e) {
			return fmt.Sprintf("%q: %s", x.text, x.why)
		}
	}
	if nearTo(e, s.drops, 5*time.Second) {
		return "within 5 s of all connections to the database being dropped"
	}
	if nearTo(e, s.killed, 10*time.Second) {
		return "within 10 s of the plugin being killed"
	}
	return ""
}

// serversOwn are the lines that the server writes about addresses of a plugin
// that does not run, whole, with the secret that Zoom has in them.
var serversOwn = regexp.MustCompile(`(?m)^.*"missing_plugin_id".*\n`)

func (s *soak) judgesLogs() {
	db, err := sql.Open("postgres", s.host.DSN())
	check(s.T, err)
	defer db.Close()
	counts, exits := map[string]int{}, 0
	for _, node := range s.nodes {
		entries, err := node.Log()
		check(s.T, err)
		for _, e := range entries {
			exits += b2i(e.Message == "plugin process exited" && e.Level == "error")
			if !mmhost.AtLevel("warn", "error", "critical")(e) {
				continue
			}
			why := s.explanation(e)
			if why == "" {
				s.Errorf("not explained: %s %s %v", e.Level, e.Message, e.Fields)
			}
			counts[why]++
		}
		there := *s.world
		there.host = node
		all := there.everything(db)
		all["the log"] = serversOwn.ReplaceAll(all["the log"], nil)
		there.findsNothing(all, "after the soak")
	}
	if exits != len(s.killed) {
		s.Errorf("%d processes died, %d were killed", exits, len(s.killed))
	}
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		s.Logf("%6d lines %s", counts[why], why)
	}
}
