"""Membership of the federation: keys and certificates of a member, the registry of all, and a ping."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from connectors.peer_ping import Ping, ping
from connectors.postgres.database import Database
from connectors.postgres.federation import NewestRelease, RegistryReleases
from connectors.registry import believed, pinned_keys, registry_text
from connectors.rule_set import RuleSet
from gateway.cli.federation_files import MemberFolder, now
from gateway.cli.running import console, run
from gateway.federation.enrolment import CertificateRefused
from gateway.federation.registry import Registry, RegistryRefused, read_registry
from gateway.federation.signed import KeyUnusable
from gateway.federation.tls import OwnCertificate, assertion_key
from gateway.settings import PACKAGED_POLICIES, Settings, SettingsError
from gateway.vocabulary import AuthorityCode

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Folder = Annotated[Path, typer.Argument(help="Folder of this member's keys and certificates.")]
_out: Final = Console(soft_wrap=True)


def init(
    folder: Folder,
    authority: Annotated[str, typer.Option(help="GSS code of the authority.")],
    name: Annotated[str, typer.Option(help="Its name, as others will see it.")],
    endpoint: Annotated[list[str], typer.Option(help="Base URL of its gateway for peers; once for each replica.")],
    role: Annotated[
        list[str] | None, typer.Option(help="A role in which its people ask elsewhere; all that reach there if unset.")
    ] = None,
    policy: Annotated[str, typer.Option(help="Where it states its rules.")] = "https://policy.invalid/",
    days: Annotated[int, typer.Option(min=1, help="Days the self-made certificate lasts.")] = 90,
    csr_only: Annotated[
        bool, typer.Option("--csr-only", help="Make no issuer: an own authority of certificates signs the request.")
    ] = False,
) -> None:
    """Make a member's keys, its certificate and its request to join. Never writes over a key that is there."""

    def act() -> None:
        roles = frozenset(role or _roles_that_reach())
        made = MemberFolder(folder).make(
            authority=authority, name=name, endpoints=endpoint, roles=roles, policy=policy, days=days, csr_only=csr_only
        )
        console.print(f"Made {', '.join(made)} in {folder}.", markup=False)
        if csr_only:
            console.print(
                "Let peer.csr.pem be signed, put the certificate into peer.pem, then: gateway federation join"
            )
        else:
            console.print("Send join-request.jwt to the registry's operator. The .key.pem and .jwk files stay here.")

    _said(act)


def join(
    folder: Folder,
    issuer: Annotated[Path | None, typer.Option(help="Certificate (PEM) of who issued peer.pem.")] = None,
    registry: Annotated[str | None, typer.Option(help="File or https URL of the registry.")] = None,
    registry_keys: Annotated[Path | None, typer.Option(help="The operator's public keys (JWK set).")] = None,
    make_key: Annotated[
        bool, typer.Option("--new-key", help="Make the next assertion key, and ask to be listed with both.")
    ] = False,
    one_key: Annotated[bool, typer.Option("--one-key", help="Ask to be listed with assertion.jwk alone.")] = False,
) -> None:
    """Ask to be listed, or see that the registry lists this member with its own keys, and print the settings."""

    def act() -> None:
        member = MemberFolder(folder)
        if make_key:
            console.print(f"Made {member.list_new_key()}; put it in the place of assertion.jwk once it is listed.")
        if one_key:
            member.list_one_key()
        if registry is None or registry_keys is None:
            member.request(issuer.read_bytes() if issuer is not None else None)
            console.print(f"{folder / 'join-request.jwt'} is ready for the registry's operator.", markup=False)
            return
        listed = _read(registry, registry_keys)
        member.compare(listed)
        _out.print("\n".join(member.settings(registry, registry_keys)), markup=False, highlight=False)
        console.print(f"The registry (number {listed.sequence}) lists this member as it is; the settings are above.")

    _said(act)


