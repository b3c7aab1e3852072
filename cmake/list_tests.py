#!/usr/bin/python3
"""Names the tests that match a regular expression, one a line, out of `ctest --show-only=json-v1` on standard input."""
import json
import re
import sys

for test in json.load(sys.stdin)["tests"]:
    if re.search(sys.argv[1], test["name"]):
        print(test["name"])
