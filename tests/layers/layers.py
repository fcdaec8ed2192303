#!/usr/bin/env python3
"""layers.py LIBRARY.a ROOM…: no object of a room uses a symbol that a later room defines.

The rooms are given in their order, the lowest first. Prints each arrow that points upwards, with the symbols,
and with --dot the picture of all arrows between rooms, as docs/architecture.md shows it."""
import collections
import re
import subprocess
import sys

dot = '--dot' in sys.argv
files = '--files' in sys.argv  # arrows between files of one room: for looking at a room from inside
library, *rooms = [argument for argument in sys.argv[1:] if not argument.startswith('--')]
place = {room: number for number, room in enumerate(rooms)}

defined, used, source = {}, collections.defaultdict(set), None
for line in subprocess.run(['nm', library], check=True, capture_output=True, text=True).stdout.splitlines():
    name = re.match(r'src_(?:([a-z0-9]+)_)?(\w+)\.[cS]\.o:$', line)
    if name and not name[1]:  # src/hooks.c, which is above all rooms
        source = None
        continue
    if name:
        source = (name[1], name[2])
        if source[0] not in place:
            sys.exit(f'FAIL: {line[:-1]} is in no room of src/meson.build')
        continue
    symbol = re.match(r'(?:[0-9a-f]{16}|\s{16}) (\w) (\S+)$', line)
    if not symbol or not source:
        continue
    if symbol[1] in 'Uwv':
        used[source].add(symbol[2])
    elif symbol[1].isupper():
        defined[symbol[2]] = source

arrows = collections.defaultdict(set)
for user, symbols in used.items():
    for symbol in symbols & defined.keys():
        if defined[symbol] != user:
            arrows[user, defined[symbol]].add(symbol)

if files:
    for (user, owner), symbols in sorted(arrows.items()):
        if user[0] == owner[0]:
            print(f'{user[0]}/{user[1]} -> {owner[1]}: {" ".join(sorted(symbols))}')
elif dot:
    print('digraph rooms {\n    rankdir = BT;\n    node [shape = box];')
    for user, owner in sorted({(user[0], owner[0]) for user, owner in arrows if user[0] != owner[0]},
                              key=lambda arrow: (place[arrow[0]], place[arrow[1]])):
        print(f'    {user} -> {owner};')
    print('}')
else:
    wrong = 0
    for (user, owner), symbols in sorted(arrows.items()):
        if place[user[0]] < place[owner[0]]:
            wrong += 1
            print(f'FAIL: src/{user[0]}/{user[1]} uses {" ".join(sorted(symbols))} of the higher src/{owner[0]}/{owner[1]}')
    if not arrows:
        sys.exit('FAIL: no arrow at all was found')
    print(f'{len({arrow[0][0] for arrow in arrows.items()})} files, {len(arrows)} arrows, {wrong} upwards')
    sys.exit(1 if wrong else 0)
