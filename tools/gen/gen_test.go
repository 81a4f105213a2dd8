package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/plugin"
)

// files is the generated text of the SDK by file name, one row and one
// descriptor on a line.
func files(t *testing.T) map[string]string {
	t.Helper()
	return generatedIn(t, sdkFolder)
}

func generatedIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	texts, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for path, text := range texts {
		if name, ok := strings.CutPrefix(path, folder); ok {
			found[name] = text
		}
	}
	return found
}

func TestCommittedFilesAreUpToDate(t *testing.T) {
	differ, err := check(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(differ) > 0 {
		t.Errorf("go run . changes %s", strings.Join(differ, ", "))
	}
}

func methodNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumMethod() {
		names = append(names, t.Method(i).Name)
	}
	return names
}

// Every method that Go's interfaces have is a row, and is either generated or
// in the list of hand-written ones.
func TestEveryMethodIsCovered(t *testing.T) {
	texts := files(t)
	for _, name := range methodNames(reflect.TypeFor[plugin.API]()) {
		if !strings.Contains(texts["wire.c"], fmt.Sprintf(`{ "Plugin.%s", `, name)) {
			t.Errorf("API %s has no row", name)
		}
		generated := regexp.MustCompile(`\bmm_` + snake(name) + `\(`).MatchString(texts["api.h"])
		if _, manual := manualAPI[name]; generated == manual {
			t.Errorf("API %s: generated %v, hand-written %v", name, generated, manual)
		}
	}
	for _, name := range methodNames(reflect.TypeFor[plugin.Hooks]()) {
		member := strings.Contains(texts["hooks.h"], "(*"+snake(name)+")(")
		row := strings.Contains(texts["hooks.c"], fmt.Sprintf(`{ %q, "Plugin.%s", `, name, name))
		_, manual := manualHooks[name]
		if member == manual || row == manual {
			t.Errorf("hook %s: member %v, row %v, hand-written %v", name, member, row, manual)
		}
	}
}

func TestAPIFunctionsHaveABodyEach(t *testing.T) {
	texts := files(t)
	declared := regexp.MustCompile(`(?m)^bool (mm_\w+)\(`).FindAllStringSubmatch(texts["api.h"], -1)
	var bodies []string
	for name, text := range texts {
		if strings.HasPrefix(name, "api_") {
			for _, m := range regexp.MustCompile(`(?m)^(mm_\w+)\(`).FindAllStringSubmatch(text, -1) {
				bodies = append(bodies, m[1])
			}
		}
	}
	if len(declared) == 0 || len(declared) != len(bodies) {
		t.Errorf("%d functions are declared, %d defined", len(declared), len(bodies))
	}
	for _, m := range declared {
		if !slices.Contains(bodies, m[1]) {
			t.Errorf("%s has no body", m[1])
		}
	}
}

func TestHandWrittenMethodsAreWhereTheListSays(t *testing.T) {
	for prefix, list := range map[string]map[string]string{"hook_": manualHooks, "mm_api_": manualAPI} {
		for name, file := range list {
			text, err := os.ReadFile(filepath.Join("..", "..", "sdk", file))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if !strings.Contains(strings.ToLower(string(text)), prefix+snake(name)) {
				t.Errorf("%s is not in %s", name, file)
			}
		}
	}
}

// The mirror of the tests has every hook and calls every API function.
func TestMirrorIsComplete(t *testing.T) {
	texts := generatedIn(t, mirrorFolder)
	for _, name := range methodNames(reflect.TypeFor[plugin.Hooks]()) {
		if _, manual := manualHooks[name]; !manual && !strings.Contains(texts["hooks.c"], fmt.Sprintf("mirror_hook(call, %q, ", name)) {
			t.Errorf("hook %s is missing", name)
		}
	}
	for _, name := range methodNames(reflect.TypeFor[plugin.API]()) {
		if _, manual := manualAPI[name]; !manual && !strings.Contains(texts["typed.c"], "return mm_"+snake(name)+"(") {
			t.Errorf("API %s is missing", name)
		}
	}
}

func TestHookRowsAreSorted(t *testing.T) {
	var names []string
	for _, m := range regexp.MustCompile(`"(Plugin\.\w+)"`).FindAllStringSubmatch(files(t)["hooks.c"], -1) {
		names = append(names, m[1])
	}
	if len(names) == 0 || !slices.IsSorted(names) {
		t.Errorf("hook rows for bsearch: %v", names)
	}
}

// ---- what C has against what gob sends -------------------------------------

