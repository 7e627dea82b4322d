"""What can be asked."""

from datetime import date
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.reviewing.finding import Period
from gateway.vocabulary import AuthorityCode, ChildId, LogReader, Queue, QueueState, RecordType, ReviewPattern
from resolvers.access_log import access_log_of_child
from resolvers.authorities import ask_home, authorities_by_code
from resolvers.brokered_contacts import contacts_asked_for
from resolvers.callers import caller_themself
from resolvers.children import child_by_identifier, children_by_id
from resolvers.elsewhere import candidates_everywhere, name_others, record_elsewhere
from resolvers.identified import child_everywhere
from resolvers.others import Others, others_named
from resolvers.practitioners import practitioners_by_id
from resolvers.queues import hold_to_home, page_of_queue
from resolvers.records import BY_ID
from resolvers.responsibility import transfers_of_this_authority
from resolvers.reviewing import review_of_callers
from resolvers.search import candidates_for
from resolvers.settings import setting_by_code, settings_by_id
from schema.access_log import AccessLogConnection, AccessLogEdge
from schema.access_review import AccessReviewConnection, AccessReviewEdge
from schema.beside import child_beside
from schema.brokered_contact import BrokeredContactConnection, BrokeredContactEdge
from schema.caller import Caller
from schema.child import Child
from schema.child_search import ChildSearch
from schema.elsewhere import wanted_below
from schema.keys import ChildCriteria, ChildKey, SettingKey
from schema.levels import asking_of, load_with_siblings, selection_of
from schema.local_authority import LocalAuthority
from schema.local_authority_code import LocalAuthorityCode
from schema.node import Node
from schema.page_info import page_info
from schema.practitioner import Practitioner
from schema.queues import QueueConnection, connection
from schema.responsibility import ResponsibilityTransferConnection, ResponsibilityTransferEdge
from schema.setting import Setting
from schema.sizes import Size
from schema.told import resolved

_WHOSE_QUEUE = "Whose queue: the code of the authority that this gateway serves."


def _argument(description: str) -> Any:
    return strawberry.argument(description=description)


