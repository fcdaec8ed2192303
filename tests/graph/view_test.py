#!/usr/bin/env python3
"""view_test.py PROGRAM: the live view of `lifoguard run FILE.yaml`, on a terminal that this program plays."""
import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time

PROGRAM = os.path.realpath(sys.argv[1])
PATIENCE = 300  # a machine with other work to do may take long

GRAPH = """
jobs:
  steady: {run: 'echo begun; touch here; until test -e go; do sleep 0.02; done; printf "\\033[31mred\\033[0m, and then some more of it\\n"; until test -e end; do sleep 0.02; done'}
  wide: {run: 'echo ワイド文字ワイド文字ワイド文字ワイド文字; until test -e end; do sleep 0.02; done'}
  bad: {run: 'until test -e go; do sleep 0.02; done; echo why it failed; exit 3', defer: echo cleaned}
  never: {needs: bad, run: 'true'}
"""


class Screen:
    """As much of a terminal as the view uses; anything else is an error."""

    def __init__(self, columns):
        self.columns = columns
        self.lines, self.row, self.rest = [''], 0, ''
        self.raw = ''

    def text(self):
        return '\n'.join(line.rstrip() for line in self.lines)

    def put(self, character):
        if character == '\n':
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append('')
            self.column = 0
        elif character == '\r':
            self.column = 0
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
            self.column += 1

    column = 0

    def feed(self, data):
        self.raw += data
        text = self.rest + data
        at = 0
        while at < len(text):
            if text[at] != '\033':
                self.put(text[at])
                at += 1
                continue
            match = re.match(r'\033\[(\??)([0-9;]*)([A-Za-z])', text[at:])
            if not match:
                assert len(text) - at < 12, repr(text[at:at + 20])
                break
            at += match.end()
            self.control(*match.groups())
        self.rest = text[at:]

    def resize(self, columns):
        """As most terminals do: lines that are too long by now go on in the next row."""
        self.columns, lines = columns, []
        assert self.row == len(self.lines) - 1 and self.column == 0, 'not where the next frame begins'
        for line in self.lines:
            lines += [line[i:i + columns] for i in range(0, max(len(line), 1), columns)]
        self.lines, self.row = lines, len(lines) - 1

    def control(self, private, number, letter):
        if private:
            assert (number, letter) in (('2026', 'h'), ('2026', 'l')), (number, letter)
        elif letter == 'A':
            self.row -= int(number)
            assert self.row >= 0, 'the cursor is above the screen'
        elif letter == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == 'J':
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        else:
            assert letter == 'm', letter


