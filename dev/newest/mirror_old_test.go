package newest

import (
	"io"
	"net/rpc"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// oldHooks is the host's half of a plugin, as plain as net/rpc allows, so that
// its API may lack what the library has.
type oldHooks struct {
	broker *goplugin.MuxBroker
	client *rpc.Client
}

func (*oldHooks) Server(*goplugin.MuxBroker) (any, error) { return nil, io.EOF }

func (*oldHooks) Client(broker *goplugin.MuxBroker, client *rpc.Client) (any, error) {
	return &oldHooks{broker, client}, nil
}

// oldAPI is that of a server which has but one method.
type oldAPI struct{ lines chan string }

func (a *oldAPI) LogError(args *plugin.Z_LogErrorArgs, _ *plugin.Z_LogErrorReturns) error {
	a.lines <- args.A
	return nil
}

// Goal: an API method that the server lacks, whichever it is, is not found;
// the text says which, and the plugin lives on.
func TestMirrorUnderAnOldServer(t *testing.T) {
	reports := sanitizerReports(t)
	defer func() { judgeReports(t, reports) }()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: "MATTERMOST_PLUGIN", MagicCookieValue: "Securely message teams, anywhere.",
		},
		Plugins: map[string]goplugin.Plugin{"hooks": &oldHooks{}},
		Cmd:     exec.Command(built(t, "mirror-plugin")),
		Logger:  hclog.NewNullLogger(),
	})
	defer client.Kill()
	protocol, err := client.Client()
	check(t, err)
	raw, err := protocol.Dispense("hooks")
	check(t, err)
	hooks := raw.(*oldHooks)

	lines := make(chan string, 16)
	args := plugin.Z_OnActivateArgs{APIMuxId: hooks.broker.NextId(), DriverMuxId: hooks.broker.NextId()}
	for _, id := range []uint32{args.APIMuxId, args.DriverMuxId} {
		go func() {
			connection, err := hooks.broker.Accept(id)
			if err != nil {
				t.Error(err)
				return
			}
			server := rpc.NewServer()
			if err := server.RegisterName("Plugin", &oldAPI{lines}); err != nil {
				t.Error(err)
			}
			server.ServeConn(connection)
		}()
	}
	var activated plugin.Z_OnActivateReturns
	check(t, hooks.client.Call("Plugin.OnActivate", &args, &activated))
	check(t, activated.A)
	// its key-value store is not there for OnConfigurationChange
	if line := <-lines; line != "mirror" {
		t.Errorf("logged %q", line)
	}

	names := []string{"PluginHTTPStream"}
	for _, method := range methods(apiType, nil) {
		names = append(names, method.Name)
	}
	for _, name := range names {
		args := plugin.Z_ExecuteCommandArgs{A: callContext(), B: &model.CommandArgs{Command: "/call " + name}}
		var returns plugin.Z_ExecuteCommandReturns
		began := now()
		check(t, hooks.client.Call("Plugin.ExecuteCommand", &args, &returns))
		answer := returns.A
		if name == "LogError" {
			if answer.Text != "it worked" {
				t.Errorf("LogError, which it has: %+v", answer)
			}
			continue
		}
		if answer.ResponseType != "not found" || !strings.Contains(answer.Text, "can't find method Plugin."+name) {
			t.Errorf("%s: %+v", name, answer)
		}
		if took := now() - began; took > 2000 {
			t.Errorf("%s: in %d ms", name, took)
		}
	}
}
