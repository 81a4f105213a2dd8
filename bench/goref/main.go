// Goref is a Mattermost plugin that does the measured part of this project's
// plugin the way Go plugins do it: plugin.MattermostPlugin, net/http,
// encoding/json, golang.org/x/oauth2, and nothing made to win a race. It has
// the same routes, checks and answers, and makes the same calls in the same
// order, so that what is left to compare is the way in between.
package main

import (
	"fmt"
	"sync/atomic"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

const (
	pluginID = "zoom-goref"
	trigger  = "zoomgo"
	botName  = "zoomgo"
)

// Plugin is what the server talks to.
type Plugin struct {
	plugin.MattermostPlugin

	settings atomic.Pointer[settings] // replaced as a whole
	router   *mux.Router
	botID    string
}

// settings are those of this project's plugin, under the same names.
type settings struct {
	ZoomURL           string
	ZoomAPIURL        string
	AccountLevelApp   bool
	OAuthClientID     string
	OAuthClientSecret string
	EncryptionKey     string
	WebhookSecret     string
	ZoomWebhookSecret string

	RestrictMeetingCreation bool

	siteURL string
}

func (s *settings) valid() bool {
	return s.OAuthClientID != "" && s.OAuthClientSecret != "" && len(s.EncryptionKey) == 32 && s.WebhookSecret != ""
}

// OnConfigurationChange is called before OnActivate, too.
func (p *Plugin) OnConfigurationChange() error {
	s := new(settings)
	if err := p.API.LoadPluginConfiguration(s); err != nil {
		return fmt.Errorf("load the settings: %w", err)
	}
	if site := p.API.GetConfig().ServiceSettings.SiteURL; site != nil {
		s.siteURL = *site
	}
	p.settings.Store(s)
	return nil
}

func (p *Plugin) OnActivate() error {
	bot, err := p.API.EnsureBotUser(&model.Bot{
		Username: botName, DisplayName: "Zoom in Go", Description: "Posts Zoom meetings and answers /" + trigger,
	})
	if err != nil {
		return fmt.Errorf("create the bot: %w", err)
	}
	p.botID = bot
	p.router = p.newRouter()
	if err := p.API.RegisterCommand(newCommand()); err != nil {
		return fmt.Errorf("register the command: %w", err)
	}
	return nil
}

func main() {
	plugin.ClientMain(new(Plugin))
}
