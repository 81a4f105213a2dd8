// Package olddata makes what the plugin's Go predecessor leaves in a server's
// database, byte for byte, and reads it the way that one would. Tests put it
// there before our plugin starts.
package olddata

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"golang.org/x/oauth2"
)

// Keys of the key-value store. Those that end in _ go on with an id.
const (
	AccountTokenKey   = "zoomSuperUserToken_"
	UserTokenKey      = "zoomtoken_"         // Mattermost user id
	UserTokenByZoom   = "zoomtokenbyzoomid_" // Zoom user id
	StateKey          = "zoomuserstate_"     // Mattermost user id
	PostKey           = "post_meeting_"      // meeting UUID, escaped for a path
	ChannelKey        = "meeting_channel_"   // meeting id
	SubscriptionsKey  = "subscription_index_"
	ChannelSettingKey = "zoomChannelSettings"
	PreferenceKey     = "zoomUserPreference_"
)

// The Mattermost preference in which older installations keep what is under
// PreferenceKey now.
const (
	PreferenceCategory = "plugin:zoom"
	PreferenceName     = "use-pmi"
)

const (
	stateLife   = 5 * time.Minute
	meetingLife = 24 * time.Hour
)

// Row is one value of the key-value store.
type Row struct {
	Key     string
	Value   []byte
	Expires time.Time // zero: never
}

// UserInfo is a user's own connection. In the store only AccessToken of
// OAuthToken is encrypted.
type UserInfo struct {
	ZoomEmail  string
	OAuthToken *oauth2.Token
	UserID     string // of Mattermost
	ZoomID     string
}

// Channel is where a meeting is shown. Only subscriptions say who made them.
type Channel struct {
	ChannelID      string `json:"channel_id"`
	IsSubscription bool   `json:"is_subscription"`
	CreatedBy      string `json:"created_by"`
}

// Subscriptions are the meetings that a user has subscribed channels to.
type Subscriptions struct {
	MeetingIDs []int64 `json:"meeting_ids"`
}

// ChannelSetting is what is allowed in one channel: allow, restrict, default.
type ChannelSetting struct {
	Preference string
}

// AccountToken is the token of the whole Zoom account, in the clear.
func AccountToken(token *oauth2.Token) Row {
	return Row{Key: AccountTokenKey, Value: mustJSON(token)}
}

// UserToken is a user's own connection, twice: found by either user id.
func UserToken(encryptionKey string, info UserInfo) ([]Row, error) {
	sealed, err := Encrypt(encryptionKey, info.OAuthToken.AccessToken)
	if err != nil {
		return nil, err
	}
	token := *info.OAuthToken
	token.AccessToken = sealed
	info.OAuthToken = &token
	value := mustJSON(info)
	return []Row{
		{Key: UserTokenKey + info.UserID, Value: value},
		{Key: UserTokenByZoom + info.ZoomID, Value: value},
	}, nil
}

// State is an authorisation under way; its value is the state itself.
// onlyConnect false: a meeting is to be started afterwards.
func State(userID, channelID string, onlyConnect bool) Row {
	text := fmt.Sprintf("%s_%s_%s_%t", strings.ToLower(rand.Text()[:15]), userID, channelID, onlyConnect)
	return Row{StateKey + userID, []byte(text), time.Now().Add(stateLife)}
}

// MeetingPost says which post shows an instance of a meeting.
func MeetingPost(uuid, postID string) Row {
	return Row{PostKey + url.PathEscape(uuid), []byte(postID), time.Now().Add(meetingLife)}
}

// MeetingChannel says where a meeting was started.
func MeetingChannel(meetingID int64, channelID string) Row {
	return Row{channelKey(meetingID), mustJSON(Channel{ChannelID: channelID}), time.Now().Add(meetingLife)}
}

// Subscription subscribes a channel to a meeting, for good. The user's
// SubscriptionIndex lists it.
func Subscription(meetingID int64, channelID, userID string) Row {
	return Row{Key: channelKey(meetingID), Value: mustJSON(Channel{channelID, true, userID})}
}

// SubscriptionIndex lists a user's subscriptions.
func SubscriptionIndex(userID string, meetingIDs ...int64) Row {
	return Row{Key: SubscriptionsKey + userID, Value: mustJSON(Subscriptions{meetingIDs})}
}

// ChannelSettings has the settings of all channels, by channel id.
func ChannelSettings(settings map[string]ChannelSetting) Row {
	return Row{Key: ChannelSettingKey, Value: mustJSON(settings)}
}

// Preference is whether a user starts with the personal meeting ID: "true",
// "false" or "ask".
func Preference(userID, value string) Row {
	return Row{Key: PreferenceKey + userID, Value: mustJSON(value)}
}

// Meeting is what a post shows.
type Meeting struct {
	ID       int64
	UUID     string // empty for personal meetings
	Link     string
	Topic    string
	Personal bool
}

// Post is a running meeting's post.
func Post(creator *model.User, channelID string, m Meeting) *model.Post {
	label := "Meeting ID"
	if m.Personal {
		label = "Personal Meeting ID (PMI)"
	}
	text := fmt.Sprintf("%s : [%d](%s)\n\n[Join Meeting](%s)", label, m.ID, m.Link, m.Link)
	props := model.StringInterface{
		"attachments":              []*model.SlackAttachment{{Fallback: text, Title: m.Topic, Text: text}},
		"meeting_id":               m.ID,
		"meeting_link":             m.Link,
		"meeting_status":           "STARTED",
		"meeting_personal":         m.Personal,
		"meeting_topic":            m.Topic,
		"meeting_creator_username": creator.Username,
		"meeting_provider":         "Zoom",
	}
	if m.UUID != "" {
		props["meeting_uuid"] = m.UUID
	}
	return &model.Post{
		UserId: creator.Id, ChannelId: channelID, Type: "custom_zoom",
		Message: "I have started a meeting", Props: props,
	}
}

func channelKey(meetingID int64) string { return fmt.Sprintf("%s%d", ChannelKey, meetingID) }

// mustJSON is for types of this package, which always have a JSON form.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
