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

failed=0
for call in accept4 pipe2; do
    for error in 1 13 38; do # EPERM, EACCES, ENOSYS
        # shellcheck disable=SC2016
        timeout 120 "$refused" "$call" "$error" "$program" exec sh -c '"$1" defer touch cleaned && exit 3' sh "$program" >out 2>&1
        status=$?
        ((status != 77)) || exit 77
        if ((status != 3)) || [[ ! -e cleaned ]]; then
            echo "FAIL: $call refused with $error: status $status, $(ls)"
            cat out
            failed=1
        fi
        rm -f cleaned
    done
done
exit $failed
