"""The source tree as the checks see it: files, and how a check reports.

A check is a function from (path, text) to findings. Each also brings a planted offence, which it must find before it is let loose
on the tree: a check that finds nothing because it looks for nothing would pass for ever.
"""
import os
import re
import sys

ROOT = os.path.realpath(sys.argv[1]) if len(sys.argv) > 1 else os.getcwd()
CODE = (".cpp", ".hpp", ".c", ".h")


def files(*folders, ending=CODE):
    """(path from the root, text) of each file, in order."""
    count = 0
    for folder in folders:
        for where, below, names in os.walk(os.path.join(ROOT, folder)):
            below[:] = sorted(d for d in below if d not in ("build", "__pycache__", ".git"))
            for name in sorted(names):
                if name.endswith(ending):
                    count += 1
                    path = os.path.join(where, name)
                    with open(path, encoding="utf-8") as f:
                        yield os.path.relpath(path, ROOT), f.read()
    if count == 0:
        sys.exit(f"nothing to look at in {folders}: wrong root {ROOT}?")


def without_comments(text):
    """The code with comments and the insides of strings blanked, lines kept."""
    def blank(m):
        piece = m.group(0)
        if piece.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", piece)
        return piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + piece[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def report(findings, looked_at):
    for each in findings:
        print(each)
    print(f"{looked_at} files, {len(findings)} findings")
    sys.exit(1 if findings else 0)


def planted(check, path, text):
    """Ends the run unless the check finds the offence."""
    if not list(check(path, text)):
        sys.exit(f"the check is blind: it does not find the offence planted in {path}:\n{text}")