@strawberry.federation.type(description="What can be asked of the directory.")
class Query:
    """The root of every query."""

    @resolved(
        description="One child by id or identifier; null if there is none that you may know of.",
        graphql_type=Child | None,
    )
    async def child(
        self,
        info: Info,
        by: Annotated[ChildKey, _argument("Exactly one of id, nhsNumber, upn.")],
        authorities: Annotated[
            list[LocalAuthorityCode] | None,
            _argument(
                "Who is asked as well; absent or empty: the home authority only. Settings, carers, involvements and "
                "the lead professional are joined by what they tell of records linked with the child; by an "
                'identifier they are asked for the child itself. ["*"]: wherever links lead, and for an identifier '
                "wherever the locator points."
            ),
        ] = None,
    ) -> Any:
        """Find the child."""
        child_id = asking_of(info).ids.meant_as(RecordType.CHILD, by.id) if by.id else None
        if authorities and child_id is not None:
            return await child_beside(info, ChildId(child_id), authorities)
        others = await others_named(asking_of(info), authorities, locating=not by.id)
        if others is not None:
            return await child_of(info, by, others)
        ask_home(asking_of(info))
        if by.id:
            foreign = asking_of(info).ids.meant_elsewhere(by.id)
            if foreign is not None:
                return await record_told_elsewhere(info, foreign) if foreign.type is RecordType.CHILD else None
            return None if child_id is None else await load_with_siblings(info, child_id, children_by_id)
        return await child_by_identifier(
            asking_of(info), selection_of(info), nhs_number=by.nhs_number or None, upn=by.upn or None
        )

    @resolved(
        description="Find a child from what you have; at most 50 candidates, each graded with its grounds.",
        graphql_type=ChildSearch,
        size=Size(assumed=20, argument="first", lists=("candidates",)),
    )
    async def search_children(
        self,
        info: Info,
        criteria: Annotated[ChildCriteria, _argument("What is known of the child.")],
        authorities: Annotated[
            list[LocalAuthorityCode] | None,
            _argument('Whom to ask; absent or empty: the home authority only; ["*"]: wherever the locator points.'),
        ] = None,
        first: Annotated[int, _argument("How many candidates at most, up to 50.")] = 20,
    ) -> Any:
        """Search."""
        asking = asking_of(info)
        others = await others_named(asking, authorities)
        stated = Criteria(
            given_name=criteria.given_name,
            family_name=criteria.family_name,
            date_of_birth=criteria.date_of_birth,
            gender=criteria.gender,
            postcode=criteria.postcode,
            nhs_number=criteria.nhs_number,
            upn=criteria.upn,
        )
        selection = selection_of(info, "candidates")
        if others is not None:
            wanted = wanted_below(selection, RecordType.CANDIDATE)
            search = await candidates_everywhere(asking, stated, selection, wanted, others=others, first=first)
            return ChildSearch(candidates=list(search.candidates), sources=list(search.sources))  # type: ignore[arg-type]  # disclosed records stand for the types
        found = await candidates_for(asking, stated, selection, first=first)
        return ChildSearch(candidates=found, sources=[ask_home(asking)])  # type: ignore[arg-type,list-item]  # disclosed records stand for the types

    @resolved(description="One setting by id or national code; null if there is none.", graphql_type=Setting | None)
    async def setting(
        self, info: Info, by: Annotated[SettingKey, _argument("Exactly one of id, urn, odsCode.")]
    ) -> Any:
        """Find the setting."""
        if by.id:
            setting_id = asking_of(info).ids.meant_as(RecordType.SETTING, by.id)
            return None if setting_id is None else await load_with_siblings(info, setting_id, settings_by_id)
        return await setting_by_code(
            asking_of(info), selection_of(info), urn=by.urn or None, ods_code=by.ods_code or None
        )

    @resolved(
        description="One practitioner; null if there is none that you may know of.", graphql_type=Practitioner | None
    )
    async def practitioner(self, info: Info, id: Annotated[strawberry.ID, _argument("The practitioner's id.")]) -> Any:
        """Find the practitioner."""
        practitioner_id = asking_of(info).ids.meant_as(RecordType.PRACTITIONER, id)
        return None if practitioner_id is None else await load_with_siblings(info, practitioner_id, practitioners_by_id)

    @resolved(
        description="A local authority and whom it names for safeguarding advice; null if there is none.",
        graphql_type=LocalAuthority | None,
    )
    async def local_authority(
        self,
        info: Info,
        code: Annotated[LocalAuthorityCode, _argument("GSS code, or the older three-digit code.")],
    ) -> Any:
        """Find the authority."""
        return await load_with_siblings(info, AuthorityCode(str(code)), authorities_by_code)

    @resolved(description="Any record by its id; null if there is none that you may know of.", graphql_type=Node | None)
    async def node(self, info: Info, id: Annotated[strawberry.ID, _argument("The record's id.")]) -> Any:
        """Find the record."""
        return await record_by_id(info, id)

    @resolved(
        description="Who the gateway thinks you are, what you may ask, and your remaining budget.",
        graphql_type=Caller,
    )
    async def me(self, info: Info) -> Any:
        """Tell the caller of themself."""
        return await caller_themself(asking_of(info), selection_of(info))

    @resolved(
        description="Who looked at a child's record, newest first: for the child, carers and reviewers.",
        graphql_type=AccessLogConnection,
        size=Size(assumed=100, argument="first", lists=("edges",)),
    )
    async def access_log(
        self,
        info: Info,
        child: Annotated[strawberry.ID, _argument("The child's id.")],
        first: Annotated[int, _argument("How many entries at most, up to 100.")],
        after: Annotated[str | None, _argument("The cursor to go on from; of this child's log.")] = None,
        read_by: Annotated[
            LogReader | None, _argument("For whom it is prepared: narrows what is told to what this reader may see.")
        ] = None,
    ) -> Any:
        """Read the log."""
        child_id = asking_of(info).ids.meant_as(RecordType.CHILD, child)
        page = await access_log_of_child(
            asking_of(info),
            None if child_id is None else ChildId(child_id),
            selection_of(info, "edges", "node"),
            first=first,
            after=after,
            reader=read_by,
        )
        edges = [AccessLogEdge(cursor=str(entry.record_id), node=entry) for entry in page.entries]  # type: ignore[arg-type]  # a disclosed record stands for the type
        return AccessLogConnection(
            edges=edges,
            page_info=page_info(edges, has_more=page.has_more, after=None),
            withheld=list(page.withheld),  # type: ignore[arg-type]  # the same attributes
        )

    @resolved(
        description="What was offered by and to this authority, the oldest first: for the directory team.",
        graphql_type=ResponsibilityTransferConnection,
        size=Size(assumed=100, argument="first", lists=("edges",)),
    )
    async def responsibility_transfers(
        self,
        info: Info,
        unanswered: Annotated[bool, _argument("True: only those that wait for an answer. False: all.")] = True,
        first: Annotated[int, _argument("How many transfers at most, up to 100.")] = 20,
        after: Annotated[str | None, _argument("The cursor to go on from.")] = None,
    ) -> Any:
        """List the transfers."""
        asking = asking_of(info)
        page = await transfers_of_this_authority(
            asking, selection_of(info, "edges", "node"), unanswered=unanswered, first=first, after=after
        )
        told = partial(asking.ids.told, RecordType.RESPONSIBILITY_TRANSFER)
        edges = [ResponsibilityTransferEdge(cursor=told(one.record_id), node=one) for one in page.records]  # type: ignore[arg-type]  # a disclosed record stands for the type
        return ResponsibilityTransferConnection(
            edges=edges, page_info=page_info(edges, has_more=page.has_more, after=after)
        )

    @resolved(
        description="Requests for brokered contact, the oldest first: all of this authority for its directory team, "
        "and your own for you.",
        graphql_type=BrokeredContactConnection,
        size=Size(assumed=100, argument="first", lists=("edges",)),
    )
    async def brokered_contacts(
        self,
        info: Info,
        unanswered: Annotated[bool, _argument("True: only those that wait for an answer. False: all.")] = True,
        first: Annotated[int, _argument("How many requests at most, up to 100.")] = 20,
        after: Annotated[str | None, _argument("The cursor to go on from.")] = None,
    ) -> Any:
        """List the requests."""
        asking = asking_of(info)
        page = await contacts_asked_for(
            asking, selection_of(info, "edges", "node"), unanswered=unanswered, first=first, after=after
        )
        told = partial(asking.ids.told, RecordType.BROKERED_CONTACT)
        edges = [BrokeredContactEdge(cursor=told(one.record_id), node=one) for one in page.records]  # type: ignore[arg-type]  # a disclosed record stands for the type
        return BrokeredContactConnection(edges=edges, page_info=page_info(edges, has_more=page.has_more, after=after))

    @resolved(
        description="Children of compulsory school age for whom no current place of education is known, the longest "
        "without first. Whoever does not work the authority's queues is shown the entries they own.",
        graphql_type=QueueConnection,
        size=Size(assumed=100, argument="first", lists=("edges",)),
    )
    async def missing_education(
        self,
        info: Info,
        authority: Annotated[LocalAuthorityCode, _argument(_WHOSE_QUEUE)],
        first: Annotated[int, _argument("How many entries at most, up to 100.")],
        after: Annotated[str | None, _argument("The cursor to go on from; of this queue.")] = None,
        state: Annotated[QueueState, _argument("Those that wait, or those closed for a time.")] = QueueState.OPEN,
    ) -> Any:
        """Read the queue."""
        return await queue_of(info, Queue.MISSING_EDUCATION, authority, first=first, after=after, state=state)

    @resolved(
        description="Children for whom no current GP practice is known, the longest without first. Whoever does not "
        "work the authority's queues is shown the entries they own.",
        graphql_type=QueueConnection,
        size=Size(assumed=100, argument="first", lists=("edges",)),
    )
    async def without_gp(
        self,
        info: Info,
        authority: Annotated[LocalAuthorityCode, _argument(_WHOSE_QUEUE)],
        first: Annotated[int, _argument("How many entries at most, up to 100.")],
        after: Annotated[str | None, _argument("The cursor to go on from; of this queue.")] = None,
        state: Annotated[QueueState, _argument("Those that wait, or those closed for a time.")] = QueueState.OPEN,
    ) -> Any:
        """Read the queue."""
        return await queue_of(info, Queue.WITHOUT_GP, authority, first=first, after=after, state=state)

    @resolved(
        description="What in the asks of an authority's callers a person should look at: for supervisors and auditors.",
        graphql_type=AccessReviewConnection,
        size=Size(assumed=20, argument="first", lists=("edges",)),
    )
    async def access_review(
        self,
        info: Info,
        first_day: Annotated[date, strawberry.argument(name="from", description="First local day of the period.")],
        last_day: Annotated[
            date, strawberry.argument(name="to", description="Last local day of the period, at most 31 days in all.")
        ],
        patterns: Annotated[list[ReviewPattern] | None, _argument("Only these patterns; absent: all.")] = None,
        authority: Annotated[
            LocalAuthorityCode | None, _argument("Whose callers, by GSS code; absent: your own authority's.")
        ] = None,
        first: Annotated[int, _argument("How many findings at most, up to 40.")] = 20,
        after: Annotated[str | None, _argument("The cursor to go on from.")] = None,
    ) -> Any:
        """Review callers."""
        asking = asking_of(info)
        page = await review_of_callers(
            asking,
            selection_of(info, "edges", "node"),
            period=Period(first=first_day, last=last_day),
            authority=AuthorityCode(str(authority)) if authority else asking.road.ask.caller.claims.authority,
            patterns=frozenset(patterns) if patterns else frozenset(ReviewPattern),
            first=first,
            after=after,
        )
        edges = [AccessReviewEdge(cursor=str(finding.record_id), node=finding) for finding in page.findings]  # type: ignore[arg-type]  # a disclosed record stands for the type
        return AccessReviewConnection(
            edges=edges,
            page_info=page_info(edges, has_more=page.has_more, after=after),
            callers=page.callers,
            entries=page.entries,
        )


