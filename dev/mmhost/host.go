package mmhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

// Options say what kind of server to start. Only DSN is needed.
type Options struct {
	DSN     string // from Postgres.NewDatabase; nodes of one cluster share it
	Addr    string // where to listen; default 127.0.0.1:0, port 0 picks a free one
	SiteURL string // default http://Addr; may have a path, or be one, below that

	// Dir holds the folders plugins, client-plugins, files and logs. The
	// default is temporary; another one stays, so that a server started with
	// the same Dir and DSN goes on where the last one ended.
	Dir      string
	FilesDir string // default Dir/files; nodes of one cluster share it
	LogDir   string // default Dir/logs; the server writes mattermost.log there

	// ClientDir has the web page: root.html for / and what /static/ serves. The
	// server rewrites files in it when SiteURL has a path. Default: an empty page.
	ClientDir string

	// PluginKey is a file with an OpenPGP public key, by which plugins then have
	// to be signed. Such a server takes none through its API, only those that lie
	// in FilesDir/plugins when it starts, as id.tar.gz and id.tar.gz.sig.
	PluginKey string

	// Env is added to the environment of the server and of its plugins. Names
	// such as MM_SERVICESETTINGS_ENABLELINKPREVIEWS override settings; those of
	// this process are not passed on.
	Env []string
}

// Host is one running Mattermost server.
type Host struct {
	URL       string         // without a trailing slash; with the path of SiteURL
	Admin     *model.Client4 // signed in as AdminUser
	AdminUser *model.User    // the first user, a system administrator

	opts    Options
	scratch *scratch
	http    *http.Client
	cmd     *exec.Cmd
	hold    io.Closer     // the server stops when it closes
	ended   chan struct{} // closed once the process has been waited for
	stop    func() error
	mu      sync.Mutex
	sockets []*model.WebSocketClient // guarded by mu
}

// The administrator that every server has, and the password of all users.
const (
	AdminName  = "admin"
	AdminEmail = "admin@example.com"
	Password   = "Meeting-Point-1"
)

const emptyPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mattermost</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'self' cdn.rudderlabs.com/ js.stripe.com/v3">
<style></style></head><body></body></html>
`

// Start starts a server and waits until it answers. The context bounds the
// start, not the life of the server.
func Start(ctx context.Context, opts Options) (*Host, error) {
	if opts.DSN == "" {
		return nil, errors.New("mmhost: no DSN")
	}
	h := &Host{opts: opts, ended: make(chan struct{})}
	h.stop = sync.OnceValue(h.end)
	h.http = &http.Client{
		Timeout: time.Minute,
		// half of what the server keeps them
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
	}
	var err error
	if h.scratch, err = newScratch("mm"); err != nil {
		return nil, err
	}
	if err := h.prepare(); err != nil {
		return nil, errors.Join(err, h.scratch.remove())
	}
	if err := h.launch(ctx); err != nil {
		return nil, errors.Join(err, h.scratch.remove())
	}
	if err := h.signInAdmin(ctx); err != nil {
		return nil, errors.Join(err, h.Stop())
	}
	return h, nil
}

// Options are those that the server was started with, defaults filled in.
func (h *Host) Options() Options { return h.opts }

// PID is the server's process id; its plugins are in the process group of the
// same number.
func (h *Host) PID() int { return h.cmd.Process.Pid }

// DSN is where the server keeps its data.
func (h *Host) DSN() string { return h.opts.DSN }

// Ended is closed when the server's process has ended, by Stop or by itself.
func (h *Host) Ended() <-chan struct{} { return h.ended }

// Stop shuts the server down, waits until its plugins are gone too, and removes
// what was temporary. It takes 14 s at most. An error says what had to be ended
// by force. A second call returns the result of the first.
func (h *Host) Stop() error { return h.stop() }

// Kill ends the server and its plugins at once, as a power failure would. Stop
// is still needed.
func (h *Host) Kill() error {
	err := syscall.Kill(-h.PID(), syscall.SIGKILL)
	<-h.ended
	return err
}

func (h *Host) end() error {
	h.mu.Lock()
	sockets := h.sockets
	h.mu.Unlock()
	for _, ws := range sockets {
		ws.Close()
	}
	h.http.CloseIdleConnections()
	var err error
	if err = h.hold.Close(); errors.Is(err, os.ErrClosed) { // it has ended already
		err = nil
	}
	select {
	case <-h.ended:
	case <-time.After(shutdownLimit + time.Second):
		err = errors.Join(err, fmt.Errorf("Mattermost (process %d) does not shut down", h.PID()), h.Kill())
	}
	if !within(time.Second, func() bool { return len(inGroup(h.PID())) == 0 }) {
		left := inGroup(h.PID())
		err = errors.Join(err, fmt.Errorf("processes left by Mattermost: %v", left), syscall.Kill(-h.PID(), syscall.SIGKILL))
	}
	return errors.Join(err, h.scratch.remove())
}

// prepare fills in the options and makes the folders.
func (h *Host) prepare() error {
	o := &h.opts
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var err error
	if o.Addr, err = listenable(addr); err != nil {
		return err
	}
	if o.SiteURL == "" || strings.HasPrefix(o.SiteURL, "/") {
		o.SiteURL = "http://" + o.Addr + o.SiteURL
	}
	o.SiteURL = strings.TrimRight(o.SiteURL, "/")
	site, err := url.Parse(o.SiteURL)
	if err != nil {
		return fmt.Errorf("SiteURL: %w", err)
	}
	h.URL = "http://" + o.Addr + site.Path

	if o.Dir == "" {
		o.Dir = h.scratch.dir
	}
	for _, folder := range []struct {
		path     *string
		fallback string
	}{{&o.Dir, ""}, {&o.FilesDir, "files"}, {&o.LogDir, "logs"}} {
		if *folder.path == "" {
			*folder.path = filepath.Join(o.Dir, folder.fallback)
		}
		if *folder.path, err = filepath.Abs(*folder.path); err != nil {
			return err
		}
	}
	for _, dir := range []string{o.FilesDir, o.LogDir, h.pluginDir(), h.clientPluginDir(), h.scratch.path("tmp")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	// The server looks for "client" in its working directory, the scratch folder.
	client := h.scratch.path("client")
	if o.ClientDir != "" {
		if o.ClientDir, err = filepath.Abs(o.ClientDir); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(o.ClientDir, "root.html")); err != nil {
			return fmt.Errorf("ClientDir: %w", err)
		}
		return os.Symlink(o.ClientDir, client)
	}
	if err := os.Mkdir(client, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(client, "root.html"), []byte(emptyPage), 0o644)
}

func (h *Host) pluginDir() string       { return filepath.Join(h.opts.Dir, "plugins") }
func (h *Host) clientPluginDir() string { return filepath.Join(h.opts.Dir, "client-plugins") }

// launch starts this program again, as the server, and waits for its report.
func (h *Host) launch(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	stderr, err := os.Create(h.scratch.path("stderr"))
	if err != nil {
		return err
	}
	defer stderr.Close()
	reports, reportEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reports.Close()

	h.cmd = exec.Command(self)
	h.cmd.Dir = h.scratch.dir
	h.cmd.Env = h.environment()
	h.cmd.Stdout, h.cmd.Stderr = stderr, stderr
	h.cmd.ExtraFiles = []*os.File{reportEnd}
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	orders, err := h.cmd.StdinPipe()
	if err != nil {
		return errors.Join(err, reportEnd.Close())
	}
	h.hold = orders
	err = h.cmd.Start()
	reportEnd.Close()
	if err != nil {
		return fmt.Errorf("start Mattermost: %w", err)
	}
	go func() {
		h.cmd.Wait() // how it ended is told by its log
		close(h.ended)
	}()

	answers := make(chan error, 1)
	go func() {
		err := json.NewEncoder(orders).Encode(order{
			DSN: h.opts.DSN, Addr: h.opts.Addr, SiteURL: h.opts.SiteURL, PluginDir: h.pluginDir(),
			ClientPluginDir: h.clientPluginDir(), FilesDir: h.opts.FilesDir, LogDir: h.opts.LogDir,
			PluginKey: h.opts.PluginKey,
		})
		var answer report
		if err == nil {
			err = json.NewDecoder(reports).Decode(&answer)
		}
		if err == nil && answer.Error != "" {
			err = errors.New(answer.Error)
		}
		answers <- err
	}()
	limit, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	select {
	case err = <-answers:
	case <-limit.Done():
		err = limit.Err()
	}
	if err == nil {
		return nil
	}
	h.Kill() // it may have ended by itself
	return fmt.Errorf("start Mattermost: %w\n%s", err, tail(h.scratch.path("stderr")))
}

func (h *Host) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MM_") || strings.HasPrefix(v, "TMPDIR=")
	})
	env = append(env, "TMPDIR="+h.scratch.path("tmp"), serverVariable+"=1")
	return append(env, h.opts.Env...)
}

// signInAdmin creates the administrator, or finds the one of an older start.
func (h *Host) signInAdmin(ctx context.Context) error {
	h.Admin = h.Client()
	user, _, err := h.Admin.Login(ctx, AdminName, Password)
	if err != nil {
		if user, _, err = h.Admin.CreateUser(ctx, &model.User{
			Username: AdminName, Email: AdminEmail, Password: Password,
		}); err == nil {
			user, _, err = h.Admin.Login(ctx, AdminName, Password)
		}
	}
	if err != nil {
		return fmt.Errorf("administrator: %w", err)
	}
	if !user.IsSystemAdmin() {
		return fmt.Errorf("user %s of this database is no administrator", AdminName)
	}
	h.AdminUser = user
	return nil
}

// reachable reports whether anybody accepts connections at the server's address.
func (h *Host) reachable() bool {
	conn, err := net.DialTimeout("tcp", h.opts.Addr, time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
