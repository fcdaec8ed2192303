#!/usr/bin/env bash
# http_client.sh PROGRAM: the body, then the context, then the span, whatever the other service does; and what the span
# misses in the wrong order.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
for ((i = 0; i < 5; i++)); do
    diff - <("${program[@]}") <<'END'
body closed
context ended
span whole ended: 10 bytes, body closed
no error

body closed
context ended
span half ended: 5 bytes, body closed
after 5 bytes: fetch, 300ms: deadline exceeded

body closed
context ended
span none ended: 0 bytes, body closed
HTTP response code said error

span whole ended: 0 bytes, body still open
body closed, too late for the span
context ended
no error

END
done
