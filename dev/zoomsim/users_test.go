package zoomsim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestGetUser(t *testing.T) {
	b := launch(t)
	plus := b.addUser(User{ID: "-oB0000000000000000000", Email: "Bob+Meet@Example.com", LastName: "Berg"})
	access, _ := b.connect("ada@example.com")
	for _, path := range []string{"/users/Bob+Meet@Example.com", "/users/bob+meet@example.COM", "/users/Bob%2BMeet%40Example.com", "/users/" + plus.ID} {
		r := b.api(access, "GET", path, "")
		if r.status != 200 || r.json["email"] != "Bob+Meet@Example.com" || r.json["id"] != plus.ID {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
	r := b.api(access, "GET", "/users/me", "")
	if r.json["email"] != "ada@example.com" || r.json["pmi"] != json.Number("5551234567") ||
		r.json["account_id"] != b.AccountID() || r.json["status"] != "active" || r.json["type"] != json.Number("2") {
		t.Error(r.text)
	}
	if !strings.HasPrefix(r.json["personal_meeting_url"].(string), b.URL()+"/j/5551234567?pwd=") {
		t.Error(r.text)
	}
}

func TestUserForms(t *testing.T) {
	b := launch(t)
	access, _ := b.connect("ada@example.com")
	for _, c := range []struct {
		user User
		want string // part of the answer
		not  string
	}{
		{User{}, `"use_pmi":false`, `"pmi"`},
		{User{ZeroPMI: true}, `"pmi":0`, "personal_meeting_url"},
		{User{PMI: 4440000001, UsePMI: true}, `"pmi":4440000001,"use_pmi":true`, "none"},
		{User{EmptyDates: true}, `"created_at":"","last_login_time":""`, "2023"},
		{User{Extra: map[string]any{"dept": nil, "zz": []int{1}}}, `"dept":null`, "none"},
		{User{Status: StatusInactive, Type: TypeBasic}, `"status":"inactive"`, "none"},
	} {
		c.user.Email = randomText(8) + "@example.com"
		b.addUser(c.user)
		r := b.api(access, "GET", "/users/"+c.user.Email, "")
		if r.status != 200 || !strings.Contains(r.text, c.want) || strings.Contains(r.text, c.not) {
			t.Errorf("%+v: %s", c.user, r.text)
		}
	}
	pending := b.addUser(User{Email: "new@example.com", Status: StatusPending})
	if r := b.api(access, "GET", "/users/new@example.com", ""); len(r.json) != 2 || r.json["id"] != pending.ID || r.json["created_at"] == nil {
		t.Error(r.text)
	}
}

func TestUserErrors(t *testing.T) {
	b := launch(t)
	b.addUser(User{Email: "far@example.org", Foreign: true})
	access, _ := b.connect("ada@example.com")
	b.want(b.api(access, "GET", "/users/no@example.com", ""), 404, "1001", "User does not exist: no@example.com.")
	b.want(b.api(access, "GET", "/users/far@example.org", ""), 400, "1010", "User not found on this account: acc0000000000000000001.")
}

func TestUserLevelTouchesOnlyItsOwn(t *testing.T) {
	b := launch(t, userLevel)
	bob := b.addUser(User{Email: "bob@example.com"})
	access, _ := b.connect("ada@example.com")
	ada := b.api(access, "GET", "/users/me", "").json["id"].(string)
	for _, key := range []string{"me", "ada@example.com", "ADA@example.com", ada} {
		if r := b.api(access, "GET", "/users/"+key, ""); r.status != 200 || r.json["id"] != ada {
			t.Errorf("%s: %d %s", key, r.status, r.text)
		}
		if r := b.api(access, "POST", "/users/"+key+"/meetings", `{"type":1}`); r.status != 201 || r.json["host_id"] != ada {
			t.Errorf("meeting of %s: %d %s", key, r.status, r.text)
		}
	}
	for _, key := range []string{bob.ID, "bob@example.com", "nobody@example.com"} {
		b.SetForeignForm(Foreign4700)
		b.want(b.api(access, "GET", "/users/"+key, ""), 401, "4700", "Invalid access token, does not contain scopes")
		b.SetForeignForm(Foreign1001)
		b.want(b.api(access, "POST", "/users/"+key+"/meetings", "{}"), 404, "1001", "User does not exist: "+key+".")
	}
}

func TestEveryUserConsentsAlone(t *testing.T) {
	b := launch(t, userLevel)
	b.addUser(User{Email: "bob@example.com"})
	ada, _ := b.connect("ada@example.com")
	bob, _ := b.connect("bob@example.com")
	for token, email := range map[string]string{ada: "ada@example.com", bob: "bob@example.com"} {
		if r := b.api(token, "GET", "/users/me", ""); r.json["email"] != email {
			t.Errorf("%s: %s", email, r.text)
		}
	}
	b.want(b.api(bob, "GET", "/users/ada@example.com", ""), 401, "4700", "")
	if b.LiveGrants() != 2 || b.CodeExchanges() != 2 {
		t.Error(b.LiveGrants(), b.CodeExchanges())
	}
}

func TestSettings(t *testing.T) {
	b := launch(t, scopes("user:read:admin"))
	access, _ := b.connect("ada@example.com")
	personal := func() any {
		r := b.api(access, "GET", "/users/ada@example.com/settings", "")
		b.want(r, 200, "", "")
		return r.json["schedule_meeting"].(map[string]any)["personal_meeting"]
	}
	if personal() != true {
		t.Error("personal meeting off")
	}
	if err := b.UpdateUser("ada@example.com", func(u *User) { u.PersonalMeetingOff = true }); err != nil {
		t.Fatal(err)
	}
	if personal() != false {
		t.Error("personal meeting on")
	}
	b.want(b.api(access, "GET", "/users/no@example.com/settings", ""), 404, "1001", "")
}

func TestAddUserChecks(t *testing.T) {
	b := launch(t)
	if _, err := b.AddUser(User{Email: "ADA@example.com"}); !errors.Is(err, ErrDuplicateUser) {
		t.Error(err)
	}
	if _, err := b.AddUser(User{}); err == nil {
		t.Error("a user without e-mail")
	}
	if err := b.UpdateUser("none", func(*User) {}); err == nil {
		t.Error("updated nobody")
	}
}
