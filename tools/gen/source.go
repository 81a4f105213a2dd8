package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"regexp"
	"sort"
	"strings"
)

const pluginPackage = "github.com/mattermost/mattermost/server/public/plugin"

// signature is a method as the Hooks or API interface has it.
type signature struct {
	name    string
	params  []string
	results []string // "" where unnamed
	tag     string   // first @tag of the doc comment
	since   string   // minimum server version
}

// source is what the text of the plugin package tells.
type source struct {
	version    string // of the module
	hooks, api []signature
	hookServer []string // methods that the RPC servers have
	apiServer  []string
	zStructs   []string
}

var (
	tagLine   = regexp.MustCompile(`(?m)^@tag (\w+)`)
	sinceLine = regexp.MustCompile(`(?m)^Minimum server version: ([0-9.]+)`)
)

func readSource() (*source, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}\n{{.Module.Version}}", pluginPackage).Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pluginPackage, err)
	}
	dir, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	noTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), dir, noTests, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	s := &source{version: version}
	ast.Inspect(packages["plugin"], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			s.addType(n)
		case *ast.FuncDecl:
			s.addServerMethod(n)
		}
		return true
	})
	sort.Strings(s.hookServer)
	sort.Strings(s.apiServer)
	return s, nil
}

func (s *source) addType(spec *ast.TypeSpec) {
	name := spec.Name.Name
	if strings.HasPrefix(name, "Z_") {
		s.zStructs = append(s.zStructs, name)
	}
	methods, ok := spec.Type.(*ast.InterfaceType)
	switch {
	case ok && name == "Hooks":
		s.hooks = signatures(methods)
	case ok && name == "API":
		s.api = signatures(methods)
	}
}

func signatures(methods *ast.InterfaceType) []signature {
	var all []signature
	for _, m := range methods.Methods.List {
		f := m.Type.(*ast.FuncType)
		doc := m.Doc.Text()
		all = append(all, signature{
			name:    m.Names[0].Name,
			params:  fieldNames(f.Params),
			results: fieldNames(f.Results),
			tag:     firstMatch(tagLine, doc),
			since:   firstMatch(sinceLine, doc),
		})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}

func fieldNames(list *ast.FieldList) []string {
	var names []string
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		if len(field.Names) == 0 {
			names = append(names, "")
		}
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func firstMatch(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// addServerMethod notes the methods that net/rpc would serve: exported, args
// and reply.
func (s *source) addServerMethod(f *ast.FuncDecl) {
	if f.Recv == nil || !f.Name.IsExported() || len(fieldNames(f.Type.Params)) != 2 {
		return
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return
	}
	switch receiver, _ := star.X.(*ast.Ident); {
	case receiver == nil:
	case receiver.Name == "hooksRPCServer":
		s.hookServer = append(s.hookServer, f.Name.Name)
	case receiver.Name == "apiRPCServer":
		s.apiServer = append(s.apiServer, f.Name.Name)
	}
}
