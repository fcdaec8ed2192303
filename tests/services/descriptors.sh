# shellcheck shell=bash disable=SC2154 # the tests that source this have started a server: $child, which listens on $port
# A server that runs out of descriptors.

# exhaust LIMIT CONNECTIONS: so many connections, which stay, to a server that may have LIMIT descriptors, until it has them all.
exhaust() {
    local i
    held=()
    for ((i = 0; i < $2; i++)); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$port"
        held+=("$fd")
    done
    for ((i = 0; i < 1000; i++)); do
        (($(find "/proc/$child/fd" -mindepth 1 | wc -l) < $1)) || break
        sleep 0.01
    done
}

let_go() {
    for fd in "${held[@]}"; do
        exec {fd}>&-
    done
}

ticks() { # of processor time that it has used, a hundredth of a second each
    local fields
    read -ra fields <"/proc/$child/stat"
    echo $((fields[13] + fields[14]))
}

spins() {
    local before
    before=$(ticks) || fail "it has ended"
    sleep 1
    (($(ticks) - before >= 50))
}
