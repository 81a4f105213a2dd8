package newest

import (
	"bytes"
	"crypto/x509"
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// ---- values with something in every field ------------------------------------

// variant is a way to fill values.
type variant int

const (
	plain   variant = iota // small, different everywhere, no errors
	faults                 // the same with errors
	extreme                // the ends of each range, odd strings
	hollow                 // structs and containers that are there, with nothing in them
	nothing                // the zero value
)

var variants = []variant{plain, faults, extreme, hollow, nothing}

func (v variant) String() string {
	return []string{"plain", "faults", "extreme", "hollow", "nothing"}[v]
}

// filler makes values; two of the same start make equal ones.
type filler struct {
	variant
	n     int
	stack map[reflect.Type]int // types being filled
}

var (
	typeError = reflect.TypeFor[error]()
	typeAny   = reflect.TypeFor[any]()
	zones     = []*time.Location{time.UTC, time.FixedZone("", 2*3600), time.FixedZone("", -5400), time.Local}
)

// fill is a value of a type; n makes it differ from others.
func fill(t reflect.Type, v variant, n int) reflect.Value {
	f := &filler{variant: v, n: n, stack: map[reflect.Type]int{}}
	return f.value(t)
}

func (f *filler) value(t reflect.Type) reflect.Value {
	f.n++
	v := reflect.New(t).Elem()
	if f.variant == nothing {
		return v
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(f.time()))
		return v
	case reflect.TypeFor[url.URL]():
		v.Set(reflect.ValueOf(url.URL{Scheme: "https", Host: "example.com", Path: fmt.Sprint("/a b/", f.n), RawQuery: "q=1&r=2"}))
		return v
	case reflect.TypeFor[big.Int]():
		v.Addr().Interface().(*big.Int).Lsh(big.NewInt(int64(f.n)), 90)
		return v
	case reflect.TypeFor[x509.OID]():
		oid, err := x509.OIDFromInts([]uint64{1, 2, uint64(f.n)})
		if err != nil {
			panic(err)
		}
		v.Set(reflect.ValueOf(oid))
		return v
	case typeError:
		if f.variant != plain {
			v.Set(reflect.ValueOf(f.error()))
		}
		return v
	case typeAny:
		if made := f.any(); made != nil {
			v.Set(reflect.ValueOf(made))
		}
		return v
	case reflect.TypeFor[*model.AppError]():
		if f.variant != plain {
			v.Set(reflect.ValueOf(f.appError()))
		}
		return v
	}
	f.kind(v)
	return v
}

func (f *filler) kind(v reflect.Value) {
	t := v.Type()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.variant != hollow)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(f.int(t.Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.uint(t.Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.float(t.Bits()))
	case reflect.String:
		v.SetString(f.string())
	case reflect.Struct:
		f.fields(v)
	case reflect.Pointer:
		if !f.inside(t) {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(f.value(t.Elem()))
		}
	case reflect.Slice:
		f.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(f.value(t.Elem()))
		}
	case reflect.Map:
		f.map_(v)
	}
}

func (f *filler) fields(v reflect.Value) {
	t := v.Type()
	f.stack[t]++
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			v.Field(i).Set(f.value(t.Field(i).Type))
		}
	}
	f.stack[t]--
}

// inside tells whether a struct that this type leads to is being filled.
func (f *filler) inside(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return f.stack[t] > 0
}

func (f *filler) slice(v reflect.Value) {
	t := v.Type()
	if f.variant == hollow || f.inside(t) {
		v.Set(reflect.MakeSlice(t, 0, 0))
		return
	}
	for range 2 {
		v.Set(reflect.Append(v, f.value(t.Elem())))
	}
}

func (f *filler) map_(v reflect.Value) {
	t := v.Type()
	v.Set(reflect.MakeMap(t))
	if f.variant == hollow || f.inside(t) {
		return
	}
	for range 2 {
		key := f.value(t.Key())
		v.SetMapIndex(key, f.value(t.Elem()))
	}
}

func (f *filler) int(bits int) int64 {
	switch {
	case f.variant == hollow:
		return 0
	case f.variant == extreme && f.n%2 == 0:
		return math.MinInt64 >> (64 - bits)
	case f.variant == extreme:
		return math.MaxInt64 >> (64 - bits)
	case f.n%2 == 0:
		return int64(-1 - f.n%100)
	}
	return int64(1 + f.n%100)
}

func (f *filler) uint(bits int) uint64 {
	switch f.variant {
	case hollow:
		return 0
	case extreme:
		return math.MaxUint64 >> (64 - bits)
	}
	return uint64(1 + f.n%200)
}

