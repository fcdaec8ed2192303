"""Compares output with the output that a page states."""

import re

# What differs from run to run. (Not only the numbers: a time takes more or fewer letters.)
VARYING = [
    (re.compile(r'0x[0-9a-f]+'), '0x0'),
    (re.compile(r'(?<![\w.])(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|us|ms|s)(?![\w])'), '0s'),
]


def plain(line):
    for pattern, text in VARYING:
        line = pattern.sub(text, line)
    return line.rstrip()


def line_matches(want, got):
    pattern = '.*'.join(re.escape(part) for part in plain(want).split('…'))
    return re.fullmatch(pattern, plain(got)) is not None


def difference(want, got):
    """None if the lines `got` are the lines `want`; else what differs. In `want` a line of … stands for any lines, and …
    in a line for any text."""
    reachable = {0}
    farthest = 0
    for line in want:
        following = set()
        if line.strip() == '…':
            if reachable:
                following = set(range(min(reachable), len(got) + 1))
        else:
            following = {n + 1 for n in reachable if n < len(got) and line_matches(line, got[n])}
        if not following:
            at = max(reachable)
            return f'should be: {line}\n      is: {got[at] if at < len(got) else "(the end)"}'
        reachable = following
        farthest = max(reachable)
    if len(got) in reachable:
        return None
    return f'one line too many: {got[farthest]}'
