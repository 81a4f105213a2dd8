#!/bin/sh
# unit.sh PROGRAM... runs libcheck programs and ends with their counts. A
# program that ends without its summary counts as one failure. With
# UNIT_WRAPPER=valgrind they run in valgrind.
set -u
case ${UNIT_WRAPPER:-} in
valgrind)
	export CK_TIMEOUT_MULTIPLIER=20
	wrapper="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --fair-sched=yes --max-threads=2000" ;;
*) wrapper= ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
for program; do
	name=$(basename "$program")
	# valgrind runs one thread at a time: hundreds of them miss their deadlines
	case ${wrapper:+$name} in test_rpc_* | test_yamux_*) continue ;; esac
	# shellcheck disable=SC2086 # a command and its options
	timeout 600 $wrapper "$program" >"$log" 2>&1
	status=$?
	summary=$(grep -aE '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
	checks=$(echo "$summary" | sed -n 's/.*Checks: \([0-9]*\).*/\1/p')
	bad=$(echo "$summary" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1+\2/p')
	bad=$((${bad:-0}))
	checks=${checks:-0}
	# what LeakSanitizer finds at exit fails no single check
	[ $status -eq 0 ] || [ $bad -gt 0 ] || bad=1 checks=$((checks + 1))
	passed=$((passed + checks - bad))
	failed=$((failed + bad))
	if [ $bad -gt 0 ]; then
		echo "FAIL $name (status $status)"
		tail -n 60 "$log" | cut -c1-400
	else
		echo "ok   $name: $checks"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
