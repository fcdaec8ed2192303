#!/usr/bin/env python3
"""browser.py SITE [PICTURES]: opens each page of the built site in a headless chromium, on a phone (360 pixels wide) and on a screen
(1280). No page is wider than its window, no column of a table is cut (but in SCROLLED), no script fails, nothing is missing, and the
search finds a name. Each page's text can be read, and where the system asks for dark pages, each page is dark. With PICTURES, a folder,
each page of PAGES is photographed there, light and dark."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.parse

WIDTHS = [360, 1280]
PAGES = ['index.html', 'quickstart.html', 'cheatsheet.html', 'calls.html', 'architecture.html', 'reference/defer.html', 'reference/index.html',
         'examples/channels.html', 'vet/leak.html', 'bench.html']
SCROLLED = ['bench.html', 'index.html', 'vet.html', 'vet-precision.html']  # they have tables that a reader may have to scroll
SECONDS = 600  # a browser that says nothing for longer hangs

DARK = '--blink-settings=preferredColorScheme=0'

# Loads the pages one after the other in a frame, and sends what is wrong.
CHECK = """<!doctype html><meta charset="utf-8"><title>check</title><body><script>
const wrong = [];
function load(url, width) {
    return new Promise(done => {
        const frame = document.createElement('iframe');
        frame.style = `border: 0; height: 800px; width: ${width}px`;
        frame.onload = () => done(frame);
        frame.src = url;
        document.body.append(frame);
    });
}
function widest(page) {
    const right = element => element.getBoundingClientRect().right;
    const all = [...page.body.querySelectorAll('*')].filter(element => !element.closest('pre, .wy-table-responsive, nav'));
    const element = all.reduce((a, b) => right(b) > right(a) ? b : a);
    return `${element.outerHTML.slice(0, 100)} ends at ${Math.round(right(element))}`;
}
async function look(url, width) {
    const frame = await load('/' + url, width), page = frame.contentDocument;
    const article = page.querySelector('article') || page.body;
    if (page.documentElement.scrollWidth > width)
        wrong.push(`${url}: wider than ${width} pixels: ${widest(page)}`);
    if (parseFloat(frame.contentWindow.getComputedStyle(article).fontSize) < 14)
        wrong.push(`${url}: the letters are small`);
    const cut = [...page.querySelectorAll('table')].find(table => table.scrollWidth > table.clientWidth + 1);
    if (cut && !SCROLLED.includes(url))
        wrong.push(`${url}: at ${width} pixels, a table is ${cut.scrollWidth} wide: ${cut.innerText.replace(/\s+/g, " ").slice(0, 60)}`);
    if (!article.innerText.trim())
        wrong.push(`${url}: nothing is shown`);
    frame.remove();
}
// The contrast of two colours, as WCAG 2 defines it.
function contrast(one, other) {
    const [light, dark] = [one, other].map(colour => {
        const [r, g, b] = colour.slice(0, 3).map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }).sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
}
function colour(text) {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
}
function background(element, style) {
    for (; element; element = element.parentElement) {
        const found = colour(style(element).backgroundColor);
        if (found[3] > 0.5)
            return found;
    }
    return [255, 255, 255, 1];
}
async function lookAtColours(url) {
    const frame = await load('/' + url, 1280), page = frame.contentDocument, style = element => frame.contentWindow.getComputedStyle(element);
    if (frame.contentWindow.matchMedia('(prefers-color-scheme: dark)').matches !== DARK)
        wrong.push(`the browser asks for pages that are ${DARK ? 'not ' : ''}dark`);
    const article = page.querySelector('[role=main]') || page.body;
    for (const part of [article, ...page.querySelectorAll('.wy-menu-vertical li.current, .wy-menu-vertical li.current a')])
        if (DARK && contrast(background(part, style), [0, 0, 0]) > 2) {
            wrong.push(`${url}: bright in the dark: ${part.outerHTML.slice(0, 80)}`);
            break;
        }
    const words = page.createTreeWalker(article, NodeFilter.SHOW_TEXT, node => node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT);
    const seen = new Set();
    while (words.nextNode()) {
        const element = words.currentNode.parentElement, pair = [colour(style(element).color), background(element, style)];
        if (element.closest('object, svg, script, style') || style(element).visibility === 'hidden' || seen.has(String(pair)))
            continue;
        seen.add(String(pair));
        if (contrast(...pair) < 4.5)
            wrong.push(`${url}: ${DARK ? 'in the dark' : 'in the light'}, ${element.outerHTML.slice(0, 80)} is ${pair.join(' on ')}`);
    }
    frame.remove();
}
async function search(word) {
    const frame = await load('/search.html?q=' + word, 1280);
    for (;;) { // until the search is over
        const status = frame.contentDocument.querySelector('.search-summary');
        if (status && /found/.test(status.textContent) && !/Searching/.test(status.textContent))
            break;
        await new Promise(done => setTimeout(done, 20));
    }
    if (!frame.contentDocument.querySelector('ul.search li'))
        wrong.push(`the search finds no ${word}`);
}
(async () => {
    try {
        for (const url of URLS)
            await lookAtColours(url);
        for (const width of DARK ? [] : WIDTHS)
            for (const url of URLS)
                await look(url, width);
        if (!DARK)
            await search('lg_defer');
    } catch (error) {
        wrong.push(String(error));
    }
    fetch('/result', {method: 'POST', body: JSON.stringify(wrong)});
})();
</script>"""
FRAME = '<!doctype html><body style="margin: 0"><iframe src="%s" style="border: 0; height: 844px; width: %dpx"></iframe>'


def all_pages(site):
    return sorted(os.path.relpath(os.path.join(folder, file), site) for folder, _, files in os.walk(site) for file in files
                  if file.endswith('.html'))


def make_handler(site, state):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=site)

        def log_message(self, *_):
            pass

        def send_text(self, text):
            self.send_response(200)
            self.send_header('Content-Type', 'text/html; charset=utf-8')
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            if url.path == '/check':
                dark = url.query == 'dark'
                values = {'WIDTHS': WIDTHS, 'SCROLLED': SCROLLED, 'URLS': all_pages(site), 'DARK': dark}
                text = CHECK
                for name, value in values.items():
                    text = text.replace(name, json.dumps(value))
                self.send_text(text)
            elif url.path == '/frame':
                page, width = url.query.split('&')
                self.send_text(FRAME % (page, int(width)))
            elif url.path == '/favicon.ico':
                self.send_text('')
            else:
                if not os.path.exists(self.translate_path(self.path)):
                    state['wrong'].append(f'there is no {self.path}')
                super().do_GET()

        def do_POST(self):
            state['wrong'] += json.loads(self.rfile.read(int(self.headers['Content-Length'])))
            self.send_text('')
            state['done'].set()

    return Handler


def chromium(folder, *arguments):
    return ['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--enable-logging=stderr',
            '--hide-scrollbars', '--user-data-dir=' + folder, *arguments]


def check(address, state, folder, *arguments):
    log = os.path.join(folder, 'log')
    state['done'].clear()
    with open(log, 'w', encoding='utf-8') as file:
        browser = subprocess.Popen(chromium(os.path.join(folder, 'profile'), *arguments, address), stdout=file, stderr=file)
    if not state['done'].wait(SECONDS):
        state['wrong'].append('the browser does not answer')
    browser.terminate()
    browser.wait()
    with open(log, encoding='utf-8', errors='replace') as file:
        state['wrong'] += [line.strip() for line in file if 'CONSOLE' in line and ('Uncaught' in line or 'Error' in line)]


def take_pictures(address, folder, pictures):
    os.makedirs(pictures, exist_ok=True)
    for page in PAGES:
        for width in WIDTHS:
            for end, arguments in ('', []), ('-dark', [DARK]):
                picture = os.path.join(pictures, f'{page[:-5].replace("/", "-")}-{width}{end}.png')
                url = f'{address}/frame?{page}&{width}'
                subprocess.run(chromium(os.path.join(folder, 'profile'), *arguments, '--screenshot=' + os.path.abspath(picture),
                                        f'--window-size={max(width, 500)},844', url), stderr=subprocess.DEVNULL, check=True)


def main(site, pictures=None):
    state = {'wrong': [], 'done': threading.Event()}
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), make_handler(os.path.abspath(site), state))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_port}'
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        check(address + '/check', state, folder)
        check(address + '/check?dark', state, folder, DARK)
        if pictures:
            take_pictures(address, folder, pictures)
    for text in state['wrong']:
        print('FAIL: ' + text)
    print(f'{len(all_pages(site))} pages in a browser, at {" and ".join(map(str, WIDTHS))} pixels: {len(state["wrong"])} mistakes')
    return 1 if state['wrong'] else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
