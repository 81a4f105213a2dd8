package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// registered are the types that travel only inside interface values.
// Source: plugin/client_rpc.go, init
var registered = []reflect.Type{
	reflect.TypeFor[model.AppError](),
	reflect.TypeFor[model.AutocompleteDynamicListArg](),
	reflect.TypeFor[model.AutocompleteStaticListArg](),
	reflect.TypeFor[model.AutocompleteTextArg](),
	reflect.TypeFor[[]*model.MessageAttachment](),
	reflect.TypeFor[model.PreviewPost](),
	reflect.TypeFor[plugin.ErrorString](),
	reflect.TypeFor[pq.Error](),
}

type service int

const (
	hook service = iota
	api
)

// manualHooks and manualAPI have no generated function: they take or give
// streams, or their Go signature is not what travels. Each with the file below
// sdk/ that has it.
var manualHooks = map[string]string{
	"FileWillBeUploaded": "mm/upload.c",
	"Implemented":        "mm/run.c",
	"OnActivate":         "mm/run.c",
	"ServeHTTP":          "mm/http.c",
	"ServeMetrics":       "mm/http.c",
}

var manualAPI = map[string]string{
	"InstallPlugin":                         "mm/upload.c",
	"LoadPluginConfiguration":               "mm/results.c",
	"LogDebug":                              "mm/log.c",
	"LogError":                              "mm/log.c",
	"LogInfo":                               "mm/log.c",
	"LogWarn":                               "mm/log.c",
	"PluginHTTP":                            "mm/inter.c",
	"PluginHTTPStream":                      "mm/inter.c",
	"ReceiveSharedChannelAttachmentSyncMsg": "mm/upload.c",
	"UploadData":                            "mm/upload.c",
}

// method is a hook or API method, ready to be printed.
type method struct {
	signature
	service service
	manual  bool       // hand-written
	args    *structure // nil: no Z_ struct
	returns *structure
}

// zName is the Z_ struct of a method. One method breaks the rule.
func zName(method, what string) string {
	if method == "LoadPluginConfiguration" {
		return "Z_LoadPluginConfigurationArgs" + what
	}
	return "Z_" + method + what
}

// cName is the method's part of C names.
func (m *method) cName() string {
	if m.service == hook {
		return "hook_" + snake(m.name)
	}
	return snake(m.name)
}

// letter is 0 for a field A, 1 for B, ...; -1 for a field with a name.
func letter(name string) int {
	if len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z' {
		return int(name[0] - 'A')
	}
	return -1
}

// joinMethods makes methods of signatures and Z_ structs.
func (w *world) joinMethods(list []signature, served []string, s service) ([]*method, error) {
	manual := manualHooks
	if s == api {
		manual = manualAPI
	}
	bySignature := map[string]signature{}
	for _, sig := range list {
		if !slices.Contains(served, sig.name) {
			return nil, fmt.Errorf("%s is in the interface, but no RPC method", sig.name)
		}
		bySignature[sig.name] = sig
	}
	var methods []*method
	for _, name := range served {
		// some are for Go's own side of the plugin and not in the interface
		sig := bySignature[name]
		sig.name = name
		m := &method{signature: sig, service: s}
		_, m.manual = manual[name]
		var err error
		if m.args, err = w.rpcStruct(m, "Args"); err != nil {
			return nil, err
		}
		if m.returns, err = w.rpcStruct(m, "Returns"); err != nil {
			return nil, err
		}
		methods = append(methods, m)
	}
	for _, name := range keys(manual) {
		if !slices.Contains(served, name) {
			return nil, fmt.Errorf("%s is in the list of hand-written methods, but no longer exists", name)
		}
	}
	return methods, nil
}

func (w *world) rpcStruct(m *method, what string) (*structure, error) {
	t := registry[zName(m.name, what)]
	if t == nil {
		return nil, nil
	}
	s := &structure{
		typ:        t,
		goName:     t.Name(),
		tag:        "mm_" + m.cName() + "_" + strings.ToLower(what),
		constant:   m.service == api && what == "Args",
		descriptor: "mm_type_" + m.cName() + "_" + strings.ToLower(what),
	}
	results := 0
	for i := range t.NumField() {
		f := t.Field(i)
		var name string
		switch at := letter(f.Name); {
		case at < 0:
			name = identifier(f.Name)
		case what == "Args":
			if at >= len(m.params) {
				return nil, fmt.Errorf("%s.%s: no such parameter", t, f.Name)
			}
			name = identifier(m.params[at])
		default:
			name = m.resultName(at, f.Type, &results)
		}
		member, err := w.member(f, name)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", t, err)
		}
		s.fields = append(s.fields, member)
	}
	return s, s.checkNames()
}

// resultName: errors by their type, then Go's name, then result, result2, ...
func (m *method) resultName(at int, t reflect.Type, n *int) string {
	switch {
	case t == typeError:
		return "error"
	case t == reflect.TypeFor[*model.AppError]():
		return "app_error"
	}
	if at < len(m.results) && m.results[at] != "" {
		return identifier(m.results[at])
	}
	*n++
	if *n == 1 {
		return "result"
	}
	return "result" + strconv.Itoa(*n)
}

// checkManual fails for a method that cannot be generated and is not in the
// list of hand-written ones either.
func checkManual(methods []*method) error {
	for _, m := range methods {
		if m.manual {
			continue
		}
		if m.args == nil || m.returns == nil {
			return fmt.Errorf("%s has no Z_ structs and is not in the list of hand-written methods", m.name)
		}
		for _, s := range []*structure{m.args, m.returns} {
			for _, f := range s.fields {
				if letter(f.goName) < 0 {
					return fmt.Errorf("%s has a field %s and is not in the list of hand-written methods", m.name, f.goName)
				}
			}
		}
		if len(m.args.fields) != len(m.params) || len(m.returns.fields) != len(m.results) {
			return fmt.Errorf("%s: signature and Z_ structs differ", m.name)
		}
	}
	return nil
}
