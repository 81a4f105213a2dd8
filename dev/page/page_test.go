package page

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// built is the page as make builds it, or the test ends.
func built(t *testing.T) string {
	t.Helper()
	const dir = "../../build/page"
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("make page builds it: %v", err)
	}
	return dir
}

// Goal: the server and the browser accept the page: nothing inline but one
// style, the tag the server looks for, and names that change with the content.
func TestWrittenPage(t *testing.T) {
	first := write(t, t.TempDir(), Demo{Team: "one"})
	if !strings.Contains(first, `<meta http-equiv="Content-Security-Policy" content="script-src 'self' cdn.rudderlabs.com/ js.stripe.com/v3">`) ||
		strings.Count(first, "</style>") != 1 {
		t.Error("the server cannot rewrite this page for a SiteURL with a path")
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=`).MatchString(first) {
		t.Error("the page has a script inside")
	}
	dir := t.TempDir()
	if second := write(t, dir, Demo{Team: "two"}); second == first {
		t.Error("another demo has the same address")
	}
	names := regexp.MustCompile(`/static/([\w.]+)`).FindAllStringSubmatch(texts(t, dir, "root.html")[0], -1)
	if len(names) != 3 {
		t.Errorf("the page names %v", names)
	}
	for _, name := range names {
		if !regexp.MustCompile(`\.(?:[0-9a-f]{12}|[0-9A-Z]{8})\.`).MatchString(name[1]) {
			t.Errorf("%s has no hash in its name", name[1])
		}
		if _, err := os.Stat(filepath.Join(dir, name[1])); err != nil {
			t.Error(err)
		}
	}
	var demo Demo
	if err := json.Unmarshal([]byte(texts(t, dir, "demo.*.json")[0]), &demo); err != nil {
		t.Error(err)
	}
}

// Goal: it stays small, and talks to nobody but the server it came from.
func TestSmallAndAlone(t *testing.T) {
	lines := 0
	for _, text := range texts(t, "client/src", "*") {
		lines += strings.Count(text, "\n")
		for _, address := range regexp.MustCompile(`https?://[\w.]+`).FindAllString(text, -1) {
			t.Errorf("the page names %s", address)
		}
	}
	if lines > 1500 {
		t.Errorf("the page has %d lines", lines)
	}
}

func write(t *testing.T, dir string, demo Demo) string {
	t.Helper()
	if err := Write(dir, built(t), demo); err != nil {
		t.Fatal(err)
	}
	return texts(t, dir, "root.html")[0]
}

func texts(t *testing.T, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s in %s: %v", pattern, dir, err)
	}
	var list []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(text))
	}
	return list
}
