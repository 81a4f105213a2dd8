package olddata

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"golang.org/x/oauth2"

	"zoomdev/mmhost"
)

const key32 = "encryption-key-0123456789abcdefg"

// What `openssl enc -aes-{128,192,256}-cfb -nopad` makes of the padded text.
func TestCipherVectors(t *testing.T) {
	for size, want := range map[int]string{
		16: "MDEyMzQ1Njc4OWFiY2RlZg9imp_7JKwFJ0_k3zY7J5tTvsbq5PspnBuMMxyzeqOF",
		24: "MDEyMzQ1Njc4OWFiY2RlZjmEEck0O-8wqSg7fKLKagny1RdNr9Xv4IO3hofU0UHj",
		32: "MDEyMzQ1Njc4OWFiY2RlZjqzQNvv0qpIKiM9XQUc_Lp1iZiEVebL4nu7uriIql5s",
	} {
		got, err := encrypt(key32[:size], "old-access-token-0001", []byte("0123456789abcdef"))
		if err != nil || got != want {
			t.Errorf("%d: %s %v", size, got, err)
		}
	}
}

func TestCipherRoundTrips(t *testing.T) {
	for _, size := range []int{16, 24, 32} {
		for _, length := range []int{0, 1, 15, 16, 17, 1500} {
			text := strings.Repeat("t", length)
			sealed, err := Encrypt(key32[:size], text)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Encrypt(key32[:size], text)
			if err != nil || again == sealed {
				t.Error("the same bytes twice", err)
			}
			if back, err := Decrypt(key32[:size], sealed); err != nil || back != text {
				t.Errorf("%d, %d: %q %v", size, length, back, err)
			}
		}
	}
	if _, err := Encrypt("short", "x"); err == nil {
		t.Error("a key of five characters")
	}
	for _, bad := range []string{"", "!", "AAAA", strings.Repeat("A", 22) + "=="} {
		if _, err := Decrypt(key32, bad); !errors.Is(err, ErrCipher) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func token() *oauth2.Token {
	return &oauth2.Token{
		AccessToken: "access", TokenType: "bearer", RefreshToken: "refresh", ExpiresIn: 3599,
		Expiry: time.Date(2026, 8, 6, 11, 59, 59, 123456789, time.FixedZone("", 2*3600)),
	}
}

// The bytes of each row, written out.
func TestBytes(t *testing.T) {
	const tokenJSON = `{"access_token":"access","token_type":"bearer","refresh_token":"refresh",` +
		`"expiry":"2026-08-06T11:59:59.123456789+02:00","expires_in":3599}`
	for _, c := range []struct {
		row        Row
		key, value string
		life       time.Duration
	}{
		{AccountToken(token()), "zoomSuperUserToken_", tokenJSON, 0},
		{AccountToken(&oauth2.Token{AccessToken: "a"}), "zoomSuperUserToken_",
			`{"access_token":"a","expiry":"0001-01-01T00:00:00Z"}`, 0},
		{MeetingPost("AbCdEf/12345+ghIJKLmno==", "post"), "post_meeting_AbCdEf%2F12345+ghIJKLmno==", "post", 24 * time.Hour},
		{MeetingPost("/;,? %é=@:&$", "post"), "post_meeting_%2F%3B%2C%3F%20%25%C3%A9=@:&$", "post", 24 * time.Hour},
		{MeetingChannel(85550001111, "c"), "meeting_channel_85550001111",
			`{"channel_id":"c","is_subscription":false,"created_by":""}`, 24 * time.Hour},
		{Subscription(85550001111, "c", "u"), "meeting_channel_85550001111",
			`{"channel_id":"c","is_subscription":true,"created_by":"u"}`, 0},
		{SubscriptionIndex("u", 1, 85550001111), "subscription_index_u", `{"meeting_ids":[1,85550001111]}`, 0},
		{SubscriptionIndex("u"), "subscription_index_u", `{"meeting_ids":null}`, 0},
		{ChannelSettings(map[string]ChannelSetting{"c": {"restrict"}, "a": {"allow"}}), "zoomChannelSettings",
			`{"a":{"Preference":"allow"},"c":{"Preference":"restrict"}}`, 0},
		{Preference("u", "ask"), "zoomUserPreference_u", `"ask"`, 0},
	} {
		if c.row.Key != c.key || string(c.row.Value) != c.value {
			t.Errorf("%s: %s", c.row.Key, c.row.Value)
		}
		if left := time.Until(c.row.Expires); c.row.Expires.IsZero() != (c.life == 0) || c.life > 0 && (left > c.life || left < c.life-time.Minute) {
			t.Errorf("%s expires at %v", c.row.Key, c.row.Expires)
		}
		if _, err := Read(key32, c.row); err != nil {
			t.Error(err)
		}
	}
}

func TestState(t *testing.T) {
	row := State("user", "channel", true)
	parts := strings.Split(string(row.Value), "_")
	if row.Key != "zoomuserstate_user" || len(parts) != 4 || len(parts[0]) != 15 ||
		strings.Join(parts[1:], "_") != "user_channel_true" || time.Until(row.Expires) > 5*time.Minute {
		t.Errorf("%s: %s until %v", row.Key, row.Value, row.Expires)
	}
	if !strings.HasSuffix(string(State("user", "", false).Value), "_user__false") {
		t.Error("without a channel")
	}
}

func TestUserTokens(t *testing.T) {
	info := UserInfo{ZoomEmail: "ada@example.com", OAuthToken: token(), UserID: "user", ZoomID: "zoom"}
	rows, err := UserToken(key32, info)
	if err != nil || len(rows) != 2 || rows[0].Key != "zoomtoken_user" || rows[1].Key != "zoomtokenbyzoomid_zoom" {
		t.Fatal(rows, err)
	}
	if string(rows[0].Value) != string(rows[1].Value) || info.OAuthToken.AccessToken != "access" {
		t.Error("the two differ, or the caller's token was changed")
	}
	var stored struct{ OAuthToken oauth2.Token }
	if err := json.Unmarshal(rows[0].Value, &stored); err != nil {
		t.Fatal(err)
	}
	want := `{"ZoomEmail":"ada@example.com","OAuthToken":{"access_token":"` + stored.OAuthToken.AccessToken +
		`","token_type":"bearer","refresh_token":"refresh","expiry":"2026-08-06T11:59:59.123456789+02:00","expires_in":3599},` +
		`"UserID":"user","ZoomID":"zoom"}`
	if string(rows[0].Value) != want {
		t.Errorf("%s", rows[0].Value)
	}
	for _, row := range rows {
		read, err := Read(key32, row)
		if err != nil || read.(UserInfo).OAuthToken.AccessToken != "access" {
			t.Error(read, err)
		}
	}
	if _, err := UserToken("short", info); err == nil {
		t.Error("a key of five characters")
	}
}

// What the Go plugin cannot read is told apart from what it can.
func TestReadRefuses(t *testing.T) {
	for _, row := range []Row{
		{Key: AccountTokenKey, Value: []byte("\x02sealed")},
		{Key: UserTokenKey + "u", Value: []byte("\x02sealed")},
		{Key: UserTokenByZoom + "z", Value: []byte(`{"UserID":"u"}`)},
		{Key: UserTokenKey + "u", Value: []byte(`{"OAuthToken":{"access_token":"in the clear"}}`)},
		{Key: StateKey + "u", Value: []byte("no state")},
		{Key: ChannelKey + "1", Value: []byte("{")},
		{Key: ChannelSettingKey, Value: []byte(`{"c":"allow"}`)},
		{Key: SubscriptionsKey + "u", Value: []byte(`{"meeting_ids":["1"]}`)},
		{Key: PreferenceKey + "u", Value: []byte("true")},
		{Key: "z2_schema", Value: []byte("1")},
	} {
		if v, err := Read(key32, row); err == nil {
			t.Errorf("%s: %s was read as %v", row.Key, row.Value, v)
		}
	}
	if Known("z2_schema") || !Known(PostKey+"x") {
		t.Error("Known")
	}
}

// Rows reach a real server's database and come back; the server's own API
// shows the preference.
func TestSeed(t *testing.T) {
	dsn, err := postgres.NewDatabase("")
	if err != nil {
		t.Fatal(err)
	}
	host, err := mmhost.Start(context.Background(), mmhost.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Stop()
	db, err := Open(host.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := []Row{ChannelSettings(nil), MeetingPost("uuid", "first"), AccountToken(token())}
	again := MeetingPost("uuid", "second")
	again.Expires = again.Expires.Truncate(time.Millisecond)
	if err := db.Put(append(rows, again)...); err != nil {
		t.Fatal(err)
	}
	got, err := db.Rows()
	if want := []Row{again, rows[0], rows[2]}; err != nil || len(got) != 3 || !reflect.DeepEqual(sorted(got), sorted(want)) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
	if value, err := db.Get(again.Key); err != nil || string(value) != "second" {
		t.Error(value, err)
	}
	if value, err := db.Get("none"); err != nil || value != nil {
		t.Error(value, err)
	}
	check := db.Delete(again.Key)
	if value, err := db.Get(again.Key); check != nil || err != nil || value != nil {
		t.Error(check, value, err)
	}
	me := host.AdminUser.Id
	if value, err := db.Preference(me); err != nil || value != "" {
		t.Error(value, err)
	}
	if err := db.PutPreference(me, "ask"); err != nil {
		t.Fatal(err)
	}
	shown, _, err := host.Admin.GetPreferences(context.Background(), me)
	want := model.Preference{UserId: me, Category: PreferenceCategory, Name: PreferenceName, Value: "ask"}
	if err != nil || !slices.Contains(shown, want) {
		t.Error(shown, err)
	}
	if value, err := db.Preference(me); err != nil || value != "ask" {
		t.Error(value, err)
	}
}

func sorted(rows []Row) map[string]string {
	m := map[string]string{}
	for _, row := range rows {
		m[row.Key] = string(row.Value) + row.Expires.UTC().String()
	}
	return m
}

func TestPost(t *testing.T) {
	post := Post(&model.User{Id: "u", Username: "ada"}, "c", Meeting{ID: 85550001111, UUID: "uuid", Link: "https://zoom.us/j/1", Topic: "T"})
	text, err := json.Marshal(post.Props["meeting_id"])
	if err != nil || string(text) != "85550001111" || post.Type != "custom_zoom" || len(post.Attachments()) != 1 {
		t.Error(post.Props, err)
	}
	if _, has := Post(&model.User{}, "c", Meeting{Personal: true}).Props["meeting_uuid"]; has {
		t.Error("a personal meeting's post has a UUID")
	}
}

var postgres *mmhost.Postgres

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if postgres, err = mmhost.StartPostgres(""); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	defer postgres.Stop()
	return m.Run()
}
