package zoomsim

import (
	"net/http"
	"strconv"
	"time"
)

// hostDailyQuota: creates and updates per host and UTC day (FACTS 4).
const hostDailyQuota = 100

// Plan is the account's plan; its rate limits hold for the whole account.
type Plan int

const (
	PlanBusiness Plan = iota
	PlanPro
	PlanFree
	PlanUnlimited // no per-second or daily limit: for load tests
)

type label int

const (
	light label = iota
	medium
)

var labelNames = map[label]string{light: "Light", medium: "Medium"}

type rate struct{ perSecond, perDay int } // 0: no limit

// rates is the table of FACTS 4.
var rates = map[Plan]map[label]rate{
	PlanBusiness: {light: {80, 0}, medium: {60, 0}},
	PlanPro:      {light: {30, 0}, medium: {20, 0}},
	PlanFree:     {light: {4, 6000}, medium: {2, 2000}},
}

// The three texts of FACTS 4, and the one for concurrent requests.
const (
	textPerSecond = "You have reached the maximum per-second rate limit for this API. Try again later."
	textDaily     = "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request."
	textHost      = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00."
	textBusy      = "Too many concurrent requests. Try again later."
)

// RateHeaders chooses the rate headers of API answers; all are optional and
// measurements differ (FACTS 4).
type RateHeaders int

const (
	HeadersMeasured RateHeaders = iota // a 200 has the category alone
	HeadersNone
	HeadersFull // the older documentation's set
)

type limitState struct {
	plan      Plan
	headers   RateHeaders
	hostQuota int

	second   int64
	day      string
	inSecond map[label]int
	inDay    map[label]int
	perHost  map[string]int
}

// SetRateHeaders chooses them.
func (s *Sim) SetRateHeaders(h RateHeaders) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.headers = h
}

// SetPlan changes the account's plan.
func (s *Sim) SetPlan(p Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.plan = p
}

// SetHostQuota replaces the 100 creates and updates per host and day.
func (s *Sim) SetHostQuota(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.hostQuota = n
}

func (l *limitState) roll(now time.Time) {
	if second := now.Unix(); second != l.second || l.inSecond == nil {
		l.second, l.inSecond = second, map[label]int{}
	}
	if day := now.UTC().Format(time.DateOnly); day != l.day {
		l.day, l.inDay, l.perHost = day, map[label]int{}, map[string]int{}
	}
}

// admit counts a call against the plan's limits.
func (l *limitState) admit(kind label, now time.Time) (answer, bool) {
	l.roll(now)
	limit := rates[l.plan][kind]
	if limit.perSecond > 0 && l.inSecond[kind] >= limit.perSecond {
		return l.refuse(PerSecondFault(), kind, limit.perSecond), false
	}
	if limit.perDay > 0 && l.inDay[kind] >= limit.perDay {
		return l.refuse(DailyFault(now), kind, limit.perDay), false
	}
	l.inSecond[kind]++
	l.inDay[kind]++
	return answer{}, true
}

// admitHost counts a create or update against its host's day. The answer had
// category, limit and remaining when it was seen, no type and no Retry-After.
func (l *limitState) admitHost(host *User, kind label, now time.Time) (answer, bool) {
	l.roll(now)
	if l.perHost[host.ID] >= l.hostQuota {
		return l.refuse(HostQuotaFault(), kind, l.hostQuota), false
	}
	l.perHost[host.ID]++
	return answer{}, true
}

func (l *limitState) refuse(f Fault, kind label, limit int) answer {
	f.Headers["X-RateLimit-Category"] = labelNames[kind]
	f.Headers["X-RateLimit-Limit"] = strconv.Itoa(limit)
	if l.headers == HeadersNone {
		f.Headers = nil
	}
	return f.apply(answer{})
}

func (l *limitState) decorate(a answer, kind label) answer {
	if l.headers == HeadersNone || a.status == http.StatusTooManyRequests {
		return a
	}
	a = a.with("X-RateLimit-Category", labelNames[kind])
	limit := rates[l.plan][kind].perSecond
	if l.headers == HeadersFull && limit > 0 {
		a = a.with("X-RateLimit-Type", "QPS").with("X-RateLimit-Limit", strconv.Itoa(limit)).
			with("X-RateLimit-Remaining", strconv.Itoa(limit-l.inSecond[kind]))
	}
	return a
}

func limitFault(text string, headers map[string]string) Fault {
	if headers == nil {
		headers = map[string]string{}
	}
	a := apiError(http.StatusTooManyRequests, 429, text)
	return Fault{Status: a.status, Body: string(a.body), Headers: headers}
}

// PerSecondFault is the 429 of too many calls in one second.
func PerSecondFault() Fault {
	return limitFault(textPerSecond, map[string]string{"X-RateLimit-Type": "QPS", "X-RateLimit-Remaining": "0"})
}

// DailyFault is the 429 of a spent day: Retry-After is a date here (FACTS 4).
func DailyFault(now time.Time) Fault {
	midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	return limitFault(textDaily, map[string]string{
		"X-RateLimit-Type": "Daily-limit", "X-RateLimit-Remaining": "0",
		"X-RateLimit-Reset": strconv.FormatInt(midnight.Unix(), 10),
		"Retry-After":       midnight.Format(time.RFC3339),
	})
}

// HostQuotaFault is the 429 of a host's 101st create or update of a day.
func HostQuotaFault() Fault {
	return limitFault(textHost, map[string]string{"X-RateLimit-Remaining": "0"})
}

// ConcurrentFault is the 429 of operations on one user at the same time.
func ConcurrentFault() Fault { return limitFault(textBusy, nil) }
