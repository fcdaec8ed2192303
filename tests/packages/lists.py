#!/usr/bin/env python3
"""lists.py ROOT BUILD: the lists of packages agree with each other and with what is installed.

- Each file that `meson install` installs is in a package (debian/*.install), and each line there names such a file.
- What ./dev installs to build with is in the quickstart, and in Build-Depends of debian/control."""

import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

# Build-Depends need not name what every Debian package is built with, nor quote ./dev's zlib, which only an archive needs.
ALWAYS = {'gcc', 'libc6-dev', 'zlib1g-dev', 'pkg-config'}
SITE = 'usr/share/doc/lifoguard-doc/html'


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def introspect(build):
    """(the installed files, the options by their names)"""
    text = subprocess.run(['meson', 'introspect', '--installed', '--buildoptions', build], stdout=subprocess.PIPE, check=True).stdout
    told = json.loads(text)
    return told['installed'].values(), {option['name']: option['value'] for option in told['buildoptions']}


def packaged_names(places, options):
    """The files below usr/ of a package. A folder stands for its files."""
    library = os.path.join(options['prefix'], options['libdir'])
    for place in places:
        name = place.replace(library, '/usr/lib/MACHINE', 1) if place.startswith(library) and 'systemd' not in place else place
        yield re.sub('^' + options['prefix'] + '(?=/)', '/usr', name)[1:]


def packaged(root):
    """(FILE, PATTERN) of each line, which may name another folder for it; documents are copied from the source."""
    for path in glob.glob(os.path.join(root, 'debian', '*.install')):
        for line in read(path).splitlines():
            words = line.split()
            if not line.startswith('#') and words and (len(words) == 1 or words[0].startswith('usr/')):
                yield os.path.basename(path), words[0]


def holds(pattern, name):
    """Whether one is the other, or a folder above or below the other."""
    return any(fnmatch.fnmatch(name, p) or fnmatch.fnmatch(p, name) for p in (pattern, pattern + '/*')) or pattern.startswith(name + '/')


def needed_to_build(root):
    entries = re.search(r'^for_build=\((.*?)^\)', read(root, 'dev'), re.MULTILINE | re.DOTALL).group(1)
    return set(re.findall(r"^ *'?([a-z0-9+.-]+):", entries, re.MULTILINE))


def main(root, build):
    failures = []
    places, options = introspect(build)
    names, lines = list(packaged_names(places, options)), list(packaged(root))
    for name in names:
        if not any(holds(pattern, name) for _, pattern in lines):
            failures.append(f'{name} is installed, but in no package: debian/*.install')
    for file, pattern in lines:
        if pattern == SITE and options['site'] == 'disabled':
            continue
        if not any(holds(pattern, name) for name in names):
            failures.append(f'debian/{file}: nothing is installed as {pattern}')
    needed = needed_to_build(root)
    quickstart = set(re.search(r'apt-get install (.* meson .*)', read(root, 'docs/quickstart.md')).group(1).split())
    if quickstart != needed:
        failures.append(f'docs/quickstart.md and ./dev differ: {sorted(quickstart ^ needed)}')
    declared = set(re.findall(r'[a-z0-9+.-]+', re.search(r'^Build-Depends:(.*?)^\S', read(root, 'debian/control'), re.MULTILINE | re.DOTALL).group(1)))
    if needed - declared - ALWAYS:
        failures.append(f'debian/control: Build-Depends has no {sorted(needed - declared - ALWAYS)}')
    print('\n'.join(f'FAIL: {text}' for text in failures) or f'{len(names)} installed paths, {len(lines)} lines')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
