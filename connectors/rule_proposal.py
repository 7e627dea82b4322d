"""A proposal of rules, laid out as a policies folder: what is in it, and what keeps it from being tried.

Runs only inside the process of a trial: what is read here was written by whoever could upload it.
"""

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.portable_rego import unportable
from connectors.rule_set import REVISION, WEIGHED, RuleSet, RuleSetUnreadable
from gateway.pages.trials import FILES_LIMIT, RULES_LIMIT, RuleProblem, RulesRejected
from gateway.vocabulary import Effect

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_BOOK: Final = "data.json"
PROBLEMS_SHOWN: Final = 20


class _Role(BaseModel):
    title: str
    purposes: list[str] = Field(max_length=40)


class _Purpose(BaseModel):
    title: str


class _Attributes(BaseModel):
    model_config = ConfigDict(strict=True)

    values: dict[str, list[bool | str]] = Field(max_length=60)
    of: dict[str, list[str]] = Field(max_length=40)


class _Reason(BaseModel):
    code: str
    effect: Effect
    tell: str | None = None
    remedy: str | None = None
    obligations: list[str] = []


class _Book(BaseModel):
    """As much of the book's form as the workbench itself reads; the rest is the rules' own."""

    roles: dict[str, _Role] = Field(max_length=60)
    purposes: dict[str, _Purpose] = Field(max_length=40)
    fields: dict[str, dict[str, list[str]]] = Field(max_length=40)
    attributes: _Attributes
    reasons: list[_Reason] = Field(max_length=200)
    tells: dict[str, str] = Field(max_length=200)
    remedies: dict[str, str] = Field(max_length=200)


def laid_out(folder: Path, base: Mapping[str, str], files: Mapping[str, str]) -> tuple[RuleSet, tuple[str, ...]]:
    """Write base and proposal as a policies folder; return its rules and the files that are no part of one.

    Raises:
        RulesRejected: A file cannot be taken, read or tried.
    """
    placed: dict[str, str] = {}
    left_out: list[str] = []
    for name, text in files.items():
        place = _place(name)
        if place is None:
            left_out.append(name)
        elif place in placed:
            raise RulesRejected([RuleProblem(file=name, message=f"There are two files for {place}.")])
        else:
            placed[place] = text
    if files and not placed:
        raise RulesRejected([RuleProblem(message="There is no file of rules, data.json or cases in the upload.")])
    if _BOOK not in {**base, **placed}:
        raise RulesRejected([RuleProblem(file=_BOOK, message="There is no data.json in the upload.")])
    for place, text in {**base, **placed}.items():
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(_book_alone(text) if place == _BOOK else text, encoding="utf-8")
    return _judged(folder), tuple(left_out)


def unpacked(archive: bytes) -> dict[str, str]:
    """Return the files of a zip or a tar, compressed or not, by their paths.

    Raises:
        RulesRejected: It is neither, or over a limit.
    """
    try:
        entries = _zip(archive) if zipfile.is_zipfile(io.BytesIO(archive)) else _tar(archive)
        return {name: content.decode("utf-8") for name, content in _within_limits(entries)}
    except UnicodeDecodeError:
        raise RulesRejected([RuleProblem(message="A file in the archive is not text in UTF-8.")]) from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError):
        raise RulesRejected([RuleProblem(message="The archive is neither a zip nor a tar that can be read.")]) from None


def _zip(archive: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            if not entry.is_dir():
                with opened.open(entry) as file:
                    yield entry.filename, file.read(RULES_LIMIT + 1)


def _tar(archive: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as opened:
        for entry in opened:
            file = opened.extractfile(entry) if entry.isfile() else None
            if file is not None:
                yield entry.name, file.read(RULES_LIMIT + 1)


def _within_limits(entries: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    size = 0
    for number, (name, content) in enumerate(entries):
        size += len(content)
        if size > RULES_LIMIT:
            raise RulesRejected([RuleProblem(message=f"The files are over {RULES_LIMIT // 1024} KB in all.")])
        if number >= FILES_LIMIT:
            raise RulesRejected([RuleProblem(message=f"There are more than {FILES_LIMIT} files.")])
        yield name, content


def _place(name: str) -> str | None:
    """Return where a file belongs in a policies folder, or None for what is no part of a rule set."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not _NAME.fullmatch(path.name) or path.name.endswith("_test.rego"):
        return None
    if path.name.endswith(".rego"):
        return f"directory/{path.name}"
    if path.parent.name == "cases" and path.name.endswith(".json"):
        return f"cases/{path.name}"
    return _BOOK if path.name == _BOOK else None


def _book_alone(text: str) -> str:
    # A bundle's book carries what engines are given beside it, which these rules get of their own.
    try:
        book = json.loads(text)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        said = error.msg if isinstance(error, json.JSONDecodeError) else "not JSON"
        raise RulesRejected([RuleProblem(file=_BOOK, line=line, message=f"This is not JSON: {said}.")]) from None
    except RecursionError:
        raise RulesRejected([RuleProblem(file=_BOOK, message="This is nested too deeply.")]) from None
    if isinstance(book, dict) and book.keys() & {REVISION, WEIGHED}:
        return json.dumps({name: value for name, value in book.items() if name not in (REVISION, WEIGHED)})
    return text


def _judged(folder: Path) -> RuleSet:
    try:
        rules = RuleSet.read(folder)
    except RuleSetUnreadable as error:
        # What is left of the message without the folder is about the upload; the folder is the gateway's own.
        said = str(error).replace(f"{folder}/", "").replace(f"{folder}: ", "")
        raise RulesRejected([RuleProblem(message=said)]) from None
    problems = [*_misshapen(rules.data), *_unportable(rules.modules)]
    if problems:
        raise RulesRejected(problems[:PROBLEMS_SHOWN])
    return rules


def _misshapen(book: Mapping[str, Any]) -> Iterator[RuleProblem]:
    try:
        _Book.model_validate(book)
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            where = ".".join(str(part) for part in problem["loc"])
            yield RuleProblem(file=_BOOK, message=f"{where}: {problem['msg']}")


def _unportable(modules: Mapping[str, str]) -> Iterator[RuleProblem]:
    for name, source in modules.items():
        for finding in unportable(name, source):
            yield RuleProblem(file=name, line=finding.line, message=f"This {finding.problem}; {finding.remedy}.")
