package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// locals are the names that every generated function has for itself.
var locals = []string{"p", "a", "args", "returns", "out", "err"}

func isError(f field) bool {
	return f.name == "error" || f.name == "app_error"
}

// results are the outputs of a method: what it returns besides errors.
func (m *method) outputs() []field {
	return slices.DeleteFunc(slices.Clone(m.returns.fields), isError)
}

func paramName(f field) string {
	if slices.Contains(locals, f.name) || strings.HasPrefix(f.name, "out") {
		return f.name + "_"
	}
	return f.name
}

// byReference tells which inputs are handed over as a pointer.
func byReference(f field) bool {
	return f.pointer || mustForm(f.typ) == formStruct
}

func outName(i int) string {
	if i == 0 {
		return "out"
	}
	return fmt.Sprintf("out%d", i+1)
}

func apiParams(m *method) string {
	params := []string{"struct mm_plugin *p", "struct arena *a"}
	for _, f := range m.args.fields {
		if byReference(f) {
			params = append(params, "const "+cType(f.typ)+" *"+paramName(f))
		} else {
			params = append(params, cType(f.typ)+" "+paramName(f))
		}
	}
	for i, f := range m.outputs() {
		star := "*"
		if f.pointer {
			star = "**"
		}
		params = append(params, cType(f.typ)+" "+star+outName(i))
	}
	return strings.Join(append(params, "struct err *err"), ", ")
}

// groups sorts methods into files by their first tag.
func groups(methods []*method) map[string][]*method {
	found := map[string][]*method{}
	for _, m := range generated(methods) {
		tag := m.tag
		if tag == "" {
			tag = "Other"
		}
		found[tag] = append(found[tag], m)
	}
	return found
}

func (p *printer) writeAPI(methods []*method) {
	byTag := groups(methods)
	tags := keys(byTag)
	sort.Slice(tags, func(i, j int) bool { return strings.ToLower(tags[i]) < strings.ToLower(tags[j]) })

	p.begin("api - the API of the server, one function per method\n" +
		" *\n" +
		" * Each asks the server and waits for its answer. Inputs are borrowed; a\n" +
		" * pointer may be NULL where Go takes one. Outputs live in the arena and are\n" +
		" * set whenever the server answered; pointers among them are NULL when absent.\n" +
		" *\n" +
		" * Errors   ERR_REMOTE or closer when the server refused; ERR_TIMEOUT,\n" +
		" *          ERR_CLOSED and others of the connection\n" +
		" * Threads  any thread, one per arena")
	p.guard("api.h")
	p.declarations("mm/gen/wire.h")
	p.line("struct mm_plugin;\n")
	for _, tag := range tags {
		p.line("/* ---- %s ---- */\n", tag)
		for _, m := range byTag[tag] {
			p.line("/* API %s%s */", m.name, m.version())
			p.line("bool mm_%s(%s) MUST_USE;\n", snake(m.name), apiParams(m))
		}
	}
	p.endGuard()
	p.end("api.h")

	for _, tag := range tags {
		p.begin("api - " + tag)
		p.line("#include \"mm/gen/api.h\"\n\n#include \"mm/call.h\"\n")
		for _, m := range byTag[tag] {
			p.apiFunction(m)
		}
		p.end("api_" + strings.ToLower(tag) + ".c")
	}
}

func (p *printer) apiFunction(m *method) {
	p.line("bool\nmm_%s(%s)\n{", snake(m.name), apiParams(m))
	args, returns := "NULL", "NULL"
	if len(m.args.fields) > 0 {
		args = "&args"
		var values []string
		for _, f := range m.args.fields {
			value := paramName(f)
			if byReference(f) && !f.pointer {
				value = "*" + value
			}
			values = append(values, "."+f.name+" = "+value)
		}
		p.line("const struct %s args = { %s };", m.args.tag, strings.Join(values, ", "))
	}
	if len(m.returns.fields) > 0 {
		returns = "&returns"
		p.line("struct %s returns = { 0 };", m.returns.tag)
	}
	call := fmt.Sprintf("mm_api_call(p, a, %s, %s, %s, err)", m.apiConstant(), args, returns)
	if len(m.returns.fields) == 0 {
		p.line("return %s;\n}\n", call)
		return
	}
	p.line("if (!%s)\nreturn false;", call)
	for i, f := range m.outputs() {
		p.line("*%s = returns.%s;", outName(i), f.name)
	}
	p.line("return %s;\n}\n", m.verdict())
}

// verdict is the expression a function ends with.
func (m *method) verdict() string {
	for _, f := range m.returns.fields {
		switch f.name {
		case "app_error":
			return "mm_api_error(returns.app_error, err)"
		case "error":
			return "mm_api_any_error(&returns.error, err)"
		}
	}
	return "true"
}
