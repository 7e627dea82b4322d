"""Ask other authorities, each its own document and all at once, and note what became of each."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.disclosure.road import SourceNote
from gateway.door import waits_outside
from gateway.federation.asking import PeerAsk, PeerReply
from gateway.federation.locating import asker_of
from gateway.vocabulary import AuthorityCode, SourceStatus
from resolvers.asking import Asking

RESERVE: Final = 0.2
"""Share of the time left that is kept to load and decide on what is here and what arrives, and to record it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerDocument:
    """What one authority is asked."""

    text: str
    variables: Mapping[str, Any]


async def ask_others(
    asking: Asking, documents: Mapping[AuthorityCode, PeerDocument]
) -> dict[AuthorityCode, tuple[SourceNote, PeerReply]]:
    """Return what became of each authority, in the order of their codes; each is noted before it is asked."""
    borders, ask = asking.borders, asking.road.ask
    assert borders is not None  # noqa: S101  # nobody is asked where there are no borders
    notes = {
        code: SourceNote(authority_code=code, status=SourceStatus.TIMED_OUT, as_of=None, reason="ask-ended")
        for code in sorted(documents)
    }
    asking.road.notes.sources.extend(notes.values())
    within = max(0.0, min(borders.timeout, (1 - RESERVE) * (ask.until - asyncio.get_running_loop().time())))
    alike: defaultdict[bytes, list[AuthorityCode]] = defaultdict(list)
    for code in notes:
        alike[orjson.dumps([documents[code].text, documents[code].variables])].append(code)
    asked = await asyncio.gather(
        *(
            waits_outside(borders.peers.ask)(
                codes,
                PeerAsk(
                    text=documents[codes[0]].text,
                    variables=documents[codes[0]].variables,
                    asker=asker_of(ask.caller),
                    access=ask.access,
                    request_id=ask.request_id,
                    commitment=ask.commitment(),
                ),
                within=within,
            )
            for codes in alike.values()
        )
    )
    replies = {code: reply for some in asked for code, reply in some.items()}
    for code, note in notes.items():
        _take(note, replies[code])
        if note.status is SourceStatus.ANSWERED and note.entry is None:
            malformed(note, "peer-entry-missing")
    return {code: (note, replies[code]) for code, note in notes.items()}


def malformed(note: SourceNote, reason: str) -> None:
    """Note a reply that is not to be believed as no answer."""
    note.status, note.reason = SourceStatus.UNAVAILABLE, reason


def _take(note: SourceNote, reply: PeerReply) -> None:
    note.status, note.as_of, note.elapsed_ms, note.entry = reply.status, reply.as_of, reply.elapsed_ms, reply.entry
    note.reason = None if reply.status is SourceStatus.ANSWERED else reply.reason
