package sentences

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var write = flag.Bool("write", false, "bring plugin/i18n up to date: new sentences are without translation")

const root = "../.."

// sources reads the plugin's code.
func sources(t *testing.T) ([]Literal, []Sentence) {
	t.Helper()
	literals, err := Literals(root)
	if err != nil {
		t.Fatal(err)
	}
	sentences := Sentences(literals)
	if len(sentences) < 200 {
		t.Fatalf("only %d sentences were found", len(sentences))
	}
	return literals, sentences
}

// translations are the PO files by their languages.
func translations(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "plugin/i18n/*.po"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no translations: %v", err)
	}
	found := map[string]string{}
	for _, file := range files {
		found[strings.TrimSuffix(filepath.Base(file), ".po")] = file
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Goal: nobody gets half an answer in their language.
func TestEverySentenceIsTranslated(t *testing.T) {
	_, sentences := sources(t)
	for language, file := range translations(t) {
		entries, err := ReadPO(file)
		if err != nil {
			t.Fatal(err)
		}
		if *write {
			update(t, file, entries, sentences)
			continue
		}
		if !strings.Contains(read(t, filepath.Join(root, "plugin/lang.c")), "lang_"+language+",") {
			t.Errorf("plugin/lang.c has no row for %s", language)
		}
		for _, complaint := range Review(entries, sentences) {
			t.Errorf("%s: %s", filepath.Base(file), complaint)
		}
	}
}

// update puts the entries in the order of the code, adds what is missing and
// takes out what is not said any more.
func update(t *testing.T, file string, entries []Entry, sentences []Sentence) {
	t.Helper()
	forms := max(1, FormsOf(entries[0]))
	updated := entries[:1:1]
	files := map[string]string{}
	for _, s := range sentences {
		files[s.Text], _, _ = strings.Cut(s.Where, ":")
		e := Entry{English: s.Text, Plural: s.Plural, Forms: []string{""}}
		if s.Plural != "" {
			e.Forms = make([]string, forms)
		}
		if at := slices.IndexFunc(entries, func(e Entry) bool { return e.English == s.Text }); at > 0 {
			e.Comments, e.Flags = entries[at].Comments, entries[at].Flags
			copy(e.Forms, entries[at].Forms)
		}
		updated = append(updated, e)
	}
	if err := WritePO(file, updated, files); err != nil {
		t.Fatal(err)
	}
}

// Goal: the test above finds what it is for.
func TestReviewFindsMistakes(t *testing.T) {
	header := Entry{Forms: []string{"Plural-Forms: nplurals=2; plural=(n != 1);\n"}}
	sentence := Sentence{Text: "**Key** of %s: type `/zoom help`.\n"}
	good := Entry{English: sentence.Text, Forms: []string{"**Key** von %s: `/zoom help` eingeben.\n"}}
	days := Sentence{Text: "%d day", Plural: "%d days"}
	goodDays := Entry{English: "%d day", Plural: "%d days", Forms: []string{"%d Tag", "%d Tage"}}
	if found := Review([]Entry{header, good, goodDays}, []Sentence{sentence, days}); len(found) > 0 {
		t.Fatalf("what is right is complained of: %q", found)
	}
	with := func(form string) Entry { return Entry{English: good.English, Forms: []string{form}} }
	for what, entry := range map[string]Entry{
		"missing":      {English: "Something else", Forms: []string{"Etwas anderes"}},
		"empty":        with(""),
		"conversion":   with("**Key** von %d: `/zoom help` eingeben.\n"),
		"too many":     with("**Key** von %s %s: `/zoom help` eingeben.\n"),
		"command":      with("**Key** von %s: `/zoom hilfe` eingeben.\n"),
		"setting":      with("**Schlüssel** von %s: `/zoom help` eingeben.\n"),
		"end":          with("**Key** von %s: `/zoom help` eingeben."),
		"unsure":       {English: good.English, Forms: good.Forms, Flags: []string{"fuzzy"}},
		"plural there": {English: good.English, Plural: "more", Forms: []string{good.Forms[0], good.Forms[0]}},
	} {
		if found := Review([]Entry{header, entry, goodDays}, []Sentence{sentence, days}); len(found) == 0 {
			t.Errorf("not found: %s", what)
		}
	}
	oneForm := goodDays
	oneForm.Forms = oneForm.Forms[:1]
	if found := Review([]Entry{header, good, oneForm}, []Sentence{sentence, days}); len(found) != 1 {
		t.Errorf("a missing plural: %q", found)
	}
	if found := Review([]Entry{header, good, goodDays, good}, []Sentence{sentence, days}); len(found) != 1 {
		t.Errorf("an entry twice: %q", found)
	}
}

// plain are literals that look like sentences, and why they are not translated.
var plain = map[string]string{
	"channel-settings list": "typed", "subscription add": "typed",
	"subscription remove": "typed", "subscription list": "typed",
	"Yes": "on the wire", "No": "on the wire", "Ask": "on the wire",
	"USE PERSONAL MEETING ID": "on the wire", "USE A UNIQUE MEETING ID": "on the wire",
	"Zoom": "a name", "Zoom Meeting": "the contract's default topic",
	"Zoom URL": "a setting", "Zoom API URL": "a setting",
	"Preference": "stored", "z2 key id": "a label of a digest",
	"Location": "a header", "Allow": "a header", "text/html; charset=utf-8": "a header", "text/plain; charset=utf-8": "a header",
	"application/openmetrics-text; version=1.0.0; charset=utf-8": "a header",
	"one is for all others": "for the compiler",
	"method not allowed\n":  "to programs", "not found\n": "to programs",
	"wrong secret in the address": "to Zoom", "not application/json": "to Zoom",
	"Try again.\n": "there are no random numbers: nothing works",
	"The subscriber's account is gone or deactivated.": "logged",
	"The subscriber's e-mail address is not verified.": "logged",
}

// Goal: nobody forgets that people read it.
func TestNothingIsSaidUntranslated(t *testing.T) {
	literals, _ := sources(t)
	seen := map[string]bool{}
	for _, l := range Unsaid(literals) {
		seen[l.Text] = true
		isMarkup := l.File == "plugin/page.c" && strings.ContainsAny(l.Text, "<;")
		if plain[l.Text] == "" && !isMarkup && l.File != "plugin/metrics.c" {
			t.Errorf("%s: say() is not asked for %q", l.where(), l.Text)
		}
	}
	for text := range plain {
		if !seen[text] && text != "Zoom Meeting" {
			t.Errorf("%q does not stand in the code any more", text)
		}
	}
}

// Goal: the scanner reads C as a compiler does.
func TestScanReadsC(t *testing.T) {
	const code = `
/* say(c, "In a comment") */
#define TEXT "Said " \
	"twice. "
#define OTHER(x) "not looked at"
static const char *const words[] = { SAY("In a table"), "Bare words here." };
// "Nor this"
void f(struct ctx *c)
{
	mm_log(c->mm, "A log line", "error", say(c, "Said in a log"), NULL);
	answer(c, '"', say(c, TEXT "And \"%s\"\n", call(1, 2), "an argument said"));
	show(n > 1 ? say(c, "Many ) here") : S("Forgotten to say"));
	say_n(c, n, "%d day", "%d days", n);
}
`
	literals, err := scan("f.c", code)
	if err != nil {
		t.Fatal(err)
	}
	want := []Sentence{
		{"In a table", "", "f.c:6"}, {"Said in a log", "", "f.c:10"},
		{"Said twice. And \"%s\"\n", "", "f.c:11"}, {"Many ) here", "", "f.c:12"}, {"%d day", "%d days", "f.c:13"},
	}
	if got := Sentences(literals); !slices.Equal(got, want) {
		t.Errorf("sentences: %q", got)
	}
	var bare []string
	for _, l := range Unsaid(literals) {
		bare = append(bare, l.Text)
	}
	if want := []string{"Bare words here.", "an argument said", "Forgotten to say"}; !slices.Equal(bare, want) {
		t.Errorf("not said: %q", bare)
	}
}

// selfExplaining need no row: what the place where they stand explains.
var selfExplaining = map[string]string{
	"plugin/setup.c":  "instructions",
	"plugin/scope.c":  "part of the instructions",
	"plugin/url.c":    "part of a row",
	"plugin/status.c": "good or bad is said in front; what to do, in the line",
}

// isLabel: buttons, titles, hints and parts of sentences have no full stop.
func isLabel(text string) bool { return !regexp.MustCompile(`[.:]\s*$`).MatchString(text) }

// Goal: whoever looks a sentence up finds what to do.
func TestTroubleshootingHasEverySentence(t *testing.T) {
	_, sentences := sources(t)
	messages := Messages(read(t, filepath.Join(root, "docs/troubleshooting.md")))
	for _, s := range sentences {
		file, _, _ := strings.Cut(s.Where, ":")
		if selfExplaining[file] == "" && !isLabel(s.Text) && !IsExplained(s.Text, messages) {
			t.Errorf("%s: no row in docs/troubleshooting.md for %q", s.Where, s.Text)
		}
	}
}

// onCards are sentences of the web app's that tell what the post is.
var onCards = []string{"zoom.has_started", "zoom.has_ended", "zoom.is_ready"}

// Goal: likewise for what the browser says by itself.
func TestTroubleshootingHasTheBrowsersSentences(t *testing.T) {
	messages := Messages(read(t, filepath.Join(root, "docs/troubleshooting.md")))
	var texts map[string]string
	if err := json.Unmarshal([]byte(read(t, filepath.Join(root, "webapp/i18n/en.json"))), &texts); err != nil {
		t.Fatal(err)
	}
	looked := 0
	for key, text := range texts {
		if isLabel(text) || slices.Contains(onCards, key) {
			continue
		}
		looked++
		if text = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(text, "%s"); !IsExplained(text, messages) {
			t.Errorf("%s: no row in docs/troubleshooting.md for %q", key, text)
		}
	}
	if looked < 5 {
		t.Errorf("only %d sentences were found", looked)
	}
}

// keys are what stored values are found by.
var keys = regexp.MustCompile(`^(z2_|zoom(SuperUser|token|user|User|Channel)|post_meeting_|meeting_channel_|subscription_index_)\w*`)

// Goal: whoever asks what is stored finds everything.
func TestPrivacyHasEveryKey(t *testing.T) {
	literals, _ := sources(t)
	page := read(t, filepath.Join(root, "docs/privacy.md"))
	found := map[string]bool{}
	for _, l := range literals {
		if key := keys.FindString(l.Text); key != "" && l.Text != "zoomAccount" {
			found[key] = true
		}
	}
	if len(found) < 15 {
		t.Fatalf("only %d keys were found", len(found))
	}
	for key := range found {
		if !strings.Contains(page, "`"+key) {
			t.Errorf("no row in docs/privacy.md for %s", key)
		}
	}
}

// Goal: a row counts for its own sentence only.
func TestRowsAreFound(t *testing.T) {
	messages := Messages("| message | means |\n|---|---|\n| Saved. ... `/zoom x` changes it. | kept |\n" +
		"| No `...` here. / Join it, `...`. | |\nSaid outside.\n")
	for text, want := range map[string]bool{
		"Saved. %.*s `/zoom x` changes it.": true, "No `%s` here.": true, "[Join it](%.*s), `%s`.": true,
		"Saved. %.*s `/zoom y` changes it.": false, "kept": false, "Said outside.": false, "Not here.": false,
	} {
		if IsExplained(text, messages) != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}
