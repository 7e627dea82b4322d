"""Who is let in to ask: the person identified, the rate taken, the rules asked whether this may be asked at all."""

from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from gateway.asked import Asked
from gateway.changes import GrantUse
from gateway.disclosure.decisions import Decisions, Memory
from gateway.disclosure.question import Decision, FieldDecision, GrantAttributes
from gateway.errors import AccessLapsed, AskRefused, MediationNotListed, NotForRole, PurposeRequired
from gateway.identity import LOCAL_TIME, Caller, identify
from gateway.metrics.deciding import CountedDecider
from gateway.metrics.metrics import Metrics
from gateway.ports import Decider, Register
from gateway.rates import Rates
from gateway.vocabulary import Effect, RecordType

ANSWER: Final = "answer"
"""The field of an ask that lets it be answered at all."""


class Purposes(Protocol):
    """Which purposes of access a role may state, for the error that lists them."""

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the codes of the purposes."""
        ...


class Admission:
    """Lets callers in; what is remembered between asks are decisions, which hold no person."""

    def __init__(
        self,
        *,
        register: Register,
        decider: Decider,
        purposes: Purposes,
        grants: GrantUse,
        rates: Rates,
        metrics: Metrics,
    ) -> None:
        """Take who knows of callers, who decides, and what bounds how often is asked."""
        self._register = register
        self._decider = CountedDecider(decider, metrics)
        self._purposes = purposes
        self._grants = grants
        self._rates = rates
        self._memory = Memory(looked_up=metrics.classes_decided)

    def hold(self, asked: Asked) -> None:
        """Return where whoever asks was not refused for their rate in this minute; raises as the rates do."""
        if asked.claims is not None:
            self._rates.hold(asked.claims)

    async def identified(self, asked: Asked, *, costs: int = 1) -> tuple[Caller, Decisions]:
        """Return the caller as the register knows them now, and the decisions on what they ask.

        Raises:
            AskRefused: Nobody may be asked for so, or the rate is used up.
        """
        assert asked.claims is not None  # noqa: S101  # an ask without claims is refused before this
        caller = await identify(asked.claims, register=self._register, today=asked.at.astimezone(LOCAL_TIME).date())
        decisions = self._deciding(asked, caller)
        await self._rates.take(asked.claims, costs)
        return caller, decisions

    async def opened(self, asked: Asked, caller: Caller) -> tuple[Caller, Decisions]:
        """Use up the grant that the ask names, and return the caller with what it opens, and the decisions under it.

        It is spent before anything is told: an ask that fails afterwards has used it all the same.
        """
        grant = _grant_id(asked.access.grant)
        if asked.grant is None and grant is not None:
            asked.grant = await self._grants.use(grant, person=caller.claims.person)
        attributes, opens = asked.grant or (None, None)
        opened = replace(caller, opens=opens)
        return opened, self._deciding(asked, opened, grant=attributes)

    async def may_ask(
        self, asked: Asked, caller: Caller, decisions: Decisions, kind: str, *, field: str = ANSWER
    ) -> Decision:
        """Return what the rules say of the ask itself, a `query` or a `mutation`.

        Raises:
            AskRefused: They do not let the caller ask.
        """
        record_class = (("operation", kind), ("reason", "missing" if asked.access.reason is None else "stated"))
        decision = (await decisions.decide([(RecordType.ASK, record_class)]))[0]
        answer = decision.fields[field]
        if answer.effect is not Effect.DISCLOSE:
            raise self._refusal(answer, caller)
        return decision

    async def may_use(self, page: str, title: str, asked: Asked) -> tuple[Caller, Decisions]:
        """Let those on who may use a page of the gateway's own, by the field of the ask that is decided for it.

        Raises:
            AskRefused: The rules do not let the caller ask, or not this page.
        """
        caller, decisions = await self.identified(asked)
        decision = await self.may_ask(asked, caller, decisions, "query")
        if decision.fields[page].effect is not Effect.DISCLOSE:
            raise NotForRole(
                f"{title} is not for your role and purpose.", reason=",".join(decision.fields[page].reasons)
            )
        return caller, decisions

    def _deciding(self, asked: Asked, caller: Caller, *, grant: GrantAttributes | None = None) -> Decisions:
        access = asked.access.attributes(asked.at)
        asked.caller = caller
        asked.decisions = Decisions(
            decider=self._decider,
            memory=self._memory,
            caller=caller.attributes(),
            access=access if grant is None else replace(access, grant=grant),
        )
        return asked.decisions

    def _refusal(self, answer: FieldDecision, caller: Caller) -> AskRefused:
        reason = ",".join(answer.reasons) or "not-allowed"
        if answer.tell == PurposeRequired.code:
            purposes = ", ".join(self._purposes.purposes_of(caller.claims.role)) or "none"
            return PurposeRequired(
                "State why you ask: Access-Purpose with one of your role's purposes "
                f"({purposes}), and Access-Reason in your own words.",
                reason=reason,
            )
        if answer.tell == MediationNotListed.code:
            return MediationNotListed(
                "Your role may not ask for the person you named, or asks only for somebody whom you did not name. "
                "Ask in your own name, or have somebody ask whose role may ask for that person.",
                reason=reason,
            )
        if answer.tell == NotForRole.code:
            return NotForRole("This is not for your role.", reason=reason)
        return AccessLapsed(
            "You may not ask at the moment: your registration, training or check, or your agency's accreditation, "
            "is not current. Speak to your supervisor.",
            reason=reason,
        )


def _grant_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
