#!/usr/bin/env bash
# refused_test.sh REFUSED PROGRAM: a registration arrives and is run, signals are passed on and nothing waits or spins, whichever newer
# system call is refused, with whichever error.
set -uo pipefail
refused=$(realpath "$1") program=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_STATE_HOME=$folder/home REFUSED_TEST=$folder
mkdir "$folder/home"
unset LIFOGUARD_RUN LIFOGUARD_STATE
cd "$folder" || exit 1

printf 'touch acquired\ndefer touch cleaned\nsleep 300 &\nexit 3\n' >job
printf 'jobs: {a: {run: touch acquired, defer: touch cleaned}, s: {run: exec sleep 300, ready: "true"}, b: {needs: [a, s], run: exit 3}}\n' \
    >job.yaml
forms=(script lines)
[[ $("$program" run --check job.yaml 2>&1) == *'without'* ]] || forms+=(graph)

newer=(accept4 clone3 close_range dup3 epoll_create1 epoll_pwait2 eventfd2 faccessat2 fallocate futex_waitv getrandom inotify_init1
    kcmp membarrier memfd_create openat2 pidfd_open pidfd_send_signal pipe2 prctl preadv2 process_madvise renameat2 rseq
    setsid statx timerfd_create)
# ThreadSanitizer ends a program in which its own madvise fails, or which, forked from one with threads, starts the thread that takes the
# place of signalfd4.
[[ ${SANITIZER-} == thread ]] || newer+=(madvise signalfd4)
errors=(1 13 22 38) # EPERM, EACCES, EINVAL, ENOSYS
# Of clone3 only one program knows the refusal, `run`.
all=$(printf '%s,' "${newer[@]}")
all=${all/clone3,/}

# shellcheck disable=SC2016 # the variables are the script's
# run_form FORM CALLS ERROR: as a script, a job file or a graph.
run_form() {
    local with=(timeout -k 1 60 "$refused" "$2" "$3" "$program")
    case $1 in
    script) "${with[@]}" exec sh -c '"$1" defer touch cleaned && { sleep 300 & exit 3; }' sh "$program" ;;
    acquire) "${with[@]}" exec sh -c '"$1" acquire --undo touch cleaned -- touch acquired && exit 3' sh "$program" ;;
    lines) "${with[@]}" run --status=first-failure job ;;
    graph) "${with[@]}" run --plain --status=first-failure job.yaml ;;
    esac >out 2>&1 </dev/null
}

failed=0
fail() {
    echo "FAIL: $*"
    cat out
    failed=1
}

# try FORM CALLS ERROR
try() {
    rm -f cleaned
    run_form "$@"
    local status=$?
    ((status != 77)) || exit 77
    [[ $status == 3 && -e cleaned ]] || fail "$1: $2 refused with $3: status $status, $(ls)"
}

# Each alone, with the errors in turn, and all at once with each error.
turn=0
for call in "${newer[@]}"; do
    for form in "${forms[@]}"; do
        try "$form" "$call" "${errors[turn++ % 4]}"
    done
done
for error in "${errors[@]}"; do
    for form in "${forms[@]}"; do
        try "$form" "${all%,}" "$error"
        try "$form" clone3 "$error"
    done
    try acquire clone3 "$error"

    # Signals are passed on, the command's own too, although no descriptor tells of them.
    rm -f got
    # shellcheck disable=SC2016
    "$refused" signalfd4 "$error" "$program" exec \
        bash -c 'trap "echo one >>got" USR1; trap "echo two >>got" RTMIN+3; trap "echo three >>got; exit 5" TERM
            : >ready; while :; do sleep 0.02; done' >out 2>&1 &
    runner=$!
    until [[ -e ready ]]; do sleep 0.02; done
    for signal in USR1 RTMIN+3 TERM; do
        kill -s "$signal" "$runner"
        case $signal in
        USR1) until [[ -e got ]]; do sleep 0.02; done ;;
        RTMIN+3) until [[ $(<got) == *two ]]; do sleep 0.02; done ;;
        esac
    done
    wait "$runner"
    status=$?
    [[ $status == 5 && $(<got) == $'one\ntwo\nthree' ]] || fail "signals with $error: status $status: $(<got)"
    rm -f ready

    # Without waitid nothing can be waited for: that is said, before anything has happened.
    for form in "${forms[@]}"; do
        rm -f acquired cleaned
        run_form "$form" waitid "$error"
        status=$?
        [[ $status == 125 && ! -e acquired && ! -e cleaned && $(<out) == *'refuses waitid(2)'* ]] ||
            fail "$form: waitid refused with $error: status $status"
    done
    timeout -k 1 60 "$refused" waitid "$error" "$program" with --timeout 60s sh -c 'exit 3' >out 2>&1
    (($? == 3)) || fail "with: waitid refused with $error"
done

# What a command has left running has ended with it, whoever was to adopt it.
mapfile -t environments < <(grep -lzsxF "REFUSED_TEST=$folder" /proc/[0-9]*/environ)
for environment in "${environments[@]}"; do
    pid=${environment//[!0-9]/}
    if [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == 'sleep 300 ' ]]; then
        : >out
        fail "process $pid is left"
        kill "$pid"
    fi
done 2>/dev/null
exit $failed
