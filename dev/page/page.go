// Package page is a small client on a real Mattermost server, for trying a
// plugin without the Mattermost web app: dev/page/client, TypeScript that
// client/build.mjs makes into a folder. It runs the web apps of plugins.
package page

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Demo is what the page knows about the server it is on. Everybody who can
// reach the page can read it, passwords included.
type Demo struct {
	Team    string `json:"team"`   // name of the team to show
	Notice  string `json:"notice"` // shown on top, if not empty
	Users   []User `json:"users"`  // the first one is signed in at first
	Channel string `json:"channel"`
}

// User is an account that the page offers to sign in as.
type User struct {
	Username string   `json:"username"`
	Password string   `json:"password"`
	About    string   `json:"about"` // a few words
	Try      []string `json:"try"`   // messages that are worth sending
	Session  Session  `json:"session"`
}

// Session is that of an account which cannot sign in; else empty.
type Session struct {
	UserID string `json:"user_id"`
	Token  string `json:"token"`
}

// Write fills dir, the folder client of a server, with the page that was built
// into the folder built. It may be called again while the server runs.
func Write(dir, built string, demo Demo) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(built)); err != nil {
		return fmt.Errorf("copy the page: %w", err)
	}
	content, err := json.Marshal(demo)
	if err != nil {
		return err
	}
	// The server lets browsers keep files for a year: names change with content.
	sum := sha256.Sum256(content)
	name := fmt.Sprintf("demo.%s.json", hex.EncodeToString(sum[:6]))
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		return err
	}
	rootFile := filepath.Join(dir, "root.html")
	root, err := os.ReadFile(rootFile)
	if err != nil {
		return fmt.Errorf("the page in %s is not complete: %w", built, err)
	}
	return os.WriteFile(rootFile, []byte(strings.ReplaceAll(string(root), "demo.json", name)), 0o644)
}
