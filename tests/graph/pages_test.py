#!/usr/bin/env python3
"""pages_test.py PROGRAM ROOT: --report, --junit, history and the schema for editors."""
import glob
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PROGRAM = os.path.realpath(sys.argv[1])
ROOT = sys.argv[2]

GRAPH = r"""
defer: echo the run is over
jobs:
  good: {run: 'printf "<b>&\"\033[31m\377\n"', defer: 'echo "<cleaned>"'}
  server: {run: 'touch up; exec sleep 1000', ready: {file: up}}
  bad: {needs: [good, server], run: 'echo "]]> & why"; exit 3', defer: 'exit 4'}
  never: {needs: bad, run: 'true'}
"""


def lifoguard(*arguments, status=0):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, errors='replace', stdin=subprocess.DEVNULL)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


class Page(html.parser.HTMLParser):
    """Checks that the elements are nested well, and that nothing is loaded from elsewhere."""
    EMPTY = {'meta', 'line', 'link', 'br'}

    def __init__(self):
        super().__init__()
        self.open, self.rectangles, self.titles, self.all = [], [], [], set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert not {'src', 'href'} & attributes.keys(), (tag, attributes)
        self.all.add(tag)
        if tag == 'rect':
            self.rectangles.append(attributes)
        if tag == 'title':
            self.titles.append('')
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.all.add(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == 'title':
            self.titles[-1] += data

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.open)


def check_page(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    page = Page()
    page.feed(text)
    assert not page.open, page.open
    assert 'script' not in page.all and 'svg' in page.all, page.all
    bars = dict(zip(page.titles[1:], page.rectangles))
    assert len(bars) == 6, bars.keys()

    def bar(*words):
        found = [(title, bar) for title, bar in bars.items() if all(word in title for word in words)]
        assert len(found) == 1, (words, bars.keys())
        return found[0]

    def begin(*words):
        return float(bar(*words)[1]['x'])

    assert 'exit status 3' in bar('bad', 'why')[0]
    assert bar('bad', 'why')[1]['class'] == 'failed'
    assert bar('server', 'sleep')[1]['class'] == 'service'
    assert bar('bad', 'cleanup', 'exit 4')[1]['class'] == 'cleanup failed'
    assert begin('good', 'printf') < begin('bad', 'why') < begin('bad', 'cleanup') < begin('good', 'cleanup') < begin('run', 'over')
    widest = max(float(bar['x']) + float(bar['width']) for bar in page.rectangles)
    assert widest <= 1260, widest
    assert '<b>' not in text and '\033' not in text


def check_junit(path):
    suite = xml.etree.ElementTree.parse(path).getroot()
    cases = {case.get('name'): case for case in suite}
    assert suite.tag == 'testsuite' and set(cases) == {'good', 'server', 'bad', 'never', 'bad cleanup 3'}, list(cases)
    assert (suite.get('tests'), suite.get('failures'), suite.get('skipped')) == ('5', '2', '1'), suite.attrib
    assert cases['bad'].find('failure').get('message') == 'exit status 3'
    assert cases['bad'].find('system-out').text == ']]> & why\n'
    assert cases['never'].find('skipped') is not None
    assert all(float(case.get('time')) >= 0 for case in suite)


def check_history():
    lines = [line.split('\t') for line in lifoguard('history').splitlines()]
    assert len(lines) == 1 and lines[0][2] == 'failed' and lines[0][4] == 'g.yaml', lines
    run = lines[0][0]
    shown = lifoguard('show', run)
    assert shown == lifoguard('show')
    for words in ('bad: failed: exit status 3', 'never: skipped: it needs bad', '(exit status 4)', 'server: service'):
        assert words in shown, (words, shown)
    assert lifoguard('logs', run, 'bad') == ']]> & why\n'
    assert lifoguard('logs', run, 'run') == 'the run is over\n'
    lifoguard('logs', run, 'never', status=1)
    lifoguard('logs', run, '../../state.db', status=1)
    lifoguard('show', 'nix', status=1)
    lifoguard('show', '--report', 'again.html', '--junit', 'again.xml', run)
    for name in 'html', 'xml':
        with open('r.' + name) as first, open('again.' + name) as second:
            # The events carry all that the pages need.
            assert first.read() == second.read(), name


def check_schema():
    """Each map of the schema has the keys of the table in read.c or read_job.c that reads it, and no others."""
    with open(ROOT + '/packaging/schema/run.schema.json') as file:
        schema = json.load(file)
    source = ''
    for name in 'read.c', 'read_job.c':
        with open(ROOT + '/tools/graph/' + name) as file:
            source += file.read()
    tables = {name: set(re.findall(r'\{"(\w+)",', body))
              for name, body in re.findall(r'struct map_key (\w+)_keys\[\] = \{(.*?)\};', source, re.S)}
    objects = {'file': schema, 'job': schema['definitions']['job'], 'deferred': schema['definitions']['cleanup'],
               'step': schema['definitions']['step'], 'ready': schema['definitions']['ready']}
    assert tables.keys() == objects.keys(), tables.keys()
    for name, keys in tables.items():
        assert keys == objects[name]['properties'].keys(), (name, keys ^ objects[name]['properties'].keys())
    try:
        import jsonschema
        import yaml
    except ImportError:
        print('no jsonschema or yaml: the schema was not tried')
        return
    for name in glob.glob(ROOT + '/examples/jobs/*.yaml'):
        with open(name) as file:
            jsonschema.validate(yaml.safe_load(file), schema)


def check_completion():
    def complete(*words):
        script = f'source {ROOT}/packaging/completion/lifoguard.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lifoguard; printf "%s\\n" "${{COMPREPLY[@]}}"'
        os.makedirs('bin', exist_ok=True)
        if not os.path.exists('bin/lifoguard'):
            os.symlink(PROGRAM, 'bin/lifoguard')
        done = subprocess.run(['bash', '-c', script, 'bash', *words], capture_output=True, text=True,
                              env=dict(os.environ, PATH='bin:' + os.environ['PATH']))
        return set(done.stdout.split())

    run = lifoguard('history').split('\t')[0]
    check_what_is_offered(complete, run)
    assert complete('lifoguard', 'run', 'g.y') == {'g.yaml'}
    assert complete('lifoguard', 'undo', '--si') == {'--since'}
    assert complete('lifoguard', 'logs', run, 'b') == {'bad'}
    script = 'source %s/packaging/completion/lifoguard.bash; COMP_WORDS=(lifoguard run --job "" g.yaml); COMP_CWORD=3; _lifoguard; echo "${COMPREPLY[@]}"' % ROOT
    done = subprocess.run(['bash', '-c', script], capture_output=True, text=True, env=dict(os.environ, PATH='bin:' + os.environ['PATH']))
    assert set(done.stdout.split()) == {'good', 'server', 'bad', 'never'}, (done.stdout, done.stderr)
    for complete in (complete_in_zsh, complete_in_fish):
        if shutil.which(complete.__name__.split('_')[-1]):
            check_what_is_offered(complete, run)
            assert complete('lifoguard', 'run', 'g.yaml', '--job', 'g') == {'good'}


# Just enough of the completion system of zsh: what is offered is printed, if it begins with the word at the cursor.
ZSH = """
compadd() {
    local word
    while [[ $1 == -* && $1 != -- ]]; do shift; done
    [[ $1 != -- ]] || shift
    for word; do [[ $word != $PREFIX* ]] || print -r -- $word; done
}
_describe() { local line; for line in ${(P)2}; do compadd -- ${line%%:*}; done; }
_files() { compadd -- *(N); }
_normal() { (( CURRENT > 1 )) || compadd -- ${(k)commands}; }
words=("${@:2}") CURRENT=$(($# - 1)) PREFIX=${@[-1]}
source $1
"""


def printed(command):
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, PATH='bin:' + os.environ['PATH']))
    assert not done.stderr, (command, done.stderr)
    return done.stdout.splitlines()


