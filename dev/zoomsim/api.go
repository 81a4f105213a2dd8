package zoomsim

import (
	"net/url"
	"strings"
)

// apiRoute is one call under /v2: its scopes and label are those of FACTS 1.8.
type apiRoute struct {
	method  string
	pattern string
	need    need
	label   label
	counts  bool // against the host's 100 creates and updates a day (FACTS 4)
	serve   func(*call) answer
}

var apiRoutes = []apiRoute{
	{"GET", "/users/{user}", need{"user:read", "user:read:user"}, light, false, (*call).getUser},
	{"GET", "/users/{user}/settings", need{"user:read", "user:read:settings"}, medium, false, (*call).getSettings},
	{"POST", "/users/{user}/meetings", need{"meeting:write", "meeting:write:meeting"}, medium, true, (*call).createMeeting},
	{"GET", "/meetings/{meeting}", need{"meeting:read", "meeting:read:meeting"}, light, false, (*call).getMeeting},
	{"PATCH", "/meetings/{meeting}", need{"meeting:write", "meeting:update:meeting"}, light, true, (*call).patchMeeting},
	{"DELETE", "/meetings/{meeting}", need{"meeting:write", "meeting:delete:meeting"}, light, false, (*call).deleteMeeting},
	{"PUT", "/meetings/{meeting}/status", need{"meeting:write", "meeting:update:status"}, light, false, (*call).putStatus},
}

// call is one API request under way; handlers run with sim.mu held.
type call struct {
	sim    *Sim
	req    *request
	route  *apiRoute
	grant  *grant
	params map[string]string
}

// serveAPI: path, then token, then scopes, then limits, then the call.
func (s *Sim) serveAPI(r *request) answer {
	c := s.findCall(r)
	if c == nil {
		return unknownPath()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	grant, refusal, ok := s.checkAccess(r)
	if !ok {
		return refusal
	}
	c.grant = grant
	if own, _ := c.route.need.metBy(grant.scopes); !own {
		return c.route.need.missing(grant.scopes, false)
	}
	if refusal, ok := s.limits.admit(c.route.label, s.now()); !ok {
		return refusal
	}
	return s.limits.decorate(c.route.serve(c), c.route.label)
}

func (s *Sim) findCall(r *request) *call {
	path := strings.Split(strings.TrimPrefix(r.path, "/v2"), "/")
	for i := range apiRoutes {
		route := &apiRoutes[i]
		if r.Method != route.method {
			continue
		}
		c := &call{sim: s, req: r, route: route, params: map[string]string{}}
		if c.match(strings.Split(route.pattern, "/"), path) {
			return c
		}
	}
	return nil
}

// match compares word by word on the path as sent, so that an escaped slash
// stays inside its word.
func (c *call) match(pattern, path []string) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, word := range pattern {
		name, parameter := strings.CutPrefix(strings.TrimSuffix(word, "}"), "{")
		if !parameter {
			if word != path[i] {
				return false
			}
			continue
		}
		value, err := url.PathUnescape(path[i])
		if err != nil || value == "" {
			return false
		}
		c.params[name] = value
	}
	return true
}
