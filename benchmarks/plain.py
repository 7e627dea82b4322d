"""The comparison: the same questions on the same tables, answered by Strawberry as its documentation shows.

One class a type, one aiodataloader a relation and request, one statement a loader, Strawberry's own ASGI application.
No policy is asked and nothing is logged. `tuned` adds the caches of parsed and validated documents it ships with.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

import asyncpg
import strawberry
from aiodataloader import DataLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from connectors.postgres.keys import name_key

_POOL = 10


def _enum(name: str, values: str) -> Any:
    return strawberry.enum(Enum(name, {value: value for value in values.split()}))


Gender = _enum("Gender", "FEMALE MALE OTHER NOT_SPECIFIED")
AddressStatus = _enum("AddressStatus", "CURRENT LAST_KNOWN NO_KNOWN_ADDRESS")
Relationship = _enum(
    "Relationship",
    "MOTHER FATHER PARENT STEP_PARENT GRANDPARENT SIBLING AUNT_OR_UNCLE FOSTER_CARER ADOPTIVE_PARENT "
    "SPECIAL_GUARDIAN CORPORATE_PARENT OTHER",
)
SettingKind = _enum(
    "SettingKind",
    "SCHOOL NURSERY COLLEGE SPECIAL_SCHOOL ALTERNATIVE_PROVISION CHILDRENS_HOME GP_PRACTICE OTHER",
)
Service = _enum(
    "Service",
    "HEALTH_VISITING SCHOOL_NURSING GENERAL_PRACTICE PAEDIATRICS SOCIAL_CARE EARLY_HELP EDUCATION_WELFARE "
    "SPECIAL_EDUCATIONAL_NEEDS YOUTH_SUPPORT YOUTH_JUSTICE POLICE VOLUNTARY SEXUAL_HEALTH MENTAL_HEALTH "
    "SUBSTANCE_MISUSE DOMESTIC_ABUSE DISABILITY",
)


@strawberry.type
class Practitioner:
    """A practitioner."""

    id: strawberry.ID
    name: str
    role: str
    telephone: str | None
    email: str | None


@strawberry.type
class Carer:
    """A carer."""

    id: strawberry.ID
    name: str
    relationship: Relationship
    telephone: str | None
    email: str | None


@strawberry.type
class Setting:
    """A setting."""

    id: strawberry.ID
    name: str
    kind: SettingKind
    telephone: str | None
    email: str | None


@strawberry.type
class Involvement:
    """An involvement."""

    id: strawberry.ID
    service: Service
    started_on: date
    ended_on: date | None
    is_lead_professional: bool
    common_assessment_completed: bool
    practitioner_id: strawberry.Private[UUID]

    @strawberry.field
    async def practitioner(self, info: strawberry.Info) -> Practitioner | None:
        """Load the practitioner."""
        return await info.context["practitioners"].load(self.practitioner_id)


@strawberry.type
class Child:
    """A child."""

    key: strawberry.Private[UUID]
    id: strawberry.ID
    given_name: str | None
    family_name: str
    date_of_birth: date
    gender: Gender
    address_status: AddressStatus
    nhs_number: str | None
    upn: str | None

    @strawberry.field
    async def carers(self, info: strawberry.Info) -> list[Carer]:
        """Load the carers."""
        return await info.context["carers"].load(self.key)

    @strawberry.field
    async def settings(self, info: strawberry.Info) -> list[Setting]:
        """Load the settings."""
        return await info.context["settings"].load(self.key)

    @strawberry.field
    async def involvements(self, info: strawberry.Info) -> list[Involvement]:
        """Load the involvements."""
        return await info.context["involvements"].load(self.key)


@strawberry.type
class Candidate:
    """A candidate."""

    child: Child


@strawberry.type
class ChildSearch:
    """A search's result."""

    candidates: list[Candidate]


@strawberry.input
class ChildKey:
    """How to name a child."""

    id: strawberry.ID


@strawberry.input
class ChildCriteria:
    """What to search by."""

    family_name: str
    date_of_birth: date


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    async def child(self, info: strawberry.Info, by: ChildKey) -> Child | None:
        """Find one child."""
        return await info.context["children"].load(UUID(by.id.removeprefix("chd-")))

    @strawberry.field
    async def search_children(self, info: strawberry.Info, criteria: ChildCriteria, first: int = 20) -> ChildSearch:
        """Find children by family name and date of birth."""
        rows = await info.context["pool"].fetch(
            f"SELECT {_CHILD} FROM child_search_key k JOIN child c ON c.id = k.child_id "  # noqa: S608 - fixed text
            "WHERE k.family_key = $1 AND k.date_of_birth = $2 AND NOT k.former "
            "ORDER BY c.family_name, c.given_name, c.id LIMIT $3",
            name_key(criteria.family_name),
            criteria.date_of_birth,
            first,
        )
        return ChildSearch(candidates=[Candidate(child=_child(row)) for row in rows])