// descriptor is a gob_type as the C text has it.
type descriptor struct {
	macro  string // STRUCT, SLICE, ...
	goName string
	args   []string
	rows   []row
}

type row struct {
	goName, typ string
	pointer     bool
}

var (
	descriptorLine = regexp.MustCompile(`(?m)^const struct gob_type (\w+) = (\w+)\((.*)\);$`)
	fieldRow       = regexp.MustCompile(`(FIELD|POINTER)\(\w+, "(\w+)", \w+, (\w+)\)`)
	quoted         = regexp.MustCompile(`"([^"]*)"`)
)

func descriptors(t *testing.T) map[string]descriptor {
	texts := files(t)
	found := map[string]descriptor{
		"gob_type_strings":  {macro: "SLICE", args: []string{"gob_type_string"}},
		"gob_type_any_list": {macro: "SLICE", args: []string{"gob_type_interface"}},
		"gob_type_any_map":  {macro: "MAP", args: []string{"gob_type_string", "gob_type_interface"}},
	}
	for _, line := range descriptorLine.FindAllStringSubmatch(texts["models.c"]+texts["wire.c"], -1) {
		d := descriptor{macro: line[2], goName: quoted.FindStringSubmatch(line[3])[1]}
		for _, m := range fieldRow.FindAllStringSubmatch(line[3], -1) {
			d.rows = append(d.rows, row{goName: m[2], typ: m[3], pointer: m[1] == "POINTER"})
		}
		args := strings.Split(line[3], ", ")
		switch d.macro {
		case "SLICE":
			d.args = args[len(args)-1:]
		case "MAP":
			d.args = args[len(args)-2:]
		case "OPAQUE":
			d.args = args[:1]
		}
		found[line[1]] = d
	}
	return found
}

// wireType is a type definition as gob sent it.
type wireType struct {
	member  uint64 // 1 array, 2 slice, 3 struct, 4 map, 5 gob, 6 binary, 7 text
	name    string
	parts   []int64 // elem; key, elem
	fields  []string
	typeIDs []int64
}

// reader walks gob bytes that Go's encoder has just written.
type reader struct{ data []byte }

func (r *reader) uint() uint64 {
	first := r.data[0]
	r.data = r.data[1:]
	if first < 128 {
		return uint64(first)
	}
	var v uint64
	for range 256 - int(first) {
		v = v<<8 | uint64(r.data[0])
		r.data = r.data[1:]
	}
	return v
}

func (r *reader) int() int64 {
	u := r.uint()
	if u&1 != 0 {
		return ^int64(u >> 1)
	}
	return int64(u >> 1)
}

func (r *reader) string() string {
	n := r.uint()
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

// each calls f for every field of a struct.
func (r *reader) each(f func(index uint64)) {
	var at uint64
	for delta := r.uint(); delta != 0; delta = r.uint() {
		at += delta
		f(at)
	}
}

func (r *reader) definition() wireType {
	var t wireType
	r.each(func(member uint64) {
		t.member = member
		r.each(func(index uint64) {
			switch {
			case index == 1:
				r.each(func(index uint64) {
					if index == 1 {
						t.name = r.string()
					} else {
						r.int()
					}
				})
			case member == 3:
				for range r.uint() {
					var name string
					var id int64
					r.each(func(index uint64) {
						if index == 1 {
							name = r.string()
						} else {
							id = r.int()
						}
					})
					t.fields = append(t.fields, name)
					t.typeIDs = append(t.typeIDs, id)
				}
			default:
				t.parts = append(t.parts, r.int())
			}
		})
	})
	return t
}

// definitions has gob send a zero value: its id and all types it needs.
func definitions(t *testing.T, typ reflect.Type) (int64, map[int64]wireType) {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).EncodeValue(reflect.New(typ)); err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	types := map[int64]wireType{}
	stream := &reader{out.Bytes()}
	for len(stream.data) > 0 {
		n := stream.uint()
		message := &reader{stream.data[:n]}
		stream.data = stream.data[n:]
		id := message.int()
		if id > 0 {
			return id, types
		}
		types[-id] = message.definition()
	}
	t.Fatalf("%s: no value in the stream", typ)
	return 0, nil
}

type comparison struct {
	t     *testing.T
	types map[int64]wireType
	c     map[string]descriptor
	seen  map[string]bool
}

var basics = map[int64]string{
	1: "bool",
	2: "int int8 int16 int32 int64",
	3: "uint uint8 uint16 uint32 uint64",
	4: "float32 float64",
	5: "bytes",
	6: "string",
	8: "interface",
}

