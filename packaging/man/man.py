#!/usr/bin/env python3
"""man.py ROOT OUTPUT VERSION: writes the man pages: one for each header, from its comments and docs/examples/, with an alias for each name
(`man lg_defer`); those of the program, the job file and the rules, from the pages in docs/; and an alias for each command of the program
(`man lifoguard-lock`)."""

import os
import re
import sys

import headers
import roff

# Page, section, Markdown file, what it is.
PAGES = [
    ('lifoguard', 1, 'lifoguard.md', 'run commands and scripts with cleanups that always run; inspect processes; check C code'),
    ('lifoguard-run', 1, 'run.md', 'run the jobs of a file, with cleanups'),
    ('lifoguard-graphs', 5, 'job-graphs.md', 'graphs of jobs in YAML, for lifoguard run'),
    ('lifoguard-exec', 1, 'exec.md', 'run a command, then the cleanups that it deferred'),
    ('lifoguard-inspect', 1, 'inspect.md', 'show what a process still has to clean up'),
    ('lifoguard-vet', 1, 'vet.md', 'find cleanup mistakes in C code'),
    ('lifoguard-rules', 7, 'rules.md', 'the guarantees of the library Lifoguard'),
]
# A line of the list of commands in `lifoguard --help`.
COMMANDS = re.compile(r'^ {2}([a-z-]+)  +\w', re.MULTILINE)
ALSO = {
    'lifoguard': 'lifoguard-run(1), lifoguard-exec(1), lifoguard-inspect(1), lifoguard-vet(1), lifoguard-jobs(5), '
    'lifoguard(7)',
    'lifoguard-run': 'lifoguard(1), lifoguard-exec(1), lifoguard-jobs(5), lifoguard-graphs(5)',
    'lifoguard-graphs': 'lifoguard-run(1), lifoguard-jobs(5), lifoguard(1)',
    'lifoguard-exec': 'lifoguard(1), lifoguard-run(1)',
    'lifoguard-inspect': 'lifoguard(1), gcore(1), coredumpctl(1)',
    'lifoguard-vet': 'lifoguard(1)',
    'lifoguard-rules': 'lifoguard(7), lifoguard(1)',
}


roff.pages = {source: f'{name}({section})' for name, section, source, _ in PAGES}


def write(folder, section, name, text):
    path = os.path.join(folder, f'man{section}')
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, f'{name}.{section}'), 'w', encoding='utf-8') as file:
        file.write(text)


def heading(name, section, version, what, others=()):
    manual = {1: 'Lifoguard', 3: 'Lifoguard', 5: 'File formats', 7: 'Lifoguard'}[section]
    names = ', '.join(roff.escape_inner(n) for n in (name, *others))
    return roff.title(name, section, version, manual) + f'.SH NAME\n{names} \\- {roff.escape_inner(what)}\n'


def see_also(text):
    return '.SH SEE ALSO\n' + re.sub(r'([\w-]+)\((\d)\)', lambda m: f'\\fB{roff.escape_inner(m.group(1))}\\fR({m.group(2)})', text) + '\n'


def first_sentence(intro):
    """What a header is for: the first sentence of its comment, without the header's name before it."""
    text = ' '.join(line.strip() for line in intro[:6])
    text = re.sub(r'^lifoguard/\w+\.h: ', '', text)
    return re.split(r'(?<=[a-z])[.:](?: |$)', text)[0].rstrip('.')


def examples(root, header):
    """The programs of docs/examples/, and their output."""
    path = os.path.join(root, 'docs', 'examples', header.name[:-2] + '.md')
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        text = file.read()
    programs = re.sub(r'^## ', '### ', text[text.index('\n## '):], flags=re.MULTILINE)
    return '.SH EXAMPLES\n' + roff.markdown(programs)


