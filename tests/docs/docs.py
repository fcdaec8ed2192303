#!/usr/bin/env python3
"""docs.py ROOT BUILD PAGE: compiles and runs every code block of a page, and compares the output that the page states.

    c         A block with a `main` is a program: compiled with warnings as errors, and run. Any other block is compiled as
              declarations, else as the body of a function. Names that it needs are declared in preludes/PAGE.h.
    console   Lines after `$ ` are run by a shell, the lines below them are the output.
    sh, bash  A script: run.
    jobs, yaml  A job file: checked by `lifoguard run --check`.
    text, ""  Output, if it follows a program or a script; otherwise no code.

The folder of the package lifoguard-doc stands for the root of the source where the package is not installed.
The port 8080 of a script, job file or console is replaced by a free one, DOCS_PORT for preludes/PAGE.stubs/server.

A first line which is a comment with a file name saves the block in this file, for the blocks below. What a comment
`<!-- docs: ORDER -->` before a block says:

    from FILE      the block is a part of FILE, which other tests compile and run
    given CODE     declarations for this block alone (C), or commands before this block (shell)
    refused        the compiler must refuse the block
    status N       the program or script ends with exit status N; commands of a console may do so
    unordered      the lines of the output may come in any order
    output         the block is the output of the block before it
    show WHY       the block is no code, or code for another reader (a unit file, code to be checked): it is only saved. WHY is
                   required for the languages above
    not-run WHY    the block is not run; a shell block is checked by `bash -n`

`docs.py --mistakes ROOT BUILD PAGE` succeeds if every block of the page is found to be wrong.
`docs.py --chroot CHROOT ROOT PAGE` runs the commands of a page in a chroot, with the library that is installed there.
`docs.py --links ROOT PAGE…` checks the links, the lists of contents and the index of all pages instead, that the names of the
library exist, that README.md names the two commands early, and that README.md and each page in docs/ is a PAGE.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import compare
import page as pages
import shell

PACKAGE = '/usr/share/doc/lifoguard-doc'
HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 300  # a command that takes longer hangs
WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused', '-Wno-unused-parameter', '-Wunused-result']
os.environ['CCACHE_DISABLE'] = '1'  # the names of files and folders are other ones each time
CODE = {'c', 'console', 'sh', 'bash', 'jobs', 'yaml'}


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return str(one.getsockname()[1])


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


class Checker:
    def __init__(self, root, build, name, chroot=None):
        self.root, self.build, self.name, self.chroot = root, build and os.path.abspath(build), name, chroot
        self.path = os.path.join(root, name)
        self.prelude = os.path.join(HERE, 'preludes', name.replace('/', '_')[:-3])
        self.folder = tempfile.mkdtemp(prefix='lifoguard-docs-', dir=chroot and os.path.join(chroot, 'root'))
        self.work = os.path.join(self.folder, 'page')
        compiler, *options = os.environ.get('CC', 'cc').split()
        self.compiler = [shutil.which(compiler) or compiler, *options]  # a wrapper 'cc' will hide it
        self.port = free_port()  # what the pages call 8080
        self.failed = 0
        self.counts = {}
        self.outputs = None  # of the last program or script: (what, status, lines)
        self.programs = {}  # a program's file and its block
        self.ran = set()
        if chroot:
            os.mkdir(self.work)
            self.shell = shell.Shell(self.work, {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C.UTF-8'}, SECONDS, chroot)
        else:
            self.make_folder()
            self.shell = shell.Shell(self.work, self.environment(), SECONDS)

    # ---- where the commands of a page run -------------------------------------------------------------

    def make_folder(self):
        tools = os.path.join(self.folder, 'bin')
        for folder in self.work, tools, os.path.join(self.folder, 'home'):
            os.mkdir(folder)
        for name in 'examples', 'include', 'docs':
            os.symlink(os.path.join(self.root, name), os.path.join(self.work, name))
        is_clang = 'clang' in self.version()
        if is_clang:
            self.compiler += ['-fdefer-ts']
        self.script(tools, 'cc', 'exec ' + ' '.join(self.compiler) + ' "$@"')
        self.script(tools, 'sudo', 'exec "$@"')
        for folder, names in (('tools/main', ['lifoguard']), ('tools/vet', ['lifoguard-vet'])):
            for name in names:
                program = os.path.join(self.build, folder, name)
                if os.path.exists(program):
                    os.symlink(program, os.path.join(tools, name))
        stubs = self.prelude + '.stubs'
        if os.path.isdir(stubs):
            for name in os.listdir(stubs):
                shutil.copy(os.path.join(stubs, name), tools)
                shutil.copy(os.path.join(stubs, name), self.work)

    def script(self, folder, name, text):
        path = os.path.join(folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\n{text}\n')
        os.chmod(path, 0o755)

    def version(self):
        return subprocess.run(self.compiler + ['--version'], stdout=subprocess.PIPE, text=True, check=True).stdout

    def environment(self):
        environment = dict(os.environ)
        for name in 'MALLOC_PERTURB_', 'CFLAGS', 'LDFLAGS', 'CC', 'LIFOGUARD_PANIC', 'LIFOGUARD_WORKERS':
            environment.pop(name, None)
        environment['PATH'] = os.path.join(self.folder, 'bin') + ':' + environment['PATH']
        environment['HOME'] = os.path.join(self.folder, 'home')
        environment['XDG_STATE_HOME'] = os.path.join(self.folder, 'home', 'state')
        environment['XDG_CACHE_HOME'] = os.path.join(self.folder, 'home', 'cache')
        environment['TMPDIR'] = self.folder
        environment['DOCS_PORT'] = self.port
        environment['LC_ALL'] = 'C.UTF-8'
        environment['PKG_CONFIG_PATH'] = os.path.join(self.build, 'meson-uninstalled')
        environment['LD_LIBRARY_PATH'] = self.build
        environment['MANPATH'] = os.path.join(self.build, 'packaging', 'man')
        return environment

    def close(self):
        self.shell.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what is told ----------------------------------------------------------------------------------

    def fail(self, block, message, offset=0):
        print(f'FAIL: {self.name}:{block.line + offset}: {message}')
        self.failed += 1

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def save(self, block, text=None):
        """Writes the block into the file that its first line names."""
        if block.file_name():
            with open(os.path.join(self.work, block.file_name()), 'w', encoding='utf-8') as file:
                file.write(block.text if text is None else text)

    # ---- C -----------------------------------------------------------------------------------------------

    def compile(self, source, arguments):
        flags = ['-std=gnu17', '-fexceptions', '-fasynchronous-unwind-tables', '-O1', '-g', '-I' + os.path.join(self.root, 'include')]
        result = subprocess.run(self.compiler + flags + WARNINGS + arguments, input=source, cwd=self.work,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return None if result.returncode == 0 else result.stdout

    def compile_installed(self, name, program):
        status, lines = self.shell.run(f'cc -O1 -g {name} $(pkg-config --cflags --libs lifoguard) -pthread -lm -o {program}')
        return None if status == 0 else '\n'.join(lines)

    def forms(self, block):
        """The ways to compile a fragment: declarations, the body of a function with a result, of one without."""
        header = '#define _GNU_SOURCE\n#include <lifoguard/lifoguard.h>\n'
        if os.path.exists(self.prelude + '.h'):
            header += f'#include "{self.prelude}.h"\n'
        header += (block.order('given') or '') + '\n'
        place = f'#line {block.line} "{self.name}"\n'
        code = re.sub('…(, )?', '', block.text)
        result = f'lg_error *fragment(void);\nlg_error *fragment(void)\n{{\n    lg_func (lg_error *, err) {{\n{place}{code}\n    }}\n}}\n'
        if 'lg_func' in code:
            result = f'lg_error *fragment(void);\nlg_error *fragment(void)\n{{\n{place}{code}\n}}\n'
        nothing = f'void fragment(void);\nvoid fragment(void)\n{{\n{place}{code}\n}}\n'
        forms = [header + place + code, header + result, header + nothing]
        is_declaration = re.search(r'^(\{|#include|LG_ERROR_DEFINE|static |typedef |struct \w+ \{)', code, re.MULTILINE)
        return forms if is_declaration else forms[1:] + forms[:1]

    def check_fragment(self, block):
        errors = []
        for form in self.forms(block):
            errors.append(self.compile(form, ['-Wno-missing-prototypes', '-S', '-o', 'fragment.s', '-x', 'c', '-']))
            if errors[-1] is None:
                break
        if block.order('refused') is not None:
            self.count('fragments that do not compile')
            if None in errors:
                self.fail(block, 'the page says that this does not compile, but it does')
        else:
            self.count('fragments compiled')
            if None not in errors:
                self.fail(block, 'does not compile:\n' + errors[0])

    def check_program(self, block):
        name = block.file_name() or f'program_{block.line}.c'
        with open(os.path.join(self.work, name), 'w', encoding='utf-8') as file:
            file.write(block.text)
        self.count('programs compiled')
        program = name[:-2]
        error = self.compile_installed(name, program) if self.chroot else self.compile(
            None, [name, '-o', program, '-L' + self.build, '-llifoguard', '-pthread', '-lm'])
        if error:
            self.fail(block, 'does not compile:\n' + error)
            return
        self.programs[program] = block
        if block.order('not-run') is None and not self.is_run_below(block, program):
            self.run(block, './' + program)

    def is_run_below(self, block, program):
        """Whether a console below the block runs the program itself."""
        return any(b.language == 'console' and b.line > block.line and f'./{program}' in b.text for b in self.blocks)

    # ---- shell -------------------------------------------------------------------------------------------

    def run(self, block, command, wanted=0, offset=0):
        status, lines = self.shell.run(command)
        want = block.order('status')
        wanted = int(want) if want else wanted
        if status != wanted:
            text = '\n'.join(lines[-40:])
            self.fail(block, f'{command.splitlines()[0]}: exit status {status}, not {wanted}\n{text}', offset)
        self.count('run')
        self.outputs = (block, lines)
        return lines

    def check_console(self, block):
        root = PACKAGE if self.chroot else self.root
        commands = shell.split_console([line.replace('8080', self.port).replace(PACKAGE, root) for line in block.lines])
        if not commands:
            self.fail(block, 'a console without a command: a line that begins with $')
        if block.order('given'):
            self.shell.run(block.order('given'))
        for number, (offset, command, output) in enumerate(commands):
            if re.fullmatch(r'echo \$\?', command.strip()):
                status, lines = 0, self.shell.run(command)[1]
            else:
                asked = number + 1 < len(commands) and commands[number + 1][1].strip() == 'echo $?'
                status, lines = self.shell.run(command)
                want = block.order('status')
                if status is None or (status not in (0, int(want or 0)) and not asked):
                    self.fail(block, f'{command}: exit status {status}\n' + '\n'.join(lines[-40:]), offset)
                    continue
            self.count('commands run')
            if block.order('unordered') is not None:
                output, lines = sorted(output, key=compare.plain), sorted(lines, key=compare.plain)
            different = compare.difference(output, lines)
            if different:
                self.fail(block, f'$ {command}\n      {different}', offset)

    def check_script(self, block):
        given = block.order('given') or ''
        prelude = read(self.prelude + '.sh') if os.path.exists(self.prelude + '.sh') else ''
        name = block.file_name() or f'script_{block.line}.sh'
        named = block.file_name() is not None
        shebang = block.text.startswith('#!')
        text = block.text if shebang or named else f'set -eu\n{prelude}\n{given}\n{block.text}'
        path = os.path.join(self.work, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace('…', ':').replace('8080', self.port))
        os.chmod(path, 0o755)
        check = subprocess.run(['bash', '-n', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if check.returncode != 0:
            self.fail(block, 'bash -n: ' + check.stdout)
        elif named or block.order('not-run') is not None:
            self.count('scripts checked')
        else:
            self.run(block, f'./{name}' if shebang else f'lifoguard exec bash ./{name}')

    def check_job(self, block):
        name = block.file_name() or f'block_{block.line}.{block.language or "jobs"}'
        with open(os.path.join(self.work, name), 'w', encoding='utf-8') as file:
            file.write(block.text.replace('…', '').replace('8080', self.port))
        self.count('job files checked')
        given = block.order('given') or ''
        status, lines = self.shell.run(f'{given}\nlifoguard run --check {name}')
        if status != 0:
            self.fail(block, '\n'.join(lines))

    # ---- the page ------------------------------------------------------------------------------------------

    def check_quotation(self, block, source):
        self.count('parts of tested files')
        path = os.path.normpath(os.path.join(os.path.dirname(self.path), source))
        if not os.path.exists(path):
            self.fail(block, f'there is no {source}')
            return
        whole = [line.strip() for line in read(path).split('\n')]
        at = 0
        for part in '\n'.join(line.strip() for line in block.lines).split('\n…\n'):
            part = part.split('\n')
            while at + len(part) <= len(whole) and whole[at:at + len(part)] != part:
                at += 1
            if at + len(part) > len(whole):
                self.fail(block, f'not a part of {source}: {part[0]}')
                return
            at += len(part)

    def check_output(self, block):
        self.count('outputs compared')
        if not self.outputs:
            self.fail(block, 'nothing was run of which this could be the output')
            return
        different = compare.difference(block.lines, self.outputs[1])
        if different:
            self.fail(block, f'the output of line {self.outputs[0].line}:\n      {different}')

    def check_exemption(self, block):
        """Code that is neither compiled nor run needs a reason."""
        for order in 'show', 'not-run':
            if block.order(order) == '' and block.language in CODE:
                self.fail(block, f'{order}, but why?')

    def check(self, block):
        language = block.language
        self.check_exemption(block)
        if block.order('from') is not None:
            self.check_quotation(block, block.order('from'))
        elif block.order('output') is not None:
            self.check_output(block)
        elif block.order('show') is not None:
            self.save(block)
            self.count('shown')
        elif block.order('not-run') is not None and language == 'console':
            self.count('not run')
        elif block.order('job') is not None or language in ('jobs', 'yaml'):
            self.check_job(block)
        elif language == 'c':
            self.check_program(block) if re.search(r'^int main\(', block.text, re.MULTILINE) else self.check_fragment(block)
        elif language == 'console':
            self.check_console(block)
        elif language in ('sh', 'bash'):
            self.check_script(block)
        elif language in ('', 'text', 'mermaid'):
            self.count('shown')
        else:
            self.fail(block, f'nothing is known of the language {language}')

    def check_page(self):
        self.blocks = pages.read_blocks(self.name, read(self.path))
        for block in self.blocks:
            if block.orders and block.orders[0].startswith('not-run') and not block.order('not-run'):
                self.fail(block, 'not run, but why?')
            self.check(block)
        counts = ', '.join(f'{count} {what}' for what, count in sorted(self.counts.items()))
        print(f'{self.name}: {len(self.blocks)} blocks: {counts or "none"}')
        return self.failed


def all_pages(root):
    listed = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in ('build', '.git', 'subprojects'))
        listed += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(files) if f.endswith('.md')]
    return listed


def check_links(root):
    failed = 0
    for name in all_pages(root):
        text = read(os.path.join(root, name))
        for line, target in pages.read_links(text):
            if re.match(r'[a-z]+:', target):
                continue
            path, _, wanted = target.partition('#')
            file = os.path.normpath(os.path.join(root, os.path.dirname(name), path)) if path else os.path.join(root, name)
            if not os.path.exists(file):
                print(f'FAIL: {name}:{line}: there is no {target}')
                failed += 1
            elif wanted and file.endswith('.md') and wanted not in pages.read_anchors(read(file)):
                print(f'FAIL: {name}:{line}: {path or name} has no heading #{wanted}')
                failed += 1
    return failed


def check_contents(root):
    """A page that begins with a list of its chapters lists all of them."""
    failed = 0
    for name in all_pages(root):
        text = read(os.path.join(root, name))
        listed = re.findall(r'^- \[[^\]]*\]\(#([^)]*)\)$', text, re.MULTILINE)
        if len(listed) < 3:
            continue
        for heading in re.findall(r'^## (.*)$', pages.without_code(text), re.MULTILINE):
            if pages.anchor(heading) not in listed:
                print(f'FAIL: {name}: the list at its beginning lacks "{heading}"')
                failed += 1
    return failed


def check_index(root):
    """The index of the docs names each page."""
    index = [target.partition('#')[0] for _, target in pages.read_links(read(os.path.join(root, 'docs', 'README.md')))]
    missing = [name for name in sorted(os.listdir(os.path.join(root, 'docs'))) if name.endswith('.md') and name not in index + ['README.md']]
    for name in missing:
        print(f'FAIL: docs/README.md: the index lacks {name}')
    return len(missing)


def check_first_screen(root):
    """A newcomer finds the two commands without a search."""
    first = read(os.path.join(root, 'README.md')).split('\n')[:60]
    missing = [command for command in ('./dev run', './dev test') if not any(command in line for line in first)]
    for command in missing:
        print(f'FAIL: README.md: {command} is not in the first 60 lines')
    return len(missing)


def check_tested(root, tested):
    failed = 0
    for name in all_pages(root):
        if (name == 'README.md' or name.startswith('docs/')) and name not in tested:
            print(f'FAIL: {name}: no test reads its code blocks: add the page to tests/docs/meson.build')
            failed += 1
    return failed


def public_names(root):
    names, include = set(), os.path.join(root, 'include', 'lifoguard')
    for folder, _, files in os.walk(include):
        for file in files:
            names.update(re.findall(r'\b(?:lg|LG|lgi|LGI)_\w+', read(os.path.join(folder, file))))
    return names


def check_names(root):
    """No page mentions a name that the headers do not have; a name which the page itself defines is none of the library."""
    failed, names = 0, public_names(root)
    for name in all_pages(root):
        if name.startswith('tests/docs/'):
            continue
        text = read(os.path.join(root, name))
        for line, content in enumerate(text.split('\n'), 1):
            for mentioned in re.findall(r'(?<![\w./-])((?:lg|LG)_\w*[A-Za-z0-9])(?!_|\w)', content):
                if mentioned not in names:
                    print(f'FAIL: {name}:{line}: the headers have no {mentioned}')
                    failed += 1
    return failed


def check_mistakes(checker):
    """Each block of the page is wrong: each must be found."""
    checker.check_page()
    if checker.failed != len(checker.blocks):
        print(f'{checker.failed} of {len(checker.blocks)} mistakes were found')
    return checker.failed != len(checker.blocks)


def main(arguments):
    if arguments[0] == '--links':
        root = os.path.abspath(arguments[1])
        return check_links(root) + check_contents(root) + check_index(root) + check_first_screen(root) + check_names(root) + check_tested(root, arguments[2:])
    mistakes = arguments[0] == '--mistakes'
    if arguments[0] == '--chroot':
        checker = Checker(os.path.abspath(arguments[2]), None, arguments[3], os.path.abspath(arguments[1]))
    else:
        root, build, name = arguments[1:] if mistakes else arguments
        checker = Checker(os.path.abspath(root), os.path.abspath(build), name)
    try:
        return check_mistakes(checker) if mistakes else checker.check_page()
    finally:
        checker.close()


if __name__ == '__main__':
    sys.exit(1 if main(sys.argv[1:]) else 0)
