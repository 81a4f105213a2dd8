package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/olddata"
	"zoomdev/zoomsim"
)

const (
	secondKey = "second-key-0123456789abcdefghijk"
	thirdKey  = "third-key-0123456789abcdefghijkl"
)

// keyID is what a sealed value says of the encryption key it is under.
func keyID(key string) string {
	sum := hmac.New(sha256.New, []byte(key))
	sum.Write([]byte("z2 key id"))
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

// database is the server's own, for a look into it.
func (w *world) database() *past {
	w.Helper()
	db, err := olddata.Open(w.host.DSN())
	check(w.T, err)
	w.Cleanup(func() { check(w.T, db.Close()) })
	return &past{w, db}
}

func (w *world) changeKey(key string) {
	w.Helper()
	check(w.T, w.host.ConfigurePlugin("zoom", map[string]any{"EncryptionKey": key}))
}

// changeKeyByHand is a change that the plugin does not see.
func (w *world) changeKeyByHand(key string) {
	w.Helper()
	check(w.T, w.host.DisablePlugin("zoom"))
	w.changeKey(key)
	check(w.T, w.host.EnablePlugin("zoom"))
}

// isUnder says whether a stored value is sealed under an encryption key.
func (p *past) isUnder(place, key string) bool {
	p.Helper()
	value := p.stored(place)
	return len(value) > 5 && value[0] == 0x02 && hex.EncodeToString(value[1:5]) == keyID(key)
}

// retires waits until the keys before a key are let go.
func (p *past) retires(key string) {
	p.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		rows, err := p.db.Rows()
		check(p.T, err)
		for _, row := range rows {
			if row.Key == "z2_key_"+keyID(key) && !row.Expires.IsZero() {
				return
			}
		}
	}
	p.Error("the former keys stay for good")
}

