# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2120,SC2238 # the tests use what is set and defined here; $ in quotes is for scripts, `jobs` a file
# What the tests of `lifoguard run` with a command a line have in common: sourced with the PROGRAM as $1.

# shellcheck source=tests/program.sh
source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../program.sh"

examples=$2

# A time to sleep that no other process sleeps, by which ours are found.
mark=47$((RANDOM % 90 + 10)).$$

# jobs_are LINE…: writes the job file; MARK in it stands for that time.
jobs_are() { printf '%s\n' "${@//MARK/$mark}" >jobs; }

# run ARGUMENT…: sets status, and leaves the output in out and err.
run() {
    status=0
    timeout --foreground 600 lifoguard run "$@" jobs >out 2>err </dev/null || status=$?
}

# As a shell does not let its background jobs have SIGINT and SIGQUIT, they are given back first.
start() {
    env --default-signal=INT,QUIT,HUP lifoguard run "$@" jobs >out 2>err </dev/null &
    runner=$!
}

# A further signal ends a cleanup only after there was time to read what the first one has led to.
time_to_read() { sleep 1.1; }

# No process of ours is left.
expect_none() {
    local file words
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' -t words <"$file" || continue
        [[ ${words[0]-} != sleep || ${words[1]-} != "$mark" ]] || fail "still running: $file"
    done 2>/dev/null
}
