package zoomsim

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// kind is a JSON type. Null is always accepted: the Go plugin sends nulls and
// zero values for everything it does not set (FACTS 3.2).
type kind func(v any) bool

func isString(v any) bool { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isArray(v any) bool  { _, ok := v.([]any); return ok }
func isObject(v any) bool { _, ok := v.(map[string]any); return ok }
func isInt(v any) bool    { f, ok := v.(float64); return ok && f == math.Trunc(f) }

// bodyField is one documented member of the create and update body.
type bodyField struct {
	name  string
	kind  kind
	check func(v any) bool // nil: any value of the kind
}

// meetingFields and settingFields are those of FACTS 3.2; unknown members are
// ignored, as Zoom does.
var meetingFields = []bodyField{
	{"topic", isString, nil},
	{"type", isInt, oneOfInts(1, 2, 3, 8, 10)},
	{"start_time", isString, isTime},
	{"duration", isInt, nil},
	{"timezone", isString, nil},
	{"schedule_for", isString, nil},
	{"password", isString, atMost(10)},
	{"default_password", isBool, nil},
	{"agenda", isString, atMost(2000)},
	{"pre_schedule", isBool, nil},
	{"template_id", isString, nil},
	{"tracking_fields", isArray, nil},
	{"recurrence", isObject, nil},
	{"settings", isObject, nil},
}

var settingFields = []bodyField{
	{"host_video", isBool, nil},
	{"participant_video", isBool, nil},
	{"join_before_host", isBool, nil},
	{"jbh_time", isInt, oneOfInts(0, 5, 10, 15)},
	{"mute_upon_entry", isBool, nil},
	{"watermark", isBool, nil},
	{"use_pmi", isBool, nil},
	{"approval_type", isInt, oneOfInts(0, 1, 2)},
	{"registration_type", isInt, oneOfInts(0, 1, 2, 3)},
	{"audio", isString, oneOf("", "both", "telephony", "voip", "thirdParty")},
	{"auto_recording", isString, oneOf("", "local", "cloud", "none")},
	{"waiting_room", isBool, nil},
	{"meeting_authentication", isBool, nil},
	{"alternative_hosts", isString, nil},
	{"encryption_type", isString, oneOf("", "enhanced_encryption", "e2ee")},
	{"private_meeting", isBool, nil},
	{"meeting_invitees", isArray, nil},
	{"breakout_room", isObject, nil},
}

func oneOfInts(allowed ...float64) func(any) bool {
	return func(v any) bool { return slices.Contains(allowed, v.(float64)) }
}

func oneOf(allowed ...string) func(any) bool {
	return func(v any) bool { return slices.Contains(allowed, v.(string)) }
}

func atMost(n int) func(any) bool {
	return func(v any) bool { return len([]rune(v.(string))) <= n }
}

// isTime takes UTC with Z, local without it, or nothing (FACTS 2).
func isTime(v any) bool {
	text := v.(string)
	if text == "" {
		return true
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05", time.RFC3339} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// body is a checked create or update request.
type body map[string]any

// parseObject wants one JSON object and nothing else.
func parseObject(raw []byte) (body, bool) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil || b == nil {
		return nil, false
	}
	return b, true
}

// parseMeeting answers 300 for what is not an object, and 300 with errors[]
// for members of the wrong kind or value (FACTS 4).
func parseMeeting(raw []byte) (body, answer, bool) {
	b, ok := parseObject(raw)
	if !ok {
		return nil, apiError(400, 300, "Request Body should be a valid JSON object."), false
	}
	var errs []Object
	check := func(prefix string, members map[string]any, fields []bodyField) {
		for _, f := range fields {
			v := members[f.name]
			if v == nil || f.kind(v) && (f.check == nil || f.check(v)) {
				continue
			}
			errs = append(errs, Object{{"field", prefix + f.name}, {"message", "Invalid field."}})
		}
	}
	check("", b, meetingFields)
	if settings, ok := b["settings"].(map[string]any); ok {
		check("settings.", settings, settingFields)
	}
	if len(errs) > 0 {
		return nil, jsonAnswer(400, Object{{"code", 300}, {"message", "Validation Failed."}, {"errors", errs}}), false
	}
	return b, answer{}, true
}

func (b body) text(name string) string {
	text, _ := b[name].(string)
	return text
}

// number is the member, or fallback when it is absent, null or zero.
func (b body) number(name string, fallback int) int {
	if v, ok := b[name].(float64); ok && v != 0 {
		return int(v)
	}
	return fallback
}

// flag is the member, or fallback when it is absent or null.
func (b body) flag(name string, fallback bool) bool {
	if v, ok := b[name].(bool); ok {
		return v
	}
	return fallback
}

func (b body) settings() body {
	settings, _ := b["settings"].(map[string]any)
	return settings
}
