// Command run starts everything the Zoom plugin needs, on this machine alone:
// PostgreSQL, the real Mattermost server with the plugin in it, a stand-in for
// Zoom, and a small page to try them. Ctrl-C ends it all and leaves nothing.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mattermost/mattermost/server/public/model"

	"zoomdev/mmhost"
	"zoomdev/page"
	"zoomdev/zoomsim"
)

const (
	pluginID    = "zoom"
	teamName    = "demo"
	channelName = "meetings"
	guestName   = "guest"
)

func main() {
	port := flag.Int("port", 8065, "where Mattermost listens on 127.0.0.1; 0 picks a free port")
	bundle := flag.String("bundle", "", "the plugin's bundle, zoom-<version>.tar.gz")
	client := flag.String("page", "build/page", "the folder that the page was built into")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: run [-port 8065] [-page build/page] [-bundle dist/zoom-<version>.tar.gz]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 || *port < 0 || *port > 65535 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	d := &demo{port: *port, bundle: *bundle, client: *client}
	err := d.start(ctx)
	if err == nil {
		err = d.wait(ctx)
	}
	interrupted := ctx.Err() != nil
	if stopErr := d.stop(); stopErr != nil {
		err = errors.Join(err, stopErr)
	} else if interrupted {
		err = nil // whatever was under way was meant to end
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run: "+explain(err, *port))
		os.Exit(1)
	}
}

// demo is what runs. Its parts are nil until they have started.
type demo struct {
	port   int
	bundle string
	client string       // the page as it was built
	people page.Demo    // whom the page offers
	dir    string       // temporary
	rmdir  func() error // removes dir
	pg     *mmhost.Postgres
	zoom   *zoomsim.Sim
	host   *mmhost.Host
}

func (d *demo) start(ctx context.Context) (err error) {
	if d.dir, d.rmdir, err = mmhost.TempDir(); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		d.startZoom, d.startMattermost, d.populate, d.installPlugin,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Printf(`
  %s

  As admin, send  /zoom connect  and accept at the stand-in for Zoom, whose certificate your browser does not know.
  Then, as member, send  /zoom start Weekly sync  in the channel Meetings. Ctrl-C ends it all.
  %s/webhook  sends what Zoom may tell the plugin.

`, d.host.URL, d.zoom.URL())
	return nil
}

func (d *demo) startZoom(context.Context) (err error) {
	d.zoom, err = zoomsim.Start(zoomsim.Options{
		App: zoomsim.App{
			Name: "Zoom for Mattermost", AccountLevel: true, PlainHTTPRedirects: true, SecretToken: rand.Text(),
		},
		Admin: zoomsim.User{Email: mmhost.AdminEmail, FirstName: "Alex", LastName: "Admin"},
	})
	if err != nil {
		return err
	}
	for _, user := range []zoomsim.User{
		{Email: "member@example.com", FirstName: "Mina", LastName: "Member", PMI: 5551234567},
		{Email: "guest@example.com", FirstName: "Gil", LastName: "Guest"},
	} {
		if _, err := d.zoom.AddUser(user); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) startMattermost(ctx context.Context) (err error) {
	ca := filepath.Join(d.dir, "zoom-ca.pem")
	if err := os.WriteFile(ca, d.zoom.CAPEM(), 0o644); err != nil {
		return err
	}
	client := filepath.Join(d.dir, "client")
	d.people = d.page()
	if err := page.Write(client, d.client, d.people); err != nil {
		return err
	}
	if d.pg, err = mmhost.StartPostgres(""); err != nil {
		return err
	}
	dsn, err := d.pg.NewDatabase("mattermost")
	if err != nil {
		return err
	}
	d.host, err = mmhost.Start(ctx, mmhost.Options{
		DSN: dsn, Addr: fmt.Sprintf("127.0.0.1:%d", d.port), ClientDir: client,
		// The plugin has to believe the stand-in, and only that.
		Env: []string{"SSL_CERT_FILE=" + ca, "SSL_CERT_DIR=/nonexistent"},
	})
	return err
}

func (d *demo) page() page.Demo {
	demo := page.Demo{Team: teamName, Channel: channelName, Users: []page.User{
		{Username: mmhost.AdminName, Password: mmhost.Password, About: "runs both",
			Try: []string{"/zoom connect", "/zoom start Weekly sync", "/zoom help"}},
		{Username: "member", Password: mmhost.Password, About: "has an account at Zoom",
			Try: []string{"/zoom start Weekly sync", "/zoom help"}},
		{Username: guestName, Password: mmhost.Password, About: "is a guest",
			Try: []string{"/zoom start", "/zoom help"}},
		{Username: "stranger", Password: mmhost.Password, About: "is unknown to Zoom",
			Try: []string{"/zoom start", "/zoom help"}},
	}}
	if why := d.noBundle(); why != "" {
		demo.Notice = why
	}
	return demo
}

// noBundle says what is wrong with the bundle, or nothing.
func (d *demo) noBundle() string {
	if d.bundle == "" {
		return "No plugin is installed: no bundle was named."
	}
	if _, err := os.Stat(d.bundle); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("No plugin is installed: there is no %s.", d.bundle)
	} else if err != nil {
		return fmt.Sprintf("No plugin is installed: %v.", err)
	}
	return ""
}

