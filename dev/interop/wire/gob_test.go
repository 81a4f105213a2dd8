package wire

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	_ "github.com/mattermost/mattermost/server/public/plugin" // registers what travels in interface values
)

// newest is the server whose models the SDK has. Config alone has lost fields
// since older ones, which C then does not know and gives back without.
const newest = "11.9.0"

// kinds are the types that wire.c knows, under its names.
var kinds = []struct {
	name string
	kind reflect.Type
}{
	{"bool", reflect.TypeFor[bool]()},
	{"int64", reflect.TypeFor[int64]()},
	{"uint64", reflect.TypeFor[uint64]()},
	{"float64", reflect.TypeFor[float64]()},
	{"string", reflect.TypeFor[string]()},
	{"bytes", reflect.TypeFor[[]byte]()},
	{"time", reflect.TypeFor[time.Time]()},
	{"strings", reflect.TypeFor[[]string]()},
	{"map", reflect.TypeFor[map[string]any]()},
	{"list", reflect.TypeFor[[]any]()},
	{"Post", reflect.TypeFor[model.Post]()},
	{"PostList", reflect.TypeFor[model.PostList]()},
	{"Config", reflect.TypeFor[model.Config]()},
	{"CommandArgs", reflect.TypeFor[model.CommandArgs]()},
	{"CommandResponse", reflect.TypeFor[model.CommandResponse]()},
	{"Command", reflect.TypeFor[model.Command]()},
	{"User", reflect.TypeFor[model.User]()},
	{"Channel", reflect.TypeFor[model.Channel]()},
	{"Team", reflect.TypeFor[model.Team]()},
	{"FileInfo", reflect.TypeFor[model.FileInfo]()},
	{"CustomStatus", reflect.TypeFor[model.CustomStatus]()},
	{"AppError", reflect.TypeFor[model.AppError]()},
	{"WebsocketBroadcast", reflect.TypeFor[model.WebsocketBroadcast]()},
	{"OpenDialogRequest", reflect.TypeFor[model.OpenDialogRequest]()},
	{"License", reflect.TypeFor[model.License]()},
}

// maker makes random values; the same seed makes the same ones.
type maker struct {
	*rand.Rand
	room int // nodes that may still be made
}

// fill makes v up; structs of a type within themselves end at the depth.
func (m *maker) fill(v reflect.Value, depth int) {
	m.room--
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(m.time()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(m.int() >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(m.int()) >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(float32(m.NormFloat64())))
	case reflect.String:
		v.SetString(m.text())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && m.IntN(4) != 0 {
				m.fill(v.Field(i), depth)
			}
		}
	case reflect.Pointer:
		if depth > 0 && m.room > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			m.fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), m.count(depth), 10))
		for i := range v.Len() {
			m.fill(v.Index(i), depth-1)
			m.neverNil(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			m.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range m.count(depth) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			m.fill(key, 0)
			m.fill(elem, depth-1)
			m.neverNil(elem)
			v.SetMapIndex(key, elem)
		}
	case reflect.Interface:
		if value := m.any(20); value != nil && v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(value))
		}
	}
}

// neverNil: gob refuses nil pointers among the elements of slices and maps.
func (m *maker) neverNil(v reflect.Value) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
}

func (m *maker) count(depth int) int {
	if depth <= 0 || m.room <= 0 {
		return 0
	}
	return m.IntN(4)
}

func (m *maker) int() int64 {
	switch m.IntN(4) {
	case 0:
		return 0
	case 1:
		return int64(math.MinInt64) >> m.IntN(64)
	case 2:
		return math.MaxInt64 >> m.IntN(64)
	}
	return int64(m.Uint64()) >> m.IntN(64)
}

func (m *maker) text() string {
	switch m.IntN(40) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("long ", m.IntN(30_000))
	case 2:
		return "Größe \x00 \xff 😀 \"quoted\"\n"
	}
	return strings.Repeat("x", m.IntN(5)) + fmt.Sprint(m.IntN(1000))
}

