#!/usr/bin/env python3
"""links.py ROOT: each link of a page that the package lifoguard-doc installs leads to a file of the package.
links.py --installed FOLDER: the same for the FOLDER in which the package is installed.

The lines "SOURCE… FOLDER" of debian/lifoguard-doc.install say which files of the source the package has, and where; the lines of
debian/lifoguard-doc.links say which symbolic links it has."""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'docs'))
import page as pages  # noqa: E402 (the path comes first)

PLACE = 'usr/share/doc/lifoguard-doc'


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def files_below(path):
    """The file, or the files of the folder, as paths from the folder above."""
    if os.path.isfile(path):
        yield os.path.basename(path)
    for folder, _, files in os.walk(path):
        for file in files:
            yield os.path.relpath(os.path.join(folder, file), os.path.dirname(path))


def installed(root):
    """{a file of the package, from PLACE: the file of the source}"""
    files = {}
    for line in read(root, 'debian/lifoguard-doc.install').splitlines():
        *sources, folder = line.split()
        for source in (found for pattern in sources for found in sorted(glob.glob(pattern, root_dir=root))):
            above = os.path.dirname(source)
            for name in files_below(os.path.join(root, source)):
                files[os.path.relpath(os.path.join(folder, name), PLACE)] = os.path.join(above, name)
    for line in read(root, 'debian/lifoguard-doc.links').splitlines():
        files[os.path.relpath(line.split()[1], PLACE)] = None
    return files


def with_folders(names):
    """The names, and the folders that they are in."""
    every = {'.'}
    for name in names:
        while name:
            every.add(name)
            name = os.path.dirname(name)
    return every


def dead_links(root, files):
    there = with_folders(files)
    for name, source in sorted(files.items()):
        if not source or not name.endswith('.md'):
            continue
        for line, target in pages.read_links(read(root, source)):
            path = target.partition('#')[0]
            if path and not re.match(r'[a-z]+:', target) and os.path.normpath(os.path.join(os.path.dirname(name), path)) not in there:
                yield f'{source}:{line}: the package lifoguard-doc has no {target}: debian/lifoguard-doc.install'


def main(root, folder=None):
    if root == '--installed':
        root, names = folder, [os.path.relpath(name, os.path.basename(folder)) for name in files_below(folder)]
        files = {name: name for name in names}
    else:
        files = installed(root)
    dead = list(dead_links(root, files))
    print('\n'.join(f'FAIL: {text}' for text in dead) or f'{len(files)} files, no dead link')
    return 1 if dead or len(files) < 100 else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
