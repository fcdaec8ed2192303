#!/usr/bin/env bash
# broken.sh LIFOGUARD-VET: V4: files, folders, caches and disks that are not as they should be are named, and the rest is checked.
# shellcheck source=tests/vet/begin.sh
. "$(dirname "$0")/begin.sh"

cat >wrong.c <<'C'
int load(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    return 0;
}
C
echo 'int two(void) { return 2; }' >right.c

# ---- files and folders ------------------------------------------------------------------------------
truncate -s 100M huge.c
expect 2 'huge.c: File too large' huge.c wrong.c
expect 2 '\[leak\]' huge.c wrong.c
rm huge.c
mkdir -p list/.hidden list/below.c
cp wrong.c list/.hidden/a.c
cp wrong.c list/below.c/b.c
expect 1 'list/below.c/b.c' list
! grep -q hidden said || fail "a hidden folder is entered"
mkdir folder.c
expect 2 'no C file' folder.c
ln -s loop.c loop.c
expect 2 'loop.c: ' loop.c wrong.c
expect 2 '\[leak\]' loop.c wrong.c
printf 'int one(void) { return 1; }\\\r' >end.c
expect 0 '' end.c
printf 'int one(void) { return 1; }\000\000' >end.c
expect 0 '' end.c
sed 's/$/\r/' wrong.c >dos.c
printf 'const char *text = "a\\\r\nint b(void) {\\\r\n";\r\n' >>dos.c
expect 1 'dos.c:6:' dos.c

# ---- settings ---------------------------------------------------------------------------------------
setting() { # TEXT: it is refused, and named
    echo "$1" >settings
    expect 2 "settings:1: not a setting: $1" --config settings wrong.c
}
for text in nonsense disable 'disable lek' 'disable leak leak' pair 'pair a' 'pair a b c' 'harmless a b' 'keeps a b' noreturn; do
    setting "$text"
done
printf '# a remark\n\n  disable leak # for now\r\n' >settings
expect 0 '' --config settings wrong.c
expect 2 'Is a directory' --config list wrong.c
expect 2 'Is a directory' --baseline list wrong.c
ln -s .lifoguard-vet .lifoguard-vet
expect 2 '.lifoguard-vet: ' wrong.c
rm .lifoguard-vet

# ---- where the output goes --------------------------------------------------------------------------
full() { # ARGUMENT…: all output goes to a full disk
    "$vet" -q "$@" >/dev/full 2>said && fail "$*: written to a full disk" || [ $? = 2 ] || fail "$*: not status 2"
}
full wrong.c
full right.c --format sarif
grep -q 'could not be written' said || fail "a full disk is not named"
full --help
full --explain leak
full --explain all
expect 2 'could not be written' --output /dev/full wrong.c
expect 2 'could not be written' --write-baseline /dev/full wrong.c
expect 2 'No such file' --write-baseline none/known wrong.c
expect 1 '' --output report wrong.c
grep -q '\[leak\]' report || fail "the report is not in its file"

# Names that are no UTF-8, and those that no URI holds.
odd=$(printf 'la\351 %%.c')
sed "$(printf 's/file/fil\351/g')" wrong.c >"$odd"
for format in json sarif; do
    expect 1 'ufffd' --format "$format" "$PWD/$odd"
    python3 -c 'import json; json.loads(open("said", "rb").read())' || fail "$format: no JSON"
done
grep -q 'file:///.*la%E9%20%25.c' said || fail "no URI"
text=$(printf 'a\303\251 \342\202\254 \360\237\230\200.c')
cp wrong.c "$text"
expect 1 "$text" --format json "$text"
for bytes in '\300\257' '\340\200\257' '\355\240\200' '\360\200\200\257' '\364\220\200\200' '\377' '\342\202'; do
    # shellcheck disable=SC2059 # the bytes are the format
    name=$(printf "$bytes.c")
    cp wrong.c "$name"
    expect 1 'ufffd' --format json "$name"
    python3 -c 'import json; json.loads(open("said", "rb").read())' || fail "$bytes: no JSON"
done

