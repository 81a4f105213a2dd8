package main

import "strings"

// writeMirror prints what tests/plugins/mirror.c is made of: a hook that hands
// over what came, for each hook; and for each typed API function a call of it
// with the members of its args struct. Errors of the API are the call's own.
func (p *printer) writeMirror(hooks, api []*method) {
	p.begin("hooks - every hook, handed over to mirror_hook")
	p.line("#include \"tests/plugins/mirror.h\"\n")
	for _, m := range generated(hooks) {
		p.mirrorHook(m)
	}
	p.line("const struct mm_hooks mirror_hooks = {")
	for _, m := range generated(hooks) {
		name := identifier(m.name)
		p.line(".%s = %s,", name, name)
	}
	p.line("};")
	p.endIn(mirrorFolder, "hooks.c")

	p.begin("typed - every function of mm/gen/api.h, called by its table row")
	p.line("#include \"tests/plugins/mirror.h\"\n")
	for _, m := range generated(api) {
		p.mirrorCall(m)
	}
	p.line("mirror_typed_fn *const mirror_typed[MM_N_API] = {")
	for _, m := range generated(api) {
		p.line("[%s] = %s,", m.apiConstant(), identifier(m.name))
	}
	p.line("};")
	p.endIn(mirrorFolder, "typed.c")
}

func (p *printer) mirrorHook(m *method) {
	args, returns := "NULL", "NULL"
	if len(m.args.fields) > 0 {
		args = "args"
	}
	if len(m.returns.fields) > 0 {
		returns = "ret"
	}
	p.line("static void\n%s(%s)\n{", identifier(m.name), strings.Join(hookParams(m), ", "))
	p.line("mirror_hook(call, %q, %s, %s);\n}\n", m.name, args, returns)
}

// mirrorCall names a member for each parameter, in the order of the function.
func (p *printer) mirrorCall(m *method) {
	p.line("static bool\n%s(struct mm_plugin *p, struct arena *a, const void *args, void *returns, struct err *err)\n{", identifier(m.name))
	arguments := []string{"p", "a"}
	if len(m.args.fields) > 0 {
		p.line("const struct %s *in = args;", m.args.tag)
	} else {
		p.line("(void)args;")
	}
	for _, f := range m.args.fields {
		member := "in->" + f.name
		if byReference(f) && !f.pointer {
			member = "&" + member
		}
		arguments = append(arguments, member)
	}
	if len(m.outputs()) > 0 {
		p.line("struct %s *out = returns;", m.returns.tag)
	} else {
		p.line("(void)returns;")
	}
	for _, f := range m.outputs() {
		arguments = append(arguments, "&out->"+f.name)
	}
	p.line("return mm_%s(%s);\n}\n", snake(m.name), strings.Join(append(arguments, "err"), ", "))
}
