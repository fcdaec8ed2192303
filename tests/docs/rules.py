#!/usr/bin/env python3
"""rules.py ROOT: each rule of docs/rules.md and docs/exec.md has a test whose name contains the rule's number, and each number in
the name of a test is the number of a rule, in either case. (Files that must not compile are the tests of D14.)"""

import os
import re
import sys

SHOWN = 5  # so many names in a message


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def rules_of(root):
    return {rule for page in ('rules.md', 'exec.md') for rule in re.findall(r'\*\*([A-Z]\d+)\b', read(os.path.join(root, 'docs', page)))}


def is_test(path):
    return path.endswith(('.c', '.cpp', '.sh', '.py', 'meson.build')) and ('_test' in path or '/tests/' in path)


def test_names(root):
    for folder in ('src', 'tests', 'tools'):
        for path, _, files in os.walk(os.path.join(root, folder)):
            for file in sorted(files):
                full = os.path.join(path, file)
                if is_test(full) and not full.endswith('tests/docs/rules.py'):
                    text = read(full)
                    yield from re.findall(r'\bSTART_\w*TEST\((\w+)', text) if file.endswith('.c') else re.findall(r'\b[A-Z]\d\w+', text)


def main(root):
    rules, tested, unknown = rules_of(root), {'D14'}, set()
    for name in test_names(root):
        numbers = set(re.findall(r'[A-Z]\d+(?=_)', re.match(r'(?:[A-Z]\d\d?_)*', name.upper())[0]))
        tested |= numbers
        if numbers - rules:
            unknown.add(name)
    untested = sorted(rules - tested)
    for rule in untested:
        print(f'FAIL: rule {rule} has no test: write one whose name begins with {rule}_')
    for name in sorted(unknown)[:SHOWN]:
        print(f'FAIL: {name} tests a rule that docs/rules.md does not have: write the rule, or name the test otherwise')
    print(f'{len(rules)} rules, {len(untested)} without a test; {len(unknown)} tests of no rule')
    return untested or unknown or len(rules) < 80


if __name__ == '__main__':
    sys.exit(1 if main(os.path.abspath(sys.argv[1])) else 0)
