"""`gateway token`: a token for somebody in the register, for development."""

from pathlib import Path
from typing import Annotated

import typer

from connectors.postgres.database import Database
from connectors.postgres.register import PostgresRegister
from gateway.cli.running import database_url, refuse_in_production, run
from gateway.federation.certificates import thumbprint
from gateway.federation.enrolment import CertificateRefused, der_of
from gateway.records import Registration
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import PersonId


def token(
    person: Annotated[str, typer.Argument(help="Whose token: a person of the register, such as nurse.okafor.")],
    role: Annotated[str | None, typer.Option(help="In which role, where the person has several.")] = None,
    hours: Annotated[float, typer.Option(help="For how many hours.", min=0.01, max=24)] = 8.0,
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) without which nobody may use it.", dir_okay=False)
    ] = None,
) -> None:
    """Print a token for a registered person, signed with the development key. Refused in production."""

    async def act(settings: Settings) -> None:
        refuse_in_production(settings, "A token of the development key")
        bound_to = None if certificate is None else _thumbprint(certificate)
        database = await Database.open(
            database_url(settings), pool_min=1, pool_max=1, timeout=settings.database_timeout
        )
        try:
            found = await _registration(PostgresRegister(database), PersonId(person), role)
        finally:
            await database.close()
        typer.echo(token_for(settings, found, hours=hours, bound_to=bound_to))

    run(act)


def token_for(settings: Settings, registration: Registration, *, hours: float, bound_to: str | None = None) -> str:
    """Return a development token that says what the register says; `bound_to` is a certificate's thumbprint."""
    from connectors.development_keys import development_token  # imported here: only tokens need cryptography

    return development_token(
        settings.data_dir,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        person=registration.person,
        name=registration.name,
        role=registration.role,
        agency=str(registration.agency),
        authority=registration.authority,
        valid_for=int(hours * 3600),
        bound_to=bound_to,
    )


def _thumbprint(certificate: Path) -> str:
    try:
        return thumbprint(der_of(certificate.read_bytes()))
    except (OSError, CertificateRefused):
        raise SettingsError("--certificate: no certificate in PEM") from None


async def _registration(register: PostgresRegister, person: PersonId, role: str | None) -> Registration:
    if role is None:
        found = await register.registration_of(person)
    else:
        found = (await register.registrations([(person, role)])).get((person, role))
    if found is None:
        raise SettingsError("The register does not know this person in this role; try `gateway demo` first, or --role.")
    return found
