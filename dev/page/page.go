// Package page is a small web page on a real Mattermost server: it signs in as
// one of the demo's users, shows channels and posts, runs slash commands and
// presses message buttons, so that a server plugin can be tried without the
// Mattermost web app. Plain JavaScript, nothing to build.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
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
}

//go:embed static
var static embed.FS

// The server lets browsers keep these files for a year, so their names hold a
// hash of their content. A file may name those before it.
var hashed = []string{"demo.json", "page.css", "markdown.js", "server.js", "page.js"}

// Write fills dir, the folder client of a server, with the page. It may be
// called again with another Demo while the server runs.
func Write(dir string, demo Demo) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var renamed []string // old name, new name, ...
	for _, name := range hashed {
		content, err := contentOf(name, demo)
		if err != nil {
			return err
		}
		text := strings.NewReplacer(renamed...).Replace(string(content))
		sum := sha256.Sum256([]byte(text))
		ext := path.Ext(name)
		final := fmt.Sprintf("%s.%s%s", strings.TrimSuffix(name, ext), hex.EncodeToString(sum[:6]), ext)
		if err := os.WriteFile(filepath.Join(dir, final), []byte(text), 0o644); err != nil {
			return err
		}
		renamed = append(renamed, name, final)
	}
	root, err := static.ReadFile("static/root.html")
	if err != nil {
		return err
	}
	text := strings.NewReplacer(renamed...).Replace(string(root))
	return os.WriteFile(filepath.Join(dir, "root.html"), []byte(text), 0o644)
}

func contentOf(name string, demo Demo) ([]byte, error) {
	if name == "demo.json" {
		return json.Marshal(demo)
	}
	return static.ReadFile("static/" + name)
}
