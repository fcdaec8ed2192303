#!/usr/bin/env python3
"""dropin.py ROOT OUTPUT DEPFILE VERSION LAST SOURCE…: writes the library as two files, lifoguard.h and lifoguard.c, to be put into a project:

    cc -c -fexceptions -fasynchronous-unwind-tables lifoguard.c

The header has the public headers in the order of include/lifoguard/lifoguard.h, up to the header LAST. The source
has the SOURCEs, each internal header once, and the assembly of all machines. A name that two SOURCEs have at file scope is renamed in one of them."""

import os
import re
import sys

# How reports know the library's own sources: src/error/escape.h.
MARK = '/src/../src/../src/'
# Names of libc that a source may have for itself, because it does not include their header.
LIBC = ['wait', 'read', 'write', 'close', 'open', 'send', 'recv', 'select', 'poll', 'index', 'time', 'clock', 'signal', 'remove', 'link',
        'kill', 'stop', 'exit', 'abort', 'pause', 'sleep', 'sync', 'dup', 'pipe', 'accept', 'connect', 'listen', 'bind', 'shutdown', 'raise']
# What -Wall says of one file and not of many: an inline function of an internal header that no source uses, and a text that is cut
# on purpose, which gcc sees only when the functions of several sources are inlined.
QUIET = ('#pragma GCC diagnostic ignored "-Wunused-function"\n'
         '#ifndef __clang__\n#pragma GCC diagnostic ignored "-Wstringop-truncation"\n#endif\n')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">][^\n]*$', re.MULTILINE)


FILES_READ = {}  # as a set that keeps its order


def read(path):
    FILES_READ[path] = True
    with open(path, encoding='utf-8') as file:
        return file.read()


class Dropin:
    def __init__(self, root):
        self.root = root
        self.done = set()

    def public(self, name):
        """A public header with all that it includes of the library, each once."""
        if name in self.done:
            return ''
        self.done.add(name)
        text = read(os.path.join(self.root, 'include', name))
        return INCLUDE.sub(lambda m: self.public(m.group(2)) if m.group(2).startswith('lifoguard/') else m.group(0), text)

    def internal(self, path, wanted, next_line):
        """What an #include of an internal header becomes."""
        for folder in os.path.dirname(path), os.path.join(self.root, 'src'):
            found = os.path.normpath(os.path.join(folder, wanted))
            if os.path.exists(found):
                return '' if found in self.done else self.file(found) + self.line(path, next_line)
        raise SystemExit(f'{path}: there is no {wanted}')

    def line(self, path, number=1):
        return f'\n#line {number} "lifoguard{MARK}{os.path.relpath(path, os.path.join(self.root, "src"))}"\n'

    def file(self, path, text=None):
        self.done.add(path)

        def replace(match):
            mark, name = match.groups()
            next_line = match.string.count('\n', 0, match.start()) + 2
            if name.startswith('lifoguard/'):
                late = self.public(name)  # lifoguard.h has it, unless it comes after LAST
                return late and late + self.line(path, next_line)
            if mark == '<':
                return match.group(0)
            return self.internal(path, name, next_line)

        return self.line(path) + INCLUDE.sub(replace, text or read(path))


def scope_names(text):
    """The names that a source has at file scope for itself: static functions and objects, types, enumerators."""
    text = re.sub(r'__attribute__\(\((?:[^()]|\([^()]*\))*\)\)\s*|_Alignas\([^()]*\)\s*|\b_Thread_local\s*|\b_Atomic(?=[ (])|LGI_\w+\(\d+, \d+\)', '', text)
    names = set()
    names.update(re.findall(r'^(?:struct|union|enum) (\w+) \{', text, re.MULTILINE))
    names.update(re.findall(r'^(?:[A-Z_]+ )?static (?!inline struct \w+;)[^;{}=]*?\b(\w+)\s*(?:\(|\[|=|;)', text, re.MULTILINE))
    names.update(re.findall(r'^static (?:const )?struct[^;(=]*?\{.*?^\} (\w+)', text, re.MULTILINE | re.DOTALL))
    for body in re.findall(r'^enum[^{;]*\{([^}]*)\}', text, re.MULTILINE):
        names.update(re.findall(r'\b([A-Z]\w+)\b\s*(?:=|,|$)', body, re.MULTILINE))
    names.update(re.findall(r'^typedef [^;{]*?\b(\w+);', text, re.MULTILINE))
    return {n for n in names if not n.startswith(('lg_', 'LG_', '_'))}


