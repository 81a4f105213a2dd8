package zoomsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// downloadLife is how long a webhook's download_token opens files (FACTS 5.5).
const downloadLife = 24 * time.Hour

// signedLife is how long a signed URL that a download redirects to works.
const signedLife = 5 * time.Minute

// RecordingFile is one file of a cloud recording (FACTS 5.4).
type RecordingFile struct {
	FileType      string // MP4, M4A, CHAT, TRANSCRIPT, TIMELINE, ...
	Extension     string
	RecordingType string
	ContentType   string
	Content       []byte
	Status        string // default completed
	Start, End    time.Time
	Size          int64          // instead of the content's: may exceed 2^31
	Extra         map[string]any // set last: nulls, odd URLs
}

// The files of an ordinary recording.
func VideoFile(content []byte) RecordingFile {
	return RecordingFile{FileType: "MP4", Extension: "MP4", ContentType: "video/mp4",
		RecordingType: "shared_screen_with_speaker_view", Content: content}
}

// ChatFile is the chat's text: lines of time, tab, text.
func ChatFile(text string) RecordingFile {
	return RecordingFile{FileType: "CHAT", Extension: "TXT", ContentType: "text/plain",
		RecordingType: "chat_file", Content: []byte(text)}
}

// TranscriptFile is a WebVTT transcript.
func TranscriptFile(vtt string) RecordingFile {
	return RecordingFile{FileType: "TRANSCRIPT", Extension: "VTT", ContentType: "text/vtt",
		RecordingType: "audio_transcript", Content: []byte(vtt)}
}

// TimelineFile lacks id, status, size and recording type, as Zoom's does.
func TimelineFile(json string) RecordingFile {
	return RecordingFile{FileType: "TIMELINE", Extension: "JSON", ContentType: "application/json", Content: []byte(json)}
}

type storedFile struct {
	file RecordingFile
	uuid string
}

type downloadGrant struct {
	uuid    string
	expires time.Time
}

type signedURL struct {
	path    string
	expires time.Time
}

type recordingState struct {
	files    map[string]storedFile // by path
	tokens   map[string]downloadGrant
	signed   map[string]signedURL // by key
	redirect string
}

func newRecordingState() recordingState {
	return recordingState{
		files: map[string]storedFile{}, tokens: map[string]downloadGrant{}, signed: map[string]signedURL{},
	}
}

// SetDownloadHost is where downloads redirect to, scheme and host; default is
// the stand-in itself. The same server also answers as https://127.0.0.1 with
// its port: another host to a client.
func (s *Sim) SetDownloadHost(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files.redirect = strings.TrimSuffix(base, "/")
}

// ExpireDownloadTokens makes every download token so far answer 401.
func (s *Sim) ExpireDownloadTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.files.tokens)
}

// RecordingEvent stores files for download and makes recording.completed,
// recording.transcript_completed or another event of that frame (FACTS 5.4).
func (s *Sim) RecordingEvent(name string, id int64, files ...RecordingFile) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.rooms.byID[id]
	if m == nil {
		return Event{}, fmt.Errorf("%w: %d", ErrNoMeeting, id)
	}
	m = m.live()
	var total int64
	list := []Object{}
	for _, f := range files {
		o := s.storeFile(m, f)
		size, _ := o.Get("file_size").(int64)
		total += size
		list = append(list, o)
	}
	now := s.now()
	token := s.newToken("download", m.host.ID, now.Add(downloadLife))
	s.files.tokens[token] = downloadGrant{m.uuid, now.Add(downloadLife)}
	return Event{
		Name: name, TS: now, TopLevel: Object{{"download_token", token}},
		Object: Object{
			{"uuid", m.uuid}, {"id", m.id}, {"account_id", s.accountID}, {"host_id", m.host.ID},
			{"topic", m.topic}, {"type", m.kind}, {"start_time", utc(m.started)}, {"timezone", m.timezone},
			{"host_email", m.host.Email}, {"duration", minutes(m.started, m.ended)}, {"total_size", total},
			{"recording_count", len(list)}, {"share_url", s.url + "/rec/share/" + randomText(24)},
			{"password", randomText(8)}, {"recording_play_passcode", randomText(16)}, {"recording_files", list},
		},
	}, nil
}

