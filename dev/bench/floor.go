package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// floorMessages is how many go there and back each time.
const floorMessages = 5000

// measureFloor finds what no plugin can do without: the processor time to wait
// for a message, receive it and send one back. bench/floor.c does that and
// nothing else.
func measureFloor(_ *world, o *options, r *report) error {
	if o.floor == "" {
		return fmt.Errorf("needs -floor")
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	theirs := os.NewFile(uintptr(pair[1]), "floor")
	ours := os.NewFile(uintptr(pair[0]), "bench")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		theirs.Close()
		return err
	}
	defer conn.Close()
	cmd := exec.Command(o.floor)
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return err
	}
	var samples []float64
	for range o.rounds + 1 { // the first to warm up
		before, err := cpuTime(cmd.Process.Pid)
		if err == nil {
			err = exchange(conn)
		}
		if err != nil {
			return err
		}
		after, err := cpuTime(cmd.Process.Pid)
		if err != nil {
			return err
		}
		samples = append(samples, micro(after-before)/floorMessages)
	}
	r.floor = median(samples[1:])
	conn.Close()
	return cmd.Wait()
}

// exchange writes as yamux in Go does: a frame's header, then its payload.
func exchange(conn net.Conn) error {
	header, payload, reply := make([]byte, 12), make([]byte, 256), make([]byte, 12+64)
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	for range floorMessages {
		if _, err := conn.Write(header); err != nil {
			return err
		}
		if _, err := conn.Write(payload); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, reply); err != nil {
			return err
		}
	}
	return nil
}