func (f *filler) float(bits int) float64 {
	switch {
	case f.variant == hollow:
		return 0
	case f.variant == extreme && bits == 32:
		return math.MaxFloat32
	case f.variant == extreme:
		return []float64{math.SmallestNonzeroFloat64, -math.MaxFloat64, math.Inf(1)}[f.n%3]
	}
	return float64(f.n) + 0.25
}

func (f *filler) string() string {
	switch {
	case f.variant == hollow:
		return ""
	case f.variant == extreme && f.n%97 == 0:
		return strings.Repeat("long ", 200) + fmt.Sprint(f.n)
	case f.variant == extreme:
		return fmt.Sprintf("\x00 %d \xff 中文 🎉 \n", f.n)
	}
	return fmt.Sprintf("text %d é", f.n)
}

func (f *filler) time() time.Time {
	switch f.variant {
	case hollow:
		return time.Time{}
	case extreme:
		return time.Date(1+9998*(f.n%2), 12, 31, 23, 59, 59, 999999999, time.UTC)
	}
	return time.Unix(1700000000+int64(f.n), int64(f.n)).In(zones[f.n%len(zones)])
}

func (f *filler) appError() *model.AppError {
	e := &model.AppError{}
	f.fields(reflect.ValueOf(e).Elem())
	e.StatusCode = []int{400, 401, 403, 404, 500, 0}[f.n%6]
	return e
}

// error: of the types that a host sends, as it sends them.
func (f *filler) error() error {
	switch f.n % 3 {
	case 0:
		return f.appError()
	case 1:
		return &pq.Error{Severity: "ERROR", Code: "23505", Message: f.string(), Table: "posts"}
	}
	return &plugin.ErrorString{Err: f.string()}
}

// any goes round what may be in props and payloads.
func (f *filler) any() any {
	if f.stack[typeAny] > 2 || f.variant == hollow {
		return nil
	}
	f.stack[typeAny]++
	defer func() { f.stack[typeAny]-- }()
	// text where a value of this type would contain itself
	made := func(t reflect.Type) any {
		if f.inside(t) {
			return f.string()
		}
		return f.value(t).Interface()
	}
	n := f.n % 22
	switch n {
	case 0, 1:
		return map[string]any{"nested": f.any2(), "nil": nil, "é": f.any2()}
	case 2, 3:
		return []any{f.any2(), nil, f.any2()}
	case 4:
		return made(reflect.TypeFor[[]*model.MessageAttachment]())
	case 5:
		return made(reflect.TypeFor[*model.AutocompleteTextArg]())
	case 6:
		return made(reflect.TypeFor[*model.AutocompleteDynamicListArg]())
	case 7:
		return made(reflect.TypeFor[*model.AutocompleteStaticListArg]())
	case 8:
		return &model.PreviewPost{PostID: f.string(), TeamName: f.string()}
	case 9:
		return f.appError()
	case 10:
		return &plugin.ErrorString{Code: 9, Err: f.string()}
	case 11:
		return []string{f.string(), ""}
	case 12:
		return []byte(f.string())
	case 13:
		return f.float(64)
	case 14:
		return true
	case 15:
		return int(f.int(64))
	case 16:
		return f.int(64)
	case 17:
		return uint8(f.uint(8))
	case 18:
		return []int{1, -1, 0}
	case 19:
		return float32(1.5)
	case 20:
		return int32(f.int(32))
	}
	return f.string()
}

func (f *filler) any2() any {
	f.n += 5
	return f.any()
}

// ---- gob ---------------------------------------------------------------------------

// encode is a gob stream of one value; empty for a struct without fields.
func encode(t testing.TB, v reflect.Value) []byte {
	t.Helper()
	if v.Kind() == reflect.Struct && v.NumField() == 0 {
		return nil
	}
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).EncodeValue(v); err != nil {
		t.Fatalf("encoding %s: %v", v.Type(), err)
	}
	return out.Bytes()
}

// decode lays a gob stream over a value.
func decode(t testing.TB, text []byte, v reflect.Value) {
	t.Helper()
	if v.Kind() == reflect.Struct && v.NumField() == 0 {
		return
	}
	if err := gob.NewDecoder(bytes.NewReader(text)).DecodeValue(v.Addr()); err != nil {
		t.Fatalf("decoding %s: %v", v.Type(), err)
	}
}

func decoded(t testing.TB, text []byte, as reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(as).Elem()
	decode(t, text, v)
	return v
}

