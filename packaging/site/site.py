#!/usr/bin/env python3
"""site.py ROOT OUTPUT: writes what Sphinx makes the static site of: README.md, the pages of docs/, a page for each header, and a
page for each folder of examples. A link leads to the page of the site that has what the link names; a link to a file that
the site does not have becomes plain text."""

import os
import re
import shutil
import sys

import docutils.nodes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'man'), os.path.join(HERE, '..', '..', 'tests', 'docs')]
import headers  # noqa: E402 (the paths come first)
import man  # noqa: E402
import page as pages  # noqa: E402
import reference  # noqa: E402

# The language of a block, and what the highlighter calls the language.
LANGUAGES = {'': 'text', 'jobs': 'bash', 'mermaid': 'graphviz'}
ENDINGS = {'.c': 'c', '.h': 'c', '.sh': 'bash', '.jobs': 'bash', '.yaml': 'yaml'}
RULE = r'^(- |)\*\*([A-Z]\d+)\b'  # where a rule begins
OUTER = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


class Site:
    def __init__(self, root, output):
        self.root, self.output = root, output
        self.headers = headers.all_headers(os.path.join(root, 'include', 'lifoguard'))
        self.names = {name: header.name[:-2] for header in self.headers for name in header.names}
        self.rules = {}  # a rule's number, and the place of the rule
        for page in 'rules', 'exec':
            for rule in re.findall(RULE, read(os.path.join(root, 'docs', page + '.md')), flags=re.MULTILINE):
                self.rules[rule[1]] = f'{page}.html#{rule[1].lower()}'
        self.places = {}  # a file or folder of the source, and the page (with anchor) that has it
        self.sources = {}  # a page, and the Markdown file that it is made of
        self.folders = {}  # a page of examples, and its files
        self.written = []
        self.find_pages()

    # ---- which pages there are ----------------------------------------------------------------------

    def add(self, source, page):
        self.places[source] = page + '.html'
        self.sources[page] = source

    def find_pages(self):
        self.add('README.md', 'index')
        self.add('docs/README.md', 'contents')
        self.places['docs'] = 'contents.html'
        for folder, prefix in (('docs', ''), ('docs/vet', 'vet/')):
            for file in sorted(os.listdir(os.path.join(self.root, folder))):
                if file.endswith('.md') and file != 'README.md':
                    self.add(f'{folder}/{file}', prefix + file[:-3])
        self.places['docs/vet'] = 'vet.html'
        for file in OUTER:
            self.add(file, file[:-3].lower())
        self.add('bench/README.md', 'bench')
        self.places['bench'] = 'bench.html'
        for header in self.headers:
            page = f'reference/{header.name[:-2]}.html'
            self.places['include/lifoguard/' + header.name] = page
            self.places[f'docs/examples/{header.name[:-2]}.md'] = page + '#examples'
        for folder in 'include/lifoguard', 'docs/examples':
            self.places[folder] = 'reference/index.html'
        self.find_examples()

    def find_examples(self):
        self.add('examples/README.md', 'examples/index')
        self.places['examples'] = 'examples/index.html'
        for folder in sorted(os.listdir(os.path.join(self.root, 'examples'))):
            path = os.path.join(self.root, 'examples', folder)
            if not os.path.isdir(path):
                continue
            page = f'examples/{folder}'
            self.places[page] = page + '.html'
            self.folders[page] = [file for file in sorted(os.listdir(path)) if os.path.splitext(file)[1] in ENDINGS]
            for file in self.folders[page]:
                self.places[f'{page}/{file}'] = f'{page}.html#{pages.anchor(file)}'
            if os.path.exists(os.path.join(path, 'README.md')):
                self.places[page + '/README.md'] = page + '.html'

    # ---- what a page's text becomes -------------------------------------------------------------------

    def to(self, page, place):
        """The place as seen from the page."""
        path, hash_, anchor = place.partition('#')
        return os.path.relpath(path, os.path.dirname(page) or '.') + hash_ + anchor

    def link(self, page, source, match):
        picture, text, target = match.group(1), match.group(2), match.group(3)
        if text in self.rules:
            return self.cited(page, text)
        if re.fullmatch(r'[\w-]+\.md', text):
            text = text[:-3]  # the site has no files
        path, hash_, anchor = target.partition('#')
        if re.match(r'[a-z]+:', target):
            return match.group(0)
        if not path:
            return f'[{text}](#{anchor})'
        file = os.path.normpath(os.path.join(os.path.dirname(source), path))
        if file in self.places:
            place = self.places[file]
            return f'[{text}]({self.to(page, place.partition("#")[0] + hash_ + anchor if anchor else place)})'
        if picture or file.endswith(('.tsv', '.json', '.svg')):
            self.copy(file, '' if picture else 'extra')
            return f'{picture}[{text}]({self.to(page, file)})'
        return text

    def copy(self, file, folder):
        """A file that the site has as it is. (Sphinx takes pictures from beside the pages.)"""
        to = os.path.join(self.output, folder, file)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(self.root, file), to)

    def name(self, page, match):
        """A name of the library in code leads to its place in the reference."""
        name = re.match(r'`#?((?:lg|LG)_\w+)', match.group(0))
        if not name or name.group(1) not in self.names:
            return match.group(0)
        place = f'reference/{self.names[name.group(1)]}.html#{name.group(1)}'
        return f'[{match.group(0)}]({self.to(page, place)})'

    def cited(self, page, rule):
        return f'[{rule}]({self.to(page, self.rules[rule])})'

    def cite(self, page, text):
        """The number of a rule leads to the rule: (D2, D9)."""
        return re.sub(r'(?<=[(\s])[A-Z]\d{1,2}(?=[\s),.;:])',
                      lambda match: self.cited(page, match.group(0)) if match.group(0) in self.rules else match.group(0), text)

    def prose(self, page, source, text):
        out, at = '', 0
        for match in re.finditer(r'(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)|(`[^`\n]+`)', text):
            out += self.cite(page, text[at:match.start()])
            out += self.name(page, match) if match.group(4) else self.link(page, source, match)
            at = match.end()
        return out + self.cite(page, text[at:])

    def block(self, language, lines, indent):
        kind = LANGUAGES.get(language, language)
        if kind == 'graphviz':
            # In quotes: a room may be called `graph`, which is a word of dot's.
            edges = [' -> '.join(f'"{room.strip()}"' for room in line.split('-->')) for line in lines if '-->' in line]
            lines = ['digraph rooms {', 'rankdir=BT; bgcolor=transparent; node [shape=box, style=filled, fillcolor=white, fontname=sans];',
                     *edges, '}']
            return [indent + line for line in ['```{graphviz}', *lines, '```']]
        # (The highlighter refuses dots that stand for more, unless it is forced.)
        return [indent + line for line in ['``````{code-block} ' + kind, ':force:', '', *lines, '``````']]

    def markdown(self, page, source, text):
        """A page of the source as a page of the site."""
        out, lines, number, seen = [], text.split('\n'), 0, {}
        while number < len(lines):
            line = lines[number]
            fence = pages.FENCE.match(line)
            heading = re.match(r'^#{1,6} (.*)', line)
            if line.lstrip().startswith('<!-- docs:'):
                while '-->' not in lines[number]:
                    number += 1
            elif fence:
                indent, mark, language = fence.groups()
                code = []
                number += 1
                while lines[number].strip() != mark:
                    code.append(lines[number][len(indent):])
                    number += 1
                out += self.block(language, code, indent)
            elif heading:
                anchor = pages.anchor(heading.group(1))
                seen[anchor] = seen.get(anchor, -1) + 1
                anchor += f'-{seen[anchor]}' if seen[anchor] else ''
                title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading.group(1))
                if docutils.nodes.make_id(title.replace('`', '')) != anchor:  # Sphinx itself gives the heading another id
                    out += [f'<a class="anchor" id="{anchor}"></a>', '']
                out.append(line.split(' ', 1)[0] + ' ' + title)
            else:
                out.append(re.sub(RULE, lambda rule: f'{rule[1]}<a class="anchor" id="{rule[2].lower()}"></a>**{rule[2]}', line)
                           if page in ('rules', 'exec') else line)
            number += 1
        return self.outside_code(page, source, '\n'.join(out))

    def outside_code(self, page, source, text):
        parts = re.split(r'(^ *(`{6}|```)\{.*?^ *\2$|^#.*?$)', text, flags=re.DOTALL | re.MULTILINE)
        return ''.join(part if number % 3 == 1 else self.prose(page, source, part)
                       for number, part in enumerate(parts) if number % 3 != 2)

    # ---- writing ------------------------------------------------------------------------------------

    def write(self, page, text):
        path = os.path.join(self.output, page + '.md')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        self.written.append(page)

    def write_reference(self):
        for header in self.headers:
            page = f'reference/{header.name[:-2]}'
            self.write(page, self.markdown(page, 'docs/examples/x.md', reference.page(self.root, header)))
        listed = [header.name[:-2] for header in self.headers]
        self.write('reference/index', reference.index(self.headers, man.first_sentence) + tree(None, listed))

    def write_examples(self):
        for page, files in self.folders.items():
            path = os.path.join(self.root, page)
            text = f'# {os.path.basename(page)}\n\n'
            if os.path.exists(os.path.join(path, 'README.md')):
                text = read(os.path.join(path, 'README.md'))
            for file in files:
                language = ENDINGS[os.path.splitext(file)[1]]
                text += f'\n## {file}\n\n```{language}\n{read(os.path.join(path, file))}```\n'
            self.write(page, self.markdown(page, page + '/README.md', text))

    def contents(self):
        """[(title, pages)] of the lists in docs/README.md."""
        sections, listed = [], set()
        for line in read(os.path.join(self.root, 'docs/README.md')).split('\n'):
            title = re.fullmatch(r'\*\*(.*)\*\*', line)
            if title:
                sections.append((title.group(1), []))
            for target in re.findall(r'\]\(([^)#]+)', line):
                page = self.places.get(os.path.normpath(os.path.join('docs', target)), '')[:-5]
                if page in self.sources and page not in listed and page != 'index':
                    sections[-1][1].append(page)
                    listed.add(page)
                elif page == 'reference/index' and page not in listed:
                    sections[-1][1].append(page)
                    listed.add(page)
        return sections

    def trees(self, page):
        """The navigation: the pages below this page."""
        if page == 'index':
            sections = self.contents()
            listed = {p for _, section in sections for p in section} | {'index', 'examples/index', 'reference/index'}
            rest = [p for p in self.sources if p not in listed and not p.startswith('vet/')]
            sections[-1][1].extend(rest)
            sections[1][1].append('examples/index')
            return ''.join(tree(title, section) for title, section in sections)
        if page == 'vet':
            return tree(None, [p for p in self.sources if p.startswith('vet/')])
        if page == 'examples/index':
            return tree(None, [p.split('/')[1] for p in self.folders])
        return ''

    def write_all(self):
        os.makedirs(os.path.join(self.output, 'extra'), exist_ok=True)
        for page, source in self.sources.items():
            text = read(os.path.join(self.root, source))
            self.write(page, self.markdown(page, source, text) + self.trees(page))
        self.write_reference()
        self.write_examples()
        static = os.path.join(self.output, '_static')
        os.makedirs(static, exist_ok=True)
        shutil.copy(os.path.join(HERE, 'site.css'), static)
        shutil.copy(os.path.join(HERE, 'conf.py'), self.output)


def tree(title, listed):
    if not listed:
        return ''
    caption = f':caption: {title}\n' if title else ''
    return f'\n\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n{caption}\n' + '\n'.join(listed) + '\n```\n'


if __name__ == '__main__':
    shutil.rmtree(sys.argv[2], ignore_errors=True)
    Site(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])).write_all()
