package zoomsim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func (b *bench) recorded(files ...RecordingFile) (Event, []Object) {
	b.t.Helper()
	m, err := b.Schedule("ada@example.com", "Sync", 1)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Start(m.ID); err != nil {
		b.t.Fatal(err)
	}
	b.clock.advance(59*time.Minute + time.Second)
	if _, err := b.End(m.ID); err != nil {
		b.t.Fatal(err)
	}
	ev, err := b.RecordingEvent("recording.completed", m.ID, files...)
	if err != nil {
		b.t.Fatal(err)
	}
	return ev, ev.Object.Get("recording_files").([]Object)
}

func (b *bench) fetch(link any, token string) reply {
	b.t.Helper()
	path := strings.TrimPrefix(link.(string), b.URL())
	req := b.request("GET", path, "")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return b.send(req)
}

func TestRecordingEvent(t *testing.T) {
	b := launch(t)
	r := listen(t, b)
	ev, files := b.recorded(VideoFile([]byte("video")), ChatFile("00:00:01\tAda:\thi\n"), TimelineFile("{}"),
		RecordingFile{FileType: "M4A", Size: 3 << 31, Extra: map[string]any{"status": nil}})
	if _, err := b.Deliver(ev); err != nil {
		t.Fatal(err)
	}
	body := r.last(t).body
	for _, want := range []string{
		`"download_token":"`, `"duration":60`, `"recording_count":4`, `"host_email":"ada@example.com"`,
		`"total_size":6442450966`, `"file_size":6442450944`, `"status":null`, `"start_time":"2026-10-06T09:00:00Z"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", body, want)
		}
	}
	for _, name := range []string{"id", "status", "file_size", "recording_type", "play_url"} {
		if files[2].Get(name) != nil {
			t.Error("TIMELINE has", name)
		}
		if name != "play_url" && files[1].Get(name) == nil {
			t.Error("CHAT lacks", name)
		}
	}
	if files[0].Get("play_url") == nil {
		t.Error("MP4 lacks play_url")
	}
}

func TestDownload(t *testing.T) {
	b := launch(t)
	ev, files := b.recorded(ChatFile("hello"))
	other, _ := b.recorded(ChatFile("other"))
	link, token := files[0].Get("download_url"), ev.TopLevel.Get("download_token").(string)
	for name, bad := range map[string]string{"none": "", "wrong": "x", "another meeting's": other.TopLevel.Get("download_token").(string)} {
		if r := b.fetch(link, bad); r.status != 401 {
			t.Errorf("%s token: %d", name, r.status)
		}
	}
	if r := b.fetch(link.(string)+"?access_token="+token, ""); r.status != 401 {
		t.Error("token in the query accepted")
	}
	access, _ := b.connect("ada@example.com")
	for _, good := range []string{token, access} {
		r := b.fetch(link, good)
		target := r.header.Get("Location")
		if r.status != 302 || !strings.HasPrefix(target, b.URL()+"/cmr/replay/") {
			t.Fatal(r.status, target)
		}
		if r := b.fetch(target, ""); r.status != 200 || r.text != "hello" || r.header.Get("Content-Type") != "text/plain" {
			t.Error(r.status, r.text)
		}
		if r := b.fetch(strings.ReplaceAll(target, "Signature=", "Signature=x"), ""); r.status != http.StatusForbidden {
			t.Error(r.status)
		}
	}
	b.SetDownloadHost("https://127.0.0.1:1/")
	target := b.fetch(link, token).header.Get("Location")
	if !strings.HasPrefix(target, "https://127.0.0.1:1/cmr/replay/") {
		t.Error(target)
	}
	b.clock.advance(signedLife)
	if r := b.fetch(strings.Replace(target, "https://127.0.0.1:1", b.URL(), 1), ""); r.status != 403 {
		t.Error(r.status)
	}
	b.clock.advance(downloadLife)
	if r := b.fetch(link, token); r.status != 401 {
		t.Error(r.status)
	}
	ev, files = b.recorded(ChatFile("hello"))
	b.ExpireDownloadTokens()
	if r := b.fetch(files[0].Get("download_url"), ev.TopLevel.Get("download_token").(string)); r.status != 401 {
		t.Error(r.status)
	}
	if r := b.fetch(b.URL()+"/rec/webhook_download/a/b", token); r.status != 404 {
		t.Error(r.status)
	}
}
