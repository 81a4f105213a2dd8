package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"golang.org/x/oauth2"
)

type zoomUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Type  int    `json:"type"`
	PMI   int64  `json:"pmi"`
}

type meeting struct {
	ID      int64  `json:"id"`
	UUID    string `json:"uuid"`
	Topic   string `json:"topic"`
	JoinURL string `json:"join_url"`
}

func (p *Plugin) oauth(s *settings) *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.OAuthClientID, ClientSecret: s.OAuthClientSecret,
		RedirectURL: s.siteURL + "/plugins/" + pluginID + "/oauth2/complete",
		Endpoint: oauth2.Endpoint{
			AuthURL: s.ZoomURL + "/oauth/authorize", TokenURL: s.ZoomURL + "/oauth/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
	}
}

func (p *Plugin) beginConnect(w http.ResponseWriter, r *http.Request) {
	state := model.NewId()
	if err := p.store(stateKey(user(r)), state); err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	http.Redirect(w, r, p.oauth(p.settings.Load()).AuthCodeURL(state), http.StatusFound)
}

func (p *Plugin) completeConnect(w http.ResponseWriter, r *http.Request) {
	var state string
	if err := p.load(stateKey(user(r)), &state); err != nil || state == "" || state != r.URL.Query().Get("state") {
		writeError(w, http.StatusUnauthorized, "please start again")
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	token, err := p.oauth(p.settings.Load()).Exchange(ctx, r.URL.Query().Get("code"))
	if err == nil {
		err = p.storeToken(token)
	}
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	fmt.Fprintln(w, "Zoom is connected.")
}

// ask sends one question to Zoom with the stored token.
func (p *Plugin) ask(ctx context.Context, method, path string, question, reply any) error {
	s := p.settings.Load()
	token, err := p.loadToken()
	if err != nil {
		return err
	}
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.ZoomAPIURL, "/")+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := p.oauth(s).Client(ctx, token).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("Zoom answers %s: %s", answer.Status, text)
	}
	return json.NewDecoder(answer.Body).Decode(reply)
}

func (p *Plugin) findHost(ctx context.Context, email string) (*zoomUser, error) {
	found := new(zoomUser)
	if err := p.ask(ctx, http.MethodGet, "/users/"+url.PathEscape(email), nil, found); err != nil {
		return nil, err
	}
	found.Email = email
	return found, nil
}

func (p *Plugin) createMeeting(ctx context.Context, host, topic string) (*meeting, error) {
	created := new(meeting)
	wanted := map[string]any{"topic": topic, "type": 1}
	return created, p.ask(ctx, http.MethodPost, "/users/"+url.PathEscape(host)+"/meetings", wanted, created)
}
