package zoomsim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// User states (FACTS 3.1).
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
	StatusPending  = "pending"
)

// User types (FACTS 3.1).
const (
	TypeBasic      = 1
	TypeLicensed   = 2
	TypeUnassigned = 4
)

// User is a Zoom user. Only Email is needed; the rest is filled in.
type User struct {
	ID        string
	Email     string
	FirstName string
	LastName  string
	Status    string // default active
	Type      int    // default licensed
	Timezone  string // default Europe/Paris
	Admin     bool   // may authorise an admin-managed app
	Foreign   bool   // in another account: 400 code 1010 (FACTS 3.1)

	PMI                int64 // 0: the field is absent, or 0 with ZeroPMI
	ZeroPMI            bool
	UsePMI             bool
	PersonalMeetingOff bool // settings.schedule_meeting.personal_meeting is false

	EmptyDates bool           // dates are "" (FACTS 2: empty strings occur)
	Extra      map[string]any // set last in the answer: nulls, unknown or odd fields
}

// ErrDuplicateUser says that an id or e-mail is taken.
var ErrDuplicateUser = errors.New("zoomsim: there is a user with this id or e-mail")

// AddUser adds a user to the account (or to another, when Foreign) and
// returns it with everything that was filled in.
func (s *Sim) AddUser(u User) (User, error) {
	if u.Email == "" {
		return User{}, errors.New("zoomsim: a user needs an e-mail")
	}
	u.complete()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.findUser(u.Email) != nil || s.findUser(u.ID) != nil {
		return User{}, fmt.Errorf("%w: %s", ErrDuplicateUser, u.Email)
	}
	s.users = append(s.users, &u)
	s.openRoom(&u)
	return u, nil
}

func (u *User) complete() {
	name, _, _ := strings.Cut(u.Email, "@")
	defaults := []struct {
		field *string
		value string
	}{
		{&u.ID, newUserID()}, {&u.FirstName, name}, {&u.Status, StatusActive}, {&u.Timezone, "Europe/Paris"},
	}
	for _, d := range defaults {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if u.Type == 0 {
		u.Type = TypeLicensed
	}
}

// UpdateUser changes a user, found by id or e-mail.
func (s *Sim) UpdateUser(key string, change func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.findUser(key)
	if u == nil {
		return fmt.Errorf("zoomsim: no user %s", key)
	}
	change(u)
	s.openRoom(u)
	return nil
}

// findUser matches e-mails without regard to case, ids exactly. The caller
// holds s.mu.
func (s *Sim) findUser(key string) *User {
	for _, u := range s.users {
		if u.ID == key || strings.EqualFold(u.Email, key) {
			return u
		}
	}
	return nil
}

// DisplayName is what Zoom shows for a user.
func (u *User) DisplayName() string {
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

// ForeignForm is what a user-level token gets for somebody else's id. FACTS
// 1.7 has two texts that disagree.
type ForeignForm int

const (
	Foreign4700 ForeignForm = iota // 401 code 4700
	Foreign1001                    // 404 code 1001
)

// SetForeignForm chooses it.
func (s *Sim) SetForeignForm(form ForeignForm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.foreign = form
}

// target finds the user a path speaks of and checks that the token may: a
// user-level token only its own user, an account-level one the account when
// it has the :admin form (FACTS 1.7). "me" is who authorised the app.
func (c *call) target(key string) (*User, answer, bool) {
	if key == "me" {
		return c.grant.user, answer{}, true
	}
	u := c.sim.findUser(key)
	if u != nil && u == c.grant.user {
		return u, answer{}, true
	}
	if !c.sim.app.AccountLevel {
		return nil, c.sim.foreignUser(key), false
	}
	switch _, account := c.route.need.metBy(c.grant.scopes); {
	case !account:
		return nil, c.route.need.missing(c.grant.scopes, true), false
	case u == nil:
		return nil, noSuchUser(key), false
	case u.Foreign:
		return nil, apiError(http.StatusBadRequest, 1010,
			fmt.Sprintf("User not found on this account: %s.", c.sim.accountID)), false
	}
	return u, answer{}, true
}

func (s *Sim) foreignUser(key string) answer {
	if s.foreign == Foreign1001 {
		return noSuchUser(key)
	}
	return apiError(http.StatusUnauthorized, 4700, "Invalid access token, does not contain scopes")
}

func noSuchUser(key string) answer {
	return apiError(http.StatusNotFound, 1001, fmt.Sprintf("User does not exist: %s.", key))
}

func (c *call) getUser() answer {
	u, refusal, ok := c.target(c.params["user"])
	if !ok {
		return refusal
	}
	return jsonAnswer(http.StatusOK, c.sim.userObject(u))
}

// userObject: a pending user has two fields only (FACTS 3.1).
func (s *Sim) userObject(u *User) Object {
	created, lastLogin := "2023-01-10T08:00:00Z", "2026-10-01T09:30:00Z"
	if u.EmptyDates {
		created, lastLogin = "", ""
	}
	if u.Status == StatusPending {
		return Object{{"id", u.ID}, {"created_at", created}}.merge(u.Extra)
	}
	role, roleID := "Member", "2"
	if u.Admin {
		role, roleID = "Admin", "1"
	}
	o := Object{
		{"id", u.ID}, {"first_name", u.FirstName}, {"last_name", u.LastName},
		{"display_name", u.DisplayName()}, {"email", u.Email}, {"type", u.Type}, {"role_name", role},
	}
	if u.PMI != 0 || u.ZeroPMI {
		o = append(o, Field{"pmi", u.PMI}) // an integer here, a string in a meeting
	}
	o = append(o, Field{"use_pmi", u.UsePMI})
	if room := s.rooms.byID[u.PMI]; room != nil {
		o = append(o, Field{"personal_meeting_url", s.joinURL(room)})
	}
	return append(o, Object{
		{"timezone", u.Timezone}, {"verified", 1}, {"dept", ""}, {"created_at", created},
		{"last_login_time", lastLogin}, {"last_client_version", "6.1.0(linux)"},
		{"account_id", s.accountID}, {"account_number", 10001}, {"status", u.Status},
		{"language", "en-US"}, {"role_id", roleID}, {"jid", strings.ToLower(u.ID) + "@xmpp.zoom.us"},
		{"cluster", "us05"}, {"group_ids", []string{}}, {"im_group_ids", []string{}},
		{"login_types", []int{100}},
	}...).merge(u.Extra)
}

// getSettings holds the parts of use in FACTS 3.1.
func (c *call) getSettings() answer {
	u, refusal, ok := c.target(c.params["user"])
	if !ok {
		return refusal
	}
	return jsonAnswer(http.StatusOK, Object{
		{"schedule_meeting", Object{
			{"host_video", false}, {"participants_video", false}, {"join_before_host", false},
			{"audio_type", "both"}, {"personal_meeting", !u.PersonalMeetingOff}, {"pmi_password", ""},
			{"use_pmi_for_instant_meetings", u.UsePMI}, {"use_pmi_for_scheduled_meetings", false},
			{"require_password_for_instant_meetings", true}, {"require_password_for_pmi_meetings", "all"},
			{"embed_password_in_join_link", true},
		}},
		{"in_meeting", Object{{"waiting_room", true}}},
		{"recording", Object{
			{"cloud_recording", true}, {"auto_recording", "none"}, {"recording_audio_transcript", true},
			{"auto_delete_cmr", false}, {"auto_delete_cmr_days", 30},
		}},
		{"feature", Object{{"meeting_capacity", 100}, {"large_meeting", false}}},
	})
}
