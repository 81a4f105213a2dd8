#!/bin/sh
# test.sh [long] runs everything that make test (make test-long) promises and
# ends with the counts. A step that prints no counts of its own counts as one.
set -u
cd "$(dirname "$0")/.."
log=build/test
mkdir -p "$log"
: >"$log/counts" # passed and failed, a line for each step

# step NAME COMMAND... - one line while it runs, its output when it fails
step() {
	name=$1
	shift
	began=$(date +%s)
	"$@" >"$log/$name.log" 2>&1
	status=$?
	counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log/$name.log" | tail -n 1)
	good=$(echo "$counts" | cut -d' ' -f1)
	bad=$(echo "$counts" | cut -d' ' -f3)
	if [ -z "$counts" ]; then
		good=$((status == 0)) bad=$((status != 0))
	elif [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	fi
	echo "$good $bad" >>"$log/counts"
	echo "$name: $good passed, $bad failed ($(($(date +%s) - began)) s)"
	[ "$bad" -eq 0 ] || grep -aE -A40 '^(FAIL|--- FAIL|panic:|fatal error:|make.*\*\*\*)|error:' "$log/$name.log" |
		head -n 120 | cut -c1-400
}

# go_tests FOLDER FLAVOUR PACKAGE... - go test with counts
go_tests() {
	folder=$1 flavour=$2
	shift 2
	out=$log/$name.go.log
	(cd "$folder" && BUILD=$flavour "$go" test -count=1 -timeout 20m -v "$@") >"$out" 2>&1
	status=$?
	good=$(grep -acE '^--- PASS' "$out")
	bad=$(grep -acE '^--- FAIL' "$out")
	[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	if [ "$bad" -gt 0 ]; then
		grep -avE '^(=== |--- PASS|PASS|ok )' "$out"
	fi
	echo "$good passed, $bad failed"
	[ "$bad" -eq 0 ]
}

browser() {
	(cd dev/browser && npm ci --no-audit --no-fund --silent) || return 1
	node dev/browser/run.mjs build/run "dist/$bundle"
}

# What is shipped for arm64, in the real server: connecting, a meeting, webhooks.
on_arm64() {
	RUNNER=qemu-aarch64 go_tests dev arm64 -run '^(TestMainJob|TestForgedWebhooks)$' ./e2e
}

generated() {
	(cd tools/gen && "$go" run . -check && "$go" vet ./... && "$go" test ./...)
}

go=$(tools/setup.sh go) || exit 1
tools/setup.sh modules dev/newest || exit 1
bundle=$(make -s bundle-name)

# What computes all the time, and beside it what waits for servers mostly.
short() {
	step build make -s -j2 all dist build/run page
	step build-asan make -s -j2 BUILD=asan all test-programs
	hosts &
	step unit-debug make -s -j2 unit BUILD=debug
	step unit-asan make -s -j2 unit BUILD=asan
	step fuzz-regression make -s fuzz-regression
	step generated generated
	step webapp make -s webapp-test
	step style make -s check-style
	step stand-in go_tests dev debug ./zoomsim ./page ./mmhost ./olddata ./sentences ./bench
	wait
	step install tests/install/test.sh
	for arch in amd64 arm64; do
		step "binary-$arch" tools/check-binary.sh $arch
	done
	step portable tests/portable/test.sh
	step browser browser
	step bench make -s bench-short
}

hosts() {
	step server go_tests dev asan -short ./e2e
	step server-arm64 on_arm64
	step newest go_tests dev/newest asan -short ./...
	step interop go_tests dev/interop asan ./...
	step interop-v0.1.21 go_tests dev/interop asan -modfile=v0.1.21.mod ./...
	for version in v0.1.12 v0.1.3; do # without an audit log
		step "interop-$version" go_tests dev/interop asan -modfile=$version.mod -tags noaudit ./...
	done
}

long() {
	soak=${SOAK:-30m}
	unset SOAK # of that one step, not of all end-to-end tests
	step build make -s -j2 all dist
	step build-tsan make -s -j2 BUILD=tsan all test-programs
	step unit-tsan make -s -j2 unit BUILD=tsan
	step valgrind make -s -j2 unit BUILD=debug UNIT_WRAPPER=valgrind
	step server-tsan go_tests dev tsan -timeout 60m ./e2e
	step newest-tsan go_tests dev/newest tsan -short ./...
	step interop-tsan go_tests dev/interop tsan ./...
	step build-release make -s -j2 BUILD=amd64 all
	step load go_tests dev/newest amd64 -run "Flights|TooMany|Within|Large|Slow|Memory" ./...
	SOAK=$soak step soak go_tests dev amd64 -timeout 60m -run 'TestSoak$' ./e2e & # it waits, mostly
	step fuzz make -s fuzz T=${FUZZ:-1800} # seconds of a processor each
	step stand-in-race go_tests dev debug -race ./zoomsim
	step bill-of-materials "$(tools/setup.sh spdx)" -i "$(echo dist/*.spdx.json)"
	step reproducible make -s reproducible
	wait
}

case ${1:-} in
long) long ;;
*) short ;;
esac
awk '{ n += $1; bad += $2 } END { print n " passed, " bad + 0 " failed"; exit bad > 0 }' "$log/counts"
