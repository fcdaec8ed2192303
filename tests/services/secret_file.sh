#!/usr/bin/env bash
# secret_file.sh PROGRAM [FAILING-CALLS]: at every moment FILE is the old secret or the new one, readable by its owner
# only, whatever fails and whenever the program is killed.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
failing=${2:+$(realpath "$2")}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/here"
cd "$folder/here"
umask 022
fail() {
    echo "FAIL: $*"
    exit 1
}
old=the-old-secret new=the-new-secret

printf %s "$new" | "${program[@]}" file
[[ $(<file) == "$new" && $(stat -c %a file) == 600 ]] || fail "written: $(stat -c %a file) $(<file)"
[[ $(ls -A) == file ]] || fail "left: $(ls -A)"
if printf %s "$new" | "${program[@]}" no/such/folder 2>stderr; then fail "no error for a folder that is not there"; fi
grep -q 'No such file' stderr || fail "another error: $(<stderr)"

check() { # WHAT STATUS
    local is mode
    is=$(<file) mode=$(stat -c %a file)
    [[ $is == "$old" || $is == "$new" ]] || fail "$1: a partial file: $is"
    [[ $mode == 600 ]] || fail "$1: mode $mode"
    (($2 != 0)) || [[ $is == "$new" ]] || fail "$1: told of no failure, and the file is the old one"
    for temporary in .file.lg-*; do
        [[ ! -e $temporary || $(stat -c %a "$temporary") == 600 ]] || fail "$1: mode of $temporary"
    done
}

no_temporary() { # WHAT
    [[ ! -e $(echo .file.lg-*) ]] || fail "$1: left: $(ls -A)"
}

if [[ -n $failing ]]; then
    preload=$folder/failing.so # LD_PRELOAD takes no path with a space
    ln -s "$failing" "$preload"
    printf %s "$new" | FAIL_COUNT=count LD_PRELOAD=$preload "${program[@]}" file
    calls=$(<count)
    ((calls >= 12)) || fail "only $calls calls were counted"
    rm count
    failed=0
    for ((i = 1; i <= calls; i++)); do
        printf %s "$old" >file
        status=0
        printf %s "$new" | FAIL_AT=$i LD_PRELOAD=$preload "${program[@]}" file 2>stderr || status=$?
        check "call $i of $calls failed" $status
        ((status == 0 || status == 1)) || fail "call $i failed: status $status: $(<stderr)"
        ((status == 0)) || [[ -s stderr ]] || fail "call $i failed: nothing was said"
        no_temporary "call $i failed"
        failed=$((failed + status))
        rm -f stderr
    done
    # Some may fail unseen: looking for leftovers, a file without a name where one with a name will do, a lock, and closing what
    # is on the disk. Told is at least: dup, read, opening the folder, write, both fsync, link, rename.
    ((failed >= 8)) || fail "only $failed of $calls failures were told"
    for ((i = 1; i <= 2 * calls; i++)); do
        printf %s "$old" >file
        status=0
        # (In a shell of its own, which says nothing of the kill.)
        (
            printf %s "$new" | FAIL_AT=$i FAIL_BY=kill LD_PRELOAD=$preload "${program[@]}" file
            exit $?
        ) 2>/dev/null || status=$?
        check "killed at $i of $((2 * calls))" $status
        ((status == 137)) || fail "not killed at $i: $status"
        printf %s "$new" | "${program[@]}" file || fail "what was left at $i stood in the way"
        no_temporary "killed at $i, the next run"
    done
fi

# The wrong ways: half of the secret has been written, and the other half is awaited.
half() { # MODE
    rm -f file pipe
    mkfifo pipe
    printf %s "$old" >file
    chmod 600 file
    [[ $1 != --chmod-deferred ]] || rm file
    "${program[@]}" "$1" file <pipe &
    child=$!
    exec 3>pipe
    printf the-new- >&3
    for ((i = 0; i < 500; i++)); do
        [[ -e file && $(<file) != the-new- ]] || break
        sleep 0.01
    done
    for ((i = 0; i < 500; i++)); do
        if [[ -e file && $(<file) == the-new- ]]; then break; fi
        sleep 0.01
    done
}
half --chmod-deferred
[[ $(<file) == the-new- && $(stat -c %a file) == 644 ]] || fail "a deferred chmod: mode $(stat -c %a file) of $(<file)"
exec 3>&-
wait $child
[[ $(stat -c %a file) == 600 ]] || fail "a deferred chmod was not made"

half --in-place
kill -9 $child
exec 3>&-
wait $child 2>/dev/null || true
[[ $(<file) == the-new- ]] || fail "in place, killed: $(<file)"
