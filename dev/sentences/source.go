// Package sentences checks what people read: that each sentence in the
// plugin's code has its translations, and a row in docs/troubleshooting.md.
package sentences

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A Literal is a string in C, adjacent parts of it joined.
type Literal struct {
	File string
	Line int
	Text string
	// Calls are those that it stands in, the innermost first.
	Calls []Call
}

// A Call is a call with the number of the argument in question, from 0.
type Call struct {
	Name     string
	Argument int
}

func (l Literal) where() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// Literals are those of all the plugin's C files.
func Literals(root string) ([]Literal, error) {
	files, err := filepath.Glob(filepath.Join(root, "plugin", "*.c"))
	if err != nil {
		return nil, err
	}
	var all []Literal
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := scan("plugin/"+filepath.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// token finds what matters of C: comments, preprocessor lines, strings, other
// literals, names, and single characters.
var token = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*` +
	`|(?m:^[ \t]*#(?:\\\n|[^\n])*)` +
	`|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|[0-9]\w*|.`)

var define = regexp.MustCompile(`(?s)^[ \t]*#\s*define\s+(\w+)\s+(("[^"]*"[\s\\]*)+)$`)

// scan reads one file. Names of strings that it defines stand for these.
func scan(file, text string) ([]Literal, error) {
	var (
		found  []Literal
		open   []Call // one for each bracket
		joined = -1   // literal that the next string belongs to
		name   string // in front of a bracket
		macros = map[string]string{}
	)
	for _, at := range token.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if strings.TrimSpace(word) == "" || strings.HasPrefix(word, "/*") || strings.HasPrefix(word, "//") {
			continue
		}
		if parts := define.FindStringSubmatch(word); parts != nil {
			macros[parts[1]] = parts[2]
		}
		if strings.HasPrefix(strings.TrimSpace(word), "#") {
			continue
		}
		value, isMacro := macros[word]
		if word[0] == '"' || isMacro {
			if !isMacro {
				value = word
			}
			line := 1 + strings.Count(text[:at[0]], "\n")
			part, err := unquote(value)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, line, err)
			}
			if joined < 0 {
				joined = len(found)
				found = append(found, Literal{File: file, Line: line, Calls: innermostFirst(open)})
			}
			found[joined].Text += part
			name = ""
			continue
		}
		joined = -1
		switch word {
		case "(", "[", "{":
			open = append(open, Call{Name: name})
		case ")", "]", "}":
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case ",":
			if len(open) > 0 {
				open[len(open)-1].Argument++
			}
		}
		name = word
	}
	return found, nil
}

// innermostFirst copies the calls, without other brackets.
func innermostFirst(open []Call) []Call {
	var calls []Call
	for i := len(open) - 1; i >= 0; i-- {
		if regexp.MustCompile(`^[A-Za-z_]`).MatchString(open[i].Name) {
			calls = append(calls, open[i])
		}
	}
	return calls
}

var quoted = regexp.MustCompile(`"((?:\\.|[^"\\])*)"`)

// unquote joins the strings in a piece of C, or of a PO file.
func unquote(text string) (string, error) {
	var all strings.Builder
	for _, part := range quoted.FindAllString(text, -1) {
		value, err := strconv.Unquote(part)
		if err != nil {
			return "", fmt.Errorf("%s: %w", part, err)
		}
		all.WriteString(value)
	}
	return all.String(), nil
}

// says are the calls whose argument is a sentence for people, and which; of
// say_n the one behind it belongs to it, for more than one.
var says = map[string]int{
	"SAY": 0, "say": 1, "say_n": 2, "admins_tell": 1,
	"line": 3, "step": 3, "problem": 1,
}

// A Sentence is what people read, and is translated.
type Sentence struct {
	Text   string
	Plural string // for more than one; empty: no number in it
	Where  string
}

// Sentences are those that the literals hold, each once, in their order.
func Sentences(literals []Literal) []Sentence {
	var all []Sentence
	seen := map[string]bool{}
	for i, l := range literals {
		if !isSaid(l) || seen[l.Text] || !hasWord.MatchString(l.Text) || isPlural(l) {
			continue
		}
		seen[l.Text] = true
		s := Sentence{Text: l.Text, Where: l.where()}
		if l.Calls[0].Name == "say_n" {
			s.Plural = literals[i+1].Text
		}
		all = append(all, s)
	}
	return all
}

var hasWord = regexp.MustCompile(`[A-Za-z]{2}`)

func isPlural(l Literal) bool { return l.Calls[0] == Call{"say_n", 3} }

func isSaid(l Literal) bool {
	if len(l.Calls) == 0 {
		return false
	}
	argument, known := says[l.Calls[0].Name]
	return known && (l.Calls[0].Argument == argument || isPlural(l))
}

// forOthers are the calls whose texts are for the log, for programs, or are
// passed on by their callers.
var forOthers = map[string]bool{
	"mm_log": true, "err_set": true, "err_wrap": true, "err_set_errno": true, "mm_error": true,
	"action_refuse": true, "strftime": true, "log_loss": true, "json_pack": true, "log_unknown": true,
}

// looksSaid is what a text for people looks like: words with spaces between
// them, or one with a capital.
var looksSaid = regexp.MustCompile(`[A-Za-z]{2,}[^A-Za-z]* [^A-Za-z]*[A-Za-z]{2,}|^[A-Z][a-z]+[.:!?]?$`)

// Unsaid are literals that look like sentences and are not translated.
func Unsaid(literals []Literal) []Literal {
	var found []Literal
	for _, l := range literals {
		if !looksSaid.MatchString(strings.ReplaceAll(conversion.ReplaceAllString(l.Text, " x "), "\n", " ")) || isSaid(l) {
			continue
		}
		excused := false
		for _, call := range l.Calls {
			excused = excused || forOthers[call.Name]
		}
		if !excused {
			found = append(found, l)
		}
	}
	return found
}

// conversion is one of printf's.
var conversion = regexp.MustCompile(`%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z%]`)

// Conversions are those of a text, in their order.
func Conversions(text string) []string { return conversion.FindAllString(text, -1) }
