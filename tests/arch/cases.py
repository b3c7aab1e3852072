#!/usr/bin/python3
"""tests/CASES.md tells the truth: every id has a row, every row a test or a reason, and every test that is named exists under that name.

A row is "| id | what it is about | `file`: `name`, `name`; `file`: `name` |" or "| id | what | not tested: reason |". A name is a test
(TEST(suite, name), def name) or, in quotes, the beginning of a text in the file: a row of a table of tests. It contains the id.
"""
import os
import re
import sys

from tree import ROOT, report

# How many cases each letter has.
LETTERS = {"A": 19, "B": 20, "C": 27, "D": 13, "E": 19, "F": 14, "G": 10, "J": 15, "K": 20, "L": 9, "M": 12, "N": 8, "O": 7, "P": 13, "Q": 13, "R": 11, "S": 12, "T": 9}
ROW = re.compile(r"^\| ([A-Z])-(\d\d) \| ([^|]+) \| ([^|]+) \|$", re.M)


def has_id(name, letter, number):
    return re.search(rf"(?<![A-Za-z]){letter}[-_]?{number}(?!\d)", name) is not None


def exists(text, name):
    if name.startswith('"'):
        return '"' + name.strip('"') in text
    return re.search(rf"(\bTEST(_F|_P)?\(\w+, {re.escape(name)}\)|\bdef {re.escape(name)}\()", text) is not None


def check(table, read):
    """read(path) gives a file's text, or None."""
    rows = ROW.findall(table)
    seen = [f"{letter}-{number}" for letter, number, _, _ in rows]
    wanted = [f"{letter}-{n:02}" for letter, last in LETTERS.items() for n in range(1, last + 1)]
    yield from (f"{one}: is missing" for one in wanted if one not in seen)
    yield from (f"{one}: is there twice, or no case" for one in sorted(set(seen)) if seen.count(one) > 1 or one not in wanted)
    for line in re.findall(r"^\| [A-Z]-?\d.*$", table, re.M):
        if not ROW.match(line):
            yield f"not a row: {line}"
    for letter, number, _, where in rows:
        one = f"{letter}-{number}"
        if where.startswith("not tested: "):
            if len(where) < len("not tested: ") + 10 or "`" in where:
                yield f"{one}: a reason is a sentence without tests"
            continue
        for part in where.split("; "):
            found = re.fullmatch(r"`([^`]+)`: ((?:`[^`]+`(?:, )?)+)", part)
            if found is None:
                yield f"{one}: neither \"`file`: `test`\" nor \"not tested: reason\": {part}"
                continue
            text = read(found.group(1))
            if text is None:
                yield f"{one}: there is no {found.group(1)}"
                continue
            for name in re.findall(r"`([^`]+)`", found.group(2)):
                if not exists(text, name):
                    yield f"{one}: {found.group(1)} has no {name}"
                if not has_id(name, letter, number):
                    yield f"{one}: {name} does not say so"


def planted(offence, table, read):
    if not any(offence in f for f in check(table, read)):
        sys.exit(f"the check is blind to: {offence}")


def read_file(path):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            return f.read()
    except OSError:
        return None


def fake(_):
    return 'TEST(s, A_01_b) {}\ndef test_A_02_c(self):\nrow{"A-03 d"'


planted("A-09: is missing", "| A-01 | x | `f`: `A_01_b` |", fake)
planted("no A_01_x", "| A-01 | x | `f`: `A_01_x` |", fake)
planted("does not say so", "| A-02 | x | `f`: `A_01_b` |", fake)
planted("a reason is", "| A-02 | x | not tested: no |", fake)
planted("not a row", "| A-02 | x |", fake)
planted("there is no f", "| A-02 | x | `f`: `y` |", lambda _: None)
planted("is there twice", "| A-02 | x | `f`: `y` |\n| A-02 | x | `f`: `y` |", fake)
good = "| A-01 | x | `f`: `A_01_b` |\n| A-02 | x | `f`: `test_A_02_c` |\n| A-03 | x | `f`: `\"A-03 d\"` |"
assert not any(f.startswith(("A-01", "A-02", "A-03")) for f in check(good, fake)), list(check(good, fake))[:3]

table = read_file("tests/CASES.md")
if table is None:
    sys.exit("there is no tests/CASES.md")
report(list(check(table, read_file)), 1)
