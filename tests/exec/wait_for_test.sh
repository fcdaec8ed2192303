#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: `lifoguard wait-for`. wait_for_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

waits_for_another_protocol() {
    refused_as 124 lifoguard wait-for --timeout "$1" --http "http://127.0.0.1:$(<port)/"
    ! grep -q "$protocol" err || touch reached
}

# answer_with GREETING [COUNT]: a server greets each that connects, or the first COUNT, and then hangs up. It does not answer the
# others, and with no greeting none.
answer_with() {
    rm -f port
    python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as file:
    file.write(str(s.getsockname()[1]))
os.rename("port.new", "port")
all = []
left = int(sys.argv[2])
while True:
    connection = s.accept()[0]
    left -= 1
    if sys.argv[1] and left >= 0:
        connection.recv(1000)
        connection.sendall(sys.argv[1].encode())
        connection.close()
    else:
        all.append(connection)' "$1" "${2:-1000000}" &
    server=$!
    until_true test -e port
}

wait_for_says_who_does_not_speak_http() {
    local server protocol
    answer_with 'SSH-2.0'
    protocol='not an HTTP answer'
    with_limit waits_for_another_protocol
    kill "$server"
    answer_with ''
    protocol='no answer'
    with_limit waits_for_another_protocol
    kill "$server"
}

# The last try is ended by the limit, and knows less than the one before. A slow machine may need more of them.
wait_for_does_not_forget_why() {
    local server tries
    for tries in {1..30}; do
        answer_with 'SSH-2.0' 1
        refused_as 124 lifoguard wait-for --timeout 2s --http "http://127.0.0.1:$(<port)/"
        kill "$server"
        ! grep -q 'not an HTTP answer' err || return 0
    done
    fail "the answer was forgotten $tries times"
}

waits_for_an_answer() {
    refused_as 124 lifoguard wait-for --timeout "$1" --http "http://127.0.0.1:$(<port)/other"
    ! grep -q 'status 503' err || touch reached
}

waits_for_a_command() {
    refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'echo not yet; exit 3'
    ! grep -q 'exit status 3' err || touch reached
}

waits_for_a_killed_command() {
    refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'kill -KILL $$'
    ! grep -q 'killed by SIGKILL' err || touch reached
}

wait_for_waits() {
    (sleep 0.2; touch ready) &
    lifoguard wait-for --file ready || fail "file: $?"
    python3 -c '
import http.server, threading
class H(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_GET(self):
        H.count += 1
        self.send_response(200 if H.count > 2 and self.path == "/health" else 503)
        self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open("port.new", "w").write(str(s.server_port))
import os; os.rename("port.new", "port")
s.serve_forever()' &
    local server=$!
    until_true test -e port
    lifoguard wait-for --tcp "127.0.0.1:$(<port)" || fail "tcp: $?"
    lifoguard wait-for --timeout 300s --http "http://127.0.0.1:$(<port)/health" || fail "http: $?"
    with_limit waits_for_an_answer
    expect_err 'status 503'
    kill "$server"
    wait "$server" 2>/dev/null
    refused_as 1 lifoguard wait-for --pid "$server" --tcp "127.0.0.1:$(<port)"
    with_limit waits_for_a_command
    expect_err 'exit status 3'
    expect_err 'not yet'
    refused_as 124 lifoguard wait-for --timeout 0.3s -- ./nonexistent
    expect_err 'No such file or directory'
    with_limit waits_for_a_killed_command
    lifoguard wait-for -- test -e ready || fail "command: $?"
}

wait_for_says_at_once_what_can_never_be() {
    local words
    for words in '--tcp 80' '--tcp ::1:80' '--tcp h:70000' '--tcp h:0' '--tcp h:no-such-service' '--tcp h:' '--http https://h/' \
        '--http http://' '--http http://u:p@h/' '--http http://h:80x/' '--tcp [::1'; do
        # shellcheck disable=SC2086 # words
        refused lifoguard wait-for $words
    done
    refused lifoguard wait-for --http 'http://h/a b'
    refused lifoguard wait-for --http $'http://h/\r\nX: y'
    refused lifoguard wait-for --file ''
}

wait_for_asks_for_the_whole_url() {
    python3 -c '
import os, socket
s = socket.create_server(("::1" if socket.has_dualstack_ipv6() else "127.0.0.1", 0),
                         family=socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET)
with open("url.new", "w") as file:
    file.write("HTTP://%s:%d?q=1#part" % ("[::1]" if s.family == socket.AF_INET6 else "127.0.0.1", s.getsockname()[1]))
os.rename("url.new", "url")
connection = s.accept()[0]
request = b""
while b"\r\n\r\n" not in request:
    request += connection.recv(1000)
open("request", "wb").write(request)
connection.send(b"HTTP/1.1 200 OK\r\n\r\n")' &
    until_true test -e url
    lifoguard wait-for --timeout 300s --http "$(<url)" || fail "status $?"
    wait
    grep -q '^GET /?q=1 HTTP' request || fail "asked: $(<request)"
    local host
    host=$(sed 's|HTTP://||; s|?.*||' url)
    grep -qF "Host: $host" request || fail "asked: $(<request)"
}

waits_for_two() { refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'sleep 471 & echo $! >child; touch reached; wait'; }

wait_for_leaves_nothing_of_its_command() {
    local pid
    with_limit waits_for_two
    until_true gone "$(<child)"
    rm -f child
    lifoguard wait-for -- sh -c 'sleep 471 & echo $! >child.new; mv child.new child; wait' &
    pid=$!
    until_true test -e child
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    expect_status 143
    until_true gone "$(<child)"
}

wait_for_sees_the_end_of_a_process_that_nobody_waits_for() {
    python3 -c '
import os, subprocess, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
sys.exit(subprocess.call(["lifoguard", "wait-for", "--timeout", "300s", "--pid", str(pid), "--file", "never"]))' 2>err
    status=$?
    expect_status 1
}

run_case "${2-}"
