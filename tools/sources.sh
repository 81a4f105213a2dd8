#!/bin/sh
# The sources of the libraries in the release: Debian's source packages, with its
# patches, kept in the user's cache. apt checks who has signed them.
#
#   tools/sources.sh            prints their folder, fetched if there is none yet
#   tools/sources.sh newest     asks Debian for newer ones
#
# The folder has one folder for each package, and `versions`: lines of a name, the
# version that is there, and the newest one that Debian lists.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/zoom-mattermost
sources=$cache/sources
packages="openssl curl jansson yajl"
key=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
	echo "sources: $*" >&2
	exit 1
}

# apt with folders and a list of its own; what the system has is left alone.
own() {
	command=$1
	shift
	"$command" -q -o Dir::Etc::sourcelist="$work/list" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$work/apt" -o Dir::Cache="$work/apt" \
		-o APT::Sandbox::User=root "$@"
}

# Debian's own archives, from wherever this machine gets its packages. Options of
# apt may follow.
source_list() {
	# shellcheck disable=SC1091
	. /etc/os-release
	apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		grep -E " ($VERSION_CODENAME|$VERSION_CODENAME-updates|$VERSION_CODENAME-security) main\$" |
		sort -u | sed "s|^|deb-src [signed-by=$key] |"
}

# fetch PACKAGE - the newest version that is to be had, unpacked with Debian's
# patches; a mirror may lag behind its own list
fetch() {
	versions=$(own apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -urV)
	[ -n "$versions" ] || die "no source package $1 in this machine's Debian archive"
	newest=$(echo "$versions" | head -n 1)
	for version in $versions; do
		if (cd "$work/down" && own apt-get source --download-only "$1=$version") >"$log" 2>&1; then
			break
		fi
		echo "sources: $1 $version is listed but cannot be fetched: $(grep '^E:' "$log" | head -n 1)" >&2
		version=
	done
	[ -n "$version" ] || die "cannot fetch the sources of $1"
	(cd "$work/down" && dpkg-source --no-copy -x "$1"_*.dsc "$work/new/$1") >"$log" 2>&1 ||
		die "cannot unpack $1: $(tail -n 1 "$log")"
	mkdir -p "$work/new/dsc"
	mv "$work"/down/"$1"_*.dsc "$work/new/dsc/"
	rm -rf "$work/down/"*
	echo "$1 $version $newest" >>"$work/new/versions"
	echo "sources: $1 $version" >&2
}

newest() {
	command -v dpkg-source >/dev/null || die "dpkg-dev is missing: tools/setup.sh build"
	[ -e $key ] || die "debian-archive-keyring is missing: tools/setup.sh build"
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	log=$work/log
	mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/down" "$work/new"
	source_list >"$work/list"
	if [ ! -s "$work/list" ]; then # apt tells nothing before it has its lists
		set -- -o Dir::State="$work/apt" -o Dir::Cache="$work/apt" -o APT::Sandbox::User=root
		apt-get -q "$@" update >"$log" 2>&1 || true
		source_list "$@" >"$work/list"
	fi
	[ -s "$work/list" ] || die "this machine gets no packages from a Debian archive"
	own apt-get update -o APT::Update::Error-Mode=any >"$log" 2>&1 ||
		die "cannot read Debian's lists: $(grep '^E:' "$log" | head -n 1)"
	for package in $packages; do
		fetch "$package"
	done
	if [ -e "$sources" ]; then mv "$sources" "$work/old"; fi
	mv "$work/new" "$sources"
}

# Are all there? Those of an earlier commit may be fewer.
complete() {
	for package in $packages; do
		grep -q "^$package " "$sources/versions" 2>/dev/null || return 1
	done
}

case ${1:-} in
newest) newest ;;
'') complete || newest; echo "$sources" ;;
*) die "usage: tools/sources.sh [newest]" ;;
esac
