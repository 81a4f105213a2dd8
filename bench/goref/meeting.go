package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

const requestLimit = 25 * time.Second

// wish is the body of POST /api/v1/meetings.
type wish struct {
	ChannelID    string `json:"channel_id"`
	RootID       string `json:"root_id"`
	Topic        string `json:"topic"`
	UsePMI       string `json:"use_pmi"`
	ConnectionID string `json:"connection_id"`

	userID string
}

// refusal is told to whoever asked; everything else goes to the log.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func (p *Plugin) startMeeting(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	wanted := wish{userID: user(r)}
	if err := json.Unmarshal(body, &wanted); err != nil || wanted.ChannelID == "" {
		writeError(w, http.StatusBadRequest, "channel_id is missing")
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	link, err := p.start(ctx, &wanted, r.URL.Query().Get("force") == "true")
	var no refusal
	switch {
	case errors.As(err, &no):
		writeError(w, no.status, no.text)
	case err != nil:
		p.API.LogWarn("A meeting could not be started", "error", err.Error())
		writeError(w, http.StatusInternalServerError, "Something went wrong. The server's log has the details.")
	default:
		writeJSON(w, http.StatusOK, map[string]string{"meeting_url": link})
	}
}

func (p *Plugin) start(ctx context.Context, wanted *wish, force bool) (string, error) {
	if err := p.mayStart(wanted); err != nil {
		return "", err
	}
	starter, appErr := p.API.GetUser(wanted.userID)
	if appErr != nil {
		return "", appErr
	}
	host, err := p.findHost(ctx, starter.Email)
	if err != nil {
		return "", err
	}
	if !force {
		if err := p.refuseSecond(wanted.ChannelID); err != nil {
			return "", err
		}
	}
	if _, appErr := p.API.KVGet("zoomUserPreference_" + wanted.userID); appErr != nil {
		return "", appErr
	}
	if wanted.Topic == "" {
		wanted.Topic = "Zoom Meeting"
	}
	meeting, err := p.createMeeting(ctx, host.Email, wanted.Topic)
	if err != nil {
		return "", err
	}
	return meeting.JoinURL, p.announce(wanted, starter, meeting)
}

// mayStart asks the server about the member and the store about the channel.
func (p *Plugin) mayStart(wanted *wish) error {
	if _, appErr := p.API.GetChannelMember(wanted.ChannelID, wanted.userID); appErr != nil {
		return refusal{http.StatusForbidden, "You are not a member of this channel."}
	}
	if !p.API.HasPermissionToChannel(wanted.userID, wanted.ChannelID, model.PermissionCreatePost) {
		return refusal{http.StatusForbidden, "You may not post in this channel."}
	}
	channel, appErr := p.API.GetChannel(wanted.ChannelID)
	if appErr != nil {
		return appErr
	}
	if channel.DeleteAt != 0 {
		return refusal{http.StatusForbidden, "This channel is archived."}
	}
	stored, appErr := p.API.KVGet("zoomChannelSettings")
	if appErr != nil {
		return appErr
	}
	restricted := p.settings.Load().RestrictMeetingCreation && channel.Type == model.ChannelTypeOpen
	preferences := map[string]struct{ Preference string }{}
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &preferences); err != nil {
			return fmt.Errorf("channel settings: %w", err)
		}
	}
	switch preferences[channel.Id].Preference {
	case "allow":
		restricted = false
	case "restrict":
		restricted = true
	}
	if restricted {
		return refusal{http.StatusForbidden, "Starting meetings is switched off in this channel."}
	}
	return nil
}

// refuseSecond finds out whether a meeting has just been started here.
func (p *Plugin) refuseSecond(channelID string) error {
	since := time.Now().Add(-30 * time.Second).UnixMilli()
	posts, appErr := p.API.GetPostsSince(channelID, since)
	if appErr != nil {
		return appErr
	}
	for _, post := range posts.Posts {
		if post.CreateAt >= since && post.GetProp("meeting_provider") != nil {
			return refusal{http.StatusConflict, "Somebody has just started a meeting in this channel."}
		}
	}
	return nil
}

// place is where a meeting's posts go.
type place struct {
	ChannelID      string
	CreatedBy      string
	IsSubscription bool
}

// rememberChannel stores where the meeting was started, unless it is one that
// a channel has subscribed to.
func (p *Plugin) rememberChannel(wanted *wish, id int64) error {
	key := meetingKey(fmt.Sprint(id))
	here := place{ChannelID: wanted.ChannelID, CreatedBy: wanted.userID}
	text, err := json.Marshal(here)
	if err != nil {
		return err
	}
	isNew, appErr := p.API.KVSetWithOptions(key, text, model.PluginKVSetOptions{Atomic: true, ExpireInSeconds: 24 * 3600})
	if appErr != nil {
		return appErr
	}
	if isNew {
		return nil
	}
	stored, appErr := p.API.KVGet(key)
	if appErr != nil {
		return appErr
	}
	var now place
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &now); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if now.IsSubscription {
		return nil
	}
	return p.store(key, here)
}

// announce posts the meeting, stores where, and tells the starter's browser.
func (p *Plugin) announce(wanted *wish, starter *model.User, m *meeting) error {
	post := &model.Post{
		UserId: wanted.userID, ChannelId: wanted.ChannelID, RootId: wanted.RootID,
		Type: "custom_zoom", Message: "Meeting started: " + m.JoinURL,
	}
	post.SetProps(model.StringInterface{
		"attachments": []*model.SlackAttachment{{
			Fallback:  fmt.Sprintf("Zoom meeting %s: %s", wanted.Topic, m.JoinURL),
			Color:     "#2d8cff",
			Title:     wanted.Topic,
			TitleLink: m.JoinURL,
			Text:      fmt.Sprintf("Meeting ID: [%d](%s)\n\n[Join meeting](%s)", m.ID, m.JoinURL, m.JoinURL),
		}},
		"meeting_id": m.ID, "meeting_uuid": m.UUID, "meeting_link": m.JoinURL, "meeting_status": "STARTED",
		"meeting_personal": false, "meeting_topic": wanted.Topic, "meeting_creator_username": starter.Username,
		"meeting_provider": "Zoom",
	})
	created, appErr := p.API.CreatePost(post)
	if appErr != nil {
		return appErr
	}
	if err := p.store(instanceKey(m.UUID), created.Id); err != nil {
		return err
	}
	if err := p.rememberChannel(wanted, m.ID); err != nil {
		return err
	}
	p.API.PublishWebSocketEvent("meeting_started", map[string]any{"meeting_url": m.JoinURL},
		&model.WebsocketBroadcast{UserId: wanted.userID, ConnectionId: wanted.ConnectionID})
	return nil
}
