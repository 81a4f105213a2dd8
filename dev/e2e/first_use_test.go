package e2e

import (
	"net/http"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// answersQuestion is the click on one of the two buttons, after which browsers
// open the meeting by themselves and all others see its link: one click more.
func (w *world) answersQuestion(p person) {
	w.Helper()
	question := w.shown(p)
	w.press(p, question, "WithoutPMI")
	event, err := mmhost.Await(p.ws, 10*time.Second, mmhost.OfType("custom_zoom_meeting_started"))
	check(w.T, err)
	posts := w.posts()
	if len(posts) != 1 {
		w.Fatalf("%d meetings", len(posts))
	}
	link := posts[0].Props["meeting_link"]
	if event.GetData()["meeting_url"] != link || link == "" {
		w.Errorf("the browser is told %v, the post has %v", event.GetData(), link)
	}
	contains(w.T, posts[0].Attachments()[0].Text, "[Join meeting]("+link.(string)+")")
}

// Goal: a member who has never used it is in the meeting after two clicks at
// most, the question for the meeting ID included. Where everybody connects for
// themselves, the first of them is the link to Zoom, whose own page asks for
// consent.
func TestFirstUse(t *testing.T) {
	covers(t, "better: two clicks")
	t.Run("account level", func(t *testing.T) {
		w := connected(t)
		eva := w.joins("eva", zoomsim.User{})
		w.send(eva, "/zoom start")
		w.answersQuestion(eva)
	})
	t.Run("user level", func(t *testing.T) {
		w := userLevel(t)
		eva := w.joins("eva", zoomsim.User{})
		contains(t, w.types(eva, "/zoom start"), "Your meeting starts after that.")
		if status, page := w.authorizes(eva, eva.user.Email); status != http.StatusOK {
			t.Fatalf("connecting: %d %s", status, page)
		}
		contains(t, w.hears(eva), "is connected")
		w.answersQuestion(eva)
	})
}
