// Package wire holds the layers of the SDK against Go's own: encoding/gob,
// net/rpc, and the yamux and the models of the server that the module file
// pins. The other side is tests/plugins/wire.c; BUILD names its flavour.
package wire

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What the C side ends with.
const (
	done  = 0
	ended = 3 // the peer went away in the middle of it
)

// limit is how long the C side may take in all.
const limit = 90 * time.Second

// peer is the C side and our end of the socket to it.
type peer struct {
	net.Conn
	*testing.T
	process *exec.Cmd
	stderr  bytes.Buffer
	reports string
}

// start runs the C side of a layer; it is ended with the test at the latest.
func start(t *testing.T, args ...string) *peer {
	t.Helper()
	flavour := os.Getenv("BUILD")
	if flavour == "" {
		flavour = "debug"
	}
	program, err := filepath.Abs(filepath.Join("../../../build", flavour, "wire"))
	check(t, err)
	ours, theirs := pair(t)
	p := &peer{T: t, Conn: ours, reports: t.TempDir()}
	p.process = exec.Command(program, args...)
	p.process.ExtraFiles = []*os.File{theirs} // descriptor 3
	p.process.Stderr = &p.stderr
	p.process.Env = append(os.Environ(),
		"ASAN_OPTIONS=log_path="+filepath.Join(p.reports, "asan"),
		"UBSAN_OPTIONS=print_stacktrace=1:log_path="+filepath.Join(p.reports, "ubsan"),
		"TSAN_OPTIONS=log_path="+filepath.Join(p.reports, "tsan"))
	if err := p.process.Start(); err != nil {
		t.Fatalf("%v: run make first", err)
	}
	theirs.Close()
	alarm := time.AfterFunc(limit, func() { p.process.Process.Kill() })
	t.Cleanup(func() {
		alarm.Stop()
		p.Conn.Close()
		if p.process.ProcessState == nil {
			p.process.Process.Kill()
			p.process.Wait()
		}
		if t.Failed() {
			t.Logf("the C side said: %s", tail(p.stderr.String()))
		}
	})
	return p
}

// pair is two ends of a Unix socket: ours, and one to hand down.
func pair(t *testing.T) (net.Conn, *os.File) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	check(t, err)
	defer listener.Close()
	dialled, err := net.Dial("unix", listener.Addr().String())
	check(t, err)
	accepted, err := listener.AcceptUnix()
	check(t, err)
	defer accepted.Close()
	theirs, err := accepted.File()
	check(t, err)
	check(t, theirs.SetDeadline(time.Time{}))
	return dialled, theirs
}

// ends waits for the C side: one of the statuses, and nothing to complain of.
func (p *peer) ends(statuses ...int) {
	p.Helper()
	p.process.Wait()
	status, fine := p.process.ProcessState.ExitCode(), false
	for _, one := range statuses {
		fine = fine || status == one
	}
	if !fine {
		p.Errorf("the C side ended with %v\n%s", p.process.ProcessState, tail(p.stderr.String()))
	}
	found, _ := filepath.Glob(filepath.Join(p.reports, "*"))
	for _, name := range found {
		text, _ := os.ReadFile(name)
		p.Errorf("%s:\n%s", filepath.Base(name), tail(string(text)))
	}
}

// resident is what the C side has in memory, in kB.
func (p *peer) resident() int {
	p.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.process.Process.Pid) + "/status")
	check(p.T, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	check(p.T, err)
	return kb
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