// Goal: the encryption key is changed in the console, again, and back, while an
// event waits and the plugin dies; the connection works on at every moment, and
// everything is sealed under the new key. A key that is none is refused; one
// that was changed by hand is told, and putting it back loses nothing.
func TestKeyChange(t *testing.T) {
	covers(t, "setting: EncryptionKey", "better: new encryption key", "better: wrong encryption key")
	if testing.Short() {
		t.Skip("takes a minute and more")
	}
	w := connected(t)
	p := w.database()
	m := w.meets()
	w.zoom.Fail("GET /rec/", zoomsim.Fault{Status: http.StatusServiceUnavailable, Times: 9})
	w.delivers(w.recorded(m.id, zoomsim.ChatFile(chatText)), http.StatusOK)
	eventually(t, "the event is put off", func() bool {
		entries, err := w.host.Log(mmhost.Saying("An event of Zoom's is put off"))
		check(t, err)
		return len(entries) > 0
	})
	w.zoom.ClearFaults()

	w.changeKey(secondKey)
	if n := w.starts(4); n != 4 {
		t.Errorf("%d of 4 starts with the second key", n)
	}
	eventually(t, "the token is sealed under the second key", func() bool {
		return p.isUnder(olddata.AccountTokenKey, secondKey)
	})
	if list := p.stored("z2_key_" + keyID(encryptionKey)); list != nil {
		t.Error("something is stored for the first key to open")
	}

	w.changeKey(thirdKey)
	for _, pid := range w.host.PluginPIDs("zoom") {
		check(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	check(t, w.host.DisablePlugin("zoom"))
	check(t, w.host.EnablePlugin("zoom"))
	if n := w.starts(1); n != 1 {
		t.Error("no meeting after the plugin died in a change")
	}
	w.settledWithin(m, 1, 60*time.Second) // the chat, from under the first key
	p.retires(thirdKey)
	if !p.isUnder(olddata.AccountTokenKey, thirdKey) {
		t.Error("the token is not sealed under the third key")
	}

	w.changeKey(encryptionKey)
	if n := w.starts(1); n != 1 {
		t.Error("no meeting with the first key put back")
	}
	w.zoom.ExpireAccessTokens()
	if n := w.starts(4); n != 4 {
		t.Errorf("%d of 4 starts after a refresh", n)
	}
	p.retires(encryptionKey)
	if !p.isUnder(olddata.AccountTokenKey, encryptionKey) {
		t.Error("the token is not sealed under the first key again")
	}
	if n := w.zoom.SpentRefreshUses(); n != 0 {
		t.Errorf("spent refresh tokens were used %d times", n)
	}

	t.Run("refused", func(t *testing.T) {
		w := w.in(t)
		err := w.host.ConfigurePlugin("zoom", map[string]any{"EncryptionKey": "too short"})
		if err == nil || !strings.Contains(err.Error(), "32 characters") {
			t.Errorf("a key that is none: %v", err)
		}
		if n := w.starts(1); n != 1 {
			t.Error("no meeting after that")
		}
	})
	t.Run("by hand", func(t *testing.T) {
		w := w.in(t)
		w.changeKeyByHand(strings.Repeat("w", 32))
		_, err := w.host.WaitLog(60*time.Second, mmhost.Saying("cannot be read with the present encryption key"))
		check(t, err)
		w.told(w.admin, "put the former key back")
		contains(t, w.types(w.member, "/zoom start"), "encryption key")
		w.changeKeyByHand(encryptionKey)
		if n := w.starts(1); n != 1 {
			t.Error("no meeting with the right key")
		}
	})
}

// Goal: a key that is changed while a token is being refreshed loses neither: the
// new token takes the place of the spent one, sealed anew in between.
func TestKeyChangeInARefresh(t *testing.T) {
	covers(t, "better: new encryption key", "better: one refresh")
	w := connected(t)
	p := w.database()
	w.zoom.ExpireAccessTokens()
	before := w.zoom.RefreshCount()
	w.zoom.Fail("POST /oauth/token", zoomsim.Fault{Delay: 3 * time.Second, After: true})
	started := make(chan int)
	go func() { started <- w.starts(1) }()
	eventually(t, "the refresh has begun", func() bool { return w.zoom.PendingFaults() == 0 })
	w.changeKey(secondKey)
	eventually(t, "the spent token is sealed anew", func() bool { return p.isUnder(olddata.AccountTokenKey, secondKey) })
	if n := <-started; n != 1 {
		t.Error("no meeting on the refreshed token")
	}
	if !p.isUnder(olddata.AccountTokenKey, secondKey) {
		t.Error("the refreshed token is under the former key")
	}
	if n := w.starts(2); n != 2 || w.zoom.RefreshCount() != before+1 || w.zoom.SpentRefreshUses() != 0 {
		t.Errorf("%d of 2 starts after that, %d refreshes", n, w.zoom.RefreshCount()-before)
	}
}

// Goal: with two nodes, users' own tokens, of ours and of the Go plugin, survive
// a change of the encryption key that reaches one node before the other, and
// nobody is told of a wrong one.
func TestKeyChangeOnTwoNodes(t *testing.T) {
	covers(t, "better: new encryption key")
	w := userLevel(t)
	p := w.database()
	if status, page := w.authorizes(w.member, "ada@example.com"); status != http.StatusOK {
		t.Fatalf("%d %s", status, page)
	}
	_, err := w.zoom.AddUser(zoomsim.User{Email: "sam@example.com"})
	check(t, err)
	token, zoomID := p.token("sam@example.com")
	rows, err := olddata.UserToken(encryptionKey, olddata.UserInfo{
		ZoomEmail: "sam@example.com", OAuthToken: token, UserID: w.unknown.user.Id, ZoomID: zoomID,
	})
	check(t, err)
	p.leaves(rows...)
	node := w.secondNode()
	nodes := []*mmhost.Host{w.host, node}

	w.changeKey(secondKey)
	for _, who := range []person{w.member, w.unknown} {
		if !w.startOn(w.host, who) {
			t.Errorf("%s: no meeting on the node that has changed", who.user.Username)
		}
	}
	p.retires(secondKey)
	for _, place := range []string{
		olddata.UserTokenKey + w.member.user.Id, olddata.UserTokenKey + w.unknown.user.Id, olddata.UserTokenByZoom + zoomID,
	} {
		if !p.isUnder(place, secondKey) {
			t.Errorf("%s is not under the second key", place)
		}
	}
	// the other node does not know it yet, and says to try again
	_, answer := request(t, node, w.member.client, "POST", "/plugins/zoom/api/v1/meetings?force=true",
		strings.NewReader(w.startBody()), "Content-Type", "application/json")
	contains(t, answer, "try again")
	check(t, node.ConfigurePlugin("zoom", map[string]any{"EncryptionKey": secondKey}))
	w.zoom.ExpireAccessTokens()
	for i, who := range []person{w.member, w.unknown, w.member, w.unknown} {
		if !w.startOn(nodes[i/2], who) {
			t.Errorf("%s: no meeting on node %d", who.user.Username, i/2)
		}
	}
	if n := w.zoom.SpentRefreshUses(); n != 0 {
		t.Errorf("spent refresh tokens were used %d times", n)
	}
	for _, host := range nodes {
		entries, err := host.Log(mmhost.FromPlugin("zoom"))
		check(t, err)
		if all := fmt.Sprint(entries); strings.Contains(all, "cannot be read with the present") {
			t.Error("somebody was told of a wrong key")
		}
	}
}
