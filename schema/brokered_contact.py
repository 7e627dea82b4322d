"""Requests for brokered contact, and what asking for one and answering one take and give."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import BrokeringOutcome, BrokeringState, RecordType
from resolvers.brokered_contacts import children_of_contacts, involvements_of_contacts
from schema.changing import KEY, payload, stated
from schema.child import Child
from schema.involvement import Involvement
from schema.levels import level
from schema.page_info import PageInfo
from schema.told import record_type, resolved, told
from schema.withheld import Withheld

_TEAM = "For the directory team:"


@record_type(
    RecordType.BROKERED_CONTACT,
    "That somebody who cannot see who works with a child asked the directory team to be put in touch, and what came of "
    "it. Neither party reads what the other wrote; that a request was made or closed says nothing of whether there is "
    "somebody.",
    entity=False,
)
class BrokeredContact:
    """A request."""

    id: strawberry.ID = told("The request's id, as your agency knows it.")
    reason: str | None = told("Why contact is wanted, in the asker's words.")
    reach_by: str | None = told("How the asker can be reached.")
    state: BrokeringState | None = told("How it stands; withheld once something was closed about the child since.")
    asked_at: datetime | None = told("When it was asked for.")
    asked_by: str | None = told(f"{_TEAM} who asks, as their token names them.")
    asker_name: str | None = told(f"{_TEAM} the asker's name in the register.")
    asker_role: str | None = told(f"{_TEAM} the role they asked in.")
    asker_agency: str | None = told(f"{_TEAM} the agency they work for.")
    asked_through: str | None = told(f"{_TEAM} who asked for them, where somebody mediates.")
    answer: str | None = told(
        "What the directory team tells the asker; null where nothing more is to be said, withheld as `state` is."
    )
    answered_at: datetime | None = told("When it was answered; null until then.")
    answered_by: str | None = told(f"{_TEAM} who answered.")
    outcome: BrokeringOutcome | None = told(f"{_TEAM} what came of it.")
    asker_agrees: bool | None = told(f"{_TEAM} whether the asker agreed to be put in touch.")
    other_agrees: bool | None = told(f"{_TEAM} whether the other party did.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The child, as far as you may know of it now.", graphql_type=Child | None)
    def child(self, info: Info) -> Any:
        """Load the child."""
        return level(info, self, "child", children_of_contacts)

    @resolved(
        description="The involvement that the asker named, as far as you may know of it now.",
        graphql_type=Involvement | None,
    )
    def involvement(self, info: Info) -> Any:
        """Load the involvement."""
        return level(info, self, "involvement", involvements_of_contacts)


@strawberry.federation.type(description="One request and its place in the list.")
class BrokeredContactEdge:
    """An edge of the connection."""

    cursor: str = told("Where this request stands; give it as `after` to go on from here.")
    node: BrokeredContact = told("The request.")


@strawberry.federation.type(description="A page of requests for brokered contact, the oldest first.")
class BrokeredContactConnection:
    """A page of requests."""

    edges: list[BrokeredContactEdge] = told("The requests.")
    page_info: PageInfo = told("Whether the list goes on.")


@strawberry.input(
    description="Whom you want to be put in touch about. Only the directory team reads it; do not write what is known "
    "of the child."
)
class RequestBrokeredContactInput:
    """A contact asked for."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated("The child's id.")
    involvement: strawberry.ID | None = stated(
        "The involvement, if you were shown one: an unspecified service, or one whose practitioner is withheld. "
        "Without it you ask for whoever there may be.",
        default=None,
    )
    reason: str = stated("Why contact is wanted, in up to 500 characters; never what is known of the child.")
    reach_by: str = stated("How and when you can be reached, in up to 500 characters.")


@strawberry.input(description="What came of a request. It is answered once.")
class AnswerBrokeredContactInput:
    """An answer."""

    idempotency_key: str = stated(KEY)
    contact: strawberry.ID = stated("The request's id.")
    outcome: BrokeringOutcome = stated(
        "What came of it. The asker is told CONNECTED or CLOSED, and not which of the others it was."
    )
    asker_agrees: bool = stated("Whether the asker agreed to be put in touch.")
    other_agrees: bool = stated("Whether the other party agreed; false where there is none.")
    answer: str | None = stated(
        "What the asker is told, in up to 500 characters: how to reach somebody who agreed to it, or that they will "
        "call. Needed where they are connected. Otherwise say nothing by which it could be told whether there is "
        "somebody.",
        default=None,
    )
    involvement: strawberry.ID | None = stated(
        "Whose practitioner the asker is put in touch with. Of a sensitive service, the answer is taken back "
        "once its consent ends; without it, and where the asker named none, once that of any of the child's does.",
        default=None,
    )


_MEANING = "The request, as far as you may know of it; null where nothing was changed."
RequestBrokeredContactPayload = payload("requestBrokeredContact", BrokeredContact, "contact", _MEANING)
AnswerBrokeredContactPayload = payload("answerBrokeredContact", BrokeredContact, "contact", _MEANING)
