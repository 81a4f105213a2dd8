package e2e

import (
	"net/http"
	"strings"
	"testing"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// lacks is contains, the other way round.
func lacks(t *testing.T, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("%q is in %q", part, text)
	}
}

// Goal: an admin is led from an empty installation to one that works, sees at
// each step what is missing, and nobody else sees the secret in the addresses.
func TestStatusAndSetup(t *testing.T) {
	covers(t, "better: status", "better: setup", "better: unconfigured")
	w := newWorld(t)

	text := w.types(w.admin, "/zoom status")
	contains(t, text, ":x: **Zoom client ID** is empty")
	contains(t, text, "was not checked")
	lacks(t, w.types(w.admin, "/zoom setup"), "?secret=")
	for _, command := range []string{"/zoom status", "/zoom setup"} {
		contains(t, w.types(w.member, command), "Only system admins")
	}

	w.configure()
	text = w.types(w.admin, "/zoom status")
	contains(t, text, ":white_check_mark: The settings are complete.")
	contains(t, text, ":x: No Zoom account is connected yet.")
	contains(t, text, ":x: No event has come from Zoom yet.")
	text = w.types(w.admin, "/zoom setup")
	contains(t, text, "`"+w.host.URL+"/plugins/zoom/webhook?secret="+webhookSecret+"`")
	contains(t, text, "`"+w.host.URL+"/plugins/zoom/deauthorization?secret="+webhookSecret+"`")
	contains(t, text, "`"+w.host.URL+"/plugins/zoom/oauth2/complete`")
	contains(t, text, ":black_square_button: There, add")
	lacks(t, text, w.zoom.App().ClientSecret)
	lacks(t, text, w.zoom.App().SecretToken)

	// what Zoom does when the address is saved there
	_, err := w.zoom.ValidateURL()
	check(t, err)
	w.authorize()
	text = w.types(w.admin, "/zoom status")
	contains(t, text, "connected to the account of `"+mmhost.AdminEmail+"`, connected by @"+w.admin.user.Username)
	contains(t, text, ":white_check_mark: Zoom has granted all scopes")
	contains(t, text, ":white_check_mark: This server's clock agrees")
	contains(t, text, ":white_check_mark: No recording is waiting")
	contains(t, text, "Mattermost 9.9")
	contains(t, text, "Site URL** does not begin with `https://`")
	lacks(t, text, webhookSecret)

	w.starts(1)
	_, err = w.zoom.Start(w.zoom.Meetings()[0].ID)
	check(t, err)
	contains(t, w.types(w.admin, "/zoom status"), ":white_check_mark: An event came from Zoom")
	contains(t, w.types(w.admin, "/zoom setup"), ":white_check_mark: There, add")
}

// Goal: scopes that are missing are told when the account is connected, and
// later, and do not keep it from being connected; a dead grant and recordings
// that cannot be fetched are seen.
func TestStatusOfTrouble(t *testing.T) {
	covers(t, "better: scopes told", "better: status")
	w := newWorld(t)
	w.configure()
	w.zoom.UpdateApp(func(app *zoomsim.App) {
		app.Scopes = []string{"user:read:user:admin", "meeting:write:meeting:admin", "meeting:read:meeting:admin"}
	})
	w.send(w.admin, "/zoom connect")
	w.hears(w.admin)
	if status, page := w.authorize(); status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	contains(t, w.hears(w.admin), "has not granted `cloud_recording:read:recording:admin`")
	contains(t, w.types(w.admin, "/zoom status"), ":x: Scopes are missing: `cloud_recording:read:recording:admin`.")
	if n := w.starts(1); n != 1 {
		t.Error("no meeting without the scope for recordings")
	}

	w.zoom.Fail("GET /rec/", zoomsim.Fault{Status: 503, Times: 99})
	meeting := w.zoom.Meetings()[0]
	_, err := w.zoom.Start(meeting.ID)
	check(t, err)
	_, err = w.zoom.End(meeting.ID)
	check(t, err)
	event, err := w.zoom.RecordingEvent("recording.completed", meeting.ID, zoomsim.ChatFile("09:00:00\tAda:\thello\n"))
	check(t, err)
	delivery, err := w.zoom.Deliver(event)
	check(t, err)
	if delivery.Status != http.StatusOK {
		t.Fatalf("delivering a recording: %d %s", delivery.Status, delivery.Body)
	}
	var text string
	eventually(t, "the recording waits and has failed once", func() bool {
		text = w.types(w.admin, "/zoom status")
		return strings.Contains(text, ":x: Waiting to be posted: 1 recording,")
	})
	w.zoom.ClearFaults()

	w.zoom.RevokeGrants()
	contains(t, w.types(w.admin, "/zoom status"), ":x: The connection to Zoom has ended.")
}
