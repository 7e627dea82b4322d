"""Rego metadata comments as values: the part of YAML that rules use, so that no YAML library is needed to serve."""

from collections.abc import Sequence
from typing import Any, Final

METADATA: Final = "# METADATA"
_BLOCK: Final = {"|": "\n", ">": " "}


def read_metadata(comments: Sequence[str]) -> dict[str, Any]:
    """Return what comment lines below `# METADATA` say: texts, flags, lists and mappings."""
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in comments]
    value, _ = _mapping(lines, 0, 0)
    return value


def _mapping(lines: Sequence[str], at: int, indent: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while at < len(lines) and _indent(lines[at]) == indent and ":" in lines[at] and not _is_item(lines[at]):
        key, _, rest = lines[at].strip().partition(":")
        found[_scalar(key)], at = _value(lines, at + 1, indent, rest.strip())
    return found, at


def _value(lines: Sequence[str], at: int, indent: int, rest: str) -> tuple[Any, int]:
    if rest[:1] in _BLOCK:
        return _block(lines, at, indent, _BLOCK[rest[0]])
    if rest:
        return _scalar(rest), at
    if at < len(lines) and _is_item(lines[at]):
        return _list(lines, at, _indent(lines[at]))
    if at < len(lines) and _indent(lines[at]) > indent:
        return _mapping(lines, at, _indent(lines[at]))
    return None, at


def _list(lines: Sequence[str], at: int, indent: int) -> tuple[list[Any], int]:
    found = []
    while at < len(lines) and _is_item(lines[at]) and _indent(lines[at]) == indent:
        inside = lines[at].replace("- ", "  ", 1)
        deeper = _indent(inside)
        body = [inside, *lines[at + 1 :]]
        if ": " in inside or inside.rstrip().endswith(":"):
            value, used = _mapping(body, 0, deeper)
        else:
            value, used = _scalar(inside.strip()), 1
        found.append(value)
        at += used
    return found, at


def _block(lines: Sequence[str], at: int, indent: int, joint: str) -> tuple[str, int]:
    taken = []
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > indent):
        taken.append(lines[at].strip())
        at += 1
    return joint.join(taken) + "\n", at


def _scalar(text: str) -> Any:
    if text[:1] == "[" and text[-1:] == "]":
        return [_scalar(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    if text in ("true", "false"):
        return text == "true"
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
