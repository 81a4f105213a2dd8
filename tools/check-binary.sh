#!/bin/sh
# check-binary.sh ARCH - whether what the bundle has for amd64 or arm64 needs
# nothing from the machine, and is built so that whoever finds a bug meets what the
# loader and the compiler put in the way.
set -u
arch=$1
shipped=build/$arch/zoom-plugin
passed=0 failed=0

tell() { # tell WHAT TEST...
	what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $shipped: $what"
	fi
}

# has PATTERN, lacks PATTERN - lines of the headers
has() { grep -qE "$1" "$facts"; }
lacks() { ! grep -qE "$1" "$facts"; }
# a byte sequence, as a Perl pattern, at least N times
bytes() { [ "$(LC_ALL=C grep -aoP "$1" "$shipped" | wc -l)" -ge "$2" ]; }
names_no_folder() { ! grep -aqF -e "$PWD" -e "$HOME/" "$shipped"; }
needs() { readelf -Ws "build/$arch/libmmplugin.a" | grep -qE "UND $1\$"; }

facts=$(mktemp) || exit 1
trap 'rm -f "$facts"' EXIT
readelf -W -h -l -d -S "$shipped" >"$facts" || exit 1

tell "no loader (INTERP)" lacks '^ *INTERP '
tell "no shared libraries (NEEDED)" lacks '\(NEEDED\)'
tell "no search path of its own" lacks '\((RPATH|RUNPATH)\)'
tell "no symbols" lacks ' \.symtab '
tell "no folder of the machine it was built on" names_no_folder
tell "loaded anywhere (PIE)" has '^ *Type: +DYN'
tell "relocations read-only (RELRO)" has '^ *GNU_RELRO '
tell "all of them at once (BIND_NOW)" has 'BIND_NOW|FLAGS_1.* NOW'
tell "stack not executable" has '^ *GNU_STACK .* RW +'
tell "256 KiB of stack for threads of libraries" has '^ *GNU_STACK .* 0x040000 RW '
tell "nothing writable and executable" lacks '^ *[A-Z_]+ .* RWE '
tell "no relocation in code (TEXTREL)" lacks 'TEXTREL'
tell "relocations in the short form (RELR)" has '\(RELR\)'
tell "stack protector" needs __stack_chk_fail
case $arch in
amd64)
	tell "for x86-64" has '^ *Machine: .*X86-64'
	tell "marked places to jump to (CET)" bytes '\xf3\x0f\x1e\xfa' 500
	;;
arm64)
	tell "for AArch64" has '^ *Machine: .*AArch64'
	tell "signed return addresses (PAC)" bytes '\x3f\x23\x03\xd5' 500
	;;
esac

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
