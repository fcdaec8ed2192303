"""Writes man pages: text of a comment or of a Markdown page as roff."""

import re


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return re.sub(r"^(['.])", r'\\&\1', text)


# The man page that a page of docs/ becomes: `exec.md`: `lifoguard-exec(1)`. Filled by man.py.
pages = {}


def place(path):
    """How a reader of a man page finds a Markdown file."""
    name = path.split('#')[0].split('/')[-1]
    if name in pages:
        return pages[name]
    folder = re.sub(r'^(\.\./)+', '', path[:-len(name)] if path.endswith(name) else '')
    return f'{folder or "docs/"}{name} (in the sources)'


def link(match):
    """A link as its text; one that names a file, as the page that the file has become."""
    text, target = match.group(1), match.group(2).split('#')[0]
    return place(target) if re.fullmatch(r'`?[\w./-]+\.md`?', text) else text


def code(text):
    """What stands between backquotes; blanks at both ends let it begin and end with a backquote."""
    text = re.sub(r'^(`+)(.*)\1$', r'\2', text)
    return text[1:-1] if text.startswith(' ') and text.endswith(' ') and text.strip() else text


def parts_of(text):
    """Code, strong and emphasised words, and what stands between them."""
    at = 0
    for match in re.finditer(r'(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\*\*[^*]+\*\*|(?<![*\w])\*[^*\s][^*]*\*', text):
        yield text[at:match.start()]
        yield match[0]
        at = match.end()
    yield text[at:]


def spans(text):
    """A paragraph of Markdown: code and strong words bold, links as their text."""
    text = re.sub(r'\[([^\]]*)\]\(([^)]*)\)', link, text)
    out = ''
    for part in parts_of(text):
        if part.startswith('`') and len(part) > 1:
            out += '\\fB' + escape_inner(code(part)) + '\\fR'
        elif part.startswith('**'):
            out += '\\fB' + escape_inner(part[2:-2].replace('`', '')) + '\\fR'
        elif part.startswith('*') and len(part) > 2:
            out += '\\fI' + escape_inner(part[1:-1]) + '\\fR'
        else:
            out += escape_inner(part)
    return re.sub(r"^(['.])", r'\\&\1', out)


def escape_inner(text):
    return text.replace('\\', '\\e').replace('-', '\\-')


# What a terminal without UTF-8 shows instead; groff warns of each character that has no such text.
FALLBACKS = {'u2026': '...', 'mc': 'u', 'u2500': '-', 'u2514': '+', 'u2518': '+', 'u251C': '+', 'u253C': '+', 'u25B2': '^', 'u25B6': '>',
             'u25BC': 'v'}


def title(name, section, version, manual):
    fallbacks = ''.join(f'.fchar \\[{glyph}] {text}\n' for glyph, text in FALLBACKS.items())
    return f'.TH "{name.upper()}" "{section}" "" "Lifoguard {version}" "{manual}"\n.nh\n.ad l\n{fallbacks}'


def verbatim(lines):
    return '.PP\n.RS 4\n.nf\n' + ''.join(escape(line) + '\n' for line in lines) + '.fi\n.RE\n'


def names_bold(text):
    text = re.sub(r'(?:docs/)?([\w-]+\.md)\b', lambda match: place(match[1]), text)
    return re.sub(r'\b((?:lg|LG)_\w+)', r'\\fB\1\\fR', escape_inner(text))


def blocks(lines):
    """('paragraph' | 'item' | 'code', lines) of a comment: code is indented, an item begins with a dash."""
    found, kind, content, code_indent = [], None, [], 4

    def flush():
        nonlocal kind, content
        while content and not content[-1].strip():
            content.pop()
        if content:
            found.append((kind, content))
        kind, content = None, []

    for line in lines:
        line = line.rstrip()
        item = re.match(r' {0,3}- (.*)', line)
        if item:
            flush()
            kind, content = 'item', [item.group(1)]
        elif not line:
            if kind == 'code':
                content.append('')
            else:
                flush()
        elif kind == 'item' and line.startswith('    '):
            content.append(line.strip())
        elif line.startswith(' ' * code_indent):
            if kind != 'code':
                flush()
                kind = 'code'
            content.append(line[code_indent:])
        else:
            if kind == 'code':
                flush()
            kind = kind or 'paragraph'
            content.append(line.strip())
    flush()
    return found


def comment(lines):
    """The text of a header's comment."""
    out = ''
    for kind, content in blocks(lines):
        if kind == 'code':
            out += verbatim(content)
            continue
        text = re.sub(r"^(['.])", r'\\&\1', names_bold(' '.join(content)))
        out += ('.IP \\(bu 2\n' if kind == 'item' else '.PP\n') + text + '\n'
    return out


def markdown(text):
    """A page of Markdown: headings, paragraphs, lists, code and tables."""
    out, paragraph, number = '', [], 0
    lines = text.split('\n')

    def flush():
        nonlocal out, paragraph
        if paragraph:
            out += '.PP\n' + spans(' '.join(paragraph)) + '\n'
        paragraph = []

    while number < len(lines):
        line = lines[number]
        fence = re.match(r'^( *)(```+)', line)
        heading = re.match(r'^(#+) (.*)', line)
        item = re.match(r'^ *(?:[-*]|\d+\.) (.*)', line)
        if line.lstrip().startswith('<!--'):
            while '-->' not in lines[number]:
                number += 1
        elif fence:
            flush()
            code, number = [], number + 1
            while not lines[number].strip().startswith(fence.group(2)):
                code.append(lines[number][len(fence.group(1)):])
                number += 1
            out += verbatim(code)
        elif heading:
            flush()
            level = len(heading.group(1))
            if level == 2:
                out += f'.SH "{plain(heading.group(2)).upper()}"\n'
            elif level > 2:
                out += f'.SS "{plain(heading.group(2))}"\n'
        elif line.startswith('|'):
            flush()
            rows = []
            while number < len(lines) and lines[number].startswith('|'):
                rows.append(lines[number])
                number += 1
            out += table(rows)
            continue
        elif line.startswith('    ') and not paragraph:
            code = []
            while number < len(lines) and (lines[number].startswith('    ') or not lines[number].strip()):
                code.append(lines[number][4:])
                number += 1
            while not code[-1].strip():
                code.pop()
            out += verbatim(code)
            continue
        elif item:
            flush()
            words = [item.group(1)]
            while number + 1 < len(lines) and re.match(r'^ +\S', lines[number + 1]) and not re.match(
                    r'^ *(?:[-*]|\d+\.) |^ *```|^ *<!--', lines[number + 1]):
                number += 1
                words.append(lines[number].strip())
            out += '.IP \\(bu 2\n' + spans(' '.join(words)) + '\n'
        elif not line.strip():
            flush()
        else:
            paragraph.append(line.strip())
        number += 1
    flush()
    return out


def plain(text):
    return re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', text).replace('`', '').replace('"', '').replace('\\', '\\e').replace('-', '\\-')


def cells(row):
    return [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', row.strip().strip('|'))]


def table(rows):
    """The first column as tags, the others behind it. (A table of roff would not be broken into lines.)"""
    head, body = cells(rows[0]), [cells(row) for row in rows[2:]]
    out = ''
    for row in body:
        rest = []
        for name, cell in zip(head[1:], row[1:]):
            if cell:
                rest.append(f'{name}: {cell}' if name and len(row) > 2 else cell)
        out += '.TP\n' + (spans(row[0]) or '\\&') + '\n' + (spans('; '.join(rest)) or '\\&') + '\n'
    return out
