package olddata

import (
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/oauth2"
)

// readers say how a value is read, by the beginning of its key; the longer
// beginnings come first.
var readers = []struct {
	prefix string
	read   func(encryptionKey string, value []byte) (any, error)
}{
	{UserTokenByZoom, readUserInfo},
	{UserTokenKey, readUserInfo},
	{AccountTokenKey, readJSON[oauth2.Token]},
	{StateKey, readState},
	{PostKey, readText},
	{ChannelKey, readJSON[Channel]},
	{SubscriptionsKey, readJSON[Subscriptions]},
	{ChannelSettingKey, readJSON[map[string]ChannelSetting]},
	{PreferenceKey, readJSON[string]},
}

// Known says whether the Go plugin has such a key.
func Known(key string) bool {
	for _, r := range readers {
		if strings.HasPrefix(key, r.prefix) {
			return true
		}
	}
	return false
}

// Read is what the Go plugin would make of a row. An error is what it would
// take for "not there": of a token, that it asks to connect again.
func Read(encryptionKey string, row Row) (any, error) {
	for _, r := range readers {
		if strings.HasPrefix(row.Key, r.prefix) {
			v, err := r.read(encryptionKey, row.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.Key, err)
			}
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: no key of the Go plugin", row.Key)
}

func readJSON[T any](_ string, value []byte) (any, error) {
	var v T
	err := json.Unmarshal(value, &v)
	return v, err
}

func readUserInfo(encryptionKey string, value []byte) (any, error) {
	var info UserInfo
	if err := json.Unmarshal(value, &info); err != nil {
		return nil, err
	}
	if info.OAuthToken == nil {
		return nil, fmt.Errorf("no token of %s", info.UserID)
	}
	var err error
	info.OAuthToken.AccessToken, err = Decrypt(encryptionKey, info.OAuthToken.AccessToken)
	return info, err
}

func readText(_ string, value []byte) (any, error) { return string(value), nil }

// readState wants four parts, the last of them true or false.
func readState(_ string, value []byte) (any, error) {
	parts := strings.Split(string(value), "_")
	if len(parts) != 4 || parts[3] != "true" && parts[3] != "false" {
		return nil, fmt.Errorf("%q is no state", value)
	}
	return string(value), nil
}
