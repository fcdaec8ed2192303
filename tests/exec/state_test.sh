#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: the state on disk, and who may use it. state_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

garbage_on_the_socket_does_no_harm() {
    cat >garbage.py <<'END'
import os, random, socket, struct
path = os.environ["LIFOGUARD_STATE"] + "/runs/" + os.environ["LIFOGUARD_RUN"]
os.chdir(path)
random.seed(1)
words = [b"defer", b"intend", b"confirm", b"undo", b"set", b"list", b"nonsense", b""]
for round in range(400):
    s = socket.socket(socket.AF_UNIX)
    s.connect("socket")
    word = random.choice(words)
    body = struct.pack("<I", len(word)) + word + b"\0" + random.randbytes(random.randrange(200))
    length = len(body) if random.random() < 0.8 else random.choice([0, 1, 2**31, 2**32 - 1, len(body) + 5])
    s.send(struct.pack("<I", length) + body)
    s.settimeout(0.01)
    try:
        s.recv(100)
    except OSError:
        pass
    s.close()
END
    inside 'python3 garbage.py; lifoguard defer echo cleanup; lifoguard pending | cut -f4'
    expect_status 0
    expect_out $'echo cleanup\ncleanup'
}

# As where /home is a link to /var/home.
a_state_below_a_link_is_the_one_that_it_leads_to() {
    mkdir real
    ln -s real link
    export XDG_STATE_HOME=$PWD/link
    inside 'lifoguard defer echo cleanup; lifoguard pending'
    expect_status 0
    expect_silence
    expect_out "$(sed 1q out)"$'\ncleanup'
    inside 'lifoguard defer false' --keep
    local run
    run=$(XDG_STATE_HOME=$PWD/real lifoguard pending | cut -f 1)
    [[ -n $run ]] || fail "another state"
    status=0
    lifoguard recover --state link/lifoguard "$run" >out 2>err || status=$?
    expect_status 1
    expect_err "recover --state $PWD/real/lifoguard $run"
    # The directory itself is to be no link.
    ln -s real/lifoguard direct
    refused lifoguard exec --state direct true
    expect_err 'direct is a symbolic link'
}

only_processes_of_the_run_may_register() {
    start 'lifoguard defer true; echo $LIFOGUARD_RUN >run; touch here; until [ -e go ]; do sleep 0.01; done'
    until_true test -e here
    status=0
    LIFOGUARD_STATE=$state LIFOGUARD_RUN=$(<run) lifoguard defer touch intruded 2>said || status=$?
    [[ $status != 0 ]] || fail "a stranger has registered"
    grep -q 'only processes of this run' said || fail "$(<said)"
    touch go
    finish
    [[ ! -e intruded ]] || fail "a stranger's cleanup ran"
}

another_user_is_told_what_to_write() {
    local other='setpriv --reuid 65534 --regid 65534 --clear-groups'
    $other test -x "$program" 2>/dev/null || { echo 'no other user can be had here: skipped'; exit 77; }
    inside "$other $program defer true"
    expect_status 1
    expect_err "the run is another user's .* say lifoguard defer sudo"
}

states_that_others_may_change_are_refused() {
    lifoguard exec true
    chmod 755 "$state"
    refused lifoguard exec echo ran
    chmod 700 "$state"
    chmod 644 "$state/state.db"
    refused lifoguard exec echo ran
    chmod 600 "$state/state.db"
    ln "$state/state.db" "$work/other-name"
    refused lifoguard exec echo ran
    rm "$work/other-name"
    ln -s "$state" "$work/link"
    refused lifoguard exec --state "$work/link" echo ran
    lifoguard exec true || fail "it is refused for ever"
    if ((EUID == 0)); then
        chown 12345 "$state"
        refused lifoguard exec echo ran
        refused lifoguard recover --all
        chown 0 "$state"
    fi
}

