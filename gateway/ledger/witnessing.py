"""Having witnesses: each new checkpoint is shown to other gateways, which cosign it if it continues the last one.

With a quorum set, nothing is told unless so many witnesses have lately signed: a gateway that was cut off from them,
or whose ledger they refuse, stops telling.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.errors import AuditUnavailable, SourceFailed
from gateway.ledger.checkpoint import hash_text, read_checkpoint
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.notes import MalformedNote, Note, Signature, VerifierKey, is_signed
from gateway.ledger.tree import HashSource, TreeDamaged, consistency_proof
from gateway.ledger.witness import ask_text

TAKE_OVER: Final = 3.0
"""Seconds after which a gateway asks a witness in place of the one that signed."""

log = logging.getLogger("gateway.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAddress:
    """A witness: the URL before `/add-checkpoint`, and its key."""

    url: str
    key: VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint with one witness's signature."""

    checkpoint_id: int
    size: int
    note: str
    signature: Signature


class WitnessRefused(Exception):
    """The witness answered, and did not sign; `held` is the size it knows where it said so."""

    def __init__(self, status: int, *, held: int | None = None) -> None:
        """Keep the HTTP status and the size."""
        super().__init__(f"status {status}")
        self.status = status
        self.held = held


AskWitness = Callable[[WitnessAddress, str], Awaitable[Sequence[Signature]]]
"""Sends a request to a witness and returns the signature lines; raises `WitnessRefused` or `SourceFailed`."""


class CosignatureReader(HashSource, Protocol):
    """What is read to ask a witness; raises `SourceFailed`."""

    async def newest(self) -> StoredCheckpoint | None:
        """Return the largest checkpoint."""
        ...

    async def newest_cosigned(self, witnesses: Sequence[str], *, until: datetime) -> Mapping[str, Cosigned]:
        """Return by witness what it cosigned last, of moments up to `until`; nothing of it is checked."""
        ...


class CosignatureStore(Protocol):
    """Where cosignatures are kept; raises `SourceFailed`."""

    async def keep_cosignature(self, checkpoint_id: int, witness: VerifierKey, cosignature: Signature) -> None:
        """Keep what a witness signed."""
        ...


class Quorum:
    """How many witnesses have to have signed lately for anything to be told."""

    def __init__(self, needed: int, *, patience: float, clock: Callable[[], datetime]) -> None:
        """Take the number, and the seconds that a cosignature is good for."""
        self.needed = needed
        self.patience = patience
        self._clock = clock
        self._signed_at: Mapping[str, int] = {}

    def take(self, signed_at: Mapping[str, int]) -> None:
        """Note when each witness signed last, in seconds since 1970."""
        self._signed_at = signed_at

    @property
    def met(self) -> bool:
        """Whether so many witnesses have signed lately."""
        now = self._clock().timestamp()
        return sum(abs(now - at) <= self.patience for at in self._signed_at.values()) >= self.needed

    def hold(self) -> None:
        """Hold back what would be told.

        Raises:
            AuditUnavailable: Too few witnesses have signed lately.
        """
        if not self.met:
            raise AuditUnavailable(
                "Too few witnesses have signed the ledger; nothing is told.", reason="ledger-unwitnessed"
            )


