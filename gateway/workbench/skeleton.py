"""A new rule, written out: the rule with its metadata, its test, its three cases, its entries in book and entrypoint.

Rules only refuse. Who sees what at all is given to roles in the book and needs no rule.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.disclosure.question import Attribute
from gateway.vocabulary import Effect, Obligation, RecordType
from gateway.workbench.axes import PLAIN, known, word
from gateway.workbench.book import Book

_SUBJECT: Final = re.compile(r"[a-z][a-z_]*")
_CODE: Final = re.compile(r"[a-z]+(-[a-z]+)+")
_IMPORTS: Final = re.compile(r"(?:^import data\.directory\.\w+\n)+", re.MULTILINE)
_SUBJECTS: Final = re.compile(r"^_subjects := \[\n((?:\t\w+\.refusals,\n)+)\]", re.MULTILINE)


class CannotBeWritten(Exception):
    """The rule cannot be written as asked; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """What an author says of a new rule: when (`attribute` is `value`) it refuses `fields`, why, and what it tells."""

    subject: str
    title: str
    code: str
    law: str
    url: str
    domain: tuple[str, ...]
    type: RecordType
    fields: tuple[str, ...]
    attribute: str
    value: str
    effect: Effect
    tell: str | None
    remedy: str | None
    obligation: Obligation | None

    def check(self, book: Book) -> None:
        """Hold the rule to what the rules in force know.

        Raises:
            CannotBeWritten, UnknownName: A part does not fit; nothing has been written.
        """
        if not _SUBJECT.fullmatch(self.subject):
            raise CannotBeWritten(f"the subject is a word such as school_nursing, not {self.subject}")
        if not _CODE.fullmatch(self.code):
            raise CannotBeWritten(f"the reason code is words such as consent-lacking, not {self.code}")
        if self.code in {reason.code for reason in book.reasons}:
            raise CannotBeWritten(f"the reason {self.code} exists; a reason is never used for something else")
        for name in self.fields:
            known(f"field of {self.type}", [name], book.fields_of(self.type))
        known(f"attribute of {self.type}", [self.attribute], book.attributes_of(self.type))
        values = [word(value) for value in book.values_of(self.attribute)]
        known(f"value of {self.attribute}", [self.value], values)
        if self.value == word(PLAIN.get(self.attribute)):
            raise CannotBeWritten(f"{self.attribute} is {self.value} in a plain record; refuse what departs from it")
        if self.effect is Effect.DISCLOSE:
            raise CannotBeWritten("rules only refuse; to tell more, give a role a group of fields in data.json")
        if (self.effect is Effect.MASK) != (self.obligation is not None):
            raise CannotBeWritten("a mask, and only a mask, needs an obligation")
        if self.effect is Effect.WITHHOLD:
            known("tell code", [self.tell or ""], book.tells)
            known("remedy", [self.remedy] if self.remedy else [], book.remedies)

    def files(self, *, decide: str, data: str, book: Book) -> Mapping[str, str]:
        """Return the files by their path in the folder; `decide` and `data` are the entrypoint and book as they stand.

        Raises:
            CannotBeWritten: No role is told the fields, or a file has not the shape it should.
        """
        return {
            f"directory/{self.subject}.rego": self._rule(book),
            f"directory/{self.subject}_test.rego": self._test(),
            f"cases/{self.subject}.json": self._cases(book),
            "directory/decide.rego": self._decide(decide),
            "data.json": self._data(data),
        }

    def _rule(self, book: Book) -> str:
        others = [value for value in book.values_of(self.attribute) if word(value) != self.value]
        domain = f"\n# custom:\n#   domain: [{', '.join(self.domain)}]" if self.domain else ""
        fields = ", ".join(f'"{name}"' for name in self.fields)
        taken = "record.fields" if self.effect is Effect.CONCEAL else f"{{{fields}}}"
        return f"""# METADATA
# description: {self.title}
package directory.{self.subject}

import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: {self.title}
# related_resources:
# - description: {self.law}
#   ref: {self.url}{domain}
refusals[key]["{self.code}"] := {taken} if {{
	some key, record in question.records
	record.type == "{self.type}"
	not _told(record)
}}

# Told only where the {self.attribute} is known to be another: what is missing refuses, too.
_told(record) if record.class.{self.attribute} {_is_one_of(others)}
"""

    def _test(self) -> str:
        value = json.dumps(_json(self.value))
        plain = json.dumps(PLAIN[self.attribute]) if self.attribute in PLAIN else None
        other = f'{{"{self.attribute}": {plain}}}' if plain else "{}"
        imports = "\n".join(sorted(f"import data.directory.{name}" for name in ("fixture", self.subject)))
        return f"""package directory.{self.subject}_test

{imports}

test_it_refuses if {{
	refused := {self.subject}.refusals.k with input as fixture.question("{self.type}", {{"{self.attribute}": {value}}})
	refused["{self.code}"]
}}

test_it_leaves_others_alone if {{
	{self.subject}.refusals == {{}} with input as fixture.question("{self.type}", {other})
}}
"""

    def _cases(self, book: Book) -> str:
        role, purpose = self._who_is_told(book)
        asked: dict[str, Any] = {
            "why": self.law,
            "caller": {"role": role},
            "access": {"purpose": purpose},
            "type": self.type.value,
        }
        refused: dict[str, Any] = {"effect": self.effect.value, "reasons": [self.code]}
        if self.effect is Effect.WITHHOLD:
            refused |= {"tell": self.tell, "remedy": self.remedy}
        concealed = self.effect is Effect.CONCEAL
        cases = {
            f"{self.code}-tells-an-ordinary-record": {
                **asked,
                "expect": {"exists": "disclose", "fields": dict.fromkeys(self.fields, "disclose")},
            },
            f"{self.code}-refuses-where-{self.attribute}-is-{self.value}": {
                **asked,
                "class": {self.attribute: _json(self.value)},
                "expect": {
                    "exists": "conceal" if concealed else "disclose",
                    "fields": dict.fromkeys(self.fields, refused),
                },
            },
            f"{self.code}-tells-nothing-without-{self.attribute}": {
                **asked,
                "without": [self.attribute],
                "expect": {
                    "exists": "conceal",
                    "reasons": ["class-incomplete"],
                    "fields": dict.fromkeys(self.fields, "conceal"),
                },
            },
        }
        return json.dumps(cases, indent=2, ensure_ascii=False) + "\n"

    def _who_is_told(self, book: Book) -> tuple[str, str]:
        groups = {book.group_of(self.type, name) for name in self.fields}
        for role in book.roles:
            for purpose in book.purposes_of(role)[:1]:
                if groups <= set(book.sees(role, self.type)) and not book.handles(role):
                    return role, purpose
        raise CannotBeWritten(f"no role sees {' and '.join(self.fields)} of {self.type}, so there is nothing to refuse")

    def _decide(self, decide: str) -> str:
        imports, subjects = _IMPORTS.search(decide), _SUBJECTS.search(decide)
        if imports is None or subjects is None:
            raise CannotBeWritten("decide.rego has no list of imports or of _subjects to add the rule to")
        for found, line in (
            (subjects, f"\t{self.subject}.refusals,\n"),
            (imports, f"import data.directory.{self.subject}\n"),
        ):
            block = found[1] if found is subjects else found[0]
            lines = "".join(sorted({*block.splitlines(keepends=True), line}))
            decide = decide.replace(block, lines, 1)
        return decide

    def _data(self, data: str) -> str:
        # The file is a person's: one line is added, and every other byte is left as it stands.
        entry: dict[str, Any] = {"code": self.code, "effect": self.effect.value}
        if self.effect is not Effect.CONCEAL:
            obligations = [] if self.obligation is None else [self.obligation.value]
            entry |= {"tell": self.tell, "remedy": self.remedy, "obligations": obligations}
        alike = list(re.finditer(rf'^    {{"code": "[a-z-]+", "effect": "{self.effect.value}".*$', data, re.MULTILINE))
        if not alike:
            raise CannotBeWritten(
                f"data.json lists no other reason to {self.effect}, so there is no place for this one"
            )
        last = alike[-1]
        line = last[0].rstrip(",")
        comma = "," if last[0].endswith(",") else ""
        return f"{data[: last.start()]}{line},\n    {json.dumps(entry)}{comma}{data[last.end() :]}"


def _is_one_of(values: Sequence[Attribute]) -> str:
    if len(values) == 1:
        return f"== {json.dumps(values[0])}"
    return f"in {{{', '.join(json.dumps(value) for value in values)}}}"


def _json(value: str) -> str | bool:
    return value == "true" if value in ("true", "false") else value
