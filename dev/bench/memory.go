package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// ---- start ------------------------------------------------------------------

// measureStartup starts the programs as the server does, and waits for the
// line that says where they listen.
func measureStartup(w *world, o *options, r *report) error {
	wall := map[string][]time.Duration{}
	cpu := map[string][]time.Duration{}
	times := 20 * o.rounds
	if o.short {
		times = 20
	}
	for i := range times {
		for _, s := range w.sides(i) {
			took, used, err := w.startOnce(s)
			if err != nil {
				return err
			}
			wall[s.name] = append(wall[s.name], took)
			cpu[s.name] = append(cpu[s.name], used)
		}
	}
	for name := range wall {
		r.figure(name, "start to handshake, ms", float64(median(wall[name]).Microseconds())/1000)
		r.figure(name, "processor time of that, ms", float64(median(cpu[name]).Microseconds())/1000)
	}
	return nil
}

func (w *world) startOnce(s *side) (wall, cpu time.Duration, err error) {
	cmd := exec.Command(w.program(s))
	cmd.Env = append(os.Environ(), "MATTERMOST_PLUGIN=Securely message teams, anywhere.",
		"PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
		"PLUGIN_UNIX_SOCKET_DIR="+w.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	wall = time.Since(began)
	if err == nil {
		cpu, err = cpuTime(cmd.Process.Pid)
	}
	if err != nil {
		err = fmt.Errorf("start of %s: %q: %w", s.name, line, err)
	}
	if killed := cmd.Process.Kill(); err == nil {
		err = killed
	}
	cmd.Wait() // it was killed
	return wall, cpu, err
}

// ---- memory -----------------------------------------------------------------

// measureMemory looks at new processes before, while and after they have a
// lot to do at once.
func measureMemory(w *world, o *options, r *report) error {
	small, large := 5000, 60
	if o.short {
		small, large = 1000, 20
	}
	for _, s := range w.sides(0) {
		if err := w.restart(s); err != nil {
			return err
		}
		pid, err := w.pid(s)
		if err != nil {
			return err
		}
		time.Sleep(2 * time.Second)
		if err := r.memory(s.name, "idle", pid); err != nil {
			return err
		}
		most, err := peak(pid, func() error {
			if _, err := w.all(ignored(w, s), small, 64); err != nil {
				return err
			}
			_, err := w.all(webhookOf("meeting.ended", 900_000)(w, s), large, 4)
			return err
		})
		if err != nil {
			return err
		}
		r.figure(s.name, "resident under load, MB", float64(most)/1000)
		time.Sleep(3 * time.Second)
		if err := r.memory(s.name, "after load", pid); err != nil {
			return err
		}
	}
	return nil
}

// peak is the most that was resident while something was done, in kB.
func peak(pid int, do func() error) (int, error) {
	stop := make(chan struct{})
	most := 0
	var failed error
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			m, err := memoryOf(pid)
			if err != nil {
				failed = err
				return
			}
			most = max(most, m.resident)
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	err := do()
	close(stop)
	watch.Wait()
	if err == nil {
		err = failed
	}
	return most, err
}

func measureSize(w *world, _ *options, r *report) error {
	for _, s := range w.sides(0) {
		programs, err := filepath.Glob(filepath.Join(filepath.Dir(w.program(s)), "plugin-linux-*"))
		if err != nil || len(programs) == 0 {
			return fmt.Errorf("programs of %s: %v %w", s.id, programs, err)
		}
		for _, what := range []struct {
			title, path string
			share       int
		}{{"bundle, MB for each architecture", s.bundle, len(programs)}, {"program, MB", w.program(s), 1}} {
			info, err := os.Stat(what.path)
			if err != nil {
				return err
			}
			r.figure(s.name, what.title, float64(info.Size())/1e6/float64(what.share))
		}
	}
	return nil
}

func median[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
