#!/usr/bin/env python3
"""cheatsheet.py PAGE VERSION: writes the page as HTML for one sheet of paper, A4 across, in two columns."""

import re
import sys

import markdown_it

STYLE = """
@page { size: A4 landscape; margin: 7mm 8mm 7mm 8mm }
body { font: 6.1pt/1.18 'DejaVu Sans', sans-serif; margin: 0; columns: 2; column-gap: 6mm; column-fill: auto }
h1 { font-size: 10pt; margin: 0 0 1mm 0; display: inline }
h2 { font-size: 7.2pt; margin: 1.2mm 0 .4mm 0; color: #1a5c8a; border-bottom: .3pt solid #1a5c8a; break-after: avoid }
p { margin: .5mm 0 }
pre { margin: .4mm 0; padding: .5mm 1mm; background: #f3f3f3; white-space: pre-wrap; break-inside: avoid; font: 5.55pt/1.16 'DejaVu Sans Mono', monospace }
code { font: 5.55pt 'DejaVu Sans Mono', monospace }
a { color: inherit; text-decoration: none }
table { border-collapse: collapse; width: 100% }
td, th { border: .3pt solid #bbb; padding: .2mm .8mm; text-align: left; vertical-align: top }
"""


def main(path, version):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    text = re.sub(r'<!--.*?-->', '', text, flags=re.DOTALL)
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', text)  # paper has no links
    text = text.replace('# Cheat sheet', f'# Lifoguard {version}: cheat sheet', 1)
    body = markdown_it.MarkdownIt('commonmark').enable('table').render(text)
    print(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Lifoguard {version}: cheat sheet</title><style>{STYLE}</style>{body}</html>')


if __name__ == '__main__':
    main(*sys.argv[1:])
