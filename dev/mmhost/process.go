package mmhost

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A process as /proc shows it.
type process struct {
	pid, parent, group int
	zombie             bool
}

// processes lists what runs; a process that ends meanwhile is left out.
func processes() []process {
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	var list []process
	for _, name := range found {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// pid (name, which may hold blanks and brackets) state ppid pgrp ...
		end := bytes.LastIndexByte(stat, ')')
		fields := strings.Fields(string(stat[end+1:]))
		if end < 0 || len(fields) < 3 {
			continue
		}
		p := process{zombie: fields[0] == "Z" || fields[0] == "X"}
		p.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(name)))
		p.parent, _ = strconv.Atoi(fields[1])
		p.group, _ = strconv.Atoi(fields[2])
		list = append(list, p)
	}
	return list
}

// inGroup lists the living processes of a process group.
func inGroup(group int) []int {
	var pids []int
	for _, p := range processes() {
		if p.group == group && !p.zombie {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// within asks again and again until the answer is yes or time is up.
func within(limit time.Duration, ask func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if ask() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// tail is the end of a text file, for error messages.
func tail(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	if len(text) > 2000 {
		text = text[len(text)-2000:]
	}
	return string(text)
}

// listenable returns addr with port 0 replaced by a free one, or why nobody can
// listen there. The server takes the port a second later: so not one of those
// that the kernel meanwhile gives to outgoing connections (32768 and above).
func listenable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("address: %w", err)
	}
	tries := 1
	if port == "0" {
		tries = 50
	}
	for range tries {
		if tries > 1 {
			addr = net.JoinHostPort(host, strconv.Itoa(16384+rand.IntN(16384)))
		}
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("cannot listen on %s: %w", addr, err)
}