# ---- caches -----------------------------------------------------------------------------------------
# Whatever an entry has become, the answer is that of the first time.
again() { # WHY
    expect 1 'wrong.c:6:5: warning: .*\[leak\]' wrong.c right.c
    sed 1q said | cmp -s - first || { echo "$1: another answer"; cat said; exit 1; }
    [ "$(grep -c warning: said)" = 1 ] || { echo "$1: another answer"; cat said; exit 1; }
}
rm -rf cache
expect 1 '' wrong.c right.c
sed 1q said >first
again 'from the cache'
# shellcheck disable=SC2016 # $ is sed's
for change in 's/^lines.*/nonsense/' '1d' '$d' 's/^end$/ends/' 's/^leak/lek/' 's/^leak .*/leak/' 's/^leak 0/leak 77/' \
    's/^\(leak.*\) [0-9]*$/\1 77/' 's/^[0-9]/x&/' 's/^f /x /' 'y/0123456789/1234567890/' 's/$/\x00/' ; do
    for entry in cache/lifoguard-vet/*; do
        sed "$change" "$entry" >changed
        mv changed "$entry"
    done
    again "cache changed by $change"
done
for entry in cache/lifoguard-vet/*; do
    : >"$entry"
done
again 'an empty cache entry'
for entry in cache/lifoguard-vet/*; do
    rm "$entry"
    mkdir "$entry"
done
again 'folders instead of entries'
[ -z "$(find cache -type f)" ] || fail "entries that could not be put in place are left"
again 'folders instead of entries, again'
rm -rf cache
: >cache
again 'no folder for the cache'
rm cache
long=$(printf '%0250d' 1)
export XDG_CACHE_HOME="$folder/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long"
again 'too long a name'
expect 1 '' --cache "$folder/own" wrong.c
[ -n "$(ls "$folder/own")" ] || fail "--cache is not used"
export XDG_CACHE_HOME="$folder/cache"

# A disk that is full: whatever is half written goes again.
(
    trap '' XFSZ
    ulimit -f 0
    "$vet" -q wrong.c right.c 2>&1
) | cat >said
grep -q '\[leak\]' said || fail "with a full disk nothing is found"
[ -z "$(find cache -type f)" ] || fail "half an entry is left in the cache"

# ---- mending ----------------------------------------------------------------------------------------
cp "$here/fix/cleanup-free.c" mend.c
chmod 640 mend.c
(
    trap '' XFSZ
    ulimit -f 0
    "$vet" -q --fix mend.c 2>&1
) | cat >said
grep -q 'mend.c: not changed: File too large' said || { cat said; fail "a full disk is not named"; }
cmp mend.c "$here/fix/cleanup-free.c" || fail "changed, though the disk was full"
[ "$(echo mend.c*)" = mend.c ] || fail "half a file is left"
ln -s ../mend.c list/link.c
"$vet" -q --fix list/link.c >said 2>&1 || :
cmp mend.c "$here/fix/cleanup-free.want" || fail "not mended through the link"
[ -L list/link.c ] || fail "the link has been replaced"
[ "$(stat -c %a mend.c)" = 640 ] || fail "the mode has been changed"

# ---- memory and threads: not with a sanitizer, which takes terabytes of addresses ----------------------
(ulimit -v 2000000 && "$vet" --help >/dev/null 2>&1) || exit 0
limited() { # KILOBYTES ARGUMENT…
    kilobytes=$1
    shift
    (
        export MALLOC_ARENA_MAX=1 # others would take addresses for themselves
        ulimit -v "$kilobytes"
        "$vet" -q --no-cache "$@" 2>&1
    ) | cat >said
}
limited 60000 -j 8 wrong.c right.c
grep -q '\[leak\]' said || { cat said; fail "without threads nothing is found"; }
limited 190000 -j 8 wrong.c right.c dos.c end.c
[ "$(grep -c '\[leak\]' said)" = 2 ] || { cat said; fail "with fewer threads not all is found"; }
head -c 60000000 /dev/zero | tr '\0' ' ' >large.c
limited 40000 large.c
grep -qx 'lifoguard-vet: out of memory' said || { cat said; fail "a want of memory is not named"; }