def fill(terminal):
    """Until it takes no more without waiting for its reader; and writes to it do not wait."""
    os.set_blocking(terminal, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(terminal, b'\n')


class Run:
    def __init__(self, columns=80, environment=None, graph=GRAPH, options=(), name_it=None, is_full=False):
        self.screen = Screen(columns)
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')  # a read may end within a character
        with open('g.yaml', 'w') as file:
            file.write(graph)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(environment or {})
            if name_it:
                os.environ[name_it] = os.ttyname(1)
            self.resize_of(1, columns)
            if is_full:
                fill(1)
            os.execv(PROGRAM, ['lifoguard', 'run', '-j', '8', '-k', *options, 'g.yaml'])
        self.resize(columns)

    def resize_of(self, fd, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))

    def resize(self, columns):
        self.resize_of(self.fd, columns)

    def read(self):
        """False: it has ended."""
        if not select.select([self.fd], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.screen.feed(self.decoder.decode(data))
        return bool(data)

    def in_a_frame(self):
        """What was read last may end in the middle of one."""
        return self.screen.raw.count('\033[?2026h') != self.screen.raw.count('\033[?2026l')

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while self.in_a_frame() or not condition(self.screen.text()):
            assert self.read(), f'it has ended before: {what}\n{self.screen.text()}'
            assert time.monotonic() < deadline, f'not seen: {what}{" (a frame has no end)" if self.in_a_frame() else ""}\n{self.screen.text()}'

    def end(self):
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def child_of(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return int(file.read().split()[0])


def state_of(pid):
    with open(f'/proc/{pid}/stat') as file:
        return file.read().rpartition(')')[2].split()[0]


def rows_of(text, job):
    return [line for line in text.splitlines() if line.startswith(job + ' ')]


def one_row_a_job():
    run = Run()
    run.until(lambda text: all(rows_of(text, job) for job in ('steady', 'wide', 'bad')), 'a row for each job')
    run.until(lambda text: any('begun' in row for row in rows_of(text, 'steady')), 'its last line')
    open('go', 'w').close()
    run.until(lambda text: 'bad  ' in text and 'exit status 3' in text, 'the failure')
    run.until(lambda text: any('red, and then' in row for row in rows_of(text, 'steady')), 'without its colour')
    run.until(lambda text: '- never' in text, 'what was skipped')
    text = run.screen.text()
    for job in 'steady', 'wide':
        assert len(rows_of(text, job)) == 1, f'rows of {job}:\n{text}'
    assert re.search(r'^✗ bad .*exit status 3$', text, re.M), text
    assert '    why it failed' in text, text
    open('end', 'w').close()
    status = run.end()
    text = run.screen.text()
    assert status == 1, status
    assert '✓ steady' in text and '✓ wide' in text, text
    assert not rows_of(text, 'steady') and not rows_of(text, 'bad'), f'rows are left:\n{text}'
    assert re.search(r'^lifoguard: failed: 2 of 4 jobs, 1 cleanup, ', text, re.M), text


def widths(raw):
    """Of the rows that were drawn: those that end in the sequence that clears the rest of the line."""
    for row in re.findall(r'([^\n]*)\033\[K\r?\n', raw):
        row = re.sub(r'\033\[[?0-9;]*[A-Za-z]', '', row)
        yield sum(2 if ord(character) > 0x2e80 else 1 for character in row.strip('\r'))


def rows_fit_into_the_terminal():
    run = Run(columns=50)
    run.until(lambda text: any('begun' in row for row in rows_of(text, 'steady')), 'a row')
    run.until(lambda text: rows_of(text, 'wide') and rows_of(text, 'bad'), 'the others')
    assert max(widths(run.screen.raw)) < 50, list(widths(run.screen.raw))
    # While it stands still, so that nothing is on its way that was drawn for the old width.
    engine = child_of(child_of(run.pid))
    os.kill(engine, signal.SIGSTOP)
    while state_of(engine) != 'T' or select.select([run.fd], [], [], 0)[0]:
        run.read()
    before = len(run.screen.raw)
    run.screen.resize(30)
    run.resize(30)
    os.kill(engine, signal.SIGCONT)
    run.until(lambda text: '\033[J' in run.screen.raw[before:], 'redrawn')
    for job in 'steady', 'wide', 'bad':
        assert len(rows_of(run.screen.text(), job)) == 1, run.screen.text()
    open('go', 'w').close()
    run.until(lambda text: 'exit status 3' in text, 'the failure')
    time_of_resize = run.screen.raw.find('\033[J', before)
    assert time_of_resize >= 0, 'what the terminal has wrapped was not cleared'
    assert max(widths(run.screen.raw[time_of_resize:])) < 30
    open('end', 'w').close()
    assert run.end() == 1


def no_color_means_none():
    run = Run(environment={'NO_COLOR': '1'})
    run.until(lambda text: rows_of(text, 'steady'), 'a row')
    open('go', 'w').close()
    open('end', 'w').close()
    run.end()
    assert not re.search(r'\033\[[0-9;]*m', run.screen.raw), 'a colour'


def what_has_not_changed_is_not_drawn():
    begun = time.monotonic()
    run = Run(graph="jobs: {a: {run: 'echo x; until test -e end; do sleep 0.02; done'}}")
    run.until(lambda text: any(' x' in row for row in rows_of(text, 'a')), 'the row')
    for _ in range(10):
        run.read()
    # One when the job begins, one for its line, and one for each second, which changes the time in the row.
    most = 5 + time.monotonic() - begun
    assert run.screen.raw.count('\033[?2026h') <= most, 'drawn again and again'
    open('end', 'w').close()
    assert run.end() == 0


def plain_and_dumb_terminals_get_lines():
    for options, environment in ((['--plain'], {}), ([], {'TERM': 'dumb'})):
        run = Run(graph="jobs: {a: {run: echo x}}", options=options, environment=environment)
        assert run.end() == 0
        assert '\033' not in run.screen.raw, run.screen.raw
        assert 'a   | x' in run.screen.raw, run.screen.raw


def interrupt_from_the_terminal_ends_the_run():
    run = Run(graph="jobs: {a: {run: 'echo up; sleep 1000', defer: 'touch cleaned'}}")
    run.until(lambda text: any(' up' in row for row in rows_of(text, 'a')), 'the row')
    os.write(run.fd, b'\x03')
    assert run.end() == 130
    assert os.path.exists('cleaned')


def a_job_has_no_terminal_and_cannot_acquire_one():
    run = Run(graph="""jobs: {a: {run: 'try() { if (: </dev/tty) 2>&-; then echo one; else echo none; fi; };
      try >had; test -t 1 || : <"$TERMINAL"; try >has'}}""", options=['--plain'],
              name_it='TERMINAL')
    assert run.end() == 0, run.screen.raw
    for name in 'had', 'has':
        with open(name) as file:
            assert file.read() == 'none\n', name


def what_fails_shows_its_last_lines():
    # The rows are in the order of the starts, and the last ones are not shown: so these wait until db and a have begun.
    many = ''.join(f"  j{i:02}: {{needs: db, run: 'until test -e end; do sleep 0.02; done'}}\n" for i in range(30))
    run = Run(options=('-j', '40'), graph=r"""
jobs:
  db: {run: exec sleep 1000, ready: {file: up}}
  a: {run: 'touch up; printf "10 %%\r20 %%\n"; until test -e on; do sleep 0.02; done; printf "\001\377odd\n"; until test -e go; do sleep 0.02; done; seq 30; exit 3', defer: 'echo why; exit 4'}
""" + many)
    run.until(lambda text: re.search(r'^… and \d+ more$', text, re.M), 'that there are more rows than the terminal has')
    run.until(lambda text: any('ready' in row for row in rows_of(text, 'db')), 'that the service is ready')
    run.until(lambda text: any('20 %' in row and '10 %' not in row for row in rows_of(text, 'a')), 'what was written last')
    open('on', 'w').close()
    run.until(lambda text: any(' odd' in row for row in rows_of(text, 'a')), 'odd characters as spaces')
    open('go', 'w').close()
    run.until(lambda text: 'exit status 3' in text, 'the failure')
    run.until(lambda text: 'exit status 4' in text, "the cleanup's failure")
    text = run.screen.text()
    assert re.search(r'^✗ a .*exit status 3\n    11\n(    \d+\n){18}    30$', text, re.M), text
    assert re.search(r'^✗ a, cleanup 1: echo why; exit 4.*exit status 4', text, re.M), text
    open('end', 'w').close()
    assert run.end() == 1


def what_a_full_terminal_does_not_take_is_written_later():
    run = Run(graph="jobs: {a: {run: touch ran}, b: {needs: a, run: 'true'}}", is_full=True)
    # For so long nothing is read: a program that gives up what it cannot write at once gets as far as to the job.
    for _ in range(50):
        if not os.path.exists('ran'):
            time.sleep(0.01)
    assert run.end() == 0
    text = run.screen.text()
    assert '✓ a ' in text and '✓ b ' in text, text
    assert not rows_of(text, 'a') and not rows_of(text, 'b'), f'rows are left:\n{text}'


def a_terminal_that_is_gone_ends_the_run():
    run = Run(graph="jobs: {a: {run: 'echo up; sleep 1000', defer: 'touch cleaned'}}")
    run.until(lambda text: any(' up' in row for row in rows_of(text, 'a')), 'the row')
    os.close(run.fd)
    assert os.waitstatus_to_exitcode(os.waitpid(run.pid, 0)[1]) == 129
    assert os.path.exists('cleaned')


os.environ.update(TERM='xterm')
for name in 'NO_COLOR', 'KEEP', 'LIFOGUARD_RUN', 'LIFOGUARD_STATE', 'MAKEFLAGS':
    os.environ.pop(name, None)
for case in (one_row_a_job, rows_fit_into_the_terminal, no_color_means_none, what_has_not_changed_is_not_drawn,
             plain_and_dumb_terminals_get_lines, interrupt_from_the_terminal_ends_the_run,
             a_job_has_no_terminal_and_cannot_acquire_one, what_fails_shows_its_last_lines,
             what_a_full_terminal_does_not_take_is_written_later, a_terminal_that_is_gone_ends_the_run):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.environ['XDG_STATE_HOME'] = folder + '/state'
    os.mkdir('state')
    try:
        case()
        print('ok', case.__name__)
    except AssertionError:
        print('failed:', case.__name__)
        raise
    finally:
        os.chdir('/')
        shutil.rmtree(folder, ignore_errors=True)
