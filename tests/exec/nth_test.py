#!/usr/bin/env python3
"""nth_test.py NTH PROGRAM CLASS ACTION [FORM]: FORM is exec, lines or graph: a script, a job file, a graph of jobs. At each system call of a run, one after the other, ACTION happens (see nth.c), and the log
that the run's own commands write is judged: what was acquired is released once, the last one first, or a failure is shown by
`lifoguard pending` (R3, R4, R6). LIFOGUARD_NTH=all tries every call, otherwise some forty of them; LIFOGUARD_NTH=N only that one."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

JOB = """
lifoguard acquire --retry 2 --backoff 10ms --undo ./give 1 -- ./take 1 || exit 90
lifoguard defer --retry 2 --backoff 10ms ./give 2 && ./take 2
exit 7
"""
# That an attempt is killed is no failure of its cleanup. (Its command, which until it executes is one of these processes, may be.)
if sys.argv[3:] == ["helper", "kill"]:
    JOB = JOB.replace("--retry 2 --backoff 10ms ", "")
LINES = """
./take 1
defer ./give 1
./take 2
defer ./give 2
exit 7
"""
GRAPH = """
jobs:
  one: {run: ./take 1, defer: {run: ./give 1, retries: 1}}
  two: {needs: one, run: ./take 2, defer: {run: ./give 2, retries: 1}}
  three: {needs: two, run: exit 7}
"""
FORMS = {"exec": ("job", JOB, ["exec", "--state", "state", "sh", "job"], 7),
         "lines": ("job", LINES, ["run", "--state", "state", "job"], 1),
         "graph": ("job.yaml", GRAPH, ["run", "--plain", "--state", "state", "job.yaml"], 1)}
TAKE = '#!/bin/sh\necho "acquired $1" >>log\n'
GIVE = '#!/bin/sh\ngrep -qx "acquired $1" log || exit 0\necho "released $1" >>log\n'


def new_names():
    """A name space of processes and a /proc of our own: so only the processes of the test are there."""
    if os.environ.get("IN_NAMES"):
        return
    own = ["unshare", "-rpf", "--mount-proc", "--kill-child"]
    if subprocess.run([*own, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("no name space of processes can be had here: skipped")
        sys.exit(77)
    os.environ["IN_NAMES"] = "1"
    os.execvp(own[0], [*own, sys.executable, *sys.argv])


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def reap():
    """We are the first process here, so orphans are ours."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def pending():
    done = subprocess.run(["lifoguard", "pending", "--state", "state"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "".join(line for line in done.stdout.splitlines(True) if not line.startswith("lifoguard:"))


def await_end(running):
    """If both are killed, the next command on the state ends what is left of the run."""
    until = time.monotonic() + 150
    while running.poll() is None and time.monotonic() < until:
        if ACTION == "kill-both" and os.path.exists("report"):
            pending()
        time.sleep(0.005)
    return running.poll()


def verdict(status):
    """None: all is well."""
    left = pending()
    log = read("log").splitlines()
    acquired = [line.split()[1] for line in log if line.startswith("acquired")]
    released = [line.split()[1] for line in log if line.startswith("released")]
    failed = [name for name in acquired if re.search(rf"\tfailed\t.*give {name}\b", left)]
    if status in (None, 99):
        return "it hangs"
    # R8: the runner exits as the command did, whenever the guardian dies, unless the command has not begun.
    if (CLASS, ACTION) == ("guardian", "kill") and log and status != FORM[3]:
        return "another exit status"
    if "its attempt was killed" in left:
        return "given up after the first attempt"
    if len(set(released)) != len(released):
        return "released twice"
    if [name for name in reversed(acquired) if name not in failed] != released:
        return "lost, or out of order"
    if left and not failed and any(f"\t{state}\t" in left for state in ("intended", "held", "releasing")):
        return "pending for ever"
    return None


def try_at(number):
    """Returns whether that call was reached."""
    for name in ("state", "log", "report", "out"):
        shutil.rmtree(name, ignore_errors=True)
        if os.path.exists(name):
            os.unlink(name)
    with open("out", "w") as out:
        running = subprocess.Popen([NTH, CLASS, str(number), ACTION, "report", "lifoguard", *FORM[2]],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        status = await_end(running)
    if status == 77:
        print("no filter can be had here: skipped")
        sys.exit(77)
    wrong = verdict(status)
    reap()
    if wrong:
        print(f"{CLASS} {ACTION} at call {number}: {wrong}; exit status {status}, {read('report').strip()}")
        print("log:", read("log").replace("\n", "; "))
        print("out:", read("out"))
        print("pending:", pending())
        FAILED.append(number)
    return "not reached" not in read("report")


def how_many():
    try_at(1 << 40)
    return int(read("report").split()[-1])


def which():
    wanted = os.environ.get("LIFOGUARD_NTH", "")
    if wanted.isdigit():
        return [int(wanted)]
    count = how_many()
    step = 1 if wanted == "all" else max(1, count // int(os.environ.get("LIFOGUARD_NTH_CALLS", "40")))
    return range(1, count + 1, step)


def main():
    write(*FORM[:2])
    write("take", TAKE)
    write("give", GIVE)
    os.mkdir("bin")
    os.symlink(PROGRAM, "bin/lifoguard")
    os.environ["PATH"] = os.getcwd() + "/bin:" + os.environ["PATH"]
    # A leak sanitizer looks for leaks in a child process, and spins for ever when that is killed.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    for name in ("LIFOGUARD_RUN", "LIFOGUARD_STATE", "KEEP"):
        os.environ.pop(name, None)
    numbers = which()
    for number in numbers:
        try_at(number)
    print(f"{len(numbers)} calls tried, {len(FAILED)} failed {FAILED}")
    sys.exit(1 if FAILED else 0)


NTH, PROGRAM = (os.path.realpath(path) for path in sys.argv[1:3])
CLASS, ACTION = sys.argv[3:5]
FORM = FORMS[sys.argv[5] if len(sys.argv) > 5 else "exec"]
FAILED = []
new_names()
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    main()
