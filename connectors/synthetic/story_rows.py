"""Rows of the demonstration's own families, written as sentences: who is born, cared for, taught and helped."""

from datetime import date, timedelta
from uuid import UUID

from connectors.postgres.keys import postcode_key
from connectors.synthetic.demo_cast import TRAFFORD
from connectors.synthetic.rows import NULL, Rows
from connectors.synthetic.slice import keys_of

SOURCE = "local-directory"


class StoryRows:
    """Rows in the making; days are counted back from today."""

    def __init__(self, today: date, rows: Rows, *, home: tuple[str, str, str] = TRAFFORD) -> None:
        """Add to rows that exist, of one authority: GSS code, older code and name."""
        self.home = home
        self.today = today
        self.rows = rows
        self._count = 0

    def day(self, back: int) -> str:
        """Return the day so many days back."""
        return (self.today - timedelta(days=back)).isoformat()

    def moment(self, back: int) -> str:
        """Return the morning of the day so many days back."""
        return f"{self.day(back)} 08:30:00+00"

    def agency(self, agency: UUID, name: str, kind: str, *, sensitive: bool = False) -> None:
        """Add an accredited agency with somebody to ask for advice."""
        code, _, authority = self.home
        self.rows.add("agency", str(agency), f"{authority} {name}", kind, code, None, sensitive, self.day(-365), None)
        role = {"health": "NAMED_NURSE"}.get(kind, "DESIGNATED_SAFEGUARDING_LEAD")
        mail = f"safeguarding@agency{agency.int % 100}.example"
        self.rows.add("safeguarding_contact", None, str(agency), role, f"Safeguarding lead, {name}", "0161 496 0100",
                      mail, "Monday to Friday, 09:00 to 17:00", 0)  # fmt: skip

    def authority(self, code: str, legacy_code: str, name: str) -> None:
        """Add an authority with its front door and who answers at night."""
        self.rows.add("authority", code, legacy_code, name, "UNKNOWN")
        mail = f"{code.lower()}.example"
        for position, (role, title, line, hours) in enumerate(
            (
                ("FRONT_DOOR", "Children's front door", "0161 496 0200", "Monday to Friday, 08:30 to 17:00"),
                ("OUT_OF_HOURS", "Emergency duty team", "0161 496 0201", "Evenings, nights and weekends"),
            )
        ):
            self.rows.add("safeguarding_contact", code, None, role, f"{name} {title}", line, f"{role.lower()}@{mail}",
                          hours, position)  # fmt: skip

    def practitioner(
        self, practitioner: UUID, name: str, title: str, agency: UUID, *, person: str | None = None
    ) -> None:
        """Add somebody an agency vouches for."""
        mail = f"{name.lower().replace(' ', '.')}@agency{agency.int % 100}.example"
        self.rows.add("practitioner", str(practitioner), person, name, title, str(agency), "0161 496 0300", mail)

    def setting(self, setting: UUID, kind: str, name: str, *, urn: str | None = None, ods: str | None = None) -> None:
        """Add a school or practice."""
        self.rows.add("setting", str(setting), kind, name, urn, None, None, ods, "1999-09-01",
                      '{"12 Foundry Close","Sale"}', "M33 9ZZ", "0161 496 0400", f"office@{urn or ods}.example",
                      self.home[0], SOURCE, self.moment(400), self.moment(20))  # fmt: skip

    def carer(self, carer: UUID, name: str, *, home: tuple[str, str, str]) -> None:
        """Add a carer; a home is a line, a town and a postcode."""
        mail = f"{name.lower().replace(' ', '.')}@mail.example"
        self.rows.add("carer", str(carer), name, _lines(home), home[2], None, "07700 900123", mail, SOURCE,
                      self.moment(300), self.moment(25))  # fmt: skip

    def child(
        self, child: UUID, name: tuple[str, str], *, gender: str, birth: date, home: tuple[str, str, str],
        nhs_number: str, upn: str | None = None, former: str | None = None,
    ) -> None:  # fmt: skip
        """Add a child; `former` is a family name it had until 50 days ago."""
        said = (SOURCE, self.moment(300), self.moment(25))
        pupil = (upn, "school-census", *said[1:]) if upn else (None,) * 4
        self.rows.add("child", str(child), str(child), self.home[0], "live", None, None, *name, *said,
                      birth.isoformat(), gender, *said, _lines(home), home[2], None, "CURRENT", self.day(50), *said,
                      nhs_number, "nhs-demographics", *said[1:], *pupil)  # fmt: skip
        self._search_key(child, *name, False, birth, gender, home[2])
        if former is not None:
            self.rows.add("child_former_name", str(child), name[0], former, birth.isoformat(), self.day(50), *said)
            self._search_key(child, name[0], former, True, birth, gender, home[2])

    def cared_for(self, child: UUID, carer: UUID, relationship: str, *, responsible: bool = True) -> None:
        """Link a child and a carer."""
        self.rows.add("child_carer", str(child), str(carer), relationship, responsible, None, None, *self._said())

    def attends(self, child: UUID, setting: UUID, *, since: int, until: int | None = None) -> None:
        """Link a child and a setting from so many days ago."""
        ended = None if until is None else self.day(until)
        self.rows.add("child_setting", str(child), str(setting), self.day(since), ended, *self._said())

    def involved(
        self, child: UUID, practitioner: UUID, agency: UUID, service: str, *, since: int, leads: bool = False,
        sensitive: bool = False, assessed: bool = False,
    ) -> UUID:  # fmt: skip
        """Add an active involvement and return its identifier, which is the same every day."""
        self._count += 1
        involvement = UUID(int=child.int + (0x6 << 80) + (self._count << 24))
        self.rows.add("involvement", str(child), str(involvement), None, str(practitioner), str(agency), service,
                       sensitive, self.day(since), None, leads, assessed, *self._said())  # fmt: skip
        return involvement

    def consented(self, child: UUID, involvement: UUID, *, given: int, withdrawn: int | None = None) -> None:
        """Add the child's own consent, open to practitioners."""
        ended = None if withdrawn is None else self.moment(withdrawn)
        self.rows.add("involvement_consent", str(child), str(involvement), 1, "child-consent", "practitioners",
                      self.moment(given), None, ended)  # fmt: skip

    def shielded(self, child: UUID, *, requested: int) -> None:
        """Add an active shield, to be reviewed half a year after it was asked for."""
        self.rows.add("shield", str(UUID(int=child.int + (0x7 << 80))), str(child), str(child), "refuge",
                      self.moment(requested), self.moment(requested - 2), self.day(requested - 182), None)  # fmt: skip

    def registered(self, person: str, role: str, name: str, agency: UUID, *, lapsed: bool = False) -> None:
        """Add somebody to the register of who may ask; training ends in 200 days, or ended yesterday."""
        self.rows.add("registration", person, role, name, str(agency), self.day(1 if lapsed else -200), self.day(400),
                      None, None, None)  # fmt: skip

    def registered_carer(self, person: str, name: str, agency: UUID, *, carer: UUID) -> None:
        """Add a carer who may see an own record; training and checks do not apply."""
        self.rows.add("registration", person, "carer", name, str(agency), None, None, None, None, str(carer))

    def _said(self) -> tuple[str, str, str]:
        return SOURCE, self.moment(120), self.moment(15)

    def _search_key(
        self, child: UUID, given: str, family: str, former: bool, birth: date, gender: str, postcode: str
    ) -> None:
        keys = keys_of(given, family).split("\t")
        self.rows.add("child_search_key", str(child), former, *(None if key == NULL else key for key in keys),
                      birth.isoformat(), gender, postcode_key(postcode))  # fmt: skip


def _lines(home: tuple[str, str, str]) -> str:
    return f'{{"{home[0]}","{home[1]}"}}'
