# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2120,SC2238 # the tests use what is set and defined here; $ in quotes is for scripts, `jobs` a file
# What the tests of `lifoguard run FILE.yaml` have in common: sourced with the PROGRAM as $1.

# shellcheck source=tests/program.sh
source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../program.sh"

root=$2

# run OPTION…: runs the graph on standard input; sets status, and leaves the output in out and err.
run() {
    status=0
    cat >g.yaml
    timeout --foreground 100 lifoguard run "$@" g.yaml >out 2>err </dev/null || status=$?
}

# start OPTION…: likewise in the background; sets runner.
start() {
    cat >g.yaml
    env --default-signal=INT,QUIT,HUP lifoguard run "$@" g.yaml >out 2>err </dev/null &
    runner=$!
}

expect_log() { [[ $(tr '\n' ' ' <log) == "$1 " ]] || fail "log instead of: $1"; }

# wrong TEXT PLACE…: the graph on standard input is refused, with exactly these lines; nothing is run.
wrong() {
    run
    expect_status 2
    [[ $(<err) == "$(printf 'g.yaml:%s\n' "$@")" ]] || fail "said instead of: $*"
    expect_out ''
    [[ ! -e log ]] || fail "something was run"
}

# The order that each of these has to lead to, whatever is killed.
chain() {
    cat <<'END'
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  s: {needs: a, run: 'echo +s >>log; echo $$ >pid; exec sleep 1000', ready: {file: pid}, defer: echo -s >>log}
  b: {needs: s, run: 'echo +b >>log; exec sleep 1000', defer: 'echo -b $LIFOGUARD_STATUS >>log'}
END
}

expect_chain() {
    until_true has -run log
    expect_log '+a +s +b -b unknown -s -a -run'
    until_true gone "$(<pid)"
    until_true nothing_is_pending
}
