#!/bin/sh
# patch.sh VERSION asks Debian for newer sources of the libraries. Where there are
# any, the next patch version is written where versions stand, and its bundle built.
set -eu
cd "$(dirname "$0")/.."
now=$1
versions=$(tools/sources.sh)/versions
before=$(cut -d' ' -f1,2 "$versions")
tools/sources.sh newest
after=$(cut -d' ' -f1,2 "$versions")
if [ "$before" = "$after" ]; then
	echo "patch: nothing newer than $(echo "$after" | tr '\n' ' ')"
	exit
fi
next=${now%.*}.$((${now##*.} + 1))
new=$(echo "$after" | while read -r name version; do
	echo "$before" | grep -qx "$name $version" || printf '%s %s, ' "$name" "$version"
done)
sed -i "s/^VERSION := $now\$/VERSION := $next/" Makefile
sed -i "s/^  \"version\": \"$now\"/  \"version\": \"$next\"/" plugin.json
sed -i "0,/^## /s//## $next ($(date -u +%F))\n\n- Newer libraries in the bundle: ${new%, }.\n\n## /" CHANGELOG.md
make dist
echo "patch: $now -> $next with ${new%, }; read the change, commit, sign, publish"
