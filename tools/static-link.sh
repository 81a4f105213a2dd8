#!/bin/sh
# Links as CC would, for the static release: tools/static-link.sh CC ARGUMENT...
#
# With relocations in the short form (RELR): 8 kB instead of 550, and each process
# touches all of them when it starts. zig's compiler driver refuses the option that
# its linker has, so what the driver runs is run once more, with that option.
set -eu

said=$(ZIG_VERBOSE_LINK=1 "$@" 2>&1) || {
	echo "$said" >&2
	exit 1
}
run=$(echo "$said" | sed -n 's/^ld\.lld //p' | tail -n 1)
[ -n "$run" ] || {
	echo "static-link: zig does not say how it links" >&2
	exit 1
}
# shellcheck disable=SC2086 # a list of arguments
exec "$("$(dirname "$0")/setup.sh" zig)" ld.lld --pack-dyn-relocs=relr $run
