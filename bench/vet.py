#!/usr/bin/env python3
"""vet.py LIFOGUARD-VET BUILD [PART]: what `lifoguard vet` costs on a whole project, beside compilers and analyzers.

BUILD has the project's compile_commands.json; PART leaves out the files whose path does not contain it. All run on the
same files with the project's own flags, one after the other, so that the processor time can be compared:

    clang -fsyntax-only      the aim is 1.5 times its processor time at most
    gcc -fanalyzer           the aim is to be faster
    clang --analyze          the aim is to be faster
    a second run             with nothing changed: less than 0.2 s

The last lines name the slowest file and the greatest memory. Exit status 1: an aim is missed.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time


def run(command, folder, environment=None):
    """Processor time, elapsed time and greatest memory (MB) of a command."""
    started = time.monotonic()
    child = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024


def flags(entry):
    """The flags of an entry that say what the source means: folders, macros, the language."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    kept, words = [], iter(words[1:])
    for word in words:
        if word in ("-I", "-isystem", "-iquote", "-include", "-D", "-U"):
            kept += [word, next(words)]
        elif word.startswith(("-I", "-isystem", "-iquote", "-D", "-U", "-std=")):
            kept.append(word)
    return kept


def entries(build, part):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        known = {}
        for entry in json.load(file):
            path = os.path.join(entry["directory"], entry["file"])
            if path.endswith(".c") and part in path:
                known[os.path.realpath(path)] = entry
    return known


def all_files(compiler, known):
    total, slowest = 0, (0, "")
    for path, entry in known.items():
        spent, _, _ = run(compiler + flags(entry) + [path], entry["directory"])
        total += spent
        slowest = max(slowest, (spent, path))
    return total, slowest


def main():
    vet, build = os.path.realpath(sys.argv[1]), sys.argv[2]
    known = entries(build, sys.argv[3] if len(sys.argv) > 3 else "")
    lines = sum(open(path, "rb").read().count(b"\n") for path in known)
    print(f"{len(known)} files, {lines} lines")
    missed = False
    with tempfile.TemporaryDirectory() as cache:
        environment = dict(os.environ, XDG_CACHE_HOME=cache)
        command = [vet, "-q", "-j", "1", *known]
        cost, elapsed, memory = run(command, ".", environment)
        print(f"lifoguard vet            {cost:8.2f} s {elapsed:8.2f} s elapsed")
        again, elapsed, _ = run(command, ".", environment)
        print(f"  nothing changed        {again:8.2f} s {elapsed:8.2f} s elapsed")
        missed |= again >= 0.2
    gcc, clang = os.environ.get("GCC", "gcc"), os.environ.get("CLANG", "clang-22")
    for name, compiler, most in (
        ("clang -fsyntax-only", [clang, "-w", "-fsyntax-only"], 1.5),
        ("gcc -fanalyzer", [gcc, "-w", "-O0", "-fanalyzer", "-c", "-o", os.devnull], 1),
        ("clang --analyze", [clang, "-w", "--analyze", "-o", os.devnull], 1),
    ):
        other, _ = all_files(compiler, known)
        print(f"{name:24} {other:8.2f} s, lifoguard vet takes {cost / other:.2f} of it")
        missed |= cost > most * other
    slowest = max((run([vet, "-q", "--no-cache", "-j", "1", path], ".")[0], path) for path in known)
    print(f"slowest file             {slowest[0]:8.2f} s {os.path.relpath(slowest[1], build)}")
    print(f"greatest memory          {memory:8.0f} MB")
    missed |= slowest[0] > 10 or memory > 1024
    sys.exit(missed)


main()
