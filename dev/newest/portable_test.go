//go:build portable

package newest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/zoomsim"
)

// These tests run inside a root that has nothing but the unpacked bundle in
// /zoom, /tmp, /etc/resolv.conf and /etc/hosts (tests/portable/test.sh): what
// the plugin needs beyond the kernel must be in its file.

// certFile is Debian's place; the others are in certPlaces.
const certFile = "/etc/ssl/certs/ca-certificates.crt"

var certPlaces = []string{
	certFile,
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/etc/ssl/certs/Zoom.pem", // in the folder, as SUSE has them
}

// newShipped is the plugin as it is in the bundle, not yet active.
func newShipped(t *testing.T) *host {
	t.Helper()
	text, err := os.ReadFile("/zoom/plugin.json")
	check(t, err)
	var manifest model.Manifest
	check(t, json.Unmarshal(text, &manifest))
	manifest.Webapp = nil
	files := map[string]string{}
	for _, name := range []string{"server/dist/plugin-linux-amd64", "server/dist/plugin-linux-arm64", "assets/profile.png", manifest.IconPath} {
		files[name] = filepath.Join("/zoom", name)
	}
	return newHost(t, &manifest, files)
}

// trust puts the stand-in's CA where a distribution has it.
func trust(t *testing.T, place string, zoom *zoomsim.Sim) {
	t.Helper()
	write(t, place, zoom.CAPEM())
	t.Cleanup(func() { check(t, os.Remove(place)) })
}

// startsMeeting connects the account and starts a meeting, all by HTTPS.
func startsMeeting(t *testing.T, options zoomsim.Options, place string) *world {
	t.Helper()
	zoom := newStandIn(t, options)
	trust(t, place, zoom)
	w := newWorldOf(t, newShipped(t), zoom)
	w.configure()
	w.authorize()
	w.mustStart()
	return w
}

func TestPortableRoot(t *testing.T) {
	var found []string
	check(t, filepath.WalkDir("/", func(path string, entry os.DirEntry, err error) error {
		if path == "/tmp" || path == "/zoom" {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	}))
	if got := strings.Join(found, " "); got != "/etc/hosts /etc/resolv.conf /host.test" {
		t.Errorf("in the root: %s", got)
	}
}

func TestPortableCertificates(t *testing.T) {
	for _, place := range certPlaces {
		t.Run(place, func(t *testing.T) {
			startsMeeting(t, zoomsim.Options{Host: "zoom.test"}, place)
		})
	}
}

func TestPortableNoCertificates(t *testing.T) {
	w := newWorldOf(t, newShipped(t), newStandIn(t, zoomsim.Options{Host: "zoom.test"}))
	w.configure()
	if answer := w.request(w.admin, "GET", w.consent(), nil); answer.Code == http.StatusOK {
		t.Errorf("connected without a CA certificate: %s", answer.Body)
	}
	contains(t, fmt.Sprint(w.api.logged), "no CA certificates found")
}

func TestPortableIPv6(t *testing.T) {
	startsMeeting(t, zoomsim.Options{Host: "zoom6.test", Addr: "[::1]:0"}, certFile)
}

// proxy takes CONNECT and counts by address.
type proxy struct {
	mu   sync.Mutex
	seen map[string]int
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen[r.Host]++
	p.mu.Unlock()
	there, err := net.Dial("tcp", r.Host)
	if err != nil || r.Method != http.MethodConnect {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	go func() { io.Copy(there, here); there.Close() }()
	io.Copy(here, there)
	here.Close()
}

func TestPortableProxy(t *testing.T) {
	p := &proxy{seen: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := &http.Server{Handler: p}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	t.Setenv("HTTPS_PROXY", "http://"+listener.Addr().String())
	w := startsMeeting(t, zoomsim.Options{Host: "zoom.test"}, certFile)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[strings.TrimPrefix(w.zoom.URL(), "https://")] == 0 {
		t.Errorf("through the proxy: %v", p.seen)
	}
}

// nameServer answers on 127.0.0.1:53, by UDP and TCP, or keeps silent. Names
// that begin with "large" get an answer that fits into TCP alone.
type nameServer struct {
	silent        bool
	asked, byTCP  atomic.Int32
	onlyQualified string // this suffix is needed, else there is no such name
	udp           net.PacketConn
	tcp           net.Listener
}

func newNameServer(t *testing.T, silent bool, suffix string) *nameServer {
	t.Helper()
	s := &nameServer{silent: silent, onlyQualified: suffix}
	var err error
	s.udp, err = net.ListenPacket("udp", "127.0.0.1:53")
	check(t, err)
	s.tcp, err = net.Listen("tcp", "127.0.0.1:53")
	check(t, err)
	t.Cleanup(func() { s.udp.Close(); s.tcp.Close() })
	go s.serveUDP()
	go s.serveTCP()
	return s
}

func (s *nameServer) serveUDP() {
	for buf := make([]byte, 4096); ; {
		n, from, err := s.udp.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n], false); answer != nil {
			s.udp.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) serveTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		length := make([]byte, 2)
		if _, err := io.ReadFull(conn, length); err == nil {
			question := make([]byte, int(length[0])<<8|int(length[1]))
			if _, err := io.ReadFull(conn, question); err == nil {
				answer := s.answer(question, true)
				conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...))
			}
		}
		conn.Close()
	}
}

func (s *nameServer) answer(packed []byte, tcp bool) []byte {
	s.asked.Add(1)
	var m dnsmessage.Message
	if s.silent || m.Unpack(packed) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	switch {
	case !strings.HasSuffix(q.Name.String(), s.onlyQualified):
		m.RCode = dnsmessage.RCodeNameError
	case strings.HasPrefix(q.Name.String(), "large") && !tcp:
		m.Truncated = true
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
		if tcp {
			s.byTCP.Add(1)
		}
	}
	answer, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return answer
}

func TestPortableNames(t *testing.T) {
	for _, row := range []struct {
		host, suffix string
		tcp          bool
	}{
		{"named.test", "named.test.", false},
		{"large.named.test", "named.test.", true},
		{"short", ".corp.test.", false}, // resolv.conf has it as search domain
	} {
		t.Run(row.host, func(t *testing.T) {
			s := newNameServer(t, false, row.suffix)
			startsMeeting(t, zoomsim.Options{Host: row.host}, certFile)
			if s.asked.Load() == 0 || (s.byTCP.Load() > 0) != row.tcp {
				t.Errorf("asked %d times, answered %d times by TCP", s.asked.Load(), s.byTCP.Load())
			}
		})
	}
}

// A name server that does not answer holds up nobody for longer than a
// connection may take to be made.
func TestPortableSilentNames(t *testing.T) {
	w := startsMeeting(t, zoomsim.Options{Host: "zoom.test"}, certFile)
	s := newNameServer(t, true, "")
	settings := maps.Clone(w.api.settings)
	settings["ZoomAPIURL"] = strings.Replace(w.zoom.APIURL(), "zoom.test", "silent.test", 1)
	w.api.set(settings)
	check(t, w.hooks().OnConfigurationChange())
	began := time.Now()
	answer := w.start(w.member)
	took := time.Since(began)
	if answer.Code == http.StatusOK || s.asked.Load() == 0 {
		t.Errorf("%d %s, the name server was asked %d times", answer.Code, answer.Body, s.asked.Load())
	}
	if took < 2*time.Second || took > 12*time.Second {
		t.Errorf("it took %v", took)
	}
	began = time.Now()
	w.request(w.member, "GET", "/nothing", nil)
	if took := time.Since(began); took > time.Second {
		t.Errorf("another request took %v", took)
	}
}
