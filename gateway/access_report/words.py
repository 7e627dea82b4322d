"""The words of the report, all in one file of data: another language is another file.

Most words differ by who reads: "your name", "your child's name", "the child's name".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from gateway.identity import LOCAL_TIME

ENGLISH: Final = Path(__file__).parent / "words" / "en.json"


class WordsUnreadable(Exception):
    """The file of words cannot be used; the message names what is wrong with it."""


class Voice(StrEnum):
    """Whom the words speak to."""

    CHILD = "child"
    CARER = "carer"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language; `document` is the file."""

    document: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path = ENGLISH) -> "Words":
        """Read a file of words.

        Raises:
            WordsUnreadable: It cannot be read, or lacks a part that the packaged one has.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            packaged = document if path == ENGLISH else json.loads(ENGLISH.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise WordsUnreadable(f"{path} is no file of words: {error}") from error
        lacking = list(_lacking(packaged, document, ""))
        if lacking:
            raise WordsUnreadable(f"{path} lacks {', '.join(lacking[:5])}")
        return cls(document=document)

    @property
    def language(self) -> str:
        """Return the language's tag."""
        return str(self.document["language"])

    def said(self, group: str, key: str, voice: Voice = Voice.OTHER, **values: object) -> str:
        """Return a text of a group, in the voice, with its values put in."""
        return self._spoken(self.document[group][key], voice, values)

    def all_said(self, group: str, key: str, voice: Voice) -> list[str]:
        """Return the texts of a list."""
        return [self._spoken(text, voice, {}) for text in self.document[group][key]]

    def part(self, group: str, key: str | None, part: str, voice: Voice) -> str | None:
        """Return one part of what a group says of a code, or None for a code that it does not have."""
        found = self.document[group].get(key)
        return None if found is None else self._spoken(found[part], voice, {})

    def code(self, group: str, key: str | None, voice: Voice = Voice.OTHER) -> str | None:
        """Return what a group says of a code, or None for a code that it does not have."""
        found = self.document[group].get(key)
        return None if found is None else self._spoken(found, voice, {})

    def fields(self, names: Iterable[str], voice: Voice) -> tuple[str, ...]:
        """Return fields (`Type.field`) in plain words, each phrase once, in the order of the file.

        A field that the file does not have is told by its name: nothing that was seen is left out.
        """
        known: Mapping[str, str | None] = self.document["fields"]
        wanted = set(names)
        phrases = [text for name, text in known.items() if name in wanted and text is not None]
        unknown = sorted(wanted - known.keys())
        return tuple(dict.fromkeys([*(self._spoken(text, voice, {}) for text in phrases), *unknown]))

    def voice_of(self, role: str | None) -> Voice:
        """Return the voice that speaks to who asks in a role."""
        return Voice(self.document["voice_of_role"].get(role, Voice.OTHER))

    def number(self, number: int) -> str:
        """Return a small number as a word, any other in figures."""
        named: Sequence[str] = self.document["numbers"]
        return named[number] if number < len(named) else str(number)

    def listed(self, parts: Sequence[str]) -> str:
        """Return parts as one list: a, b and c."""
        lists = self.document["lists"]
        *others, last = parts
        return lists["last"].join([lists["between"].join(others), last]) if others else last

    def date(self, form: str, at: datetime) -> str:
        """Return a moment's day, month or time in one of the forms that the file has, as the clocks here show it."""
        dates, local = self.document["dates"], at.astimezone(LOCAL_TIME)
        text: str = dates[form]
        return text.format(
            weekday=dates["weekdays"][local.weekday()],
            day=local.day,
            month=dates["months"][local.month - 1],
            short_month=dates["short_months"][local.month - 1],
            year=local.year,
            hour=f"{local.hour:02}",
            minute=f"{local.minute:02}",
        )

    def _spoken(self, text: str, voice: Voice, values: Mapping[str, object]) -> str:
        return text.format_map({**self.document["voices"][voice.value], **values})


def _lacking(packaged: Any, given: Any, place: str) -> Iterable[str]:
    """Name what a file lacks of the packaged one; codes of an owner's own may be there besides."""
    if isinstance(packaged, dict):
        if not isinstance(given, dict):
            yield place or "everything"
            return
        for key, part in packaged.items():
            here = f"{place}.{key}".lstrip(".")
            if key in given:
                yield from _lacking(part, given[key], here)
            else:
                yield here
    elif (isinstance(packaged, list) and not isinstance(given, list)) or (
        isinstance(packaged, str) and not isinstance(given, str)
    ):
        yield place
