"""A rule set: the policies folder as one value, with the revision that names its content."""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.brokering import ContactLimits

ENTRYPOINT = "directory/answer"
REVISION, WEIGHED = "revision", "weighed"
"""What an engine is given beside the book: the name of the rules, and the book's reasons by code and weight."""
REVISION_LENGTH = 12
WEIGHTIEST = 1000
"""The weight of the book's first reason: all have four digits, for one engine sorts numbers as if they were words."""


class RuleSetUnreadable(Exception):
    """The policies folder cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules and the facts they use; two rule sets of equal content have equal revisions.

    `modules` maps a path below the folder to its Rego; `data` is the book that a policy owner edits, without revision.
    """

    modules: Mapping[str, str]
    data: Mapping[str, Any]
    digest: str
    """SHA-256 over rules and data, in hex: what a release is signed by."""

    @property
    def revision(self) -> str:
        """Return the short name of this content, which every decision carries."""
        return self.digest[:REVISION_LENGTH]

    @classmethod
    def read(cls, folder: Path) -> "RuleSet":
        """Read `directory/*.rego`, tests aside, and `data.json`.

        Raises:
            RuleSetUnreadable: A file is missing or is not what it should be.
        """
        paths = sorted(path for path in folder.glob("directory/*.rego") if not path.name.endswith("_test.rego"))
        if not paths:
            raise RuleSetUnreadable(f"{folder / 'directory'} holds no rules")
        try:
            modules = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
            data = json.loads((folder / "data.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RuleSetUnreadable(f"{folder}: {error}") from error
        if not isinstance(data, dict) or data.keys() & {REVISION, WEIGHED}:
            raise RuleSetUnreadable(f"{folder / 'data.json'} must be an object without revision or weights of its own")
        rules = cls.of(modules, data)
        fault = rules.fault()
        if fault is not None:
            raise RuleSetUnreadable(f"{folder / 'data.json'}: {fault}")
        return rules

    @classmethod
    def of(cls, modules: Mapping[str, str], data: Mapping[str, Any]) -> "RuleSet":
        """Return the rule set with this content."""
        return cls(modules=modules, data=data, digest=_digest(modules, data))

    def fault(self) -> str | None:
        """Return what is wrong with the days after which something is deleted, or None: what is gone is gone."""
        brokering = self.data.get("brokering")
        days = brokering.get("kept_days") if isinstance(brokering, dict) else None
        for name in ("answered", "waiting"):
            number = days.get(name) if isinstance(days, dict) else None
            if type(number) is not int or number < 1:  # `true` is an `int` to Python
                return f"brokering.kept_days.{name} has to be a whole number of days, 1 or more"
        return None

    def document(self) -> dict[str, Any]:
        """Return the data as every engine loads it: one document, with the revision that the answers carry.

        Its reasons stand there by code as well, for an engine would go through all of them for each question.
        """
        return {**self.data, WEIGHED: weighed(self.data), REVISION: {"id": self.revision}}

    def bundle(self, signature: Mapping[str, str] | None = None) -> bytes:
        """Return the rule set as an OPA bundle (a compressed tar), so that OPA answers under the same revision.

        A signature goes along in two forms: for OPA, which verifies the files, and among the data, for the gateway,
        which verifies what OPA holds.
        """
        files = {
            **{name: source.encode() for name, source in self.modules.items()},
            **{name: json.dumps(document).encode() for name, document in self.bundled(signature).items()},
        }
        if signature is not None and "bundle" in signature:
            files[".signatures.json"] = json.dumps({"signatures": [signature["bundle"]]}).encode()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return packed.getvalue()

    def bundled(self, signature: Mapping[str, str] | None) -> dict[str, dict[str, Any]]:
        """Return the bundle's JSON files by name."""
        data = self.document()
        if signature is not None:
            data[REVISION] |= {name: signature[name] for name in ("digest", "issued", "signature")}
        return {"data.json": data, ".manifest": {"revision": self.revision, "rego_version": 1}}

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the purposes of access that a role may state; none for a role the book does not know."""
        return tuple(self.data["roles"].get(role, {}).get("purposes", ()))

    def sentence(self, code: str) -> str | None:
        """Return the sentence for a tell or remedy code, or None for a code the book does not know."""
        found = self.data["tells"].get(code) or self.data["remedies"].get(code)
        return found if isinstance(found, str) else None

    def grounds_of_withholding(self) -> frozenset[str]:
        """Return the codes of the lawful grounds on which a log entry is withheld."""
        return frozenset(self.data["access_log"]["grounds"])

    def count_threshold(self) -> int:
        """Return the number below which a count is small."""
        return int(self.data["counts"]["threshold"])

    def contact_limits(self) -> ContactLimits:
        """Return how long requests for brokered contact are kept."""
        days = self.data["brokering"]["kept_days"]
        return ContactLimits(answered=timedelta(days=days["answered"]), waiting=timedelta(days=days["waiting"]))


def weighed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reasons by code, each with its weight: the book lists the weightiest first.

    One that cannot be read, or that the book lists twice, is left out, and hides the records that it is given for.
    """
    listed = [reason for reason in data.get("reasons", ()) if isinstance(reason, dict)]
    times = Counter(str(reason.get("code")) for reason in listed)
    return {
        code: {**reason, "weight": WEIGHTIEST + place}
        for place, reason in enumerate(listed)
        if isinstance(code := reason.get("code"), str) and times[code] == 1
    }


def _digest(modules: Mapping[str, str], data: Mapping[str, Any]) -> str:
    content = json.dumps({"modules": dict(modules), "data": data}, sort_keys=True, separators=(",", ":"))
    return sha256(content.encode()).hexdigest()
