"""The subset of Rego that every engine reads alike, held by a scan over the rules.

Each finding is a form on which engines were seen to differ, or a builtin that was not compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.rego_text import closing, comprehensions, without_text
from connectors.rego_variables import undeclared

BUILTINS = frozenset({"array.concat", "count", "object.keys", "object.union", "sort"})
"""Compared on both engines; `object.union` only on objects without a common key, `sort` on equally long numbers."""
_WORDS = frozenset(
    {"if", "in", "not", "some", "every", "contains", "with", "as", "import", "package", "else", "default"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place where engines may differ, with what to write instead."""

    file: str
    line: int
    problem: str
    remedy: str


def unportable(file: str, source: str) -> list[Finding]:
    """Return what leaves the portable subset, in the order of lines."""
    code = without_text(source)
    own = set(re.findall(r"^(\w+)\(", code, re.MULTILINE))
    found = [
        *(*_calls(code, own), *_negations(code), *_within_every(code), *_forms(code)),
        *(*_comprehensions(code), *_keys(code)),
    ]
    return [
        Finding(file=file, line=code.count("\n", 0, position) + 1, problem=problem, remedy=remedy)
        for position, problem, remedy in sorted(found)
    ]


_Found = Iterator[tuple[int, str, str]]


def _calls(code: str, own: set[str]) -> _Found:
    # Engines allow space, and some a line's end, before the parenthesis and around the dots.
    for match in re.finditer(r"(?<![\w.])([A-Za-z_]\w*(?:\s*\.\s*\w+)*)\s*\(", code):
        name = "".join(match.group(1).split())
        if name not in BUILTINS and name not in own and name not in _WORDS:
            yield match.start(), f"calls {name}", f"use only {', '.join(sorted(BUILTINS))} and functions of this file"
    for match in re.finditer(r"\]\s*\(", code):
        yield match.start(), "calls what brackets name", "call by a name"


def _negations(code: str) -> _Found:
    for match in re.finditer(r"\bnot\b([^;\n]*)", code):
        inner = match.group(1).strip()
        plain_call = re.fullmatch(r"[\w.]+\([^().\[]*\)\s*[})\]]*", inner)
        if "(" in inner and not plain_call:
            yield (
                match.start(),
                "negates an expression with a call in it, which is undefined where the call is",
                "negate a rule or function that says the positive, of plain variables",
            )
        elif re.match(r"[^{\s]*[.\[][^{]*\bin\b", inner) or re.search(r"\bin\s+(?:input|data|\w+\.class)\b", inner):
            yield (
                match.start(),
                "negates a membership that is undefined where its attribute is missing, and with it the rule",
                "negate a rule or function that says the positive",
            )


def _within_every(code: str) -> _Found:
    for match in re.finditer(r"\bevery\b[^{}\n]*?\bin\s*", code):
        after = match.end()
        if code[after : after + 1] in ("{", "["):
            after = closing(code, after)
        body = code.find("{", after)
        for negation in re.finditer(r"\bnot\b", code[body : closing(code, body)] if body >= 0 else ""):
            yield (
                body + negation.start(),
                "negates inside `every`, where the embedded engine loses the variable and takes the negation for true",
                "negate a rule or function that has the `every`, or write `!=`",
            )


def _keys(code: str) -> _Found:
    for position, name in undeclared(code):
        yield (
            position,
            f"uses the key {name}, which nothing declares, so that the embedded engine may read it before it is bound",
            f"say first what it ranges over: `some {name} in ...`",
        )


def _forms(code: str) -> _Found:
    for match in re.finditer(r"\bwith\s+(?:input|data)\b", code):
        yield match.start(), "replaces input or data", "pass what differs as an argument; `with` belongs in tests"
    for match in re.finditer(r"\bsome\b([^;\n}]*)", code):
        if not re.search(r"\bin\b", match.group(1)):
            yield match.start(), "declares a variable without saying what it ranges over", "write `some x in ...`"
    for match in re.finditer(r"^\w+\[[^\n]*\]\s+contains\b", code, re.MULTILINE):
        yield (
            match.start(),
            "builds sets below a key, which are empty for one engine and undefined for another",
            "assign the whole set with `:=`",
        )
    for match in re.finditer(r"\bif\s+(?:every|some)\b(?=[^\n]*\{\s*$)", code, re.MULTILINE):
        yield match.start(), "has `every` or `some` right after `if`", "put the body in braces"


def _comprehensions(code: str) -> _Found:
    for start, head, body in comprehensions(code):
        if ":" not in head and re.search(r"\bsome\s+\w+\s*,", body):
            yield start, "has `some key, value in` in a comprehension", "range over values, or use an object or a rule"
        if ":" in head:
            value = head.split(":", 1)[1].strip()
            if not re.fullmatch(r"\w+", value):
                yield start, "computes a value in the head of an object comprehension", "assign it in the body first"
            elif not value.startswith("_") and not _bound(value, body):
                yield start, f"tells the outer {value} in an object comprehension", "assign it in the body again"


def _bound(name: str, body: str) -> bool:
    return bool(re.search(rf"\b{name}\s*:=|\bsome\b[^;\n]*\b{name}\b[^;\n]*\bin\b", body))
