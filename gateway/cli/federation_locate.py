"""`gateway federation locate`: which other authorities hold something of a child, without telling them of whom."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
import typer
from rich.console import Console
from rich.table import Table

from connectors.postgres.register import PostgresRegister
from gateway.app.running import Gateway, running
from gateway.asked import Operation
from gateway.cli.running import console, ready_database_url, run
from gateway.disclosure.road import Notes, SourceNote
from gateway.federation.locating import Located, asker_of
from gateway.identity import Access, Caller, Claims
from gateway.ports import Criteria
from gateway.reply import Reply
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import PersonId

EXIT_REFUSED: Final = 1
_out: Final = Console(soft_wrap=True)


def locate_command(
    person: Annotated[str, typer.Option(help="Who asks: a person of the register.")],
    purpose: Annotated[str, typer.Option(help="The purpose of access.")],
    reason: Annotated[str, typer.Option(help="Why, in the person's own words.")],
    nhs_number: Annotated[str | None, typer.Option(help="NHS number.")] = None,
    upn: Annotated[str | None, typer.Option(help="Unique pupil number.")] = None,
    given_name: Annotated[str | None, typer.Option(help="Given name, with the two below.")] = None,
    family_name: Annotated[str | None, typer.Option(help="Family name.")] = None,
    date_of_birth: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date of birth.")] = None,
    case: Annotated[str | None, typer.Option(help="Case reference.")] = None,
    role: Annotated[str | None, typer.Option(help="In which role, where the person has several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which authorities hold something, and which did not answer. Recorded here and there as any ask is.

    Exits with 1 if the ask was refused or could not be recorded.
    """
    criteria = Criteria(
        given_name=given_name,
        family_name=family_name,
        date_of_birth=None if date_of_birth is None else date_of_birth.date(),
        nhs_number=nhs_number,
        upn=upn,
    )
    access = Access(purpose=purpose, reason=reason, case=case, grant=None)

    async def act(settings: Settings) -> Reply:
        async with running(settings, url=await ready_database_url(settings)) as gateway:
            claims = await claims_of(gateway, PersonId(person), role)
            return await _located(gateway, claims, access, criteria)

    reply = run(act)
    if reply.data is None:
        console.print(reply.errors[0].message, markup=False, style="red")
        raise typer.Exit(EXIT_REFUSED)
    _print(reply.data, as_json=as_json)


async def claims_of(gateway: Gateway, person: PersonId, role: str | None) -> Claims:
    """Return who asks, as the register has them: whoever may run this command is trusted with saying who that is."""
    register = PostgresRegister(gateway.database)
    if role is None:
        found = await register.registration_of(person)
    else:
        found = (await register.registrations([(person, role)])).get((person, role))
    if found is None:
        raise SettingsError("The register does not know this person in this role; try --role.")
    return Claims(
        person=found.person,
        name=found.name,
        role=found.role,
        agency=str(found.agency),
        authority=found.authority,
        mediated_for=None,
        token="",
    )


async def _located(gateway: Gateway, claims: Claims, access: Access, criteria: Criteria) -> Reply:
    parts = gateway.locator
    if parts is None:
        raise SettingsError(
            "This gateway has no locator: it needs GATEWAY_REGISTRY, GATEWAY_ASSERTION_KEY_FILE, a certificate for "
            "peers, and a GATEWAY_LOCATOR_INTERVAL above 0."
        )
    request_id = str(uuid4())
    within = gateway.settings.peer_timeout
    await parts.setups.look_at_all()

    async def work(caller: Caller, notes: Notes, commitment: str) -> dict[str, Any]:
        located = await parts.locator.locate(
            criteria,
            asker=asker_of(caller),
            access=access,
            request_id=request_id,
            commitment=commitment,
            within=within,
        )
        notes.sources += [
            SourceNote(
                authority_code=one.authority,
                status=one.status,
                as_of=one.as_of,
                elapsed_ms=one.elapsed_ms,
                reason=one.reason,
                entry=one.entry,
            )
            for one in located.outcomes
        ]
        return _document(located)

    stated = {name: value for name, value in _stated(criteria).items() if value is not None}
    return await gateway.answering.locate(
        claims,
        access,
        Operation(text="", name="locate", variables=stated),
        request_id=request_id,
        work=work,
        within=gateway.settings.request_timeout,
    )


def _stated(criteria: Criteria) -> dict[str, Any]:
    return {
        "givenName": criteria.given_name,
        "familyName": criteria.family_name,
        "dateOfBirth": criteria.date_of_birth,
        "nhsNumber": criteria.nhs_number,
        "upn": criteria.upn,
    }


def _document(located: Located) -> dict[str, Any]:
    return {
        "pointing": list(located.pointing),
        "by": located.by,
        "sources": [
            {"authority": one.authority, "status": one.status, "asOf": one.as_of, "elapsedMs": one.elapsed_ms}
            for one in located.outcomes
        ],
    }


def _print(data: Any, *, as_json: bool) -> None:
    if as_json:
        _out.print_json(orjson.dumps(data).decode())
        return
    table = Table(title="Which authorities hold something")
    for heading in ("authority", "holds something", "status", "as of"):
        table.add_column(heading)
    for source in data["sources"]:
        answered = source["status"] == "ANSWERED"
        points = source["authority"] in data["pointing"]
        holds = f"yes, by {data['by']}" if points else "nothing known" if answered else "not known: it did not answer"
        as_of = source["asOf"]
        table.add_row(source["authority"], holds, source["status"], f"{as_of:%Y-%m-%d %H:%M}" if as_of else "")
    Console().print(table)
