package zoomsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// need is what a call asks of a token: one scope in its classic or granular
// form. The :admin form of either reaches the whole account (FACTS 1.7, 1.8).
type need struct{ classic, granular string }

// guideScopes are those Mattermost's guide asks for (FACTS 1.8, last paragraph).
func guideScopes(accountLevel bool) []string {
	scopes := []string{
		"meeting:read:meeting", "meeting:write:meeting", "user:read:user",
		"cloud_recording:read:recording", "archiving:read:list_archived_files",
	}
	if accountLevel {
		for i := range scopes {
			scopes[i] += ":admin"
		}
	}
	return scopes
}

// metBy says whether a token's scopes allow the call, and for whom: own data,
// or any user of the account.
func (n need) metBy(scopes []string) (own, account bool) {
	for _, form := range []string{n.classic, n.granular} {
		own = own || slices.Contains(scopes, form)
		account = account || slices.Contains(scopes, form+":admin")
	}
	return own || account, account
}

// missing is the 4711 answer. It lists every scope that would do, in the
// style the app was made with: granular apps see granular names (FACTS 4).
func (n need) missing(scopes []string, adminOnly bool) answer {
	form := n.granular
	if !slices.ContainsFunc(scopes, granular) && slices.ContainsFunc(scopes, classic) {
		form = n.classic
	}
	list := form + ":admin"
	if !adminOnly {
		list = form + ", " + list
	}
	return apiError(http.StatusBadRequest, 4711,
		fmt.Sprintf("Invalid access token, does not contain scopes:[%s].", list))
}

// A granular scope has three words (resource:verb:thing), a classic one two.
func granular(scope string) bool { return words(scope) == 3 }
func classic(scope string) bool  { return words(scope) == 2 }

func words(scope string) int {
	return 1 + strings.Count(strings.TrimSuffix(scope, ":admin"), ":")
}
