#!/usr/bin/env python3
"""browser_test.py PROGRAM: the page of --report, looked at in a real browser without a window: where its bars are, what is found under
the pointer there, and that nothing is loaded from elsewhere. Skipped where there is no browser (Debian: chromium)."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.realpath(sys.argv[1])
BROWSER = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
if not BROWSER:
    print('skipped: there is no browser here (Debian: apt-get install chromium)')
    sys.exit(77)

# Where such a file lies, the headline is long.
PLACE = 'a-folder-with-a-long-name/and-another-one-below-it'

GRAPH = """
defer: sleep 0.2
jobs:
  good: {run: 'sleep 0.2; echo "<b>&"', defer: 'sleep 0.2'}
  server: {run: 'touch up; exec sleep 1000', ready: {file: up}}
  a-job-with-quite-a-long-name-for-a-row: {needs: [good, server], run: 'sleep 0.2; exit 3', defer: 'sleep 0.2; exit 4'}
"""

# Runs in the page, in a frame, and leaves what it has found as the title of the page around the frame.
LOOK = """<script>
const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const chart = document.querySelector('.chart');
const bars = [...document.querySelectorAll('svg rect')].map(bar => {
    chart.scrollLeft = 0;
    window.scrollTo(0, 0);
    const [left, top, right, bottom] = box(bar);
    bar.scrollIntoView({block: 'center', inline: 'center'});
    const b = bar.getBoundingClientRect();
    const under = document.elementFromPoint((b.left + b.right) / 2, (b.top + b.bottom) / 2);
    return {box: [left, top, right, bottom], colour: getComputedStyle(bar).fill, found: under === bar,
            details: bar.querySelector('title').textContent};
});
chart.scrollLeft = 0;
window.scrollTo(0, 0);
parent.document.title = 'LOOKED' + JSON.stringify({
    bars, chart: box(document.querySelector('svg')), page: getComputedStyle(document.body).backgroundColor,
    names: [...document.querySelectorAll('svg text:not(.dim)')].map(box),
    scrolls: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    letters: document.querySelector('svg text').getBoundingClientRect().height,
    loaded: performance.getEntriesByType('resource').length,
    rows: document.querySelectorAll('table tr').length,
}) + 'DONE';
</script>"""


def look(width):
    """The page as it is in a frame of this width: a window cannot be as narrow as a telephone's."""
    with open('looked.html', encoding='utf-8') as file:
        page = html.escape(file.read())
    with open('frame.html', 'w', encoding='utf-8') as file:
        file.write(f'<!DOCTYPE html><meta charset="utf-8"><title>-</title><iframe style="width: {width}px; height: 900px" srcdoc="{page}"></iframe>')
    done = subprocess.run([BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                           '--user-data-dir=' + os.path.join(os.getcwd(), 'browser'), '--window-size=1400,1000',
                           '--dump-dom', 'file://' + os.path.realpath('frame.html')],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search('LOOKED(.*)DONE', done.stdout)
    assert found, (done.stdout, done.stderr)
    return json.loads(html.unescape(found[1]))


def check(page):
    bars = page['bars']
    assert len(bars) == 6, [bar['details'] for bar in bars]
    assert page['loaded'] == 0 and not page['scrolls'] and page['rows'] == 5, page
    assert page['letters'] >= 8, page['letters']
    left, top, right, bottom = page['chart']
    for bar in bars:
        x1, y1, x2, y2 = bar['box']
        assert left <= x1 < x2 <= right + 1 and top <= y1 < y2 <= bottom + 1, (bar, page['chart'])
        assert bar['found'], ('another thing lies over it', bar)
        assert bar['colour'] != page['page'], bar
    for name in page['names']:
        assert name[2] <= min(bar['box'][0] for bar in bars), ('a name runs into the chart', name)

    def one(*words):
        found = [bar for bar in bars if all(word in bar['details'] for word in words)]
        assert len(found) == 1, (words, bars)
        return found[0]

    good, released = one('good', 'echo'), one('good', 'cleanup')
    failed, server = one('exit 3'), one('server')
    assert good['box'][2] <= failed['box'][0] + 1 and failed['box'][2] <= released['box'][0] + 1, (good, failed, released)
    assert server['box'][2] >= failed['box'][2] - 1, 'the server is up as long as it is needed'
    colours = {bar['colour'] for bar in (good, released, failed, server)}
    assert len(colours) == 4, colours
    assert 'exit status 3' in failed['details'] and one('exit 4')['colour'] == failed['colour']


for name in 'KEEP', 'LIFOGUARD_RUN', 'LIFOGUARD_STATE', 'MAKEFLAGS':
    os.environ.pop(name, None)
folder = tempfile.mkdtemp()
os.chdir(folder)
os.environ['XDG_STATE_HOME'] = folder
try:
    os.makedirs(PLACE)
    with open(PLACE + '/g.yaml', 'w', encoding='utf-8') as file:
        file.write(GRAPH)
    subprocess.run([PROGRAM, 'run', '--report', 'r.html', PLACE + '/g.yaml'], stdin=subprocess.DEVNULL, capture_output=True)
    with open('r.html', encoding='utf-8') as file:
        text = file.read()
    with open('looked.html', 'w', encoding='utf-8') as file:
        file.write(text.replace('</body>', LOOK + '</body>'))
    for width in 1280, 600, 360:
        check(look(width))
    print('looked at in', BROWSER)
finally:
    os.chdir('/')
    shutil.rmtree(folder, ignore_errors=True)
