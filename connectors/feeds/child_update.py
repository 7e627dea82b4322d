"""Changes to a child's row that a Patient brings; what is superseded moves to history, what is not said stays."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from connectors.feeds.held_child import HeldChild, Stated
from connectors.feeds.history import Before, former_home, former_name, remember
from connectors.feeds.outcome import Refusal
from connectors.feeds.patient import Home, Name, Patient, Period
from connectors.postgres.database import Connection
from gateway.vocabulary import AddressStatus, Gender, RecordStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who states the values, as of when, and today's date."""

    source: str
    as_of: datetime
    today: date

    def prevails_over(self, held: Stated) -> bool:
        """Say whether a value may be replaced: our own always, another source's unless it is later."""
        return held.source == self.source or held.asserted_at <= self.as_of


async def insert_child(
    connection: Connection, patient: Patient, *, name: Name, born: date, authority: str, claim: Claim
) -> UUID:
    """Add a child that is not held yet; its id is drawn at random, never derived from a number."""
    child = uuid4()
    home = patient.home
    await connection.execute(
        """
        INSERT INTO child (
            id, identity_id, authority, standing, given_name, family_name, date_of_birth, gender, nhs_number,
            address_lines, postcode, uprn, address_status, address_since,
            name_source, birth_source, address_source, nhs_number_source,
            name_asserted_at, birth_asserted_at, address_asserted_at, nhs_number_asserted_at,
            name_confirmed_at, birth_confirmed_at, address_confirmed_at, nhs_number_confirmed_at, died_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $15, $15,
                $16, $16, $16, $16, $16, $16, $16, $16, $17)
        """,
        child, uuid4(), authority,
        RecordStanding.DECEASED if patient.deceased else RecordStanding.LIVE,
        name.given, name.family, born, patient.gender or Gender.NOT_SPECIFIED, patient.nhs_number,
        home.lines if home else (), home.postcode if home else None, home.uprn if home else None,
        patient.home_status or AddressStatus.NO_KNOWN_ADDRESS, home.period.start if home else None,
        claim.source, claim.as_of, patient.died_on,
    )  # fmt: skip
    return child


@dataclass(slots=True, kw_only=True)
class ChildUpdate:
    """One update of one held child; `changed` and `left_out` say what came of it."""

    connection: Connection
    held: HeldChild
    patient: Patient
    claim: Claim
    changed: bool = False
    left_out: list[Refusal] = field(default_factory=list)

    async def apply(self) -> None:
        """Bring every group of values up to date."""
        await self._name()
        await self._birth()
        await self._address()
        await self._number()
        await self._death()

    async def _death(self) -> None:
        """Note a death that is news here, on the day stated or else on the day of the message that brings it."""
        patient, held = self.patient, self.held
        if not patient.deceased or held.standing == RecordStanding.ARCHIVED:
            return
        died_on = patient.died_on or held.died_on
        if held.standing != RecordStanding.DECEASED:
            died_on = died_on or self.claim.as_of.date()
        if (held.standing, held.died_on) != (RecordStanding.DECEASED, died_on):
            await self._set(standing=RecordStanding.DECEASED, died_on=died_on)

    async def _name(self) -> None:
        name, held = self.patient.name, self.held
        if name is None:
            return
        if (name.given, name.family) == (held.given_name, held.family_name):
            await self._confirm("name")
        elif self._may_replace(held.name, "name"):
            before = Name(given=held.given_name, family=held.family_name, period=self._ended(name.period))
            if (before.given, before.family) not in {(old.given, old.family) for old in self.patient.former_names}:
                await self._keep(former_name(before), held.name)
            await self._set("name", given_name=name.given, family_name=name.family)

    async def _birth(self) -> None:
        held = self.held
        born, gender = self.patient.date_of_birth or held.date_of_birth, self.patient.gender or held.gender
        if (born, gender) == (held.date_of_birth, held.gender):
            await self._confirm("birth")
        elif self._may_replace(held.birth, "birthDate"):
            await self._set("birth", date_of_birth=born, gender=gender)

    async def _address(self) -> None:
        home, held = self.patient.home, self.held
        if home is None:
            return
        same_place = (home.lines, home.postcode) == (held.address_lines, held.postcode)
        if same_place and self._same_stay(home):
            await self._confirm("address")
        elif not same_place and self.patient.home_status == AddressStatus.LAST_KNOWN and held.address_lines:
            # Where the child no longer lives does not displace where we know the child to live.
            self.changed |= await self._keep(former_home(home))
        elif self._may_replace(held.address, "address"):
            if not same_place and (held.address_lines or held.postcode):
                await self._keep(former_home(self._held_home(home.period)), held.address)
            await self._set(
                "address",
                address_lines=home.lines,
                postcode=home.postcode,
                uprn=home.uprn or (held.uprn if same_place else None),
                address_status=self.patient.home_status,
                address_since=home.period.start,
            )

    async def _number(self) -> None:
        if self.held.nhs_number == self.patient.nhs_number:
            await self._confirm("nhs_number")
        else:
            await self._set("nhs_number", nhs_number=self.patient.nhs_number)

    def _same_stay(self, home: Home) -> bool:
        held = self.held
        stated = (home.uprn or held.uprn, self.patient.home_status, home.period.start)
        return stated == (held.uprn, held.address_status, held.address_since)

    def _held_home(self, next_stay: Period) -> Home:
        held = self.held
        end = self._ended(next_stay).end
        start = held.address_since if held.address_since and end and held.address_since <= end else None
        return Home(
            lines=held.address_lines, postcode=held.postcode, uprn=held.uprn, period=Period(start=start, end=end)
        )

    def _ended(self, successor: Period) -> Period:
        return Period(start=None, end=successor.start or self.claim.today)

    def _may_replace(self, held: Stated, name: str) -> bool:
        if self.claim.prevails_over(held):
            return True
        self.left_out.append(Refusal(reason="newer-value-held", field=name))
        return False

    async def _keep(self, before: Before, stated: Stated | None = None) -> bool:
        said = stated or Stated(source=self.claim.source, asserted_at=self.claim.as_of)
        return await remember(self.connection, self.held.id, before, source=said.source, asserted_at=said.asserted_at)

    async def _set(self, group: str | None = None, **values: object) -> None:
        """Set columns, named in this module only, and the provenance of their group."""
        if group is not None:
            values[f"{group}_source"] = self.claim.source
            values[f"{group}_asserted_at"] = values[f"{group}_confirmed_at"] = self.claim.as_of
        assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(values, 2))
        await self.connection.execute(
            f"UPDATE child SET {assignments} WHERE id = $1",  # noqa: S608
            self.held.id,
            *values.values(),
        )
        self.changed = True

    async def _confirm(self, group: str) -> None:
        """Note that the source still says so; this is no change."""
        await self.connection.execute(
            f"UPDATE child SET {group}_confirmed_at = $2 "  # noqa: S608
            f"WHERE id = $1 AND {group}_source = $3 AND {group}_confirmed_at < $2",
            self.held.id,
            self.claim.as_of,
            self.claim.source,
        )
