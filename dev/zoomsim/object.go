package zoomsim

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Object is a JSON object that keeps the order of its fields, so that bodies
// read like Zoom's and tests can change one field of a payload.
type Object []Field

// Field is one member of an Object.
type Field struct {
	Name  string
	Value any
}

// Get returns a field's value, nil when it is absent.
func (o Object) Get(name string) any {
	if i := o.find(name); i >= 0 {
		return o[i].Value
	}
	return nil
}

// With returns a copy with the field set, in its old place if it had one.
func (o Object) With(name string, value any) Object {
	copied := slices.Clone(o)
	if i := copied.find(name); i >= 0 {
		copied[i].Value = value
		return copied
	}
	return append(copied, Field{name, value})
}

// Without returns a copy that lacks the field.
func (o Object) Without(name string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(f Field) bool { return f.Name == name })
}

// merge sets every field of extra, in alphabetical order for new ones.
func (o Object) merge(extra map[string]any) Object {
	for _, name := range sortedKeys(extra) {
		o = o.With(name, extra[name])
	}
	return o
}

func (o Object) find(name string) int {
	return slices.IndexFunc(o, func(f Field) bool { return f.Name == name })
}

// MarshalJSON writes the fields in order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encodeJSON(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := encodeJSON(f.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encodeJSON leaves <, > and & as they are: Zoom is no Go program.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
