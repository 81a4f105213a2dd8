package e2e

// What a soak is judged by; soak_test.go drives it.

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

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

// takesSamples looks at each of the plugin's processes.
func (s *soak) takesSamples(into map[int][]sample) {
	for _, node := range s.nodes {
		for _, pid := range node.PluginPIDs("zoom") {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			open, openErr := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)) // root alone may look into a release
			if err != nil || (openErr != nil && os.Geteuid() == 0) {
				continue // it has just ended
			}
			s.mu.Lock()
			into[pid] = append(into[pid], sample{procField(status, "VmRSS:"), procField(status, "RssAnon:"), procField(status, "Threads:"), len(open)})
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
	values := each(samples, of)
	slices.Sort(values)
	return values[len(values)/2]
}

func each(samples []sample, of func(sample) int) (list []int) {
	for _, one := range samples {
		list = append(list, of(one))
	}
	return list
}

// tenths are the medians of each tenth of a life.
func tenths(samples []sample, of func(sample) int) (list []int) {
	for i := range 10 {
		list = append(list, middle(samples[len(samples)*i/10:len(samples)*(i+1)/10], of))
	}
	return list
}

// properties are what must not grow in a long life, from rest to rest. Under load
// memory goes up and down with what is open, and only the others are judged.
var properties = []struct {
	name   string
	loaded bool // judged under load, too
	of     func(sample) int
}{
	{"resident kB", false, func(x sample) int { return x.resident }},
	{"of it own kB", false, func(x sample) int { return x.own }},
	{"threads", true, func(x sample) int { return x.threads }},
	{"descriptors", true, func(x sample) int { return x.descriptors }},
}

// judgesProcesses judges lives of ten minutes and more, and tells of others. At
// rest the first two are held against the last two, for no rest is just like another.
func (s *soak) judgesProcesses() {
	judged := 0
	for pid, samples := range s.samples {
		if len(samples) < 30 {
			continue
		}
		life, rested, third := time.Duration(len(samples))*5*time.Second, s.rested[pid], len(samples)/3
		judged += b2i(len(rested) == soakParts)
		for _, p := range properties {
			before, last, rests := middle(samples[:third], p.of), middle(samples[len(samples)-third:], p.of), each(rested, p.of)
			s.Logf("process %d, %v: %s %d, then %d; by tenths %v; at rest %v", pid, life, p.name, before, last, tenths(samples, p.of), rests)
			if p.loaded && life >= 10*time.Minute {
				s.staysAt(before, last, pid, p.name)
			}
			if len(rests) == soakParts {
				s.staysAt((rests[0]+rests[1])/2, (rests[soakParts-2]+rests[soakParts-1])/2, pid, p.name+" at rest")
			}
		}
	}
	if judged == 0 && s.isLong() {
		s.Error("no process lived long enough to be judged")
	}
}

func (s *soak) staysAt(before, last, pid int, what string) {
	if last > before+max(before/10, 4) {
		s.Errorf("process %d: %s grew from %d to %d", pid, what, before, last)
	}
}

func (s *soak) reports() {
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
	s.judgesTokens()
}

// judgesTokens: a kill in the middle of a refresh may take the new token with it,
// and the spent one is used until somebody connects again; nothing else does.
func (s *soak) judgesTokens() {
	spent := s.zoom.SpentRefreshTokens()
	s.Logf("%d refreshes, %d spent refresh tokens used, %d times, in %v", s.zoom.RefreshCount(), spent, s.zoom.SpentRefreshUses(), s.length)
	if spent > len(s.killed) {
		s.Errorf("%d spent refresh tokens were used, and %d processes killed", spent, len(s.killed))
	}
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
