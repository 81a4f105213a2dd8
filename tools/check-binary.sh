#!/bin/sh
# check-binary.sh PROGRAM - whether a released program is built as it should be:
# where an attacker finds a bug, the loader and the compiler stand in the way.
set -u
program=$1
passed=0 failed=0

# holds WHAT PATTERN, lacks WHAT PATTERN - lines of the program's headers
holds() { tell "$1" "$(grep -cE "$2" "$facts")" -ge 1; }
lacks() { tell "$1" "$(grep -cE "$2" "$facts")" -eq 0; }
tell() {
	if test "$2" "$3" "$4"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $program: $1"
	fi
}

facts=$(mktemp) || exit 1
trap 'rm -f "$facts"' EXIT
readelf -W -h -l -d --dyn-syms "$program" >"$facts" || exit 1
objdump -d --disassemble=main "$program" >>"$facts" || exit 1

holds "loaded anywhere (PIE)" '^ *Type: +DYN'
holds "relocations read-only (RELRO)" '^ *GNU_RELRO '
holds "all of them at once (BIND_NOW)" 'BIND_NOW|FLAGS_1.* NOW'
holds "stack not executable" '^ *GNU_STACK .* RW +0x'
lacks "nothing writable and executable" '^ *[A-Z_]+ .* RWE '
lacks "no relocation in code (TEXTREL)" 'TEXTREL'
lacks "no search path of its own" '\((RPATH|RUNPATH)\)'
holds "stack protector" '__stack_chk_fail'
holds "checked string functions (FORTIFY)" '__(memcpy|vsnprintf|snprintf|printf|fprintf|memset|memmove)_chk'
case $(uname -m) in
x86_64) holds "marked places to jump to (CET)" 'endbr64' ;;
aarch64) holds "signed return addresses (PAC)" 'paciasp' ;;
esac

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
