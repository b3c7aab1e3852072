#!/usr/bin/python3
"""mandoc has no complaint about any page, those that the build writes included."""
import glob
import os
import re
import subprocess
import sys

from tree import ROOT, report

SPOKEN = {"Li", "Em", "No", "Cm", "Ql", "Ic", "Sy"}  # macros in cells: they print nothing themselves


def glued(page, text):
    """Cells that are wider than their column: man(1) on Debian, which is groff, would glue them to the next one."""
    widths = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(".Bl -column"):
            widths = [len(w) for w in re.findall(r'"([^"]*)"', line)]
        elif line.startswith(".El"):
            widths = None
        elif widths and line.startswith(".It "):
            cells = [" ".join(w for w in cell.split() if w not in SPOKEN) for cell in line[4:].split(" Ta")]
            cells = [c.replace("\\(dq", '"').replace("\\&", "").strip('"') for c in cells]
            yield from (f"{page}:{number}: {cell!r} is wider than its column" for cell, width in zip(cells, widths) if len(cell) > width)
            if len(cells) > len(widths):
                yield f"{page}:{number}: more cells than columns"


if len(list(glued("x", '.Bl -column "ab" "abc"\n.It abc Ta Li abc\n.It a Ta b Ta c\n.El\n.It long\n'))) != 2:
    sys.exit("the check is blind: a wide cell and one too many were not found")

folders = (f"{ROOT}/broker/*", f"{ROOT}/plugins/*", f"{ROOT}/adapters/*", sys.argv[2])
pages = sorted(p for n in "1578" for folder in folders for p in glob.glob(f"{folder}/*.{n}"))
names = {os.path.basename(p) for p in pages}
findings = [f"missing: {name}" for name in ("authbroker.1", "authbrokerd.8", "authbroker-http.7", "authbroker-listeners.7", "authbroker-verdicts.7") if name not in names]
bad = subprocess.run(["mandoc", "-Tlint", "-W", "warning"], input=".Dd x\n.Dt A 1\n.Os\n.Nosuch\n", capture_output=True, text=True)
if bad.returncode == 0:
    findings.append("the check is blind: mandoc does not complain about a broken page")
for page in pages:
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True)
    findings += (done.stdout + done.stderr).splitlines()
    if done.returncode and not (done.stdout + done.stderr):
        findings.append(f"{page}: mandoc ended with {done.returncode}")
findings += [f for page in pages for f in glued(page, open(page).read())]
report(findings, len(pages))
