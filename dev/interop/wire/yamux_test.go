package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"github.com/mattermost/mattermost/server/public/model"
)

// complaints is where Go's yamux writes what it does not like.
type complaints struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *complaints) Write(data []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(data)
}

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func config(log io.Writer) *yamux.Config {
	config := yamux.DefaultConfig()
	config.LogOutput = log
	config.KeepAliveInterval = 200 * time.Millisecond // pings all along
	return config
}

// session is a Go session with the C side as its server or client.
type session struct {
	*yamux.Session
	*peer
	log *complaints
}

func newSession(t *testing.T, args ...string) *session {
	t.Helper()
	s := &session{peer: start(t, args...), log: &complaints{}}
	var err error
	if args[0] == "yamux-server" {
		s.Session, err = yamux.Client(s.peer.Conn, config(s.log))
	} else {
		s.Session, err = yamux.Server(s.peer.Conn, config(s.log))
	}
	check(t, err)
	return s
}

// finish closes our side, after the C side where that ends by itself, since
// Go drops what it has not sent yet; nobody has complained.
func (s *session) finish() {
	s.Helper()
	if s.process.Args[1] == "yamux-server" {
		s.Session.Close()
	}
	s.ends(done)
	s.Session.Close()
	for line := range strings.Lines(s.log.String()) {
		// a read or write that our own Close has cut short
		if !strings.Contains(line, "use of closed network connection") && !strings.Contains(line, "write: broken pipe") &&
			!strings.Contains(line, "connection reset by peer") && !strings.Contains(line, "keepalive failed: session shutdown") {
			s.Errorf("yamux: %s", line)
		}
	}
}

func random(source *rand.Rand, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(source.Uint32())
	}
	return data
}

// halfClose says whether one who has closed a stream can still read what
// comes: not in yamux v0.1.1, which server 9.9 has.
func halfClose() bool { return model.CurrentVersion != "9.9.0" }

// round sends data in chunks of random sizes, reads it back and closes the
// stream: its own half as soon as all is written, where Go can do that.
func round(stream net.Conn, how byte, data []byte, source *rand.Rand, read func(io.Reader) ([]byte, error)) error {
	defer stream.Close()
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write([]byte{how})
		for rest := data; err == nil && len(rest) > 0; {
			part := min(1+source.IntN(40000), len(rest))
			_, err = stream.Write(rest[:part])
			rest = rest[part:]
		}
		if err == nil && halfClose() {
			err = stream.Close()
		}
		written <- err
	}()
	var from io.Reader = stream
	if !halfClose() {
		from = io.LimitReader(stream, int64(len(data)))
	}
	back, err := read(from)
	if err := errors.Join(err, <-written); err != nil {
		return err
	}
	if !bytes.Equal(back, data) {
		return fmt.Errorf("%d bytes of %d came back, or others", len(back), len(data))
	}
	return nil
}

