"""The names and addresses in a Patient: which is current, and which are history."""

import re
from collections.abc import Sequence
from datetime import date

from connectors.feeds.cells import read_postcode
from connectors.feeds.fhir_json import Json, day, object_, objects, text, texts
from connectors.feeds.outcome import Refusal
from connectors.feeds.patient import Home, Name, Period
from gateway.vocabulary import AddressStatus

CURRENT_NAMES = ("usual", "official", None)
FORMER_NAMES = frozenset({"old", "maiden", "nickname", "temp", "anonymous"})
HOME_ADDRESSES = frozenset({"home", None})
OTHER_ADDRESSES = frozenset({"old", "temp"})
"""Never told as where a child lives now: kept as history, with their period."""

_UPRN = re.compile(r"[0-9]{1,12}")


def read_names(resource: Json, today: date, notes: list[Refusal]) -> tuple[Name | None, tuple[Name, ...]]:
    """Return the current name and the others; what cannot be read is noted.

    The usual name stays the name even where its period is over and no other has come.
    """
    current: list[tuple[tuple[bool, int], Name]] = []
    former: list[Name] = []
    for item in objects(resource, "name"):
        family, use = text(item, "family"), text(item, "use")
        if family is None or not family.strip():
            notes.append(Refusal(reason="name-unreadable", field="name"))
            continue
        given = " ".join(part.strip() for part in texts(item, "given") if part.strip())
        name = Name(given=given or None, family=family.strip(), period=read_period(item, notes))
        if use in CURRENT_NAMES:
            current.append(((name.period.over(today), CURRENT_NAMES.index(use)), name))
        elif use in FORMER_NAMES:
            former.append(name)
        else:
            notes.append(Refusal(reason="use-not-supported", field="name"))
    ranked = [name for _, name in sorted(current, key=lambda pair: pair[0])]
    return next(iter(ranked), None), (*ranked[1:], *former)


def read_homes(resource: Json, notes: list[Refusal]) -> tuple[list[Home], list[Home]]:
    """Return the home addresses, and those that were never home or no longer are; what cannot be read is noted."""
    homes: list[Home] = []
    others: list[Home] = []
    for item in objects(resource, "address"):
        use = text(item, "use")
        if use not in HOME_ADDRESSES | OTHER_ADDRESSES:
            notes.append(Refusal(reason="use-not-supported", field="address"))
            continue
        written = text(item, "postalCode")
        postcode = read_postcode(written) if written else None
        if written and postcode is None:
            notes.append(Refusal(reason="postcode-format", field="address.postalCode"))
        lines = tuple(line.strip() for line in texts(item, "line") if line.strip())
        if lines or postcode:
            home = Home(lines=lines, postcode=postcode, uprn=_uprn(item), period=read_period(item, notes))
            (homes if use in HOME_ADDRESSES else others).append(home)
    return homes, others


def where(
    homes: Sequence[Home], others: Sequence[Home], today: date
) -> tuple[Home | None, AddressStatus | None, tuple[Home, ...]]:
    """Tell where the child lives, or was last known to live, from where else the child has lived."""
    if not homes:
        return None, None, tuple(others)
    latest_first = sorted(
        homes, key=lambda home: (not home.period.over(today), home.period.start or date.min), reverse=True
    )
    home = latest_first[0]
    status = AddressStatus.LAST_KNOWN if home.period.over(today) else AddressStatus.CURRENT
    elsewhere = [other for other in others if (other.lines, other.postcode) != (home.lines, home.postcode)]
    return home, status, (*latest_first[1:], *elsewhere)


def _uprn(address: Json) -> str | None:
    for extension in objects(address, "extension"):
        parts = {text(part, "url"): part for part in objects(extension, "extension")}
        kind = text(object_(parts.get("type", {}), "valueCoding"), "code")
        value = text(parts.get("value", {}), "valueString")
        if kind == "UPRN" and value and _UPRN.fullmatch(value):
            return value
    return None


def read_period(item: Json, notes: list[Refusal]) -> Period:
    """Return the period of an item; one that cannot be read is noted."""
    period = object_(item, "period")
    start, end = day(period.get("start")), day(period.get("end"))
    if (period.get("start") and start is None) or (period.get("end") and end is None):
        notes.append(Refusal(reason="date-format", field="period"))
    if start and end and end < start:
        notes.append(Refusal(reason="period-backwards", field="period"))
        return Period(start=None, end=None)
    return Period(start=start, end=end)
