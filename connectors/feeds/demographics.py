"""The feed of the national demographics service: each Patient judged, and written only if it is certain whose it is.

A restriction counts before everything else: also where the rest of the resource is refused, what we hold of that
child goes under shielding. Nothing in a feed lifts a shield; only a recorded review does (domain rule H2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connectors.feeds.bundle import Entry, storable
from connectors.feeds.child_update import ChildUpdate, Claim, insert_child
from connectors.feeds.held_child import HeldChild, find_held, look_alikes
from connectors.feeds.history import former_home, former_name, remember
from connectors.feeds.judgement import ambiguity, name_and_birth, outdated, refusal
from connectors.feeds.outcome import Outcome, Refusal, RowRefused, Tally
from connectors.feeds.patient import Patient
from connectors.feeds.patient_reading import read_patient
from connectors.feeds.registration import register
from connectors.feeds.search_keys import replace_search_keys
from connectors.feeds.setting_store import Progress
from connectors.feeds.shielding import shield
from connectors.feeds.superseding import supersede
from connectors.postgres.database import Connection
from connectors.postgres.keys import name_keys
from connectors.postgres.links import link
from gateway.vocabulary import MatchGrade, MatchReason

SOURCE = "nhs-demographics"

Read = tuple[int, Patient]


def read_entries(entries: Sequence[Entry], tally: Tally, *, now: datetime) -> list[Read]:
    """Return (row, patient) of each entry that can be read; replaced ones last, so that their survivors are there."""
    patients: list[Read] = []
    for entry in entries:
        try:
            patients.append((entry.row, _patient(entry, now)))
        except RowRefused as refused:
            tally.refuse(entry.row, refused.refusal)
    return sorted(patients, key=lambda read: read[1].replaced_by is not None)


def _patient(entry: Entry, now: datetime) -> Patient:
    kind = entry.resource.get("resourceType")
    if kind == "OperationOutcome":
        raise RowRefused("operation-outcome", field="resourceType")
    if kind != "Patient":
        raise RowRefused("resource-not-supported", field="resourceType")
    if not storable(entry.resource):
        raise RowRefused("text-unreadable")
    return read_patient(entry.resource, asked=entry.asked, today=now.date())


@dataclass(frozen=True, slots=True, kw_only=True)
class DemographicsLoad:
    """One load: where it writes, for which authority, and under which clock.

    `as_of` is when the service said what it says; `now` is this moment.
    """

    connection: Connection
    authority: str
    as_of: datetime
    now: datetime
    include_adults: bool
    tally: Tally

    @property
    def claim(self) -> Claim:
        """Return under which name and date the values are written."""
        return Claim(source=SOURCE, as_of=self.as_of, today=self.now.date())

    async def take_all(self, patients: Sequence[Read], progress: Progress) -> None:
        """Take every patient in turn."""
        for done, (row, patient) in enumerate(patients, 1):
            await self._take(row, patient)
            progress(done, len(patients))

    async def _take(self, row: int, patient: Patient) -> None:
        held = await self._held(patient)
        if patient.fault is None and outdated(patient, held):
            self.tally.take(Outcome.UNCHANGED)
            return
        shielded = await self._shield_held(patient, held)
        try:
            changed = await self._judged(row, patient, held)
        except RowRefused as refused:
            self.tally.refuse(row, refused.refusal)
        else:
            self.tally.take(Outcome.ACCEPTED if changed or shielded else Outcome.UNCHANGED)

    async def _judged(self, row: int, patient: Patient, held: HeldChild | None) -> bool:
        """Write what may be written and say whether it is news; refusals come before the first change."""
        if patient.fault:
            raise RowRefused.of(patient.fault)
        if patient.replaced_by:
            return await self._replace(patient, patient.replaced_by)
        refused = refusal(
            patient, held, source=SOURCE, today=self.now.date(), include_adults=self.include_adults
        ) or await self._doubt(patient, held)
        if refused:
            raise RowRefused.of(refused)
        return await self._store(row, patient, held)

    async def _held(self, patient: Patient) -> HeldChild | None:
        for number in (patient.nhs_number, *patient.superseded):
            held = await find_held(self.connection, number, source=SOURCE)
            if held is not None:
                return held
        return None

    async def _shield_held(self, patient: Patient, held: HeldChild | None) -> bool:
        if held is None or not patient.restricted:
            return False
        newer = held.version is None or patient.version > held.version
        return await shield(self.connection, held.id, now=self.now, decided=True, again=newer)

    async def _doubt(self, patient: Patient, held: HeldChild | None) -> Refusal | None:
        return await (self._doubtful_join(patient, held) if held else self._doubtful_newcomer(patient))

    async def _doubtful_newcomer(self, patient: Patient) -> Refusal | None:
        """Refuse what may be a second record of a child we hold; if it is restricted, so may that child be."""
        name, born = name_and_birth(patient)
        keys = name_keys(given_name=name.given, family_name=name.family)
        alike = await look_alikes(self.connection, family_key=keys.family, given_key=keys.given, date_of_birth=born)
        if patient.restricted:
            for child in alike:
                await shield(self.connection, child, now=self.now, decided=False)
        return Refusal(reason="possible-duplicate", outcome=Outcome.QUARANTINED) if alike else None

    async def _doubtful_join(self, patient: Patient, held: HeldChild) -> Refusal | None:
        for number in patient.superseded:
            other = await find_held(self.connection, number, source=SOURCE)
            if other is not None and other.id != held.id:
                doubt = ambiguity(patient, other, source=SOURCE)
                if doubt:
                    return doubt
        return None

    async def _replace(self, patient: Patient, number: str) -> bool:
        """Let a replaced number lead to its survivor."""
        survivor = await find_held(self.connection, number, source=SOURCE)
        if survivor is None:
            raise RowRefused("survivor-unknown", field="link", outcome=Outcome.QUARANTINED)
        changed = await self._lead_to(survivor, patient.nhs_number)
        if patient.restricted:
            changed |= await shield(self.connection, survivor.id, now=self.now, decided=True)
        return changed

    async def _lead_to(self, survivor: HeldChild, number: str) -> bool:
        other = await find_held(self.connection, number, source=SOURCE)
        if other is not None and other.id != survivor.id:
            await link(
                self.connection,
                other.id,
                survivor.id,
                grade=MatchGrade.CERTAIN,
                reasons=[MatchReason.IDENTIFIER_SUPERSEDED],
                by=SOURCE,
                at=self.now,
            )
        return await supersede(self.connection, survivor.id, number, source=SOURCE, at=self.as_of)

    async def _store(self, row: int, patient: Patient, held: HeldChild | None) -> bool:
        child, changed = await self._insert(patient) if held is None else await self._update(row, patient, held)
        later = held is None or held.version is None or patient.version > held.version
        for number in patient.superseded:
            survivor = await find_held(self.connection, patient.nhs_number, source=SOURCE)
            changed |= survivor is not None and await self._lead_to(survivor, number)
        changed |= await self._remember(child, patient)
        moved, unknown = await register(
            self.connection,
            child,
            patient.practices,
            claim=self.claim,
            supersedes=later and not patient.restricted,
        )
        changed |= moved
        await self._keep_version(child, patient.version)
        if changed:
            await replace_search_keys(self.connection, child)
        self.tally.leave_out(row, [*patient.left_out, *unknown])
        return changed

    async def _insert(self, patient: Patient) -> tuple[UUID, bool]:
        name, born = name_and_birth(patient)
        child = await insert_child(
            self.connection, patient, name=name, born=born, authority=self.authority, claim=self.claim
        )
        if patient.restricted:
            await shield(self.connection, child, now=self.now, decided=True)
        return child, True

    async def _update(self, row: int, patient: Patient, held: HeldChild) -> tuple[UUID, bool]:
        update = ChildUpdate(connection=self.connection, held=held, patient=patient, claim=self.claim)
        await update.apply()
        self.tally.leave_out(row, update.left_out)
        return held.id, update.changed

    async def _remember(self, child: UUID, patient: Patient) -> bool:
        changed = False
        befores = [*map(former_name, patient.former_names), *map(former_home, patient.former_homes)]
        for before in befores:
            changed |= await remember(self.connection, child, before, source=SOURCE, asserted_at=self.as_of)
        return changed

    async def _keep_version(self, child: UUID, version: int) -> None:
        await self.connection.execute(
            "INSERT INTO child_feed_version AS held (child_id, source, version) VALUES ($1, $2, $3) "
            "ON CONFLICT (child_id, source) DO UPDATE SET version = EXCLUDED.version "
            "WHERE held.version < EXCLUDED.version",
            child,
            SOURCE,
            version,
        )
