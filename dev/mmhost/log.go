package mmhost

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LogEntry is one line of the server's log. Fields has everything but the
// time, level and message: "caller", "plugin_id" for lines of plugins, and what
// the plugin itself added.
type LogEntry struct {
	Time    time.Time
	Level   string // debug, info, warn, error, ...
	Message string
	Fields  map[string]any
}

// A LogFilter says whether to keep an entry.
type LogFilter func(LogEntry) bool

// FromPlugin keeps what a plugin logged or wrote to its standard error output,
// and what the server logged about it.
func FromPlugin(id string) LogFilter {
	return func(e LogEntry) bool { return e.Fields["plugin_id"] == id }
}

// AtLevel keeps entries of the given levels.
func AtLevel(levels ...string) LogFilter {
	return func(e LogEntry) bool {
		for _, level := range levels {
			if e.Level == level {
				return true
			}
		}
		return false
	}
}

// Saying keeps entries whose message or one of whose fields has the text.
func Saying(text string) LogFilter {
	return func(e LogEntry) bool {
		if strings.Contains(e.Message, text) {
			return true
		}
		for _, value := range e.Fields {
			if strings.Contains(fmt.Sprint(value), text) {
				return true
			}
		}
		return false
	}
}

// Log reads the entries that all filters keep, oldest first. The server writes
// its log behind its work: use WaitLog for an entry that is about to come.
func (h *Host) Log(keep ...LogFilter) ([]LogEntry, error) {
	file, err := os.Open(h.LogFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []LogEntry
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil // what has no end of line is still being written
		}
		if err != nil {
			return entries, err
		}
		entry, err := parseLogEntry(line)
		if err != nil {
			return entries, fmt.Errorf("%s: %w", h.LogFile(), err)
		}
		if kept(entry, keep) {
			entries = append(entries, entry)
		}
	}
}

// WaitLog waits for an entry that all filters keep and returns the first.
func (h *Host) WaitLog(limit time.Duration, keep ...LogFilter) (LogEntry, error) {
	var found []LogEntry
	var err error
	if within(limit, func() bool {
		found, err = h.Log(keep...)
		return len(found) > 0 || err != nil
	}) && err == nil {
		return found[0], nil
	}
	if err == nil {
		err = fmt.Errorf("no such log entry within %v", limit)
	}
	return LogEntry{}, err
}

// LogFile is the server's log, one JSON object per line.
func (h *Host) LogFile() string { return filepath.Join(h.opts.LogDir, "mattermost.log") }

func kept(entry LogEntry, keep []LogFilter) bool {
	for _, filter := range keep {
		if !filter(entry) {
			return false
		}
	}
	return true
}

func parseLogEntry(line []byte) (LogEntry, error) {
	var entry LogEntry
	if err := json.Unmarshal(line, &entry.Fields); err != nil {
		return entry, err
	}
	take := func(name string) string {
		value, _ := entry.Fields[name].(string)
		delete(entry.Fields, name)
		return value
	}
	entry.Level, entry.Message = take("level"), take("msg")
	var err error
	entry.Time, err = time.Parse("2006-01-02 15:04:05.000 Z07:00", take("timestamp"))
	return entry, err
}
