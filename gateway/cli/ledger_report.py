"""`gateway ledger report`: the access log of a child on paper, for whoever has no login; an ask like any other."""

import getpass
import uuid
from pathlib import Path
from typing import Annotated

import typer

from connectors.ledger_seal import latest_seal
from connectors.postgres.register import PostgresRegister
from gateway.access_report.asking import report_for
from gateway.access_report.page import page_of
from gateway.access_report.paper import PaperUnavailable, paper_of
from gateway.access_report.report import Report, Seal
from gateway.access_report.words import Words
from gateway.app.clock import utc_now
from gateway.app.running import running
from gateway.asked import Operation
from gateway.cli.running import console, ready_database_url, run
from gateway.cli.stated_ids import known_id
from gateway.identity import REASON_LIMIT, Access, Claims
from gateway.pages.access_log import PURPOSE
from gateway.reply import Reply
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import LogReader, PersonId, RecordType

EXIT_REFUSED = 4


def report(
    child: Annotated[
        str, typer.Argument(help="The child's directory id, or the id that the graph tells to whoever asks.")
    ],
    by: Annotated[str, typer.Option(help="Who asks: a person of the register, such as auditor.lund.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger, with the name of this login.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .pdf or .html.", dir_okay=False)],
    role: Annotated[str | None, typer.Option(help="In which role, where the person has several.")] = None,
    reader: Annotated[
        LogReader, typer.Option("--for", help="For whom it is prepared: what this reader may see is in it.")
    ] = LogReader.CHILD,
) -> None:
    """Write who looked at a child's record, in plain words, to hand to the child or a carer.

    It is an ask: decided by the rules for the person and role that ask, and recorded. Exits with 4 if it is refused.
    """
    if output.suffix not in (".pdf", ".html"):
        raise typer.BadParameter("name a .pdf or a .html file", param_hint="--output")

    async def act(settings: Settings) -> None:
        made = await _asked(settings, child, reader, by=PersonId(by), role=role, reason=reason)
        if isinstance(made, Reply):
            console.print(" ".join(problem.message for problem in made.errors), markup=False, style="red")
            raise typer.Exit(EXIT_REFUSED)
        try:
            content = page_of(made).encode() if output.suffix == ".html" else paper_of(made)
        except PaperUnavailable as error:
            raise SettingsError(str(error)) from error
        # Beside it first: a report that broke off never stands under the name that was asked for.
        partial = output.with_name(f"{output.name}.partial")
        partial.write_bytes(content)
        partial.replace(output)
        console.print(f"Wrote {len(made.looks) + len(made.own)} looks to {output}; the ask is in the ledger.")

    run(act)


async def _asked(
    settings: Settings, child: str, reader: LogReader, *, by: PersonId, role: str | None, reason: str
) -> Report | Reply:
    async with running(settings, url=await ready_database_url(settings)) as gateway:
        register = PostgresRegister(gateway.database)
        found = await register.registration_of(by) if role is None else None
        if role is not None:
            found = (await register.registrations([(by, role)])).get((by, role))
        if found is None:
            raise SettingsError("The register does not know this person in this role.")
        claims = Claims(
            person=found.person,
            name=found.name,
            role=found.role,
            agency=str(found.agency),
            authority=found.authority,
            mediated_for=None,
            token="",
        )
        login = f" (at the desk, by {getpass.getuser()})"
        said = f"{reason.strip()[: REASON_LIMIT - len(login)]}{login}" if reason.strip() else None
        access = Access(purpose=PURPOSE, reason=said, case=None, grant=None)
        request_id = str(uuid.uuid4())

        async def answer(operation: Operation) -> Reply:
            return await gateway.answering.answer(claims, access, operation, request_id=request_id)

        async def sealed() -> Seal | None:
            return await latest_seal(gateway.proof, gateway.opener, clock=utc_now)

        return await report_for(
            known_id(child, RecordType.CHILD, gateway.answering.ids.known_to(claims.id_scope)),
            reader.name,
            answer=answer,
            sealed=sealed,
            words=Words.read(settings.words_file),
            clock=utc_now,
        )
