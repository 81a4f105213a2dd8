package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// event is what all of Zoom's have in common.
type event struct {
	Event     string          `json:"event"`
	Timestamp int64           `json:"event_ts"`
	Payload   json.RawMessage `json:"payload"`
}

type meetingPayload struct {
	AccountID string `json:"account_id"`
	Object    struct {
		ID        json.Number `json:"id"`
		UUID      string      `json:"uuid"`
		HostID    string      `json:"host_id"`
		Topic     string      `json:"topic"`
		Type      int         `json:"type"`
		StartTime time.Time   `json:"start_time"`
		EndTime   time.Time   `json:"end_time"`
	} `json:"object"`
}

type challenge struct {
	PlainToken     string `json:"plainToken"`
	EncryptedToken string `json:"encryptedToken"`
}

func (p *Plugin) receiveWebhook(w http.ResponseWriter, r *http.Request) {
	s := p.settings.Load()
	given := r.URL.Query().Get("secret")
	if subtle.ConstantTimeCompare([]byte(given), []byte(s.WebhookSecret)) != 1 {
		http.Error(w, "wrong secret in the address", http.StatusUnauthorized)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "not application/json", http.StatusBadRequest)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if !genuine(s.ZoomWebhookSecret, r.Header, body) {
		http.Error(w, "the signature does not match", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.handleEvent(w, s, &e)
}

func (p *Plugin) handleEvent(w http.ResponseWriter, s *settings, e *event) {
	var err error
	switch e.Event {
	case "endpoint.url_validation":
		var c challenge
		if err = json.Unmarshal(e.Payload, &c); err == nil {
			c.EncryptedToken = sign(s.ZoomWebhookSecret, []byte(c.PlainToken))
			writeJSON(w, http.StatusOK, c)
			return
		}
	case "meeting.ended":
		err = p.meetingEnded(e)
	}
	if err != nil {
		p.API.LogError("A webhook could not be handled", "event", e.Event, "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// meetingEnded looks for the meeting's post, by instance and by number, and for
// the other posts of a personal meeting.
func (p *Plugin) meetingEnded(e *event) error {
	var payload meetingPayload
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		return err
	}
	post, appErr := p.API.KVGet(instanceKey(payload.Object.UUID))
	if appErr != nil {
		return appErr
	}
	if len(post) > 0 {
		return nil
	}
	id := payload.Object.ID.String()
	for _, key := range []string{meetingKey(id), personalKey(id)} {
		if _, appErr = p.API.KVGet(key); appErr != nil {
			return appErr
		}
	}
	return nil
}

// genuine tells whether Zoom has signed the body within the last minutes.
func genuine(secret string, header http.Header, body []byte) bool {
	stamp := header.Get("X-Zm-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	want := "v0=" + sign(secret, []byte("v0:"+stamp+":"), body)
	return hmac.Equal([]byte(want), []byte(header.Get("X-Zm-Signature")))
}

func sign(secret string, parts ...[]byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
