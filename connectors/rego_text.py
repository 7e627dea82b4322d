"""Rego as text with its brackets told apart: what a scan over rules needs, without a parser."""

import re
from collections.abc import Iterator

_OPENING, _CLOSING = "([{", ")]}"
_BEFORE_A_VALUE = frozenset({"in", "not", "some", "contains", "with", "as"})


def without_text(source: str) -> str:
    """Blank out comments and strings, keeping every position."""

    def blank(match: re.Match[str]) -> str:
        text = match.group()
        return text if text == "\n" else re.sub(r"[^\n]", "_" if text[0] in '"`' else " ", text)

    return re.sub(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*', blank, source)


def closing(code: str, opening: int) -> int:
    """Return where what opens here is closed; the end, where nothing closes it."""
    depth = 0
    for position in range(opening, len(code)):
        depth += depth_of(code[position])
        if depth == 0:
            return position
    return len(code)


def depth_of(character: str) -> int:
    """Return by how much a character opens (1) or closes (-1) brackets."""
    return (character in _OPENING) - (character in _CLOSING)


def comprehensions(code: str) -> Iterator[tuple[int, str, str]]:
    """Yield position, head and body of every comprehension, the inner ones first."""
    open_at: list[tuple[int, int | None]] = []
    for position, character in enumerate(code):
        if character in _OPENING:
            open_at.append((position, None))
        elif character in _CLOSING and open_at:
            start, bar = open_at.pop()
            if bar is not None and code[start] != "(" and not _opens_a_body(code, start):
                yield start, code[start + 1 : bar], code[bar + 1 : position]
        elif character == "|" and open_at and open_at[-1][1] is None:
            open_at[-1] = (open_at[-1][0], position)


def _opens_a_body(code: str, position: int) -> bool:
    """Tell the brace of a rule or an `every` from that of a value: it stands behind `if`, `else` or a whole term."""
    before = code[:position].rstrip()
    word = re.search(r"\w+$", before)
    if code[position] != "{":
        return False
    return word.group() not in _BEFORE_A_VALUE if word else before.endswith((")", "]", "}"))
