"""What the workbench page asks for: the bodies of its requests, read and bounded."""

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.http_requests import Refusal
from gateway.pages.trials import FILES_LIMIT, RULES_LIMIT, Proposal
from gateway.vocabulary import RecordType

Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ProposedRules(_Body):
    """Files by name, or an archive in base64, over the rules in force or instead of them."""

    files: dict[str, str] = Field({}, max_length=FILES_LIMIT)
    archive: str | None = None
    instead: bool = False

    def proposal(self) -> Proposal:
        """Return the proposal.

        Raises:
            Refusal: It is over the limit, or not base64.
        """
        try:
            archive = None if self.archive is None else base64.b64decode(self.archive, validate=True)
        except binascii.Error:
            raise Refusal(400, "`proposal.archive` must be base64.") from None
        size = len(archive or b"") + sum(len(name) + len(text.encode()) for name, text in self.files.items())
        if size > RULES_LIMIT:
            raise Refusal(413, f"The rules are over the limit of {RULES_LIMIT // 1024} KB.")
        return Proposal(files=tuple(self.files.items()), archive=archive, instead=self.instead)

    def as_note(self) -> dict[str, Any]:
        """Return what the ledger keeps of it: that it was this and no other."""
        digest = sha256(self.model_dump_json().encode()).hexdigest()
        return {"files": len(self.files), "instead": self.instead, "sha256": digest}


class BookAsk(_Body):
    """The book: what can be chosen at all."""

    proposal: ProposedRules | None = None


class SituationAsk(BookAsk):
    """One caller and one class of record; an attribute that is not named is as plain as can be."""

    role: Name
    purpose: Name | None = None
    standing: Name = "current"
    origin: Name = "local"
    acts_for: Name | None = None
    type: Name = RecordType.CHILD.value
    attributes: dict[Name, bool | Name | list[Name]] = Field({}, max_length=20)


class ExplanationAsk(SituationAsk):
    """Why one field comes to what it does."""

    field: Name


class MatrixAsk(BookAsk):
    """Roles by fields of one type; without a class every class, without a purpose the first of each role."""

    type: Name = RecordType.CHILD.value
    record_class: Name | None = None
    purpose: Name | None = None
    every_purpose: bool = False


class DifferenceAsk(_Body):
    """What a proposal would change; without a type everywhere."""

    proposal: ProposedRules
    type: Name | None = None
    every_purpose: bool = False


class SourceAsk(_Body):
    """The text of one file in force."""

    file: Annotated[str, StringConstraints(max_length=100)]
    proposal: None = None


class CasesAsk(BookAsk):
    """Every named situation."""


WorkbenchAsk = BookAsk | DifferenceAsk | SourceAsk

ASKS: Final[Mapping[str, type[BookAsk] | type[DifferenceAsk] | type[SourceAsk]]] = {
    "book": BookAsk,
    "map": SituationAsk,
    "explanation": ExplanationAsk,
    "matrix": MatrixAsk,
    "difference": DifferenceAsk,
    "cases": CasesAsk,
    "source": SourceAsk,
}


def read_ask(view: str, body: Mapping[str, Any]) -> WorkbenchAsk:
    """Return what is asked of a view.

    Raises:
        Refusal: The body is not what the view takes.
    """
    try:
        return ASKS[view].model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refusal(400, f"`{where}`: {first['msg']}.") from None


def note_of(ask: WorkbenchAsk) -> dict[str, Any]:
    """Return an ask as the ledger keeps it."""
    note = ask.model_dump(exclude={"proposal"}, exclude_defaults=True)
    return note if ask.proposal is None else {**note, "proposal": ask.proposal.as_note()}
