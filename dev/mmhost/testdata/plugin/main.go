// The plugin of mmhost's own test: it logs, answers a command and HTTP, and
// ends itself when told to.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

type probe struct{ plugin.MattermostPlugin }

func (p *probe) OnActivate() error {
	p.API.LogInfo("probe activated", "variable", os.Getenv("PROBE"))
	return p.API.RegisterCommand(&model.Command{Trigger: "probe", AutoComplete: true})
}

func (p *probe) OnConfigurationChange() error {
	p.API.LogInfo("probe configured", "settings", fmt.Sprint(p.API.GetPluginConfig()))
	return nil
}

func (p *probe) ExecuteCommand(_ *plugin.Context, args *model.CommandArgs) (*model.CommandResponse, *model.AppError) {
	p.API.PublishWebSocketEvent("ran", map[string]any{"command": args.Command},
		&model.WebsocketBroadcast{UserId: args.UserId})
	return &model.CommandResponse{}, nil
}

func (p *probe) ServeHTTP(_ *plugin.Context, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/die" {
		os.Exit(1)
	}
	fmt.Fprint(w, "probe ", r.Header.Get("Mattermost-User-Id"))
}

func main() { plugin.ClientMain(&probe{}) }
