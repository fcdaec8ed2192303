#!/usr/bin/env python3
"""soak.py PICTURE PROGRAM...: runs the program, looks each second at its resident memory and at how many
descriptors it has, and draws both. Fails if the program fails, or if either still grows at the end: if all of the last
third is above the most of the second one by more than a tenth."""

import os
import subprocess
import sys
import time

WIDTH, HEIGHT, MARGIN = 900, 260, 60


def look(pid):
    """Returns the memory in MB and the number of descriptors, or None once the process has ended."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20, len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, IndexError):
        return None


def watch(command):
    """Returns the exit status and a list of (seconds, megabytes, descriptors)."""
    begun, samples = time.monotonic(), []
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            seen = look(process.pid)
            if seen:
                samples.append((time.monotonic() - begun, *seen))
            time.sleep(1)
    return process.returncode, samples


def plot(samples, column, unit, top):
    """One curve over time, with its axes, as lines of SVG."""
    last, most = samples[-1][0] or 1, max(sample[column] for sample in samples) or 1
    points = " ".join(
        f"{MARGIN + seconds / last * WIDTH:.1f},{top + HEIGHT - sample[column - 1] / most * HEIGHT:.1f}"
        for seconds, *sample in samples
    )
    bottom = top + HEIGHT
    return [
        f'<path d="M{MARGIN} {top}V{bottom}H{MARGIN + WIDTH}" fill="none" stroke="#888"/>',
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>',
        f'<text x="{MARGIN + 6}" y="{top + 14}">{unit}, at most {most:.0f}</text>',
        f'<text x="{MARGIN + WIDTH}" y="{bottom + 16}" text-anchor="end">{last:.0f} s</text>',
    ]


def draw(path, samples):
    height = 2 * (HEIGHT + MARGIN) + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2 * MARGIN}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        *plot(samples, 1, "MB resident", MARGIN),
        *plot(samples, 2, "descriptors", HEIGHT + 2 * MARGIN),
        "</svg>",
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def grows(values):
    third = len(values) // 3
    if third < 5:
        return False
    return min(values[-third:]) > max(values[third : 2 * third]) * 1.1


def main():
    picture, command = sys.argv[1], sys.argv[2:]
    status, samples = watch(command)
    if not samples:
        sys.exit(f"soak: nothing was seen of {command[0]}")
    draw(picture, samples)
    failed = status != 0
    for column, unit in ((1, "MB resident"), (2, "descriptors")):
        values = [sample[column] for sample in samples]
        verdict = "grows" if grows(values) else "flat"
        failed |= verdict == "grows"
        print(f"{unit}: {values[len(values) // 3]:.0f} after a third, {max(values):.0f} at most, "
              f"{values[-1]:.0f} at the end: {verdict}")
    print(f"{picture}: {samples[-1][0]:.0f} s")
    return 1 if failed else 0


sys.exit(main())
