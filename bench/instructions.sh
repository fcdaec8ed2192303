#!/usr/bin/env bash
# instructions.sh PROGRAM SUBJECT…: how many instructions each subject's kernel, and what it calls, executes
# for one call; counted by callgrind, printed as lines of JSON. A subject's name is also its function's.
set -euo pipefail

program=$1
calls=1000
for subject in "${@:2}"; do
    # bench_slice is asked for that number of calls. Counting is on only inside the kernel.
    log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect="$subject" "$program" "$subject" "$calls" 2>&1) || {
        printf '%s\n' "$log" >&2
        exit 1
    }
    collected=$(sed -n 's/^==[0-9]*== Collected : //p' <<<"$log")
    if [[ -z $collected || $collected == 0 ]]; then
        printf '%s\n' "$log" "instructions.sh: nothing was counted in $subject" >&2
        exit 1
    fi
    awk -v what="$subject" -v total="$collected" -v calls="$calls" \
        'BEGIN { printf "{\"what\": \"%s\", \"instructions\": %.2f}\n", what, total / calls }'
done
