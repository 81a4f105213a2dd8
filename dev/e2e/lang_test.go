package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// speaks changes somebody's language, before the plugin has asked for it.
func (w *world) speaks(p person, locale string) {
	w.Helper()
	_, _, err := w.host.Admin.PatchUser(context.Background(), p.user.Id, &model.UserPatch{Locale: &locale})
	check(w.T, err)
}

// serverSpeaks changes the language of what all can read.
func (w *world) serverSpeaks(locale string) {
	w.Helper()
	check(w.T, w.host.Configure(&model.Config{LocalizationSettings: model.LocalizationSettings{DefaultServerLocale: &locale}}))
}

// wants looks for all of the parts in a text.
func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		contains(t, text, part)
	}
}

// Goal: somebody who has set German reads all answers in German: commands,
// buttons, errors, pages. Others in the same channel read English, and so does
// everybody what is posted for all, since that is the server's language.
func TestGermanUser(t *testing.T) {
	covers(t, "better: languages")
	w := newWorld(t)
	w.speaks(w.admin, "de")
	wants(t, w.types(w.admin, "/zoom start"), "Zoom ist noch nicht eingerichtet; `/zoom setup` zeigt", "**Zoom client ID** ist leer")
	w.configure()
	wants(t, w.types(w.admin, "/zoom connect"), "[Verbinden Sie das Zoom-Konto](", "Der Link gilt fünf Minuten lang.")
	status, page := w.authorize()
	if status != http.StatusOK {
		t.Fatalf("connecting: %d %s", status, page)
	}
	wants(t, page, `<html lang="de">`, "<h1>Zoom ist verbunden</h1>", "zu Mattermost zurückkehren.</p>")
	wants(t, w.hears(w.admin), "Zoom ist verbunden, und zwar mit dem Konto von `")
	if _, page = w.get(w.admin, "/oauth2/complete"); !strings.Contains(page, "<h1>Es hat sich nichts geändert</h1>") {
		t.Errorf("page: %s", page)
	}
	wants(t, w.types(w.admin, "/zoom status"), "#### Zoom: 3 Punkte zu klären", ":white_check_mark: Die Einstellungen sind vollständig.",
		"verbunden (durch @"+w.admin.user.Username+"). Zoom nimmt das Token an.", "Das Zugriffstoken gilt noch 5", "Minuten")
	wants(t, w.types(w.admin, "/zoom setup"), "#### Zoom einrichten", "1. :black_square_button: In der Systemkonsole")

	dialog := w.opensDialog(w.admin, w.channel, "").Dialog
	if dialog.Title != "Zoom in diesem Kanal" || dialog.SubmitLabel != "Speichern" || dialog.Elements[0].Options[0].Text != "Erlaubt" {
		t.Errorf("the dialog: %+v", dialog)
	}

	eva := w.joins("eva", zoomsim.User{})
	w.speaks(eva, "de")
	wants(t, w.types(eva, "/zoom help"), "- `/zoom start [Thema]` - Ein Meeting in diesem Kanal starten")
	wants(t, w.types(eva, "/zoom disconnect"), "Nur die Systemadministration kann `/zoom disconnect` verwenden.")
	wants(t, w.types(w.member, "/zoom help"), "- `/zoom start [topic]` - Start a meeting in this channel")

	w.send(eva, "/zoom start Plan")
	question := w.shown(eva)
	asked := question.Attachments()[0]
	if asked.Title != "Welche Meeting-ID soll dieses Meeting haben?" || asked.Actions[0].Name != "Meine persönliche Meeting-ID verwenden" ||
		asked.Actions[1].Name != "Eine einmalige Meeting-ID verwenden" {
		t.Errorf("the question: %+v", asked)
	}
	w.press(eva, question, "WithoutPMI")
	w.answered(eva, question, "Sie haben eine einmalige Meeting-ID gewählt.")
	post := w.posts()[0]
	contains(t, post.Message, "Meeting started: ")
	wants(t, post.Attachments()[0].Text, "Meeting ID: ", "[Join meeting](")
	w.wantProps(post, map[string]any{"meeting_topic": "Plan", "meeting_status": "STARTED"})

	w.send(eva, "/zoom start")
	recent := w.shown(eva).Attachments()[0]
	wants(t, recent.Text, "@eva hat in diesem Kanal gerade ein Zoom-Meeting gestartet. [Nehmen Sie daran teil](")
	if recent.Actions[0].Name != "Neues Meeting starten" {
		t.Errorf("the button: %q", recent.Actions[0].Name)
	}

	w.speaks(w.unknown, "de")
	status, answer := w.post(w.unknown, "/api/v1/meetings?force=true", w.startBody())
	if status != http.StatusNotFound || !strings.Contains(answer, "Zoom kennt im verbundenen Zoom-Konto niemanden mit Ihrer") {
		t.Errorf("an error: %d %s", status, answer)
	}
}

// Goal: on a server that speaks German what all can read is German, and what
// only one person reads is not, if they have set English.
func TestGermanServer(t *testing.T) {
	covers(t, "better: languages")
	w := connected(t)
	w.serverSpeaks("de")

	list, _, err := w.member.client.ListCommandAutocompleteSuggestions(context.Background(), "/zoom%20", w.channel.TeamId)
	check(t, err)
	found := false
	for _, s := range list {
		found = found || s.Hint == "[Thema]" && s.Description == "Ein Meeting in diesem Kanal starten"
	}
	if !found {
		t.Errorf("no suggestion is in German: %+v", list)
	}

	m := w.meets()
	wants(t, m.root.Message, "Das Meeting hat begonnen: ")
	wants(t, m.root.Attachments()[0].Text, "Meeting-ID: ", "[Am Meeting teilnehmen](")
	w.wantProps(m.root, map[string]any{"meeting_topic": "Zoom Meeting", "meeting_provider": "Zoom"})
	eventually(t, "the meeting is over", func() bool { return w.posts()[0].Message == "Das Meeting ist beendet." })
	ended := w.posts()[0].Attachments()[0]
	if len(ended.Fields) == 0 || ended.Fields[0].Title != "Beginn" {
		t.Errorf("the end: %+v", ended)
	}

	w.delivers(w.recorded(m.id, zoomsim.VideoFile([]byte("video")), zoomsim.ChatFile(chatText)), http.StatusOK)
	reply := w.settled(m, 1)[0]
	wants(t, reply.Message, "Das Meeting wurde aufgezeichnet: [Aufzeichnung ansehen](", "Der Chat des Meetings ist angehängt.")
	if name, _ := w.attached(reply); name != "Chat-history.txt" {
		t.Errorf("the file is called %s", name)
	}
	wants(t, w.types(w.member, "/zoom help"), "Start a meeting in this channel")

	w.serverSpeaks("en")
	w.starts(1)
	contains(t, w.posts()[0].Message, "Meeting started: ")
}

// Goal: each admin is told by direct message in their own language that the app
// was removed at Zoom.
func TestGermanAdmin(t *testing.T) {
	covers(t, "better: languages")
	w := connected(t)
	boss := w.newPerson("boss", "boss@example.com")
	_, err := w.host.Admin.UpdateUserRoles(context.Background(), boss.user.Id, "system_user system_admin")
	check(t, err)
	w.speaks(boss, "de")
	if status := w.deauthorize(mmhost.AdminEmail, zoomsim.DeauthRetentionFalse, nil); status != http.StatusOK {
		t.Fatalf("removing the app: %d", status)
	}
	w.told(boss, "Jemand hat die Mattermost-App aus Ihrem Konto bei Zoom entfernt.")
	w.told(w.admin, "Somebody has removed the Mattermost app from your account at Zoom")
}
