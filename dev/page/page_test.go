package page

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Goal: the server and the browser accept the page: nothing inline but one
// style, the tag the server looks for, and names that change with the content.
func TestWrittenPage(t *testing.T) {
	dir := t.TempDir()
	first := write(t, dir, Demo{Team: "one"})
	if !strings.Contains(first, `<meta http-equiv="Content-Security-Policy" content="script-src 'self' cdn.rudderlabs.com/ js.stripe.com/v3">`) ||
		strings.Count(first, "</style>") != 1 {
		t.Error("the server cannot rewrite this page for a SiteURL with a path")
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=`).MatchString(first) {
		t.Error("the page has a script inside")
	}
	for _, text := range append(texts(t, dir, "page.*.js"), first) {
		for _, name := range regexp.MustCompile(`(?:/static/|from '\./)([\w.]+)`).FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`\.[0-9a-f]{12}\.`).MatchString(name[1]) {
				t.Errorf("%s has no hash in its name", name[1])
			}
			if _, err := os.Stat(filepath.Join(dir, name[1])); err != nil {
				t.Error(err)
			}
		}
	}
	if second := write(t, dir, Demo{Team: "two"}); second == first {
		t.Error("another demo has the same address")
	}
	var demo Demo
	if err := json.Unmarshal([]byte(texts(t, dir, "demo.*.json")[0]), &demo); err != nil {
		t.Error(err)
	}
}

// Goal: it stays small, and talks to nobody but the server it came from.
func TestSmallAndAlone(t *testing.T) {
	lines := 0
	for _, text := range texts(t, "static", "*") {
		lines += strings.Count(text, "\n")
		for _, address := range regexp.MustCompile(`https?://[\w.]+`).FindAllString(text, -1) {
			t.Errorf("the page names %s", address)
		}
	}
	if lines > 700 {
		t.Errorf("the page has %d lines", lines)
	}
}

func write(t *testing.T, dir string, demo Demo) string {
	t.Helper()
	if err := Write(dir, demo); err != nil {
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
