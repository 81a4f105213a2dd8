package sentences

import (
	"fmt"
	"os"
	"strings"
)

// An Entry of a PO file. The first one has no English and is the header.
type Entry struct {
	Comments []string // lines, for translators
	Flags    []string // such as fuzzy
	English  string
	Plural   string
	Forms    []string
}

// ReadPO reads what GNU gettext calls a PO file, as far as we use it.
func ReadPO(path string) ([]Entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Entry
	var next Entry // what stands in front of a msgid
	var field *string
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		keyword, value, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#:") || strings.HasPrefix(line, "#~"):
			continue
		case strings.HasPrefix(line, "#,"):
			next.Flags = append(next.Flags, strings.Fields(strings.ReplaceAll(line[2:], ",", " "))...)
			continue
		case strings.HasPrefix(line, "#"):
			next.Comments = append(next.Comments, line)
			continue
		case keyword == "msgid":
			all, next = append(all, next), Entry{}
			field = &all[len(all)-1].English
		case keyword == "msgid_plural" && len(all) > 0:
			field = &all[len(all)-1].Plural
		case strings.HasPrefix(keyword, "msgstr") && len(all) > 0:
			last := &all[len(all)-1]
			if keyword != "msgstr" && keyword != fmt.Sprintf("msgstr[%d]", len(last.Forms)) {
				return nil, fmt.Errorf("%s:%d: %s is out of order", path, i+1, keyword)
			}
			last.Forms = append(last.Forms, "")
			field = &last.Forms[len(last.Forms)-1]
		case line[0] == '"' && field != nil:
			value = line
		default:
			return nil, fmt.Errorf("%s:%d: %s is not understood", path, i+1, line)
		}
		part, err := unquote(value)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		*field += part
	}
	return all, nil
}

// WritePO writes the entries; files: where each sentence stands, for tools.
func WritePO(path string, entries []Entry, files map[string]string) error {
	var out strings.Builder
	for i, e := range entries {
		if i > 0 {
			out.WriteString("\n")
		}
		for _, comment := range e.Comments {
			out.WriteString(comment + "\n")
		}
		if file := files[e.English]; file != "" {
			out.WriteString("#: " + file + "\n")
		}
		if strings.Contains(e.English, "%") {
			out.WriteString("#, c-format\n")
		}
		out.WriteString(field("msgid", e.English))
		if e.Plural != "" {
			out.WriteString(field("msgid_plural", e.Plural))
		}
		for n, form := range e.Forms {
			keyword := "msgstr"
			if e.Plural != "" {
				keyword = fmt.Sprintf("msgstr[%d]", n)
			}
			out.WriteString(field(keyword, form))
		}
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

const width = 78

// field is a keyword and a text, in lines that break at spaces and newlines.
func field(keyword, text string) string {
	if len([]rune(keyword))+len([]rune(text))+3 <= width && strings.Count(text, "\n") <= 1 && !strings.Contains(strings.TrimSuffix(text, "\n"), "\n") {
		return keyword + " " + quote(text) + "\n"
	}
	out := keyword + " \"\"\n"
	line := ""
	flush := func() {
		if line != "" {
			out += quote(line) + "\n"
		}
		line = ""
	}
	for _, word := range strings.SplitAfter(text, " ") {
		for _, part := range strings.SplitAfter(word, "\n") {
			if len([]rune(quote(line+part))) > width {
				flush()
			}
			line += part
			if strings.HasSuffix(part, "\n") {
				flush()
			}
		}
	}
	flush()
	return out
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)

func quote(text string) string { return `"` + escapes.Replace(text) + `"` }
