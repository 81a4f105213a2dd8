#!/bin/sh
# The SDK as others use it: installed, found by pkg-config, linked into plugins
# in C and in C++, removed. Also everything that docs/sdk.md shows.
set -u
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # check NAME COMMAND...
	name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		cat "$work/out"
	fi
}

installed() {
	make -s install PREFIX="$work/usr" DESTDIR=
}

# every header alone, so that each includes what it needs
headers() { # headers COMPILER...
	find "$work/usr/include/mmplugin" -name '*.h' >"$work/headers"
	test -s "$work/headers" || return 1
	while read -r header; do
		"$@" -Wall -Wextra -Werror -fsyntax-only -include "$header" \
			$(pkg-config --cflags mmplugin) /dev/null || return 1
	done <"$work/headers"
}

c_linkage() {
	! grep -L 'extern "C"' $(cat "$work/headers") | grep .
}

build() { # build PROGRAM COMPILER... SOURCE
	program=$work/$1
	shift
	"$@" -Wall -Wextra -Werror -o "$program" $(pkg-config --cflags --libs mmplugin)
}

# without the host's cookie: a hint, and exit status 1
says_what_it_is() { # says_what_it_is PROGRAM
	env -u MATTERMOST_PLUGIN "$work/$1" >"$work/stdout" 2>"$work/stderr"
	status=$?
	cat "$work/stdout" "$work/stderr"
	test $status -eq 1 && test ! -s "$work/stdout" &&
		grep -q 'Mattermost plugin' "$work/stderr"
}

# blocks KIND - each fenced block of that kind into a file $work/block-N.KIND
blocks() {
	awk -v kind="$1" -v to="$work/block-" '
		$0 == "```" kind { file = to (++n) "." kind; next }
		$0 == "```" && file { close(file); file = ""; next }
		file { print > file }' docs/sdk.md
}

# what is no whole program is made of functions
c_block() {
	if grep -q '^int main' "$1"; then
		build block gcc -std=c17 -x c "$1" -x none
	else
		gcc -std=c17 -Wall -Wextra -Werror -Wno-unused -c -o "$work/block.o" \
			$(pkg-config --cflags mmplugin) -include mm/mm.h "$1"
	fi
}

# the reader's way from the first program to its bundle
bundle_of_docs() (
	mkdir "$work/greet" && cd "$work/greet" || return 1
	cp "$work/block-1.c" greet.c
	cp "$work/block-1.json" plugin.json
	sh -eu "$work/block-1.sh" || return 1
	tar -tzf com.example.greet.tar.gz | sort >list
	cat list
	grep -qx 'com.example.greet/plugin.json' list &&
		grep -q '^com.example.greet/server/dist/plugin-linux-' list &&
		cp com.example.greet/server/dist/plugin-linux-* "$work/greet-plugin"
)

links() {
	grep -oE '\]\([^)]*\)' docs/sdk.md | sed 's/^](//; s/)$//' >"$work/links"
	while read -r link; do
		test -e "docs/$link" || { echo "$link"; return 1; }
	done <"$work/links"
}

staged() {
	make -s install PREFIX=/opt/mm DESTDIR="$work/stage" &&
		grep -qx 'prefix=/opt/mm' "$work/stage/opt/mm/lib/pkgconfig/mmplugin.pc"
}

nothing_left() { # nothing_left PREFIX DESTDIR
	make -s uninstall PREFIX="$1" DESTDIR="$2" || return 1
	! find "$2$1" ! -type d -o -name mmplugin | grep .
}

export PKG_CONFIG_PATH="$work/usr/lib/pkgconfig"
check 'make install' installed
check 'pkg-config' pkg-config --exists --print-errors mmplugin
check 'headers in C' headers gcc -std=c17 -x c
check 'headers in C++17' headers g++ -std=c++17 -x c++
check 'headers in C++20' headers g++ -std=c++20 -x c++
check 'headers have C linkage' c_linkage
check 'hello.c has less than 100 lines' test "$(wc -l <"$root/sdk/examples/hello.c")" -lt 100
check 'hello.c builds' build hello gcc -std=c17 "$root/sdk/examples/hello.c"
check 'hello.c says what it is' says_what_it_is hello
check 'hello.cc builds' build hello-cc g++ -std=c++17 "$root/tests/install/hello.cc"
check 'hello.cc says what it is' says_what_it_is hello-cc
for kind in c cpp json sh; do
	blocks $kind
done
for block in "$work"/block-*.c; do
	check "docs/sdk.md: $(basename "$block")" c_block "$block"
done
for block in "$work"/block-*.cpp; do
	check "docs/sdk.md: $(basename "$block")" build block-cpp g++ -std=c++17 "$block"
done
check 'docs/sdk.md: the bundle' bundle_of_docs
check 'docs/sdk.md: the program says what it is' says_what_it_is greet-plugin
check 'docs/sdk.md: links' links
check 'make install with DESTDIR' staged
check 'make uninstall' nothing_left "$work/usr" ""
check 'make uninstall with DESTDIR' nothing_left /opt/mm "$work/stage"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
