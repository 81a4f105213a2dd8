#!/bin/sh
# dist.sh BUNDLE PROGRAM ARCH FILE... packs a plugin bundle.
set -eu
bundle=$1 program=$2 arch=$3
shift 3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
for file; do
	mkdir -p "$stage/zoom/$(dirname "$file")"
	cp "$file" "$stage/zoom/$file"
done
mkdir -p "$stage/zoom/server/dist" "$(dirname "$bundle")"
strip -o "$stage/zoom/server/dist/plugin-linux-$arch" "$program"
chmod -R u=rwX,go=rX "$stage/zoom"
# the same input gives the same bytes
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner \
	--mtime=@0 -cf - zoom | gzip -n9 >"$bundle"
echo "$bundle: $(wc -c <"$bundle") bytes"
