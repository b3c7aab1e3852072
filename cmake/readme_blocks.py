#!/usr/bin/python3
"""Runs each ```sh block of a Markdown file, in order, in its directory, and stops at none: "N passed, N failed" at the end."""
import os
import re
import subprocess
import sys

path = os.path.abspath(sys.argv[1])
blocks = re.findall(r"^```sh\n(.*?)^```$", open(path, encoding="utf-8").read(), re.M | re.S)
failed = 0
for block in blocks:
    print(block, flush=True)
    if subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=os.path.dirname(path)).returncode:
        failed += 1
        print(f"-- failed:\n{block}", flush=True)
if not blocks:
    failed = 1
print(f"{len(blocks) - min(failed, len(blocks))} passed, {failed} failed")
sys.exit(1 if failed else 0)
