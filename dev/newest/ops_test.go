package newest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"zoomdev/zoomsim"
)

// Goal: a server that has an audit log gets a record of who connected and
// disconnected Zoom, and of the settings that matter, of the key no more than
// that it has changed.
func TestAudit(t *testing.T) {
	w := connected(t)
	w.types(w.admin, "/zoom disconnect")
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	var events []string
	for _, rec := range w.api.audited {
		text := rec.EventName
		if rec.EventName == "zoomSetting" {
			text = fmt.Sprint(rec.EventData.Parameters["name"], "=", rec.EventData.Parameters["setting"])
		} else if rec.Actor.UserId != w.admin.Id || rec.EventData.ObjectType != "zoomAccount" || rec.EventData.Parameters["zoom_email"] != "admin@example.com" && rec.EventName == "zoomConnect" {
			t.Errorf("%+v", rec)
		}
		if rec.Status != "success" {
			t.Errorf("%+v", rec)
		}
		events = append(events, text)
	}
	if strings.Join(events, " ") != "EncryptionKey=changed AccountLevelApp=true zoomConnect zoomDisconnect" {
		t.Errorf("audited: %v", events)
	}
}

// Goal: the support packet holds status and settings, and no secret.
func TestSupportPacket(t *testing.T) {
	w := connected(t)
	files, err := w.hooks().GenerateSupportData(callContext())
	check(t, err)
	if len(files) != 1 || files[0].Filename != "zoom.md" {
		t.Fatalf("%d files", len(files))
	}
	text := string(files[0].Body)
	for _, part := range []string{"Zoom accepts the token", "- EncryptionKey: (32 characters)", "- AccountLevelApp: true"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
	for _, secret := range []string{w.zoom.App().ClientSecret, encryptionKey, webhookSecret, w.zoom.App().SecretToken, zoomsim.TokenStart} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in it", secret)
		}
	}
}

// Goal: what has been done is counted for whoever watches the server.
func TestMetrics(t *testing.T) {
	w := connected(t)
	w.mustStart()
	recorder := httptest.NewRecorder()
	w.hooks().ServeMetrics(callContext(), recorder, httptest.NewRequest("GET", "/metrics", nil))
	if recorder.Code != http.StatusOK || !strings.HasPrefix(recorder.Header().Get("Content-Type"), "application/openmetrics-text") {
		t.Fatalf("%d %v", recorder.Code, recorder.Header())
	}
	text := recorder.Body.String()
	for _, line := range []string{
		`zoom_http_requests_seconds_count{route="/api/v1/meetings"} 1`,
		`zoom_api_calls_seconds_count{call="meeting_create"} 1`,
		`zoom_api_calls_errors_total{call="token"} 0`,
		"zoom_jobs_waiting 0", "# EOF",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
}