// slowly reads with pauses, so that the window is used up all the time.
func slowly(r io.Reader) ([]byte, error) {
	var all bytes.Buffer
	for {
		_, err := io.CopyN(&all, r, 100_000)
		if err == io.EOF {
			return all.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// Goal: 200 streams at once that Go opens carry 20 MiB there and back, in
// chunks of any size, with half closes, while Go pings.
func TestYamuxGoOpens(t *testing.T) {
	s := newSession(t, "yamux-server")
	var group sync.WaitGroup
	for seed := range uint64(200) {
		group.Go(func() {
			source := rand.New(rand.NewPCG(seed, 1))
			stream, err := s.Open()
			if err == nil {
				err = round(stream, 'e', random(source, 20<<20/200), source, io.ReadAll)
			}
			if err != nil {
				t.Errorf("stream %d: %v", seed, err)
			}
		})
	}
	for range 20 {
		if _, err := s.Ping(); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	for end := time.Now().Add(5 * time.Second); s.NumStreams() > 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	if n := s.NumStreams(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
	s.finish()
}

// Goal: 200 streams at once that C opens carry 20 MiB there and back.
func TestYamuxCOpens(t *testing.T) {
	s := newSession(t, "yamux-client", "200", "104857")
	var group sync.WaitGroup
	for range 200 {
		stream, err := s.Accept()
		check(t, err)
		group.Go(func() {
			if err := echo(stream); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s.finish()
}

// echo is what the C side does for 'e'; the first byte says so.
func echo(stream net.Conn) error {
	defer stream.Close()
	var how [1]byte
	if _, err := io.ReadFull(stream, how[:]); err != nil {
		return err
	}
	_, err := io.Copy(stream, stream)
	return err
}

// Goal: a slow reader on either side uses the window up and loses nothing.
func TestYamuxSlowReaders(t *testing.T) {
	s := newSession(t, "yamux-server")
	var group sync.WaitGroup
	for seed, c := range []struct {
		how  byte
		read func(io.Reader) ([]byte, error)
	}{{'s', io.ReadAll}, {'e', slowly}, {'s', slowly}, {'e', io.ReadAll}} {
		group.Go(func() {
			source := rand.New(rand.NewPCG(uint64(seed), 2))
			stream, err := s.Open()
			if err == nil {
				err = round(stream, c.how, random(source, 5<<20), source, c.read)
			}
			if err != nil {
				t.Errorf("stream %d: %v", seed, err)
			}
		})
	}
	group.Wait()
	s.finish()
}

// Goal: of 700 streams that C wants at once, with a Go side that is slow to
// acknowledge, some wait and none is reset.
func TestYamuxManyAtOnce(t *testing.T) {
	s := newSession(t, "yamux-client", "700", "3000")
	time.Sleep(300 * time.Millisecond) // they queue up: Go acknowledges what it accepts
	var group sync.WaitGroup
	for i := range 700 {
		stream, err := s.Accept()
		check(t, err)
		group.Go(func() {
			if err := echo(stream); err != nil {
				t.Error(err)
			}
		})
		if i%50 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	group.Wait()
	s.finish()
}

// Goal: a C side that gives a stream up with data unread ends it for Go, and
// Go, which ends it too at that moment, hears of no stream it has forgotten.
func TestYamuxCGivesUp(t *testing.T) {
	s := newSession(t, "yamux-server")
	for i := range 300 {
		stream, err := s.Open()
		check(t, err)
		_, err = stream.Write(append([]byte{'q'}, make([]byte, 1000)...))
		check(t, err)
		stream.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := stream.Read(make([]byte, 1)); n != 0 || err != io.EOF && !errors.Is(err, yamux.ErrConnectionReset) {
			t.Fatalf("stream %d: %v", i, err)
		}
		stream.Close()
	}
	s.finish()
}

// Goal: streams that Go resets, or drops with data on its way, end for C and
// take no other stream with them.
//
// Go's yamux has a race of its own here: a FIN that arrives between the
// moment a stream's close times out and the moment it is forgotten ends the
// whole session. It says so in its log; such a session proves nothing.
func TestYamuxGoGivesUp(t *testing.T) {
	for range 10 {
		log := &complaints{}
		err := giveUp(t, log)
		if err == nil {
			return
		}
		if !strings.Contains(log.String(), "unexpected FIN flag in state 6") {
			t.Fatalf("%v\nGo's yamux said: %s", err, log)
		}
	}
	t.Fatal("Go's side has tripped over itself ten times")
}

func giveUp(t *testing.T, log *complaints) error {
	peer := start(t, "yamux-server")
	impatient := config(log)
	impatient.StreamCloseTimeout = 5 * time.Millisecond // then Go resets
	client, err := yamux.Client(peer.Conn, impatient)
	check(t, err)
	source := rand.New(rand.NewPCG(3, 3))
	results := make(chan error, 10) // of the streams that are kept
	var group sync.WaitGroup
	for i := range 100 {
		dropped, data := (*yamux.Stream)(nil), random(source, 1+source.IntN(200_000))
		if dropped, err = client.OpenStream(); err != nil {
			break
		}
		group.Go(func() {
			dropped.Write(append([]byte{"es"[i%2]}, data...))
			dropped.Close() // and reads nothing of what comes
		})
		if i%10 != 0 {
			continue
		}
		kept, content := (*yamux.Stream)(nil), random(source, 100_000)
		if kept, err = client.OpenStream(); err != nil {
			break
		}
		// half closed for longer than the timeout it would be reset
		group.Go(func() { results <- keepOpen(kept, content) })
	}
	group.Wait()
	close(results)
	for result := range results {
		err = errors.Join(err, result)
	}
	time.Sleep(50 * time.Millisecond)
	_, failed := client.Ping()
	client.Close()
	peer.ends(done)
	return errors.Join(err, failed)
}

// keepOpen sends data, reads it back, and only then closes.
func keepOpen(stream net.Conn, data []byte) error {
	sent := make(chan error, 1)
	go func() {
		_, err := stream.Write(append([]byte{'e'}, data...))
		sent <- err
	}()
	back := make([]byte, len(data))
	_, err := io.ReadFull(stream, back)
	if err := errors.Join(err, <-sent); err != nil {
		return err
	}
	if !bytes.Equal(back, data) {
		return errors.New("other bytes came back")
	}
	return stream.Close()
}

// Goal: a Go session that is closed at any moment ends the C side cleanly,
// be it the server or the client of the two.
func TestYamuxGoLeaves(t *testing.T) {
	for i := range 24 {
		source := rand.New(rand.NewPCG(uint64(i), 5))
		args := []string{"yamux-server"}
		if i%2 == 1 {
			args = []string{"yamux-client", "40", "300000"}
		}
		s := newSession(t, args...)
		var group sync.WaitGroup
		if i%2 == 0 {
			for range 40 {
				group.Go(func() {
					if stream, err := s.Open(); err == nil {
						round(stream, 'e', make([]byte, 300_000), rand.New(rand.NewPCG(1, 1)), io.ReadAll)
					}
				})
			}
		} else {
			group.Go(func() {
				for {
					stream, err := s.Accept()
					if err != nil {
						return
					}
					group.Go(func() { echo(stream) })
				}
			})
		}
		time.Sleep(time.Duration(source.IntN(40)) * time.Millisecond)
		switch i % 3 {
		case 0: // without a word
			s.peer.Conn.Close()
		case 1:
			s.GoAway()
		}
		s.Session.Close()
		group.Wait()
		s.ends(done, ended)
	}
}
