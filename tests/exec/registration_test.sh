#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: what is registered, and what is kept of it. registration_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

D1_the_last_registered_runs_first_over_all_processes() {
    inside 'lifoguard defer echo 1; sh -c "lifoguard defer echo 2"; (lifoguard defer echo 3); echo body'
    expect_out $'body\n3\n2\n1'
    expect_silence
    expect_status 0
}

R2_an_argument_vector_stays_one() {
    inside 'lifoguard defer printf "<%s>" "a b" "" "\$HOME" "*" "new
line" "-x" "\"; rm -rf /"'
    expect_out $'<a b><><$HOME><*><new\nline><-x><"; rm -rf />'
}

# While the script can still be mended, not at its end.
R2_a_text_that_the_shell_cannot_read_is_refused() {
    inside 'lifoguard defer --shell "rm x; if true"; echo $?; lifoguard acquire --shell "a | | b" -- touch acquired; echo $?
        lifoguard defer --shell "echo \"good\" | cat; true"'
    expect_out $'125\n125\ngood'
    expect_err 'defer: --shell: the shell cannot read this: .*yntax error'
    expect_err 'acquire: --shell: the shell cannot read this: .*yntax error'
    [[ ! -e acquired ]] || fail 'acquired'
}

a_program_that_cleans_its_environment_registers_all_the_same() {
    inside 'lifoguard defer echo first; env -i PATH="$PATH" sh -c "lifoguard defer echo second; exit 0"
        env -i PATH="$PATH" lifoguard exec --state other sh -c "env -i PATH=$PATH lifoguard defer echo inner; echo end"'
    expect_status 0
    expect_out $'end\ninner\nsecond\nfirst'
    refused_as 1 env -i PATH="$PATH" lifoguard defer echo no
    expect_err 'this is not inside `lifoguard exec`'
    expect_nothing_pending
}

D2_directory_umask_and_environment_are_those_of_the_registration() {
    inside 'mkdir d; cd d; umask 027; export A=then; lifoguard defer --shell "pwd; umask; echo \$A \${B-unset}"
        cd /; umask 077; export A=later B=later'
    expect_out "$PWD/d"$'\n0027\nthen unset'
}

# As after `source venv/bin/activate`.
D2_a_program_is_found_by_the_path_of_the_registration() {
    mkdir mine
    printf '#!/bin/sh\necho mine\n' >mine/tool
    chmod +x mine/tool
    inside 'PATH=$PWD/mine:$PATH; lifoguard defer tool; lifoguard acquire --undo tool -- true; PATH=/nowhere'
    expect_out $'mine\nmine'
    expect_silence
}

a_late_one_sees_the_variables_that_were_set_last() {
    inside 'lifoguard set S=begun; lifoguard defer --late --shell "echo \$S"; lifoguard set S=done'
    expect_out 'done'
}

R2_a_word_of_the_shell_is_no_program() {
    inside 'lifoguard defer eval "echo lost"; lifoguard defer cd /; lifoguard defer --shell "cd / && pwd"; lifoguard defer ./eval
        printf "#!/bin/sh\necho mine\n" >eval; chmod +x eval'
    expect_out $'mine\n/'
    expect_err "eval is a word of the shell, and no program; write: lifoguard defer --shell 'eval …'"
    expect_err "cd is a word of the shell"
}

# Also the words that only some shells have.
R2_each_word_of_bash_is_known() {
    local word
    cat >defer-all <<'END'
while read -r word; do
    type -P "$word" >/dev/null || lifoguard defer --allow-failure -- "$word" 2>err && echo "$word"
done < <(compgen -b; compgen -k)
END
    inside '. ./defer-all'
    grep -qx test out || fail 'nothing was tried'
    while read -r word; do
        [[ $word == '}' || $word == ']]' || -n $(type -P "$word") ]] || fail "$word is taken for a program"
    done <out
}

D12_pending_lists_what_is_registered() {
    inside 'lifoguard defer --name n echo "a b"; lifoguard acquire --undo true -- lifoguard pending'
    grep -qE $'\t1\theld\tn: echo \'a b\'$' out || fail "the first is missing"
    grep -qE $'\t2\tintended\ttrue$' out || fail "the second is missing"
}

