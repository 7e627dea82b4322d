"""What the rules say of themselves: the metadata over each rule, the law it cites, the facts its text reads.

Metadata is read as OPA reads it, in the forms that the rules use: text, blocks of text, lists and mappings.
A test compares what is read here with what `opa inspect -a` reads.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.workbench.metadata import METADATA, read_metadata

_PACKAGE: Final = re.compile(r"^package\s+([\w.]+)", re.MULTILINE)
_IMPORT: Final = re.compile(r"^import\s+data\.([\w.]+?)(?:\s+as\s+(\w+))?\s*$", re.MULTILINE)
_HEAD: Final = re.compile(r"^(?:default\s+)?(\w+)")
_REASON_IN_HEAD: Final = re.compile(r'^refusals\[\w+\]\["([^"]+)"\]')
_ANY_REASON_IN_HEAD: Final = re.compile(r"^refusals\[\w+\]\[\w+\]")
_FACT: Final = re.compile(r"\b(?:record\.)?(class\.\w+)|\binput\.((?:caller|access)\.\w+)|\b(record\.type)\b")
_BOOK: Final = re.compile(r"\bdata\.(\w+)")
_LITERAL: Final = re.compile(r'"[^"]*"|#.*$', re.MULTILINE)
_WHOLE_INPUT: Final = re.compile(r"\binput\b(?!\.(?:items|(?:caller|access)\.\w))")
_NOT_BOOK: Final = frozenset({"directory", "revision", "weighed"})
_QUESTION: Final = "directory.question"
"""The package every rule reads its records from; what it reads says nothing of the one rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What a rule rests on: an instrument with its paragraph, and where to read it, if anywhere."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What metadata says of one rule; empty where it says nothing."""

    title: str | None = None
    description: str | None = None
    citations: tuple[Citation, ...] = ()
    domain: tuple[str, ...] = ()
    """The rules of the domain that it carries out, such as H3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as it stands in a file; `line` counts from 1."""

    package: str
    name: str
    file: str
    line: int
    text: str
    metadata: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a reason comes from: the rule's place, what is said of it, the facts and the parts of the book it reads."""

    file: str
    line: int
    annotation: Annotation
    facts: tuple[str, ...]
    book: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annotations:
    """What the rules of one rule set say of themselves."""

    rules: tuple[Rule, ...]
    packages: Mapping[str, Mapping[str, Any]]
    imports: Mapping[str, Mapping[str, str]]
    """For each package, the packages it imports by the name it uses."""
    _origins: dict[str, tuple[Origin, ...]] = field(default_factory=dict)

    def origins(self, reason: str) -> tuple[Origin, ...]:
        """Return the rules that give a reason; none if no rule names it."""
        if reason not in self._origins:
            self._origins[reason] = tuple(self._origin(rule) for rule in self._giving(reason))
        return self._origins[reason]

    def unread(self) -> frozenset[str]:
        """Return which of the agency, the authority, the grant and the time no rule reads; none if that is not sure."""
        texts = [_LITERAL.sub("", rule.text) for rule in self.rules]
        if any(_WHOLE_INPUT.search(text) for text in texts):
            return frozenset()
        words = {word for text in texts for word in re.findall(r"\w+", text)}
        return frozenset({"agency", "authority", "grant", "now"}) - words

    def _giving(self, reason: str) -> Sequence[Rule]:
        heads = [rule for rule in self.rules if (found := _REASON_IN_HEAD.match(rule.text)) and found[1] == reason]
        inside = [rule for rule in self.rules if f'"{reason}"' in rule.text]
        computed = [rule for rule in self.rules if _ANY_REASON_IN_HEAD.match(rule.text)]
        return heads or inside or [rule for rule in computed if rule.package != "directory"]

    def _origin(self, rule: Rule) -> Origin:
        texts = [_LITERAL.sub("", text) for text in self._closure(rule)]
        facts = {next(filter(None, found)) for text in texts for found in _FACT.findall(text)}
        book = {found for text in texts for found in _BOOK.findall(text)} - _NOT_BOOK
        return Origin(
            file=rule.file,
            line=rule.line,
            annotation=self._annotation(rule),
            facts=tuple(sorted(facts)),
            book=tuple(sorted(book)),
        )

    def _annotation(self, rule: Rule) -> Annotation:
        # The nearest metadata that says a thing says it: the rule's own, its document's, its package's.
        layers = [rule.metadata or {}, self._document(rule), self.packages.get(rule.package, {})]
        titles = [layer["title"] for layer in layers if "title" in layer]
        descriptions = [layer["description"].strip() for layer in layers if "description" in layer]
        cited = next((found for layer in layers if (found := tuple(_citations(layer)))), ())
        return Annotation(
            title=titles[0] if titles else None,
            description=" ".join(descriptions[0].split()) if descriptions else None,
            citations=cited,
            domain=next((named for layer in layers if (named := _domain(layer))), ()),
        )

    def _document(self, rule: Rule) -> Mapping[str, Any]:
        return next(
            (
                other.metadata
                for other in self.rules
                if other.metadata
                and other.metadata.get("scope") == "document"
                and (other.package, other.name) == (rule.package, rule.name)
            ),
            {},
        )

    def _closure(self, rule: Rule) -> Iterator[str]:
        # The rule's text, and that of every rule it calls, its own package's and those it imports.
        waiting, seen = [rule], {(rule.package, rule.name)}
        while waiting:
            one = waiting.pop()
            yield one.text
            for called in self._called(one):
                if called not in seen and called[0] != _QUESTION:
                    seen.add(called)
                    waiting += [other for other in self.rules if (other.package, other.name) == called]

    def _called(self, rule: Rule) -> Iterator[tuple[str, str]]:
        for other in {other.name for other in self.rules if other.package == rule.package}:
            if re.search(rf"(?<![\w.\"]){re.escape(other)}\b", rule.text):
                yield rule.package, other
        for name, package in self.imports[rule.package].items():
            for called in re.findall(rf"(?<![\w.]){re.escape(name)}\.(\w+)", rule.text):
                yield package, called


