"""GraphQL in the sources of clients: whole files, templates in JavaScript and TypeScript, and calls in Python."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WHOLE: Final = frozenset({".graphql", ".gql"})
SCRIPTS: Final = frozenset({".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"})
PYTHON: Final = frozenset({".py"})
LOOKED_AT: Final = WHOLE | SCRIPTS | PYTHON
PASSED_OVER: Final = frozenset({"node_modules", "__pycache__", "dist", "build", "site-packages"})
"""Folders that hold what others wrote, or what was made from the sources; so do those that begin with a dot."""

_TAGS: Final = frozenset({"gql", "graphql"})
_SCRIPT: Final = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'"""
    r""" | (?P<tag>\b(?:gql|graphql)\s*(?:<[^<>`]*>\s*)?(?:\(\s*(?:/\*.*?\*/\s*)?)?)?(?P<open>`)""",
    re.VERBOSE | re.DOTALL,
)
_NOT_COUNTED: Final = re.compile(r'"""(?:\\"""|(?!""").)*"""|"(?:\\.|[^"\\\n])*"|#[^\n]*', re.DOTALL)


class SourceFault(Exception):
    """Something in a source cannot become a document; the message begins with its file and line."""

    def __init__(self, file: Path, line: int, what: str) -> None:
        """Say what is wrong, and where."""
        super().__init__(f"{file}:{line}: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """GraphQL that stands in a source."""

    file: Path
    line: int
    """Of the source, where the text begins; counts from 1."""
    text: str


def found_in(sources: list[Path]) -> Iterator[Found | SourceFault]:
    """Yield the GraphQL in files and folders, in the order of their names, and what is wrong with a file."""
    for file in _files(sources):
        try:
            yield from _in_file(file)
        except SourceFault as fault:
            yield fault


def _in_file(file: Path) -> Iterator[Found | SourceFault]:
    if file.suffix not in LOOKED_AT:
        raise SourceFault(file, 1, "no GraphQL is looked for in such a file")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceFault(file, 1, f"it cannot be read as UTF-8 ({type(error).__name__})") from None
    if file.suffix in WHOLE:
        yield Found(file=file, line=1, text=text)
    elif file.suffix in SCRIPTS:
        yield from _in_script(file, text)
    else:
        yield from _in_python(file, text)


def _files(sources: list[Path]) -> Iterator[Path]:
    for source in sources:
        if not source.is_dir():
            yield source
            continue
        for file in sorted(source.rglob("*")):
            folders = file.relative_to(source).parts[:-1]
            if any(name in PASSED_OVER or name.startswith(".") for name in folders):
                continue
            if file.suffix in LOOKED_AT and file.is_file():
                yield file


def _in_script(file: Path, text: str) -> Iterator[Found]:
    place = 0
    while match := _SCRIPT.search(text, place):
        place = match.end()
        if match["open"] is None:
            continue
        line = text.count("\n", 0, place) + 1
        written, place = _template(file, text, place, line=line, wanted=match["tag"] is not None)
        if match["tag"] is not None:
            yield Found(file=file, line=line, text=written)


def _template(file: Path, text: str, begin: int, *, line: int, wanted: bool) -> tuple[str, int]:
    """Return what a template says, with the fragments that it only names left out, and where it ends."""
    said: list[str] = []
    place = begin
    while place < len(text):
        if text[place] == "`":
            return "".join(said), place + 1
        if text[place] == "\\":
            said.append({"n": "\n", "t": "\t"}.get(text[place + 1 : place + 2], text[place + 1 : place + 2]))
            place += 2
        elif text.startswith("${", place):
            end = _value_end(text, place + 2)
            if wanted and _inside("".join(said)):
                at = line + text.count("\n", begin, place)
                raise SourceFault(file, at, "the document is made while the program runs; write it out")
            said.append("\n" * text.count("\n", place, end))
            place = end
        else:
            said.append(text[place])
            place += 1
    raise SourceFault(file, line, "the template has no end")


def _value_end(text: str, place: int) -> int:
    """Return where a value in a template ends, which may hold braces, strings and templates of its own."""
    depth = 1
    while place < len(text) and depth:
        match = _SCRIPT.match(text, place)
        if match is not None and match["open"] is None:
            place = match.end()
            continue
        if match is not None:
            place = _nested_end(text, match.end())
            continue
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        place += 1
    return place


def _nested_end(text: str, place: int) -> int:
    while place < len(text) and text[place] != "`":
        if text.startswith("${", place):
            place = _value_end(text, place + 2)
        else:
            place += 2 if text[place] == "\\" else 1
    return place + 1


def _inside(said: str) -> bool:
    """Return whether a text ends inside a selection or a value; between definitions is outside."""
    counted = _NOT_COUNTED.sub("", said)
    return any(counted.count(opening) != counted.count(closing) for opening, closing in ("{}", "()", "[]"))


def _in_python(file: Path, text: str) -> Iterator[Found | SourceFault]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise SourceFault(file, getattr(error, "lineno", None) or 1, "it cannot be read as Python") from None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) in _TAGS and node.args]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        said = call.args[0]
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            yield Found(file=file, line=said.lineno, text=said.value)
        else:
            yield SourceFault(file, said.lineno, "the document is made while the program runs; write it out")


def _name(called: ast.expr) -> str | None:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
