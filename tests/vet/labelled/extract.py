#!/usr/bin/env python3
"""extract.py FIXES.TSV CLONES FOLDER: the files of labelled fixes, for measure.py.

FIXES.TSV has the columns id, repo (OWNER/NAME), commit, parent, file, function and kind; CLONES/OWNER/NAME is a clone of each
repository, bare or not. For each row, FOLDER/ID/before and FOLDER/ID/after are made, with the file and the headers that it
includes, found by their names in the tree of that commit; FIXES.TSV is copied to FOLDER/fixes.tsv. What is there already stays."""
import collections
import csv
import os
import re
import shutil
import subprocess
import sys

INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)
DEEPEST, MOST = 6, 500  # how deep headers include headers, and how many files at most


class Clone:
    """One process of git cat-file that answers for all files of a clone."""

    def __init__(self, folder):
        self.folder = folder
        self.git = subprocess.Popen(
            ["git", "-C", folder, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def content(self, revision, path):
        self.git.stdin.write(f"{revision}:{path}\n".encode())
        self.git.stdin.flush()
        answer = self.git.stdout.readline().split()
        if len(answer) != 3:
            return None
        content = self.git.stdout.read(int(answer[2]) + 1)[:-1]
        return content if answer[1] == b"blob" else None

    def headers(self, revision):
        """The paths of all headers, by their last part."""
        names = subprocess.run(
            ["git", "-C", self.folder, "ls-tree", "-r", "-z", "--name-only", revision], capture_output=True, check=True)
        headers = collections.defaultdict(list)
        for name in names.stdout.decode(errors="replace").split("\0"):
            if name.endswith(".h"):
                headers[os.path.basename(name)].append(name)
        return headers


def shared(one, other):
    """How many leading folders two paths share."""
    return len(os.path.commonprefix([one.split("/"), other.split("/")]))


def header_of(name, includer, headers):
    """The header that an include most likely means: beside the file, else the one whose path is nearest."""
    known = headers.get(os.path.basename(name), [])
    beside = os.path.normpath(os.path.join(os.path.dirname(includer), name))
    if beside in known:
        return beside
    fitting = [path for path in known if path == name or path.endswith("/" + name)]
    return min(fitting, key=lambda path: (-shared(path, includer), len(path)), default=None)


def extract(clone, revision, file, folder):
    headers = clone.headers(revision)
    todo, seen = [(file, 0)], set()
    while todo:
        path, depth = todo.pop()
        content = None if path in seen else clone.content(revision, path)
        seen.add(path)
        if content is None:
            continue
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as out:
            out.write(content)
        if depth < DEEPEST and len(seen) < MOST:
            included = (header_of(m.group(1).decode("latin1"), path, headers) for m in INCLUDE.finditer(content))
            todo += [(header, depth + 1) for header in included if header]
    if not os.path.exists(os.path.join(folder, file)):
        print(f"extract.py: {clone.folder} has no {file} at {revision}; fetch that commit", file=sys.stderr)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    table, clones, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(table, os.path.join(folder, "fixes.tsv"))
    opened = {}
    with open(table, encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            clone = opened.setdefault(row["repo"], None) or Clone(os.path.join(clones, row["repo"]))
            opened[row["repo"]] = clone
            for side, revision in (("before", row["parent"]), ("after", row["commit"])):
                target = os.path.join(folder, row["id"], side)
                if not os.path.isdir(target):
                    extract(clone, revision, row["file"], target)


main()