_CHILD = "c.id, c.given_name, c.family_name, c.date_of_birth, c.gender, c.address_status, c.nhs_number, c.upn"
_CHILDREN = f"SELECT {_CHILD} FROM child c WHERE c.id = ANY($1)"  # noqa: S608 - fixed text
_CARERS = """
SELECT l.child_id, k.id, k.name, l.relationship, k.telephone, k.email
FROM child_carer l JOIN carer k ON k.id = l.carer_id
WHERE l.child_id = ANY($1) AND (l.until IS NULL OR l.until > current_date)
ORDER BY l.has_parental_responsibility DESC, k.name COLLATE "C", k.id"""
_SETTINGS = """
SELECT l.child_id, s.id, s.name, s.kind, s.telephone, s.email
FROM child_setting l JOIN setting s ON s.id = l.setting_id
WHERE l.child_id = ANY($1) AND (l.ended_on IS NULL OR l.ended_on > current_date)
ORDER BY s.kind COLLATE "C", s.name COLLATE "C", s.id"""
_INVOLVEMENTS = """
SELECT i.child_id, i.id, i.service, i.started_on, i.ended_on, i.is_lead_professional, i.common_assessment_completed,
    i.practitioner_id
FROM involvement i WHERE i.child_id = ANY($1) AND i.carer_id IS NULL
ORDER BY (i.ended_on IS NULL OR i.ended_on > current_date) DESC, i.started_on DESC, i.id"""
_PRACTITIONERS = "SELECT id, name, role, telephone, email FROM practitioner WHERE id = ANY($1)"


def plain_id(prefix: str, record_id: UUID) -> str:
    """Return a record's id, the same for everybody."""
    return f"{prefix}-{record_id}"


def _child(row: asyncpg.Record) -> Child:
    return Child(
        key=row["id"],
        id=strawberry.ID(plain_id("chd", row["id"])),
        given_name=row["given_name"],
        family_name=row["family_name"],
        date_of_birth=row["date_of_birth"],
        gender=Gender[row["gender"]],
        address_status=AddressStatus[row["address_status"]],
        nhs_number=row["nhs_number"],
        upn=row["upn"],
    )


def _practitioner(row: asyncpg.Record) -> Practitioner:
    return Practitioner(
        id=strawberry.ID(plain_id("prc", row["id"])),
        name=row["name"],
        role=row["role"],
        telephone=row["telephone"],
        email=row["email"],
    )


def _carer(row: asyncpg.Record) -> Carer:
    return Carer(
        id=strawberry.ID(plain_id("car", row["id"])),
        name=row["name"],
        relationship=Relationship[row["relationship"]],
        telephone=row["telephone"],
        email=row["email"],
    )


def _setting(row: asyncpg.Record) -> Setting:
    return Setting(
        id=strawberry.ID(plain_id("set", row["id"])),
        name=row["name"],
        kind=SettingKind[row["kind"]],
        telephone=row["telephone"],
        email=row["email"],
    )


def _involvement(row: asyncpg.Record) -> Involvement:
    return Involvement(
        id=strawberry.ID(plain_id("inv", row["id"])),
        service=Service[row["service"]],
        started_on=row["started_on"],
        ended_on=row["ended_on"],
        is_lead_professional=row["is_lead_professional"],
        common_assessment_completed=row["common_assessment_completed"],
        practitioner_id=row["practitioner_id"],
    )


def _one(pool: asyncpg.Pool, sql: str, read: Callable[[Any], Any]) -> DataLoader[UUID, Any]:
    async def load(keys: Sequence[UUID]) -> list[Any]:
        found = {row["id"]: read(row) for row in await pool.fetch(sql, keys)}
        return [found.get(key) for key in keys]

    return DataLoader(load)


def _many(pool: asyncpg.Pool, sql: str, read: Callable[[Any], Any]) -> DataLoader[UUID, list[Any]]:
    async def load(keys: Sequence[UUID]) -> list[list[Any]]:
        found: defaultdict[UUID, list[Any]] = defaultdict(list)
        for row in await pool.fetch(sql, keys):
            found[row["child_id"]].append(read(row))
        return [found[key] for key in keys]

    return DataLoader(load)


class _Application(GraphQL[Any, Any]):
    """Strawberry's ASGI application with loaders of its own for each request."""

    async def get_context(self, request: Any, response: Response) -> Any:
        """Return what the resolvers use."""
        pool: asyncpg.Pool = request.app.state.pool
        return {
            "pool": pool,
            "children": _one(pool, _CHILDREN, _child),
            "practitioners": _one(pool, _PRACTITIONERS, _practitioner),
            "carers": _many(pool, _CARERS, _carer),
            "settings": _many(pool, _SETTINGS, _setting),
            "involvements": _many(pool, _INVOLVEMENTS, _involvement),
        }


async def _alive(_request: Request) -> Response:
    return Response("alive")


def plain(url: str, *, tuned: bool) -> Starlette:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        async with asyncpg.create_pool(url, min_size=2, max_size=_POOL, server_settings={"jit": "off"}) as pool:
            app.state.pool = pool
            yield

    schema = strawberry.Schema(Query, extensions=[ParserCache(), ValidationCache()] if tuned else [])
    app = Starlette(lifespan=lifespan)
    app.add_route("/graphql", _Application(schema, graphql_ide=None), methods=["POST"])
    app.add_route("/healthz", _alive)
    return app
