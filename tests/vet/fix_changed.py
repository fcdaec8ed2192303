#!/usr/bin/env python3
"""fix_changed.py LIFOGUARD-VET: --fix leaves a file alone that somebody has changed since it was checked.

After a file is mended the program says so on stderr. Here stderr is a pipe that is full already, so the program waits between
the first file and the second, and the second can be changed in that moment."""
import os
import subprocess
import sys
import tempfile
import time

LIMIT = 100  # seconds until the test gives up


def read_file(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_file(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def full_pipe():
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while os.write(write_end, b"." * 4096):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(write_end, True)
    return read_end, write_end


def main():
    vet = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        first, second = (os.path.join(folder, name) for name in ("a.c", "b.c"))
        wrong = read_file(os.path.join(os.path.dirname(os.path.realpath(__file__)), "fix", "plain-return.c"))
        for path in (first, second):
            write_file(path, wrong)
        read_end, write_end = full_pipe()
        run = subprocess.Popen([vet, "-q", "-j", "1", "--fix", first, second], stderr=write_end, stdout=subprocess.DEVNULL)
        os.close(write_end)
        deadline = time.monotonic() + LIMIT
        while read_file(first) == wrong:
            if time.monotonic() > deadline or run.poll() is not None:
                run.kill()
                sys.exit("fix_changed.py: waited for a.c to be mended, in vain")
            time.sleep(0.01)
        changed = "/* written by somebody else */\n" + wrong
        write_file(second, changed)
        with os.fdopen(read_end, "rb") as pipe:
            said = pipe.read().decode(errors="replace").lstrip(".")
        run.wait(LIMIT)
        if read_file(second) != changed:
            sys.exit(f"fix_changed.py: b.c was changed although somebody else had written it:\n{read_file(second)}")
        if "b.c: not changed: it has changed since it was checked" not in said:
            sys.exit(f"fix_changed.py: nothing says why b.c was not mended:\n{said}")
        if sorted(os.listdir(folder)) != ["a.c", "b.c"]:
            sys.exit(f"fix_changed.py: files are left behind: {os.listdir(folder)}")


main()
