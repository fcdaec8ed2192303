#!/usr/bin/env python3
"""coverage.py BUILD-FOLDER REPORT [EXPLAINED]: which lines of the library and the program no test reaches.

Adds up what gcov says of all object files of src/, include/ and tools/, but for the tests; writes each line not reached to
the report, and a line a folder to standard output. EXPLAINED holds lines `FILE: TEXT: REASON`: a line of FILE that
contains TEXT cannot be reached, for that reason."""

import collections
import json
import pathlib
import re
import subprocess
import sys

WANTED = re.compile(r"^(src|include|tools)/")
TESTS = re.compile(r"(_test\.(c|h)|test[a-z_]*\.(c|h)|[a-z_]*testing\.(c|h)|failing_[a-z]+\.h)$")


def records(build):
    """What gcov says of each object file that was compiled for coverage."""
    for notes in sorted(build.rglob("*.gcno")):
        if not notes.with_suffix(".gcda").exists():
            continue
        result = subprocess.run(
            ["gcov", "--json-format", "--stdout", str(notes.relative_to(build))],
            cwd=build, capture_output=True, text=True, check=False)
        for line in result.stdout.splitlines():
            yield json.loads(line)


def add_up(build, root):
    reached = collections.defaultdict(dict)  # file -> line number -> times
    for record in records(build):
        for entry in record["files"]:
            path = (build / entry["file"]).resolve()
            if not path.is_relative_to(root):
                continue
            name = str(path.relative_to(root))
            if not WANTED.match(name) or TESTS.search(name):
                continue
            for line in entry["lines"]:
                number = line["line_number"]
                reached[name][number] = reached[name].get(number, 0) + line["count"]
    return reached


def read_explained(path):
    explained = []
    for line in path.read_text(encoding="utf-8").splitlines() if path else []:
        if line.strip() and not line.startswith("#"):
            name, text, reason = (part.strip() for part in line.split(": ", 2))
            explained.append((name, text, reason))
    return explained


def reason_for(explained, name, text):
    for file, part, reason in explained:
        if file == name and part in text:
            return reason
    return None


def main():
    build, report = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    root = pathlib.Path(__file__).resolve().parent.parent
    explained = read_explained(pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    totals = collections.defaultdict(lambda: [0, 0, 0])  # folder -> lines, reached, explained
    with report.open("w", encoding="utf-8") as out:
        for name, lines in sorted(add_up(build, root).items()):
            source = (root / name).read_text(encoding="utf-8").splitlines()
            total = totals[str(pathlib.Path(name).parent)]
            for number, times in sorted(lines.items()):
                text = source[number - 1].strip() if number <= len(source) else ""
                reason = None if times else reason_for(explained, name, text)
                total[0] += 1
                total[1] += times > 0
                total[2] += reason is not None
                if not times and not reason:
                    out.write(f"{name}:{number}: {text}\n")
    sums = [0, 0, 0]
    for folder, total in sorted(totals.items()):
        sums = [a + b for a, b in zip(sums, total)]
        print(f"{folder:24} {total[0]:6} lines, {total[1] / total[0]:7.2%} reached, "
              f"{total[2]:3} explained, {total[0] - total[1] - total[2]:4} neither")
    if not sums[0]:
        sys.exit("coverage: nothing was measured")
    print(f"{'all':24} {sums[0]:6} lines, {sums[1] / sums[0]:7.2%} reached, "
          f"{sums[2]:3} explained, {sums[0] - sums[1] - sums[2]:4} neither: {report}")


main()
