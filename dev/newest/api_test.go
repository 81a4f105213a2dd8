package newest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/plugin/plugintest"
	"github.com/stretchr/testify/mock"
)

// server stands in for everything behind plugin.API, in memory, with the
// semantics of the real server where a plugin can tell the difference. What
// is not written here fails the test by name: see refuseTheRest.
type server struct {
	plugintest.API
	t        *testing.T
	manifest *model.Manifest
	folder   string // of the plugin

	mu       sync.Mutex // guards all below
	siteURL  string
	settings map[string]any
	kv       map[string]*model.PluginKeyValue
	users    map[string]*model.User
	channels map[string]*model.Channel
	members  map[string][]string // channel id to user ids
	posts    map[string]*model.Post
	sent     []*model.Post // to CreatePost and UpdatePost, as gob decoded them
	shown    []*model.Post // to one user; UserId is that user
	events   []event
	commands []*model.Command
	pictures map[string][]byte // user id to image
	logged   []entry
	audited  []*model.AuditRecord
}

type event struct {
	name      string
	payload   map[string]any
	broadcast *model.WebsocketBroadcast
}

type entry struct {
	level, message string
	fields         []any
}

func newServer(t *testing.T, manifest *model.Manifest, folder string) *server {
	s := &server{
		t: t, manifest: manifest, folder: folder, siteURL: "http://localhost:8065",
		settings: map[string]any{}, kv: map[string]*model.PluginKeyValue{},
		users: map[string]*model.User{}, channels: map[string]*model.Channel{}, members: map[string][]string{},
		posts: map[string]*model.Post{}, pictures: map[string][]byte{},
	}
	s.refuseTheRest()
	return s
}

// refuseTheRest makes every method of plugin.API that server does not have
// itself fail the test and answer an error, where the host would panic.
func (s *server) refuseTheRest() {
	api := reflect.TypeFor[plugin.API]()
	for i := range api.NumMethod() {
		method := api.Method(i)
		if method.Type.IsVariadic() {
			continue // the loggers
		}
		anything := make([]any, method.Type.NumIn())
		for n := range anything {
			anything[n] = mock.Anything
		}
		complain := func(mock.Arguments) {
			s.t.Errorf("the plugin calls %s, which this stand-in does not know", method.Name)
		}
		answer := reflect.MakeFunc(method.Type, func([]reflect.Value) []reflect.Value { return refusal(method) })
		s.On(method.Name, anything...).Run(complain).Return(answer.Interface()).Maybe()
	}
}

// refusal is the zero value of every result, but for errors.
func refusal(method reflect.Method) []reflect.Value {
	var results []reflect.Value
	for i := range method.Type.NumOut() {
		result := reflect.Zero(method.Type.Out(i))
		switch result.Type() {
		case reflect.TypeFor[*model.AppError]():
			result = reflect.ValueOf(model.NewAppError(method.Name, "not_implemented", nil, "", http.StatusNotImplemented))
		case reflect.TypeFor[error]():
			result = reflect.ValueOf(errors.New(method.Name + " is not implemented"))
		}
		results = append(results, result)
	}
	return results
}

func notFound(where, id string) *model.AppError {
	return model.NewAppError(where, "not_found", nil, "id="+id, http.StatusNotFound)
}

// ---- settings ------------------------------------------------------------------

// LoadPluginConfiguration gives keys in lower case and the manifest's defaults,
// as the server does.
func (s *server) LoadPluginConfiguration(dest any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]any{}
	if s.manifest.SettingsSchema != nil {
		for _, setting := range s.manifest.SettingsSchema.Settings {
			all[strings.ToLower(setting.Key)] = setting.Default
		}
	}
	for key, value := range s.settings {
		all[strings.ToLower(key)] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, dest)
}

func (s *server) GetConfig() *model.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := &model.Config{}
	config.SetDefaults()
	config.ServiceSettings.SiteURL = model.NewPointer(s.siteURL)
	return config
}

func (s *server) GetServerVersion() string       { return model.CurrentVersion }
func (s *server) GetBundlePath() (string, error) { return s.folder, nil }

func (s *server) LogAuditRec(rec *model.AuditRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.audited = append(s.audited, rec)
}

// ---- key-value store -----------------------------------------------------------

// live is the value of a key, nil when there is none or it has expired.
func (s *server) live(key string) *model.PluginKeyValue {
	kv := s.kv[key]
	if kv != nil && kv.ExpireAt != 0 && kv.ExpireAt <= model.GetMillis() {
		delete(s.kv, key)
		return nil
	}
	return kv
}

func (s *server) KVGet(key string) ([]byte, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kv := s.live(key); kv != nil {
		return bytes.Clone(kv.Value), nil
	}
	return nil, nil
}

func (s *server) KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	if err := options.IsValid(); err != nil {
		return false, err
	}
	kv, err := model.NewPluginKeyValueFromOptions(s.manifest.Id, key, bytes.Clone(value), options)
	if err != nil {
		return false, err
	}
	if err := kv.IsValid(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if options.Atomic && !s.holds(key, options.OldValue) {
		return false, nil
	}
	if value == nil { // setting nil is deleting
		delete(s.kv, key)
	} else {
		s.kv[key] = kv
	}
	return true, nil
}

