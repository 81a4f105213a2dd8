// Command mmgen writes sdk/mm/gen: the C structs, gob field tables, hook rows
// and typed API calls of every hook and API method of Mattermost's plugin
// package; and tests/plugins/gen, which calls every one of them.
//
//	go run .           write the files
//	go run . -check    compare, name the files that differ, exit 1
//
// What goes in: the Z_ structs, by reflection (registry_gen.go), which is what
// travels; and the sources of the plugin package, which have what reflection
// does not know: names of parameters, groups of methods, server versions.
//
// source.go reads the sources, types.go maps Go types to C, methods.go joins
// both into methods, and write_*.go print the files.
package main

//go:generate go run ./registry
//go:generate go run .

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// The folders whose C files are all ours.
const (
	sdkFolder    = "sdk/mm/gen/"
	mirrorFolder = "tests/plugins/gen/"
)

// generate returns the text of every file by path, before formatting.
func generate() (map[string]string, error) {
	src, err := readSource()
	if err != nil {
		return nil, err
	}
	if err := sameNames("registry_gen.go is out of date, go run ./registry",
		keys(registry), src.zStructs); err != nil {
		return nil, err
	}
	w := newWorld()
	hooks, err := w.joinMethods(src.hooks, src.hookServer, hook)
	if err != nil {
		return nil, err
	}
	api, err := w.joinMethods(src.api, src.apiServer, api)
	if err != nil {
		return nil, err
	}
	if err := checkManual(append(append([]*method{}, hooks...), api...)); err != nil {
		return nil, err
	}
	if err := w.addModels(hooks, api); err != nil {
		return nil, err
	}

	p := &printer{world: w, version: src.version, files: map[string]string{}}
	p.writeModels()
	p.writeWire(hooks, api)
	p.writeHooks(hooks)
	p.writeAPI(api)
	p.writeMirror(hooks, api)
	return p.files, nil
}

// format runs clang-format over a text; without it there is no output at all,
// so that what is committed never depends on the machine.
func format(root, name, text string) ([]byte, error) {
	cmd := exec.Command("clang-format-14", "--assume-filename="+name,
		"--style=file:"+filepath.Join(root, ".clang-format"))
	cmd.Stdin = strings.NewReader(text)
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("clang-format-14 %s: %w %s", name, err, diagnostics.String())
	}
	return out.Bytes(), nil
}

func formatted(root string) (map[string][]byte, error) {
	texts, err := generate()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, text := range texts {
		if files[name], err = format(root, name, text); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// committed lists what lies in the output folders.
func committed(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, pattern := range []string{sdkFolder + "*.[ch]", mirrorFolder + "*.[ch]"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return nil, err
			}
			files[filepath.ToSlash(name)] = data
		}
	}
	return files, nil
}

// check returns the names of files that are missing, left over or different.
func check(root string) ([]string, error) {
	want, err := formatted(root)
	if err != nil {
		return nil, err
	}
	got, err := committed(root)
	if err != nil {
		return nil, err
	}
	var differ []string
	for name, text := range want {
		if !bytes.Equal(text, got[name]) {
			differ = append(differ, name)
		}
	}
	for name := range got {
		if want[name] == nil {
			differ = append(differ, name)
		}
	}
	sort.Strings(differ)
	return differ, nil
}

// write replaces the output folders' files; those no longer made go.
func write(root string) error {
	want, err := formatted(root)
	if err != nil {
		return err
	}
	got, err := committed(root)
	if err != nil {
		return err
	}
	for name := range got {
		if want[name] == nil {
			err = errors.Join(err, os.Remove(filepath.Join(root, name)))
		}
	}
	for name, text := range want {
		if !bytes.Equal(text, got[name]) {
			path := filepath.Join(root, name)
			err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o644))
		}
	}
	return err
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("mmgen: ")
	checkOnly := flag.Bool("check", false, "compare with the committed files, change nothing")
	root := flag.String("root", filepath.Join("..", ".."), "root of the repository")
	flag.Parse()

	if !*checkOnly {
		if err := write(*root); err != nil {
			log.Fatal(err)
		}
		return
	}
	differ, err := check(*root)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range differ {
		fmt.Println(name)
	}
	if len(differ) > 0 {
		os.Exit(1)
	}
}
