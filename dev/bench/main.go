// Command bench measures this project's plugin beside one that does the same
// work in Go (bench/goref): both in one real Mattermost server, at the same
// time, in turns. What counts are the ratios of one run.
//
//	bench -ours dist/zoom-10.0.0.tar.gz -go build/bench/goref -hello build/release/hello-plugin
//	bench ... -cases help,start -rounds 3
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are those of the command line.
type options struct {
	ours, goref, hello string // a bundle, and two programs
	floor              string // a program
	root               string // top folder of the project
	out                string // folder for the report; empty: none
	cases              []string
	rounds             int
	short              bool // less of everything
	check              bool // fail when a ratio is far from what is promised
	pause              bool // keep all running until Enter, for other tools
}

func main() {
	var o options
	var cases string
	flag.StringVar(&o.ours, "ours", "", "the bundle of the plugin in C")
	flag.StringVar(&o.goref, "go", "", "the program of the plugin in Go")
	flag.StringVar(&o.hello, "hello", "", "the program of the SDK's example, for streams")
	flag.StringVar(&o.floor, "floor", "", "the program that waits, receives and sends")
	flag.StringVar(&o.root, "root", "..", "top folder of the project")
	flag.StringVar(&o.out, "out", "", "folder for the report in Markdown")
	flag.StringVar(&cases, "cases", "", "names, with commas between them; default all: "+strings.Join(caseNames(), ","))
	flag.IntVar(&o.rounds, "rounds", 5, "how often each case is measured on each side")
	flag.BoolVar(&o.short, "short", false, "a fifth of the requests")
	flag.BoolVar(&o.check, "check", false, "fail when a ratio is far from what is promised")
	flag.BoolVar(&o.pause, "pause", false, "start, print process ids, and wait for the end of standard input")
	flag.Parse()
	if cases != "" {
		o.cases = strings.Split(cases, ",")
	}
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:\n"+err.Error())
		os.Exit(1)
	}
}

func run(o *options) error {
	for _, name := range o.cases {
		if !slices.Contains(caseNames(), name) {
			return fmt.Errorf("no case is called %q; there are %s", name, strings.Join(caseNames(), ", "))
		}
	}
	if o.rounds < 1 || o.rounds > 100 {
		return errors.New("rounds: 1 to 100")
	}
	w, err := newWorld(o)
	if err == nil {
		err = measure(w, o)
	}
	return errors.Join(err, w.stop())
}

func measure(w *world, o *options) error {
	if o.pause {
		return w.wait()
	}
	r := &report{began: time.Now(), rounds: o.rounds}
	for _, c := range cases {
		if len(o.cases) > 0 && !slices.Contains(o.cases, c.name) || len(o.cases) == 0 && c.onRequest {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s\n", c.name)
		if err := c.measure(w, o, r); err != nil {
			return fmt.Errorf("%s: %w%s", c.name, err, w.complaints())
		}
	}
	text := r.markdown()
	fmt.Print(text)
	if o.out != "" {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.out, "bench.md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if o.check {
		return r.check()
	}
	return nil
}
