package e2e

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
)

// goSettings are the settings of the Go plugin, with what they are until an
// admin says otherwise.
var goSettings = map[string]any{
	"ZoomURL": "https://zoom.us", "ZoomAPIURL": "https://api.zoom.us/v2", "AccountLevelApp": false,
	"OAuthClientID": nil, "OAuthClientSecret": nil, "EncryptionKey": nil, "WebhookSecret": nil,
	"ZoomWebhookSecret": nil, "RestrictMeetingCreation": false, "EnablePostingRecordingPassword": false,
}

// Goal: the bundle that make dist writes takes the place of the official one:
// same id, same settings, same places for its files.
func TestManifest(t *testing.T) {
	covers(t, "manifest: identity", "manifest: bundle", "setting: names")
	text, err := os.ReadFile(filepath.Join(root(), "plugin.json"))
	check(t, err)
	var manifest model.Manifest
	check(t, json.Unmarshal(text, &manifest))
	if manifest.Id != "zoom" || manifest.MinServerVersion != "9.9.0" || manifest.Version < "10." {
		t.Errorf("%s %s needs %s", manifest.Id, manifest.Version, manifest.MinServerVersion)
	}
	for _, setting := range manifest.SettingsSchema.Settings {
		if value, known := goSettings[setting.Key]; known && setting.Default != value {
			t.Errorf("%s is %v until it is set, not %v", setting.Key, setting.Default, value)
		}
	}
	for key := range goSettings {
		if !hasSetting(&manifest, key) {
			t.Errorf("there is no setting %s", key)
		}
	}

	files := bundled(t, filepath.Join(root(), "dist", "zoom-"+manifest.Version+".tar.gz"))
	program := files[manifest.GetExecutableForRuntime("linux", strings.TrimPrefix(platform(), "linux-"))]
	if program == nil || program.Mode&0o111 == 0 {
		t.Errorf("the program: %+v", program)
	}
	for _, name := range []string{"plugin.json", manifest.IconPath, "assets/profile.svg", "assets/profile.png", "public/app-bar-icon.png", manifest.Webapp.BundlePath} {
		if files[name] == nil || files[name].Size == 0 {
			t.Errorf("%s is not in the bundle", name)
		}
	}
}

func hasSetting(manifest *model.Manifest, key string) bool {
	for _, setting := range manifest.SettingsSchema.Settings {
		if setting.Key == key {
			return true
		}
	}
	return false
}

// bundled lists a bundle's files by their names in its one folder.
func bundled(t *testing.T, path string) map[string]*tar.Header {
	t.Helper()
	packed, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v: run make dist first", err)
	}
	defer packed.Close()
	zipped, err := gzip.NewReader(packed)
	check(t, err)
	files := map[string]*tar.Header{}
	for archive := tar.NewReader(zipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		check(t, err)
		name, inside := strings.CutPrefix(header.Name, "zoom/")
		if !inside {
			t.Errorf("%s is not in the folder zoom", header.Name)
		}
		files[name] = header
	}
}