// minutes of a meeting that is over, rounded up; 0 while it runs.
func minutes(from, to time.Time) int {
	if from.IsZero() || to.Before(from) {
		return 0
	}
	return int((to.Sub(from) + time.Minute - 1) / time.Minute)
}

// bareTypes lack id, status, file_size, recording_type and play_url (FACTS 5.4).
var bareTypes = []string{"TIMELINE", "CC"}

func (s *Sim) storeFile(m *meeting, f RecordingFile) Object {
	path := "/rec/webhook_download/" + randomText(24) + "/" + randomText(12)
	s.files.files[path] = storedFile{f, m.uuid}
	start, end := f.Start, f.End
	if start.IsZero() {
		start = m.started
	}
	if end.IsZero() {
		end = m.ended
	}
	size := f.Size
	if size == 0 {
		size = int64(len(f.Content))
	}
	status := f.Status
	if status == "" {
		status = "completed"
	}
	o := Object{
		{"id", newInstanceID()}, {"meeting_id", m.uuid}, {"recording_start", utc(start)}, {"recording_end", utc(end)},
		{"file_type", f.FileType}, {"file_extension", f.Extension}, {"file_size", size},
	}
	if f.FileType == "MP4" || f.FileType == "M4A" {
		o = append(o, Field{"play_url", s.url + "/rec/play/" + randomText(24)})
	}
	o = append(o, Object{
		{"download_url", s.url + path}, {"status", status}, {"recording_type", f.RecordingType},
	}...)
	if slices.Contains(bareTypes, f.FileType) {
		for _, name := range []string{"id", "status", "file_size", "recording_type"} {
			o = o.Without(name)
		}
	}
	return o.merge(f.Extra)
}

// serveRecording: downloads redirect to a signed URL that carries its own key
// (FACTS 5.5); share and play links are pages for people.
func (s *Sim) serveRecording(r *request) answer {
	if r.Method != http.MethodGet {
		return unknownPath()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.path, "/rec/webhook_download/"):
		return s.download(r)
	case strings.HasPrefix(r.path, "/cmr/replay/"):
		return s.replay(r)
	case strings.HasPrefix(r.path, "/rec/share/"), strings.HasPrefix(r.path, "/rec/play/"):
		return s.problem(http.StatusOK, "Recording", "Here Zoom would ask for the passcode and play the recording.", nil)
	}
	return unknownPath()
}

func (s *Sim) download(r *request) answer {
	stored, known := s.files.files[r.path]
	if !known {
		return apiError(http.StatusNotFound, 3301, "There is no recording for this meeting.")
	}
	if !s.mayDownload(r, stored.uuid) {
		return apiError(http.StatusUnauthorized, 124, "Invalid access token.")
	}
	now := s.now()
	for key, u := range s.files.signed {
		if !now.Before(u.expires) {
			delete(s.files.signed, key)
		}
	}
	key := randomText(40)
	s.files.signed[key] = signedURL{r.path, now.Add(signedLife)}
	base := s.files.redirect
	if base == "" {
		base = s.url
	}
	return redirect(http.StatusFound, base+"/cmr/replay/"+strings.TrimPrefix(r.path, "/rec/webhook_download/")+"?Signature="+key)
}

// mayDownload takes the webhook's download token or a user's access token, in
// the header only (FACTS 5.5).
func (s *Sim) mayDownload(r *request, uuid string) bool {
	text, ok := bearerToken(r)
	if !ok {
		return false
	}
	if t, ok := s.files.tokens[text]; ok {
		return t.uuid == uuid && s.now().Before(t.expires)
	}
	_, _, ok = s.checkAccess(r)
	return ok
}

func (s *Sim) replay(r *request) answer {
	u, known := s.files.signed[r.query.Get("Signature")]
	if !known || !s.now().Before(u.expires) ||
		u.path != "/rec/webhook_download/"+strings.TrimPrefix(r.path, "/cmr/replay/") {
		return answer{status: http.StatusForbidden, body: []byte("<Error><Code>AccessDenied</Code></Error>")}.
			with("Content-Type", "application/xml")
	}
	f := s.files.files[u.path].file
	return answer{status: http.StatusOK, body: f.Content}.with("Content-Type", f.ContentType)
}
