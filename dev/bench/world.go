package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

const (
	webhookSecret = "webhook-secret-0123456789abcdefg"
	encryptionKey = "encryption-key-0123456789abcdefg"
	systemCAs     = "/etc/ssl/certs/ca-certificates.crt"
)

// side is one of the two plugins that are compared.
type side struct {
	name    string
	id      string // of its manifest
	trigger string // of its command
	bundle  string
}

// world is a server with both in it, a Zoom, and a member of a channel.
type world struct {
	ours, goref side
	hello       side // of ours, for streams; empty without -hello

	dir     string
	rmdir   func() error
	pg      *mmhost.Postgres
	zoom    *zoomsim.Sim
	host    *mmhost.Host
	client  *http.Client
	member  *model.Client4
	channel *model.Channel
}

// sides in the order of a round: whoever is first has it a little colder.
func (w *world) sides(round int) []*side {
	if round%2 == 0 {
		return []*side{&w.ours, &w.goref}
	}
	return []*side{&w.goref, &w.ours}
}

func newWorld(o *options) (*world, error) {
	w := &world{
		ours:   side{name: "C", id: "zoom", trigger: "zoom", bundle: o.ours},
		goref:  side{name: "Go", id: "zoom-goref", trigger: "zoomgo"},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1024}},
	}
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, step := range []func(*options) error{w.pack, w.startZoom, w.startHost, w.populate, w.install, w.connect} {
		if err := step(o); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *world) stop() error {
	var errs []error
	w.client.CloseIdleConnections()
	if w.host != nil {
		errs = append(errs, w.host.Stop())
	}
	if w.pg != nil {
		errs = append(errs, w.pg.Stop())
	}
	if w.zoom != nil {
		errs = append(errs, w.zoom.Close())
	}
	if w.rmdir != nil {
		errs = append(errs, w.rmdir())
	}
	return errors.Join(errs...)
}

