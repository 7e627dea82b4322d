"""What the page for auditors asks for: the bodies of its requests, read and bounded."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.http_requests import Refusal
from gateway.ledger.searching import Place

LOCAL_TIME: Final = ZoneInfo("Europe/London")
"""Where a day begins, and whose hours are counted."""
DAYS_LIMIT: Final = 366
"""Days that one view may span."""
NUMBER_LIMIT: Final = 2**63 - 1

Claim = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Day = Annotated[date, Field(strict=False, ge=date(2000, 1, 1), le=date(2999, 12, 31))]
Number = Annotated[int, Field(ge=0, le=NUMBER_LIMIT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class BookAsk(_Body):
    """What can be chosen at all, and what each code means."""


class _SpanAsk(_Body):
    """Days in Europe/London, both included."""

    since: Day
    until: Day

    def span(self) -> tuple[datetime, datetime]:
        """Return from which moment to before which.

        Raises:
            Refusal: They are in the wrong order, or too far apart.
        """
        if not timedelta(0) <= self.until - self.since < timedelta(days=DAYS_LIMIT):
            raise Refusal(400, f"`until` is not before `since`, and at most {DAYS_LIMIT} days are shown at once.")
        return _midnight(self.since), _midnight(self.until + timedelta(days=1))


class EntriesAsk(_SpanAsk):
    """A page of entries; a child is known by the id that was told. `before` is the `next` of the page before."""

    person: Claim | None = None
    role: Claim | None = None
    agency: Claim | None = None
    purpose: Claim | None = None
    outcome: Literal["answered", "refused", "failed"] | None = None
    request_id: Claim | None = None
    child: Claim | None = None
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    before: Annotated[str, StringConstraints(max_length=60)] | None = None

    def place(self) -> Place | None:
        """Return where the page before ended.

        Raises:
            Refusal: `before` was never given out.
        """
        if self.before is None:
            return None
        at, _, seq = self.before.partition("~")
        try:
            found = datetime.fromisoformat(at), int(seq)
        except ValueError:
            raise Refusal(400, "`before` is the `next` of another page.") from None
        if found[0].tzinfo is None or not 0 <= found[1] <= NUMBER_LIMIT:
            raise Refusal(400, "`before` is the `next` of another page.")
        return found


def cursor(place: Place) -> str:
    """Return a place as a page names it."""
    return f"{place[0].isoformat()}~{place[1]}"


class EntryAsk(_Body):
    """One entry, by its number."""

    number: Number


class HoursAsk(_SpanAsk):
    """How many entries there are by agency and hour of the day."""

    role: Claim | None = None
    outcome: Literal["answered", "refused", "failed"] | None = None


class ProofAsk(_SpanAsk):
    """Checkpoints, growth, witnesses and archives; `before` is the id of the oldest checkpoint of the page before."""

    by: Literal["hour", "day"] = "day"
    before: Number | None = None


LedgerAsk = BookAsk | EntriesAsk | EntryAsk | HoursAsk | ProofAsk

ASKS: Final[Mapping[str, type[BookAsk] | type[EntriesAsk] | type[EntryAsk] | type[HoursAsk] | type[ProofAsk]]] = {
    "book": BookAsk,
    "entries": EntriesAsk,
    "entry": EntryAsk,
    "hours": HoursAsk,
    "proof": ProofAsk,
}


def read_ask(view: str, body: Mapping[str, Any]) -> LedgerAsk:
    """Return what is asked of a view.

    Raises:
        Refusal: The body is not what the view takes.
    """
    try:
        ask = ASKS[view].model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refusal(400, f"`{where}`: {first['msg']}.") from None
    if isinstance(ask, _SpanAsk):
        ask.span()
    if isinstance(ask, EntriesAsk):
        ask.place()
    return ask


def note_of(ask: LedgerAsk) -> dict[str, Any]:
    """Return an ask as the ledger keeps it."""
    return ask.model_dump(mode="json", exclude_none=True)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_TIME)
