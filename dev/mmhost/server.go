package mmhost

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/mattermost/server/v8/channels/api4"
	"github.com/mattermost/mattermost/server/v8/channels/app"
	"github.com/mattermost/mattermost/server/v8/channels/utils"
	"github.com/mattermost/mattermost/server/v8/channels/web"
	"github.com/mattermost/mattermost/server/v8/channels/wsapi"
	"github.com/mattermost/mattermost/server/v8/config"
)

// The server's side of Start. Its parent writes one order to standard input and
// keeps it open; the server answers with one line on descriptor 3 once it
// listens, or why it cannot. The end of standard input is the order to stop.

const (
	pluginKeyName  = "plugins.gpg" // where the server keeps PluginKey
	serverVariable = "ZOOMDEV_MATTERMOST"
	reportFD       = 3
	shutdownLimit  = 11 * time.Second // below the parent's patience
)

// order is what the server needs to know. All folders exist and are absolute.
type order struct {
	DSN, Addr, SiteURL                           string
	PluginDir, ClientPluginDir, FilesDir, LogDir string
	PluginKey                                    string // a file, or nothing
}

// report is the server's one answer.
type report struct{ Error string }

func init() {
	if os.Getenv(serverVariable) == "" {
		return
	}
	os.Unsetenv(serverVariable)
	// Neither the plugins nor anything else the server starts may hold it open.
	syscall.CloseOnExec(reportFD)
	out := os.NewFile(reportFD, "report")
	server, err := startServer()
	answer := report{}
	if err != nil {
		answer.Error = err.Error()
	}
	if err := json.NewEncoder(out).Encode(answer); err != nil || answer.Error != "" {
		endGroup()
	}
	out.Close()
	awaitOrderToStop()
	// What hangs is ended by force, plugins included.
	time.AfterFunc(shutdownLimit, endGroup)
	server.Shutdown()
	os.Exit(0)
}

// endGroup ends this process and the plugins it started: its parent made it the
// leader of a process group.
func endGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}

func awaitOrderToStop() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop <- syscall.SIGTERM
	}()
	<-stop
}

func startServer() (*app.Server, error) {
	line, err := bufio.NewReader(os.Stdin).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	if err := utils.TranslationsPreInit(); err != nil {
		return nil, fmt.Errorf("translations (was this built with -trimpath?): %w", err)
	}
	store := config.NewTestMemoryStore()
	settings := store.Get().Clone()
	o.apply(settings)
	if _, _, err := store.Set(settings); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if o.PluginKey != "" {
		key, err := os.ReadFile(o.PluginKey)
		if err != nil {
			return nil, err
		}
		if err := store.SetFile(pluginKeyName, key); err != nil {
			return nil, fmt.Errorf("key of plugins: %w", err)
		}
	}
	logger, err := mlog.NewLogger(mlog.MaxFieldLen(*settings.LogSettings.MaxFieldSize))
	if err != nil {
		return nil, fmt.Errorf("logger: %w", err)
	}
	server, err := app.NewServer(app.StartMetrics, app.ConfigStore(store), app.SetLogger(logger))
	if err != nil {
		return nil, err
	}
	if _, err := api4.Init(server); err != nil {
		return nil, err
	}
	wsapi.Init(server)
	web.New(server)
	if err := server.Start(); err != nil {
		return nil, err
	}
	if server.ListenAddr == nil {
		return nil, errors.New("the server does not listen")
	}
	return server, nil
}

func (o *order) apply(c *model.Config) {
	yes, no := model.NewBool(true), model.NewBool(false)

	c.ServiceSettings.ListenAddress = &o.Addr
	c.ServiceSettings.SiteURL = &o.SiteURL
	c.ServiceSettings.AllowedUntrustedInternalConnections = model.NewString("127.0.0.1 localhost")
	c.ServiceSettings.EnableLinkPreviews = no // would fetch every link posted
	c.ServiceSettings.EnableUserAccessTokens = yes
	c.ServiceSettings.EnableBotAccountCreation = yes
	c.ServiceSettings.EnableTutorial = no
	c.ServiceSettings.EnableOnboardingFlow = no
	c.RateLimitSettings.Enable = no
	c.ClusterSettings.Enable = no

	c.SqlSettings.DriverName = model.NewString(model.DatabaseDriverPostgres)
	c.SqlSettings.DataSource = &o.DSN
	c.SqlSettings.MaxOpenConns = model.NewInt(40) // two nodes share PostgreSQL's 100
	c.FileSettings.Directory = model.NewString(o.FilesDir + string(filepath.Separator))
	c.PluginSettings.Enable = yes
	c.PluginSettings.EnableUploads = yes
	c.PluginSettings.Directory = &o.PluginDir
	c.PluginSettings.ClientDirectory = &o.ClientPluginDir
	c.PluginSettings.AutomaticPrepackagedPlugins = no
	if o.PluginKey != "" {
		c.PluginSettings.RequirePluginSignature = yes
		c.PluginSettings.SignaturePublicKeyFiles = []string{pluginKeyName}
	}
	c.PluginSettings.EnableMarketplace = no
	c.PluginSettings.EnableRemoteMarketplace = no

	c.TeamSettings.EnableOpenServer = yes
	c.TeamSettings.EnableUserCreation = yes
	c.TeamSettings.RestrictCreationToDomains = model.NewString("")
	c.TeamSettings.MaxUsersPerTeam = model.NewInt(100_000)
	c.TeamSettings.MaxChannelsPerTeam = model.NewInt64(100_000)
	c.TeamSettings.MaxNotificationsPerChannel = model.NewInt64(100_000)
	c.EmailSettings.RequireEmailVerification = no
	c.EmailSettings.SendEmailNotifications = no
	c.EmailSettings.SendPushNotifications = no

	c.LogSettings.EnableConsole = no
	c.LogSettings.EnableFile = yes
	c.LogSettings.FileLevel = model.NewString("DEBUG")
	c.LogSettings.FileJson = yes
	c.LogSettings.FileLocation = &o.LogDir
	c.LogSettings.EnableDiagnostics = no // nothing leaves this machine
	c.LogSettings.EnableSentry = no
	c.NotificationLogSettings.EnableConsole = no
	c.NotificationLogSettings.EnableFile = no
	c.AnnouncementSettings.AdminNoticesEnabled = no
	c.AnnouncementSettings.UserNoticesEnabled = no
}
