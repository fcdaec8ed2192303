#!/usr/bin/env python3
"""kills_test.py PROGRAM [COUNT [SEED]]: kills one or two random processes of a run at random moments, COUNT times (LIFOGUARD_KILLS, or 15),
and judges by the log that the run's own commands write: what was acquired is released once, the last one first (R3, R4). The runs are
scripts, scripts with scopes side by side (without an order of all), job files and graphs in turn. Only what the promise is about is killed: the runner, the guardian, the engine, attempts, clients
and scripts, not the command that acquires or releases, since nobody else can tell how far that came.

The seed is told, and COUNT rounds with the same seed choose alike; the moments are the machine's own.

LeakSanitizer is off: it looks for leaks with a helper process that has the program's name, and waits for ever for one that is killed."""

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.realpath(sys.argv[1])
COUNT = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("LIFOGUARD_KILLS", "15"))
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
PATIENCE = 120
PR_SET_CHILD_SUBREAPER = 36

NUMBERS = range(1, 6)
SCRIPT = "".join(f"lifoguard acquire --retry 3 --backoff 1ms --undo ./give {n} -- ./take {n}\n" for n in NUMBERS)
SCOPES = """eval "$(lifoguard shell-init sh)"
get() { acquire --retry 3 --backoff 1ms --undo ./give "$1" -- ./take "$1"; }
inner() { get "$1"; }
work() { get "$1"; scope inner "${1}1"; get "${1}2"; }
for n in 1 2 3; do scope work $n & done
wait
"""
LINES = "".join(f"./take {n}\ndefer ./give {n}\n" for n in NUMBERS)
GRAPH = "jobs:\n" + "".join(f"  j{n}: {{{f'needs: j{n - 1}, ' if n > 1 else ''}run: ./take {n}, "
                            f"defer: {{run: ./give {n}, retries: 3}}}}\n" for n in NUMBERS)
FORMS = (("script", ["exec", "--state", "state", "sh", "job.sh"]),
         ("scopes", ["exec", "--state", "state", "sh", "scopes.sh"]),
         ("lines", ["run", "--state", "state", "job"]),
         ("graph", ["run", "--plain", "--state", "state", "job.yaml"]))
TAKE = '#!/bin/sh\necho "acquired $1" >>log\n'
GIVE = """#!/bin/sh
while read -r what number; do
    [ "$what $number" != "acquired $1" ] || { echo "released $1" >>log; exit; }
done <log
"""


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


class Process:
    def __init__(self, pid):
        stat = read(f"/proc/{pid}/stat")
        name, _, rest = stat.rpartition(")")
        self.pid, self.name = pid, name.partition("(")[2]
        self.state, self.parent = rest.split()[0], int(rest.split()[1])
        self.words = read(f"/proc/{pid}/cmdline").split("\0")


def processes():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                yield Process(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                pass


def below():
    """All of the run, also what has lost its parent: we are their subreaper."""
    everyone = {process.pid: process for process in processes()}
    found = []
    for process in everyone.values():
        at = process
        while at and at.pid != os.getpid():
            at = everyone.get(at.parent)
        if at and process.pid != os.getpid() and process.state != "Z":
            process.parent_name = everyone[process.parent].name if process.parent in everyone else ""
            found.append(process)
    return found


def may_be_killed(process):
    # The command of a cleanup has the name of its attempt until it executes.
    releases = process.name == process.parent_name == "lifoguard-try"
    return process.name.startswith("lifoguard") and not releases or process.words[:2] in (["sh", "job.sh"], ["sh", "scopes.sh"])


def kill(victims):
    for victim in victims:
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_some(most):
    victims = [process for process in below() if may_be_killed(process)]
    victims = RANDOM.sample(victims, min(len(victims), RANDOM.randint(1, most)))
    kill(victims)
    return victims


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def pending():
    done = subprocess.run(["lifoguard", "pending", "--state", "state"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    return "".join(line for line in done.stdout.splitlines(True) if not line.startswith("lifoguard:"))


def wait_for(run):
    try:
        run.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return f"not ended after {PATIENCE} s: processes {[(p.pid, p.name, p.state, p.words[1:4]) for p in below()]}"


def settle():
    """Until nothing of the run is left; the next command on the state sees to what nobody else does."""
    until = time.monotonic() + PATIENCE
    left = "?"
    while time.monotonic() < until:
        reap()
        left = pending()
        if not below() and not left:
            return None
        time.sleep(0.01)
    return f"after {PATIENCE} s: pending {left!r}, processes {[(p.pid, p.name) for p in below()]}"


def judge(form):
    log = read("log").split("\n")[:-1]
    acquired = [line.split()[1] for line in log if line.startswith("acquired")]
    released = [line.split()[1] for line in log if line.startswith("released")]
    if form == "scopes":
        acquired.sort(reverse=True)
        released.sort(reverse=True)
    # In the reverse order of registration: what a killed client was acquiring may get done after the next one.
    return None if sorted(acquired, reverse=True) == released else f"acquired {acquired}, released {released}"


def one_round(number, lengths):
    name, arguments = FORMS[number % len(FORMS)]
    write("log", "")
    with open("out", "w") as out:
        began = time.monotonic()
        run = subprocess.Popen(["lifoguard", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        time.sleep(RANDOM.random() * lengths[name] * 1.1)
        victims = kill_some(2)
        if len(victims) == 1 and RANDOM.random() < 0.3:
            time.sleep(RANDOM.random() * lengths[name] / 2)
            victims += kill_some(1)
        wrong = wait_for(run)
        if not victims:
            lengths[name] = 0.7 * lengths[name] + 0.3 * (time.monotonic() - began)
    wrong = wrong or settle() or judge(name)
    if wrong:
        print(f"round {number} ({name}), killed {[(v.pid, v.name, v.words[1:4]) for v in victims]} of {run.pid}: {wrong}")
        print("log:", read("log").replace("\n", "; "))
        print("out:", read("out"))
        kill(below())
        sys.exit(1)
    return len(victims)


def main():
    for path, text in (("job.sh", SCRIPT), ("scopes.sh", SCOPES), ("job", LINES), ("job.yaml", GRAPH), ("take", TAKE), ("give", GIVE)):
        write(path, text)
    os.mkdir("bin")
    os.symlink(PROGRAM, "bin/lifoguard")
    os.environ["PATH"] = os.getcwd() + "/bin:" + os.environ["PATH"]
    for name in ("LIFOGUARD_RUN", "LIFOGUARD_STATE", "KEEP", "MAKEFLAGS"):
        os.environ.pop(name, None)
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    global FORMS
    if subprocess.run(["lifoguard", "run", "--check", "job.yaml"]).returncode != 0: # built without YAML
        FORMS = FORMS[:3]
    lengths = {name: 0.1 for name, _ in FORMS}
    kills = sum(one_round(number, lengths) for number in range(COUNT))
    print(f"seed {SEED}: {COUNT} runs, {kills} processes killed")
    if not kills: # no /proc, say
        sys.exit("no process was found that could be killed")


RANDOM = random.Random(SEED)
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
print(f"seed {SEED}", flush=True)
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    main()