def read_annotations(modules: Mapping[str, str]) -> Annotations:
    """Return what the rules say of themselves; `modules` maps a file's name to its Rego."""
    rules: list[Rule] = []
    packages: dict[str, Mapping[str, Any]] = {}
    imports: dict[str, dict[str, str]] = {}
    for file, source in modules.items():
        found = _PACKAGE.search(source)
        package = found[1] if found else ""
        imports.setdefault(package, {}).update(
            {alias or path.rpartition(".")[2]: path for path, alias in _IMPORT.findall(source)}
        )
        for line, text, metadata in _parts(source):
            if text.startswith("package "):
                packages[package] = metadata or packages.get(package, {})
            elif (head := _HEAD.match(text)) and not text.startswith("import "):
                rules.append(Rule(package=package, name=head[1], file=file, line=line, text=text, metadata=metadata))
    return Annotations(tuple(rules), packages, imports)


def _parts(source: str) -> Iterator[tuple[int, str, Mapping[str, Any] | None]]:
    # A part begins at each line that stands at the margin and is neither comment nor closing bracket.
    part: list[str] = []
    comments: list[str] = []
    began, metadata = 0, None
    for number, line in enumerate(source.splitlines(), start=1):
        if line.startswith("#"):
            comments.append(line)
        elif line.strip() and not line[0].isspace() and line[0] not in "})]":
            if part:
                yield began, "\n".join(part), metadata
            part, began, metadata = [line], number, _metadata(comments)
            comments = []
        else:
            comments = [] if not line.strip() else comments
            part.append(line)
    if part:
        yield began, "\n".join(part), metadata


def _metadata(comments: Sequence[str]) -> Mapping[str, Any] | None:
    if METADATA not in comments:
        return None
    return read_metadata(comments[comments.index(METADATA) + 1 :])


def _domain(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(metadata.get("custom", {}).get("domain", ()))


def _citations(metadata: Mapping[str, Any]) -> Iterable[Citation]:
    for resource in metadata.get("related_resources", ()):
        if isinstance(resource, str):
            yield Citation(text=resource, url=resource)
        else:
            yield Citation(text=resource.get("description") or resource["ref"], url=resource.get("ref"))
