"""`gateway federation registry`: what the operator of the members' list does with it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer

from connectors.registry import pinned_keys, registry_text
from gateway.cli.federation_files import now, read_private_key, write_private
from gateway.cli.running import console, run
from gateway.federation.registry import (
    Registry,
    RegistryRefused,
    read_join_request,
    read_registry,
    sign_registry,
)
from gateway.federation.signed import Key, KeyUnusable, new_key, public_set
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode

registry_app = typer.Typer(
    help="The members' list: for its operator, who signs it, and for whoever wants to check it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@registry_app.command(
    "sign",
    epilog="Examples: `gateway federation registry sign registry.jwt --key operator.jwk --new-key "
    "--add join-request.jwt`; "
    "`… sign registry.jwt --key operator.jwk --remove E08000003`; to change the key, first "
    "`… sign registry.jwt --key operator.jwk --next-key next.jwk`, and a week later "
    "`… sign registry.jwt --key next.jwk --withdraw-key operator.jwk`",
)
def sign(
    registry: Annotated[Path, typer.Argument(help="The registry's file; written anew, with the next number.")],
    key: Annotated[Path, typer.Option(help="The operator's private key (JWK).")],
    make_key: Annotated[
        bool, typer.Option("--new-key", help="Make the key first, and its public half beside it; never over another.")
    ] = False,
    operator: Annotated[str, typer.Option(help="The operator's name, in a new registry.")] = "urn:directory-registry",
    add: Annotated[list[Path] | None, typer.Option(help="A join request to take in, or to take anew.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="GSS code of a member that leaves.")] = None,
    next_key: Annotated[
        Path | None, typer.Option(help="A key (JWK) that may sign the next release too; made if it is not there.")
    ] = None,
    withdraw_key: Annotated[Path | None, typer.Option(help="A key (JWK) that is never believed again.")] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="Days until it expires.")] = 30,
) -> None:
    """Release the members' list under the operator's key. Gateways take it up soon, and never an older one."""
    try:
        if make_key:
            _make_key(key)
        private = read_private_key(key)
        before = _before(registry, key, private)
        members = dict(before.members) if before else {}
        for code in remove or ():
            if members.pop(AuthorityCode(code), None) is None:
                raise RegistryRefused(f"the registry lists no member {code}")
        for path in add or ():
            joining = read_join_request(path.read_text(encoding="ascii"))
            known = "again" if joining.authority in members else "new"
            members[joining.authority] = joining
            keys = ", ".join(one.thumbprint() for one in joining.keys)
            console.print(f"{joining.authority} {joining.name} ({known}), keys: {keys}", markup=False)
        withdrawn = {*(before.withdrawn if before else ()), *(_ids(withdraw_key))}
        if next_key is not None:
            _publish_next(key, private, next_key)
        believed = _believed(private, before, next_key, withdrawn)
        text = sign_registry(
            members.values(),
            operator=before.operator if before else operator,
            sequence=before.sequence + 1 if before else 1,
            issued=now(),
            expires=now() + timedelta(days=days),
            key=private,
            operator_keys=believed,
            withdrawn=withdrawn,
        )
    except (RegistryRefused, KeyUnusable) as error:
        _end(error)
    except OSError as error:
        console.print(f"{error.filename}: {error.strerror}", markup=False, style="red")
        raise typer.Exit(2) from None
    registry.write_text(text + "\n", encoding="ascii")
    released = read_registry(text, keys=[private], at=now())
    console.print(
        f"Registry number {released.sequence} with {len(members)} members, in force until "
        f"{released.expires:%Y-%m-%d %H:%M} UTC, is in {registry}.",
        markup=False,
    )


@registry_app.command(
    "verify", epilog="Example: `gateway federation registry verify registry.jwt --keys operator.jwks`"
)
def verify(
    registry: Annotated[str, typer.Argument(help="File or https URL of the registry.")],
    keys: Annotated[Path, typer.Option(help="The operator's public keys (JWK set).")],
) -> None:
    """Say whether a registry may be used. Exits with 2 if not."""

    async def act(_settings: Settings) -> str:
        try:
            return await registry_text(registry)
        except RegistryRefused as refused:
            raise SettingsError(f"{refused}.") from refused

    text = run(act)
    try:
        read = read_registry(text, keys=pinned_keys(keys), at=now())
    except RegistryRefused as error:
        _end(error)
    console.print(
        f"Registry number {read.sequence} of {read.operator} is in force until {read.expires:%Y-%m-%d %H:%M} UTC; "
        f"members: {', '.join(sorted(read.members)) or 'none'}.",
        markup=False,
    )


def _before(path: Path, key: Path, private: Key) -> Registry | None:
    """Return the release that the next one follows, signed by a key that the operator has published."""
    if not path.exists():
        return None
    published = key.with_suffix(".jwks")
    keys = (private, *(pinned_keys(published) if published.exists() else ()))
    # One that has expired is followed all the same: its operator renews it.
    return read_registry(path.read_text(encoding="ascii"), keys=keys, at=None)


def _publish_next(key: Path, private: Key, next_key: Path) -> None:
    """Publish both keys beside each of them: what members pin, and what the next release is checked by."""
    if not next_key.exists():
        _make_key(next_key)
    both = orjson.dumps(public_set([private, read_private_key(next_key)]))
    for path in (key, next_key):
        path.with_suffix(".jwks").write_bytes(both)


def _make_key(path: Path) -> None:
    key = new_key("Ed25519")
    write_private(path, orjson.dumps(key.as_dict(private=True)))
    path.with_suffix(".jwks").write_bytes(orjson.dumps(public_set([key])))


def _believed(key: Key, before: Registry | None, next_key: Path | None, withdrawn: set[str]) -> list[Key]:
    named = [key, *(before.operator_keys if before else ())]
    if next_key is not None:
        named.append(read_private_key(next_key))
    return list({one.thumbprint(): one for one in named if one.thumbprint() not in withdrawn}.values())


def _ids(path: Path | None) -> list[str]:
    return [] if path is None else [read_private_key(path).thumbprint()]


def _end(error: Exception) -> NoReturn:
    text = str(error)
    console.print(f"{text[:1].upper()}{text[1:]}.", markup=False, style="red")
    raise typer.Exit(2) from None
