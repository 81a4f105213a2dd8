//go:build !noaudit

package hosts

import "github.com/mattermost/mattermost/server/public/model"

// LogAuditRec is of 0.1.21 and later: -tags noaudit for those before.
func (s *server) LogAuditRec(rec *model.AuditRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec.EventName == "" {
		s.logged = append(s.logged, "an audit record without an event")
	}
}
