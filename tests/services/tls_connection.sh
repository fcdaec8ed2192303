#!/usr/bin/env bash
# tls_connection.sh PROGRAM: the client sees a close-notify on every way out, and a cut in the wrong order.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
diff - <("${program[@]}") <<'END'
return: a goodbye
error: a goodbye
panic: a goodbye
goexit: a goodbye
the wrong order: cut off
END
# Again and again, with whatever the scheduler makes of it.
for ((i = 0; i < 20; i++)); do
    [[ $("${program[@]}" | grep -c 'a goodbye') == 4 ]]
done
