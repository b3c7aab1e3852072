#!/usr/bin/python3
"""What GCC 12 compiles wrongly around co_await, and what newer ones do. See the notes in broker/doc/architecture.md."""
import re

from tree import files, line_of, planted, report, without_comments


def statements(code):
    """(offset, text) of each statement that holds a co_await: from the ; { } before it to the ; or { that ends it. A lambda's
    introducer and parameters belong to the statement, its body does not."""
    for m in re.finditer(r"\bco_await\b", code):
        begin = max(code.rfind(c, 0, m.start()) for c in ";{}") + 1
        before = code[begin:m.start()]
        # The condition of an if ends the statement: what follows is another.
        condition = re.match(r"\s*(else\s+)?(if|while|switch)\b", before)
        outermost = before.count(")") - before.count("(") if condition else None
        depth = 0
        end = m.end()
        while end < len(code):
            c = code[end]
            if c in "([":
                depth += 1
            elif c in ")]":
                depth -= 1
                if depth == outermost:
                    break
            elif c == ";" and depth <= 0:
                break
            elif c == "{" and depth <= 0:
                break
            end += 1
        yield m.start(), code[begin:end + 1]


def check(path, text):
    code = without_comments(text)
    for at, statement in statements(code):
        where = f"{path}:{line_of(code, at)}: "
        flat = " ".join(statement.split())
        operand = flat[flat.index("co_await"):]
        if re.search(r"\?[^;]*\bco_await\b|\bco_await\b[^;]*\?[^:;]+:(?!:)", flat):
            yield where + "co_await within ?: is a use after free: write if: " + flat[:120]
        if re.search(r"[(,=&|]\s*\[[^\]\s][^\]]*\]\s*(\([^)]*\)\s*)?(mutable\s*)?(noexcept\s*)?(->[^{]*)?\{", operand):
            yield where + "a lambda with captures inside a co_await expression is destroyed twice: name it first: " + flat[:120]
        if re.search(r"\bauto\s*&{0,2}\s*\[[^\]]+\]\s*=\s*co_await\b", flat):
            yield where + "auto [a, b] = co_await leaks with newer compilers: redirect_error: " + flat[:120]


planted(check, "a.cpp", "x = ready ? 1 : co_await f();")
planted(check, "a.cpp", "x = co_await f() ? 1 : 2;")
planted(check, "a.cpp", "co_await async_initiate<T, S>([self](auto h) { h(); }, token);")
planted(check, "a.cpp", "const auto [ec, n] = co_await read(socket);")
assert not list(check("a.cpp", 'if (co_await f()) x = y ? 1 : 2; // co_await ? 1 : 2\nco_await g("co_await ? : ", std::string(a), b[i]);'))
assert not list(check("a.cpp", "auto done = [this](int) { go(); };\nco_await f(done);"))

found, count = [], 0
for path, text in files("broker", "plugins", "tests"):
    count += 1
    found += check(path, text)
report(found, count)