// holds compares as the server's atomic calls do: nil means no value.
func (s *server) holds(key string, old []byte) bool {
	kv := s.live(key)
	if old == nil || kv == nil {
		return old == nil && kv == nil
	}
	return bytes.Equal(kv.Value, old)
}

func (s *server) KVSet(key string, value []byte) *model.AppError {
	_, err := s.KVSetWithOptions(key, value, model.PluginKVSetOptions{})
	return err
}

func (s *server) KVSetWithExpiry(key string, value []byte, seconds int64) *model.AppError {
	_, err := s.KVSetWithOptions(key, value, model.PluginKVSetOptions{ExpireInSeconds: seconds})
	return err
}

func (s *server) KVCompareAndSet(key string, old, value []byte) (bool, *model.AppError) {
	return s.KVSetWithOptions(key, value, model.PluginKVSetOptions{Atomic: true, OldValue: old})
}

func (s *server) KVCompareAndDelete(key string, old []byte) (bool, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old == nil || !s.holds(key, old) {
		return false, nil
	}
	delete(s.kv, key)
	return true, nil
}

func (s *server) KVDelete(key string) *model.AppError {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kv, key)
	return nil
}

// ---- people and channels ----------------------------------------------------------

func (s *server) addUser(name, roles string) *model.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := &model.User{
		Id: model.NewId(), Username: name, Email: name + "@example.com", EmailVerified: true, Roles: roles,
		CreateAt: model.GetMillis(), Locale: "en", Timezone: model.StringMap{"automaticTimezone": "Europe/Madrid"},
	}
	s.users[user.Id] = user
	return user
}

func (s *server) addChannel(name string, kind model.ChannelType, members ...*model.User) *model.Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := &model.Channel{Id: model.NewId(), Type: kind, Name: name, DisplayName: name, CreateAt: model.GetMillis()}
	if kind != model.ChannelTypeDirect {
		channel.TeamId = model.NewId()
	}
	s.channels[channel.Id] = channel
	for _, user := range members {
		s.members[channel.Id] = append(s.members[channel.Id], user.Id)
	}
	return channel
}

func (s *server) GetUser(id string) (*model.User, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := s.users[id]; user != nil {
		return user, nil
	}
	return nil, notFound("GetUser", id)
}

func (s *server) GetChannel(id string) (*model.Channel, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if channel := s.channels[id]; channel != nil {
		return channel, nil
	}
	return nil, notFound("GetChannel", id)
}

func (s *server) GetChannelMember(channel, user string) (*model.ChannelMember, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.members[channel], user) {
		return nil, notFound("GetChannelMember", user)
	}
	return &model.ChannelMember{
		ChannelId: channel, UserId: user, Roles: model.ChannelUserRoleId, SchemeUser: true,
		NotifyProps: model.GetDefaultChannelNotifyProps(),
	}, nil
}

func (s *server) GetDirectChannel(one, other string) (*model.Channel, *model.AppError) {
	name := model.GetDMNameFromIds(one, other)
	s.mu.Lock()
	for _, channel := range s.channels {
		if channel.Name == name {
			s.mu.Unlock()
			return channel, nil
		}
	}
	first, second := s.users[one], s.users[other]
	s.mu.Unlock()
	if first == nil || second == nil {
		return nil, notFound("GetDirectChannel", name)
	}
	return s.addChannel(name, model.ChannelTypeDirect, first, second), nil
}

func (s *server) HasPermissionTo(user string, _ *model.Permission) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[user] != nil && s.users[user].IsSystemAdmin()
}

func (s *server) HasPermissionToChannel(user, channel string, permission *model.Permission) bool {
	if s.HasPermissionTo(user, permission) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return permission.Id == model.PermissionCreatePost.Id && slices.Contains(s.members[channel], user)
}

func (s *server) EnsureBotUser(bot *model.Bot) (string, error) {
	bot.OwnerId = s.manifest.Id
	s.mu.Lock()
	for _, user := range s.users {
		if user.Username == bot.Username {
			s.mu.Unlock()
			return user.Id, nil
		}
	}
	s.mu.Unlock()
	user := s.addUser(bot.Username, model.SystemUserRoleId)
	user.IsBot, user.BotDescription = true, bot.Description
	return user.Id, nil
}

func (s *server) GetBot(id string, _ bool) (*model.Bot, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := s.users[id]; user != nil && user.IsBot {
		return model.BotFromUser(user), nil
	}
	return nil, model.MakeBotNotFoundError("GetBot", id)
}

func (s *server) SetProfileImage(user string, image []byte) *model.AppError {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pictures[user] = bytes.Clone(image)
	return nil
}

