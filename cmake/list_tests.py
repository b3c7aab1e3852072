#!/usr/bin/python3
"""Names the tests with a label, one a line, out of `ctest --show-only=json-v1` on standard input."""
import json
import sys

for test in json.load(sys.stdin)["tests"]:
    labels = [p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"]
    if any(sys.argv[1] in each for each in labels):
        print(test["name"])
