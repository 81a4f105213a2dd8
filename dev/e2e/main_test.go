// Package e2e runs the plugins that make builds in the real Mattermost server
// and looks at what people would see. BUILD names the flavour under test.
package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
)

var postgres *mmhost.Postgres

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	// the server closes connections after a minute: nobody takes one that it
	// is about to close
	http.DefaultTransport.(*http.Transport).IdleConnTimeout = 30 * time.Second
	var err error
	if postgres, err = mmhost.StartPostgres(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := checkParity(m.Run())
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// root is the top folder of the project.
func root() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}

// built is a file that make has built in the flavour under test, or a script that
// runs it by RUNNER, such as qemu-aarch64.
func built(t *testing.T, name string) string {
	t.Helper()
	path := builtFile(t, name)
	runner := os.Getenv("RUNNER")
	if runner == "" {
		return path
	}
	script := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nexec %s '%s'\n", runner, path), 0o755))
	return script
}

func builtFile(t *testing.T, name string) string {
	t.Helper()
	flavour := os.Getenv("BUILD")
	if flavour == "" {
		flavour = "debug"
	}
	path := filepath.Join(root(), "build", flavour, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make first", err)
	}
	return path
}

// pack makes a bundle: names inside it to files.
func pack(t *testing.T, id string, files map[string]string, manifest any) string {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	add := func(name string, mode int64, content []byte) {
		check(t, archive.WriteHeader(&tar.Header{Name: id + "/" + name, Mode: mode, Size: int64(len(content))}))
		_, err := archive.Write(content)
		check(t, err)
	}
	text, err := json.Marshal(manifest)
	check(t, err)
	add("plugin.json", 0o644, text)
	for name, path := range files {
		content, err := os.ReadFile(path)
		check(t, err)
		add(name, 0o755, content)
	}
	check(t, errors.Join(archive.Close(), zipped.Close()))
	bundle := filepath.Join(t.TempDir(), id+".tar.gz")
	check(t, os.WriteFile(bundle, packed.Bytes(), 0o644))
	return bundle
}

// startHost starts a server. What sanitizers find in its plugins fails the test.
func startHost(t *testing.T, env ...string) *mmhost.Host {
	t.Helper()
	return startHostAt(t, "", env...)
}

// startHostAt starts one whose Site URL has a path.
func startHostAt(t *testing.T, path string, env ...string) *mmhost.Host {
	t.Helper()
	dsn, err := postgres.NewDatabase("")
	check(t, err)
	return startNode(t, mmhost.Options{DSN: dsn, SiteURL: path, Env: env})
}

// startNode is the same on a database, and with files, of others.
func startNode(t *testing.T, options mmhost.Options) *mmhost.Host {
	t.Helper()
	reports := t.TempDir()
	options.Env = append(slices.Clip(options.Env),
		"ASAN_OPTIONS=log_path="+filepath.Join(reports, "asan"),
		"UBSAN_OPTIONS=print_stacktrace=1:log_path="+filepath.Join(reports, "ubsan"),
		"TSAN_OPTIONS=log_path="+filepath.Join(reports, "tsan")+":suppressions="+filepath.Join(root(), "tests", "tsan.supp"))
	host, err := mmhost.Start(context.Background(), options)
	check(t, err)
	t.Cleanup(func() {
		if err := host.Stop(); err != nil {
			t.Error(err)
		}
		found, _ := filepath.Glob(filepath.Join(reports, "*"))
		for _, name := range found {
			text, _ := os.ReadFile(name)
			t.Errorf("%s:\n%s", filepath.Base(name), text)
		}
	})
	return host
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds, for at most ten seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within ten seconds: %s", what)
}

// request sends an HTTP request with somebody's session, or nobody's.
func request(t *testing.T, host *mmhost.Host, who *model.Client4, method, path string, body io.Reader, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, host.URL+path, body)
	check(t, err)
	if who != nil {
		r.Header.Set("Authorization", "Bearer "+who.AuthToken)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	check(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	if location := answer.Header.Get("Location"); location != "" {
		return answer.StatusCode, location
	}
	return answer.StatusCode, string(text)
}

func platform() string { return "linux-" + runtime.GOARCH }

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in %q", part, text)
	}
}
