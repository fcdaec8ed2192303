"""Reads a Markdown page: its code blocks, what the page says about each of them, its links and its headings."""

import re
import unicodedata


class Block:
    """One code block. `line` is the line of the block's first line of code, from 1."""

    def __init__(self, page, line, language, lines, orders):
        self.page = page
        self.line = line
        self.language = language
        self.lines = lines
        self.orders = orders

    @property
    def text(self):
        return ''.join(line + '\n' for line in self.lines)

    def order(self, name):
        """The rest of the order `name`, '' if the order has no rest, None if the block does not have the order."""
        for order in self.orders:
            word, *rest = order.split(None, 1)
            if word == name:
                return rest[0].strip() if rest else ''
        return None

    def file_name(self):
        """The name in the first line, if that line is a comment which holds a file name and nothing else."""
        first = self.lines[0] if self.lines else ''
        match = re.fullmatch(r'(?:/\* ([\w.-]+\.\w+) \*/|(?://|#) ([\w.-]+\.\w+))', first)
        return (match.group(1) or match.group(2)) if match else None


ORDER = re.compile(r'<!-- docs: (.*?)\s*-->', re.DOTALL)
KNOWN_ORDERS = {'from', 'given', 'not-run', 'refused', 'job', 'output', 'show', 'status', 'unordered'}
FENCE = re.compile(r'^( *)(```+|~~~+)\s*(\S*)')


def read_orders(lines, number):
    """The orders of a comment that begins at lines[number], and the number of the line behind the comment."""
    text, end = lines[number], number + 1
    while '-->' not in text and end < len(lines):
        text += '\n' + lines[end]
        end += 1
    match = ORDER.match(text.strip())
    if not match:
        return None, number + 1
    return match.group(1), end


def guess_language(lines):
    """The language of a block that names none."""
    if any(line.startswith('$ ') for line in lines):
        return 'console'
    return ''


def read_blocks(path, text, indented_language='c'):
    """All code blocks, fenced and indented, in their order. A block in a list is dedented."""
    lines = text.split('\n')
    blocks, orders = [], []
    number, in_list = 0, False
    while number < len(lines):
        line = lines[number]
        fence = FENCE.match(line)
        if line.lstrip().startswith('<!-- docs:'):
            order, number = read_orders(lines, number)
            if order is None or order.split()[0] not in KNOWN_ORDERS:
                raise SystemExit(f'{path}:{number}: no such order: {line}')
            orders.append(order)
            continue
        if fence:
            indent, mark, language = fence.groups()
            first, number = number + 1, number + 1
            while number < len(lines) and not re.match(rf'^ *{re.escape(mark)}\s*$', lines[number]):
                number += 1
            content = [l[len(indent):] if l.startswith(indent) else l.lstrip() for l in lines[first:number]]
            blocks.append(Block(path, first + 1, language or guess_language(content), content, orders))
            orders = []
        elif line.startswith('    ') and not in_list and (number == 0 or not lines[number - 1].strip()):
            first = number
            while number < len(lines) and (lines[number].startswith('    ') or not lines[number].strip()):
                number += 1
            while not lines[number - 1].strip():
                number -= 1
            content = [l[4:] for l in lines[first:number]]
            language = guess_language(content) or indented_language
            blocks.append(Block(path, first + 1, language, content, orders))
            orders = []
            continue
        elif line.strip():
            if re.match(r'^\s*([-*+]|\d+\.)\s', line):
                in_list = True
            elif not line.startswith(' '):
                in_list = False
        number += 1
    if orders:
        raise SystemExit(f'{path}: an order without a block behind it: {orders[0]}')
    return blocks


def without_code(text):
    """The text without code blocks and code spans, line numbers kept."""
    out, mark = [], None
    for line in text.split('\n'):
        fence = FENCE.match(line)
        if mark is None and fence:
            mark = fence.group(2)
            out.append('')
        elif mark is not None:
            if re.match(rf'^ *{re.escape(mark)}\s*$', line):
                mark = None
            out.append('')
        else:
            out.append(re.sub(r'`[^`]*`', '``', line))
    return '\n'.join(out)


def read_links(text):
    """(line, target) of each link and picture."""
    links = []
    for number, line in enumerate(without_code(text).split('\n'), 1):
        for match in re.finditer(r'\]\(([^()\s]*(?:\([^()]*\)[^()\s]*)*)\)', line):
            links.append((number, match.group(1)))
    return links


def anchor(heading):
    """The anchor that GitHub gives a heading."""
    heading = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
    heading = heading.replace('`', '').replace('*', '')
    kept = [c for c in heading.strip().lower() if c in ' -_' or unicodedata.category(c)[0] in 'LN']
    return ''.join(kept).replace(' ', '-')


def read_anchors(text):
    seen, anchors = {}, set()
    mark = None
    for line in text.split('\n'):
        fence = FENCE.match(line)
        if mark is None and fence:
            mark = fence.group(2)
        elif mark is not None:
            if line.strip() == mark:
                mark = None
        else:
            match = re.match(r'^#{1,6} (.*?)\s*#*$', line)
            if match:
                name = anchor(match.group(1))
                count = seen.get(name, 0)
                seen[name] = count + 1
                anchors.add(name if count == 0 else f'{name}-{count}')
            anchors.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return anchors
