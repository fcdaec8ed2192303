#!/usr/bin/env python3
"""calls.py ROOT: docs/calls.md has a row for every call of the headers, in their order, and no other. What the declarations show
has to agree: a call with an lg_until, or with a name in _until, waits; one that returns an lg_error * which must be used, or takes
an lg_error **result, can fail; one whose comment speaks of a panic of its own panics."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'packaging', 'man'))
import headers  # noqa: E402 (the path comes first)

# Makers, getters and cases: they take or make an lg_until, and do not wait.
NO_WAIT = {'lg_case_until', 'lg_until_within'}
NOT_CALLS = {'lg_chan', 'lg_auto_context'}


def is_call(names, shown):
    return names[0].startswith('lg_') and names[0] not in NOT_CALLS and not re.match(r'typedef|extern', shown)


def rows(text):
    found = {}
    for line in text.split('\n'):
        match = re.match(r'\| `(lg_\w+)` \| (.*) \|$', line)
        if match:
            found[match.group(1)] = [cell.strip() for cell in match.group(2).split('|')]
    return found


def demands(header, entry, name):
    """(column, what is asked) that the declaration and the comment of a call ask for."""
    declaration = re.search(rf'(?:LG_API|static inline) ([^;{{}}#]*?)\b{name}\(([^;{{]*?)\)([^;{{]*)', header.text)
    result, arguments, after = declaration.groups() if declaration else ('', '', '')
    if name not in NO_WAIT and (name.endswith('_until') or re.search(r'\blg_until until\b', arguments)):
        yield 0, 'waits'
    if (re.match(r'lg_error \*$', result.strip()) and 'unused_result' in after and not re.match(r'lg_(error|panic|context_cause)_', name)
            or 'lg_error **result' in arguments and not name.startswith('lg_error_')):
        yield 1, 'can fail'
    comment = ' '.join(entry.comment)
    if len(entry.names) == 1 and re.search(r'(?:^|[.;:] )(?:Panics|Out of memory: panics)\b', comment):
        yield 2, 'panics'


def main(root):
    with open(os.path.join(root, 'docs', 'calls.md'), encoding='utf-8') as file:
        table = rows(file.read())
    failed, calls = 0, []
    for header in headers.all_headers(os.path.join(root, 'include', 'lifoguard')):
        for entry in header.entries:
            for names, shown in entry.declarations:
                if not is_call(names, shown) or names[0] in calls:
                    continue
                calls.append(names[0])
                for column, what in demands(header, entry, names[0]) if names[0] in table else ():
                    if table[names[0]][column] == '–':
                        print(f'FAIL: {names[0]} {what}; docs/calls.md has a dash')
                        failed += 1
    for name in sorted(set(calls) ^ set(table)):
        print(f'FAIL: {name} is {"not in docs/calls.md" if name in calls else "in docs/calls.md, and no call of the headers"}')
        failed += 1
    if not failed and calls != list(table):
        print('FAIL: the rows of docs/calls.md are not in the order of the headers')
        failed += 1
    print(f'{len(calls)} calls')
    return failed or len(calls) < 250


if __name__ == '__main__':
    sys.exit(1 if main(os.path.abspath(sys.argv[1])) else 0)