def complete_in_zsh(*words):
    return set(printed(['zsh', '-f', '-c', ZSH, 'zsh', f'{ROOT}/packaging/completion/_lifoguard', *words]))


def complete_in_fish(*words):
    script = f'source {ROOT}/packaging/completion/lifoguard.fish; complete -C "{" ".join(words)}"'
    return {line.split('\t')[0] for line in printed(['fish', '--private', '-c', script])}


def check_what_is_offered(complete, run):
    assert complete('lifoguard', 'sh') == {'show', 'shell-init'}
    assert complete('lifoguard', '') >= {'exec', 'wait-for'}
    assert '' not in complete('lifoguard', '')
    assert complete('lifoguard', '-') >= {'--help', '--version'}
    assert complete('lifoguard', 'run', '--k') == {'--keep-going', '--keep'}
    # The options of both kinds of files, and no option of a cleanup.
    assert complete('lifoguard', 'run', '--') >= {'--grace', '--shell', '--job', '--plain'}
    assert '--on-failure' not in complete('lifoguard', 'run', '--on')
    assert complete('lifoguard', 'exec', '--t') == {'--timeout'}
    assert complete('lifoguard', 'wait-for', '--t') == {'--tcp', '--timeout'}
    assert complete('lifoguard', 'vet', '--explain', 'lea') == CHECKS
    assert complete('lifoguard', 'vet', '--check', 'leak,lea') == {'leak,' + check for check in CHECKS}
    assert complete('lifoguard', 'vet', '--format', 'j') == {'json'}
    assert complete('lifoguard', 'run', '--status', 'f') == {'first-failure'}
    assert complete('lifoguard', 'shell-init', 'f') == {'fish'}
    assert complete('lifoguard', 'show', run[:3]) == {run}
    for words in (['exec'], ['exec', '--timeout', '5s', '--'], ['with', '--timeout', '5s'], ['lock', 'deploy'], ['lock', 'deploy', '--'],
                  ['acquire', '--undo'], ['acquire', '--undo', 'rm', 'x', '--'], ['defer', '--name', 'x']):
        assert complete('lifoguard', *words, 'mkfif') == {'mkfifo'}, words
    assert complete('lifoguard', 'lock', 'mkfif') == set()  # the name of a lock


# The checks that are completed; none, where lifoguard-vet is not found.
CHECKS = {'leak'} if subprocess.run([PROGRAM, 'vet', '--explain', 'leak'], capture_output=True).returncode == 0 else set()

for name in 'KEEP', 'LIFOGUARD_RUN', 'LIFOGUARD_STATE', 'MAKEFLAGS':
    os.environ.pop(name, None)
folder = tempfile.mkdtemp()
os.chdir(folder)
os.environ['XDG_STATE_HOME'] = folder
try:
    with open('g.yaml', 'w') as file:
        file.write(GRAPH)
    lifoguard('run', '-k', '-j1', '--report', 'r.html', '--junit', 'r.xml', 'g.yaml', status=1)
    check_page('r.html')
    check_junit('r.xml')
    check_history()
    check_schema()
    check_completion()
finally:
    os.chdir('/')
    shutil.rmtree(folder)
print('ok')