func (c *comparison) same(where string, id int64, name string) {
	if list, ok := basics[id]; ok {
		if !slices.Contains(strings.Fields(list), strings.TrimPrefix(name, "gob_type_")) {
			c.t.Errorf("%s: gob sends %s, C has %s", where, list, name)
		}
		return
	}
	if c.seen[name] {
		return
	}
	c.seen[name] = true
	wire, d := c.types[id], c.c[name]
	if wire.name != "" && d.goName != "" && wire.name != d.goName {
		c.t.Errorf("%s: gob calls it %q, C %q", where, wire.name, d.goName)
	}
	switch {
	case wire.member == 2 && d.macro == "SLICE", wire.member == 4 && d.macro == "MAP":
		for i, part := range wire.parts {
			c.same(fmt.Sprintf("%s[%d]", where, i), part, d.args[i])
		}
	case wire.member == 3 && (d.macro == "STRUCT" || d.macro == "EMPTY"):
		c.sameFields(where, wire, d)
	case wire.member == 5 && name == "gob_type_time":
	case wire.member == 5 && d.macro == "OPAQUE" && d.args[0] == "GOB_GOB_ENCODER":
	case wire.member == 6 && name == "gob_type_url":
	case wire.member == 6 && d.macro == "OPAQUE" && d.args[0] == "GOB_BINARY_MARSHALER":
	default:
		c.t.Errorf("%s: gob sends member %d of wireType, C has %s %s", where, wire.member, name, d.macro)
	}
}

func (c *comparison) sameFields(where string, wire wireType, d descriptor) {
	var names []string
	for _, r := range d.rows {
		names = append(names, r.goName)
	}
	if !slices.Equal(names, wire.fields) {
		c.t.Errorf("%s: gob sends %v, C has %v", where, wire.fields, names)
		return
	}
	for i, r := range d.rows {
		c.same(where+"."+r.goName, wire.typeIDs[i], r.typ)
	}
}

// Go's own encoder sends the definitions of every args and reply struct; the
// descriptors must say the same.
func TestDescriptorsAgreeWithGob(t *testing.T) {
	src, err := readSource()
	if err != nil {
		t.Fatal(err)
	}
	c := descriptors(t)
	compared := map[string]bool{}
	compare := func(name string, typ reflect.Type) {
		id, types := definitions(t, typ)
		one := &comparison{t: t, types: types, c: c, seen: map[string]bool{}}
		one.same(typ.Name(), id, name)
		for name := range one.seen {
			compared[name] = true
		}
	}
	for prefix, methods := range map[string][]string{"mm_type_hook_": src.hookServer, "mm_type_": src.apiServer} {
		for _, method := range methods {
			for suffix, what := range map[string]string{"_args": "Args", "_returns": "Returns"} {
				if typ := registry[zName(method, what)]; typ != nil {
					compare(prefix+snake(method)+suffix, typ)
				}
			}
		}
	}
	for _, typ := range registered {
		compare("mm_type_"+typeName(typ), typ)
	}
	for name := range c {
		if !compared[name] {
			t.Errorf("%s is in no call", name)
		}
	}
}

// What gob does not tell: which members are pointers.
func TestPointersAgreeWithReflection(t *testing.T) {
	c := descriptors(t)
	w := newWorld()
	for _, typ := range registry {
		if strings.HasPrefix(typ.Name(), "Z_Db") {
			continue
		}
		for i := range typ.NumField() {
			if err := w.add(typ.Field(i).Type); err != nil {
				t.Fatal(err)
			}
		}
	}
	for typ, s := range w.structs {
		d, ok := c[s.descriptor]
		if !ok {
			continue // only in the driver's calls
		}
		var want []row
		for i := range typ.NumField() {
			f := typ.Field(i)
			if kind := f.Type.Kind(); !f.IsExported() || kind == reflect.Func || kind == reflect.Chan {
				continue
			}
			pointer := f.Type.Kind() == reflect.Pointer && !mustExternal(f.Type)
			want = append(want, row{goName: f.Name, pointer: pointer})
		}
		if len(want) != len(d.rows) {
			t.Errorf("%s: %d fields in Go, %d in C", typ, len(want), len(d.rows))
			continue
		}
		for i, r := range d.rows {
			if r.goName != want[i].goName || r.pointer != want[i].pointer {
				t.Errorf("%s: Go has %v, C %v", typ, want[i], r)
			}
		}
	}
}
