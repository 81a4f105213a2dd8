package sentences

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var plurals = regexp.MustCompile(`nplurals=(\d+)`)

// FormsOf is how many forms the language has, by its header.
func FormsOf(header Entry) int {
	if header.English != "" || len(header.Forms) != 1 {
		return 0
	}
	found := plurals.FindStringSubmatch(header.Forms[0])
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// Review says what is wrong with a translation.
func Review(entries []Entry, sentences []Sentence) []string {
	if len(entries) == 0 || FormsOf(entries[0]) == 0 {
		return []string{"no header with nplurals"}
	}
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	byText := map[string]Entry{}
	for _, e := range entries[1:] {
		if _, twice := byText[e.English]; twice {
			complain("twice: %q", e.English)
		}
		byText[e.English] = e
	}
	for _, s := range sentences {
		e, known := byText[s.Text]
		delete(byText, s.Text)
		if !known {
			complain("not translated (%s): %q", s.Where, s.Text)
			continue
		}
		wanted := 1
		if s.Plural != "" {
			wanted = FormsOf(entries[0])
		}
		if e.Plural != s.Plural || len(e.Forms) != wanted {
			complain("has other forms for numbers: %q", s.Text)
		}
		if slices.Contains(e.Flags, "fuzzy") {
			complain("marked as fuzzy: %q", s.Text)
		}
		for _, form := range e.Forms {
			if why := compare(s.Text, form); why != "" {
				complain("%s: %q: %q", why, s.Text, form)
			}
		}
	}
	for text := range byText {
		complain("not said any more: %q", text)
	}
	return found
}

// kept are the parts that a translation has as they are.
var kept = []struct {
	what   string
	part   *regexp.Regexp
	sorted bool
}{
	{"conversions in the same order", conversion, false},
	{"commands", regexp.MustCompile(`/zoom( [a-z-]+)*[^ a-z]`), true},
	{"settings", regexp.MustCompile(`\*\*[^*]+\*\*`), true},
	{"HTML", regexp.MustCompile(`</?[a-z]+>`), false},
	{"lines", regexp.MustCompile(`\n[ -]*`), false},
	{"ends", regexp.MustCompile(`^\s+|\s+$`), false},
}

func compare(english, form string) string {
	if strings.TrimSpace(form) == "" {
		return "empty"
	}
	for _, k := range kept {
		want, got := k.part.FindAllString(english, -1), k.part.FindAllString(form, -1)
		if k.sorted {
			slices.Sort(want)
			slices.Sort(got)
		}
		if !slices.Equal(want, got) {
			return "must have the same " + k.what
		}
	}
	return ""
}

var (
	links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	space = regexp.MustCompile(`\s+`)
)

// words are a text without its markdown, each conversion as "...".
func words(text string) string {
	text = conversion.ReplaceAllString(links.ReplaceAllString(text, "$1"), "...")
	text = strings.NewReplacer("`", "", "**", "", "<code>", "", "</code>", "", "#### ", "").Replace(text)
	return strings.TrimSpace(space.ReplaceAllString(text, " "))
}

// Messages are the first cells of the tables of a page, one for each sentence
// in them, as words.
func Messages(page string) []string {
	var all []string
	for _, line := range strings.Split(page, "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cell, _, _ := strings.Cut(line[2:], " | ")
		for _, part := range strings.Split(cell, " / ") {
			all = append(all, words(part))
		}
	}
	return all
}

// IsExplained tells whether one of the messages is the sentence: its "..." stand
// for anything. A sentence may be a part of a message.
func IsExplained(text string, messages []string) bool {
	sentence := strings.Trim(strings.TrimPrefix(words(text), "... "), " ")
	for _, m := range messages {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(m), `\.\.\.`, ".+")
		whole, err := regexp.MatchString("^"+pattern+"$", sentence)
		if err == nil && whole && m != "..." || strings.Contains(m, sentence) {
			return true
		}
	}
	return false
}
