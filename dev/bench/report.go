package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// report collects what was measured, in the order in which it was.
type report struct {
	began   time.Time
	rounds  int
	rows    []*requestRow
	figures []*figureRow
	floors  []floor
}

// floor is what a request costs whoever serves it.
type floor struct {
	title string // the request's row
	sends int
	cost  float64 // µs
	apart float64 // the same where the server's pieces come one by one
}

// requestRow holds the samples of one kind of request, by side.
type requestRow struct {
	title   string
	samples map[string][]sample
}

// figureRow holds one number of each side.
type figureRow struct {
	title  string
	values map[string]float64
}

func (r *report) row(title string) *requestRow {
	row := &requestRow{title, map[string][]sample{}}
	r.rows = append(r.rows, row)
	return row
}

func (row *requestRow) add(side string, s sample) {
	row.samples[side] = append(row.samples[side], s)
}

func (r *report) figure(side, title string, value float64) {
	for _, row := range r.figures {
		if row.title == title {
			row.values[side] = value
			return
		}
	}
	r.figures = append(r.figures, &figureRow{title, map[string]float64{side: value}})
}

func (r *report) memory(side, when string, pid int) error {
	m, err := memoryOf(pid)
	r.figure(side, "resident "+when+", MB", float64(m.resident)/1000)
	r.figure(side, "of it private "+when+", MB", float64(m.private)/1000)
	return err
}

// ---- as a table -----------------------------------------------------------------

// column is one figure of a request: the median of either side, and a ratio.
type column struct {
	title string
	of    func(s sample) float64
	form  string
	more  bool // more is better
}

var (
	cpuColumn = column{"plugin's CPU, µs", func(s sample) float64 { return micro(s.cpu) }, "%.0f", false}

	costs = []column{
		cpuColumn,
		{"server's CPU, µs", func(s sample) float64 { return micro(s.host) }, "%.0f", false},
		{"plugin's waits", func(s sample) float64 { return s.waits }, "%.1f", false},
	}
	speeds = []column{
		{"requests/s", func(s sample) float64 { return s.perSecond }, "%.0f", true},
		{"p50, ms", func(s sample) float64 { return micro(s.p50) / 1000 }, "%.2f", false},
		{"p99, ms", func(s sample) float64 { return micro(s.p99) / 1000 }, "%.2f", false},
	}
)

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func (row *requestRow) median(side string, of func(sample) float64) float64 {
	var values []float64
	for _, s := range row.samples[side] {
		values = append(values, of(s))
	}
	return median(values)
}

// ratio is written as what of Go's ours is: 1/6.2, or 1.05 when it is more.
func ratio(ours, goes float64) string {
	switch {
	case ours == 0 || goes == 0:
		return "-"
	case ours < goes:
		return fmt.Sprintf("1/%.1f", goes/ours)
	}
	return fmt.Sprintf("%.2f", ours/goes)
}

func (r *report) markdown() string {
	var b strings.Builder
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(&b, "%s, %d processors, %s; medians of %d rounds in turns; load of the machine at the end %s\n\n",
		r.began.Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(), r.rounds, firstWord(string(load)))
	if len(r.rows) > 0 {
		r.writeRequests(&b, costs)
		r.writeRequests(&b, speeds)
	}
	if len(r.figures) > 0 {
		b.WriteString("| | C | Go | ratio |\n|---|---:|---:|---:|\n")
		for _, row := range r.figures {
			c, g := row.values["C"], row.values["Go"]
			fmt.Fprintf(&b, "| %s | %.2f | %.2f | %s |\n", row.title, c, g, ratio(c, g))
		}
	}
	r.writeFloors(&b)
	return b.String()
}

func (r *report) writeRequests(b *strings.Builder, columns []column) {
	b.WriteString("| a request |")
	for _, c := range columns {
		fmt.Fprintf(b, " %s: C | Go | ratio |", c.title)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", 3*len(columns)) + "\n")
	for _, row := range r.rows {
		fmt.Fprintf(b, "| %s |", row.title)
		for _, c := range columns {
			ours, goes := row.median("C", c.of), row.median("Go", c.of)
			of := ratio(ours, goes)
			if c.more {
				of = fmt.Sprintf("%.2f", ours/goes)
			}
			fmt.Fprintf(b, " "+c.form+" | "+c.form+" | %s |", ours, goes, of)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// writeFloors compares with what was measured in the same run.
func (r *report) writeFloors(b *strings.Builder) {
	if len(r.floors) == 0 {
		return
	}
	b.WriteString("\n| a request | sends | the least, µs | in pieces, µs | a sixth of Go's, µs | C, µs |\n|---|---:|---:|---:|---:|---:|\n")
	for _, f := range r.floors {
		fmt.Fprintf(b, "| %s | %d | %.0f | %.0f |", f.title, f.sends, f.cost, f.apart)
		if ours, goes, found := r.cpu(f.title); found {
			fmt.Fprintf(b, " %.0f | %.0f |\n", goes/6, ours)
		} else {
			b.WriteString(" - | - |\n")
		}
	}
}

// cpu is what a request took of either process, µs.
func (r *report) cpu(title string) (ours, goes float64, found bool) {
	for _, row := range r.rows {
		if row.title == title {
			return row.median("C", cpuColumn.of), row.median("Go", cpuColumn.of), true
		}
	}
	return 0, 0, false
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// ---- as a test ------------------------------------------------------------------

// limits are of what Go needs, with a wide margin: they are to hold on a
// machine that is busy, and to fail when something is badly wrong.
var limits = map[string]float64{
	"webhook ignored":                  0.4,
	"webhook verified, looked up":      0.45,
	"url_validation":                   0.5,
	"unknown path":                     0.5,
	"`/zoom help`":                     0.5,
	"meeting start":                    0.6,
	"webhook ignored, 8 at a time":     0.4,
	"webhook ignored, 64 at a time":    0.4,
	"webhook ignored, 512 at a time":   0.5,
	"webhook of 900 kB":                0.3,
	"webhook of 900 kB, looked up":     0.6,
	"start to handshake, ms":           0.5,
	"resident idle, MB":                0.3,
	"resident after load, MB":          0.4,
	"bundle, MB for each architecture": 0.25,
}

func (r *report) check() error {
	var errs []error
	judge := func(title string, ours, goes float64) {
		if limit, ok := limits[title]; ok && !(ours > 0 && ours <= goes*limit) {
			errs = append(errs, fmt.Errorf("FAIL %s: %.2f, above %.2f of the %.2f that Go needs", title, ours, limit, goes))
		}
	}
	for _, row := range r.rows {
		judge(row.title, row.median("C", cpuColumn.of), row.median("Go", cpuColumn.of))
	}
	for _, row := range r.figures {
		judge(row.title, row.values["C"], row.values["Go"])
	}
	for _, f := range r.floors {
		if ours, _, found := r.cpu(f.title); f.cost <= 0 || found && ours < f.cost {
			errs = append(errs, fmt.Errorf("FAIL %s: %.0f µs, and the least is %.0f", f.title, ours, f.cost))
		}
	}
	return errors.Join(errs...)
}
