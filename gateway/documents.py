"""Trusted documents: those that clients were built with, known by their SHA-256, and whether others are asked at all.

They come from manifests, `{"<sha256>": "<document>", …}`, which `gateway documents extract` makes of clients' sources.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.asked import Operation
from gateway.errors import DocumentNotTrusted, DocumentUnknown


class DocumentsUnreadable(Exception):
    """A manifest cannot be used; the message names it and says why."""


class TrustedDocuments:
    """The documents of all manifests."""

    def __init__(self, files: Sequence[Path] = (), *, required: bool = False) -> None:
        """Read the manifests; where they are required, no other document is asked.

        Raises:
            DocumentsUnreadable: One of them cannot be used.
        """
        self._files = files
        self._required = required
        self._known = _read_all(files)

    def __len__(self) -> int:
        """Return how many documents are known."""
        return len(self._known)

    def reload(self) -> None:
        """Read the manifests again.

        Raises:
            DocumentsUnreadable: One of them cannot be used; what was known stays known.
        """
        self._known = _read_all(self._files)

    def text_of(self, digest: str) -> str | None:
        """Return the document with a hash, if it is known."""
        return self._known.get(digest)

    def hold(self, operation: Operation) -> None:
        """Let a document be asked, or not.

        Raises:
            DocumentUnknown: It was asked for by a hash that is not known.
            DocumentNotTrusted: It is not one of the documents, and only they are asked.
        """
        if not operation.text and operation.digest is not None:
            raise DocumentUnknown(
                "No document with this hash is known here. Send the document, or have its manifest installed.",
                reason="document-unknown",
            )
        if self._required and digest_of(operation.text) not in self._known:
            raise DocumentNotTrusted(
                "Only documents of the manifests installed here are asked. Extract yours with "
                "`gateway documents extract`, and have it installed.",
                reason="document-not-trusted",
            )


def digest_of(text: str) -> str:
    """Return the hash of a document as it stands."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def manifest_of(documents: Sequence[str]) -> str:
    """Return documents as a manifest, the same whatever their order."""
    known = {digest_of(text): text for text in documents}
    return json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _read_all(files: Sequence[Path]) -> Mapping[str, str]:
    known: dict[str, str] = {}
    for file in files:
        known |= read_manifest(file)
    return known


def read_manifest(file: Path) -> Mapping[str, str]:
    """Return the documents of one manifest by their hash.

    Raises:
        DocumentsUnreadable: It is not there, has another form, or a hash is not its document's.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentsUnreadable(f"{file} cannot be read as JSON ({type(error).__name__})") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise DocumentsUnreadable(f'{file} is no manifest: {{"<sha256>": "<document>", …}} is expected')
    for digest, text in found.items():
        if digest_of(text) != digest:
            raise DocumentsUnreadable(f"{file}: {digest[:64]} is not the SHA-256 of its document")
    return found
