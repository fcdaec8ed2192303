#!/usr/bin/env python3
"""vet_page.py LIFOGUARD-VET PAGE: the examples of a check's page. In the blocks under "Wrong" the check reports the lines
with the comment `// reported`, and no other line; in the blocks under "Right" it reports nothing."""

import os
import re
import subprocess
import sys
import tempfile

import page as pages


def findings(vet, check, block, folder):
    """The lines that the check reports."""
    path = os.path.join(folder, 'example.c')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(block.text)
    result = subprocess.run([vet, '--no-cache', '--check', check, path], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode not in (0, 1):
        return result.stdout
    pattern = re.escape(path) + r':(\d+):\d+: [^\n]*\[' + re.escape(check) + r'\]'
    return {int(line) for line in re.findall(pattern, result.stdout)}


def main(vet, name):
    vet = os.path.abspath(vet)
    check = os.path.basename(name)[:-3]
    with open(name, encoding='utf-8') as file:
        text = file.read()
    lines = text.split('\n')
    failed = compared = 0
    with tempfile.TemporaryDirectory() as folder:
        for block in pages.read_blocks(name, text):
            headings = [line for line in lines[:block.line] if line.startswith('## ')]
            heading = headings[-1] if headings else ''
            if heading not in ('## Wrong', '## Right'):
                continue
            wanted = {n for n, line in enumerate(block.lines, 1) if '// reported' in line}
            found = findings(vet, check, block, folder)
            compared += 1
            if found != wanted or (heading == '## Wrong') != bool(wanted):
                print(f'FAIL: {name}:{block.line}: {heading}: reports lines {found}, should be {wanted}')
                failed += 1
    if compared == 0:
        print(f'FAIL: {name}: no examples')
    return failed or compared == 0


if __name__ == '__main__':
    sys.exit(1 if main(sys.argv[1], sys.argv[2]) else 0)
