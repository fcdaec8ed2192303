"""The reference pages of the site: one a header, from the header's comments, with the programs of docs/examples/ below."""

import os
import re

import roff

MARKUP = re.compile(r'[\\*_\[\]<>#|]')


def escaped(text):
    """Prose of a comment as Markdown: names of the library as code, nothing else is markup."""
    parts = re.split(r'(`[^`]+`|(?<![\w./])(?:lg|LG)_\w+)', text)
    return ''.join(MARKUP.sub(r'\\\g<0>', part) if not number % 2 else '`' + part.strip('`') + '`' for number, part in enumerate(parts))


def code(lines, language='c'):
    return f'```{language}\n' + '\n'.join(lines) + '\n```\n\n'


def comment(lines):
    out = ''
    for kind, content in roff.blocks(lines):
        if kind == 'code':
            out += code(content)
        else:
            out += ('- ' if kind == 'item' else '') + escaped(' '.join(content)) + '\n\n'
    return out


def entry_page(entry):
    several = [n for n in entry.names if len(entry.names) > 1 or n != n.lower()]  # a heading of one name has its anchor already
    anchors = ''.join(f'<a class="anchor" id="{name}"></a>' for name in several)
    shown = '\n'.join(text for _, text in entry.declarations).split('\n')
    return f'{anchors}\n\n## {", ".join(entry.names)}\n\n' + code(shown) + comment(entry.comment)


def examples(root, header):
    path = os.path.join(root, 'docs', 'examples', header.name[:-2] + '.md')
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        text = file.read()
    return '## Examples\n\n' + re.sub(r'^## ', '### ', text[text.index('\n## '):], flags=re.MULTILINE)


def page(root, header):
    """Markdown, with links as in docs/examples/."""
    name = header.name[:-2]
    return (f'# {header.name}\n\n`#include <lifoguard/{header.name}>` – as a manual page: `man lifoguard-{name}`, or `man` with any name '
            f'below.\n\n' + comment(header.intro) + ''.join(entry_page(entry) for entry in header.entries) + examples(root, header))


def index(all_headers, first_sentence):
    """The page of all headers, and of all names."""
    out = '# Reference\n\nOne page a header.\n\n| header | |\n|---|---|\n'
    for header in all_headers:
        sentence = escaped(first_sentence(header.intro)).replace('|', '\\|')
        out += f'| [`{header.name}`]({header.name[:-2]}.html) | {sentence} |\n'
    out += '\n## Every name\n\n'
    names = sorted((name.lower(), name, header.name[:-2]) for header in all_headers for name in header.names)
    return out + ' · '.join(f'[`{name}`]({page}.html#{name})' for _, name, page in names) + '\n'
