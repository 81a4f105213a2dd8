package wire

import (
	"errors"
	"fmt"
	"net/rpc"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// Value is what the methods of Echo take and give back.
type Value struct {
	Text   string
	Number int64
	Millis int
	Props  map[string]any
}

func value(n int) *Value {
	return &Value{
		Text: fmt.Sprintf("call %d", n), Number: int64(n) << 20, Millis: n * 7 % 40,
		Props: map[string]any{"n": int64(n), "list": []any{"a", 1.5, nil, true}, "map": map[string]any{"deep": strings.Repeat("x", n%3000)}},
	}
}

// Goal: a Go client has 512 calls of a C server in flight, is answered in
// another order, and each answer belongs to its call.
func TestRPCServer(t *testing.T) {
	peer := start(t, "rpc-server")
	client := rpc.NewClient(peer.Conn)
	calls := make(chan *rpc.Call, 512)
	order := map[*rpc.Call]int{}
	for n := range 512 {
		order[client.Go("Echo.Slow", value(n), &Value{}, calls)] = n
	}
	overtaken, last := 0, -1
	for range 512 {
		call := <-calls
		n := order[call]
		if call.Error != nil {
			t.Fatalf("call %d: %v", n, call.Error)
		}
		if n < last {
			overtaken++
		}
		last = n
		if !reflect.DeepEqual(call.Reply, value(n)) {
			t.Errorf("call %d: %+v", n, call.Reply)
		}
	}
	if overtaken == 0 {
		t.Error("all answers came in the order of the calls")
	}
	client.Close()
	peer.ends(done)
}

// Goal: a method that fails, one that is not there and arguments of another
// type fail their own call; the connection goes on.
func TestRPCServerErrors(t *testing.T) {
	peer := start(t, "rpc-server")
	client := rpc.NewClient(peer.Conn)
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for range 50 {
				for method, part := range map[string]string{"Echo.Fail": "failed: " + value(n).Text, "Echo.Nothing": "can't find", "Nowhere": ""} {
					err := client.Call(method, value(n), &Value{})
					if _, told := errors.AsType[rpc.ServerError](err); !told || !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %v", method, err)
					}
				}
				if err := client.Call("Echo.Value", struct{ Text int }{n}, &Value{}); err == nil {
					t.Error("a number was taken for a text")
				}
				var reply Value
				if err := client.Call("Echo.Value", value(n), &reply); err != nil || !reflect.DeepEqual(&reply, value(n)) {
					t.Errorf("%+v %v", reply, err)
				}
			}
		})
	}
	group.Wait()
	client.Close()
	peer.ends(done)
}

// Goal: more calls than the C server takes on are refused, not dropped, and
// afterwards all is as before.
func TestRPCServerOverload(t *testing.T) {
	peer := start(t, "rpc-server")
	client := rpc.NewClient(peer.Conn)
	const n = 900
	calls := make(chan *rpc.Call, n)
	for range n {
		client.Go("Echo.Slow", &Value{Millis: 3000}, &Value{}, calls)
	}
	good, refused := 0, 0
	for range n {
		if call := <-calls; call.Error == nil {
			good++
		} else {
			refused++
		}
	}
	t.Logf("%d served, %d refused", good, refused)
	if good < 512 || refused == 0 {
		t.Errorf("%d served, %d refused", good, refused)
	}
	if err := client.Call("Echo.Value", value(1), &Value{}); err != nil {
		t.Error(err)
	}
	client.Close()
	peer.ends(done)
}

// Echo is the Go side of what wire.c serves.
type Echo struct{}

func (Echo) Value(args *Value, reply *Value) error { *reply = *args; return nil }

func (Echo) Slow(args *Value, reply *Value) error {
	time.Sleep(time.Duration(args.Millis) * time.Millisecond)
	*reply = *args
	return nil
}

func (Echo) Fail(args *Value, _ *Value) error { return errors.New("failed: " + args.Text) }

// Goal: 200 threads of C call a Go server at once, with answers out of order,
// errors and methods that are not there; each gets its own answer.
func TestRPCClient(t *testing.T) {
	peer := start(t, "rpc-client", "200", "60")
	server := rpc.NewServer()
	check(t, server.Register(Echo{}))
	go server.ServeConn(peer.Conn)
	peer.ends(done)
}

// Goal: a Go server that goes away in the middle fails the calls of C; none
// of them hangs.
func TestRPCServerLeaves(t *testing.T) {
	for i := range 10 {
		peer := start(t, "rpc-client", "50", "1000000")
		server := rpc.NewServer()
		check(t, server.Register(Echo{}))
		time.AfterFunc(time.Duration(20+i*7)*time.Millisecond, func() { peer.Conn.Close() })
		server.ServeConn(peer.Conn)
		peer.ends(ended)
	}
}
