package e2e

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// planted are the secrets of a world, as they would look to somebody who
// searches for them.
func (w *world) planted() []string {
	app := w.zoom.App()
	return []string{
		app.ClientSecret, app.SecretToken, webhookSecret, encryptionKey, secondKey,
		base64.StdEncoding.EncodeToString([]byte(app.ClientID + ":" + app.ClientSecret)),
	}
}

// tokenStart is how tokens begin, the stand-in's and those that faults answer with.
var tokenStart = regexp.MustCompile(`\b(` + zoomsim.TokenStart + `|eyJ\.)`)

// dump is a query's result, row by row, as the database keeps it.
func (w *world) dump(db *sql.DB, query string) map[string][]byte {
	w.Helper()
	found, err := db.Query(query)
	check(w.T, err)
	defer found.Close()
	rows := map[string][]byte{}
	for found.Next() {
		var name string
		var value []byte
		check(w.T, found.Scan(&name, &value))
		rows[name] = value
	}
	check(w.T, found.Err())
	return rows
}

// searches all that is there.
func (w *world) searches(db *sql.DB, when string) {
	w.Helper()
	w.findsNothing(w.everything(db), when)
}

// everything is the log and the server's stderr, which hold what the plugin has
// printed, too, all posts and all stored values.
func (w *world) everything(db *sql.DB) map[string][]byte {
	w.Helper()
	all := w.dump(db, `SELECT pkey, pvalue FROM pluginkeyvaluestore WHERE pluginid = 'zoom'`)
	for id, post := range w.dump(db, `SELECT id, row_to_json(posts)::text FROM posts`) {
		all["post "+id] = post
	}
	for name, path := range map[string]string{
		"the log": w.host.LogFile(), "stderr": filepath.Join(w.host.Options().Dir, "stderr"),
	} {
		text, err := os.ReadFile(path)
		check(w.T, err)
		all[name] = text
	}
	return all
}

// findsNothing of what was planted.
func (w *world) findsNothing(all map[string][]byte, when string) {
	w.Helper()
	for name, text := range all {
		for _, secret := range w.planted() {
			if at := bytes.Index(text, []byte(secret)); at >= 0 {
				w.Errorf("%s: %s holds %q: %.200q", when, name, secret, text[max(0, at-100):])
			}
		}
		if at := tokenStart.FindIndex(text); at != nil {
			w.Errorf("%s: %s holds a token: %.200q", when, name, text[max(0, at[0]-100):])
		}
	}
}

// Goal: whatever the plugin does, and whatever fails of it, no secret is in the
// server's log, in a post, or stored in the clear.
func TestNoSecretAnywhere(t *testing.T) {
	covers(t, "better: no secrets in the log", "better: sealed tokens")
	for _, accountLevel := range []bool{true, false} {
		t.Run(fmt.Sprintf("account level %t", accountLevel), func(t *testing.T) {
			w := newWorld(t)
			w.zoom.UpdateApp(func(app *zoomsim.App) { app.AccountLevel = accountLevel })
			w.configure()
			db, err := sql.Open("postgres", w.host.DSN())
			check(t, err)
			defer db.Close()
			w.leadsASecretLife(db)
			// the search finds what is there
			if len(w.dump(db, `SELECT id, message FROM posts WHERE type = 'custom_zoom'`)) == 0 {
				t.Error("no posts were searched")
			}
			entries, err := w.host.Log(mmhost.FromPlugin("zoom"))
			check(t, err)
			if len(entries) < 5 {
				t.Errorf("%d lines of the log were searched", len(entries))
			}
		})
	}
}

// leadsASecretLife does everything that has to do with secrets, well and badly.
func (w *world) leadsASecretLife(db *sql.DB) {
	w.Helper()
	fails := func(match string, status int, body string) {
		w.zoom.Fail(match, zoomsim.Fault{Status: status, Body: body, Times: 4})
	}
	connects := func() int {
		status, _ := w.authorizes(w.admin, mmhost.AdminEmail)
		return status
	}
	steps := []struct {
		name string
		does func()
	}{
		{"connecting, refused", func() {
			fails("POST /oauth/token", 400, `{"reason":"Invalid `+w.zoom.App().ClientSecret+`","error":"invalid_request"}`)
			connects()
		}},
		{"connecting, Zoom down", func() { fails("POST /oauth/token", 503, "eyJ.down"); connects() }},
		{"connecting", func() {
			if status := connects(); status != http.StatusOK {
				w.Errorf("connecting: %d", status)
			}
		}},
		{"starting", func() { w.starts(1, w.admin) }},
		{"starting, refused", func() {
			fails("POST /v2/users/", 401, `{"code":124,"message":"Invalid access token eyJ.x."}`)
			w.types(w.admin, "/zoom start")
		}},
		{"refreshing", func() { w.zoom.ExpireAccessTokens(); w.starts(4, w.admin) }},
		{"refreshing, Zoom down", func() {
			w.zoom.ExpireAccessTokens()
			fails("POST /oauth/token", 500, `{"access_token":"eyJ.y"}`)
			w.types(w.admin, "/zoom start")
		}},
		{"webhooks, refused", func() {
			w.post(person{}, "/webhook?secret=wrong", "{}")
			w.post(person{}, "/webhook?secret="+webhookSecret, `{"event":"x"}`, "X-Zm-Signature", "v0=00")
		}},
		{"a recording that waits", func() {
			w.starts(1, w.admin)
			meetings := w.zoom.Meetings()
			id := meetings[len(meetings)-1].ID
			w.over(id)
			fails("GET /rec/", 503, "eyJ.z")
			w.delivers(w.recorded(id, zoomsim.ChatFile(chatText), zoomsim.VideoFile([]byte("video"))), http.StatusOK)
			eventually(w.T, "the event waits", func() bool {
				entries, err := w.host.Log(mmhost.Saying("An event of Zoom's is put off"))
				return err == nil && len(entries) > 0
			})
			if len(w.dump(db, `SELECT pkey, pvalue FROM pluginkeyvaluestore WHERE pkey LIKE 'z2_job_%'`)) == 0 {
				w.Error("no event that waits was searched")
			}
		}},
		{"another key", func() { w.changeKey(secondKey); w.starts(1, w.admin) }},
		{"a key that is none", func() {
			if err := w.host.ConfigurePlugin("zoom", map[string]any{"EncryptionKey": secondKey + "x"}); err == nil {
				w.Error("a key of 33 characters was taken")
			}
		}},
		{"a key that does not fit", func() {
			w.changeKeyByHand(strings.Repeat("w", 32))
			w.types(w.admin, "/zoom start")
			w.changeKeyByHand(secondKey)
		}},
		{"disconnecting, Zoom down", func() { fails("POST /oauth/revoke", 503, "eyJ.v"); w.types(w.admin, "/zoom disconnect") }},
		{"disconnecting", func() { connects(); w.types(w.admin, "/zoom disconnect") }},
		{"a dead grant", func() { connects(); w.zoom.RevokeGrants(); w.types(w.admin, "/zoom start") }},
	}
	for _, step := range steps {
		step.does()
		w.zoom.ClearFaults()
		w.searches(db, step.name)
	}
}
