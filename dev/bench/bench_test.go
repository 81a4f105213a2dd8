package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Goal: the clock of a process tells what its threads have used, not how long
// they have been there.
func TestProcessorTime(t *testing.T) {
	at := func() time.Duration {
		used, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return used
	}
	before := at()
	time.Sleep(100 * time.Millisecond)
	if slept := at() - before; slept > 50*time.Millisecond {
		t.Errorf("sleeping used %v", slept)
	}
	before = at()
	done := make(chan struct{})
	go func() { // a thread that has ended counts, too
		defer close(done)
		runtime.LockOSThread()
		for end := before + 50*time.Millisecond; at() < end; {
		}
	}()
	<-done
	if used := at() - before; used < 50*time.Millisecond {
		t.Errorf("50 ms of work used %v", used)
	}
}

// Goal: what the kernel says of a process that sleeps once more is one more.
func TestWaits(t *testing.T) {
	// one thread that ends with the test: what has ended is not counted
	cat := exec.Command("cat")
	in, _ := cat.StdinPipe()
	out, err := cat.StdoutPipe()
	if err == nil {
		err = cat.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	before, err := waits(cat.Process.Pid)
	after := before
	for i := 0; i < 20 && err == nil; i++ {
		if _, err = io.WriteString(in, "x\n"); err == nil {
			_, err = lines.ReadString('\n')
		}
		// it sleeps again, as soon as it comes to it
		asleep := time.Now().Add(10 * time.Second)
		for last := after; err == nil && after == last && time.Now().Before(asleep); {
			after, err = waits(cat.Process.Pid)
		}
	}
	if err != nil || after-before < 20 {
		t.Errorf("spoken to 20 times, counted %d (%v)", after-before, err)
	}
	in.Close()
	if err := cat.Wait(); err != nil {
		t.Error(err)
	}
}

func reportOf(ours, goes time.Duration) *report {
	r := &report{rounds: 1}
	row := r.row("webhook ignored")
	row.add("C", sample{cpu: ours, p50: ours, p99: ours, perSecond: 1})
	row.add("Go", sample{cpu: goes, p50: goes, p99: goes, perSecond: 1})
	return r
}

// Goal: the table tells the ratio, and a ratio out of bounds fails the run.
func TestReport(t *testing.T) {
	good, bad := reportOf(50*time.Microsecond, 300*time.Microsecond), reportOf(300*time.Microsecond, 300*time.Microsecond)
	if text := good.markdown(); !strings.Contains(text, "| webhook ignored | 50 | 300 | 1/6.0 |") {
		t.Errorf("%s", text)
	}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	if err := bad.check(); err == nil || !strings.Contains(err.Error(), "webhook ignored") {
		t.Errorf("%v", err)
	}
	nothing := reportOf(0, 300*time.Microsecond) // a process that was not there
	if nothing.check() == nil {
		t.Error("nothing was measured, and all is well")
	}
}