# The scope's own process is killed, or the `acquire` in it, and leaves a command behind that is still acquiring.
R1_what_is_being_acquired_ends_before_it_is_undone() {
    local victim
    for victim in scope client; do
        rm -f acquiring
        inside 'eval "$(lifoguard shell-init bash)"
            work() {
                echo "$BASHPID" >scope
                acquire --undo sh -c '\''echo "undone, $LIFOGUARD_STATUS, ${LIFOGUARD_ACQUIRE-}"; rm -f acquired'\'' -- sh -c '\''echo "$PPID" >client; trap "touch acquired; echo ended; exit 1" TERM; touch acquiring; until [ -e never ]; do sleep 0.01; done'\''
            }
            scope work & wait=$!
            until [[ -e acquiring ]]; do sleep 0.01; done
            kill -KILL "$(<'"$victim"')"
            wait "$wait"
            echo "status $?"; [[ ! -e acquired ]] || echo "it is there"'
        expect_status 0
        expect_out $'ended\nundone, unknown, \nstatus 137'
    done
}

a_command_is_not_left_without_the_one_that_limits_it() {
    lifoguard with --timeout 100s -- sh -c 'trap "touch asked; exit" TERM; echo $$ >pid.new; mv pid.new pid; while :; do sleep 0.01; done' &
    local limiter=$!
    until_true test -e pid
    kill -KILL "$limiter"
    wait "$limiter"
    until_true test -e asked
}

# In each command and form; and a command that was killed is waited for.
the_time_limit_0s_is_none_and_the_grace_0s_is_SIGKILL_at_once() {
    local stubborn='trap "" TERM; until [ -e never ]; do sleep 0.01; done' limit=(--timeout 0.1s --grace 0s)
    lifoguard with --timeout 0s -- true || fail "with: $?"
    lifoguard lock --timeout 0s name -- true || fail "lock: $?"
    lifoguard wait-for --timeout 0s -- sh -c 'touch tried; [ -e ready ]' &
    until_true test -e tried
    touch ready
    wait $! || fail "wait-for: $?"
    inside "$stubborn" "${limit[@]}"
    expect_status 124
    expect_err 'within 0s of SIGTERM: SIGKILL'
    ! grep -q outlives err || fail 'not waited for'
    refused_as 124 lifoguard with "${limit[@]}" -- sh -c "$stubborn"
    inside "lifoguard defer --timeout 0.1s --grace 0s sh -c '$stubborn'"
    expect_err 'cleanup failed: .*not done within 100ms'
    echo "with --timeout 0.1s --grace 0s -- $stubborn" >limited.jobs
    refused_as 1 lifoguard run limited.jobs
    expect_err 'killed by SIGKILL'
    refused_as 125 lifoguard with --timeout 9000h -- true
    expect_err '9000h is longer than a year; as a time limit, 0s is none'
}

# Whether a process is one of the run is asked of its ancestors, which may end just then.
many_register_whose_parents_end() {
    inside 'register() { lifoguard defer sh -c "echo $1 >>log"; touch "registered.$1"; }
        for i in {1..40}; do ( ( (register $i &) & ) & ); done
        for i in {1..40}; do until [[ -e registered.$i ]]; do sleep 0.01; done; done'
    expect_status 0
    [[ $(sort -n log) == "$(seq 40)" ]] || fail "not registered: $(<log)"
}

# The functions of a script would hide what failed.
of_a_long_command_the_beginning_is_told() {
    inside 'eval "$(lifoguard shell-init bash)"; bye() { false; }; defer bye "a b"; lifoguard pending >list'
    expect_err "^lifoguard: cleanup failed: bash -c '[^\\]{1,60}…' bash bye 'a b': exit status 1\$"
    grep -qE "bash -c '[^\\]{1,60}…' bash bye 'a b'\$" list || fail "listed as $(<list)"
}

what_is_no_program_is_told_when_it_is_registered() {
    inside 'bye() { echo; }; lifoguard defer bye; lifoguard acquire --undo bye -- true; lifoguard defer ./later; touch at'
    [[ -e at ]] || fail "not registered"
    (($(grep -c '^lifoguard: there is no program bye, so far' err) == 2)) || fail "not said"
    ! grep -q 'no program ./later' err || fail "said of a path"
}

