#!/usr/bin/python3
"""mandoc has no complaint about any page, those that the build writes included."""
import glob
import os
import subprocess
import sys

from tree import ROOT, report

folders = (f"{ROOT}/broker/*", f"{ROOT}/plugins/*", sys.argv[2])
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
report(findings, len(pages))
