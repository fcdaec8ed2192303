#!/usr/bin/env python3
"""summary.py BUILD-ERRORS LOG...: adds up Meson's test logs, and says so in one line.

A Check program counts for as many tests as it holds, any other for one. What a failed test has printed stands before
that line: of a run whose output was kept only in part, the end is what is left."""

import json
import re
import sys

CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.MULTILINE)


CHECK_FAILED = re.compile(r"^\S+:\d+:[FE]:")
SHOWN = 30


def show_why(test):
    """Prints the assertions that failed; where there is none, the end of all that the test printed."""
    lines = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()
    failed = [number for number, line in enumerate(lines) if CHECK_FAILED.match(line)]
    start = failed[0] if failed else max(0, len(lines) - SHOWN)
    for line in lines[start : start + SHOWN]:
        print(f"    {line}")
    if not lines:
        print(f"    nothing printed; status {test.get('returncode')}, {test.get('duration', 0):.0f} s")


def count(test):
    """Returns how many passed, failed and were skipped."""
    result = test["result"]
    if result == "SKIP":
        return 0, 0, 1
    good = result in ("OK", "EXPECTEDFAIL")
    totals = [tuple(map(int, total)) for total in CHECKS.findall(test.get("stdout") or "")]
    if not totals:
        return int(good), int(not good), 0
    failed = sum(failures + errors for _, failures, errors in totals)
    passed = sum(checks for checks, _, _ in totals) - failed
    if not good and failed == 0:  # killed at its end, or a leak was found
        failed = 1
    return passed, failed, 0


def main():
    passed, failed, skipped = 0, int(sys.argv[1]), 0
    for log in sys.argv[2:]:
        try:
            with open(log, encoding="utf-8") as lines:
                tests = [json.loads(line) for line in lines]
        except OSError:
            tests = []
        if not tests:
            print(f"no test was run: {log}")
            failed += 1
        for test in tests:
            good, bad, left_out = count(test)
            if bad:
                print(f"{test['result']}: {test['name']} ({log})")
                show_why(test)
            if left_out:
                print(f"skipped: {test['name']} ({log})")
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


sys.exit(main())
