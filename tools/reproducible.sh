#!/bin/sh
# reproducible.sh BUNDLE builds the bundle once more, in a copy of the tree in
# another folder with a cache of its own, and compares the bytes. What is downloaded
# is taken from the user's cache; what is built is built again.
set -eu
cd "$(dirname "$0")/.."
bundle=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zoom-mattermost
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/in/another/folder
mkdir -p "$tree" "$work/cache/zoom-mattermost"
git ls-files -z | tar --null -T - -cf - | tar -C "$tree" -xf -
ln -s "$cache"/zig-*.* "$work/cache/zoom-mattermost/"
# no link: OpenSSL's makefiles follow one, and write where it leads into the objects
cp -R "$cache/sources" "$work/cache/zoom-mattermost/"
XDG_CACHE_HOME=$work/cache make -C "$tree" --no-print-directory dist
for file in "$bundle" "${bundle%.tar.gz}.spdx.json" dist/SHA256SUMS; do
	cmp "$file" "$tree/$file"
done
echo "reproducible: $(sha256sum "$bundle")"
