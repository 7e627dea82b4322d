"""What proves an entry, as the page itself checks it: the signed head, the way from the entry to it, and the keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.ledger.checkpoint import hash_text
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.notes import Signature, VerifierKey
from gateway.ledger.tree import HashSource, TreeDamaged, inclusion_proof
from gateway.ledger.witnessing import Cosigned, note_with


class ProofReader(HashSource, Protocol):
    """Where checkpoints and hashes are read; raises `SourceFailed`."""

    async def newest(self) -> StoredCheckpoint | None:
        """Return the largest checkpoint."""
        ...

    async def cosignatures(self, checkpoint_id: int) -> Sequence[Signature]:
        """Return the newest cosignature of each witness on a checkpoint."""
        ...

    async def newest_cosigned(self, witnesses: Sequence[str]) -> Mapping[str, Cosigned]:
        """Return by witness the newest checkpoint it cosigned, and its signature; nothing of it is checked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProofs:
    """Where proofs are read, whose keys sign and cosign, and what is wrong if something is.

    `troubles` says by the witness's name why it did not sign last time, `fault` why nothing is signed any more.
    """

    reader: ProofReader
    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey]
    troubles: Callable[[], Mapping[str, str]]
    fault: Callable[[], str | None]

    async def of_entry(self, seq: int) -> dict[str, Any]:
        """Return the proof of one entry against the newest checkpoint, or why there is none."""
        stated = {"keys": [str(key) for key in self.keys], "witnesses": [str(key) for key in self.witnesses]}
        newest = await self.reader.newest()
        if newest is None or newest.size <= seq:
            return stated | {"size": 0 if newest is None else newest.size, "note": None, "path": None}
        proof = stated | {
            "size": newest.size,
            "note": note_with(newest, await self.reader.cosignatures(newest.id)),
        }
        try:
            path = await inclusion_proof(self.reader, seq, newest.size, held=newest.size)
        except TreeDamaged as damaged:
            return proof | {"path": None, "problem": str(damaged)}
        return proof | {"path": [hash_text(found) for found in path]}

    async def witness_states(self) -> list[dict[str, Any]]:
        """Return each witness with the newest checkpoint it cosigned; the signature is not checked here."""
        cosigned = await self.reader.newest_cosigned([str(key) for key in self.witnesses])
        troubles = self.troubles()
        return [
            {
                "name": key.name,
                "key": str(key),
                "size": None if (last := cosigned.get(str(key))) is None else last.size,
                "at": None if last is None else last.signature.at,
                "trouble": troubles.get(key.name),
            }
            for key in self.witnesses
        ]
