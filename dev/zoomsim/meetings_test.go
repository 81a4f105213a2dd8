package zoomsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// goBody is what the official plugin's Go types produce: zero values and
// nulls for everything it does not set (FACTS 3.2).
const goBody = `{"topic":"Sync","type":1,"start_time":"","duration":0,"timezone":"","password":"","agenda":"",
"tracking_fields":null,"settings":{"host_video":false,"participant_video":false,"join_before_host":false,
"mute_upon_entry":false,"watermark":false,"use_pmi":false,"approval_type":0,"registration_type":0,"audio":"",
"auto_recording":"","alternative_hosts":"","global_dial_in_countries":null},"recurrence":null}`

func (b *bench) create(token, user, body string) reply {
	b.t.Helper()
	r := b.api(token, "POST", "/users/"+user+"/meetings", body)
	b.want(r, 201, "", "")
	return r
}

func (r reply) id() int64 {
	id, err := r.json["id"].(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return id
}

func TestCreateMeeting(t *testing.T) {
	b := launch(t)
	bob := b.addUser(User{Email: "bob@example.com", Timezone: "Asia/Tokyo"})
	access, _ := b.connect("ada@example.com")
	for _, c := range []struct{ body, topic, kind string }{
		{goBody, "Sync", "1"},
		{`{"topic":"Caf\u00e9 <&>","type":1}`, "Café <&>", "1"},
		{`{}`, "Zoom Meeting", "2"},
		{`{"topic":null,"type":null,"settings":null,"unknown":[1]}`, "Zoom Meeting", "2"},
	} {
		r := b.create(access, "BOB@example.com", c.body)
		uuid := r.json["uuid"].(string)
		raw, err := base64.StdEncoding.DecodeString(uuid)
		if err != nil || len(raw) != 16 || !strings.HasSuffix(uuid, "==") {
			t.Error(uuid, err)
		}
		if r.id() <= 1<<32 || len(r.json["id"].(json.Number)) != 11 {
			t.Error(r.id())
		}
		want := map[string]any{
			"host_id": bob.ID, "host_email": "bob@example.com", "topic": c.topic, "type": json.Number(c.kind),
			"status": "waiting", "timezone": "Asia/Tokyo", "start_time": nil, "pmi": nil,
			"created_at": "2026-10-06T09:00:00Z", "creation_source": "open_api",
		}
		for name, v := range want {
			if r.json[name] != v {
				t.Errorf("%s: %v, want %v", name, r.json[name], v)
			}
		}
		link := fmt.Sprintf("%s/j/%d?pwd=%s", b.URL(), r.id(), r.json["encrypted_password"])
		if r.json["join_url"] != link || !strings.HasSuffix(link, ".1") || strings.Contains(link, r.json["password"].(string)) {
			t.Error(r.text)
		}
	}
}

func TestPasscodes(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	if r := b.create(access, "me", `{"type":1,"password":"s3cret"}`); r.json["password"] != "s3cret" {
		t.Error(r.text)
	}
	r := b.create(access, "me", `{"type":1,"default_password":false,"settings":{"waiting_room":false}}`)
	if r.json["password"] != nil || strings.Contains(r.json["join_url"].(string), "pwd") ||
		r.json["settings"].(map[string]any)["waiting_room"] != true {
		t.Error(r.text)
	}
}

func TestCreateRefusals(t *testing.T) {
	b := launch(t)
	b.addUser(User{Email: "bob@example.com"})
	b.addUser(User{Email: "blocked@example.com", Status: StatusInactive})
	b.addUser(User{Email: "new@example.com", Status: StatusPending})
	b.addUser(User{Email: "room@example.com", Type: TypeUnassigned})
	b.addUser(User{Email: "far@example.org", Foreign: true})
	access, _ := b.connect("ada@example.com")
	const notJSON = "Request Body should be a valid JSON object."
	for _, c := range []struct {
		user, body string
		status     int
		code, text string
	}{
		{"me", ``, 400, "300", notJSON},
		{"me", `{"topic":`, 400, "300", notJSON},
		{"me", `[]`, 400, "300", notJSON},
		{"me", `null`, 400, "300", notJSON},
		{"me", `{} {}`, 400, "300", notJSON},
		{"me", `{"type":5}`, 400, "300", "Validation Failed."},
		{"me", `{"topic":1}`, 400, "300", "Validation Failed."},
		{"me", `{"password":"12345678901"}`, 400, "300", "Validation Failed."},
		{"me", `{"start_time":"tomorrow"}`, 400, "300", "Validation Failed."},
		{"me", `{"type":1,"schedule_for":"bob@example.com"}`, 400, "3000", "You cannot schedule a meeting for bob@example.com"},
		{"blocked@example.com", `{}`, 400, "3000", ""},
		{"new@example.com", `{}`, 400, "3161", ""},
		{"room@example.com", `{}`, 400, "3161", ""},
		{"no@example.com", `{}`, 404, "1001", "User does not exist: no@example.com."},
		{"far@example.org", `{}`, 400, "1010", ""},
	} {
		b.want(b.api(access, "POST", "/users/"+c.user+"/meetings", c.body), c.status, c.code, c.text)
	}
	r := b.api(access, "POST", "/users/me/meetings", `{"agenda":7,"settings":{"audio":"loud"}}`)
	if !strings.HasSuffix(r.text, `"errors":[{"field":"agenda","message":"Invalid field."},{"field":"settings.audio","message":"Invalid field."}]}`) {
		t.Error(r.text)
	}
	if r := b.create(access, "me", `{"type":2,"schedule_for":"bob@example.com"}`); r.json["host_email"] != "bob@example.com" {
		t.Error(r.text)
	}
}

func TestGetMeetingByIDAndUUID(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	for _, c := range []struct {
		uuid   string
		once   bool // encoded once is enough
		twice  bool // encoded twice works
		inPath string
	}{
		{"AbCdEf/12345+ghIJKLmno==", true, true, "AbCdEf%2F12345%2BghIJKLmno%3D%3D"},
		{"/ajXp112QmuoKj4854875A==", false, true, "%252FajXp112QmuoKj4854875A%253D%253D"},
		{"ab//p112QmuoKj4854875A==", false, true, "ab%252F%252Fp112QmuoKj4854875A%253D%253D"},
		{"ab+p112QmuoKj48548752A==", true, false, "ab+p112QmuoKj48548752A=="},
	} {
		b.ForceUUID(c.uuid)
		made := b.create(access, "me", `{"type":1}`)
		if made.json["uuid"] != c.uuid {
			t.Fatal(made.text)
		}
		once := url.QueryEscape(c.uuid)
		for path, want := range map[string]bool{
			strconv.FormatInt(made.id(), 10): true, once: c.once, url.QueryEscape(once): c.twice, c.inPath: true,
		} {
			r := b.api(access, "GET", "/meetings/"+path, "")
			if want && (r.status != 200 || r.id() != made.id()) {
				t.Errorf("%s: %d %s", path, r.status, r.text)
			}
			if !want {
				b.want(r, 404, "3001", "")
			}
		}
	}
	b.want(b.api(access, "GET", "/meetings/1", ""), 404, "3001", "Meeting does not exist: 1.")
}

func TestMeetingsOfOthers(t *testing.T) {
	b := launch(t, userLevel)
	b.addUser(User{Email: "bob@example.com"})
	ada, _ := b.connect("ada@example.com")
	bob, _ := b.connect("bob@example.com")
	id := b.create(bob, "me", `{"type":1}`).id()
	b.want(b.api(ada, "GET", fmt.Sprintf("/meetings/%d", id), ""), 404, "3001", fmt.Sprintf("Meeting does not exist: %d.", id))
	b.want(b.api(bob, "GET", fmt.Sprintf("/meetings/%d", id), ""), 200, "", "")
}

func TestPatchDeleteRecover(t *testing.T) {
	b := launch(t, scopes("meeting:write:admin", "meeting:read:admin"))
	access, _ := b.connect("ada@example.com")
	path := fmt.Sprintf("/meetings/%d", b.create(access, "me", `{"type":2,"start_time":"2026-10-07T10:00:00Z"}`).id())
	b.want(b.api(access, "PATCH", path, `{"topic":"New","duration":30,"password":"abc","settings":{"host_video":true}}`), 204, "", "")
	r := b.api(access, "GET", path, "")
	if r.json["topic"] != "New" || r.json["password"] != "abc" || r.json["start_time"] != "2026-10-07T10:00:00Z" ||
		r.json["settings"].(map[string]any)["host_video"] != true {
		t.Error(r.text)
	}
	b.want(b.api(access, "PATCH", path, `{"topic":{}}`), 400, "300", "Validation Failed.")
	b.want(b.api(access, "DELETE", path, ""), 204, "", "")
	b.want(b.api(access, "GET", path, ""), 404, "3001", "")
	b.want(b.api(access, "PUT", path+"/status", `{"action":"recover"}`), 204, "", "")
	b.want(b.api(access, "GET", path, ""), 200, "", "")
	b.want(b.api(access, "PUT", path+"/status", `{"action":"end"}`), 400, "3063", "")
	b.want(b.api(access, "PUT", path+"/status", `{"action":"dance"}`), 400, "300", "")
	b.want(b.api(access, "PUT", path+"/status", `-`), 400, "300", "")
	b.want(b.api(access, "DELETE", "/meetings/5551234567", ""), 400, "3018", "Not allowed to delete PMI.")
}

func TestGuideScopesDoNotChangeMeetings(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	path := fmt.Sprintf("/meetings/%d", b.create(access, "me", `{"type":1}`).id())
	b.want(b.api(access, "PUT", path+"/status", `{"action":"end"}`), 400, "4711",
		"Invalid access token, does not contain scopes:[meeting:update:status, meeting:update:status:admin].")
}

func TestLifeOfAMeeting(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	for _, c := range []struct {
		body  string
		again bool
	}{{`{"type":1}`, false}, {`{"type":2}`, true}, {`{"type":3}`, true}} {
		made := b.create(access, "me", c.body)
		path := fmt.Sprintf("/meetings/%d", made.id())
		if _, err := b.End(made.id()); err == nil {
			t.Error("ended before it began")
		}
		if _, err := b.Start(made.id()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Start(made.id()); err == nil {
			t.Error("started twice")
		}
		if r := b.api(access, "GET", path, ""); r.json["status"] != "started" || r.json["uuid"] != made.json["uuid"] {
			t.Error(r.text)
		}
		if _, err := b.End(made.id()); err != nil {
			t.Fatal(err)
		}
		r := b.api(access, "GET", path, "")
		if !c.again {
			b.want(r, 404, "3001", "")
			continue
		}
		if r.json["status"] != "waiting" {
			t.Error(r.text)
		}
		if _, err := b.Start(made.id()); err != nil {
			t.Fatal(err)
		}
		if r := b.api(access, "GET", path, ""); r.json["uuid"] == made.json["uuid"] {
			t.Error("a second instance with the first one's UUID")
		}
	}
}

func TestPersonalMeeting(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	r := b.api(access, "GET", "/meetings/5551234567", "")
	if r.json["pmi"] != "5551234567" || r.json["type"] != json.Number("4") {
		t.Error(r.text)
	}
	made := b.create(access, "me", `{"type":1,"settings":{"use_pmi":true}}`)
	if made.id() == 5551234567 || made.json["pmi"] != "5551234567" ||
		!strings.HasPrefix(made.json["join_url"].(string), b.URL()+"/j/5551234567?pwd=") {
		t.Error(made.text)
	}
	before := r.json["uuid"]
	if _, err := b.Start(made.id()); err != nil {
		t.Fatal(err)
	}
	r = b.api(access, "GET", "/meetings/5551234567", "")
	if r.json["status"] != "started" || r.json["uuid"] == before {
		t.Error(r.text)
	}
	if ev, err := b.MeetingEvent("meeting.started", made.id()); err != nil || ev.Object.Get("id") != int64(5551234567) || ev.Object.Get("type") != 4 {
		t.Error(ev, err)
	}
	if err := b.UpdateUser("ada@example.com", func(u *User) { u.PersonalMeetingOff = true }); err != nil {
		t.Fatal(err)
	}
	b.want(b.api(access, "GET", "/meetings/5551234567", ""), 404, "3001", "")
	if r := b.create(access, "me", `{"type":1,"settings":{"use_pmi":true}}`); r.json["pmi"] != nil {
		t.Error(r.text)
	}
}

func TestStartURLIsANewOneEachTime(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	made := b.create(access, "me", `{"type":1}`)
	again := b.api(access, "GET", fmt.Sprintf("/meetings/%d", made.id()), "")
	if made.json["start_url"] == again.json["start_url"] {
		t.Error("same start_url")
	}
	path := strings.TrimPrefix(made.json["start_url"].(string), b.URL())
	if r := b.send(b.request("GET", path, "")); r.status != 303 || r.header.Get("Location") != made.json["join_url"] {
		t.Error(r.status, r.header)
	}
	b.clock.advance(zakLife)
	if r := b.send(b.request("GET", path, "")); r.status != 403 {
		t.Error(r.status)
	}
}

func TestForcedMeetingIDs(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	b.ForceMeetingID(85550001111, 123456789)
	for _, want := range []int64{85550001111, 123456789} {
		if r := b.create(access, "me", `{}`); r.id() != want {
			t.Error(r.id())
		}
	}
}

func TestHostQuota(t *testing.T) {
	b := launch(t, func(o *Options) { o.Plan = PlanUnlimited })
	b.addUser(User{Email: "bob@example.com"})
	access, _ := b.connect("ada@example.com")
	for range hostDailyQuota {
		b.create(access, "me", `{"type":1}`)
	}
	r := b.api(access, "POST", "/users/me/meetings", `{"type":1}`)
	b.want(r, 429, "429", textHost)
	for name, want := range map[string]string{"X-RateLimit-Category": "Medium", "X-RateLimit-Limit": "100",
		"X-RateLimit-Remaining": "0", "X-RateLimit-Type": "", "Retry-After": ""} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	b.create(access, "bob@example.com", `{"type":1}`)
	b.clock.advance(15 * time.Hour) // past midnight UTC
	access, _ = b.connect("ada@example.com")
	b.create(access, "me", `{"type":1}`)
	b.SetHostQuota(1)
	b.want(b.api(access, "POST", "/users/me/meetings", `{"type":1}`), 429, "429", "")
}

func TestPlanLimits(t *testing.T) {
	b := launch(t, func(o *Options) { o.Plan = PlanFree })
	access, _ := b.connect("ada@example.com")
	get := func() reply { return b.api(access, "GET", "/users/me", "") }
	for range 4 {
		b.want(get(), 200, "", "")
	}
	r := get()
	b.want(r, 429, "429", textPerSecond)
	if r.header.Get("X-RateLimit-Type") != "QPS" || r.header.Get("X-RateLimit-Limit") != "4" {
		t.Error(r.header)
	}
	b.clock.advance(time.Second)
	if r := get(); r.status != 200 || r.header.Get("X-RateLimit-Category") != "Light" || r.header.Get("X-RateLimit-Limit") != "" {
		t.Error(r.status, r.header)
	}
	b.SetRateHeaders(HeadersFull)
	if r := get(); r.header.Get("X-RateLimit-Remaining") != "2" {
		t.Error(r.header)
	}
	b.SetRateHeaders(HeadersNone)
	b.mu.Lock()
	b.limits.inDay[light] = 6000
	b.mu.Unlock()
	if r := get(); r.status != 429 || r.header.Get("Retry-After") != "" {
		t.Error(r.status, r.header)
	}
	b.SetRateHeaders(HeadersMeasured)
	if r := get(); r.header.Get("Retry-After") != "2026-10-07T00:00:00Z" || r.header.Get("X-RateLimit-Type") != "Daily-limit" {
		t.Error(r.text, r.header)
	}
	b.SetPlan(PlanUnlimited)
	b.want(get(), 200, "", "")
}
