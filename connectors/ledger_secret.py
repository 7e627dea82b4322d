"""Where the ledger's master key comes from: a file, a command that unwraps it, or, in development, the data folder."""

import shlex
import subprocess
from pathlib import Path
from typing import Final

from connectors.development_keys import LEDGER_KEY, development_ledger_key
from gateway.ledger.master_key import MasterKey
from gateway.settings import Settings, SettingsError

COMMAND_TIMEOUT: Final = 30.0
"""Seconds the command may take; a key service may be at the other end of a country."""


def ledger_master_key(settings: Settings) -> MasterKey:
    """Return the ledger's master key.

    Raises:
        SettingsError: It is not configured in production, or cannot be had, or is too short.
    """
    try:
        return MasterKey(_secret(settings))
    except ValueError as error:
        raise SettingsError(f"GATEWAY_LEDGER_KEY_FILE or GATEWAY_LEDGER_KEY_COMMAND: {error}") from None


def has_master_key(settings: Settings) -> bool:
    """Return whether a master key is configured, or was made for development before."""
    configured = settings.ledger_key_file or settings.ledger_key_command
    return configured is not None or (settings.env == "development" and (settings.data_dir / LEDGER_KEY).exists())


def _secret(settings: Settings) -> bytes:
    file, command = settings.ledger_key_file, settings.ledger_key_command
    if file is not None and command is not None:
        raise SettingsError("GATEWAY_LEDGER_KEY_FILE and GATEWAY_LEDGER_KEY_COMMAND: give one of them")
    if command is not None:
        return _printed_by(command)
    if file is None:
        if settings.env == "production":
            raise SettingsError(
                "GATEWAY_LEDGER_KEY_FILE: must name a file with at least 32 bytes in production, "
                "or GATEWAY_LEDGER_KEY_COMMAND a command that prints them"
            )
        file = development_ledger_key(settings.data_dir)
    return _content(file)


def _printed_by(command: str) -> bytes:
    try:
        # No shell reads it: the operator's words are cut at spaces, as the operator quoted them.
        done = subprocess.run(  # noqa: S603 - the operator's own command, from the operator's own setting
            shlex.split(command), capture_output=True, timeout=COMMAND_TIMEOUT, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise SettingsError("GATEWAY_LEDGER_KEY_COMMAND: the command cannot be run") from None
    if done.returncode != 0:
        raise SettingsError(f"GATEWAY_LEDGER_KEY_COMMAND: the command ended with {done.returncode}")
    return done.stdout


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise SettingsError("GATEWAY_LEDGER_KEY_FILE: the file cannot be read") from None
