#!/usr/bin/python3
"""Each log event of the broker is explained in broker/doc/messages.md, and each one explained there exists."""
import re
import sys

from tree import files, report, without_comments

EVENT = re.compile(r'\b(?:line|note)\(\s*(?:[^;"]*?level::[a-z]+|\w+|[^;"]*\?[^;"]*level::[a-z]+[^;"]*),\s*(?:[^;"]*\?\s*"(?P<other>[a-z_]+)"\s*:\s*)?"(?P<event>[a-z_]+)"')


def events(text):
    """Comments blanked, strings kept: an event is a string."""
    bare = without_comments(text)
    kept = "".join(t if b != " " or t in ' \n"' or in_string(bare, i) else " " for i, (t, b) in enumerate(zip(text, bare)))
    for m in re.finditer(r'" level=[a-z]+ event=([a-z_]+)', kept):  # the logger's own line
        yield m.group(1)
    for m in EVENT.finditer(kept):
        yield m.group("event")
        if m.group("other"):
            yield m.group("other")


def in_string(bare, i):
    """Whether the blanked byte i lies between quotes on its line (strings keep theirs, comments do not)."""
    start = bare.rfind("\n", 0, i) + 1
    return bare.count('"', start, i) % 2 == 1


planted = list(events('log.line(level::warning, "one").field("x", y); // line(level::info, "no")\n'
                      'log->line(opened ? level::warning : level::debug, opened ? "two" : "three").field("a", b);\n'
                      'note(level::warning, "four", text);'))
if sorted(planted) != ["four", "one", "three", "two"]:
    sys.exit(f"the check is blind: {planted}")

used, count = {}, 0
for path, text in files("broker"):
    count += 1
    for event in events(text):
        used.setdefault(event, path)
written = {}
for path, text in files("broker/doc", ending=("messages.md",)):
    for m in re.finditer(r"^### `([a-z_]+)`", text, re.M):
        written[m.group(1)] = path
findings = [f"{path}: the event {event} is not in messages.md" for event, path in sorted(used.items()) if event not in written]
findings += [f"{path}: nothing logs {event}" for event, path in sorted(written.items()) if event not in used]
if len(used) < 10:
    findings.append(f"only {len(used)} events found: the check is blind")
report(findings, count)