// wait is for other tools: perf, strace, a debugger.
func (w *world) wait() error {
	for _, s := range w.sides(0) {
		pid, err := w.pid(s)
		if err != nil {
			return err
		}
		fmt.Printf("%s: process %d\n", s.name, pid)
	}
	fmt.Printf("server: process %d, %s, token of the member %s, channel %s\n",
		w.host.PID(), w.host.URL, w.member.AuthToken, w.channel.Id)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// complaints are the last ones in the server's log, for whoever reads why a
// measurement failed.
func (w *world) complaints() string {
	entries, err := w.host.Log(mmhost.AtLevel("warn", "error"))
	if err != nil {
		return "\n" + err.Error()
	}
	var text strings.Builder
	for _, e := range entries[max(0, len(entries)-5):] {
		fmt.Fprintf(&text, "\n%s %s %v", e.Level, e.Message, e.Fields)
	}
	return text.String()
}

// ---- bundles ---------------------------------------------------------------

func (w *world) pack(o *options) (err error) {
	if w.dir, w.rmdir, err = mmhost.TempDir(); err != nil {
		return err
	}
	w.goref.bundle, err = w.packOne("zoom-goref", filepath.Join(o.root, "bench/goref/plugin.json"), o.goref)
	if err != nil || o.hello == "" {
		return err
	}
	w.hello = side{name: "C", id: "hello"}
	w.hello.bundle, err = w.packOne("hello", filepath.Join(o.root, "sdk/examples/hello.json"), o.hello)
	return err
}

func (w *world) packOne(id, manifest, program string) (string, error) {
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	archive := tar.NewWriter(zipped)
	for name, path := range map[string]string{"plugin.json": manifest, "server/dist/plugin-linux-" + runtime.GOARCH: program} {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		head := &tar.Header{Name: id + "/" + name, Mode: 0o755, Size: int64(len(content))}
		if err := archive.WriteHeader(head); err != nil {
			return "", err
		}
		if _, err := archive.Write(content); err != nil {
			return "", err
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		return "", err
	}
	bundle := filepath.Join(w.dir, id+".tar.gz")
	return bundle, os.WriteFile(bundle, packed.Bytes(), 0o644)
}

// ---- what runs ----------------------------------------------------------------

func (w *world) startZoom(*options) (err error) {
	w.zoom, err = zoomsim.Start(zoomsim.Options{
		App: zoomsim.App{
			Name: "Bench", AccountLevel: true, PlainHTTPRedirects: true, SecretToken: "zoom-secret-token",
		},
		Admin: zoomsim.User{Email: mmhost.AdminEmail},
		Plan:  zoomsim.PlanUnlimited,
	})
	if err != nil {
		return err
	}
	w.zoom.SetRotation(zoomsim.Rotation{KeepOlderGrants: true}) // both plugins are one app
	w.zoom.SetHostQuota(1_000_000)
	_, err = w.zoom.AddUser(zoomsim.User{Email: "ada@example.com"})
	return err
}

// startHost has both plugins believe all that Debian believes, and the stand-in.
func (w *world) startHost(*options) error {
	system, err := os.ReadFile(systemCAs)
	if err != nil {
		return err
	}
	ca := filepath.Join(w.dir, "ca.pem")
	if err := os.WriteFile(ca, append(system, w.zoom.CAPEM()...), 0o644); err != nil {
		return err
	}
	if w.pg, err = mmhost.StartPostgres(""); err != nil {
		return err
	}
	dsn, err := w.pg.NewDatabase("")
	if err != nil {
		return err
	}
	w.host, err = mmhost.Start(context.Background(), mmhost.Options{
		DSN: dsn, Env: []string{"SSL_CERT_FILE=" + ca, "SSL_CERT_DIR=/nonexistent", "MM_LOGSETTINGS_FILELEVEL=INFO"},
	})
	return err
}

func (w *world) populate(*options) error {
	user, client, err := w.host.CreateUser("ada", "ada@example.com")
	if err != nil {
		return err
	}
	w.member = client
	team, err := w.host.CreateTeam("team", user)
	if err != nil {
		return err
	}
	w.channel, err = w.host.CreateChannel(team, "talk", model.ChannelTypeOpen, user)
	return err
}

func (w *world) install(*options) error {
	app := w.zoom.App()
	settings := map[string]any{
		"zoomurl": w.zoom.URL(), "zoomapiurl": w.zoom.APIURL(), "accountlevelapp": true,
		"oauthclientid": app.ClientID, "oauthclientsecret": app.ClientSecret, "encryptionkey": encryptionKey,
		"webhooksecret": webhookSecret, "zoomwebhooksecret": app.SecretToken,
	}
	for _, s := range []*side{&w.ours, &w.goref, &w.hello} {
		if s.bundle == "" {
			continue
		}
		if _, err := w.host.UploadPlugin(s.bundle); err != nil {
			return err
		}
		if err := w.host.EnablePlugin(s.id); err != nil {
			return err
		}
	}
	// both in one go: the server hides secrets from whoever reads them back
	err := w.host.Configure(&model.Config{PluginSettings: model.PluginSettings{
		Plugins: map[string]map[string]any{w.ours.id: settings, w.goref.id: settings},
	}})
	w.zoom.UpdateApp(func(app *zoomsim.App) {
		for _, s := range w.sides(0) {
			app.RedirectURIs = append(app.RedirectURIs, w.host.URL+"/plugins/"+s.id+"/oauth2/complete")
		}
	})
	return err
}

// connect does for both what an admin's browser does.
func (w *world) connect(*options) error {
	for _, s := range w.sides(0) {
		if err := w.connectOne(s); err != nil {
			return fmt.Errorf("connect %s: %w", s.name, err)
		}
	}
	prefers := request{method: "POST", path: "/plugins/zoom/api/v1/updatePMI", token: w.member.AuthToken,
		body: []byte(`{"context":{"action":"No"}}`), want: http.StatusOK}
	_, err := w.send(&prefers)
	return err
}

func (w *world) connectOne(s *side) error {
	at := request{method: "GET", path: "/plugins/" + s.id + "/oauth2/connect", token: w.host.Admin.AuthToken, want: http.StatusFound}
	var location string
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if location, err = w.redirect(&at); err == nil {
			break
		} else if time.Now().After(end) {
			return err
		}
	}
	back, err := w.zoom.Consent(location, mmhost.AdminEmail)
	if err != nil {
		return err
	}
	at.path, at.want = strings.TrimPrefix(back, w.host.URL), http.StatusOK
	_, err = w.send(&at)
	return err
}

// restart gives a plugin a new process.
func (w *world) restart(s *side) error {
	return errors.Join(w.host.DisablePlugin(s.id), w.host.EnablePlugin(s.id))
}

func (w *world) pid(s *side) (int, error) {
	pids := w.host.PluginPIDs(s.id)
	if len(pids) != 1 {
		return 0, fmt.Errorf("processes of %s: %v", s.id, pids)
	}
	return pids[0], nil
}

// program is the executable as the server has unpacked it.
func (w *world) program(s *side) string {
	return filepath.Join(w.host.Options().Dir, "plugins", s.id, "server/dist/plugin-linux-"+runtime.GOARCH)
}
