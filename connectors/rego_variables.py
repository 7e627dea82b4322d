"""Keys that nothing in their rule declares: OPA binds them first, the embedded engine only where it comes to them.

What a comprehension or a negation says of such a key, the embedded engine says of all keys at once.
"""

import re
from collections.abc import Iterator

from connectors.rego_text import comprehensions, depth_of

_NAMES = r"\bsome\b([^;\n{}]*?)(?:\bin\b|[;\n}]|$)", r"\bevery\b([^;\n{}]*?)\bin\b", r"\b(\w+)\s*:="
_NO_RULES = frozenset({"package", "import", "else"})


def undeclared(code: str) -> Iterator[tuple[int, str]]:
    """Yield position and name of each key that is used in a rule and declared neither there nor in the file.

    Of a rule each name is told once, where it is used first. `code` is without comments and strings.
    Names that begin with an underscore are taken for rules of other files of the package.
    """
    rules = list(_rules(code))
    known = {"input", "data", *_imported(code), *(_first_word(text) for _, text in rules)}
    for start, text in rules:
        found: dict[str, int] = {}
        for position, name in sorted(_within(text, start, known | _arguments(text))):
            found.setdefault(name, position)
        yield from ((position, name) for name, position in found.items())


def _rules(code: str) -> Iterator[tuple[int, str]]:
    """Yield position and text of each rule: it begins with a word at the margin, outside of all brackets."""
    begun, depth, position = 0, 0, 0
    for line in code.splitlines(keepends=True):
        if depth == 0 and re.match(r"[A-Za-z_]", line) and _first_word(line) not in _NO_RULES:
            yield begun, code[begun:position]
            begun = position
        depth += sum(map(depth_of, line))
        position += len(line)
    yield begun, code[begun:]


def _within(text: str, offset: int, known: set[str]) -> Iterator[tuple[int, str]]:
    spans = _outermost(text)
    around = text
    for start, end in spans:
        around = around[:start] + re.sub(r"[^\n]", " ", text[start:end]) + around[end:]
    declared = known | _declared(around)
    for match in re.finditer(r"\[\s*([A-Za-z]\w*)\s*[\].\[]|\bcontains\s+([A-Za-z]\w*)", around):
        name = match.group(1) or match.group(2)
        if name not in declared:
            yield offset + match.start(), name
    for start, end in spans:
        yield from _within(text[start + 1 : end], offset + start + 1, declared)


def _outermost(text: str) -> list[tuple[int, int]]:
    """Return beginning and end of the comprehensions that stand in no other one."""
    spans = [(start, start + len(head) + len(body) + 2) for start, head, body in comprehensions(text)]
    return [one for one in spans if not any(other[0] < one[0] < other[1] for other in spans)]


def _declared(text: str) -> set[str]:
    return {name for form in _NAMES for names in re.findall(form, text) for name in re.findall(r"\w+", names)}


def _imported(code: str) -> set[str]:
    return set(re.findall(r"^import\s+[\w.]*?(\w+)\s*$", code, re.MULTILINE)) | set(
        re.findall(r"^import\s.*\bas\s+(\w+)", code, re.MULTILINE)
    )


def _arguments(text: str) -> set[str]:
    """Return the words between a function's parentheses; none for a rule that takes none."""
    head = re.match(r"\w+\(([^)]*)\)", text)
    return set(re.findall(r"\w+", head.group(1))) if head else set()


def _first_word(text: str) -> str:
    word = re.match(r"\w+", text)
    return word.group() if word else ""
