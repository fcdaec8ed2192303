#!/usr/bin/env python3
"""coverage.py BUILD-FOLDER REPORT EXPLAINED OPEN: which lines of the library and the program no test reaches.
coverage.py --open BUILD-FOLDER EXPLAINED: prints a new OPEN.
coverage.py --check EXPLAINED: whether all that EXPLAINED names is there.

Adds up what gcov says of all object files of src/, include/ and tools/, but for the tests; writes each line not reached to
the report, and a line a folder to standard output. EXPLAINED holds why lines are not reached, each as one of

    FILE: TEXT: REASON              the lines of FILE that contain TEXT
    FILE: `TEXT`: REASON            the same, for a TEXT that contains a colon
    FILE: function NAME: REASON     all lines of that function
    FILE: in NAME: TEXT: REASON     the lines of that function that contain TEXT

The report ends with how many lines each of them explains. Those whose lines were all reached are named there, too: what two
threads do at once is reached in some runs only. What names no line at all is an error.

OPEN holds the lines that are neither reached nor explained yet, each as FILE: FUNCTION: TEXT. A line that no test reaches
and that stands in neither file is an error: it is printed, and the exit status is 1. OPEN only becomes shorter."""

import collections
import json
import pathlib
import re
import subprocess
import sys
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
WANTED = re.compile(r"^(src|include|tools)/")
TESTS = re.compile(r"(^src/testing/.*|_test\.(c|h)|test[a-z_]*\.(c|h)|[a-z_]*testing\.(c|h)|failing_[a-z]+\.h)$")
ENTRY = re.compile(r"(?P<file>[^:]+): "
                   r"(?:function (?P<function>\w+)|(?:in (?P<inside>\w+): )?(?:`(?P<quoted>[^`]+)`|(?P<plain>.+?))): (?P<reason>.+)")


class Explained:
    def __init__(self, match):
        self.file, self.reason = match["file"], match["reason"]
        self.function = match["function"] or match["inside"]
        self.text = match["quoted"] or match["plain"] or ""
        self.lines = 0

    def name(self):
        function = ("in " if self.text else "function ") + self.function if self.function else ""
        return ": ".join(part for part in (self.file, function, self.text) if part)

    def explains(self, file, function, text):
        return file == self.file and self.function in (None, function) and self.text in text

    def is_there(self):
        path = ROOT / self.file
        if not path.exists():
            return False
        source = path.read_text(encoding="utf-8")
        return self.text in source and (not self.function or re.search(rf"\b{self.function}\(", source) is not None)


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


def add_up(build):
    """File -> line number -> (times, function)."""
    reached = collections.defaultdict(dict)
    for record in records(build):
        for entry in record["files"]:
            path = (build / entry["file"]).resolve()
            if not path.is_relative_to(ROOT):
                continue
            name = str(path.relative_to(ROOT))
            if not WANTED.match(name) or TESTS.search(name):
                continue
            for line in entry["lines"]:
                number = line["line_number"]
                before = reached[name].get(number, (0, None))[0]
                reached[name][number] = (before + line["count"], line.get("function_name"))
    return reached


def read_explained(path):
    explained = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            match = ENTRY.fullmatch(line)
            if not match:
                sys.exit(f"{path}:{number}: not FILE: TEXT: REASON")
            explained.append(Explained(match))
    return explained


def check(explained):
    missing = [entry.name() for entry in explained if not entry.is_there()]
    for name in missing:
        print(f"coverage: explains a line that is not there: {name}")
    return not missing


class Line(typing.NamedTuple):
    file: str
    number: int
    function: str
    text: str
    times: int
    explained: typing.Optional[Explained]

    def where(self):
        return f"{self.file}:{self.number}: {self.text}"

    def as_open(self):
        """As in OPEN."""
        return f"{self.file}: {self.function}: {self.text}"


def measured_lines(build, explained):
    for name, lines in sorted(add_up(build).items()):
        source = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for number, (times, function) in sorted(lines.items()):
            text = source[number - 1].strip() if number <= len(source) else ""
            entry = None if times else next((e for e in explained if e.explains(name, function, text)), None)
            yield Line(name, number, function, text, times, entry)


def read_open(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return collections.Counter(line for line in lines if line.strip() and not line.startswith("#"))


def measure(build, report, explained, still_open):
    """Writes the report. Folder -> lines, reached, explained, open; and the lines that are none of these."""
    totals = collections.defaultdict(lambda: [0, 0, 0, 0])
    new = []
    with report.open("w", encoding="utf-8") as out:
        for line in measured_lines(build, explained):
            total = totals[str(pathlib.Path(line.file).parent)]
            total[0] += 1
            total[1] += line.times > 0
            if line.explained:
                line.explained.lines += 1
                total[2] += 1
            elif not line.times:
                out.write(f"{line.where()}\n")
                if still_open[line.as_open()] > 0:
                    still_open[line.as_open()] -= 1
                    total[3] += 1
                else:
                    new.append(line)
        for entry in explained:
            out.write(f"explained {entry.lines:3}{'' if entry.lines else ' (reached)'} {entry.name()}\n")
        for text in still_open.elements():
            out.write(f"open, but reached or gone: {text}\n")
    return totals, new


def summary(folder, total):
    return (f"{folder:24} {total[0]:6} lines, {total[1] / total[0]:7.2%} reached, "
            f"{total[2]:3} explained, {total[3]:4} open, {total[0] - sum(total[1:]):4} new")


def main():
    if sys.argv[1] == "--check":
        sys.exit(not check(read_explained(pathlib.Path(sys.argv[2]))))
    if sys.argv[1] == "--open":
        build, path = (pathlib.Path(argument).resolve() for argument in sys.argv[2:4])
        for line in measured_lines(build, read_explained(path)):
            if not line.times and not line.explained:
                print(line.as_open())
        return
    build, report, path, open_path = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    explained = read_explained(path)
    totals, new = measure(build, report, explained, read_open(open_path))
    sums = [0, 0, 0, 0]
    for folder, total in sorted(totals.items()):
        sums = [a + b for a, b in zip(sums, total)]
        print(summary(folder, total))
    if not sums[0]:
        sys.exit("coverage: nothing was measured")
    print(f"{summary('all', sums)}: {report}")
    for line in new:
        print(f"coverage: no test reaches this line, and nothing explains it: {line.where()}")
    sys.exit(bool(new) or not check(explained))


main()
