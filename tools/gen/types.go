package main

import (
	"encoding"
	"encoding/gob"
	"errors"
	"fmt"
	"net/url"
	"path"
	"reflect"
	"slices"
	"sort"
	"time"
)

// form is what a Go type is on the wire and in C.
type form int

const (
	formBool form = iota
	formInt
	formUint
	formFloat
	formString
	formBytes
	formAny
	formTime
	formExternal // marshals itself: opaque bytes
	formStruct
	formSlice
	formMap
)

var (
	typeTime    = reflect.TypeFor[time.Time]()
	typeURL     = reflect.TypeFor[url.URL]()
	typeStrings = reflect.TypeFor[[]string]()
	typeAnyList = reflect.TypeFor[[]any]()
	typeAnyMap  = reflect.TypeFor[map[string]any]()
	typeError   = reflect.TypeFor[error]()

	gobEncoder      = reflect.TypeFor[gob.GobEncoder]()
	binaryMarshaler = reflect.TypeFor[encoding.BinaryMarshaler]()
)

// marshals tells whether a type writes itself. gob takes a method of the type
// or of a pointer to it.
func marshals(t reflect.Type, how reflect.Type) bool {
	return t.Implements(how) || reflect.PointerTo(t).Implements(how)
}

// formOf classifies a type that is not a pointer.
func formOf(t reflect.Type) (form, error) {
	switch {
	case t == typeTime:
		return formTime, nil
	case t.Kind() != reflect.Interface && (marshals(t, gobEncoder) || marshals(t, binaryMarshaler)):
		return formExternal, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return formBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return formInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return formUint, nil
	case reflect.Float32, reflect.Float64:
		return formFloat, nil
	case reflect.String:
		return formString, nil
	case reflect.Interface:
		return formAny, nil
	case reflect.Struct:
		if t.Name() == "" {
			return 0, fmt.Errorf("%s: a struct without a name", t)
		}
		return formStruct, nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return formBytes, nil
		}
		return formSlice, nil
	case reflect.Map:
		return formMap, nil
	}
	return 0, fmt.Errorf("%s: no C for this kind", t)
}

// mustForm is formOf for types that are in the world already.
func mustForm(t reflect.Type) form {
	f, err := formOf(t)
	if err != nil {
		panic(err)
	}
	return f
}

