package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// floorTimes is how often each conversation is held, each round; a fifth of
// it when it has to be short.
const floorTimes = 2000

// header is the size of each frame's, which yamux in Go writes by itself, and
// then the payload.
const header = 12

// gap is between the pieces of what the server says, where it says them one by
// one: enough for a plugin to find that there is no more, and to sleep again.
const gap = 60 * time.Microsecond

// A step is what the server says, in pieces of frames with these payloads, and
// how many bytes the plugin answers with in one write.
type step struct {
	pieces [][]int
	answer int
}

// once is what is said in one piece.
func once(payloads ...int) [][]int { return [][]int{payloads} }

// conversation is all that is said on the plugin's socket for one request, as
// strace shows it of ours, which says no more than the protocol asks for. The
// first frames are those that end the request before. Pieces are what different
// goroutines of the server write.
type conversation struct {
	title string // the request's row
	steps []step
}

var conversations = []conversation{
	{"webhook ignored", []step{{[][]int{{0, 0}, {560}}, 50}, {[][]int{{0, 0, 4, 4}, {430, 0}}, 65}}},
	{"url_validation", []step{
		{[][]int{{0, 0}, {560}}, 115}, {[][]int{{0, 0, 4, 4}, {107, 0}, {133}}, 120}, {once(40), 180}, {once(24), 65},
	}},
	{"unknown path", []step{
		{[][]int{{0, 0}, {224}}, 121}, {[][]int{{0, 0, 4}, {4, 98}}, 46}, {once(24), 65},
	}},
	{"`/zoom help`", []step{
		{once(24), 36}, {once(463), 91}, {once(35), 682}, {once(699), 48}, {once(24), 36},
	}},
	{"meeting start", []step{
		{[][]int{{0, 0}, {405}}, 115}, {[][]int{{0, 0, 4, 4}, {65}, {133}}, 68}, {once(451), 278},
		{[][]int{{46}, {248}, {176}}, 179}, {[][]int{{26}, {3049}, {35}}, 59}, {once(3049), 914}, {once(975), 310},
		{[][]int{{39}, {39}}, 189}, {once(43), 120}, {once(40), 115}, {once(24), 65},
	}},
}

// measureFloor finds what no plugin can do without: the processor time to be
// told and to say what a request asks for. bench/floor.c does that and nothing
// else.
func measureFloor(_ *world, o *options, r *report) error {
	if o.floor == "" {
		return fmt.Errorf("needs -floor")
	}
	for _, c := range conversations {
		f := floor{title: c.title, sends: len(c.steps)}
		var err error
		if f.cost, err = floorOf(o, c, 0); err == nil {
			f.apart, err = floorOf(o, c, gap)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.title, err)
		}
		r.floors = append(r.floors, f)
	}
	return nil
}

// floorOf is in µs for each time.
func floorOf(o *options, c conversation, gap time.Duration) (float64, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "floor")
	ours := os.NewFile(uintptr(pair[0]), "bench")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		theirs.Close()
		return 0, err
	}
	defer conn.Close()
	cmd := exec.Command(o.floor, c.arguments()...)
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return 0, err
	}
	times := floorTimes
	if o.short {
		times /= 5
	}
	var samples []float64
	for range o.rounds + 1 { // the first to warm up
		before, err := cpuTime(cmd.Process.Pid)
		if err == nil {
			err = c.hold(conn, times, gap)
		}
		if err != nil {
			return 0, err
		}
		after, err := cpuTime(cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		samples = append(samples, micro(after-before)/float64(times))
	}
	conn.Close()
	return median(samples[1:]), cmd.Wait()
}

// arguments are the program's: how much it is told each time, and says.
func (c conversation) arguments() []string {
	var pairs []string
	for _, s := range c.steps {
		told := 0
		for _, payload := range slices.Concat(s.pieces...) {
			told += header + payload
		}
		pairs = append(pairs, fmt.Sprintf("%d:%d", told, s.answer))
	}
	return pairs
}

// hold writes as yamux in Go does: a frame's header, then its payload.
func (c conversation) hold(conn net.Conn, times int, gap time.Duration) error {
	data := make([]byte, 4096)
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	for range times {
		for _, s := range c.steps {
			for i, piece := range s.pieces {
				if i > 0 {
					spin(gap)
				}
				if err := write(conn, data, piece); err != nil {
					return err
				}
			}
			if _, err := io.ReadFull(conn, data[:s.answer]); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(conn net.Conn, data []byte, piece []int) error {
	for _, payload := range piece {
		if _, err := conn.Write(data[:header]); err != nil {
			return err
		}
		if payload == 0 {
			continue
		}
		if _, err := conn.Write(data[:payload]); err != nil {
			return err
		}
	}
	return nil
}

// spin waits without sleeping, which takes too long.
func spin(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
	}
}
