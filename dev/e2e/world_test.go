package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// world is a server with the plugin in it, a Zoom, and people.
type world struct {
	*testing.T
	host    *mmhost.Host
	zoom    *zoomsim.Sim
	channel *model.Channel
	bundle  string
	admin   person // system admin, admin of the Zoom account
	member  person // known to Zoom
	unknown person // signed up here, not known to Zoom
}

type person struct {
	user   *model.User
	client *model.Client4
	ws     *model.WebSocketClient
}

const (
	webhookSecret = "webhook-secret-0123456789abcdefg"
	encryptionKey = "encryption-key-0123456789abcdefg"
)

// zoomBundle packs the plugin in the flavour under test with the real manifest.
func zoomBundle(t *testing.T) string {
	t.Helper()
	return zoomBundleOf(t, "")
}

// zoomBundleOf is one that says it is of this version.
func zoomBundleOf(t *testing.T, version string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), "plugin.json"))
	check(t, err)
	var manifest map[string]any
	check(t, json.Unmarshal(text, &manifest))
	if version != "" {
		manifest["version"] = version
	}
	files := map[string]string{"server/dist/plugin-" + platform(): built(t, "zoom-plugin")}
	names := []string{"assets/profile.png", "assets/profile.svg", "public/app-bar-icon.png"}
	if manifest["webapp"] != nil {
		names = append(names, webappPath)
	}
	for _, name := range names {
		files[name] = filepath.Join(root(), name)
	}
	if _, err := os.Stat(files[webappPath]); manifest["webapp"] != nil && err != nil {
		t.Fatalf("%v: run make webapp first", err)
	}
	return pack(t, "zoom", files, manifest)
}

// webappPath is what browsers load of the plugin; make webapp builds it.
const webappPath = "webapp/dist/main.js"

// newWorld starts everything; the plugin is enabled and not configured.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldAt(t, "")
}

// newWorldAt is one whose server has a Site URL with a path.
func newWorldAt(t *testing.T, path string, env ...string) *world {
	t.Helper()
	w := newTownAt(t, path, env...)
	w.install()
	return w
}

// install puts the plugin into the server.
func (w *world) install() {
	w.Helper()
	_, err := w.host.UploadPlugin(w.bundle)
	check(w.T, err)
	check(w.T, w.host.EnablePlugin("zoom"))
}

// newTown is a world without the plugin.
func newTown(t *testing.T) *world {
	t.Helper()
	return newTownAt(t, "")
}

func newTownAt(t *testing.T, path string, env ...string) *world {
	t.Helper()
	return newTownOn(t, mmhost.Options{SiteURL: path, Env: env})
}

// newTownOn is one on a database of its own.
func newTownOn(t *testing.T, options mmhost.Options) *world {
	t.Helper()
	zoom, err := zoomsim.Start(zoomsim.Options{
		App: zoomsim.App{
			Name: "Test", AccountLevel: true, PlainHTTPRedirects: true, SecretToken: "zoom-secret-token",
		},
		Admin: zoomsim.User{Email: mmhost.AdminEmail},
		Plan:  zoomsim.PlanUnlimited,
	})
	check(t, err)
	t.Cleanup(func() { check(t, zoom.Close()) })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(ca, zoom.CAPEM(), 0o644))
	w := &world{T: t, zoom: zoom, bundle: zoomBundle(t)}
	options.DSN, err = postgres.NewDatabase("")
	check(t, err)
	options.Env = append(options.Env, "SSL_CERT_FILE="+ca, "SSL_CERT_DIR=/nonexistent")
	w.host = startNode(t, options)
	w.admin = person{user: w.host.AdminUser, client: w.host.Admin}
	w.member = w.newPerson("ada", "ada@example.com")
	w.unknown = w.newPerson("sam", "sam@example.com")
	w.admin.ws = w.socket(w.admin)
	_, err = zoom.AddUser(zoomsim.User{Email: "Ada@Example.com"})
	check(t, err)
	team, err := w.host.CreateTeam("team", w.admin.user, w.member.user, w.unknown.user)
	check(t, err)
	w.channel, err = w.host.CreateChannel(team, "talk", model.ChannelTypeOpen, w.admin.user, w.member.user, w.unknown.user)
	check(t, err)
	return w
}

// in is the same world for a sub-test.
func (w *world) in(t *testing.T) *world {
	inner := *w
	inner.T = t
	return &inner
}

func (w *world) newPerson(name, email string) person {
	w.Helper()
	user, client, err := w.host.CreateUser(name, email)
	check(w.T, err)
	p := person{user: user, client: client}
	p.ws = w.socket(p)
	return p
}

func (w *world) socket(p person) *model.WebSocketClient {
	w.Helper()
	ws, err := w.host.WebSocket(p.client)
	check(w.T, err)
	return ws
}

