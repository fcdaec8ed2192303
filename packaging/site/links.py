#!/usr/bin/env python3
"""links.py SITE: each link, picture, script and style of the built site leads to a file of the site, and each anchor to an element
of that page. No page loads anything from another host, and no two elements of a page have the same id."""

import html.parser
import os
import sys
import urllib.parse

LOADED = {'link': 'href', 'script': 'src', 'img': 'src', 'object': 'data', 'iframe': 'src'}


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.targets, self.loaded, self.twice = set(), [], [], []
        with open(path, encoding='utf-8') as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if 'id' in attributes:
            if attributes['id'] in self.ids:
                self.twice.append(attributes['id'])
            self.ids.add(attributes['id'])
        if tag == 'a' and attributes.get('href'):
            self.targets.append(attributes['href'])
        if tag in LOADED and attributes.get(LOADED[tag]):
            self.loaded.append(attributes[LOADED[tag]])


def read_pages(site):
    pages = {}
    for folder, _, files in os.walk(site):
        for file in files:
            if file.endswith('.html'):
                path = os.path.join(folder, file)
                pages[os.path.relpath(path, site)] = Page(path)
    return pages


def mistakes(site, pages, name, page):
    yield from (f'two elements have the id {id_}' for id_ in page.twice)
    for target in page.loaded + page.targets:
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            if target in page.loaded and url.scheme != 'data':
                yield f'loads {target}'
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(name), urllib.parse.unquote(url.path))) if url.path else name
        if not os.path.exists(os.path.join(site, path)):
            yield f'there is no {target}'
        elif url.fragment and path in pages and urllib.parse.unquote(url.fragment) not in pages[path].ids:
            yield f'{path} has no element {url.fragment}'


def main(site):
    pages = read_pages(site)
    found = sorted({f'{name}: {text}' for name, page in pages.items() for text in mistakes(site, pages, name, page)})
    for text in found:
        print('FAIL: ' + text)
    count = sum(len(page.targets) for page in pages.values())
    print(f'{len(pages)} pages, {count} links, {len(found)} mistakes')
    return 1 if found or len(pages) < 100 else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