// flat is the type without its pointers.
func flat(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// field is one member of a struct.
type field struct {
	goName  string
	name    string // in C
	typ     reflect.Type
	pointer bool // the member is a pointer to typ
}

// structure is a Go struct and its members in C.
type structure struct {
	typ        reflect.Type // nil for none: an RPC without args or reply
	goName     string
	tag        string // C struct tag
	descriptor string
	fields     []field
	constant   bool // what its pointers point at is never written
}

// world is all types that can be reached, and the C names given to them.
type world struct {
	structs     map[reflect.Type]*structure // models only
	containers  map[reflect.Type]bool       // slices and maps
	externals   map[reflect.Type]bool
	pointers    map[reflect.Type]map[bool]bool // externals seen behind a pointer, as values
	identifiers map[string]string              // C identifier: what it stands for
}

func newWorld() *world {
	w := &world{
		structs:     map[reflect.Type]*structure{},
		containers:  map[reflect.Type]bool{},
		externals:   map[reflect.Type]bool{},
		pointers:    map[reflect.Type]map[bool]bool{},
		identifiers: map[string]string{},
	}
	for _, taken := range []string{"mm_plugin", "mm_call", "mm_hooks", "mm_hook_row", "mm_method"} {
		w.identifiers[taken] = "the SDK"
	}
	return w
}

// claim fails when two things would have the same name in C.
func (w *world) claim(identifier, owner string) error {
	if had, taken := w.identifiers[identifier]; taken && had != owner {
		return fmt.Errorf("%s is both %s and %s in C", identifier, had, owner)
	}
	w.identifiers[identifier] = owner
	return nil
}

// sent tells whether gob transmits a field. An embedded struct is a field of
// its type's name like any other.
func sent(f reflect.StructField) bool {
	kind := flat(f.Type).Kind()
	return f.IsExported() && kind != reflect.Chan && kind != reflect.Func
}

// member maps one field; naming gives its name in C.
func (w *world) member(f reflect.StructField, name string) (field, error) {
	t := f.Type
	pointer := t.Kind() == reflect.Pointer
	if pointer && t.Elem().Kind() == reflect.Pointer {
		return field{}, fmt.Errorf("%s %s: pointer to pointer", f.Name, t)
	}
	t = flat(t)
	external, err := formOf(t)
	if err != nil {
		return field{}, fmt.Errorf("%s: %w", f.Name, err)
	}
	if external == formExternal {
		// such a member is empty when nil
		w.noteExternal(t, pointer)
		pointer = false
	}
	return field{goName: f.Name, name: name, typ: t, pointer: pointer}, w.add(t)
}

func (w *world) noteExternal(t reflect.Type, pointer bool) {
	if w.pointers[t] == nil {
		w.pointers[t] = map[bool]bool{}
	}
	w.pointers[t][pointer] = true
}

// add takes in a type and all that it needs.
func (w *world) add(t reflect.Type) error {
	t = flat(t)
	kind, err := formOf(t)
	if err != nil {
		return err
	}
	switch kind {
	case formStruct:
		return w.addStruct(t)
	case formExternal:
		w.externals[t] = true
	case formSlice:
		return w.addContainer(t, t.Elem())
	case formMap:
		return w.addContainer(t, t.Key(), t.Elem())
	}
	return nil
}

func (w *world) addContainer(t reflect.Type, parts ...reflect.Type) error {
	if w.containers[t] {
		return nil
	}
	w.containers[t] = true
	for _, part := range parts {
		if flat(part) == typeURL || mustExternal(part) {
			w.noteExternal(flat(part), part.Kind() == reflect.Pointer)
		}
		if err := w.add(part); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if isOfGob(t) {
		return nil
	}
	return w.claim(w.descriptor(t), t.String())
}

func mustExternal(t reflect.Type) bool {
	f, err := formOf(flat(t))
	return err == nil && f == formExternal
}

// modelName is post for model.Post, http_request for http.Request.
func modelName(t reflect.Type) string {
	name := snake(t.Name())
	switch pkg := path.Base(t.PkgPath()); pkg {
	case "model", "plugin":
		return name
	default:
		// as the sources write it: gosaml2 is package saml2
		before, _, _ := cutLast(t.String(), '.')
		return before + "_" + name
	}
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

func (w *world) addStruct(t reflect.Type) error {
	if w.structs[t] != nil {
		return nil
	}
	s := &structure{
		typ:        t,
		goName:     t.Name(),
		tag:        "mm_" + modelName(t),
		descriptor: "mm_type_" + modelName(t),
	}
	w.structs[t] = s
	err := errors.Join(w.claim(s.tag, t.String()), w.claim(s.descriptor, t.String()))
	if err != nil {
		return err
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !sent(f) {
			continue
		}
		m, err := w.member(f, identifier(f.Name))
		if err != nil {
			return fmt.Errorf("%s.%w", t, err)
		}
		s.fields = append(s.fields, m)
	}
	return s.checkNames()
}

func (s *structure) checkNames() error {
	seen := map[string]bool{}
	for _, f := range s.fields {
		if seen[f.name] {
			return fmt.Errorf("%s: two members %s", s.tag, f.name)
		}
		seen[f.name] = true
	}
	return nil
}

// isOfGob tells whether gob.h has the descriptor.
func isOfGob(t reflect.Type) bool {
	switch t {
	case typeStrings, typeAnyList, typeAnyMap:
		return true
	}
	return false
}

// descriptor is the C name of a type's descriptor.
func (w *world) descriptor(t reflect.Type) string {
	switch {
	case t == typeURL:
		return "gob_type_url"
	case t == typeStrings:
		return "gob_type_strings"
	case t == typeAnyList:
		return "gob_type_any_list"
	case t == typeAnyMap:
		return "gob_type_any_map"
	}
	switch mustForm(t) {
	case formBool, formInt, formUint, formFloat, formString:
		return "gob_type_" + t.Kind().String()
	case formBytes:
		return "gob_type_bytes"
	case formAny:
		return "gob_type_interface"
	case formTime:
		return "gob_type_time"
	}
	return "mm_type_" + typeName(t)
}

// typeName spells any type as part of a descriptor's name. Pointers leave no
// trace; should Go ever have []T beside []*T, claim will tell.
func typeName(t reflect.Type) string {
	t = flat(t)
	switch t {
	case typeStrings:
		return "strings"
	case typeAnyList:
		return "any_list"
	case typeAnyMap:
		return "any_map"
	}
	if t.PkgPath() != "" {
		return modelName(t)
	}
	kind := mustForm(t)
	switch kind {
	case formBytes:
		return "bytes"
	case formAny:
		return "any"
	}
	switch kind {
	case formSlice:
		return typeName(t.Elem()) + "_slice"
	case formMap:
		return typeName(t.Key()) + "_" + typeName(t.Elem()) + "_map"
	}
	return t.Kind().String()
}

// shape is a type as far as C can tell: containers of one shape share a
// struct. It is the name of an element in the name of such a struct.
func shape(t reflect.Type) string {
	t = flat(t)
	switch mustForm(t) {
	case formBool:
		return "bool"
	case formInt:
		return "int64"
	case formUint:
		return "uint64"
	case formFloat:
		return "double"
	case formString, formBytes, formExternal:
		return "string"
	case formAny:
		return "any"
	case formTime:
		return "time"
	case formStruct:
		return modelName(t)
	case formSlice:
		switch elem := shape(t.Elem()); elem {
		case "string":
			return "strings"
		case "any":
			return "any_list"
		default:
			return elem + "_slice"
		}
	}
	key, elem := shape(t.Key()), shape(t.Elem())
	if key == "string" && elem == "any" {
		return "any_map"
	}
	return key + "_" + elem + "_map"
}

// container is the C struct tag of a slice or map.
func container(t reflect.Type) string {
	switch s := shape(t); s {
	case "strings", "any_list", "any_map":
		return "gob_" + s
	default:
		return "mm_" + s
	}
}

// entry is the C struct tag of a map's entry.
func entry(t reflect.Type) string {
	tag := container(t)
	return tag[:len(tag)-len("map")] + "entry"
}

// cType is the C type of a value.
func cType(t reflect.Type) string {
	switch mustForm(t) {
	case formBool:
		return "bool"
	case formInt:
		return "int64_t"
	case formUint:
		return "uint64_t"
	case formFloat:
		return "double"
	case formString, formBytes, formExternal:
		return "struct str"
	case formAny:
		return "struct gob_any"
	case formTime:
		return "struct gob_time"
	case formStruct:
		return "struct mm_" + modelName(t)
	}
	return "struct " + container(t)
}

// addModels takes in what the methods do not name, and completes the names.
func (w *world) addModels(methods ...[]*method) error {
	for _, t := range registered {
		if err := w.add(t); err != nil {
			return err
		}
	}
	for t := range w.externals {
		if t == typeURL {
			if w.pointers[t][false] {
				return errors.New("url.URL as a value: gob_type_url is for pointers")
			}
			continue
		}
		if len(w.pointers[t]) > 1 {
			return fmt.Errorf("%s occurs as a value and behind a pointer", t)
		}
		if err := w.claim(w.descriptor(t), t.String()); err != nil {
			return err
		}
	}
	for t := range w.containers {
		tag := container(t)
		owner := "a container"
		if err := w.claim(tag, owner); err != nil {
			return err
		}
		if mustForm(t) == formMap {
			if err := w.claim(entry(t), owner); err != nil {
				return err
			}
		}
	}
	for _, list := range methods {
		for _, m := range list {
			for _, s := range []*structure{m.args, m.returns} {
				if s == nil {
					continue
				}
				err := errors.Join(w.claim(s.tag, s.goName), w.claim(s.descriptor, s.goName))
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sortedTypes orders types by the name of their descriptors.
func (w *world) sortedTypes(set map[reflect.Type]bool) []reflect.Type {
	var types []reflect.Type
	for t := range set {
		types = append(types, t)
	}
	sort.Slice(types, func(i, j int) bool {
		return w.descriptor(types[i]) < w.descriptor(types[j])
	})
	return types
}

// inOrder lists the structs by name, but each after those it holds in place,
// as C wants it.
func (w *world) inOrder() []*structure {
	byTag := map[string]*structure{}
	for _, s := range w.structs {
		byTag[s.tag] = s
	}
	var order []*structure
	var visit func(s *structure)
	visit = func(s *structure) {
		if slices.Contains(order, s) {
			return
		}
		for _, f := range s.fields {
			if inner := w.structs[f.typ]; inner != nil && !f.pointer {
				visit(inner)
			}
		}
		order = append(order, s)
	}
	for _, tag := range keys(byTag) {
		visit(byTag[tag])
	}
	return order
}