// settings are what an admin fills in.
func (w *world) settings() map[string]any {
	app := w.zoom.App()
	return map[string]any{
		"ZoomURL": w.zoom.URL(), "ZoomAPIURL": w.zoom.APIURL() + "/", "AccountLevelApp": app.AccountLevel,
		"OAuthClientID": app.ClientID, "OAuthClientSecret": app.ClientSecret,
		"EncryptionKey": encryptionKey, "WebhookSecret": webhookSecret,
		"ZoomWebhookSecret": app.SecretToken,
	}
}

// configure saves the settings and tells Zoom where we are.
func (w *world) configure() {
	w.Helper()
	check(w.T, w.host.ConfigurePlugin("zoom", w.settings()))
	w.zoom.UpdateApp(func(app *zoomsim.App) {
		app.RedirectURIs = []string{w.host.URL + "/plugins/zoom/oauth2/complete"}
	})
	w.zoom.SetWebhook(w.host.URL+"/plugins/zoom/webhook?secret="+webhookSecret, http.DefaultClient)
	w.zoom.SetDeauthorization(w.host.URL + "/plugins/zoom/deauthorization?secret=" + webhookSecret)
	eventually(w.T, "the settings are in force", func() bool {
		status, _ := w.get(person{}, "/oauth2/connect")
		return status != http.StatusNotImplemented
	})
	for _, p := range []person{w.admin, w.member, w.unknown} {
		w.prefers(p, "No") // so that nobody is asked
	}
}

// prefers answers /zoom settings: Yes, No or Ask, to a personal meeting ID.
func (w *world) prefers(p person, action string) {
	w.Helper()
	status, body := w.post(p, "/api/v1/updatePMI", `{"context":{"action":"`+action+`"}}`)
	if status != http.StatusOK {
		w.Fatalf("saving a preference: %d %s", status, body)
	}
}

// connected is a world in which an admin has connected the Zoom account.
func connected(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.connect()
	return w
}

// connect configures the plugin, and an admin connects the Zoom account.
func (w *world) connect() {
	w.Helper()
	w.configure()
	if status, page := w.authorize(); status != http.StatusOK {
		w.Fatalf("connecting: %d %s", status, page)
	}
}

// authorize does what the admin's browser does, from link to last page.
func (w *world) authorize() (int, string) {
	w.Helper()
	return w.authorizes(w.admin, mmhost.AdminEmail)
}

// authorizes is the same with somebody's browser, signed in to Zoom as email.
func (w *world) authorizes(p person, email string) (int, string) {
	w.Helper()
	status, location := w.get(p, "/oauth2/connect")
	if status != http.StatusFound {
		return status, location
	}
	back, err := w.zoom.Consent(location, email)
	check(w.T, err)
	return w.get(p, strings.TrimPrefix(back, w.host.URL+"/plugins/zoom"))
}

func (w *world) get(p person, path string) (int, string) {
	w.Helper()
	return request(w.T, w.host, p.client, "GET", "/plugins/zoom"+path, nil)
}

func (w *world) post(p person, path, body string, headers ...string) (int, string) {
	w.Helper()
	headers = append([]string{"Content-Type", "application/json"}, headers...)
	return request(w.T, w.host, p.client, "POST", "/plugins/zoom"+path, strings.NewReader(body), headers...)
}

// types sends a command; answer is what the bot then shows to this user alone.
func (w *world) types(p person, command string) string {
	w.Helper()
	w.send(p, command)
	return w.hears(p)
}

// hears is the next message that the bot shows to this user alone.
func (w *world) hears(p person) string { return w.shown(p).Message }

// shown is the same as the whole post.
func (w *world) shown(p person) *model.Post {
	w.Helper()
	event, err := mmhost.Await(p.ws, 10*time.Second, mmhost.OfType(model.WebsocketEventEphemeralMessage))
	if err != nil {
		w.Fatalf("the bot has nothing to say: %v", err)
	}
	post := new(model.Post)
	check(w.T, json.Unmarshal([]byte(event.GetData()["post"].(string)), post))
	return post
}

func (w *world) send(p person, command string) {
	w.Helper()
	_, _, err := p.client.ExecuteCommand(context.Background(), w.channel.Id, command)
	check(w.T, err)
}

// posts are the channel's posts of the meeting's type, newest first.
func (w *world) posts() []*model.Post {
	w.Helper()
	list, _, err := w.admin.client.GetPostsForChannel(context.Background(), w.channel.Id, 0, 200, "", false, false)
	check(w.T, err)
	var found []*model.Post
	for _, p := range list.ToSlice() {
		if p.Type == "custom_zoom" {
			found = append(found, p)
		}
	}
	return found
}
