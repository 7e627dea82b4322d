"""Other authorities' gateways as a test wants them: each tells what it is given to tell, true or not."""

import asyncio
from collections import Counter

import orjson

from gateway.federation.asking import PeerReply
from gateway.vocabulary import AuthorityCode, SourceStatus
from tests.support.builders import NOW
from tests.support.federation import ELSEWHERE, THERE


class MadeUpPeers:
    """Satisfies `Peers`; `told` holds what each authority answers with, what makes that of an ask, or a failure."""

    def __init__(self, *codes):
        self._codes = codes or (THERE, ELSEWHERE)
        self.told = {}
        self.asked = []
        self.round_trips = Counter()
        """How often each authority was called."""
        self.backwards = False
        self.last = None
        """The authority that answers once another has, where they are asked apart."""
        self._answered = asyncio.Event()
        self._order, self._turns = (), []

    def answers_in(self, order):
        """Answer the next calls once all of them have come, in this order of their positions."""
        self._order, self._turns = tuple(order), []

    async def _turn(self):
        turn = asyncio.Event()
        self._turns.append(turn)
        if len(self._turns) == len(self._order):
            self._turns[self._order[0]].set()
        await turn.wait()
        answered = sum(turn.is_set() for turn in self._turns)
        if answered < len(self._order):
            self._turns[self._order[answered]].set()

    def answers_last(self, code):
        self.last, self._answered = code, asyncio.Event()

    def members(self):
        return {AuthorityCode(code): f"Authority {code}" for code in self._codes}

    async def ask(self, authorities, ask, *, within):
        self.asked.append(ask)
        self.round_trips.update(authorities)
        if self._order:
            await self._turn()
        if self.last in authorities:
            await self._answered.wait()
        self._answered.set()
        replies = {code: self._reply(code, ask) for code in authorities}
        return dict(reversed(replies.items())) if self.backwards else replies

    def _reply(self, code, ask):
        told = self.told.get(code, SourceStatus.UNAVAILABLE)
        told = told(ask) if callable(told) else told
        if isinstance(told, SourceStatus):
            return PeerReply(authority=code, status=told, reason="made-up", elapsed_ms=10)
        return PeerReply(
            authority=code,
            status=SourceStatus.ANSWERED,
            reason="answered",
            elapsed_ms=10,
            as_of=NOW,
            data=orjson.loads(orjson.dumps(told)),
            entry=(7, "ab" * 32),
        )


def a_told_child(number=1, **stated):
    """A child as another authority tells it, in answer to `FIND`."""
    child = {
        "id": f"chd-{number:032x}",
        "givenName": "Mia",
        "familyName": "Marsh",
        "dateOfBirth": "2016-05-04",
        "nhsNumber": None,
        "address": {"postcode": "M14 5RX"},
        "responsibleAuthority": {"code": THERE},
        "carers": [{"id": f"car-{number:032x}", "name": "Joan Marsh", "telephone": "0161 496 0777"}],
        "settings": [{"id": f"set-00000000-0000-4000-8000-{number:012}", "name": "Oak Primary", "kind": "SCHOOL"}],
        "involvements": [
            {
                "id": f"inv-{number:032x}",
                "service": "SOCIAL_CARE",
                "active": True,
                "startedOn": "2025-09-01",
                "practitioner": {
                    "id": f"prc-{number:032x}",
                    "name": "Sam Carter",
                    "telephone": "0161 496 0888",
                    "agency": {"id": f"agy-00000000-0000-4000-8000-{number:012}", "name": "Children's Services"},
                },
                "withheld": [],
            }
        ],
        "withheld": [],
        "provenance": [
            {
                "field": "givenName",
                "source": "local-directory",
                "assertedAt": "2025-09-01T09:00:00+00:00",
                "lastConfirmedAt": "2026-01-01T09:00:00+00:00",
            }
        ],
    }
    return child | stated


def a_told_search(*children, grade="PROBABLE"):
    """The data of a search that found these children."""
    return {
        "searchChildren": {
            "candidates": [{"grade": grade, "reasons": ["FAMILY_NAME_EQUAL"], "child": child} for child in children]
        }
    }


def a_told_record(number=1, **stated):
    """A child as another authority tells it for a link, in answer to `BESIDE`."""
    told = a_told_child(number)
    told["involvements"][0] |= {"provenance": [told["provenance"][0] | {"field": "service"}]}
    told["leadProfessional"] = told["involvements"][0]["practitioner"]
    return {
        name: told[name] for name in ("id", "carers", "settings", "involvements", "leadProfessional", "withheld")
    } | stated


def for_links(*records):
    """What an authority answers: to links these records, to a search nothing."""

    def told(ask):
        nothing = {"searchChildren": {"candidates": []}} if "criteria" in ask.variables else {}
        return nothing | ({"linked0": list(records)} if "linked0" in ask.variables else {})

    return told
