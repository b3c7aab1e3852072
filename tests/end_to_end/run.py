#!/usr/bin/python3
"""Runs the end-to-end tests: the installed broker, real servers, real clients.

    run.py [--prefix DIR | --build DIR] [--jobs N] [--list] [PATTERN...]

PREFIX is what `cmake --install --prefix` filled; --build DIR installs from a build folder into a temporary prefix first. Without either,
build/release below the source is used. A PATTERN is a part of a test's name ("dovecot", "J_04"). Each test file is one process, N at
a time. The last line is "N passed, N failed"; the status is 0 only if something ran and nothing failed. A server that is not there is
a failure. E2E_KEEP=1 keeps the folders. Needs root: for namespaces, other users and servers that change theirs.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from lab.daemon import running  # noqa: E402
from lab.place import Place  # noqa: E402
from lab.process import adopt_orphans, die_with_parent, must, reap_strays  # noqa: E402
from lab.prefix import source  # noqa: E402

# These take longest; begun first, they do not keep the others waiting for their end.
LONG = ("gateway_life", "probe_imap", "imap", "directory_trouble", "exchange", "nginx_mail", "trouble", "listeners", "plugins")

MODULE_SECONDS = int(os.environ.get("E2E_MODULE_SECONDS", "420"))


def short_name(test):
    """tests of test_listeners.py are called listeners.*; the class matters only where a table runs twice."""
    if not hasattr(test, "_testMethodName"):
        return str(test)
    module = type(test).__module__.removeprefix("test_")
    label = getattr(type(test), "label", "")
    return ".".join(x for x in (module, label, test._testMethodName.removeprefix("test_")) if x)


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def selected(module, patterns):
    tests = flatten(unittest.defaultTestLoader.loadTestsFromName(module))
    return [t for t in tests if not patterns or any(p in short_name(t) for p in patterns)]


class Report(unittest.TestResult):
    """One JSON line a test on the pipe to the parent. A test's `notes` are shown also if it passes: what it saw, where that is worth reading."""

    def __init__(self, out):
        super().__init__()
        self._out, self._problems, self._current = out, [], None

    def startTest(self, test):
        super().startTest(test)
        self._current, self._problems, self._start = test, [], time.monotonic()

    def _problem(self, test, error):
        text = self._exc_info_to_string(error, test) if isinstance(error, tuple) else error
        for daemon in running:
            text += f"\nthe end of {daemon.log_path}:\n" + "\n".join(daemon.log().splitlines()[-25:]) + "\n"
        if self._current is None:  # a module's or class' set-up or tear-down
            self._send(str(test), [text], 0)
        else:
            self._problems.append((f"[{test._message} {test.params}] " if hasattr(test, "params") else "") + text)

    def addError(self, test, err):
        self._problem(test, err)

    def addFailure(self, test, err):
        self._problem(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._problem(subtest, err)

    def addSkip(self, test, reason):
        self._problem(test, f"skipped: {reason}; nothing may be skipped")

    def addExpectedFailure(self, test, err):
        self._problem(test, "expected failures are failures")

    def addUnexpectedSuccess(self, test):
        self._problem(test, "marked as expected to fail")

    def stopTest(self, test):
        self._send(short_name(test), self._problems, time.monotonic() - self._start, getattr(test, "notes", []))
        self._current = None

    def _send(self, name, problems, seconds, notes=()):
        self._out.write(json.dumps({"name": name, "problems": problems, "seconds": round(seconds, 2), "notes": notes}) + "\n")
        self._out.flush()


def worker(module, patterns):
    die_with_parent()
    adopt_orphans()
    unittest.TestSuite(selected(module, patterns)).run(Report(os.fdopen(os.dup(1), "w")))
    reap_strays()


def run_module(module, patterns, environment):
    argv = [sys.executable, os.path.realpath(__file__), "--worker", module, *patterns]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        p = subprocess.Popen(argv, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        problem = None
        try:
            status = p.wait(MODULE_SECONDS)
            if status != 0:
                problem = f"the test process ended with status {status}"
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            problem = f"not finished after {MODULE_SECONDS} s"
        out.seek(0), err.seek(0)
        rows = [json.loads(line) for line in out if line.startswith("{")]
        if problem:
            rows.append({"name": module, "problems": [problem + "\n" + err.read()[-4000:]], "seconds": round(time.monotonic() - started, 2)})
    return rows


def show(rows):
    for row in rows:
        print(f"{'FAIL' if row['problems'] else 'ok  '} {row['seconds']:7.2f}s  {row['name']}", flush=True)
        for text in row["problems"] + row.get("notes", []):
            print("    | " + text.rstrip().replace("\n", "\n    | "), flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--prefix")
    parser.add_argument("--build")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--worker")
    parser.add_argument("patterns", nargs="*")
    args = parser.parse_args()
    if args.worker:
        return worker(args.worker, args.patterns)
    modules = sorted(f[:-3] for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py"))
    chosen = [m for m in modules if selected(m, args.patterns)]
    if args.list:
        for m in chosen:
            print("\n".join(short_name(t) for t in selected(m, args.patterns)))
        return 0

    place = Place()
    try:
        prefix = args.prefix and os.path.realpath(args.prefix)
        if not prefix:
            prefix = place / "prefix"
            must(["cmake", "--install", args.build or os.path.join(source(), "build/release"), "--prefix", prefix], timeout=120)
        cache = place.sub("cache")
        environment = os.environ | {"E2E_PREFIX": prefix, "E2E_CACHE": cache, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
        passed, failed, started = 0, [], time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            order = sorted(chosen, key=lambda m: m.removeprefix("test_") not in LONG)
            running = [pool.submit(run_module, m, args.patterns, environment) for m in order]
            for done in concurrent.futures.as_completed(running):
                rows = done.result()
                show(rows)
                passed += sum(not r["problems"] for r in rows)
                failed += [r["name"] for r in rows if r["problems"]]
    finally:
        place.close()
    print(f"\n{time.monotonic() - started:.0f} s")
    if failed:
        print("failed: " + " ".join(failed))
    print(f"{passed} passed, {len(failed)} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
