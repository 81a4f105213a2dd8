#!/bin/sh
# dist.sh BUNDLE FILE... packs a plugin bundle; executables are files under build/.
# Beside it: its bill of materials (SPDX) and SHA-256 sums. The same input gives
# the same bytes.
set -eu
bundle=$1
shift
here=$(dirname "$0")
sources=$("$here/sources.sh")
zig=$(dirname "$("$here/setup.sh" zig)")
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# material NAME LICENCE - a line for tools/sbom.py about a Debian source package
material() {
	dsc=$(basename "$sources"/dsc/"$1"_*.dsc)
	echo "$1 $(sed -n "s/^$1 \([^ ]*\) .*/\1/p" "$sources/versions") $2 $dsc" \
		"$(sha256sum <"$sources/dsc/$dsc" | cut -d' ' -f1)"
}

# The newest change of any source, and what everything was made from.
materials() {
	for package in openssl curl jansson yajl; do
		dpkg-parsechangelog -l "$sources/$package/debian/changelog" -STimestamp
	done | sort -n | sed -n '$s/^/date /p'
	material openssl Apache-2.0
	material curl curl
	material jansson MIT
	material yajl ISC
	version=$(sed -n 's/.*"\(.*\)".*/\1/p' "$zig/lib/libc/musl/src/internal/version.h")
	wheel="$("$zig/zig" version) $(sha256sum <"$zig/zig" | cut -d' ' -f1)"
	echo "musl $version MIT $wheel"
	echo "compiler-rt ${wheel% *} MIT $wheel"
}

licenses() {
	for package in openssl curl jansson yajl; do
		cp "$sources/$package/debian/copyright" "$1/$package.copyright"
	done
	cp "$sources/openssl/LICENSE.txt" "$1/openssl.txt"
	cp "$sources/curl/COPYING" "$1/curl.txt"
	cp "$sources/jansson/LICENSE" "$1/jansson.txt"
	cp "$sources/yajl/COPYING" "$1/yajl.txt"
	cp "$zig/lib/libc/musl/COPYRIGHT" "$1/musl.txt"
	cp "$zig/LICENSE" "$1/compiler-rt.txt"
	cut -d' ' -f1,2 "$stage/materials" | grep -v '^date' >"$1/versions.txt"
}

mkdir -p "$stage/zoom/server/dist" "$stage/zoom/licenses" "$(dirname "$bundle")"
materials >"$stage/materials"
licenses "$stage/zoom/licenses"
for file; do
	case $file in
	build/*) to=server/dist/plugin-linux-$(basename "$(dirname "$file")") ;;
	*) to=$file ;;
	esac
	mkdir -p "$stage/zoom/$(dirname "$to")"
	cp "$file" "$stage/zoom/$to"
done
chmod -R u=rwX,go=rX "$stage/zoom"
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar \
	--mtime=@0 -cf - zoom | gzip -n9 >"$bundle"
bom=${bundle%.tar.gz}.spdx.json
"$here/sbom.py" "$bundle" "$stage/materials" >"$bom"
(cd "$(dirname "$bundle")" && sha256sum "$(basename "$bundle")" "$(basename "$bom")" >SHA256SUMS)
echo "$bundle: $(wc -c <"$bundle") bytes; $(tr '\n' ' ' <"$stage/zoom/licenses/versions.txt")"
awk '$2 != $3 { print "note: " $1 " " $3 " is listed by Debian but was not to be had" }' "$sources/versions"
