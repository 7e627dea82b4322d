"""`gateway policy sign`: release a rule set under the policy owner's key."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from connectors.rule_set import RuleSet, RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted, new_key, verify
from connectors.rule_signature import sign as sign_folder
from gateway.settings import PACKAGED_POLICIES

_console: Final = Console(stderr=True)
Folder = Annotated[Path, typer.Option("--policies", help="Folder of the rule set.")]


def sign(
    key: Annotated[Path, typer.Option(help="The owner's private key (PEM); with --check, the public one.")],
    policies: Folder = PACKAGED_POLICIES,
    make_key: Annotated[bool, typer.Option("--new-key", help="Make the key first; never over another.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the signature; exits with 1 if it is none.")
    ] = False,
) -> None:
    """Sign the rules as they stand. Gateways with GATEWAY_POLICIES_KEY_FILE take up no others, and none older."""
    try:
        if check:
            release = verify(policies, RuleSet.read(policies), key.read_bytes())
            _console.print(f"{release.digest[:12]} was released at {release.issued:%Y-%m-%d %H:%M:%S} UTC.")
            return
        if make_key:
            _write_keys(key)
        release = sign_folder(policies, key.read_bytes(), issued=datetime.now(UTC))
    except (RulesNotTrusted, RuleSetUnreadable) as error:
        _console.print(str(error), markup=False, style="red")
        raise typer.Exit(1) from None
    except OSError as error:
        _console.print(f"{error.filename}: {error.strerror}", markup=False, style="red")
        raise typer.Exit(2) from None
    _console.print(f"{release.digest[:12]} is released; its signature stands in {policies / 'signature.json'}.")


def _write_keys(path: Path) -> None:
    private, public = new_key()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    path.with_suffix(".pub.pem").write_bytes(public)
