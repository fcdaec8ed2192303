"""A shell that runs the commands of a page, one after the other, and gives the output and exit status of each."""

import os
import re
import select
import signal
import subprocess
import time

MARK = 'lifoguard-docs-end-of-command'


class Shell:
    def __init__(self, folder, environment, seconds, chroot=None):
        self.seconds = seconds
        command = ['bash', '--noprofile', '--norc']
        if chroot:
            below = '/' + os.path.relpath(folder, chroot)
            command = ['chroot', chroot, 'sh', '-c', 'cd "$0" && exec "$@"', below] + command
        self.process = subprocess.Popen(
            command, cwd=None if chroot else folder, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, command):
        """(status, lines) of the command; standard error is among the lines. None for a status: it did not end."""
        text = (f'{{ {command}\n}} </dev/null\n'
                f'docs_status=$?; printf \'\\n%s %d\\n\' {MARK} "$docs_status"; (exit "$docs_status")\n')
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return None, ['the shell has ended']
        return self.read()

    def read(self):
        output, end = b'', time.monotonic() + self.seconds
        while True:
            match = re.search(rb'\n' + MARK.encode() + rb' (\d+)\n', output)
            if match:
                lines = output[:match.start()].decode(errors='replace').split('\n')
                while lines and not lines[-1]:
                    lines.pop()
                return int(match.group(1)), lines
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b''
            if not data:
                why = 'the shell has ended' if ready else f'it has not ended after {self.seconds} seconds'
                return None, output.decode(errors='replace').split('\n') + [why]
            output += data

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def split_console(lines):
    """(line offset, command, output lines) of each command. A command goes on behind a backslash, and on lines with >."""
    commands = []
    for offset, line in enumerate(lines):
        if line.startswith('$ '):
            commands.append((offset, line[2:], []))
        elif commands and not commands[-1][2] and line.startswith('> '):
            at, command, output = commands[-1]
            commands[-1] = (at, command + '\n' + line[2:], output)
        elif commands and not commands[-1][2] and commands[-1][1].endswith('\\'):
            at, command, output = commands[-1]
            commands[-1] = (at, command + '\n' + line, output)
        elif commands:
            commands[-1][2].append(line)
    for _, _, output in commands:
        while output and not output[-1].strip():
            output.pop()
    return commands
