#!/bin/sh
# Fails on an include that goes up: base <- gob <- rpc <- goplugin <- mm;
# yamux on base only; zoom on base only; plugin on mm and zoom.
set -eu
cd "$(dirname "$0")/.."
bad=0
layer() { # layer FOLDER ALLOWED...
	folder=$1
	allowed=$(shift && echo "$*" | tr ' ' '|')
	if grep -rnE '#include "[a-z]+/' --include='*.[ch]' "$folder" |
		grep -vE "#include \"($allowed)/"; then
		echo "$folder may include only: $allowed" >&2
		bad=1
	fi
}
layer sdk/base base
layer sdk/gob base gob
layer sdk/yamux base yamux
layer sdk/rpc base gob rpc
layer sdk/goplugin base gob yamux rpc goplugin
layer sdk/mm base gob yamux rpc goplugin mm
layer sdk/examples mm
layer zoom base zoom
layer plugin base gob mm zoom plugin
exit $bad
