#!/bin/sh
# run.sh replay|mutate|libfuzzer FOLDER SECONDS TARGET... runs the fuzzers in
# FOLDER over fuzz/corpus and fuzz/regression; libFuzzer's two for each
# processor, because those with threads of their own wait for each other, and each
# for SECONDS of processor time, however busy the machine is. Replaying ends with
# the sum of all counts.
set -u

# cpu_s PID - the processor seconds it has used, of all its threads
cpu_s() {
	awk -v hz="$(getconf CLK_TCK)" \
		'{ sub(/.*\) /, ""); print int(($12 + $13) / hz) }' "/proc/$1/stat" 2>/dev/null
}

# bounded SECONDS COMMAND... - interrupts it after SECONDS of processor time,
# which libFuzzer takes as its end
bounded() {
	limit=$1
	shift
	"$@" &
	fuzzer=$!
	while used=$(cpu_s $fuzzer) && [ -n "$used" ]; do
		[ "$used" -lt "$limit" ] || kill -INT $fuzzer 2>/dev/null
		sleep 1
	done
	wait $fuzzer
	status=$?
	[ $status -eq 72 ] || return $status # libFuzzer's own for an interrupt
}
cd "$(dirname "$0")/.."
if [ "$1" = libfuzzer ] && [ $# -gt 4 ]; then
	mode=$1 folder=$2 seconds=$3
	shift 3
	printf '%s\n' "$@" | xargs -P $((2 * $(nproc))) -n 1 fuzz/run.sh "$mode" "$folder" "$seconds"
	exit
fi
mode=$1 folder=$2 seconds=$3
shift 3
passed=0 failed=0
for target; do
	set -- "fuzz/corpus/$target"
	[ -d "fuzz/regression/$target" ] && set -- "$@" "fuzz/regression/$target"
	[ "$mode" = libfuzzer ] || printf '%s: ' "$target"
	case $mode in
	replay)
		output=$("$folder/$target" "$@" 2>&1)
		status=$?
		counts=$(echo "$output" | tail -n 1)
		good=$(echo "$counts" | sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p')
		bad=$(echo "$counts" | sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p')
		passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
		[ $status -eq 0 ] && echo "$counts" || echo "$output"
		;;
	mutate)
		"$folder/$target" -T "$seconds" -s "$(date +%s)" "$@" || failed=1
		;;
	libfuzzer)
		found=build/fuzz/corpus/$target
		mkdir -p "$found"
		# 2: what the code logs; findings are printed anyway
		bounded "$seconds" "$folder/$target" -close_fd_mask=2 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix="fuzz/crash-$target-" \
			"$found" "$@" >"$found.log" 2>&1 || failed=1
		grep -aE 'SUMMARY|Test unit written' "$found.log"
		runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$found.log")
		rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$found.log")
		echo "$target: ${runs:-?} runs, ${rate:-?} a second, $(
			find fuzz -maxdepth 1 -name "crash-$target-*" | wc -l) crashes"
		;;
	esac
done
[ "$mode" != replay ] || echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
