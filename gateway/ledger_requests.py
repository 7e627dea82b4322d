"""The ledger's proofs over HTTP. Only hashes, signatures and sizes leave here, so that nobody needs a token."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.errors import AuditUnavailable, BadRequest, DirectoryError, SourceFailed
from gateway.http_requests import refusal, request_id_of, response_of
from gateway.ledger.checkpoint import NOTE_LIMIT, hash_text
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.notes import Signature, VerifierKey
from gateway.ledger.tree import HashSource, TreeDamaged, consistency_proof, inclusion_proof, span_hashes
from gateway.ledger.witness import PROOF_LIMIT, Witness, WitnessReply
from gateway.ledger.witnessing import note_with

BODY_LIMIT: Final = NOTE_LIMIT + PROOF_LIMIT * 64
KEPT_FOR: Final = 3600
"""Seconds that a proof between stated sizes may be kept by whoever asked: it never changes."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_NOT_KEPT: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_KEPT: Final = {"cache-control": f"public, max-age={KEPT_FOR}", "x-content-type-options": "nosniff"}


class ProofReader(HashSource, Protocol):
    """Where checkpoints and hashes are read; raises `SourceFailed`."""

    async def newest(self) -> StoredCheckpoint | None:
        """Return the largest checkpoint."""
        ...

    async def cosignatures(self, checkpoint_id: int) -> Sequence[Signature]:
        """Return the newest cosignature of each witness on a checkpoint."""
        ...


class LedgerRequests:
    """Answers what outsiders ask of the ledger."""

    def __init__(
        self,
        reader: ProofReader,
        *,
        authority: str,
        keys: Sequence[VerifierKey],
        witness: Witness | None,
        revision: Callable[[], str],
    ) -> None:
        """Take where proofs are read, who this gateway is, and the revision of the rules in force."""
        self._reader = reader
        self._authority = authority
        self._keys = keys
        self._witness = witness
        self._revision = revision

    async def checkpoint(self, request: Request) -> Response:
        """Answer with the newest checkpoint and its cosignatures."""
        newest = await self._signed()
        note = note_with(newest, await self._reader.cosignatures(newest.id))
        return Response(note, media_type="text/plain; charset=utf-8", headers=_NOT_KEPT)

    async def inclusion(self, request: Request) -> Response:
        """Answer with the proof that an entry is in the tree of a size, the newest unless stated."""
        newest = await self._signed()
        seq, size = _number(request, "seq"), _number(request, "size", otherwise=newest.size)
        if not seq < size <= newest.size:
            raise BadRequest(f"Only sizes up to {newest.size} are signed, and seq is below size.")
        proof = await inclusion_proof(self._reader, seq, size, held=newest.size)
        [leaf] = await span_hashes(self._reader, [(seq, seq + 1)], held=newest.size)
        return _json(
            {"seq": seq, "size": size, "leaf_hash": hash_text(leaf), "proof": [hash_text(found) for found in proof]},
            headers=_KEPT if "size" in request.query_params else _NOT_KEPT,
        )

    async def consistency(self, request: Request) -> Response:
        """Answer with the proof that the tree of one size begins with that of another, the newest unless stated."""
        newest = await self._signed()
        first, second = _number(request, "from"), _number(request, "to", otherwise=newest.size)
        if not first <= second <= newest.size:
            raise BadRequest(f"Only sizes up to {newest.size} are signed, and from is not above to.")
        proof = await consistency_proof(self._reader, first, second, held=newest.size)
        return _json(
            {"from": first, "to": second, "proof": [hash_text(found) for found in proof]},
            headers=_KEPT if "to" in request.query_params else _NOT_KEPT,
        )

    async def identity(self, request: Request) -> Response:
        """Answer with who this gateway is: its authority, keys, newest checkpoint and rules."""
        newest = await self._reader.newest()
        note = None if newest is None else note_with(newest, await self._reader.cosignatures(newest.id))
        witness = None if self._witness is None else str(self._witness.key)
        return _json(
            {
                "authority": self._authority,
                "ledger": {
                    "origin": self._keys[0].name,
                    "keys": [str(key) for key in self._keys],
                    "checkpoint": note,
                },
                "witness": {"key": witness},
                "policy": {"revision": self._revision()},
            },
            headers=_NOT_KEPT,
        )

    async def add_checkpoint(self, request: Request) -> Response:
        """Answer as a witness."""
        if self._witness is None:
            reply = WitnessReply(status=404, body="This gateway is no witness.\n")
        else:
            body = await _body(request)
            if body is None:
                reply = WitnessReply(status=413, body=f"The body is over the limit of {BODY_LIMIT} bytes.\n")
            else:
                reply = await self._witness.add_checkpoint(body)
        return Response(reply.body, status_code=reply.status, media_type=reply.media_type, headers=_NOT_KEPT)

    async def _signed(self) -> StoredCheckpoint:
        newest = await self._reader.newest()
        if newest is None:
            raise AuditUnavailable("The ledger was not signed yet.", reason="ledger-unsigned")
        return newest


def ledger_routes() -> list[BaseRoute]:
    """Return the routes; the application's state holds the `LedgerRequests` as `ledger`."""
    return [
        Route("/.well-known/directory", _answered(LedgerRequests.identity)),
        Route("/ledger/checkpoint", _answered(LedgerRequests.checkpoint)),
        Route("/ledger/proof/inclusion", _answered(LedgerRequests.inclusion)),
        Route("/ledger/proof/consistency", _answered(LedgerRequests.consistency)),
        Route("/ledger/witness/add-checkpoint", _answered(LedgerRequests.add_checkpoint), methods=["POST"]),
    ]


def _answered(
    answer: Callable[[LedgerRequests, Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await answer(request.app.state.ledger, request)
        except BadRequest as error:
            return _refused(request, error, 400)
        except (SourceFailed, AuditUnavailable) as error:
            return _refused(request, error, 503)
        except TreeDamaged:
            damaged = AuditUnavailable("The ledger's tree is damaged; its operator is told.", reason="ledger-damaged")
            return _refused(request, damaged, 503)

    return answered


def _refused(request: Request, error: DirectoryError, status: int) -> Response:
    return response_of(refusal(error), request_id_of(request), status=status)


def _number(request: Request, name: str, *, otherwise: int | None = None) -> int:
    given = request.query_params.getlist(name)
    if not given and otherwise is not None:
        return otherwise
    if len(given) != 1 or not _NUMBER.fullmatch(given[0]):
        raise BadRequest(f"State {name} once, as a whole number below 10^18.")
    return int(given[0])


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body.extend(chunk)
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


def _json(document: Mapping[str, Any], *, headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json", headers=dict(headers))
