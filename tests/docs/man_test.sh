#!/usr/bin/env bash
# man_test.sh FOLDER INCLUDE: groff has nothing to say about the man pages, each public name has its page, and `man lg_defer`
# shows the page of defer.h.
set -euo pipefail
export LC_ALL=C.UTF-8 # man shows other characters than ASCII in it
folder=$1 include=$2
failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

for page in "$folder"/man[157]/* "$folder"/man3/lifoguard-*; do
    ! grep -q '^\.so ' "$page" || continue # an alias; groff reads the page that it names without its encoding, man does not
    for device in utf8 ascii; do
        said=$(cd "$folder" && groff -man -ww -z -Kutf8 -T$device "$page" 2>&1) || fail "$page: groff failed"
        said=$(grep -v "can't find macro file 'man.local'" <<<"$said" || true) # that file is in /etc, which may be empty
        [[ -z $said ]] || fail "$page, for $device: $said"
    done
done

# A reader has no file that is not installed: each is named by the page that it has become, or as one of the sources.
named=$(grep -rnE '[[:alnum:]_]\.md' "$folder" | grep -vE '[[:alnum:]_]\.md \(in the sources\)' || true)
[[ -z $named ]] || fail "Markdown files are named: $named"
# shellcheck disable=SC2016 # the backquotes are what is looked for
grep -q '`…`' "$folder/man5/lifoguard-jobs.5" || fail 'lifoguard-jobs(5) has lost its backquotes'
grep -q 'lifoguard\\-exec(1)' "$folder/man1/lifoguard-run.1" || fail 'lifoguard-run(1) does not name lifoguard-exec(1)'

for command in run exec inspect vet acquire defer history lock pending recover shell-init wait-for with; do
    [[ -f $folder/man1/lifoguard-$command.1 ]] || fail "there is no page lifoguard-$command(1)"
done

# A name is public if a declaration or a #define has it at the beginning of a line.
names=$(grep -hoP '^(#define \K(lg|LG)_\w+|(LG_API|static inline) [^(]*?\K\blg_\w+(?=\())' "$include"/*.h | sort -u |
    grep -vE '_H$|^LG_(API|BEGIN_DECLS|END_DECLS|VERSION_)')
[[ $(wc -w <<<"$names") -gt 230 ]] || fail "only $(wc -w <<<"$names") public names were found"
for name in $names; do
    [[ -f $folder/man3/$name.3 ]] || fail "there is no page for $name"
done

# man reads /etc/manpath.config, which an empty /etc does not have.
: >"${config:=$(mktemp)}"
trap 'rm -f "$config"' EXIT
shown=$(MANWIDTH=100 MAN_KEEP_FORMATTING='' man -C "$config" -M "$folder" -E UTF-8 lg_defer 2>&1 | cat)
grep -q 'calls fn(args…) when the enclosing block is left' <<<"$shown" || fail "man lg_defer shows: ${shown:0:300}"

echo "$(find "$folder" -type f | wc -l) pages"
exit $failed
