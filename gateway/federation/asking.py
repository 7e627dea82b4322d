"""What the graph needs of other authorities' gateways, as a port; `connectors.peers` satisfies it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from gateway.disclosure.road import SourceNote
from gateway.federation.assertion import Asker
from gateway.identity import Access
from gateway.vocabulary import AuthorityCode, SourceStatus

LEDGER_ENTRY: Final = "ledger-entry"
"""The header of a reply with number and leaf hash of the entry that was made of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAsk:
    """One document for one or more authorities, in the name of one person.

    `body` stands in for text and variables where something else than the graph is asked, at another path.
    """

    text: str
    variables: Mapping[str, Any]
    asker: Asker
    access: Access
    request_id: str
    commitment: str
    """What the entry of this ask is committed to, whatever becomes of it; the same for all who are asked."""
    path: str = "/graphql"
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReply:
    """What became of asking one authority; `data` is there where it answered, and is nobody's to trust in form."""

    authority: AuthorityCode
    status: SourceStatus
    reason: str
    """Why there is no answer: for metrics and the ledger, never told."""
    elapsed_ms: int
    as_of: datetime | None = None
    data: Mapping[str, Any] | None = None
    entry: tuple[int, str] | None = None
    """Number and leaf hash of the entry that the authority says it made of the call."""


def note_of(reply: PeerReply) -> SourceNote:
    """Return what the ledger keeps of a reply."""
    return SourceNote(
        authority_code=reply.authority,
        status=reply.status,
        as_of=reply.as_of,
        elapsed_ms=reply.elapsed_ms,
        reason=None if reply.status is SourceStatus.ANSWERED else reply.reason,
        entry=reply.entry,
    )


class Peers(Protocol):
    """Other authorities' gateways."""

    def members(self) -> Mapping[AuthorityCode, str]:
        """Return the names of all other members; none while no registry is in force."""
        ...

    async def ask(
        self, authorities: Sequence[AuthorityCode], ask: PeerAsk, *, within: float
    ) -> Mapping[AuthorityCode, PeerReply]:
        """Return a reply for every authority within so many seconds; silence is a reply too, and nothing is raised."""
        ...
