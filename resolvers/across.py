"""What others are asked for at once, a search and the records that links lead to, and what of the replies is believed.

Their records take the same road out as ours, so what is decided here can only narrow what they told.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar

from gateway.disclosure.road import SourceNote
from gateway.federation.asking import PeerReply
from gateway.federation.replies import ReplyReader
from gateway.federation.reply_forms import ReplyMalformed
from gateway.federation.wanted import Wanted, text_of
from gateway.ports import Criteria
from gateway.records import Candidate, Child, ChildFacts
from gateway.vocabulary import AuthorityCode, SourceStatus
from resolvers.asking import Asking
from resolvers.asking_peers import PeerDocument, ask_others, malformed
from resolvers.following import Follow, Following
from resolvers.protected import forget_linked

Found = TypeVar("Found")
Answers = Mapping[AuthorityCode, tuple[SourceNote, PeerReply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """A search elsewhere; `facts` are those of the child here where only that child is looked for."""

    criteria: Criteria
    used: frozenset[str]
    wanted: Wanted
    first: int
    at: Collection[AuthorityCode]
    facts: Mapping[AuthorityCode, ChildFacts] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What came back."""

    searched: Mapping[AuthorityCode, SourceNote]
    """How those answered that were searched, by code."""
    candidates: Sequence[Candidate]
    followed: Mapping[AuthorityCode, SourceNote]
    """How those answered that links lead to, by code."""
    children: Mapping[Follow, Child]
    """The records that links led to, of those that are told."""

    @property
    def notes(self) -> list[SourceNote]:
        """Return how all of them answered."""
        return [*self.searched.values(), *self.followed.values()]


async def ask_across(asking: Asking, *, searching: Searching | None, following: Following) -> Back:
    """Search and follow links at the same time, each authority with one document for either."""
    search = PeerDocument(text="", variables={}) if searching is None else _search(searching)
    groups = {code: _alike(following.at(code)) for code in {follow.authority for follow in following.follows}}
    found, led_to = await asyncio.gather(
        ask_others(asking, dict.fromkeys(() if searching is None else searching.at, search)),
        ask_others(asking, {code: _links(alike) for code, alike in groups.items()}),
    )
    # Together they bring no more than their share, and what links lead to comes first.
    most = records_limit(asking)
    children = _Replies[dict[Follow, Child]](asking, led_to, most)
    followed = children.read(lambda reader, data, code: _children(reader, data, groups[code]))
    candidates = _Replies[list[Candidate]](asking, found, children.left)
    told = (
        {} if searching is None else candidates.read(lambda reader, data, code: _found(reader, data, code, searching))
    )
    await forget_linked(asking)
    arrived = {} if asking.borders is None else asking.borders.arrived.children
    return Back(
        searched={code: note for code, (note, _) in found.items()},
        candidates=[one for code in sorted(told) for one in told[code] if one.child.id in arrived],
        followed={code: note for code, (note, _) in led_to.items()},
        children={follow: child for some in followed.values() for follow, child in some.items() if child.id in arrived},
    )


def reader(asking: Asking, authority: AuthorityCode, most: int) -> ReplyReader:
    """Return what reads an authority's reply, of so many records at most."""
    return ReplyReader(authority, known_code=lambda code: asking.purposes.sentence(code) is not None, most=most)


def records_limit(asking: Asking) -> int:
    """Return how many records others may bring: half of what one answer may touch, whatever they tell."""
    return asking.road.record_limit // 2


class _Replies(Generic[Found]):
    """The replies of several authorities to one question, of so many records together."""

    def __init__(self, asking: Asking, answers: Answers, most: int) -> None:
        self._asking = asking
        self._answers = answers
        self._most = self.left = most

    def read(self, how: Callable[[ReplyReader, Mapping[str, Any], AuthorityCode], Found]) -> dict[AuthorityCode, Found]:
        """Return what is in each reply that can be read; the others are noted as no answer.

        The replies with the fewest records are taken first, so that one that tells thousands crowds nobody out.
        """
        taken = {}
        for reading, note, found in sorted(self._readings(how), key=_fewest_first):
            if reading.records > self.left:
                malformed(note, "peers-too-many-records")
                continue
            self.left -= reading.records
            taken[note.authority_code] = found
            if self._asking.borders is not None:
                self._asking.borders.arrived.take(reading.arrived)
        return taken

    def _readings(
        self, how: Callable[[ReplyReader, Mapping[str, Any], AuthorityCode], Found]
    ) -> Iterator[tuple[ReplyReader, SourceNote, Found]]:
        for code, (note, reply) in self._answers.items():
            if note.status is not SourceStatus.ANSWERED or reply.data is None:
                continue
            reading = reader(self._asking, code, self._most)
            try:
                yield reading, note, how(reading, reply.data, code)
            except ReplyMalformed as fault:
                malformed(note, fault.reason)


def _fewest_first(reading: tuple[ReplyReader, SourceNote, Any]) -> tuple[int, str]:
    return reading[0].records, reading[1].authority_code


def _alike(follows: Sequence[Follow]) -> list[list[Follow]]:
    """Return links in groups of which the same is wanted."""
    groups: dict[str, list[Follow]] = {}
    for follow in follows:
        groups.setdefault(text_of(follow.wanted), []).append(follow)
    return [groups[text] for text in sorted(groups)]


def _links(groups: Sequence[Sequence[Follow]]) -> PeerDocument:
    names = [f"linked{number}" for number in range(len(groups))]
    declared = ", ".join(f"${name}: [_Any!]!" for name in names)
    asked = " ".join(
        f"{name}: _entities(representations: ${name}) {{ ... on Child {text_of(group[0].wanted)} }}"
        for name, group in zip(names, groups, strict=True)
    )
    known = [[{"__typename": "Child", "id": follow.there} for follow in group] for group in groups]
    return PeerDocument(text=f"query Linked({declared}) {{ {asked} }}", variables=dict(zip(names, known, strict=True)))


def _children(reading: ReplyReader, data: Mapping[str, Any], groups: Sequence[Sequence[Follow]]) -> dict[Follow, Child]:
    children = {}
    for number, group in enumerate(groups):
        expected = [(follow.there, follow.facts) for follow in group]
        found = reading.linked(data.get(f"linked{number}"), group[0].wanted, expected)
        children.update({follow: child for follow, child in zip(group, found, strict=True) if child is not None})
    return children


def _search(searching: Searching) -> PeerDocument:
    stated = {one.name: getattr(searching.criteria, one.name) for one in fields(searching.criteria)}
    criteria = {
        _NAMES.get(name, name): value.isoformat() if name == "date_of_birth" else value
        for name, value in stated.items()
        if value is not None
    }
    variables = {"criteria": criteria, "first": searching.first}
    return PeerDocument(text=_SEARCH % text_of(searching.wanted), variables=variables)


def _found(
    reading: ReplyReader, data: Mapping[str, Any], authority: AuthorityCode, searching: Searching
) -> list[Candidate]:
    return reading.candidates(
        data.get("searchChildren"),
        searching.wanted,
        first=searching.first,
        used=searching.used,
        facts=None if searching.facts is None else searching.facts[authority],
    )


_NAMES: Final = {
    "given_name": "givenName",
    "family_name": "familyName",
    "date_of_birth": "dateOfBirth",
    "nhs_number": "nhsNumber",
}
_SEARCH: Final = (
    "query Elsewhere($criteria: ChildCriteria!, $first: Int!) "
    "{ searchChildren(criteria: $criteria, first: $first) { candidates %s } }"
)
