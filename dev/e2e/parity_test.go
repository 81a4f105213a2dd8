package e2e

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A run of all tests compares docs/parity.md with what it has seen itself;
// make parity writes it.
var parityWrite = flag.Bool("parity.write", false, "write docs/parity.md")

const parityPath = "docs/parity.md"

// seen are the tests that cover a promise, and how they ended.
var seen = struct {
	sync.Mutex
	tests map[string]map[string]string // promise -> test -> passed, failed or skipped
}{tests: map[string]map[string]string{}}

// covers says which promises a test shows, once it has passed. It stands at
// the top of a test or sub-test, before anything can skip it; the ids are
// written out, so that they can be searched for.
func covers(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if !promised(id) {
			t.Errorf("the contract has no row %q", id)
		}
	}
	t.Cleanup(func() {
		end := "passed"
		if t.Failed() {
			end = "failed"
		} else if t.Skipped() {
			end = "skipped"
		}
		seen.Lock()
		defer seen.Unlock()
		for _, id := range ids {
			if seen.tests[id] == nil {
				seen.tests[id] = map[string]string{}
			}
			seen.tests[id][t.Name()] = end
		}
	})
}

func promised(id string) bool {
	for _, section := range contract {
		if slices.ContainsFunc(section.rows, func(row promise) bool { return row.id == id }) {
			return true
		}
	}
	return false
}

// shows lists the tests that show a promise. A short run takes it on trust
// that the tests it skips would pass.
func (row promise) shows(short bool) []string {
	var names []string
	for name, end := range seen.tests[row.id] {
		if end == "passed" || short && end == "skipped" {
			names = append(names, "`"+name+"`")
		}
	}
	if row.where != "" {
		names = append(names, "`"+row.where+"`")
	}
	slices.Sort(names)
	return names
}

// uncovered lists the promises that nothing shows.
func uncovered(short bool) []string {
	var ids []string
	for _, section := range contract {
		for _, row := range section.rows {
			if len(row.shows(short)) == 0 {
				ids = append(ids, row.id)
			}
		}
	}
	return ids
}

// parityText is docs/parity.md after this run.
func parityText(short bool) string {
	var b strings.Builder
	b.WriteString(`# What holds, and which test shows it

This is what a server that has run the official Go plugin can rely on, and what
it gets besides. Each test runs in a real Mattermost server, with a stand-in for
Zoom (` + "`dev/e2e`" + `), unless it names a file. ` + "`make parity`" + ` writes this page from the
tests that pass; ` + "`make test`" + ` fails when it is out of date. Do not edit it.
`)
	for _, section := range contract {
		fmt.Fprintf(&b, "\n## %s\n\n| row | what holds | shown by |\n|---|---|---|\n", section.title)
		for _, row := range section.rows {
			tests := row.shows(short)
			if len(tests) == 0 {
				tests = []string{"nothing yet"}
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", row.id, row.says, strings.Join(tests, "<br>"))
		}
	}
	return b.String()
}

// checkParity ends a run of all tests; code is how they went.
func checkParity(code int) int {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			if *parityWrite {
				fmt.Fprintln(os.Stderr, "parity: only a run of all tests can write "+parityPath)
				return 1
			}
			return code
		}
	}
	short := testing.Short()
	for _, id := range uncovered(short) {
		fmt.Fprintf(os.Stderr, "parity: no test that passed covers %q\n", id)
		code = 1
	}
	path := filepath.Join(root(), parityPath)
	text := parityText(short)
	if *parityWrite && !short {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "parity:", err)
			return 1
		}
		return code
	}
	if written, err := os.ReadFile(path); code == 0 && (err != nil || string(written) != text) {
		fmt.Fprintf(os.Stderr, "parity: %s is out of date%s: run make parity\n", parityPath, firstChange(string(written), text))
		return 1
	}
	return code
}

func firstChange(before, now string) string {
	old := strings.Split(before, "\n")
	for i, line := range strings.Split(now, "\n") {
		if i >= len(old) || old[i] != line {
			return fmt.Sprintf(" at line %d, now %q", i+1, line)
		}
	}
	return ""
}

// Goal: every covers() in the sources names rows of the contract, every unit
// test that the contract names exists. It starts no server; with -v it lists
// the rows that nothing claims to cover.
func TestContract(t *testing.T) {
	ids := map[string]bool{}
	for _, section := range contract {
		for _, row := range section.rows {
			if ids[row.id] {
				t.Errorf("%q is in the contract twice", row.id)
			}
			ids[row.id] = row.where != ""
			checkWhere(t, row.where)
		}
	}
	files, err := filepath.Glob("*_test.go")
	check(t, err)
	for _, file := range files {
		for _, id := range claims(t, file) {
			if !promised(id) {
				t.Errorf("%s: the contract has no row %q", file, id)
			}
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if !ids[id] {
			t.Logf("uncovered: %q", id)
		}
	}
}

// checkWhere: "file" or "file: name of a test in it".
func checkWhere(t *testing.T, where string) {
	t.Helper()
	if where == "" {
		return
	}
	file, name, named := strings.Cut(where, ": ")
	text, err := os.ReadFile(filepath.Join(root(), file))
	if err != nil || named && !strings.Contains(string(text), "START_TEST("+name+")") {
		t.Errorf("%s: no such test (%v)", where, err)
	}
}

// claims are the ids in a file's calls of covers.
func claims(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	check(t, err)
	var found []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "covers" {
			return true
		}
		for _, arg := range call.Args[1:] {
			text, ok := arg.(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: a row of covers() is not written out", file)
				continue
			}
			id, err := strconv.Unquote(text.Value)
			check(t, err)
			found = append(found, id)
		}
		return true
	})
	return found
}
