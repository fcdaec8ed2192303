# shellcheck shell=bash
# Sourced by a test that has made the folder $work: when the test ends, also in the middle, all that it has started ends, and the folder is
# removed. A guardian, and a cleanup that waits for a file, are no jobs of the test's shell: they are known by their environment.

# shellcheck disable=SC2154 # the test assigns it
export STARTED_BY=$work

# The processes that the shell's own children have started, whoever is their parent by now.
list_started() {
    STARTED_BY='' grep -lsxzF "STARTED_BY=$work" /proc/[0-9]*/environ
}

leave() {
    local started
    # shellcheck disable=SC2046 # a list of numbers
    kill -KILL $(jobs -p)
    wait
    while mapfile -t started < <(list_started) && ((${#started[@]} > 0)); do
        kill -KILL "${started[@]//[!0-9]/}"
    done
    chmod -R u+w "$work"
    rm -rf "$work"
} 2>/dev/null # Bash says which of its jobs were killed
trap leave EXIT

# The runner of the tests ends one that takes too long: what it was at is said.
cut_off() {
    printf 'cut off by SIGTERM after %s s, in %s\n' "$SECONDS" "${FUNCNAME[*]:1}"
    exit 143
}
trap cut_off TERM