// normal is what gob makes of a value: pointers to zeros are nil, and so are
// empty slices.
func normal(t testing.TB, v reflect.Value) reflect.Value {
	t.Helper()
	return decoded(t, encode(t, v), v.Type())
}

// wireStruct is the struct in which values of these types travel: A, B, C.
func wireStruct(types []reflect.Type) reflect.Type {
	var fields []reflect.StructField
	for i, t := range types {
		fields = append(fields, reflect.StructField{Name: string(rune('A' + i)), Type: t})
	}
	return reflect.StructOf(fields)
}

func inputs(m reflect.Method) reflect.Type {
	var types []reflect.Type
	for i := range m.Type.NumIn() {
		types = append(types, m.Type.In(i))
	}
	return wireStruct(types)
}

func outputs(m reflect.Method) reflect.Type {
	var types []reflect.Type
	for i := range m.Type.NumOut() {
		types = append(types, m.Type.Out(i))
	}
	return wireStruct(types)
}

// members are the fields of a struct; joined makes a struct of them again.
func members(v reflect.Value) []reflect.Value {
	var list []reflect.Value
	for i := range v.NumField() {
		list = append(list, v.Field(i))
	}
	return list
}

func joined(t reflect.Type, list []reflect.Value) reflect.Value {
	v := reflect.New(t).Elem()
	for i, member := range list {
		if member.IsValid() {
			v.Field(i).Set(member)
		}
	}
	return v
}

// ---- comparing ------------------------------------------------------------------------

// same fails the test with the places where two values differ.
func same(t testing.TB, what string, got, want reflect.Value) {
	t.Helper()
	if reflect.DeepEqual(got.Interface(), want.Interface()) {
		return
	}
	found := differences(got, want, "", nil)
	if len(found) == 0 {
		found = []string{fmt.Sprintf("%+v, not %+v", got, want)}
	}
	t.Errorf("%s: %d differences\n\t%s", what, len(found), strings.Join(found[:min(len(found), 12)], "\n\t"))
}

func differences(got, want reflect.Value, path string, found []string) []string {
	if !got.IsValid() || !want.IsValid() || got.Type() != want.Type() {
		if got.IsValid() != want.IsValid() || got.IsValid() {
			found = append(found, fmt.Sprintf("%s: %v, not %v", path, got, want))
		}
		return found
	}
	switch got.Kind() {
	case reflect.Pointer, reflect.Interface:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				found = append(found, fmt.Sprintf("%s: %v, not %v", path, got, want))
			}
			return found
		}
		return differences(got.Elem(), want.Elem(), path, found)
	case reflect.Struct:
		for i := range got.NumField() {
			found = differences(got.Field(i), want.Field(i), path+"."+got.Type().Field(i).Name, found)
		}
		return found
	case reflect.Slice, reflect.Array:
		if got.Len() != want.Len() || got.Kind() == reflect.Slice && got.IsNil() != want.IsNil() {
			return append(found, fmt.Sprintf("%s: %v, not %v", path, got, want))
		}
		for i := range got.Len() {
			found = differences(got.Index(i), want.Index(i), fmt.Sprintf("%s[%d]", path, i), found)
		}
		return found
	case reflect.Map:
		if got.IsNil() != want.IsNil() || got.Len() != want.Len() {
			return append(found, fmt.Sprintf("%s: %v, not %v", path, got, want))
		}
		for _, key := range want.MapKeys() {
			found = differences(got.MapIndex(key), want.MapIndex(key), fmt.Sprintf("%s[%v]", path, key), found)
		}
		return found
	}
	if !got.Equal(want) {
		found = append(found, fmt.Sprintf("%s: %v, not %v", path, got, want))
	}
	return found
}

// Goal: the values that these tests send have something in every field.
func TestFilledValuesAreFull(t *testing.T) {
	for _, sample := range []reflect.Type{reflect.TypeFor[model.Post](), reflect.TypeFor[model.User](), reflect.TypeFor[model.Config](), reflect.TypeFor[http.Response]()} {
		v := fill(sample, plain, 1)
		for i := range v.NumField() {
			f := sample.Field(i)
			if kind := f.Type.Kind(); f.IsExported() && kind != reflect.Chan && kind != reflect.Func && kind != reflect.Interface && v.Field(i).IsZero() {
				t.Errorf("%s.%s is empty", sample, f.Name)
			}
		}
		if !reflect.DeepEqual(v.Interface(), fill(sample, plain, 1).Interface()) {
			t.Errorf("%s is not made the same twice", sample)
		}
	}
}