class Witnessing:
    """Shows checkpoints to witnesses, each at its own pace, and keeps what they sign."""

    def __init__(
        self,
        witnesses: Sequence[WitnessAddress],
        *,
        ask: AskWitness,
        reader: CosignatureReader,
        store: CosignatureStore,
        quorum: Quorum,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the witnesses, how one is asked, where checkpoints are read and cosignatures kept, and the quorum."""
        self._witnesses = witnesses
        self._ask = ask
        self._reader = reader
        self._store = store
        self._quorum = quorum
        self._clock = clock
        self._asking: dict[WitnessAddress, asyncio.Task[None]] = {}
        self.troubles: dict[str, str] = {}
        """By the witness's name why it did not sign last time, in one sentence."""

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def look(self, *, signed_here: int | None) -> None:
        """See what was cosigned, and ask the witnesses for whom it is time; do not wait for them.

        `signed_here` is the size of the checkpoint that this gateway signed last.

        Raises:
            SourceFailed: The database did not answer.
        """
        if not self._witnesses:
            return
        newest = await self._reader.newest()
        cosigned = await self._cosigned()
        self._quorum.take({witness: one.signature.at or 0 for witness, one in cosigned.items()})
        if newest is None:
            return
        for witness in self._witnesses:
            running = self._asking.get(witness)
            last = cosigned.get(str(witness.key))
            if (running is None or running.done()) and self._is_time(newest, last, signed_here):
                self._asking[witness] = asyncio.create_task(self._show(witness, newest, last))

    async def _cosigned(self) -> Mapping[str, Cosigned]:
        keys = {str(witness.key): witness.key for witness in self._witnesses}
        until = self._clock() + timedelta(seconds=self._quorum.patience)
        found = await self._reader.newest_cosigned([*keys], until=until)
        return {name: one for name, one in found.items() if is_signed(_text(one.note), one.signature, keys[name])}

    def _is_time(self, newest: StoredCheckpoint, last: Cosigned | None, signed_here: int | None) -> bool:
        age = None if last is None else self._clock().timestamp() - (last.signature.at or 0)
        waited = newest.age if age is None else min(newest.age, age)
        if newest.size != signed_here and waited < TAKE_OVER:
            return False  # whoever signed it asks
        # With nothing new to sign, the moment of the last cosignature is what grows old.
        return last is None or last.size < newest.size or (age is not None and age > self._quorum.patience / 3)

    async def _show(self, witness: WitnessAddress, newest: StoredCheckpoint, last: Cosigned | None) -> None:
        try:
            signature = await self._signed(witness, newest, 0 if last is None else last.size)
            await self._store.keep_cosignature(newest.id, witness.key, signature)
            if self.troubles.pop(witness.key.name, None):
                log.info("the witness %s signs again", witness.key.name)
        except WitnessRefused as refused:
            await self._refused(witness, newest, refused)
        except (SourceFailed, TreeDamaged, MalformedNote) as error:
            self._trouble(witness, getattr(error, "message", None) or str(error))

    async def _signed(self, witness: WitnessAddress, newest: StoredCheckpoint, old: int) -> Signature:
        try:
            lines = await self._ask(witness, await self._request(newest, old))
        except WitnessRefused as refused:
            if refused.held is None or refused.held == old or refused.held > newest.size:
                raise
            lines = await self._ask(witness, await self._request(newest, refused.held))
        for line in lines:
            if is_signed(_text(newest.note), line, witness.key):
                return line
        raise MalformedNote("The witness answered without a signature of its key.")

    async def _request(self, newest: StoredCheckpoint, old: int) -> str:
        proof = await consistency_proof(self._reader, old, newest.size, held=newest.size)
        return ask_text(old, [hash_text(found) for found in proof], newest.note)

    async def _refused(self, witness: WitnessAddress, newest: StoredCheckpoint, refused: WitnessRefused) -> None:
        now = await self._reader.newest()
        if refused.held is not None and now is not None and newest.size < refused.held <= now.size:
            return  # another gateway was faster with a newer checkpoint
        if refused.held is not None and refused.held > newest.size:
            self._trouble(witness, f"It cosigned {refused.held} entries, and only {newest.size} are here.", loud=True)
        elif refused.status in (409, 422):
            self._trouble(witness, "What it cosigned before is not what the ledger begins with.", loud=True)
        else:
            self._trouble(witness, f"It answered with status {refused.status}.")

    def _trouble(self, witness: WitnessAddress, sentence: str, *, loud: bool = False) -> None:
        if self.troubles.get(witness.key.name) != sentence:
            log.log(logging.ERROR if loud else logging.WARNING, "witness %s: %s", witness.key.name, sentence)
        self.troubles[witness.key.name] = sentence


def _text(note: str) -> str:
    try:
        return read_checkpoint(note)[1].text
    except MalformedNote:
        return ""


def note_with(stored: StoredCheckpoint, cosignatures: Sequence[Signature]) -> str:
    """Return a stored checkpoint as the note that outsiders get."""
    return str(Note.parse(stored.note).with_signatures(cosignatures))
