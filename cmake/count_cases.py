#!/usr/bin/python3
"""Counts the cases in a JUnit file of ctest: "PASSED FAILED". A GoogleTest program counts each of its cases, any other program is one."""
import re
import sys
import xml.etree.ElementTree as tree

passed = failed = 0
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    output = case.findtext("system-out") or ""
    good = re.findall(r"^\[  PASSED  \] (\d+) tests?\.", output, re.M)
    bad = re.findall(r"^ *(\d+) FAILED TESTS?$", output, re.M)
    if case.get("status") == "run":
        passed += int(good[-1]) if good else 1
    else:
        # Passed cases of a program that crashed are not counted: what it printed before proves little.
        passed += int(good[-1]) if good and bad else 0
        failed += int(bad[-1]) if bad else 1
print(passed, failed)
