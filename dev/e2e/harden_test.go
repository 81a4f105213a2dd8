package e2e

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// nobody is whom a test that runs as root starts the plugin as: what belongs to
// root because it may not be read must be told from what belongs to root anyway.
const nobody = 65534

// Goal: the plugin that make dist writes hardens itself before it says hello.
// What is checked is what the kernel says of the process.
func TestReleaseIsHardened(t *testing.T) {
	path := filepath.Join(anybodysDir(t), "plugin")
	_, bundle := released(t)
	unpackFile(t, bundle, "zoom/server/dist/plugin-"+platform(), path)
	if missing := missingHardening(t, startAlone(t, path)); len(missing) != 0 {
		t.Errorf("the released plugin: %v", missing)
	}
}

// anybodysDir is a folder that every user may enter and write to.
func anybodysDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "plugin")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	check(t, os.Chmod(dir, 0o777))
	return dir
}

func unpackFile(t *testing.T, bundle, name, path string) {
	t.Helper()
	packed, err := os.Open(bundle)
	check(t, err)
	defer packed.Close()
	unzipped, err := gzip.NewReader(packed)
	check(t, err)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		check(t, err)
		if header.Name != name {
			continue
		}
		content, err := io.ReadAll(archive)
		check(t, err)
		// whoever may not read a program gets a process that cannot be read either
		check(t, os.WriteFile(path, content, 0o755))
		return
	}
}

// startAlone starts a plugin as a server does, waits for its line and does not
// connect. It returns the process, which ends with the test.
func startAlone(t *testing.T, path string) int {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Env = []string{"MATTERMOST_PLUGIN=Securely message teams, anywhere.", "PLUGIN_UNIX_SOCKET_DIR=" + filepath.Dir(path)}
	cmd.Stderr = os.Stderr
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		cmd.Wait() // killed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	check(t, err)
	if !strings.HasPrefix(line, "1|1|unix|") {
		t.Fatalf("said %q", line)
	}
	return cmd.Process.Pid
}

// missingHardening is what plugin/harden.c has not done to a process.
func missingHardening(t *testing.T, pid int) (missing []string) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", pid)
	for _, one := range []struct{ file, line, what string }{
		{"status", `(?m)^NoNewPrivs:\s+1$`, "it may gain privileges"},
		{"limits", `(?m)^Max core file size\s+0\s+0\s+bytes\s*$`, "it may leave a core"},
	} {
		text, err := os.ReadFile(proc + one.file)
		check(t, err)
		if !regexp.MustCompile(one.line).Match(text) {
			missing = append(missing, one.what)
		}
	}
	// what may not be dumped belongs to root, whoever runs it
	for _, file := range []string{"environ", "mem"} {
		info, err := os.Stat(proc + file)
		check(t, err)
		if info.Sys().(*syscall.Stat_t).Uid != 0 {
			missing = append(missing, "it may be dumped and read")
		}
	}
	return slices.Compact(missing)
}
