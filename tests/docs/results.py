#!/usr/bin/env python3
"""results.py ROOT: bench/results.json is JSON, without what no other language reads (NaN, Infinity); the table in bench/README.md has the same
rows, each with the same numbers."""
import json
import sys

ROOT = sys.argv[1]


def refuse(name):
    raise ValueError(f'bench/results.json has {name}, which is no JSON')


with open(f'{ROOT}/bench/results.json', encoding='utf-8') as file:
    results = json.load(file, parse_constant=refuse)
with open(f'{ROOT}/bench/README.md', encoding='utf-8') as file:
    text = file.read()
table = text.split('<!-- results -->')[1].split('<!-- end of results -->')[0]
lines = [[cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines() if line.startswith('| ')][1:]
assert len(lines) == len(results), (len(lines), len(results))
for line, row in zip(lines, results):
    assert line[:3] == [row['what'], row['subject'], row['peer']], (line, row)
    if row['ratio'] is None:
        assert line[6] == '–', line
    else:
        assert abs(float(line[6]) - row['ratio']) < 0.006, (line, row)
print(f'{len(lines)} rows')
