#!/usr/bin/env python3
"""measure.py LIFOGUARD-VET FOLDER [ID…]: how many labelled fixes the checker finds.

FOLDER/fixes.tsv has a row for each commit that repaired a mistake, with the columns id, kind, file and function. The folders
FOLDER/ID/before and FOLDER/ID/after hold the file before and after that commit, each with the headers that it includes;
extract.py makes them from clones. Each file is checked by itself.

A fix is found if a finding of its function is there before the commit and gone after it. It is silent if its function has no
finding at all after the commit."""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import resource
import subprocess
import sys

LIMIT = 120  # seconds of processor time that one file may take


def rows_of(folder, wanted):
    with open(os.path.join(folder, "fixes.tsv"), encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    unknown = set(wanted) - {row["id"] for row in rows}
    if unknown:
        sys.exit(f"measure.py: fixes.tsv has no row {', '.join(sorted(unknown))}; give names from its column id")
    return [row for row in rows if not wanted or row["id"] in wanted]


def limited():
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))


def findings(vet, folder, row):
    """The findings in the repaired function, or why there are none to be had."""
    if not os.path.exists(os.path.join(folder, row["file"])):
        return None, f"there is no {os.path.join(folder, row['file'])}; make it with extract.py"
    command = [vet, "--no-cache", "-q", "-j", "1", "--format", "json", row["file"]]
    run = subprocess.run(command, cwd=folder, capture_output=True, preexec_fn=limited)
    if run.returncode not in (0, 1):
        return None, f"exit status {run.returncode} of {' '.join(command)} in {folder}"
    here = [f for f in json.loads(run.stdout) if f["function"] == row["function"]]
    return [f for f in here if not f.get("suppressed")], None


def judged(vet, folder, row):
    """What is there before and after: found, silent, and the findings or the failure to show."""
    before, failure = findings(vet, os.path.join(folder, row["id"], "before"), row)
    if failure:
        return row, False, False, [failure]
    after, failure = findings(vet, os.path.join(folder, row["id"], "after"), row)
    if failure:
        return row, False, False, [failure]
    kinds = [collections.Counter((f["check"], f["message"]) for f in side) for side in (before, after)]
    return row, bool(kinds[0] - kinds[1]), not after, [
        f"{row['file']}:{f['line']}: {f['message']} [{f['check']}]" for f in after]


def table_of(results):
    """The lines of the table: each kind with its commits, found and silent."""
    kinds = collections.OrderedDict()
    for row, found, silent, _ in results:
        counts = kinds.setdefault(row["kind"], [0, 0, 0])
        for index, add in enumerate((True, found, silent)):
            counts[index] += add
    kinds["all"] = [sum(column) for column in zip(*kinds.values())]
    yield f"{'kind':28} {'fixes':>6} {'found':>6} {'silent':>6}"
    for kind, counts in kinds.items():
        yield f"{kind:28} {counts[0]:6} {counts[1]:6} {counts[2]:6}"
    total, found, silent = kinds["all"]
    yield f"found {100 * found / total:.1f} %, silent after {100 * silent / total:.1f} %"


def main():
    parser = argparse.ArgumentParser(usage="measure.py [-j N] LIFOGUARD-VET FOLDER [ID…]")
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="how many files at once")
    parser.add_argument("vet")
    parser.add_argument("folder")
    parser.add_argument("id", nargs="*")
    arguments = parser.parse_args()
    vet = os.path.realpath(arguments.vet)
    rows = rows_of(arguments.folder, arguments.id)
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        results = list(pool.map(lambda row: judged(vet, arguments.folder, row), rows))
    for row, found, silent, lines in results:
        if not found:
            print(f"{row['id']} missed: {row['kind']}, {row['function']} in {row['file']}")
        if not silent:
            print(f"{row['id']} not silent: {row['kind']}, {row['function']}")
            print("".join(f"    {line}\n" for line in lines), end="")
    for line in table_of(results):
        print(line)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.1f} s of processor time")


main()