acquire_confirms_withdraws_or_leaves_open() {
    inside 'lifoguard acquire --undo echo "undo 1" -- echo one
        lifoguard acquire --undo echo "undo 2" -- sh -c "echo two; exit 4"; echo $?
        lifoguard acquire --undo sh -c "echo undo 3 \$LIFOGUARD_STATUS" -- sh -c "kill -9 \$\$"; echo $?
        lifoguard acquire --partial --undo sh -c "echo undo 4 \$LIFOGUARD_STATUS" -- sh -c "exit 5"; echo $?'
    expect_out $'one\ntwo\n4\n137\n5\nundo 4 unknown\nundo 3 unknown\nundo 1'
}

R1_acquire_does_not_run_what_it_cannot_record() {
    inside 'lifoguard acquire --name "$(head -c 9000000 /dev/zero | tr "\0" x)" --undo true -- touch acquired; true'
    [[ ! -e acquired ]] || fail "it was acquired"
}

the_command_that_is_told_is_quoted() {
    KEEP=1 inside 'lifoguard defer touch ran' --state 'a strange $(touch bad) place'
    eval "$(sed -n 's/^lifoguard: to run them: //p' err)" 2>/dev/null || fail "the command that is told fails"
    [[ -e ran && ! -e bad ]] || fail "it does something else"
}

secrets_are_not_stored_unless_asked() {
    export MY_TOKEN=geheim1 OTHER_PASSWORD=geheim2
    KEEP=1 lifoguard exec bash -c 'lifoguard defer --store OTHER_PASSWORD --shell "echo \$MY_TOKEN \$OTHER_PASSWORD"' 2>err
    ! grep -rq geheim1 "$state" || fail "a secret is in the state"
    grep -rq geheim2 "$state" || fail "what was asked for is not stored"
    unset MY_TOKEN OTHER_PASSWORD
    lifoguard recover "$(lifoguard pending | cut -f1)" >out 2>err || fail "recover: $?"
    expect_out geheim2
    expect_err 'MY_TOKEN is missing in a cleanup: it was not stored'
    export MY_TOKEN=geheim1
    inside 'lifoguard defer --shell "echo \$MY_TOKEN"'
    expect_out geheim1
}

# As in CI: by the user's own names, or because the value is an address with a password in it.
secrets_are_those_that_the_user_names_too() {
    export MINE=geheim1 MY_PIN=geheim2 LIFOGUARD_SECRET='MY_*' DATABASE_URL=postgres://user:geheim3@host/db OTHER=public
    KEEP=1 lifoguard exec --secret MINE bash -c 'lifoguard defer --shell "echo \$MINE \$MY_PIN \$DATABASE_URL"' 2>err
    ! grep -rq geheim "$state" || fail 'a secret is in the state'
    grep -rq OTHER=public "$state" || fail 'what is no secret is not stored'
    inside 'lifoguard defer --shell "echo \$MINE \$MY_PIN \$DATABASE_URL"'
    expect_out 'geheim1 geheim2 postgres://user:geheim3@host/db'
}

many_register_at_once() {
    inside 'for i in {1..40}; do lifoguard defer --shell "echo $i >>log" & done; wait; lifoguard pending | wc -l'
    expect_out 40
    [[ $(sort -nu log | wc -l) == 40 && $(wc -l <log) == 40 ]] || fail "$(wc -l <log) ran"
}

a_secret_is_taken_from_where_the_run_is_recovered() {
    TOKEN=first lifoguard exec --keep lifoguard defer sh -c 'echo "$TOKEN" >token' 2>err || fail "status $?"
    TOKEN=second lifoguard recover "$(lifoguard pending | cut -f1)" 2>err || fail "recover: $?"
    [[ $(<token) == second ]] || fail "the token is $(<token)"
}

what_has_ended_takes_no_registrations() {
    inside 'echo "$LIFOGUARD_RUN"'
    local id
    id=$(<out)
    status=0
    LIFOGUARD_RUN=$id LIFOGUARD_STATE=$state lifoguard defer touch ran 2>err || status=$?
    expect_status 1
    expect_err 'the run has ended, or was begun elsewhere'
    # A name that is longer than any secret's is judged by its beginning.
    env "$(printf 'A%.0s' {1..200})=x" lifoguard exec lifoguard defer true || fail "status $?"
}

run_case "${2-}"
