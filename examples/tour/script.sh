#!/usr/bin/env -S lifoguard exec --verbose bash
# shellcheck shell=bash
set -eu
dir=$(mktemp -d)
lifoguard defer rm -r "$dir"

sleep 1000 &
lifoguard defer kill $!

echo "working in $dir" | tee "$dir/notes"
exit 3
