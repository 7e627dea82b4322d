"""Read what another authority told into records of our own: by type and form, and only what was asked for.

Whatever does not fit makes the whole reply malformed: a peer that tells one thing wrong is not believed in the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from gateway.disclosure.fields import FIELDS, attribute
from gateway.federation.arrived import Arrived
from gateway.federation.examples import facts_elsewhere, footing_elsewhere
from gateway.federation.reply_forms import (
    AUTHORITY,
    CODE,
    CONTACT,
    FORMER_NAME,
    VALUES,
    Parse,
    ReplyMalformed,
    as_code,
    as_list,
    as_moment,
    as_object,
    as_text,
    member,
)
from gateway.federation.wanted import Wanted
from gateway.record_ids import ForeignId, told_there
from gateway.records import (
    Agency,
    Assertion,
    Candidate,
    Carer,
    Child,
    ChildFacts,
    Elsewhere,
    FormerName,
    Involvement,
    Practitioner,
    SafeguardingContact,
    Setting,
    WithheldElsewhere,
)
from gateway.vocabulary import (
    SENSITIVE_SERVICES,
    AuthorityCode,
    MatchGrade,
    MatchReason,
    RecordType,
    Service,
)

Made = TypeVar("Made")


class ReplyReader:
    """Reads the replies of one authority, and counts what is read."""

    def __init__(self, authority: AuthorityCode, *, known_code: Callable[[str], bool], most: int) -> None:
        """Read for one authority; `known_code` says whether a code is one of ours; at most so many records."""
        self._authority = authority
        self._facts = facts_elsewhere(authority)
        self._known_code = known_code
        self._most = most
        self.records = 0
        """How many records have been read."""
        self.arrived = Arrived()

    def candidates(
        self, found: Any, wanted: Wanted, *, first: int, used: frozenset[str], facts: ChildFacts | None = None
    ) -> list[Candidate]:
        """Return the candidates of a search; `facts` are theirs where all of them are a child known here.

        Raises:
            ReplyMalformed: They do not fit what was asked.
        """
        listed = as_list(member(as_object(found), "candidates"), most=first)
        self._facts = facts or self._facts
        candidates = [self._candidate(one, wanted, used) for one in listed]
        self._facts = facts_elsewhere(self._authority)
        if len({str(candidate.child.id) for candidate in candidates}) < len(candidates):
            raise ReplyMalformed("one-child-twice")
        return candidates

    def linked(self, told: Any, wanted: Wanted, expected: Sequence[tuple[str, ChildFacts]]) -> list[Child | None]:
        """Return the records that links lead to, each with what is known of the child here; None where there is none.

        Raises:
            ReplyMalformed: They do not fit what was asked, or one is another one.
        """
        listed = as_list(told, most=len(expected))
        if len(listed) < len(expected):
            raise ReplyMalformed("left-out")
        return [self._linked(one, wanted, *known) for one, known in zip(listed, expected, strict=True)]

    def _linked(self, told: Any, wanted: Wanted, there: str, facts: ChildFacts) -> Child | None:
        if told is None:
            return None
        self._facts = facts
        child = self._child(as_object(told), wanted, None)
        self._facts = facts_elsewhere(self._authority)
        assert isinstance(child.id, ForeignId)  # noqa: S101  # another authority told it
        if child.id.there != there:
            raise ReplyMalformed("another-record")
        return child

    def record(self, told: Any, wanted: Wanted, expected: ForeignId) -> ForeignId | None:
        """Return the id under which the one record asked for has arrived, or None where there is none.

        Raises:
            ReplyMalformed: It does not fit, or is another one.
        """
        if told is None:
            return None
        record: Any = self._READ[wanted.type](self, as_object(told), wanted, None)
        found: ForeignId = record.id
        if found.there != expected.there:
            raise ReplyMalformed("another-record")
        return found

    def _candidate(self, value: Any, wanted: Wanted, used: frozenset[str]) -> Candidate:
        value = as_object(value)
        return Candidate(
            child=self._child(as_object(member(value, "child")), wanted.below["child"], None),
            grade=as_code(MatchGrade, member(value, "grade")),
            reasons=tuple(as_code(MatchReason, one) for one in as_list(member(value, "reasons"))),
            used=used,
        )

    def _child(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Child:
        child_id, values, untold = self._begun(value, wanted)
        arrived = self.arrived
        arrived.carers_of[child_id] = self._many(value, wanted, "carers", child_id, untold)
        arrived.settings_of[child_id] = self._many(value, wanted, "settings", child_id, untold)
        arrived.involvements_of[child_id] = self._many(value, wanted, "involvements", child_id, untold)
        lead = self._one(value, wanted, "leadProfessional", child_id, untold)
        arrived.former_names[child_id] = self._former_names(value, wanted, untold)
        child = _made(
            Child,
            values,
            id=child_id,
            facts=self._facts,
            lead_professional=lead,
            responsible_authority=self._code(value, wanted, "responsibleAuthority", untold),
            records=(child_id,),
            provenance=self._provenance(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        arrived.children[child_id] = child
        return child

    def _carer(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Carer:
        carer_id, values, untold = self._begun(value, wanted)
        self.arrived.children_of[carer_id] = self._many(value, wanted, "children", carer_id, untold)
        self.arrived.involvements_of[carer_id] = self._many(value, wanted, "involvements", carer_id, untold)
        carer = _made(
            Carer,
            values,
            id=carer_id,
            facts=self._facts,
            provenance=self._provenance(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.carers[carer_id] = carer
        return carer

    def _setting(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Setting:
        setting_id, values, untold = self._begun(value, wanted)
        setting = _made(
            Setting,
            values,
            id=setting_id,
            local_authority=self._code(value, wanted, "localAuthority", untold),
            provenance=self._provenance(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.settings[setting_id] = setting
        return setting

    def _practitioner(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Practitioner:
        practitioner_id, values, untold = self._begun(value, wanted)
        practitioner = _made(
            Practitioner,
            values,
            id=practitioner_id,
            agency=self._one(value, wanted, "agency", practitioner_id, untold),
            # Who holds the record tells nobody of a sensitive service by name: these rules see what is left.
            sensitive=False,
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.practitioners[practitioner_id] = practitioner
        return practitioner

    def _involvement(self, value: Mapping[str, Any], wanted: Wanted, parent: ForeignId | None) -> Involvement:
        involvement_id, values, untold = self._begun(value, wanted)
        with_carer = parent is not None and parent.type is RecordType.CARER
        child = self._one(value, wanted, "child", involvement_id, untold)
        service = values.get("service")
        sensitive = service is None or service is Service.UNSPECIFIED_SENSITIVE or service in SENSITIVE_SERVICES
        involvement = _made(
            Involvement,
            values,
            id=involvement_id,
            child=child or (involvement_id if parent is None or with_carer else parent),
            carer=parent if with_carer else None,
            facts=self._facts,
            practitioner=self._one(value, wanted, "practitioner", involvement_id, untold),
            agency=self._one(value, wanted, "agency", involvement_id, untold),
            sensitive=sensitive,
            consent=footing_elsewhere(sensitive=sensitive, with_carer=with_carer),
            active=values.get("active") is not False,
            provenance=self._provenance(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.involvements[involvement_id] = involvement
        return involvement

    def _agency(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Agency:
        agency_id, values, untold = self._begun(value, wanted)
        agency = _made(
            Agency,
            values,
            id=agency_id,
            local_authority=self._code(value, wanted, "localAuthority", untold),
            sensitive=False,
            safeguarding_contacts=self._contacts(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.agencies[agency_id] = agency
        return agency

    _READ: Final[Mapping[RecordType, Callable[..., Any]]] = {
        RecordType.CHILD: _child,
        RecordType.CARER: _carer,
        RecordType.SETTING: _setting,
        RecordType.PRACTITIONER: _practitioner,
        RecordType.INVOLVEMENT: _involvement,
        RecordType.AGENCY: _agency,
    }

    def _begun(self, value: Mapping[str, Any], wanted: Wanted) -> tuple[ForeignId, dict[str, Any], set[str]]:
        """Return a record's id, its plain values by attribute, and a place for the fields that were left null."""
        self.records += 1
        if self.records > self._most:
            raise ReplyMalformed("too-many-records")
        record_id = told_there(self._authority, wanted.type, member(value, "id"))
        if record_id is None:
            raise ReplyMalformed("id")
        values: dict[str, Any] = {}
        for name, parse in VALUES[wanted.type].items():
            told = member(value, name) if name in wanted.fields else None
            values[attribute(name)] = None if told is None else parse(told)
        return record_id, values, set()

    def _many(
        self, value: Mapping[str, Any], wanted: Wanted, name: str, parent: ForeignId, untold: set[str]
    ) -> list[Any]:
        below = wanted.below.get(name)
        if below is None:
            return []
        told = member(value, name)
        if told is None:
            untold.add(name)
            return []
        return [self._READ[below.type](self, as_object(one), below, parent) for one in as_list(told)]

    def _one(
        self, value: Mapping[str, Any], wanted: Wanted, name: str, parent: ForeignId, untold: set[str]
    ) -> ForeignId | None:
        below = wanted.below.get(name)
        if below is None:
            return None
        told = member(value, name)
        if told is None:
            untold.add(name)
            return None
        found: ForeignId = self._READ[below.type](self, as_object(told), below, parent).id
        return found

    def _code(self, value: Mapping[str, Any], wanted: Wanted, name: str, untold: set[str]) -> AuthorityCode | None:
        if name not in wanted.fields:
            return None
        told = member(value, name)
        if told is None:
            untold.add(name)
            return None
        code = as_text(member(as_object(told), "code"))
        if AUTHORITY.fullmatch(code) is None:
            raise ReplyMalformed("authority")
        return AuthorityCode(code)

    def _former_names(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> list[FormerName]:
        return self._parts(value, wanted, "formerNames", untold, FormerName, FORMER_NAME)

    def _contacts(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> tuple[SafeguardingContact, ...]:
        made = self._parts(value, wanted, "safeguardingContacts", untold, SafeguardingContact, CONTACT)
        return tuple(made)

    def _parts(
        self,
        value: Mapping[str, Any],
        wanted: Wanted,
        name: str,
        untold: set[str],
        kind: type[Made],
        parses: Mapping[str, Parse],
    ) -> list[Made]:
        if name not in wanted.fields:
            return []
        told = member(value, name)
        if told is None:
            untold.add(name)
            return []
        return [_part(one, wanted.parts.get(name, frozenset()), kind, parses) for one in as_list(told)]

    def _elsewhere(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> Elsewhere:
        told = as_list(member(value, "withheld")) if "withheld" in wanted.fields else ()
        withheld = []
        for one in told:
            one = as_object(one)
            name, reason, remedy = (as_text(member(one, part)) for part in ("field", "reason", "remedy"))
            if name not in wanted.fields:
                continue
            if name not in value or value[name] is not None:
                raise ReplyMalformed("withheld-and-told")
            withheld.append(
                WithheldElsewhere(
                    field=name, reason=self._known(reason, "WITHHELD"), remedy=self._known(remedy, "NONE")
                )
            )
        return Elsewhere(withheld=tuple(withheld), untold=frozenset(untold))

    def _known(self, code: str, otherwise: str) -> str:
        return code if CODE.fullmatch(code) and self._known_code(code) else otherwise

    def _provenance(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> dict[str, Assertion]:
        if "provenance" not in wanted.fields:
            return {}
        told = member(value, "provenance")
        if told is None:
            untold.add("provenance")
            return {}
        provenance = {}
        for one in as_list(told):
            one = as_object(one)
            name = as_text(member(one, "field"))
            source = f"{self._authority}: {as_text(member(one, 'source'))}"
            asserted, confirmed = (as_moment(member(one, part)) for part in ("assertedAt", "lastConfirmedAt"))
            if name in FIELDS[wanted.type]:
                provenance[name] = Assertion(source=source, asserted_at=asserted, last_confirmed_at=confirmed)
        return provenance


def _made(kind: type[Made], values: Mapping[str, Any], **stated: Any) -> Made:
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # records are dataclasses
    return kind(**{**dict.fromkeys(names), **{n: v for n, v in values.items() if n in names}, **stated})


def _part(value: Any, selected: frozenset[str], kind: type[Made], parses: Mapping[str, Parse]) -> Made:
    value = as_object(value)
    told = {name: member(value, name) if name in selected else None for name in parses}
    return kind(
        **{attribute(name): None if told[name] is None else parse(told[name]) for name, parse in parses.items()}
    )
