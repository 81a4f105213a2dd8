// Package newest runs the plugins that make builds under the newest plugin
// host there is: plugin.Environment of the server/public that go.mod pins,
// with a stand-in behind its API. BUILD names the flavour under test.
package newest

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run lets complaints see what the host's libraries write on standard error.
func run(m *testing.M) int {
	reader, writer, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stderr := os.Stderr
	os.Stderr = writer
	log.SetOutput(writer)
	done := make(chan struct{})
	go func() { complaints.collect(reader, stderr); close(done) }()
	code := m.Run()
	writer.Close()
	<-done
	return code
}

// root is the top folder of the project.
const root = "../.."

// built is a file that make has built in the flavour under test.
func built(t *testing.T, name string) string {
	t.Helper()
	flavour := os.Getenv("BUILD")
	if flavour == "" {
		flavour = "debug"
	}
	path := filepath.Join(root, "build", flavour, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make first", err)
	}
	return path
}

// newHello is the SDK's example, not yet active.
func newHello(t *testing.T) *host {
	t.Helper()
	manifest := &model.Manifest{Id: "hello", Name: "Hello", Version: "1.0.0", Server: &model.ManifestServer{Executable: "plugin"}}
	return newHost(t, manifest, map[string]string{"plugin": built(t, "hello-plugin")})
}

// newZoom is the plugin with its real manifest, not yet active.
func newZoom(t *testing.T) *host {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "plugin.json"))
	check(t, err)
	var manifest model.Manifest
	check(t, json.Unmarshal(text, &manifest))
	check(t, manifest.IsValid())
	files := map[string]string{
		manifest.GetExecutableForRuntime(runtime.GOOS, runtime.GOARCH): built(t, "zoom-plugin"),
		"assets/profile.png": filepath.Join(root, "assets/profile.png"),
		manifest.IconPath:    filepath.Join(root, manifest.IconPath),
	}
	manifest.Webapp = nil // what the browser loads is tested elsewhere
	return newHost(t, &manifest, files)
}