// RegisterCommand is as strict as the server.
func (s *server) RegisterCommand(command *model.Command) error {
	if command.Trigger == "" {
		return errors.New("invalid command")
	}
	if command.AutocompleteData != nil {
		if err := command.AutocompleteData.IsValid(); err != nil {
			return fmt.Errorf("invalid autocomplete data: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
	return nil
}

// ---- posts ---------------------------------------------------------------------------

// stored is what the database would give back: props went through JSON.
func stored(post *model.Post) (*model.Post, *model.AppError) {
	copied := post.Clone()
	text, err := json.Marshal(post.GetProps())
	if err != nil {
		return nil, model.NewAppError("stored", "props", nil, "", http.StatusBadRequest).Wrap(err)
	}
	var props model.StringInterface
	if err := json.Unmarshal(text, &props); err != nil {
		return nil, model.NewAppError("stored", "props", nil, "", http.StatusBadRequest).Wrap(err)
	}
	copied.SetProps(props)
	return copied, nil
}

func (s *server) CreatePost(post *model.Post) (*model.Post, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels[post.ChannelId] == nil || s.users[post.UserId] == nil {
		return nil, notFound("CreatePost", post.ChannelId+" "+post.UserId)
	}
	post.PreSave()
	s.sent = append(s.sent, post.Clone())
	post.AddProp("from_plugin", "true")
	kept, err := stored(post)
	if err != nil {
		return nil, err
	}
	s.posts[post.Id] = kept
	return post.ForPlugin(), nil
}

// UpdatePost takes over what the server takes over.
func (s *server) UpdatePost(post *model.Post) (*model.Post, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	former := s.posts[post.Id]
	if former == nil || former.UserId != post.UserId || former.ChannelId != post.ChannelId {
		return nil, notFound("UpdatePost", post.Id)
	}
	s.sent = append(s.sent, post.Clone())
	updated := former.Clone()
	updated.Message, updated.FileIds = post.Message, post.FileIds
	updated.SetProps(post.GetProps())
	updated.EditAt = model.GetMillis()
	updated.PreCommit()
	kept, err := stored(updated)
	if err != nil {
		return nil, err
	}
	kept.UpdateAt = updated.EditAt
	s.posts[post.Id] = kept
	return kept.ForPlugin(), nil
}

func (s *server) GetPost(id string) (*model.Post, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if post := s.posts[id]; post != nil {
		return post.ForPlugin(), nil
	}
	return nil, notFound("GetPost", id)
}

func (s *server) GetPostsSince(channel string, since int64) (*model.PostList, *model.AppError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := model.NewPostList()
	for _, post := range s.posts {
		if post.ChannelId == channel && post.UpdateAt > since {
			list.AddPost(post)
			list.AddOrder(post.Id)
		}
	}
	list.SortByCreateAt()
	return list.ForPlugin(), nil
}

func (s *server) SendEphemeralPost(user string, post *model.Post) *model.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	post.Type = model.PostTypeEphemeral
	post.PreSave()
	shown := post.Clone()
	shown.UserId = user
	s.shown = append(s.shown, shown)
	return post.ForPlugin()
}

func (s *server) PublishWebSocketEvent(name string, payload map[string]any, broadcast *model.WebsocketBroadcast) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event{"custom_" + s.manifest.Id + "_" + name, payload, broadcast})
}

// ---- the plugin's log --------------------------------------------------------------------

func (s *server) log(level, message string, fields []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logged = append(s.logged, entry{level, message, fields})
}

func (s *server) LogDebug(message string, fields ...any) { s.log("debug", message, fields) }
func (s *server) LogInfo(message string, fields ...any)  { s.log("info", message, fields) }
func (s *server) LogWarn(message string, fields ...any)  { s.log("warn", message, fields) }
func (s *server) LogError(message string, fields ...any) { s.log("error", message, fields) }

// ---- what tests change and look at -------------------------------------------------------------------

// set changes the plugin's settings; it is told by OnConfigurationChange.
func (s *server) set(settings map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
}

// raw is a stored value, nil when there is none.
func (s *server) raw(key string) []byte {
	value, _ := s.KVGet(key)
	return value
}

// ofType are the posts of a type as they are stored, oldest first.
func (s *server) ofType(kind string) []*model.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*model.Post
	for _, post := range s.posts {
		if post.Type == kind {
			found = append(found, post)
		}
	}
	slices.SortFunc(found, func(a, b *model.Post) int { return int(a.CreateAt - b.CreateAt) })
	return found
}

// lastSent is the newest post as it came out of gob.
func (s *server) lastSent() *model.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) == 0 {
		s.t.Fatal("the plugin has sent no post")
	}
	return s.sent[len(s.sent)-1]
}

// takeShown is what was shown to this user alone since the last call.
func (s *server) takeShown(user *model.User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	s.shown = slices.DeleteFunc(s.shown, func(post *model.Post) bool {
		if post.UserId == user.Id {
			texts = append(texts, post.Message)
		}
		return post.UserId == user.Id
	})
	return strings.Join(texts, "\n")
}

func (s *server) takeEvents() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}
