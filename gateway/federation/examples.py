"""Records that nobody holds, one of each class that a record elsewhere can have here: to decide before asking."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from typing import Any, TypeVar

from gateway.disclosure.classes import Record
from gateway.record_ids import ForeignId
from gateway.records import Agency, Candidate, Carer, Child, ChildFacts, Involvement, Practitioner, Setting
from gateway.vocabulary import (
    AuthorityCode,
    Consent,
    MatchGrade,
    RecordStanding,
    RecordType,
    Shield,
)

Made = TypeVar("Made")


def facts_elsewhere(authority: AuthorityCode, here: ChildFacts | None = None) -> ChildFacts:
    """Return what is known here of a child elsewhere: whose it is, and that nobody here is close to it.

    Of one that is the same child as a record `here`, a conflict of interest declared here is known as well: what that
    adds can only narrow.
    """
    return ChildFacts(
        shield=Shield.NONE,
        standing=RecordStanding.LIVE,
        home=authority,
        practitioners=frozenset(),
        carers=frozenset(),
        conflicted=frozenset() if here is None else here.conflicted,
    )


def footing_elsewhere(*, sensitive: bool, with_carer: bool) -> Consent:
    """Return on what footing an involvement elsewhere is told: who holds it has seen that the footing stands."""
    return Consent.GIVEN if sensitive or with_carer else Consent.NONE_NEEDED


def examples(facts: ChildFacts, used: frozenset[str]) -> list[Record]:
    """Return one record of each class that a record of a child with these facts can have, found by `used` fields."""
    return list(_examples(facts, used))


def _examples(facts: ChildFacts, used: frozenset[str]) -> Iterator[Record]:
    authority = facts.home
    child = _blank(Child, authority, RecordType.CHILD, facts=facts)
    yield child
    yield Candidate(child=child, grade=MatchGrade.POSSIBLE, reasons=(), used=used)
    carer = _blank(Carer, authority, RecordType.CARER, facts=facts)
    yield carer
    yield _blank(Setting, authority, RecordType.SETTING)
    yield _blank(Practitioner, authority, RecordType.PRACTITIONER, sensitive=False)
    yield _blank(Agency, authority, RecordType.AGENCY, sensitive=False)
    for sensitive, with_carer, active in product((False, True), repeat=3):
        yield _blank(
            Involvement,
            authority,
            RecordType.INVOLVEMENT,
            facts=facts,
            child=child.id,
            carer=carer.id if with_carer else None,
            sensitive=sensitive,
            consent=footing_elsewhere(sensitive=sensitive, with_carer=with_carer),
            active=active,
        )


def _blank(kind: type[Made], authority: AuthorityCode, record_type: RecordType, **stated: Any) -> Made:
    nothing: dict[str, Any] = dict.fromkeys(one.name for one in fields(kind))  # type: ignore[arg-type]  # records are dataclasses
    return kind(**{**nothing, "id": ForeignId(authority, record_type, ""), **stated})
