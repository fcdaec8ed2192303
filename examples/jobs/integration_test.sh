#!/usr/bin/env -S lifoguard exec bash
# shellcheck shell=bash
# An integration test: a directory, a server, a check. Whatever happens, the server is stopped and the directory removed.
set -euo pipefail
here=$(dirname "$(realpath "$0")")

dir=$(mktemp -d)
lifoguard defer rm -rf "$dir"

cp -r "$here" "$dir/www"
lifoguard defer --on-failure cat "$dir/server.log"

(cd "$dir/www" && exec python3 -u -m http.server 0 --bind 127.0.0.1 >"$dir/server.log" 2>&1) &
lifoguard defer --name server --allow-failure kill $!

port() { grep -oE -m1 'port [0-9]+' "$dir/server.log" | cut -d' ' -f2; }
lifoguard wait-for --pid $! --timeout 10s -- grep -q 'port [0-9]' "$dir/server.log"
lifoguard wait-for --pid $! --timeout 10s --tcp "127.0.0.1:$(port)"

python3 - "$(port)" <<'END'
import sys, urllib.request
page = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/integration_test.sh").read()
assert b"lifoguard exec" in page
print("the page is served")
END
