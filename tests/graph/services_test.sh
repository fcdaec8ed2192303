#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: services. services_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

a_service_is_up_for_those_that_need_it() {
    run <<'END'
jobs:
  db:
    run: 'echo +db >>log; trap "echo -db >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done'
    ready: {file: up}
    defer: echo cleaned >>log
  web:
    needs: db
    run: 'echo +web >>log; trap "echo -web >>log; exit 0" TERM; touch up2; while :; do sleep 0.02; done'
    ready: test -e up2
  test: {needs: [web, db], run: 'test -e up && test -e up2; echo test >>log', defer: echo tested >>log}
END
    expect_status 0
    expect_log '+db +web test tested -web -db cleaned'
}

a_service_is_ready_when_its_url_answers() {
    # The server that is asked is the test's own, so that its port is known: it answers well once the service is up.
    python3 -c '
import http.server, os
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if os.path.exists("up") else 503)
        self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open("port.new", "w").write(str(s.server_port))
os.rename("port.new", "port")
s.serve_forever()' &
    local server=$!
    until_true test -e port
    run --dry-run <<END
jobs: {db: {run: x, grace: 1s, ready: {http: "http://127.0.0.1:$(<port)/"}}}
END
    expect_status 0
    run <<END
jobs:
  db: {run: 'echo +db >>log; touch up; exec sleep 1000', grace: 50s, ready: {http: "http://127.0.0.1:$(<port)/"}}
  web: {run: 'exec sleep 1000', ready: {run: test -e up}}
  test: {needs: [db, web], run: echo test >>log}
END
    kill "$server"
    expect_status 0
    expect_log '+db test'
}

independent_services_stop_at_once() {
    run -j 3 <<'END'
jobs:
  a: {run: 'trap "touch a-ends; until test -e b-ends; do sleep 0.02; done; exit 0" TERM; touch a; while :; do sleep 0.02; done', ready: {file: a}}
  b: {run: 'trap "touch b-ends; until test -e a-ends; do sleep 0.02; done; exit 0" TERM; touch b; while :; do sleep 0.02; done', ready: {file: b}}
  test: {needs: [a, b], run: 'true'}
END
    expect_status 0
    expect_no_err SIGKILL
}

a_service_that_ends_is_a_failure() {
    run <<'END'
jobs:
  db: {run: touch up; until test -e used; do sleep 0.01; done, ready: {file: up}, defer: echo -db >>log}
  test: {needs: db, run: touch used; sleep 100}
END
    expect_status 1
    expect_log '-db'
    expect_err 'db failed: the service has ended by itself: exit status 0'
}

a_service_that_is_not_ready_is_a_failure() {
    run <<'END'
jobs:
  db: {run: 'echo +db >>log; exec sleep 100', ready: {file: never, timeout: 3s}, defer: echo -db >>log}
  test: {needs: db, run: echo never >>log}
END
    expect_status 1
    expect_err 'db failed: not ready within 3s'
    expect_log '+db -db'
    run <<'END'
jobs: {db: {run: exit 3, ready: {file: never}}}
END
    expect_status 1
    expect_err 'db failed: the service has ended before it was ready: exit status 3'
}

the_run_can_be_for_a_service() {
    start <<'END'
jobs:
  db: {run: 'trap "echo -db >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done', ready: {file: up}}
  web: {needs: db, wait: true, run: 'echo $$ >pid; touch web; trap "echo -web >>log; exit 0" TERM; while :; do sleep 0.02; done', ready: {file: web}}
END
    until_true has 'web. *ready' err
    sleep 0.2
    kill -0 "$runner" || fail 'the run has ended'
    kill -TERM "$(<pid)"
    finish
    expect_status 0
    expect_log '-web -db'
}

what_no_service_can_be_ready_at_is_refused() {
    wrong '2:28: not HOST:PORT: 8080' '3:28: not a PORT: 70000' '4:29: not http://…: https://h/ (for https, curl -fsS as a command)' <<'END'
jobs:
  a: {run: x, ready: {tcp: "8080"}}
  b: {run: x, ready: {tcp: "h:70000"}}
  c: {run: x, ready: {http: "https://h/"}}
END
}

run_case "${3-}"
