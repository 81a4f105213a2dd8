package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time that a process has used, threads that have
// ended included, in nanoseconds: the clock that clock_getcpuclockid names.
func cpuTime(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED of the kernel
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, fmt.Errorf("processor time of %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// waits is how often the threads of a process that still run have gone to
// sleep: each time somebody has to wake them up.
func waits(pid int) (int, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return 0, err
	}
	total := 0
	for _, name := range tasks {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return 0, err
		}
		_, after, _ := strings.Cut(string(text), "\nvoluntary_ctxt_switches:")
		n, err := strconv.Atoi(strings.Fields(after)[0])
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// usage is what a process has used so far.
type usage struct {
	cpu   time.Duration
	waits int
}

func usageOf(pid int) (u usage, err error) {
	if u.cpu, err = cpuTime(pid); err == nil {
		u.waits, err = waits(pid)
	}
	return u, err
}

// memory is what a process has in it, in kB.
type memory struct{ resident, private int }

func memoryOf(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		field := strings.Fields(value)
		switch name {
		case "VmRSS":
			m.resident, err = strconv.Atoi(field[0])
		case "RssAnon":
			m.private, err = strconv.Atoi(field[0])
		}
		if err != nil {
			return memory{}, err
		}
	}
	return m, nil
}