func (m *maker) time() time.Time {
	switch m.IntN(4) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(m.Int64N(4e9), m.Int64N(1e9)).UTC()
	case 2:
		return time.Unix(-m.Int64N(4e9), m.Int64N(1e9)).In(time.FixedZone("", (m.IntN(27*60)-13*60)*60))
	}
	return time.Date(1+m.IntN(9999), 1, 1, 0, 0, 0, m.IntN(1e9), time.UTC)
}

// any is a value of the shapes that JSON has, as deep as depth.
func (m *maker) any(depth int) any {
	m.room--
	kind := m.IntN(12)
	if kind > 7 && m.room <= 0 {
		kind = 0
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return m.IntN(2) == 0
	case 2:
		return m.NormFloat64()
	case 3:
		return m.int()
	case 4:
		return int(m.int())
	case 5:
		return []byte(m.text())
	case 6, 7:
		return m.text()
	case 8:
		return []string{m.text(), m.text()}
	case 9:
		if depth > 0 {
			attachment := model.SlackAttachment{Text: m.text(), Actions: []*model.PostAction{}}
			m.fill(reflect.ValueOf(&attachment.Fields).Elem(), 1)
			return []*model.SlackAttachment{&attachment}
		}
	case 10:
		list := make([]any, m.count(depth))
		for i := range list {
			list[i] = m.any(depth - 1)
		}
		return list
	case 11:
		all := map[string]any{}
		for range m.count(depth) {
			all[m.text()] = m.any(depth - 1)
		}
		return all
	}
	return nil
}

// ways is one connection to C, and one of Go with itself to compare with.
type ways struct {
	toC     *gob.Encoder
	fromC   *gob.Decoder
	toGo    *gob.Encoder
	fromGo  *gob.Decoder
	between *bytes.Buffer
}

func (w *ways) check(name string, value reflect.Value) error {
	back, want := reflect.New(value.Type()), reflect.New(value.Type())
	sent := make(chan error, 1)
	go func() {
		err := w.toC.Encode(name)
		if err == nil {
			err = w.toC.EncodeValue(value)
		}
		sent <- err
	}()
	if err := w.fromC.DecodeValue(back); err != nil {
		return fmt.Errorf("from C: %w", err)
	}
	if err := <-sent; err != nil {
		return fmt.Errorf("to C: %w", err)
	}
	if err := w.toGo.EncodeValue(value); err != nil {
		return err
	}
	if err := w.fromGo.DecodeValue(want); err != nil {
		return err
	}
	if !reflect.DeepEqual(back.Interface(), want.Interface()) {
		return fmt.Errorf("back came\n%+v\nand not\n%+v", back.Elem(), want.Elem())
	}
	return nil
}

// Goal: 10,000 random values of 25 types, the models of the host's version
// among them, come back from C as they come back from Go: what C decodes
// and encodes loses nothing. Each thousand is a connection of its own.
func TestGob(t *testing.T) {
	end, n, older := time.Now().Add(5*time.Minute), 0, 0
	for seed := range uint64(10) {
		peer := start(t, "gob")
		between := &bytes.Buffer{}
		w := ways{gob.NewEncoder(peer.Conn), gob.NewDecoder(peer.Conn), gob.NewEncoder(between), gob.NewDecoder(between), between}
		for i := 0; i < 1000 && time.Now().Before(end); i++ {
			m := &maker{rand.New(rand.NewPCG(seed, uint64(i))), 400}
			kind := kinds[m.IntN(len(kinds))]
			if kind.name == "Config" && model.CurrentVersion != newest {
				older++ // it has other fields there
				continue
			}
			value := reflect.New(kind.kind).Elem()
			m.fill(value, 4)
			if err := w.check(kind.name, value); err != nil {
				peer.Conn.Close()
				peer.ends(done, 1)
				text := err.Error()
				t.Fatalf("seed %d, value %d, %s: %s\n%s", seed, i, kind.name, text[:min(len(text), 4000)], peer.stderr.String())
			}
			n++
		}
		peer.Conn.Close()
		peer.ends(done)
	}
	t.Logf("%d values", n)
	if n+older < 10_000 {
		t.Errorf("%d of 10,000 values in five minutes", n+older)
	}
}
