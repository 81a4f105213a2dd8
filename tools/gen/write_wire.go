package main

import "strings"

// structs lists what a method has on the wire.
func (m *method) structs() []*structure {
	var list []*structure
	for _, s := range []*structure{m.args, m.returns} {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// apiConstant is the method's member of enum mm_api_method.
func (m *method) apiConstant() string {
	return "MM_API_" + strings.ToUpper(snake(m.name))
}

func (p *printer) writeWire(hooks, api []*method) {
	p.begin("wire - arguments and results of each hook and API method\n" +
		" *\n" +
		" * Members have the names of Go's parameters; on the wire they are A, B, C.\n" +
		" * Methods without arguments or without results have a descriptor of no\n" +
		" * fields and no struct.")
	p.guard("wire.h")
	p.declarations("mm/gen/models.h")
	p.line("struct mm_method {")
	p.line("const char *name; /* \"Plugin.GetUser\" */")
	p.line("const struct gob_type *args, *returns;")
	p.line("};\n")
	p.line("enum mm_api_method {")
	for _, m := range api {
		p.line("%s,", m.apiConstant())
	}
	p.line("MM_N_API")
	p.line("};\n")
	p.line("/* By enum mm_api_method. */")
	p.line("extern const struct mm_method mm_api_methods[];\n")
	p.wireStructs("/* ---- hooks ---- */\n", hooks)
	p.wireStructs("/* ---- API ---- */\n", api)
	p.endGuard()
	p.end("wire.h")

	p.begin("wire - field tables and descriptors of arguments and results")
	p.line("#include \"mm/gen/wire.h\"\n\n#include \"mm/gen/rows.h\"\n")
	for _, list := range [][]*method{hooks, api} {
		for _, m := range list {
			for _, s := range m.structs() {
				p.structDescriptor(s)
			}
			p.line("")
		}
	}
	p.line("const struct mm_method mm_api_methods[] = {")
	for _, m := range api {
		p.line("[%s] = { \"Plugin.%s\", &%s, &%s },", m.apiConstant(), m.name,
			m.args.descriptor, m.returns.descriptor)
	}
	p.line("};")
	p.end("wire.c")
}

func (p *printer) wireStructs(title string, methods []*method) {
	p.line("%s", title)
	var descriptors []string
	for _, m := range methods {
		for _, s := range m.structs() {
			descriptors = append(descriptors, s.descriptor)
			if len(s.fields) > 0 {
				p.structDefinition(s)
			}
		}
		p.line("")
	}
	p.declareTypes(descriptors)
}

// version is "server 5.2 or later" where the sources say so.
func (m *method) version() string {
	if m.since == "" {
		return ""
	}
	return ", server " + m.since + " or later"
}

func (p *printer) writeHooks(hooks []*method) {
	p.begin("hooks - what a plugin may have the server call\n" +
		" *\n" +
		" * A plugin fills in the members it serves; the server is told of these and\n" +
		" * calls no others. Arguments and what is put into *ret live in the arena of\n" +
		" * the call. *ret is zeroed before: no objection, no error.")
	p.guard("hooks.h")
	p.declarations("mm/gen/wire.h")
	p.line("struct mm_call; /* the call being served */\n")
	p.line("struct mm_hooks {")
	for i, m := range generated(hooks) {
		if i > 0 {
			p.line("")
		}
		p.line("/* hook %s%s */", m.name, m.version())
		p.line("void (*%s)(%s);", identifier(m.name), strings.Join(hookParams(m), ", "))
	}
	p.line("};\n")
	p.line("/* How a hook is found by its name and called. */")
	p.line("struct mm_hook_row {")
	p.line("const char *name;   /* \"ExecuteCommand\" */")
	p.line("const char *method; /* \"Plugin.ExecuteCommand\" */")
	p.line("const struct gob_type *args, *returns;")
	p.line("bool (*present)(const struct mm_hooks *hooks);")
	p.line("void (*invoke)(const struct mm_hooks *hooks, struct mm_call *call, const void *args, void *ret);")
	p.line("};\n")
	p.line("/* Sorted by method. */")
	p.line("extern const struct mm_hook_row mm_hook_rows[];")
	p.line("extern const size_t mm_n_hook_rows;\n")
	p.endGuard()
	p.end("hooks.h")

	p.begin("hooks - one row per hook")
	p.line("#include \"mm/gen/hooks.h\"\n")
	for _, m := range generated(hooks) {
		p.hookFunctions(m)
	}
	p.line("const struct mm_hook_row mm_hook_rows[] = {")
	for _, m := range generated(hooks) {
		name := snake(m.name)
		p.line("{ %q, \"Plugin.%s\", &%s, &%s, has_%s, call_%s },", m.name, m.name,
			m.args.descriptor, m.returns.descriptor, name, name)
	}
	p.line("};")
	p.line("const size_t mm_n_hook_rows = sizeof(mm_hook_rows) / sizeof(mm_hook_rows[0]);")
	p.end("hooks.c")
}

func generated(methods []*method) []*method {
	var list []*method
	for _, m := range methods {
		if !m.manual {
			list = append(list, m)
		}
	}
	return list
}

func hookParams(m *method) []string {
	params := []string{"struct mm_call *call"}
	if len(m.args.fields) > 0 {
		params = append(params, "const struct "+m.args.tag+" *args")
	}
	if len(m.returns.fields) > 0 {
		params = append(params, "struct "+m.returns.tag+" *ret")
	}
	return params
}

func (p *printer) hookFunctions(m *method) {
	name := snake(m.name)
	member := "hooks->" + identifier(m.name)
	p.line("static bool\nhas_%s(const struct mm_hooks *hooks)\n{", name)
	p.line("return %s != NULL;\n}\n", member)

	arguments := []string{"call"}
	var unused []string
	if len(m.args.fields) > 0 {
		arguments = append(arguments, "args")
	} else {
		unused = append(unused, "(void)args;")
	}
	if len(m.returns.fields) > 0 {
		arguments = append(arguments, "ret")
	} else {
		unused = append(unused, "(void)ret;")
	}
	p.line("static void\ncall_%s(const struct mm_hooks *hooks, struct mm_call *call, const void *args, void *ret)\n{", name)
	for _, statement := range unused {
		p.line("%s", statement)
	}
	p.line("%s(%s);\n}\n", member, strings.Join(arguments, ", "))
}
