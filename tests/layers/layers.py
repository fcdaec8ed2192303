#!/usr/bin/env python3
"""layers.py LIBRARY.a FOLDER ROOM…: no object of a room uses a symbol that a later room defines, and no file includes its header.

FOLDER, `src` or `tools`, holds the rooms, which are given in their order, the lowest first. Prints each arrow that points upwards, with
the symbols.
--picture=FILE: FILE has the picture of the arrows between rooms, as the code is now; --picture=-: prints it.
--files: prints the arrows between the files of each room."""
import collections
import pathlib
import re
import subprocess
import sys

picture = next((argument.partition('=')[2] for argument in sys.argv if argument.startswith('--picture=')), None)
files = '--files' in sys.argv  # arrows between files of one room: for looking at a room from inside
library, folder, *rooms = [argument for argument in sys.argv[1:] if not argument.startswith('--')]
root = pathlib.Path(__file__).parents[2] / folder
place = {room: number for number, room in enumerate(rooms)}

defined, used, source = {}, collections.defaultdict(set), None
for line in subprocess.run(['nm', library], check=True, capture_output=True, text=True).stdout.splitlines():
    name = re.match(r'(?:.*/)?(?:meson-generated_\.\._)?(?:src_)?(?:([a-z0-9]+)_)?(\w+)\.[cS]\.o:$', line)
    if name and not name[1]:  # src/hooks.c and src/reports.c, which are above all rooms
        source = None
        continue
    if name:
        source = (name[1], name[2])
        if source[0] not in place:
            sys.exit(f'FAIL: {line[:-1]} is in no room of {folder}/meson.build')
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
elif picture:
    between = {(user[0], owner[0]) for user, owner in arrows if user[0] != owner[0]}
    # An arrow that a longer way shows too only hides the others.
    reach = {room: {owner for user, owner in between if user == room} for room in rooms}

    def below(room):
        found = set(reach[room])
        for owner in reach[room]:
            found |= below(owner)
        return found

    lines = ['graph BT']
    for user in rooms:
        for owner in sorted(reach[user], key=place.get):
            if not any(owner in below(other) for other in reach[user] - {owner}):
                lines.append(f'    {user} --> {owner}')
    text = '\n'.join(lines)
    if picture == '-':
        print(text)
    elif text not in open(picture, encoding='utf-8').read():
        sys.exit(f'FAIL: the picture in {picture} is not that of the code, which is:\n{text}')
if not files and picture != '-':
    wrong = 0
    for (user, owner), symbols in sorted(arrows.items()):
        if place[user[0]] < place[owner[0]]:
            wrong += 1
            print(f'FAIL: {folder}/{user[0]}/{user[1]} uses {" ".join(sorted(symbols))} of the higher {folder}/{owner[0]}/{owner[1]}')
    headers = {}  # as they are included from within their room, and from others
    sources = [path for room in rooms for path in (root / room).glob('*.[ch]') if not path.stem.endswith('_test')]
    for path in sources:
        headers[path.name] = headers[f'{path.parent.name}/{path.name}'] = path.parent.name
    included = 0
    for path in sources:
        for name in re.findall(r'^#include "(?:\.\./)?([^"]+)"', path.read_text(encoding='utf-8'), re.M):
            included += name in headers
            if name in headers and not (path.parent / name).exists() and place[headers[name]] > place[path.parent.name]:
                wrong += 1
                print(f'FAIL: {folder}/{path.parent.name}/{path.name} includes {name} of the higher {folder}/{headers[name]}')
    if not arrows or not included:
        sys.exit('FAIL: no arrow at all was found')
    print(f'{len({arrow[0][0] for arrow in arrows.items()})} files, {len(arrows)} arrows, {wrong} upwards')
    sys.exit(1 if wrong else 0)
