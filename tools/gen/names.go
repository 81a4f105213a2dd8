package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// reserved are words that an identifier cannot be, in C or in C++.
var reserved = strings.Fields(`auto break case char const continue default do
	double else enum extern float for goto if inline int long register restrict
	return short signed sizeof static struct switch typedef union unsigned void
	volatile while bool true false asm typeof errno stdin stdout stderr assert
	alignas alignof and and_eq bitand bitor catch char8_t char16_t char32_t
	class co_await co_return co_yield compl concept const_cast consteval
	constexpr constinit decltype delete dynamic_cast explicit export friend
	mutable namespace new noexcept not not_eq nullptr operator or or_eq private
	protected public reinterpret_cast requires static_assert static_cast
	template this thread_local throw try typeid typename using virtual wchar_t
	xor xor_eq`)

// words cuts a Go name at lower→Upper and before the last capital of a run
// that goes on in lower case. OAuth is one word, and so are plural acronyms.
func words(name string) []string {
	runes := []rune(strings.ReplaceAll(name, "OAuth", "Oauth"))
	upper := func(i int) bool { return i >= 0 && i < len(runes) && unicode.IsUpper(runes[i]) }
	lower := func(i int) bool { return i >= 0 && i < len(runes) && unicode.IsLower(runes[i]) }
	// an s behind two capitals or more, where the word ends
	plural := func(i int) bool {
		return i < len(runes) && runes[i] == 's' && upper(i-1) && upper(i-2) && !lower(i+1)
	}
	var found []string
	start := 0
	for i := 1; i < len(runes); i++ {
		if !upper(i) {
			continue
		}
		lastOfRun := upper(i-1) && lower(i+1) && !plural(i+1)
		if !upper(i-1) || lastOfRun {
			found = append(found, string(runes[start:i]))
			start = i
		}
	}
	return append(found, string(runes[start:]))
}

// snake turns a Go name into a C one.
func snake(name string) string {
	return strings.ToLower(strings.Join(words(name), "_"))
}

// identifier is snake where the name stands alone.
func identifier(name string) string {
	s := snake(name)
	if slices.Contains(reserved, s) {
		return s + "_"
	}
	return s
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// sameNames fails with the names that only one of two lists has.
func sameNames(complaint string, a, b []string) error {
	var odd []string
	for _, name := range a {
		if !slices.Contains(b, name) {
			odd = append(odd, name)
		}
	}
	for _, name := range b {
		if !slices.Contains(a, name) {
			odd = append(odd, name)
		}
	}
	if len(odd) > 0 {
		sort.Strings(odd)
		return fmt.Errorf("%s: %s", complaint, strings.Join(odd, ", "))
	}
	return nil
}
