"""Children held by other authorities: who is asked, what is asked of them, and what of their replies goes on.

Their records take the same road out as ours, so what is decided here can only narrow what they told.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from gateway.disclosure.classes import class_of
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection, SourceNote
from gateway.door import waits_outside
from gateway.errors import BadCriteria, SourceFailed, SourceUnavailable
from gateway.federation.asking import PeerAsk, PeerReply
from gateway.federation.examples import examples
from gateway.federation.locating import Located, asker_of
from gateway.federation.replies import ReplyMalformed, ReplyReader
from gateway.federation.wanted import Wanted, narrowed, text_of
from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.records import Candidate
from gateway.vocabulary import AuthorityCode, Effect, RecordType, SourceStatus
from resolvers.asking import Asking
from resolvers.authorities import ask_home
from resolvers.search import findable, found_here, may_search, order_of_candidates, searched_by

EVERYWHERE: Final = "*"
AUTHORITIES_LIMIT: Final = 200
"""Authorities that one search may name."""

LOCATING_SHARE: Final = 0.4
"""Share of the time left in which the locator has to say where to ask."""

RESERVE: Final = 0.2
"""Share of the time left that is kept to decide on what arrives and to record it."""

_GSS: Final = re.compile(r"[A-Z][0-9]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search over several authorities comes to."""

    candidates: Sequence[Disclosed]
    sources: Sequence[SourceNote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Which other authorities a search is for: those named, sorted, and `located` ones if it is for everywhere."""

    named: Sequence[AuthorityCode]
    located: bool


async def others_named(asking: Asking, authorities: Sequence[object] | None) -> Others | None:
    """Return the other authorities that a search names, or None where only the home authority is to be asked.

    Raises:
        BadCriteria: One is no authority, there are too many, or others are not asked by this gateway or for this ask.
    """
    home = asking.road.ask.home
    named = sorted({str(code) for code in authorities or ()} - {home})
    if not named:
        return None
    if asking.road.ask.caller.claims.vouched is not None:
        raise BadCriteria("Who is asked by another authority asks nobody else.", reason="one-hop")
    if asking.borders is None:
        raise BadCriteria(
            f"This gateway asks its own authority only ({home}); leave `authorities` empty.",
            reason="other-authorities-not-served",
        )
    located = EVERYWHERE in named
    if located and asking.borders.locating is None:
        raise BadCriteria(
            'Name the authorities to ask: this gateway has no locator for ["*"].', reason="locator-missing"
        )
    named = [code for code in named if code != EVERYWHERE]
    if len(named) > AUTHORITIES_LIMIT:
        raise BadCriteria(f"At most {AUTHORITIES_LIMIT} authorities may be named.", reason="authorities-too-many")
    asking.borders.arrived.authorities.update(asking.borders.peers.members())
    known = await asking.directory.local_authorities([AuthorityCode(code) for code in named]) if named else {}
    codes = {record.code for record in known.values()} - {home}
    unknown = [code for code in named if AuthorityCode(code) not in known]
    if unknown:
        text = ", ".join(code for code in unknown if _GSS.fullmatch(code)) or "a code that is none"
        raise BadCriteria(f"No such authority: {text}.", reason="authority-unknown")
    return Others(named=sorted(codes), located=located)


async def candidates_everywhere(
    asking: Asking, criteria: Criteria, selection: Selection, wanted: Wanted, *, others: Others, first: int
) -> Search:
    """Return at most `first` candidates of this authority and the others, by grade, then authority, then id.

    Whatever others do, this authority's candidates are told; who did not answer is named.

    Raises:
        BadCriteria: The criteria are below the minimum, malformed, or not for this role.
        TooManyMatches: More than fifty children of this authority match that this caller may find.
        BudgetExhausted: The caller's searches are spent.
    """
    criteria, used = searched_by(criteria, first=first)
    await may_search(asking, used, scope="elsewhere")
    home = ask_home(asking)
    wanted = await _told_here(asking, wanted, frozenset(used))
    text = _SEARCH % text_of(wanted)
    variables = {"criteria": _stated(criteria), "first": first}
    replies = asyncio.create_task(_found_elsewhere(asking, others, criteria, text, variables))
    try:
        here = await found_here(asking, criteria, used)
        answers, silent = await replies
    finally:
        replies.cancel()
        await asyncio.gather(replies, return_exceptions=True)
    candidates, notes = _read(asking, answers, wanted, first=first, used=frozenset(used))
    there = await findable(asking, candidates)
    told = await asking.road.tell([[*here, *there]], selection, first=first, order=order_of_candidates)
    return Search(candidates=told[0], sources=[home, *sorted([*notes, *silent], key=lambda note: note.authority_code)])


async def record_elsewhere(asking: Asking, record_id: ForeignId, wanted: Wanted) -> ForeignId | None:
    """Return the id under which a record has arrived from the authority that its id names, or None for none.

    Raises:
        SourceUnavailable: That authority did not answer: silence is not "nothing known".
    """
    borders = asking.borders
    if borders is None or record_id.authority not in borders.peers.members():
        return None
    authority = record_id.authority
    ask_home(asking)
    borders.arrived.authorities.update(borders.peers.members())
    wanted = await _told_here(asking, wanted, frozenset())
    text = _RECORD % (wanted.type.value, text_of(wanted))
    [(note, reply)] = await _asked(asking, [authority], text, {"id": record_id.there})
    reader = _reader(asking, authority, _record_limit(asking))
    found = None
    if reply.data is not None and note.status is SourceStatus.ANSWERED:
        try:
            found = reader.record(reply.data.get("node"), wanted, record_id)
        except ReplyMalformed as malformed:
            _malformed(note, malformed.reason)
    if note.status is not SourceStatus.ANSWERED:
        raise SourceUnavailable(
            f"{authority} holds this record and has not answered: {note.status.value}.", reason=f"peer:{note.reason}"
        )
    borders.arrived.take(reader.arrived)
    return found


async def _found_elsewhere(
    asking: Asking, others: Others, criteria: Criteria, text: str, variables: Mapping[str, Any]
) -> tuple[list[tuple[SourceNote, PeerReply]], list[SourceNote]]:
    """Return what became of each authority asked, and of each that the locator asked and did not point to."""
    located = await _located(asking, criteria) if others.located else None
    pointing = () if located is None else located.pointing
    answers = await _asked(asking, sorted({*others.named, *pointing}), text, variables)
    asked = {note.authority_code for note, _ in answers}
    outcomes = () if located is None else located.outcomes
    return answers, [_note_of(reply) for reply in outcomes if reply.authority not in asked]


async def _located(asking: Asking, criteria: Criteria) -> Located:
    borders, ask = asking.borders, asking.road.ask
    assert borders is not None  # noqa: S101  # nobody is looked for where there are no borders
    assert borders.locating is not None  # noqa: S101  # refused before
    left = ask.until - asyncio.get_running_loop().time()
    try:
        located = await waits_outside(borders.locating.locate)(
            criteria,
            asker=asker_of(ask.caller),
            access=ask.access,
            request_id=ask.request_id,
            within=max(0.0, min(borders.timeout, LOCATING_SHARE * left)),
        )
    except SourceFailed as failed:
        members = sorted(borders.peers.members())
        if not members:
            raise
        located = Located(pointing=(), by=None, outcomes=tuple(_unlocated(code, failed.reason) for code in members))
    asking.road.notes.sources.extend(_note_of(reply) for reply in located.outcomes)
    return located


def _unlocated(authority: AuthorityCode, reason: str) -> PeerReply:
    return PeerReply(authority=authority, status=SourceStatus.UNAVAILABLE, reason=f"locator:{reason}", elapsed_ms=0)


def _note_of(reply: PeerReply) -> SourceNote:
    return SourceNote(
        authority_code=reply.authority,
        status=reply.status,
        as_of=reply.as_of,
        elapsed_ms=reply.elapsed_ms,
        reason=None if reply.status is SourceStatus.ANSWERED else reply.reason,
        entry=reply.entry,
    )


async def _asked(
    asking: Asking, others: Sequence[AuthorityCode], text: str, variables: Mapping[str, Any]
) -> list[tuple[SourceNote, PeerReply]]:
    """Ask others the same, and return what became of each, in the order named; each is noted before it is asked."""
    borders, ask = asking.borders, asking.road.ask
    assert borders is not None  # noqa: S101  # nobody is named where there are no borders
    notes = {
        code: SourceNote(authority_code=code, status=SourceStatus.TIMED_OUT, as_of=None, reason="ask-ended")
        for code in others
    }
    asking.road.notes.sources.extend(notes.values())
    left = ask.until - asyncio.get_running_loop().time()
    replies = await waits_outside(borders.peers.ask)(
        others,
        PeerAsk(
            text=text,
            variables=variables,
            asker=asker_of(ask.caller),
            access=ask.access,
            request_id=ask.request_id,
        ),
        within=max(0.0, min(borders.timeout, (1 - RESERVE) * left)),
    )
    for code, note in notes.items():
        reply = replies[code]
        note.status, note.as_of, note.elapsed_ms = reply.status, reply.as_of, reply.elapsed_ms
        note.reason = None if reply.status is SourceStatus.ANSWERED else reply.reason
        note.entry = reply.entry
        if reply.status is SourceStatus.ANSWERED and reply.entry is None:
            _malformed(note, "peer-entry-missing")
    return [(notes[code], replies[code]) for code in others]


def _read(
    asking: Asking,
    answers: Sequence[tuple[SourceNote, PeerReply]],
    wanted: Wanted,
    *,
    first: int,
    used: frozenset[str],
) -> tuple[list[Candidate], list[SourceNote]]:
    """Return the candidates in all replies that can be read; the others are noted as no answer.

    The replies with the fewest records are taken first, so that one that tells thousands crowds nobody out.
    """
    most = _record_limit(asking)
    readings = []
    for note, reply in answers:
        if note.status is not SourceStatus.ANSWERED or reply.data is None:
            continue
        reader = _reader(asking, reply.authority, most)
        try:
            found = reader.candidates(reply.data.get("searchChildren"), wanted, first=first, used=used)
        except ReplyMalformed as malformed:
            _malformed(note, malformed.reason)
            continue
        readings.append((reader.records, reply.authority, note, found, reader))
    candidates: list[Candidate] = []
    for records, _, note, found, reader in sorted(readings, key=lambda reading: reading[:2]):
        most -= records
        if most < 0:
            _malformed(note, "peers-too-many-records")
            continue
        candidates += found
        if asking.borders is not None:
            asking.borders.arrived.take(reader.arrived)
    return candidates, [note for note, _ in answers]


def _malformed(note: SourceNote, reason: str) -> None:
    note.status, note.reason = SourceStatus.UNAVAILABLE, reason


def _reader(asking: Asking, authority: AuthorityCode, most: int) -> ReplyReader:
    return ReplyReader(authority, known_code=lambda code: asking.purposes.sentence(code) is not None, most=most)


def _record_limit(asking: Asking) -> int:
    # Half of what one answer may touch: the records here have the other half, whatever others tell.
    return asking.road.record_limit // 2


async def _told_here(asking: Asking, wanted: Wanted, used: frozenset[str]) -> Wanted:
    """Return what is wanted without the fields that would be told of no record elsewhere."""
    records = examples(_SOMEWHERE, used)
    classified = [class_of(record, asking.road.ask.caller) for record in records]
    decisions = await asking.road.decisions.decide(classified)
    allowed = {
        (record_type, name)
        for (record_type, _), decision in zip(classified, decisions, strict=True)
        if decision.exists is not Effect.CONCEAL
        for name, decided in decision.fields.items()
        if decided.effect in (Effect.DISCLOSE, Effect.MASK)
    }
    below = {RecordType.CANDIDATE: {"child"}}  # what is found is told candidate by candidate, or not at all
    return narrowed(wanted, lambda kind, name: (kind, name) in allowed or name in below.get(kind, ()))


_SOMEWHERE: Final = AuthorityCode("X00000000")
"""An authority that nobody asks from: what is decided for it holds for all others."""


def _stated(criteria: Criteria) -> dict[str, Any]:
    names = {"given_name": "givenName", "family_name": "familyName", "date_of_birth": "dateOfBirth",
             "nhs_number": "nhsNumber"}  # fmt: skip
    stated = {one.name: getattr(criteria, one.name) for one in fields(criteria)}
    return {
        names.get(name, name): value.isoformat() if name == "date_of_birth" else value
        for name, value in stated.items()
        if value is not None
    }


_SEARCH: Final = (
    "query Elsewhere($criteria: ChildCriteria!, $first: Int!) "
    "{ searchChildren(criteria: $criteria, first: $first) { candidates %s } }"
)
_RECORD: Final = "query Elsewhere($id: ID!) { node(id: $id) { ... on %s %s } }"
