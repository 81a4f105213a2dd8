#!/bin/sh
# unit.sh PROGRAM... runs libcheck programs, as many at once as there are
# processors, and ends with their counts. A program that ends without its
# summary counts as one failure, as does one that has not been run. With
# UNIT_WRAPPER=valgrind they run in valgrind.
set -u

# run_one PROGRAM - prints "ok NAME: N", or "FAIL NAME: M of N" and the end of
# what it said
run_one() {
	program=$1
	name=$(basename "$program")
	wrapper=
	if [ "${UNIT_WRAPPER:-}" = valgrind ]; then
		export CK_TIMEOUT_MULTIPLIER=20 TEST_PATIENCE=10
		wrapper="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect
			--errors-for-leak-kinds=definite,indirect --fair-sched=yes --max-threads=2000"
	fi
	log=$(mktemp)
	# shellcheck disable=SC2086 # a command and its options
	timeout 900 $wrapper "$program" >"$log" 2>&1
	status=$?
	summary=$(grep -aE '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
	checks=$(echo "$summary" | sed -n 's/.*Checks: \([0-9]*\).*/\1/p')
	bad=$(echo "$summary" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1+\2/p')
	bad=$((${bad:-0}))
	checks=${checks:-0}
	# what LeakSanitizer finds at exit fails no single check
	[ $status -eq 0 ] || [ $bad -gt 0 ] || bad=1 checks=$((checks + 1))
	if [ $bad -gt 0 ]; then
		echo "FAIL $name: $bad of $checks (status $status)
$(tail -n 60 "$log" | cut -c1-400)"
	else
		echo "ok $name: $checks"
	fi
	rm -f "$log"
}

if [ "${1:-}" = --one ]; then
	run_one "$2"
	exit
fi
all=$(mktemp)
trap 'rm -f "$all"' EXIT
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" --one | tee "$all"
sed -nE 's/^ok test_[^ ]+: ([0-9]+)$/\1 0/p; s/^FAIL test_[^ ]+: ([0-9]+) of ([0-9]+) .*/\2 \1/p' "$all" |
	awk -v programs=$# '{ n += $1; bad += $2 }
		END {
			bad += programs - NR; n += programs - NR
			print n - bad " passed, " bad + 0 " failed"
			exit bad > 0
		}'
