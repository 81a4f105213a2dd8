package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/plugin"
)

const maxBody = 1 << 20

func (p *Plugin) newRouter() *mux.Router {
	r := mux.NewRouter()
	r.HandleFunc("/webhook", p.receiveWebhook).Methods(http.MethodPost)
	r.HandleFunc("/oauth2/connect", p.signedIn(p.beginConnect)).Methods(http.MethodGet)
	r.HandleFunc("/oauth2/complete", p.signedIn(p.completeConnect)).Methods(http.MethodGet)
	r.HandleFunc("/api/v1/meetings", p.signedIn(p.startMeeting)).Methods(http.MethodPost)
	r.HandleFunc("/echo", echo)
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not found", http.StatusNotFound)
	})
	return r
}

func (p *Plugin) ServeHTTP(_ *plugin.Context, w http.ResponseWriter, r *http.Request) {
	if !p.settings.Load().valid() && r.URL.Path != "/echo" {
		writeError(w, http.StatusNotImplemented, "Zoom is not set up yet")
		return
	}
	p.router.ServeHTTP(w, r)
}

// user is who the server says has asked.
func user(r *http.Request) string { return r.Header.Get("Mattermost-User-Id") }

func (p *Plugin) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if user(r) == "" {
			writeError(w, http.StatusUnauthorized, "please sign in to Mattermost first")
			return
		}
		next(w, r)
	}
}

// echo sends back what it is sent, as it comes.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
	} else if err != nil {
		http.Error(w, "the body did not arrive", http.StatusBadRequest)
	}
	return body, err == nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}
