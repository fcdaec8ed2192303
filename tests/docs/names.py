#!/usr/bin/env python3
"""names.py ROOT: each public name is in at least one example: a program in examples/, or a block of C in docs/, which docs.py
compiles. (Not the internal forms, types that only name a member, or the values of an enumeration that a program only receives.)"""

import os
import re
import sys

import page as pages

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'packaging', 'man'))
import headers  # noqa: E402 (the path comes first)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def all_files(folder, ends):
    for path, _, files in os.walk(folder):
        for file in sorted(files):
            if file.endswith(ends):
                yield os.path.join(path, file)


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*', '', text, flags=re.DOTALL)


def used_names(root):
    """Names that code uses, comments aside."""
    text = ''.join(without_comments(read(file)) for file in all_files(os.path.join(root, 'examples'), ('.c', '.h')))
    for file in [os.path.join(root, 'README.md'), *all_files(os.path.join(root, 'docs'), '.md')]:
        text += ''.join(without_comments(block.text) for block in pages.read_blocks(file, read(file)) if block.language == 'c')
    return set(re.findall(r'\b(?:lg|LG)_\w+', text))


def main(root):
    used, failed, count = used_names(root), 0, 0
    for header in headers.all_headers(os.path.join(root, 'include', 'lifoguard')):
        missing = [name for name in header.names if name not in used]
        count += len(header.names)
        if missing:
            print(f'FAIL: {header.name}: in no example: {", ".join(missing)}')
            failed += len(missing)
    print(f'{count} public names, {failed} in no example')
    return failed or count < 300


if __name__ == '__main__':
    sys.exit(1 if main(os.path.abspath(sys.argv[1])) else 0)
