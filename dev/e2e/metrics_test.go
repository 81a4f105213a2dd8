package e2e

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"zoomdev/mmhost"
)

// Goal: the metrics port of the real server shows what the plugin has done;
// a server without an audit log for plugins is not bothered with records.
func TestMetricsPort(t *testing.T) {
	covers(t, "better: metrics")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := listener.Addr().String()
	check(t, listener.Close())
	w := newWorldAt(t, "", "MM_METRICSSETTINGS_ENABLE=true", "MM_METRICSSETTINGS_LISTENADDRESS="+address)
	w.configure()
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	w.starts(2)
	w.zoom.ExpireAccessTokens()
	w.starts(1)
	w.post(person{}, "/webhook?secret=wrong", "{}")

	answer, err := http.Get("http://" + address + "/plugins/zoom/metrics")
	check(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	for _, line := range []string{
		`zoom_http_requests_seconds_count{route="/api/v1/meetings"} 3`,
		`zoom_http_requests_errors_total{route="/api/v1/meetings"} 0`,
		`zoom_http_requests_errors_total{route="/webhook"} 1`,
		`zoom_api_calls_seconds_count{call="meeting_create"} 3`,
		`zoom_token_refreshes_total{result="ok"} 1`,
		"zoom_jobs_waiting 0", "# EOF",
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	entries, err := w.host.Log(mmhost.FromPlugin("zoom"), mmhost.Saying("audit"))
	check(t, err)
	if len(entries) != 0 {
		t.Errorf("about the audit log: %v", entries)
	}
}
