"""Reads the public headers: the comment at the head, and each entry, which is a comment with the declarations below it."""

import os
import re


class Entry:
    """`declarations` is a list of (names, text); `text` is C without attributes, ready to be shown."""

    def __init__(self, comment):
        self.comment = comment
        self.declarations = []

    @property
    def names(self):
        return [name for names, _ in self.declarations for name in names]


class Header:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.intro, self.entries = read(self.text)

    @property
    def names(self):
        return [name for entry in self.entries for name in entry.names]


PUBLIC = re.compile(r'\b((?:lg|LG)_\w+)')
NOT_API = {'LG_API', 'LG_BEGIN_DECLS', 'LG_END_DECLS'}


def clean_comment(text):
    """The lines of a comment without its marks. (Both /* … */ and lines with // .)"""
    text = re.sub(r'^/\*', '  ', text)
    text = re.sub(r'\s*\*/$', '', text)
    lines = [re.sub(r'^\s*\* ?', '', line) if n else line.strip() for n, line in enumerate(text.split('\n'))]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def take_declaration(text, at):
    """The end of the declaration that begins at text[at]: behind its ; or behind the body of a function."""
    depth, position = 0, at
    while position < len(text):
        c = text[position]
        if text.startswith('/*', position):
            position = text.index('*/', position) + 2
            continue
        if c in '{(':
            depth += 1
        elif c in '})':
            depth -= 1
            is_type = re.match(r'\s*(typedef|struct|enum|union)\b|extern "C"', text[at:position])
            if c == '}' and depth == 0 and not is_type:
                return position + 1
        elif c == ';' and depth == 0:
            return position + 1
        position += 1
    return len(text)


def tokens(text):
    """('comment' | 'define' | 'declaration' | 'gap', text) in turn. A gap is an empty line."""
    at = 0
    while at < len(text):
        if text[at] == '\n' and text[at:at + 2] == '\n\n':
            yield 'gap', ''
            at += 1
        elif text[at].isspace():
            at += 1
        elif text.startswith('/*', at):
            end = text.index('*/', at) + 2
            yield 'comment', text[at:end]
            at = end
        elif text.startswith('//', at):
            at = text.index('\n', at)
        elif text[at] == '#':
            end = re.compile(r'(?<!\\)\n').search(text, at).start()
            if re.match(r'#\s*define', text[at:end]):
                yield 'define', text[at:end]
            at = end
        elif re.compile(r'LG_((BEGIN|END)_DECLS|DEFINE_\w+\()').match(text, at):
            at = text.index('\n', at)
        else:
            end = take_declaration(text, at)
            yield 'declaration', text[at:end]
            at = end


def without_attributes(text):
    text = re.sub(r'\bLG_API ', '', text)
    text = re.sub(r'\s*LGI_PRINTF\(\d+, \d+\)', '', text)
    while '__attribute__' in text:
        start = text.index('__attribute__')
        depth, end = 0, start
        while True:
            depth += {'(': 1, ')': -1}.get(text[end], 0)
            end += 1
            if text[end - 1] == ')' and depth == 0:
                break
        text = text[:start].rstrip() + text[end:]
    return text


def declared(text):
    """The public names that a declaration declares, and the text to show."""
    text = without_attributes(text)
    if re.match(r'(static inline|extern|typedef|struct|enum|lg_|LG_|const|void|bool|size_t|int|unsigned|uint|char)', text) is None:
        pass
    body = text.find('{')
    if re.match(r'static inline', text):
        text = (text[:body].rstrip() if body >= 0 else text.rstrip(';')) + ';'
        body = -1
    if re.match(r'typedef (struct|enum|union)', text) and body >= 0:
        name = re.search(r'\}\s*(\w+);$', text)
        names = [name.group(1)] if name else []
        if text.startswith('typedef enum'):
            names += re.findall(r'^\s*(LG_\w+)', text, re.MULTILINE)
        if 'lgi_' in text and text.startswith('typedef struct'):
            kept = [line for line in text.split('\n') if 'lgi_' not in line or line.startswith(('typedef', '}'))]
            inner = [line for line in kept[1:-1] if line.strip()]
            text = '\n'.join(kept) if inner else f'typedef struct {names[0]} {names[0]};' if names else text
        return [n for n in names if PUBLIC.fullmatch(n)], text
    if text.startswith('typedef'):
        name = re.search(r'(\w+)\s*(?:\[\])?;$', text)
        return ([name.group(1)] if name and PUBLIC.fullmatch(name.group(1)) else []), text
    function = re.match(r'[^({]*?\b(lg_\w+)\s*\(', text)
    if function:
        return [function.group(1)], text
    variable = re.match(r'extern [^(]*?\b(lg_\w+);', text)
    return ([variable.group(1)] if variable else []), text


def defined(text):
    match = re.match(r'#\s*define\s+(\w+)(\([^)]*\))?', text)
    name, parameters = match.group(1), match.group(2) or ''
    if not PUBLIC.fullmatch(name) or name in NOT_API or name.endswith('_H'):
        return [], ''
    return [name], name + parameters.replace('...', '…')


def signature(name, shown, comment):
    """The form in which the comment writes a macro: lg_defer(fn, args…)."""
    for line in comment:
        match = re.search(rf'\b({re.escape(name)}(?:\s?\([^)]*\))?(?: \{{ … \}})?)', line)
        if match and len(match.group(1)) > len(name):
            return match.group(1)
    return shown


def read(text):
    """(lines of the comment at the head, entries)."""
    intro, entries, entry, internal = None, [], None, False
    for kind, content in tokens(text):
        if kind == 'comment':
            lines = clean_comment(content)
            if intro is None:
                intro = lines
                continue
            if lines and lines[0].startswith('----'):
                internal = 'nternal' in lines[0]
                entry = None
                continue
            entry = Entry(lines)
            entries.append(entry)
        elif kind == 'gap':
            if entry and entry.declarations:
                entry = None
        else:
            names, shown = defined(content) if kind == 'define' else declared(content)
            names = [n for n in names if n not in NOT_API]
            known = {n for e in entries for n in e.names}
            if internal or not names or set(names) <= known:
                continue
            if entry is None:
                entry = Entry([])
                entries.append(entry)
            if kind == 'define':
                shown = signature(names[0], shown, entry.comment)
            entry.declarations.append((names, shown))
    return intro or [], [e for e in entries if e.declarations]


def all_headers(include):
    order = re.findall(r'#include <lifoguard/(\w+\.h)>', open(os.path.join(include, 'lifoguard.h'), encoding='utf-8').read())
    return [Header(os.path.join(include, name)) for name in order]
