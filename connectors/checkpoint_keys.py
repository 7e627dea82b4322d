"""The keys around checkpoints: those that sign, the one that cosigns for others, and whose they are."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from gateway.ledger.checkpoint import witness_name_of
from gateway.ledger.closing import number_of, numbered_origin
from gateway.ledger.notes import KeyKind, MalformedNote, SigningKey, VerifierKey
from gateway.ledger.witnessing import WitnessAddress
from gateway.settings import Settings, SettingsError

Key = TypeVar("Key")
_SIGNING: Final = "LEDGER_SIGNING_KEY_FILES"


def signing_keys(settings: Settings) -> Sequence[SigningKey]:
    """Return the keys that sign checkpoints; in development one is made if none is set.

    Raises:
        SettingsError: None is set in production, or one cannot be used.
    """
    stated = parted(settings.ledger_signing_key_files)
    if not stated and settings.env == "production":
        raise SettingsError(f"GATEWAY_{_SIGNING}: must name a file in production; make it with `gateway ledger key`")
    files = [Path(name) for name in stated] or [_development_key(settings)]
    keys = [_read_key(file, _SIGNING, KeyKind.LOG) for file in files]
    for key in keys:
        try:
            number_of(key.verifier.name, settings.authority)
        except MalformedNote:
            raise SettingsError(f"GATEWAY_{_SIGNING}: a key is for another authority than GATEWAY_AUTHORITY") from None
    return keys


def witness_key(settings: Settings) -> SigningKey | None:
    """Return the key that cosigns others' checkpoints, or None; raises as `signing_keys` does."""
    if settings.ledger_witness_key_file is None:
        return None
    return _read_key(settings.ledger_witness_key_file, "LEDGER_WITNESS_KEY_FILE", KeyKind.WITNESS)


def witnessed_keys(settings: Settings) -> Sequence[VerifierKey]:
    """Return the keys of the ledgers this gateway cosigns for; raises as `signing_keys` does."""
    setting = "LEDGER_WITNESSED_KEYS"
    return [_verifier(text, setting, KeyKind.LOG) for text in parted(settings.ledger_witnessed_keys)]


def witness_addresses(settings: Settings) -> Sequence[WitnessAddress]:
    """Return who cosigns this gateway's checkpoints; raises as `signing_keys` does."""
    setting = "LEDGER_WITNESSES"
    addresses = []
    for stated in parted(settings.ledger_witnesses):
        url, _, key = stated.partition(" ")
        if not url.startswith(("https://", "http://")):
            raise SettingsError(f"GATEWAY_{setting}: each witness is a URL, a space and a key")
        addresses.append(WitnessAddress(url=url, key=_verifier(key, setting, KeyKind.WITNESS)))
    if len(addresses) < settings.ledger_witness_quorum:
        raise SettingsError("GATEWAY_LEDGER_WITNESS_QUORUM: is more than there are witnesses")
    return addresses


def write_key(path: Path, key: SigningKey) -> None:
    """Write a key file that only its owner may read, whole or not at all.

    Raises:
        FileExistsError: There is a file already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key.file_text)
        os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def parted(stated: str | None) -> Sequence[str]:
    """Return the parts of a setting that holds several."""
    return [part.strip() for part in (stated or "").split(",") if part.strip()]


def _development_key(settings: Settings) -> Path:
    path = settings.data_dir / f"ledger-signing-{settings.authority}.key"
    if not path.exists():
        # Another process that starts at the same moment may make it first.
        with suppress(FileExistsError):
            write_key(path, new_key(settings, witness=False))
    return path


def new_key(settings: Settings, *, witness: bool, number: int = 1) -> SigningKey:
    """Return a new key of this gateway's authority, to cosign others' checkpoints or to sign its own.

    `number` says under which of the ledger's names: the second after it was closed once.
    """
    if witness:
        return SigningKey.new(witness_name_of(settings.authority), KeyKind.WITNESS)
    return SigningKey.new(numbered_origin(settings.authority, number), KeyKind.LOG)


def key_in(file: Path) -> SigningKey:
    """Return the key of a file that a command was given, to sign checkpoints with; raises as `signing_keys` does."""
    return _read_key(file, _SIGNING, KeyKind.LOG)


def _read_key(file: Path, setting: str, kind: KeyKind) -> SigningKey:
    try:
        key = SigningKey.parse(file.read_text(encoding="utf-8"))
    except OSError:
        raise SettingsError(f"GATEWAY_{setting}: a file cannot be read") from None
    except ValueError as error:  # what is no UTF-8 is no key either
        raise SettingsError(f"GATEWAY_{setting}: {error if isinstance(error, MalformedNote) else 'no key'}") from None
    return _of_kind(key, key.verifier.kind, setting, kind)


def _verifier(text: str, setting: str, kind: KeyKind) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except MalformedNote as error:
        raise SettingsError(f"GATEWAY_{setting}: {error}") from None
    return _of_kind(key, key.kind, setting, kind)


def _of_kind(key: Key, found: KeyKind, setting: str, wanted: KeyKind) -> Key:
    if found is not wanted:
        raise SettingsError(
            f"GATEWAY_{setting}: a key is one of a {found.name.lower()}, not of a {wanted.name.lower()}"
        )
    return key
