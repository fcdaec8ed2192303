# shellcheck shell=bash disable=SC2034,SC2154 # `runner`, `guardian`, `engine` and `child` are of program.sh
# What the tests of job files and of graphs have in common that kill: sourced behind program.sh.

events=(success failure TERM INT HUP runner engine guardian both)

# happen EVENT: to the run of `runner`, `guardian` and `engine`, whose command waits for the file `go`; returns when its effect is certain.
happen() {
    case $1 in
    TERM | INT | HUP)
        kill "-$1" "$runner"
        until_true has "SIG$1: " err
        ;;
    runner)
        kill -KILL "$runner"
        until_true has 'the runner was killed' err
        ;;
    engine)
        kill -KILL "$engine"
        until_true gone "$engine"
        ;;
    guardian)
        kill -KILL "$guardian"
        until_true has 'goes on in its place' err
        ;;
    both)
        kill -KILL "$runner" "$guardian"
        until_true gone "$guardian"
        until_true gone "$runner"
        lifoguard pending >out 2>&1 &
        ;;
    esac
    touch go
}

# kill_some ROUND: some time after the start of `runner`, it, its guardian, its engine, or the first two; then recovers the run.
kill_some() {
    local victim victims
    guardian='' engine=''
    sleep "0.0$((RANDOM % 9))"
    child_of "$runner" 2>/dev/null && guardian=$child
    [[ -z $guardian ]] || { child_of "$guardian" 2>/dev/null && engine=$child; }
    case $(($1 % 4)) in
    0) victims=("$runner") ;;
    1) victims=("$guardian") ;;
    2) victims=("$engine") ;;
    3) victims=("$runner" "$guardian") ;;
    esac
    for victim in "${victims[@]}"; do
        [[ -z $victim ]] || kill -KILL "$victim" 2>/dev/null
    done
    wait "$runner" 2>/dev/null
    [[ -z $guardian ]] || until_true gone "$guardian"
    lifoguard pending >>out 2>&1
    until_true nothing_is_pending
    touch log
}

# expect_none_twice WHAT: no line -NAME of `log` is there twice.
expect_none_twice() {
    [[ $(grep -c -e '^-' log) == $(grep -e '^-' log | sort -u | grep -c .) ]] || fail "$1: twice: $(tr '\n' ' ' <log)"
}

# expect_all_released WHAT: each +NAME of `log` has one -NAME there; the names of one letter or digit are released in reverse. (What was
# intended and came to nothing may be released as well.)
expect_all_released() {
    local name
    while read -r name; do
        [[ $(grep -c -e "^-$name\$" log) == 1 ]] || fail "$1: $name: $(tr '\n' ' ' <log)"
    done < <(sed -n 's/^+//p' log)
    [[ $(grep -e '^-.$' log) == "$(grep -e '^-.$' log | sort -r)" ]] || fail "$1: not in reverse: $(tr '\n' ' ' <log)"
}
