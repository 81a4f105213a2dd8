package mmhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

// Every call below is bounded by the one minute of the HTTP client.

// Client returns a client that is not signed in.
func (h *Host) Client() *model.Client4 {
	c := model.NewAPIv4Client(h.URL)
	c.HTTPClient = h.http
	return c
}

// SignIn returns a client that is signed in as a user of this host.
func (h *Host) SignIn(username string) (*model.Client4, error) {
	c := h.Client()
	if _, _, err := c.Login(context.Background(), username, Password); err != nil {
		return nil, fmt.Errorf("sign in %s: %w", username, err)
	}
	return c, nil
}

// CreateUser creates a user with the common password, in no team, and signs in.
func (h *Host) CreateUser(username, email string) (*model.User, *model.Client4, error) {
	user, _, err := h.Admin.CreateUser(context.Background(), &model.User{
		Username: username, Email: email, Password: Password,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("create user %s: %w", username, err)
	}
	c, err := h.SignIn(username)
	return user, c, err
}

// CreateTeam creates an open team of the administrator and the given users.
func (h *Host) CreateTeam(name string, members ...*model.User) (*model.Team, error) {
	ctx := context.Background()
	team, _, err := h.Admin.CreateTeam(ctx, &model.Team{Name: name, DisplayName: name, Type: model.TeamOpen})
	if err != nil {
		return nil, fmt.Errorf("create team %s: %w", name, err)
	}
	for _, user := range members {
		if _, _, err := h.Admin.AddTeamMember(ctx, team.Id, user.Id); err != nil {
			return nil, fmt.Errorf("add %s to team %s: %w", user.Username, name, err)
		}
	}
	return team, nil
}

// CreateChannel creates a channel of the administrator and the given users, who
// are in the team already.
func (h *Host) CreateChannel(team *model.Team, name string, kind model.ChannelType, members ...*model.User) (*model.Channel, error) {
	ctx := context.Background()
	channel, _, err := h.Admin.CreateChannel(ctx, &model.Channel{
		TeamId: team.Id, Name: name, DisplayName: name, Type: kind,
	})
	if err != nil {
		return nil, fmt.Errorf("create channel %s: %w", name, err)
	}
	for _, user := range members {
		if _, _, err := h.Admin.AddChannelMember(ctx, channel.Id, user.Id); err != nil {
			return nil, fmt.Errorf("add %s to channel %s: %w", user.Username, name, err)
		}
	}
	return channel, nil
}

// UploadPlugin installs a bundle, over an installed one if need be. A plugin
// that was enabled is enabled again.
func (h *Host) UploadPlugin(path string) (*model.Manifest, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	manifest, _, err := h.Admin.UploadPluginForced(context.Background(), file)
	if err != nil {
		return nil, fmt.Errorf("upload %s: %w", path, err)
	}
	return manifest, nil
}

// EnablePlugin enables a plugin and waits until it runs. Enabled already, it is
// only waited for.
func (h *Host) EnablePlugin(id string) error {
	if _, err := h.Admin.EnablePlugin(context.Background(), id); err != nil {
		return fmt.Errorf("enable plugin %s: %w", id, err)
	}
	return h.awaitState(id, model.PluginStateRunning)
}

// DisablePlugin disables a plugin and waits until its process is gone.
func (h *Host) DisablePlugin(id string) error {
	if _, err := h.Admin.DisablePlugin(context.Background(), id); err != nil {
		return fmt.Errorf("disable plugin %s: %w", id, err)
	}
	if err := h.awaitState(id, model.PluginStateNotRunning); err != nil {
		return err
	}
	return h.awaitGone(id)
}

// RemovePlugin uninstalls a plugin and waits until its process is gone.
func (h *Host) RemovePlugin(id string) error {
	if _, err := h.Admin.RemovePlugin(context.Background(), id); err != nil {
		return fmt.Errorf("remove plugin %s: %w", id, err)
	}
	return h.awaitGone(id)
}

// PluginState returns the row of the list of plugins: its State is one of
// model.PluginState..., its Error says why a plugin does not run.
func (h *Host) PluginState(id string) (*model.PluginStatus, error) {
	rows, _, err := h.Admin.GetPluginStatuses(context.Background())
	if err != nil {
		return nil, fmt.Errorf("plugin statuses: %w", err)
	}
	for _, row := range rows {
		if row.PluginId == id {
			return row, nil
		}
	}
	return nil, fmt.Errorf("plugin %s is not installed", id)
}

// PluginPIDs returns the processes of a plugin: one while it runs.
func (h *Host) PluginPIDs(id string) []int {
	home := filepath.Join(h.pluginDir(), id) + string(filepath.Separator)
	var pids []int
	for _, p := range processes() {
		if p.parent != h.PID() || p.zombie {
			continue
		}
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		if err == nil && strings.Contains(string(command), home) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// ConfigurePlugin sets settings of a plugin; those not named keep their values,
// as do other plugins'. The plugin knows them when it returns.
func (h *Host) ConfigurePlugin(id string, settings map[string]any) error {
	current, _, err := h.Admin.GetConfig(context.Background())
	if err != nil {
		return fmt.Errorf("configure plugin %s: %w", id, err)
	}
	plugins := current.PluginSettings.Plugins
	if plugins == nil {
		plugins = map[string]map[string]any{}
	}
	if plugins[id] == nil {
		plugins[id] = map[string]any{}
	}
	for key, value := range settings {
		plugins[id][key] = value
	}
	if err := h.Configure(&model.Config{PluginSettings: model.PluginSettings{Plugins: plugins}}); err != nil {
		return fmt.Errorf("configure plugin %s: %w", id, err)
	}
	return nil
}

// Configure changes those settings of the server that are not nil.
func (h *Host) Configure(patch *model.Config) error {
	_, _, err := h.Admin.PatchConfig(context.Background(), patch)
	return err
}

// WebSocket connects as the user of a signed-in client and waits for the
// server's hello. Stop closes it.
func (h *Host) WebSocket(client *model.Client4) (*model.WebSocketClient, error) {
	ws, err := model.NewWebSocketClient4("ws"+strings.TrimPrefix(h.URL, "http"), client.AuthToken)
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	h.mu.Lock()
	h.sockets = append(h.sockets, ws)
	h.mu.Unlock()
	ws.Listen()
	if _, err := Await(ws, 10*time.Second, OfType(model.WebsocketEventHello)); err != nil {
		ws.Close()
		return nil, err
	}
	return ws, nil
}

// OfType is for Await: events of one type. A plugin's event is called
// custom_<plugin id>_<name>.
func OfType(name model.WebsocketEventType) func(*model.WebSocketEvent) bool {
	return func(e *model.WebSocketEvent) bool { return e.EventType() == name }
}

// Await reads events, answers to requests too, until one is wanted; the others
// are dropped.
func Await(ws *model.WebSocketClient, limit time.Duration, want func(*model.WebSocketEvent) bool) (*model.WebSocketEvent, error) {
	timeout := time.After(limit)
	for {
		select {
		case event, open := <-ws.EventChannel:
			if !open {
				return nil, errors.New("websocket: closed by the server")
			}
			if want(event) {
				return event, nil
			}
		case <-ws.ResponseChannel:
		case <-timeout:
			return nil, fmt.Errorf("websocket: no such event within %v", limit)
		}
	}
}

func (h *Host) awaitState(id string, want int) error {
	var row *model.PluginStatus
	var err error
	within(20*time.Second, func() bool {
		row, err = h.PluginState(id)
		return err != nil || row.State == want || (row.Error != "" && row.State == model.PluginStateFailedToStart)
	})
	if err != nil {
		return err
	}
	if row.State != want {
		return fmt.Errorf("plugin %s is in state %d instead of %d: %s", id, row.State, want, row.Error)
	}
	return nil
}

func (h *Host) awaitGone(id string) error {
	if !within(10*time.Second, func() bool { return len(h.PluginPIDs(id)) == 0 }) {
		return fmt.Errorf("plugin %s: process %v does not end", id, h.PluginPIDs(id))
	}
	return nil
}
