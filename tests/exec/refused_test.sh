#!/usr/bin/env bash
# refused_test.sh REFUSED PROGRAM: a registration arrives and is run, whichever newer system call is refused, with whichever error.
set -uo pipefail
refused=$(realpath "$1") program=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_STATE_HOME=$folder/home
mkdir "$folder/home"
unset LIFOGUARD_RUN LIFOGUARD_STATE
cd "$folder" || exit 1

printf 'touch acquired\ndefer touch cleaned\nsleep 300 &\nexit 3\n' >job
printf 'jobs: {a: {run: touch acquired, defer: touch cleaned}, s: {run: exec sleep 300, ready: "true"}, b: {needs: [a, s], run: exit 3}}\n' \
    >job.yaml
forms=(script lines)
[[ $("$program" run --check job.yaml 2>&1) == *'without'* ]] || forms+=(graph)

# shellcheck disable=SC2016 # the variables are the script's
# run_form FORM CALL ERROR: as a script, a job file or a graph.
run_form() {
    local with=(timeout -k 1 120 "$refused" "$2" "$3" "$program")
    case $1 in
    script) "${with[@]}" exec sh -c '"$1" defer touch cleaned && { sleep 300 & exit 3; }' sh "$program" ;;
    lines) "${with[@]}" run --status=first-failure job ;;
    graph) "${with[@]}" run --plain --status=first-failure job.yaml ;;
    esac >out 2>&1 </dev/null
}

failed=0
for call in accept4 close_range faccessat2 memfd_create openat2 pidfd_open pidfd_send_signal pipe2 signalfd4 statx; do
    for form in "${forms[@]}"; do
        for error in 1 13 38; do # EPERM, EACCES, ENOSYS
            [[ $form == script || $error == 38 ]] || continue
            rm -f cleaned
            run_form "$form" "$call" "$error"
            status=$?
            ((status != 77)) || exit 77
            if ((status != 3)) || [[ ! -e cleaned ]]; then
                echo "FAIL: $form: $call refused with $error: status $status, $(ls)"
                cat out
                failed=1
            fi
        done
    done
done
exit $failed
