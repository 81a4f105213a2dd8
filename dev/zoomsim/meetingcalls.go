package zoomsim

import (
	"fmt"
	"net/http"
)

// mayHost: FACTS 3.2 names the codes; which state gives which is unverified.
func mayHost(u *User) (answer, bool) {
	switch {
	case u.Status == StatusInactive:
		return apiError(http.StatusBadRequest, 3000, "The user is blocked."), false
	case u.Status == StatusPending || u.Type == TypeUnassigned:
		return apiError(http.StatusBadRequest, 3161,
			"Your user account is not allowed meeting hosting and scheduling capabilities."), false
	}
	return answer{}, true
}

func (c *call) createMeeting() answer {
	host, refusal, ok := c.target(c.params["user"])
	if !ok {
		return refusal
	}
	b, refusal, ok := parseMeeting(c.req.body)
	if !ok {
		return refusal
	}
	if scheduledFor := b.text("schedule_for"); scheduledFor != "" {
		other, _, found := c.target(scheduledFor)
		if b.number("type", typeScheduled) == typeInstant || !found {
			return apiError(http.StatusBadRequest, 3000, fmt.Sprintf("You cannot schedule a meeting for %s", scheduledFor))
		}
		host = other
	}
	if refusal, ok := mayHost(host); !ok {
		return refusal
	}
	if refusal, ok := c.sim.limits.admitHost(host, c.route.label, c.sim.now()); !ok {
		return refusal
	}
	m := c.sim.newMeeting(host, b)
	return jsonAnswer(http.StatusCreated, c.sim.meetingObject(m).
		With("creation_source", "open_api").With("pre_schedule", b.flag("pre_schedule", false)))
}

func noSuchMeeting(key string) answer {
	return apiError(http.StatusNotFound, 3001, fmt.Sprintf("Meeting does not exist: %s.", key))
}

// meeting finds the path's meeting, as long as it can be entered.
func (c *call) meeting() (*meeting, answer, bool) {
	m, refusal, ok := c.anyMeeting()
	if ok && m.gone() {
		return nil, noSuchMeeting(c.params["meeting"]), false
	}
	return m, refusal, ok
}

// anyMeeting finds deleted and ended ones too, and checks the token against
// the host. What a user-level token gets for a colleague's meeting is
// unverified: 3001.
func (c *call) anyMeeting() (*meeting, answer, bool) {
	key := c.params["meeting"]
	m := c.sim.findMeeting(key)
	if m == nil || m.host.Foreign || !c.sim.app.AccountLevel && m.host != c.grant.user {
		return nil, noSuchMeeting(key), false
	}
	if _, refusal, ok := c.target(m.host.ID); !ok {
		return nil, refusal, false
	}
	return m, answer{}, true
}

func (c *call) getMeeting() answer {
	m, refusal, ok := c.meeting()
	if !ok {
		return refusal
	}
	return jsonAnswer(http.StatusOK, c.sim.meetingObject(m))
}

func (c *call) patchMeeting() answer {
	m, refusal, ok := c.meeting()
	if !ok {
		return refusal
	}
	b, refusal, ok := parseMeeting(c.req.body)
	if !ok {
		return refusal
	}
	if refusal, ok := c.sim.limits.admitHost(m.host, c.route.label, c.sim.now()); !ok {
		return refusal
	}
	m.update(b)
	if password := b.text("password"); password != "" {
		m.password, m.pwd = password, randomText(17)+".1"
	}
	return emptyAnswer(http.StatusNoContent)
}

func (c *call) deleteMeeting() answer {
	m, refusal, ok := c.meeting()
	if !ok {
		return refusal
	}
	if m.kind == typePersonal {
		return apiError(http.StatusBadRequest, 3018, "Not allowed to delete PMI.")
	}
	m.deleted = true
	return emptyAnswer(http.StatusNoContent)
}

// putStatus ends a running meeting or recovers a deleted one (FACTS 3.3).
func (c *call) putStatus() answer {
	b, ok := parseObject(c.req.body)
	if !ok {
		return apiError(http.StatusBadRequest, 300, "Request Body should be a valid JSON object.")
	}
	switch b.text("action") {
	case "end":
		return c.endMeeting()
	case "recover":
		m, refusal, ok := c.anyMeeting()
		if !ok {
			return refusal
		}
		m.deleted = false
		return emptyAnswer(http.StatusNoContent)
	}
	return apiError(http.StatusBadRequest, 300, "Validation Failed.")
}

func (c *call) endMeeting() answer {
	m, refusal, ok := c.meeting()
	if !ok {
		return refusal
	}
	ev, err := c.sim.endLocked(m.live())
	if err != nil {
		// FACTS 3.3 names code 3063, not when it comes.
		return apiError(http.StatusBadRequest, 3063, "The meeting is not in progress.")
	}
	c.sim.background(func() { c.sim.notifyLogged(*ev) })
	return emptyAnswer(http.StatusNoContent)
}