func (d *demo) populate(ctx context.Context) error {
	member, _, err := d.host.CreateUser("member", "member@example.com")
	if err != nil {
		return err
	}
	stranger, _, err := d.host.CreateUser("stranger", "stranger@elsewhere.example")
	if err != nil {
		return err
	}
	guest, _, err := d.host.CreateUser(guestName, "guest@example.com")
	if err != nil {
		return err
	}
	team, err := d.host.CreateTeam(teamName, member, stranger, guest)
	if err != nil {
		return err
	}
	channel, _, err := d.host.Admin.CreateChannel(ctx, &model.Channel{
		TeamId: team.Id, Name: channelName, DisplayName: "Meetings", Type: model.ChannelTypeOpen,
		Header: "Say `/zoom start` and a topic",
	})
	if err != nil {
		return err
	}
	for _, user := range []*model.User{member, stranger, guest} {
		if _, _, err := d.host.Admin.AddChannelMember(ctx, channel.Id, user.Id); err != nil {
			return err
		}
	}
	return d.makeGuest(guest)
}

// makeGuest does what the server's own way does with a license only. Without one
// guests cannot sign in either, so this one is signed in before.
func (d *demo) makeGuest(user *model.User) error {
	client, err := d.host.SignIn(guestName)
	if err != nil {
		return err
	}
	for i := range d.people.Users {
		if d.people.Users[i].Username == guestName {
			d.people.Users[i].Session = page.Session{UserID: user.Id, Token: client.AuthToken}
		}
	}
	if err := page.Write(filepath.Join(d.dir, "client"), d.client, d.people); err != nil {
		return err
	}
	for _, statement := range []string{
		"UPDATE sessions SET roles = 'system_guest' WHERE userid = $1",
		"UPDATE users SET roles = 'system_guest' WHERE id = $1",
		"UPDATE teammembers SET schemeguest = true, schemeuser = false WHERE userid = $1",
		"UPDATE channelmembers SET schemeguest = true, schemeuser = false WHERE userid = $1",
	} {
		if err := d.host.Change(statement, user.Id); err != nil {
			return err
		}
	}
	return nil
}

// installPlugin leaves the server running where the plugin does not want to: its
// log says why.
func (d *demo) installPlugin(ctx context.Context) error {
	if why := d.noBundle(); why != "" {
		fmt.Println(why)
		return nil
	}
	webhookSecret := rand.Text()
	d.zoom.UpdateApp(func(app *zoomsim.App) {
		app.RedirectURIs = []string{d.host.URL + "/plugins/zoom/oauth2/complete"}
	})
	d.zoom.SetWebhook(d.host.URL+"/plugins/zoom/webhook?secret="+webhookSecret, nil)
	d.zoom.SetDeauthorization(d.host.URL + "/plugins/zoom/deauthorization?secret=" + webhookSecret)
	app := d.zoom.App()
	_, err := d.host.UploadPlugin(d.bundle)
	if err == nil {
		err = d.host.ConfigurePlugin(pluginID, map[string]any{
			"ZoomURL": d.zoom.URL(), "ZoomAPIURL": d.zoom.APIURL(), "AccountLevelApp": true,
			"OAuthClientID": app.ClientID, "OAuthClientSecret": app.ClientSecret,
			"EncryptionKey": (rand.Text() + rand.Text())[:32], "WebhookSecret": webhookSecret,
			"ZoomWebhookSecret": app.SecretToken,
		})
	}
	if err == nil {
		err = d.host.EnablePlugin(pluginID)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Printf("The plugin does not run: %v\nThe server's log is %s\n", err, d.host.LogFile())
	}
	return nil
}

// wait returns when somebody asks for the end, or the server fails.
func (d *demo) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.host.Ended():
		return errors.New("Mattermost has ended by itself")
	}
}

// stop ends what has started, in reverse order.
func (d *demo) stop() error {
	var err error
	if d.host != nil {
		err = d.host.Stop()
	}
	if d.pg != nil {
		err = errors.Join(err, d.pg.Stop())
	}
	if d.zoom != nil {
		err = errors.Join(err, d.zoom.Close())
	}
	if d.rmdir != nil {
		err = errors.Join(err, d.rmdir())
	}
	return err
}

func explain(err error, port int) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("port %d is taken: end what listens there, or choose another port", port)
	case errors.Is(err, mmhost.ErrNoPostgres):
		return fmt.Sprintf("%v; tools/setup.sh run installs it", err)
	}
	return strings.TrimSpace(err.Error())
}
