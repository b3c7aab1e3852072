#!/usr/bin/python3
"""Every shell script parses, stops at errors, and may be executed."""
import os
import subprocess

from tree import ROOT, report

scripts = ["run", "test", ".ci/run", "cmake/fuzz_one.sh"]
for where, below, names in os.walk(ROOT):
    below[:] = [d for d in below if d not in ("build", "var", ".git")]
    scripts += [os.path.relpath(os.path.join(where, n), ROOT) for n in names if n.endswith(".sh")]
findings = []
for script in sorted(set(scripts)):
    path = os.path.join(ROOT, script)
    if not os.path.exists(path):
        findings.append(f"{script}: missing")
        continue
    text = open(path, encoding="utf-8").read()
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
    findings += [f"{script}: {line}" for line in done.stderr.splitlines()]
    if text.startswith("#!"):
        strict = "set -euo pipefail" if "bash" in text.splitlines()[0] else "set -eu"
        if strict not in text:
            findings.append(f"{script}: no {strict}")
        if not os.access(path, os.X_OK):
            findings.append(f"{script}: is not executable")
report(findings, len(scripts))