damaged_states_are_refused_whole() {
    local change
    KEEP=1 lifoguard exec bash -c 'lifoguard defer touch ran; lifoguard defer touch ran2' 2>/dev/null
    python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$state/state.db"
    rm -f "$state"/state.db-*
    cp -a "$state" "$work/good"
    for change in \
        "UPDATE cleanup SET spec = replace(spec, 'ran', 'bad') WHERE sequence = 1" \
        "UPDATE cleanup SET state = 1, attempt = 3 WHERE sequence = 1" \
        "UPDATE run SET uid = 5" "UPDATE run SET epoch = epoch + 1" \
        "UPDATE cleanup SET sequence = 7 WHERE sequence = 1" \
        "CREATE TRIGGER t AFTER DELETE ON run BEGIN DELETE FROM cleanup; END" \
        "PRAGMA user_version = 99" "PRAGMA user_version = -1" "PRAGMA application_id = 5" "DROP TABLE variable"; do
        rm -rf "$state" && cp -a "$work/good" "$state"
        python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$state/state.db" "$change" || fail "could not change it: $change"
        refused lifoguard recover --all
        refused lifoguard exec touch ran
    done
    local size
    # Up to the last byte that is not zero: SQLite reads zeros where a page is cut off, so what ends in some is the same without them.
    size=$(python3 -c 'import sys; print(len(open(sys.argv[1], "rb").read().rstrip(b"\0")))' "$work/good/state.db")
    for cut in 0 1 100 4096 $((size / 2)) $((size - 1)); do
        rm -rf "$state" && cp -a "$work/good" "$state"
        truncate -s "$cut" "$state/state.db"
        refused lifoguard exec touch ran
    done
    rm -rf "$state" && cp -a "$work/good" "$state"
    printf '%08192d' 0 >"$state/state.db"
    refused lifoguard exec touch ran
    expect_err "it is not a database of lifoguard's"
    rm -rf "$state" && cp -a "$work/good" "$state"
    rm "$state/key"
    refused lifoguard exec touch ran
    (umask 077; echo short >"$state/key")
    refused lifoguard exec touch ran
    expect_err 'key is refused: it is not a key'
    [[ ! -e ran ]] || fail "something of it ran"
    rm -rf "$state" && cp -a "$work/good" "$state"
    lifoguard recover "$(lifoguard pending | cut -f1 | sort -u)" 2>/dev/null
    [[ -e ran && -e ran2 ]] || fail "the good one does not work"
}

of_many_that_are_kept_the_first_are_told() {
    inside 'for i in {1..25}; do lifoguard defer true; done' --keep
    expect_err 'kept, as asked: 25 cleanups, the first to run first:'
    expect_err '… and 5 more'
    local id
    id=$(lifoguard pending | cut -f1 | sort -u)
    status=0
    lifoguard abandon --reason none "$id" 1 2>err || status=$?
    expect_status 1
    expect_err "run $id has not ended"
    lifoguard recover "$id" 2>err || fail "recover: $?"
    expect_nothing_pending
}

only_what_was_abandoned_is_forgotten() {
    inside 'lifoguard defer false; lifoguard defer false'
    local id
    id=$(lifoguard pending | cut -f1 | sort -u)
    lifoguard abandon --reason 'done by hand' "$id" 1 || fail "abandon: $?"
    status=0
    lifoguard abandon --forget "$id" 2>err || status=$?
    expect_status 1
    expect_err "cleanup 2 of run $id is not abandoned"
    lifoguard abandon --reason 'done by hand' "$id" 2 || fail "abandon: $?"
    lifoguard abandon --forget "$id" || fail "forget: $?"
    expect_nothing_pending
}

places_that_cannot_be_used_are_told() {
    : >plain
    refused lifoguard exec --state plain true
    expect_err 'plain is not a directory'
    mkdir -m 700 real
    ln -s real link
    refused lifoguard exec --state link true
    expect_err 'link is a symbolic link, .*: name the directory itself'
    refused lifoguard exec --state plain/below true
    expect_err 'mkdir .*plain/below: Not a directory'
    refused lifoguard lock --state plain a true
    refused lifoguard recover --state plain --all
    # Who has no HOME has the home of the user database, and a number without a user has none.
    if unshare --map-user=54321 true 2>/dev/null; then
        refused unshare --map-user=54321 env -u XDG_STATE_HOME -u HOME lifoguard pending
        expect_err 'neither XDG_STATE_HOME nor HOME is set, and you have no home: use --state DIRECTORY'
    fi
    # A slash at the end says nothing else.
    lifoguard exec --state place/ true || fail "with a slash: $?"
    [[ -e place/state.db ]] || fail 'another place'
    : >place/history
    lifoguard exec --state place true || fail 'a history that cannot be kept does no harm'
}

run_case "${2-}"