def header_page(root, header, version, neighbours):
    name = 'lifoguard-' + header.name[:-2]
    functions = [n for n in header.names]
    text = heading(name, 3, version, first_sentence(header.intro), functions)
    text += f'.SH SYNOPSIS\n.nf\n#include <lifoguard/{header.name}>\n'
    for entry in header.entries:
        text += '\n' + ''.join(synopsis(declaration) for _, declaration in entry.declarations)
    text += '.fi\n.SH DESCRIPTION\n' + roff.comment(header.intro)
    for entry in header.entries:
        if entry.comment:
            text += '.SS "' + ', '.join(roff.escape_inner(n) for n in entry.names) + '"\n' + roff.comment(entry.comment)
    return text + examples(root, header) + see_also(', '.join(f'{n}(3)' for n in neighbours if n != name) + ', lifoguard-rules(7), lifoguard(7)')


def synopsis(declaration):
    return ''.join(roff.escape(line) + '\n' for line in declaration.split('\n'))


def overview(all_headers, version):
    text = heading('lifoguard', 7, version, 'deferred calls, errors, goroutines and ordered shutdown for C')
    text += ('.SH DESCRIPTION\nLifoguard releases what C code has acquired: in reverse order, on every way out of a block, without losing '
             'the error of a release that fails.\nEach header has a page; each function and macro is an alias of it.\n')
    for header in all_headers:
        text += f'.TP\n\\fBlifoguard\\-{roff.escape_inner(header.name[:-2])}\\fR(3)\n{roff.escape_inner(first_sentence(header.intro))}\n'
    text += ('.SH USE\n' + roff.verbatim(['cc program.c $(pkg-config --cflags --libs lifoguard)']) +
             '.PP\nWith clang 22, use the package \\fBlifoguard\\-clang\\fR.\n')
    return text + see_also('lifoguard(1), lifoguard-rules(7)')


def markdown_page(root, name, section, source, what, version):
    with open(os.path.join(root, 'docs', source), encoding='utf-8') as file:
        text = file.read()
    head, separator, rest = text.partition('\n## ')
    body = head.split('\n', 1)[1]
    return (heading(name, section, version, what) + '.SH DESCRIPTION\n' + roff.markdown(body) +
            roff.markdown(separator + rest) + see_also(ALSO[name]))


def job_file_page(root, version):
    """lifoguard-jobs(5): the chapter "The file" of run.md."""
    with open(os.path.join(root, 'docs', 'run.md'), encoding='utf-8') as file:
        text = file.read()
    chapter = re.search(r'\n## The file\n(.*?)(?=\n## |\Z)', text, re.DOTALL).group(1)
    chapter = re.sub(r'^### ', '## ', chapter, flags=re.MULTILINE)
    return (heading('lifoguard-jobs', 5, version, 'the job file of lifoguard run') + '.SH DESCRIPTION\n' + roff.markdown(chapter) +
            see_also('lifoguard-run(1), lifoguard-graphs(5), lifoguard(1)'))


def commands(root):
    """The commands of the program, as `lifoguard --help` lists them on docs/lifoguard.md."""
    with open(os.path.join(root, 'docs', 'lifoguard.md'), encoding='utf-8') as file:
        text = file.read()
    usage = text[text.index('$ lifoguard --help'):]
    return COMMANDS.findall(usage[:usage.index('```')])


def main(root, output, version):
    all_headers = headers.all_headers(os.path.join(root, 'include', 'lifoguard'))
    pages = ['lifoguard-' + h.name[:-2] for h in all_headers]
    for header, page in zip(all_headers, pages):
        write(output, 3, page, header_page(root, header, version, pages))
        for name in header.names:
            write(output, 3, name, f'.so man3/{page}.3\n')
    write(output, 7, 'lifoguard', overview(all_headers, version))
    for name, section, source, what in PAGES:
        write(output, section, name, markdown_page(root, name, section, source, what, version))
    own = {name for name, *_ in PAGES}
    for name in ('lifoguard-' + command for command in commands(root)):
        if name not in own:
            write(output, 1, name, '.so man1/lifoguard.1\n')
    write(output, 5, 'lifoguard-jobs', job_file_page(root, version))


if __name__ == '__main__':
    main(*sys.argv[1:])
