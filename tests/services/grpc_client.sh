#!/usr/bin/env bash
# grpc_client.sh PROGRAM: the stream, the channel, the credentials, the library, after a failed call.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
diff - <("${program[@]}") <<'END'
unavailable
stream ended
channel closed
credentials released
library shut down
END
