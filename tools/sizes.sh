#!/bin/sh
# sizes.sh FILE... prints medians of our files and functions. Good ones have
# functions of 12 lines in the median, 9 of 10 up to 40, files of 150 to 500.
set -eu
percentile() { sort -n | awk -v p="$1" '{ v[NR] = $1 } END { print v[int((NR - 1) * p / 100) + 1] }'; }
files=$(for f; do case $f in *.c) wc -l <"$f" ;; esac done)
functions=$(for f; do case $f in *.c) cat "$f" ;; esac done |
	awk '/^\{/ { start = NR } /^\}/ && start { print NR - start + 1; start = 0 }')
echo "files:     median $(echo "$files" | percentile 50), 90 % up to $(echo "$files" | percentile 90) lines"
echo "functions: median $(echo "$functions" | percentile 50), 90 % up to $(echo "$functions" | percentile 90) lines"
