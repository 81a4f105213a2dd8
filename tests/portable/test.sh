#!/bin/sh
# The bundle in a root that has nothing else: /zoom, /tmp, /etc/hosts, a
# resolv.conf, and the host that drives the plugin in there, a static program
# (dev/newest/portable_test.go). In a network of its own, so that port 53 is free.
set -u
cd "$(dirname "$0")/../.."
go=$(tools/setup.sh go) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root log=$work/log
mkdir -p "$root/tmp" "$root/etc"
tar -xzf "dist/$(make -s bundle-name)" -C "$root" || exit 1
cat >"$root/etc/hosts" <<EOF
127.0.0.1 localhost zoom.test
::1 zoom6.test
EOF
cat >"$root/etc/resolv.conf" <<EOF
nameserver 127.0.0.1
search corp.test
EOF
(cd dev/newest && CGO_ENABLED=0 "$go" test -tags portable -c -o "$root/host.test" .) || exit 1
# shellcheck disable=SC2016 # the inner shell's
env -i TMPDIR=/tmp unshare --map-root-user --net --pid --fork --kill-child sh -c \
	'ip link set lo up && exec chroot "$0" /host.test -test.v -test.timeout 5m \
	-test.run ^TestPortable' \
	"$root" >"$log" 2>&1
status=$?
good=$(grep -c '^ *--- PASS' "$log")
bad=$(grep -c '^ *--- FAIL' "$log")
[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
[ "$bad" -eq 0 ] || grep -v '^=== ' "$log"
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ]
