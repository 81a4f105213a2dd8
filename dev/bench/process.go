package main

import (
	"fmt"
	"os"
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
