#!/bin/sh
# usage.sh LIFOGUARD-VET: the command line with good and with bad input: exit status 0, 1 or 2, and a word on what is wrong.
# shellcheck source=tests/vet/begin.sh
. "$(dirname "$0")/begin.sh"

count() { # NUMBER ARGUMENT…: so many findings
    wanted=$1
    shift
    found=$("$vet" -q --no-cache "$@" 2>&1 | grep -c 'warning:' || true)
    [ "$found" = "$wanted" ] || { echo "$*: $found findings, not $wanted"; exit 1; }
}

make_wrong
mkdir empty
echo 'int two(void) { return 2; }' >src/right.c

# Options.
expect 2 'which FILE' --all
expect 2 'not an option: --nonsense' --nonsense src/wrong.c
expect 2 'a value is missing after --format' src/wrong.c --format
expect 2 'text, json or sarif' --format=xml src/wrong.c
expect 2 'no such check: lek' --check lek src/wrong.c
expect 2 'which check' --check= src/wrong.c
expect 2 'a number from 1 on' -j 0 src/wrong.c
expect 2 'a number from 1 on' -j many src/wrong.c
expect 2 'no such check: nothing' --explain nothing
expect 0 'return -1' --explain=leak
expect 0 'usage:' src/wrong.c --help
expect 2 'No such file' --baseline none src/right.c
expect 2 'No such file' --config none src/right.c
expect 2 'No such file' --output none/report src/right.c
count 0 -j2 src/wrong.c
count 1 -j2 src/wrong.c -- -Iinclude/own
count 1 --jobs=2 src/wrong.c -- -I include/own
count 0 --disable leak src/wrong.c -- -Iinclude/own
count 0 --check double-release src/wrong.c -- -Iinclude/own

# Inputs that are no C file.
expect 2 'no C file to check' empty
expect 2 'No such file' src/missing.c
mkfifo pipe.c
expect 2 'pipe.c' pipe.c
ln -s src link
ln -s ../src src/again
expect 1 'link/wrong.c' link -- -Iinclude/own
count 1 src/wrong.c ./src/wrong.c src -- -Iinclude/own
printf '\000\001\377}}}}((((' >broken.c
expect 2 "broken.c: line 1: '}' closes nothing" broken.c
printf 'int one(void)\n{\n    return 1;\n' >broken.c
expect 2 "broken.c: line 2: '{' is never closed" broken.c
expect 2 '\[leak\]' broken.c src/wrong.c -- -Iinclude/own
expect 2 'broken.c: line 2' broken.c src/right.c
printf '#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n    return 1; }\n' >branches.c
expect 0 '' branches.c

# Compilation databases.
database() {
    cat >compile_commands.json
}
here='"directory": "'$folder'"'
database <<J
[{$here, "file": "src/wrong.c", "arguments": ["cc", "-I", "include/own", "-fno-such-flag", "-c", "src/wrong.c"]}]
J
expect 1 '\[leak\]' -p compile_commands.json
expect 1 '\[leak\]' -p .
expect 1 '\[leak\]' -p=.
database <<J
[{$here, "file": "src/wrong.c", "command": "cc '-DTEXT=\"a b\"' -isystem \"include/own\" -c src/wrong.c"},
 {$here, "file": "$folder/src/wrong.c", "command": "cc -c src/wrong.c"}]
J
count 1 -p .
mkdir build
cat >build/compile_commands.json <<J
[{"directory": "..", "file": "src/wr\u006fng.c", "command": "gcc -Iinclude/own -c src/wrong.c"},
 {"directory": "..", "file": "src/other.cpp", "command": "g++ -c src/other.cpp"},
 {"directory": 3, "file": ["a"], "arguments": "none"}, 7, "text", {}]
J
count 1 -p build
database <<J
[{$here, "file": "src/gone.c", "command": "cc -c src/gone.c"}, {$here, "file": "src/right.c", "command": ""}]
J
expect 2 'gone.c' -p .
for text in '' '{' '[' '[{"file": "a.c"' '{"file": "src/wrong.c"}' '[] []' 'nonsense'; do
    printf '%s' "$text" | database
    expect 2 'not a compilation database' -p .
done
echo '[]' | database
expect 2 'no C file to check' -p .
expect 2 'No such file' -p none

# A build command.
cat >make.sh <<'S'
#!/bin/sh
set -e
cd src
${CC:-cc} -I../include/own -c wrong.c -o /dev/null
S
cat >include/own/cc.sh <<'S'
#!/bin/sh
exit 0
S
chmod +x make.sh include/own/cc.sh
cp include/own/cc.sh include/own/cc
PATH="$folder/include/own:$PATH" expect 1 '\[leak\]' -- ./make.sh
CC="$folder/include/own/cc.sh -m32" expect 1 '\[leak\]' -- ./make.sh
expect 2 'compiled no C file' -- true
expect 2 'ended with status 127' -- ./no-such-command
expect 2 'ended with status 3' -- sh -c 'exit 3'

# Comments that allow a finding, and baselines.
suppressed() {
    sed "s|CHECK(fgets(line, 80, f));|& // lifoguard-vet: $1|" src/wrong.c >allowed.c
}
suppressed 'allow leak: the caller ends the process'
count 0 allowed.c -- -Iinclude/own
suppressed 'allow leak:'
expect 1 'allows nothing without a reason' allowed.c -- -Iinclude/own
suppressed 'allow leak'
expect 1 'allows nothing without a reason' allowed.c -- -Iinclude/own
suppressed 'allow double-release: no'
expect 1 '\[leak\]' allowed.c -- -Iinclude/own
expect 1 '\[leak\]' src/wrong.c --write-baseline known -- -Iinclude/own
printf '\n# looked at\n' >>known
expect 0 '' src/wrong.c --baseline known -- -Iinclude/own
expect 0 'no longer found' src/right.c --baseline known
