#!/usr/bin/python3
"""Words that must not stand in the tree: clocks where time is not asked, defaults that hide a new verdict, paths of somebody's machine."""
import re

from tree import files, line_of, planted, report, without_comments

TIMELESS = ("broker/wire/", "broker/config/", "broker/sdk/abk/", "broker/abi/", "plugins/pop3/", "plugins/directory/", "plugins/ldap/", "plugins/exchange/")
VERDICT_CASE = re.compile(r"case (?:authbroker::)?(?:verdict|reason)::")


def switches(code):
    """(offset, body) of each switch."""
    for m in re.finditer(r"\bswitch\s*\(", code):
        at = code.find("{", m.end())
        depth, end = 1, at + 1
        while depth and end < len(code):
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            end += 1
        yield m.start(), code[at:end]


def check(path, text):
    code = without_comments(text)

    def hits(pattern, what, where=code):
        for m in re.finditer(pattern, where):
            yield f"{path}:{line_of(where, m.start())}: {what}"

    yield from hits(r"\bsystem_clock\b", "the calendar is for the log only")
    if path.startswith(TIMELESS):
        yield from hits(r"steady(_clock)?::now|\bclock_gettime\b", "nothing here may look at a clock")
    if path.startswith("broker/core/") and not path.endswith("dispatcher.cpp"):
        yield from hits(r"steady(_clock)?::now", "in core only the dispatcher looks at a clock")
    yield from hits(r"\b(strcpy|strcat|sprintf|gets|strtok|alloca)\s*\(", "a function without bounds")
    yield from hits(r"\bdlclose\s*\(", "P-10 a plugin stays loaded: threads and destructors of its libraries may run later")
    yield from hits(r"\b(signal|sigaction)\s*\(\s*SIG(SEGV|BUS|FPE|ILL|ABRT)", "R-10 a handler for crashes prints what it should not")
    yield from hits(r"\bstd::(basic_)?regex\b", "Q-12 std::regex may take for ever; patterns are matched by hand")
    if path.startswith("broker/front/"):
        yield from hits(r"\b(recvmsg|recvmmsg)\s*\(|\bSCM_RIGHTS\b", "J-09 control data is never asked for")
        yield from hits(r"\.pid\b", "J-13 a caller is judged by user and group, never by process")
    yield from hits(r"\busing namespace\b(?=[^;]*;)", "using namespace in a header") if path.endswith((".hpp", ".h")) else ()
    for at, body in switches(code):
        if VERDICT_CASE.search(body) and re.search(r"\bdefault\s*:", body):
            yield f"{path}:{line_of(code, at)}: a switch over verdicts or reasons has no default: a new one must be a compiler error"


def path_check(path, text):
    for m in re.finditer(r"(?<![\w.])/(work|home|root|Users)/", text):
        yield f"{path}:{line_of(text, m.start())}: a path of somebody's machine"


planted(check, "broker/wire/x.cpp", "auto t = steady::now();")
planted(check, "broker/base/x.cpp", "std::chrono::system_clock::now()")
planted(check, "broker/core/x.cpp", "switch (v) { case verdict::accept: { f(); } default: g(); }")
planted(check, "broker/host/x.cpp", "dlclose(library);")
planted(check, "broker/host/x.cpp", "signal(SIGSEGV, print);")
planted(check, "broker/core/x.cpp", "std::regex pattern;")
planted(check, "broker/front/x.cpp", "recvmsg(fd, &m, 0);")
planted(check, "broker/front/x.cpp", "return of.pid == 1;")
planted(check, "broker/core/x.hpp", "using namespace std;")
planted(path_check, "README.md", "see /ho" "me/ann/x")
assert not list(check("broker/core/x.cpp", "switch (v) { case verdict::accept: switch (c) { case 1: break; } }\nswitch (c) { case 2: break; default: break; }"))

found, count = [], 0
for path, text in files("broker", "plugins", "adapters"):
    count += 1
    found += check(path, text)
for path, text in files("broker", "plugins", "adapters", "cmake", "conf", "tests", "bench", ending=(".cpp", ".hpp", ".h", ".c", ".txt", ".cmake", ".sh", ".toml", ".service", ".md", ".1", ".5", ".7", ".8")):
    if not path.startswith("tests/arch/"):
        found += path_check(path, text)
report(found, count)
