#!/usr/bin/env bash
# http_load.sh WHAT SERVER ARGUMENT…: starts the server, which prints the port it listens on, has wrk ask it for two seconds over 100
# connections, ends it, and prints the time that a request takes and quantiles of how long a client waits.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
what=$1
shift
coproc SERVER { exec "$@"; }
server=$SERVER_PID
trap 'kill "$server"' EXIT
read -r port <&"${SERVER[0]}"
wrk --threads 1 --connections 100 --duration 2s --script "$here/http_load.lua" "http://127.0.0.1:$port/" -- "$what" |
    grep '^{"what"'
