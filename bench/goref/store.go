package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mattermost/mattermost/server/public/model"
	"golang.org/x/oauth2"
)

const tokenKey = "zoomSuperUserToken_"

func instanceKey(uuid string) string { return "post_meeting_" + uuid }
func meetingKey(id string) string    { return "meeting_channel_" + id }
func personalKey(id string) string   { return "personal_" + id }
func stateKey(user string) string    { return "state_" + user }

func (p *Plugin) store(key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, appErr := p.API.KVSetWithOptions(key, text, model.PluginKVSetOptions{ExpireInSeconds: 24 * 3600})
	if appErr != nil {
		return appErr
	}
	return nil
}

func (p *Plugin) load(key string, value any) error {
	text, appErr := p.API.KVGet(key)
	if appErr != nil {
		return appErr
	}
	if text == nil {
		return fmt.Errorf("nothing is stored under %s", key)
	}
	return json.Unmarshal(text, value)
}

func (p *Plugin) vault() (cipher.AEAD, error) {
	block, err := aes.NewCipher([]byte(p.settings.Load().EncryptionKey))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (p *Plugin) storeToken(token *oauth2.Token) error {
	text, err := json.Marshal(token)
	if err != nil {
		return err
	}
	vault, err := p.vault()
	if err != nil {
		return err
	}
	nonce := make([]byte, vault.NonceSize())
	rand.Read(nonce)
	if appErr := p.API.KVSet(tokenKey, vault.Seal(nonce, nonce, text, []byte(tokenKey))); appErr != nil {
		return appErr
	}
	return nil
}

func (p *Plugin) loadToken() (*oauth2.Token, error) {
	sealed, appErr := p.API.KVGet(tokenKey)
	if appErr != nil {
		return nil, appErr
	}
	vault, err := p.vault()
	if err != nil {
		return nil, err
	}
	if len(sealed) < vault.NonceSize() {
		return nil, errors.New("no Zoom account is connected yet")
	}
	text, err := vault.Open(nil, sealed[:vault.NonceSize()], sealed[vault.NonceSize():], []byte(tokenKey))
	if err != nil {
		return nil, err
	}
	token := new(oauth2.Token)
	return token, json.Unmarshal(text, token)
}