STRUCTURE = re.compile(r'^((?:typedef |static )?(?:const )?(?:struct|union)[^;{()=]*\{.*?^\})', re.MULTILINE | re.DOTALL)


def renamed(text, names, ending):
    """The text with other names; but no members of structures, and nothing in texts."""
    if not names:
        return text
    parts = STRUCTURE.split(text)
    if len(parts) > 1:  # members keep their names, types in a structure do not
        code = [renamed(part, names, ending) for part in parts[::2]]
        kept = [re.sub(rf'\b(struct|union|enum) ({"|".join(names)})\b', rf'\1 \2{ending}', part) for part in parts[1::2]]
        return ''.join(one + two for one, two in zip(code, kept + ['']))
    pattern = re.compile(r'("(?:[^"\\\n]|\\.)*"|/\*.*?\*/|//[^\n]*|(?:->|\.)\s*\w+)|\b(' + '|'.join(map(re.escape, names)) + r')\b', re.DOTALL)
    return pattern.sub(lambda m: m.group(1) or m.group(2) + ending, text)


def macros(text):
    return [n for n in re.findall(r'^#\s*define (\w+)', text, re.MULTILINE) if n != '_GNU_SOURCE']


def assembly(text):
    """A file of assembly as an asm at file scope. The notes at its end are the compiler's affair."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL)
    text = text.split('\t.section .note.GNU-stack')[0].split('\t.section\t.note')[0]
    out = '__asm__(\n'
    for line in text.split('\n'):
        if line.startswith('#'):
            out += line + '\n'
        elif line.strip():
            line = line.rstrip().replace('\\', '\\\\').replace('"', '\\"').replace('\t', '\\t')
            out += f'"{line}\\n"\n'
    return out + '"\\t.text\\n");\n'


MACHINES = {'x86_64': '__x86_64__', 'aarch64': '__aarch64__', 'riscv64': '__riscv'}


def own_machine(path):
    """The macro of the only machine that a file is for."""
    for machine, macro in MACHINES.items():
        if re.search(rf'_{machine}\.[cS]$', path):
            return macro
    return None


def public_headers(dropin, last):
    """The text of all public headers up to `last`."""
    names = [name for _, name in INCLUDE.findall(read(os.path.join(dropin.root, 'include', 'lifoguard/lifoguard.h')))]
    return ''.join(dropin.public(name) for name in names[:names.index('lifoguard/' + last) + 1])


def write_source(root, sources, version, last):
    dropin = Dropin(root)
    public_headers(dropin, last)
    out = (f'/* Lifoguard {version}, the library in one file. Made by packaging/dropin/dropin.py.\n *\n * MIT License, see LICENSE. */\n'
           '#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n'
           f'#define LGI_MARK "{MARK}"\n#include "lifoguard.h"\n' + QUIET)
    taken = set(LIBC)
    for source in sources:
        machine = own_machine(source)
        text = read(source)
        part = assembly(text) if source.endswith('.S') else None
        if part is None:
            mine = scope_names(text)
            twice = sorted(mine & taken)
            taken |= mine
            ending = '__' + re.sub(r'\W', '_', os.path.relpath(source, os.path.join(root, 'src')))[:-2]
            part = dropin.file(source, renamed(text, twice, ending)).replace('#define _GNU_SOURCE\n', '\n')
            part += ''.join(f'\n#undef {name}' for name in macros(text)) + '\n'
        out += f'\n#if defined({machine})\n{part}\n#endif\n' if machine else '\n' + part
    return out


def main(root, output, depfile, version, last, *sources):
    os.makedirs(output, exist_ok=True)
    header = public_headers(Dropin(root), last)
    with open(os.path.join(output, 'lifoguard.h'), 'w', encoding='utf-8') as file:
        file.write(f'/* Lifoguard {version}, its headers in one file. Made by packaging/dropin/dropin.py. MIT License, see LICENSE. */\n' + header)
    with open(os.path.join(output, 'lifoguard.c'), 'w', encoding='utf-8') as file:
        file.write(write_source(root, list(dict.fromkeys(os.path.realpath(s) for s in sources)), version, last))
    with open(depfile, 'w', encoding='utf-8') as file:
        file.write(os.path.relpath(os.path.join(output, 'lifoguard.h')) + ': ' + ' '.join(path.replace(' ', r'\ ') for path in FILES_READ) + '\n')


if __name__ == '__main__':
    main(os.path.realpath(sys.argv[1]), *sys.argv[2:])
