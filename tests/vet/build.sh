#!/bin/sh
# shellcheck disable=SC2015,SC2016 # "a && b || c" is meant so; the commands' own shells expand what is in single quotes
# build.sh LIFOGUARD-VET: `lifoguard vet -- BUILD` notes what is compiled, leaves nothing behind however it ends, and passes signals on.
# shellcheck source=tests/vet/begin.sh
. "$(dirname "$0")/begin.sh"

make_wrong
mkdir bin
printf '#!/bin/sh\nexit 0\n' >bin/cc
chmod +x bin/cc
cp bin/cc bin/mycc
export PATH="$folder/bin:$PATH"
unset CC

# However the folder of headers is given, it is found; whatever the compiler is called, it is noticed.
found() { # COMMAND…: one finding
    "$vet" -q --no-cache -- "$@" >said 2>&1 && fail "$*: nothing is found" || [ $? = 1 ] || { cat said; fail "$*: not status 1"; }
    [ "$(grep -c '\[leak\]' said)" = 1 ] || { cat said; fail "$*: not one finding"; }
}
for flag in -Iinclude/own '-I include/own' "-I$folder/include/own" '-iquote include/own' '-iquoteinclude/own' '-isystem include/own' \
    '-isysteminclude/own' '-idirafter include/own' '-idirafterinclude/own'; do
    found sh -c "cc $flag -c src/wrong.c && cc $flag -c src/wrong.c"
done
CC=mycc found sh -c '$CC -Iinclude/own -c src/wrong.c'
CC=cc found sh -c '$CC -Iinclude/own -c src/wrong.c'
CC="$folder/bin/mycc -m32" found sh -c '$CC -Iinclude/own -c src/wrong.c'
CC='' found sh -c 'cc -Iinclude/own -c src/wrong.c'
CC=/ found sh -c 'cc -Iinclude/own -c src/wrong.c'

# The compilers' folder is first in PATH, and gone at the end.
"$vet" -q --no-cache -- sh -c 'echo "${PATH%%:*}" >place; cc -c src/wrong.c; exit 3' >said 2>&1 && fail "status 0" || [ $? = 2 ]
grep -q 'ended with status 3' said || fail "the status is not named"
[ -s place ] && [ ! -e "$(cat place)" ] || fail "the folder is left"
sh -c 'trap "" CHLD; exec "$0" -q --no-cache -- true' "$vet" >said 2>&1 || :
grep -q 'compiled no C file' said || { cat said; fail "with SIGCHLD ignored its end is not seen"; }
env -i "$vet" -q --no-cache -- /bin/sh -c 'echo "$PATH"' >said 2>&1 || :
grep -q '^/tmp/lifoguard-vet-.*:/usr/bin:/bin$' said || { cat said; fail "without PATH"; }

# A signal reaches the command, and ends this program after it.
ends_by() { # SIGNAL NUMBER
    rm -f place got
    "$vet" -q --no-cache -- sh -c 'echo "${PATH%%:*}" >place; trap "echo >got; exit 0" '"$1"'; kill -'"$1"' $PPID; while :; do sleep 0.01; done' \
        >said 2>&1 && fail "$1: status 0" || status=$?
    [ "$status" = $((128 + $2)) ] || { cat said; fail "$1: exit status $status"; }
    [ -e got ] || fail "$1: the command has not got it"
    [ -s place ] && [ ! -e "$(cat place)" ] || fail "$1: the folder is left"
}
ends_by TERM 15
ends_by INT 2
ends_by HUP 1

# What is ignored stays ignored, in the command too.
sh -c 'trap "" TERM; exec "$0" -q --no-cache -- sh -c "kill -TERM \$PPID; kill -TERM \$\$; echo on >got; cc -Iinclude/own -c src/wrong.c"' "$vet" >said 2>&1 &&
    fail "nothing is found" || [ $? = 1 ] || { cat said; fail "an ignored signal has ended it"; }
grep -q on got || fail "the ignored signal has ended the command"