async def queue_of(
    info: Info, queue: Queue, authority: LocalAuthorityCode, *, first: int, after: str | None, state: QueueState
) -> QueueConnection:
    """Return a page of a queue of the home authority."""
    asking = asking_of(info)
    await hold_to_home(asking, AuthorityCode(str(authority)))
    selection = selection_of(info, "edges", "node")
    page = await page_of_queue(asking, selection, queue, state=state, first=first, after=after)
    return connection(asking, queue, page, after=after)


async def child_of(info: Info, by: ChildKey, others: Others) -> Any:
    """Return a child that is not known here by its id, as others tell it, or None."""
    asking, selection = asking_of(info), selection_of(info)
    if not by.id:
        sought = Criteria(nhs_number=by.nhs_number or None, upn=by.upn or None)
        wanted = wanted_below(selection, RecordType.CHILD)
        return await child_everywhere(asking, sought, selection, wanted, others=others)
    foreign = asking.ids.meant_elsewhere(by.id)
    if foreign is None or foreign.type is not RecordType.CHILD:
        return None
    told = await record_told_elsewhere(info, foreign)
    if told is not None:
        name_others(asking, told, others)
    return told


async def record_by_id(info: Info, text: str) -> Any:
    """Return any record by the id partners hold, or None: also for an authority's code."""
    foreign = asking_of(info).ids.meant_elsewhere(text)
    if foreign is not None:
        return await record_told_elsewhere(info, foreign)
    meant = asking_of(info).ids.meant(text)
    if meant is not None and meant[0] in BY_ID:
        return await load_with_siblings(info, meant[1], BY_ID[meant[0]])
    return await load_with_siblings(info, AuthorityCode(text), authorities_by_code)


async def record_told_elsewhere(info: Info, record_id: ForeignId) -> Any:
    """Return the record that another authority tells for an id of its own, or None."""
    selection = selection_of(info)
    arrived = await record_elsewhere(asking_of(info), record_id, wanted_below(selection, record_id.type))
    return None if arrived is None else (await BY_ID[arrived.type](asking_of(info), [arrived], selection))[0]