def members(
    registry: Annotated[str | None, typer.Option(help="File or https URL; the setting if unset.")] = None,
    registry_keys: Annotated[
        Path | None, typer.Option(help="The operator's public keys; the setting if unset.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List who is a member, where, and in which roles its people may ask."""

    async def act(settings: Settings) -> Registry:
        return await _followed(settings, registry, registry_keys)

    listed = run(act)
    if as_json:
        _out.print_json(orjson.dumps([member.document() for member in listed.members.values()]).decode())
        return
    table = Table(title=f"Registry number {listed.sequence}, in force until {listed.expires:%Y-%m-%d %H:%M} UTC")
    for heading in ("authority", "name", "endpoints", "keys", "roles"):
        table.add_column(heading, overflow="fold")
    for member in listed.members.values():
        keys = ", ".join(key.thumbprint()[:8] for key in member.keys)
        table.add_row(member.authority, member.name, "\n".join(member.endpoints), keys, ", ".join(sorted(member.roles)))
    Console().print(table)


def ping_command(
    authority: Annotated[str | None, typer.Argument(help="GSS code of the member to call.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Call every other member.")] = False,
    as_json: AsJson = False,
) -> None:
    """Call a member's gateway as this one and say what is wrong, if anything is. Exits with 1 if so."""

    async def act(settings: Settings) -> list[Ping]:
        listed = await _followed(settings, None, None)
        wanted = [code for code in listed.members if code != settings.authority] if every else [authority or ""]
        unknown = [code for code in wanted if code not in listed.members]
        if unknown:
            raise SettingsError(f"The registry lists no member {unknown[0] or '(name one, or use --all)'}.")
        own, key_id = _own(settings)
        return [
            await ping(
                endpoint,
                listed.members[AuthorityCode(code)],
                own=own,
                key_id=key_id,
                registry=listed,
                home=settings.authority,
            )
            for code in wanted
            for endpoint in listed.members[AuthorityCode(code)].endpoints
        ]

    results = run(act)
    if as_json:
        _out.print_json(orjson.dumps(results).decode())
    else:
        for one in results:
            _out.print(one.sentence, style="green" if one.well else "red", markup=False, highlight=False)
    if not all(one.well for one in results):
        raise typer.Exit(1)


async def _followed(settings: Settings, location: str | None, keys: Path | None) -> Registry:
    """Return the registry that a gateway with these settings would use; without a database the pinned keys count."""
    location, keys = location or settings.registry, keys or settings.registry_keys_file
    if location is None or keys is None:
        raise SettingsError("GATEWAY_REGISTRY and GATEWAY_REGISTRY_KEYS_FILE: must be set, or given as options")
    try:
        trusted = believed(pinned_keys(keys), await _newest(settings))
        return read_registry(await registry_text(location), keys=trusted, at=now())
    except RegistryRefused as refused:
        raise SettingsError(_sentence(refused)) from refused


async def _newest(settings: Settings) -> NewestRelease | None:
    if settings.database_url is None:
        return None
    database = await Database.open(settings.database_url.get_secret_value(), pool_min=1, pool_max=1)
    try:
        return await RegistryReleases(database).newest()
    finally:
        await database.close()


def _read(location: str, keys: Path) -> Registry:
    async def act(_settings: Settings) -> str:
        try:
            return await registry_text(location)
        except RegistryRefused as refused:
            raise SettingsError(_sentence(refused)) from refused

    return read_registry(run(act), keys=pinned_keys(keys), at=now())


def _own(settings: Settings) -> tuple[OwnCertificate, str]:
    if settings.peer_cert_file is None or settings.peer_key_file is None or settings.assertion_key_file is None:
        raise SettingsError(
            "GATEWAY_PEER_CERT_FILE, GATEWAY_PEER_KEY_FILE and GATEWAY_ASSERTION_KEY_FILE: must be set to call a peer"
        )
    key = assertion_key(settings.assertion_key_file)
    own = OwnCertificate(certificate=settings.peer_cert_file, key=settings.peer_key_file)
    return own, key.thumbprint()


def _roles_that_reach() -> list[str]:
    book = RuleSet.read(PACKAGED_POLICIES).data
    return [
        name
        for name, role in book["roles"].items()
        if role["reaches_elsewhere"] and role["searches_elsewhere"] and not role["only_for_another"]
    ]


def _said(act: Callable[[], None]) -> None:
    """Do something with files; what goes wrong on purpose ends it with one sentence and exit code 2."""
    try:
        act()
    except (RegistryRefused, CertificateRefused, KeyUnusable) as error:
        console.print(_sentence(error), markup=False, style="red")
    except FileExistsError as error:
        console.print(f"{error.filename} is already there; nothing was made.", markup=False, style="red")
    except OSError as error:
        console.print(f"{error.filename}: {error.strerror}", markup=False, style="red")
    else:
        return
    raise typer.Exit(2)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
