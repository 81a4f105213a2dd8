package main

import (
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// row is one subcommand.
type row struct {
	name, argument, help string
	admin                bool
}

var rows = []row{
	{"start", "[topic]", "start a meeting in this channel", false},
	{"settings", "", "choose between your personal meeting ID and a unique one", false},
	{"connect", "", "connect a Zoom account", true},
	{"disconnect", "", "end the connection", true},
	{"subscription add", "meeting-id", "post this meeting here whenever it starts", false},
	{"subscription remove", "meeting-id", "post it here no more", false},
	{"subscription list", "", "list the meetings that are posted here", false},
	{"channel-settings", "", "allow or restrict meetings in this channel", false},
	{"setup", "", "what is left to be set up", true},
	{"status", "", "check the connection", true},
	{"help", "", "show this list", false},
}

func newCommand() *model.Command {
	data := model.NewAutocompleteData(trigger, "[command]", "Zoom meetings")
	for _, r := range rows {
		if !strings.Contains(r.name, " ") {
			data.AddCommand(model.NewAutocompleteData(r.name, r.argument, r.help))
		}
	}
	return &model.Command{
		Trigger: trigger, AutoComplete: true, AutoCompleteDesc: "Zoom meetings", AutoCompleteHint: "[command]",
		AutocompleteData: data,
	}
}

// ExecuteCommand answers by the bot; the response adds nothing to it.
func (p *Plugin) ExecuteCommand(_ *plugin.Context, args *model.CommandArgs) (*model.CommandResponse, *model.AppError) {
	words := strings.Fields(args.Command)
	isAdmin := p.API.HasPermissionTo(args.UserId, model.PermissionManageSystem)
	if len(words) < 2 || words[1] == "help" {
		p.tell(args.UserId, args.ChannelId, args.RootId, helpText(isAdmin))
	} else {
		p.tell(args.UserId, args.ChannelId, args.RootId, "I only know `/"+trigger+" help`.")
	}
	return &model.CommandResponse{}, nil
}

func helpText(isAdmin bool) string {
	var text strings.Builder
	text.WriteString("**Zoom meetings**\n")
	for _, r := range rows {
		if r.admin && !isAdmin {
			continue
		}
		text.WriteString("* `/" + trigger + " " + r.name)
		if r.argument != "" {
			text.WriteString(" " + r.argument)
		}
		text.WriteString("` - " + r.help + "\n")
	}
	return text.String()
}

// tell shows a message of the bot to one user alone.
func (p *Plugin) tell(userID, channelID, rootID, message string) {
	p.API.SendEphemeralPost(userID, &model.Post{
		UserId: p.botID, ChannelId: channelID, RootId: rootID, Message: message,
	})
}
