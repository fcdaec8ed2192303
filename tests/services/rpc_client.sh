#!/usr/bin/env bash
# rpc_client.sh PROGRAM: streams, then the channel, then the credentials; and what the server and the client see of the
# wrong order.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
for ((i = 0; i < 10; i++)); do
    diff - <("${program[@]}") <<'END'
client: stream 1: one
client: stream 2: two
client: stream 2 ended
client: stream 1 ended
server: goodbye from a friend, with 0 streams open
client: channel closed
client: credentials wiped
END
    diff - <("${program[@]}" wrong-order || true) <<'END'
client: stream 1: one
client: stream 2: two
client: credentials wiped
server: goodbye from a stranger, with 2 streams open
client: channel closed
error: stream 2: the channel is closed; stream 1: the channel is closed
END
done
