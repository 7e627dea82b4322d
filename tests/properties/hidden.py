"""Pairs of worlds that differ only in what an asker may not see, each by a rule of the domain and not of the policies.

A variation draws an asker and two worlds that this asker must not be able to tell apart. What the policies' data say
of roles is used only to choose askers; what is hidden from them is written here, from `domain.md`'s rules.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.support.builders import CONFIRMED
from tests.support.worlds import (
    ADULT_BIRTHDAY,
    ADULT_SERVICES,
    DAYS,
    FAMILY_NAMES,
    GIVEN_NAMES,
    NHS_NUMBERS,
    ORDINARY_SERVICES,
    PLACES,
    SENSITIVE_SERVICES,
    UPNS,
    Asker,
    Key,
    World,
    a_carer_row,
    a_conflict_row,
    a_former_name_row,
    a_link_row,
    a_setting_link_row,
    agency_of,
    an_involvement_row,
    askers,
    consent_rows,
    registered,
    shield_rows,
    worlds,
)

CHILD = Key("child", 1)
CARER = Key("carer", 8)
INVOLVEMENT = Key("involvement", 8)
_places = st.sampled_from((*PLACES, ([], None)))
_days = st.sampled_from(DAYS)


@dataclass(frozen=True)
class Pair:
    """Two worlds and who must not be able to tell them apart."""

    what: str
    asker: Asker
    one: World
    other: World


def _is(key, column="id"):
    return lambda row: row[column] == key


def _roles(book, without=(), having=lambda role: True):
    return [name for name, role in book["roles"].items() if name not in without and having(role)]


def _of_child(row):
    return row.get("child_id") == CHILD


@st.composite
def whereabouts_of_a_shielded_child(draw, book):
    """H3, H4: address, former names, settings, involvements, carers' contact, and where brothers and sisters live."""
    base = _a_world_with_a_carer(draw)
    shielded = draw(st.sampled_from(base.rows("child")))
    if draw(st.booleans()):
        shielded = shielded | {"identity_id": Key("identity", 1)}
        base = base.changed("child", _is(shielded["id"]), identity_id=Key("identity", 1))
    base = base.plus("shield", *shield_rows(8, shielded, draw(st.sampled_from(("provisional", "active")))))
    asker, base = draw(askers(base, book, roles=_roles(book, without=("directory-team",))))
    base = _off_duty(base)
    identity = shielded["identity_id"]
    hidden = {row["id"] for row in base.rows("child") if row["identity_id"] == identity}
    carers = {row["carer_id"] for row in base.rows("child_carer") if row["child_id"] in hidden and row["until"] is None}
    siblings = {
        row["identity_id"]
        for link in base.rows("child_carer")
        if link["carer_id"] in carers and link["until"] is None
        for row in base.rows("child")
        if row["id"] == link["child_id"]
    }
    near = {row["id"] for row in base.rows("child") if row["identity_id"] in siblings}

    def varied():
        world = base
        for child in sorted(near | hidden):
            lines, postcode = draw(_places)
            place = {"address_lines": lines, "postcode": postcode, "uprn": draw(_uprns)}
            confirmed = draw(st.sampled_from((CONFIRMED, CONFIRMED - timedelta(days=400))))
            world = world.changed("child", _is(child), **place, address_confirmed_at=confirmed)
            world = world.without("child_setting", _is(child, "child_id"))
            if draw(st.booleans()):
                world = world.plus("child_setting", a_setting_link_row(child, draw(st.integers(1, 3))))
        for child in sorted(hidden):
            world = world.without("child_former_name", _is(child, "child_id"))
            if draw(st.booleans()):
                world = world.plus("child_former_name", a_former_name_row(child, draw(st.sampled_from(FAMILY_NAMES))))
            world = world.changed("child", _is(child), address_status=draw(st.sampled_from(("CURRENT", "LAST_KNOWN"))))
            world = _with_other_involvements(draw, world, child)
        for carer in sorted(carers):
            lines, postcode = draw(_places)
            telephone = draw(st.sampled_from(("07700 900001", "07700 900002", None)))
            world = world.changed("carer", _is(carer), address_lines=lines, postcode=postcode, telephone=telephone)
        return world

    return Pair("whereabouts of a shielded child", asker, varied(), varied())


def _with_other_involvements(draw, world, child):
    """The child's involvements drawn anew, none of them the asker's own."""
    for row in world.rows("involvement"):
        if row["child_id"] == child:
            world = world.without("involvement_consent", _is(row["id"], "involvement_id"))
    world = world.without("involvement", _is(child, "child_id"))
    for number in range(draw(st.integers(0, 2))):
        row = an_involvement_row(
            20 + 2 * child.number + number,
            child,
            practitioner_id=Key("practitioner", draw(st.integers(2, 3))),
            started_on=draw(_days),
            is_lead_professional=draw(st.booleans()),
            common_assessment_completed=draw(st.booleans()),
        )
        world = world.plus("involvement", row)
    return world


@st.composite
def an_involvement_without_a_footing(draw, book):
    """V1, V3: whether there is a sensitive involvement of which consent was withdrawn, ran out or was never given."""
    asker, base = draw(askers(_base(draw), book))
    consent = draw(st.sampled_from(("withdrawn", "expired", "missing")))
    with_it = _with_sensitive(draw, base, consent)
    return Pair(f"an involvement whose consent is {consent}", asker, with_it, base)


@st.composite
def what_a_sensitive_involvement_is(draw, book):
    """V2: service, practitioner, agency, dates and flags of a sensitive involvement, for those not of the service."""
    asker, base = draw(askers(_base(draw), book, roles=_roles(book, without=("directory-team", "child"))))
    consent = draw(st.sampled_from(("given", "significant-harm")))
    one, other = _with_sensitive(draw, base, consent), _with_sensitive(draw, base, consent)
    return Pair("what a sensitive involvement is", asker, one, other)


@st.composite
def that_there_is_a_sensitive_involvement(draw, book):
    """V2: for roles to whom policy tells nothing of sensitive services, and once it has ended, whether there is one."""
    ended = draw(st.booleans())
    hidden_from = _roles(
        book,
        without=("directory-team", "child"),
        having=lambda role: ended or role["sensitive_services"] == "nothing",
    )
    asker, base = draw(askers(_base(draw), book, roles=hidden_from))
    with_it = _with_sensitive(draw, base, "given", ended_on=date(2026, 7, 1) if ended else None)
    return Pair("that there is a sensitive involvement", asker, with_it, base)


def _with_sensitive(draw, base, consent, **stated):
    practitioner = Key("practitioner", draw(st.sampled_from((4, 5))))
    row = an_involvement_row(
        INVOLVEMENT.number,
        CHILD,
        asserted_at=draw(st.sampled_from((CONFIRMED, CONFIRMED - timedelta(days=9)))),
        practitioner_id=practitioner,
        agency_id=agency_of(practitioner),
        service=draw(st.sampled_from(SENSITIVE_SERVICES)),
        sensitive=True,
        started_on=draw(_days),
        is_lead_professional=draw(st.booleans()),
        common_assessment_completed=draw(st.booleans()),
        **stated,
    )
    return base.plus("involvement", row).plus("involvement_consent", *consent_rows(CHILD, INVOLVEMENT, consent))


@st.composite
def an_adult_service(draw, book):
    """D8: whether an adult service works with a carer, outside a safeguarding enquiry."""
    purposes = [one for one in book["purposes"] if one != "safeguarding-enquiry"]
    allowed = _roles(book, without=("directory-team",), having=lambda role: set(role["purposes"]) & set(purposes))
    base = _a_world_with_a_carer(draw)
    asker, base = draw(askers(base, book, roles=allowed, purposes=purposes))
    row = an_involvement_row(
        INVOLVEMENT.number,
        CHILD,
        carer_id=CARER,
        practitioner_id=Key("practitioner", draw(st.sampled_from((2, 4)))),
        service=draw(st.sampled_from(ADULT_SERVICES)),
        sensitive=True,
        started_on=draw(_days),
        is_lead_professional=draw(st.booleans()),
        common_assessment_completed=draw(st.booleans()),
    )
    with_it = base.plus("involvement", row).plus("involvement_consent", *consent_rows(CHILD, INVOLVEMENT, "given"))
    return Pair("an adult service", asker, with_it, base)


@st.composite
def a_child_who_has_left_the_directory(draw, book):
    """T1, T2: a child grown up, deceased or archived, against no such child at all."""
    base = _base(draw)
    gone = draw(st.sampled_from(("deceased", "archived", "adult")))
    born = ADULT_BIRTHDAY if gone == "adult" else draw(st.sampled_from((date(2015, 3, 4), date(2012, 2, 29))))
    base = base.changed(
        "child",
        _is(CHILD),
        standing="live" if gone == "adult" else gone,
        date_of_birth=born,
        identity_id=Key("identity", 9),
    )
    base = base.without("shield", lambda row: row["child_id"] == CHILD or row["identity_id"] == Key("identity", 9))
    asker, base = draw(askers(base, book, roles=_roles(book, without=("directory-team", "child", "carer"))))
    base = _off_duty(base)
    return Pair(f"a child who is {gone}", asker, base, base.without_child(CHILD))


@st.composite
def identifiers_a_role_does_not_see(draw, book):
    """A3, X6: a national identifier that the asker's role has no part in."""
    asker, base = draw(askers(_base(draw), book))
    column, group, numbers = draw(
        st.sampled_from((("nhs_number", "health-identifier", NHS_NUMBERS), ("upn", "education-identifier", UPNS)))
    )
    role = book["roles"][asker.role]
    if group in role["sees"].get("Child", ()):
        asker, base = _lapsed(draw, book, asker, base)
    stated = {f"{column}_{part}": value for part, value in _provenance(base).items()}
    base = base.without("child_superseded_identifier", lambda row: True)

    def varied():
        return base.changed("child", _is(CHILD), **stated | {column: draw(st.sampled_from((numbers[4], numbers[5])))})

    return Pair(f"{column} of a child", asker, varied(), varied())


def _provenance(world):
    row = world.rows("child")[0]
    return {part: row[f"name_{part}"] for part in ("source", "asserted_at", "confirmed_at")}


def _lapsed(draw, book, asker, base):
    """The same asker without standing: then nothing at all is theirs to see."""
    base = base.without("registration", _is(asker.person, "person"))
    return asker, registered(base, asker, standing=draw(st.sampled_from(("training-lapsed", "suspended"))))


@st.composite
def everything_once_access_has_lapsed(draw, book):
    """A1: two worlds that have nothing in common but the register."""
    one, other = draw(worlds()), draw(worlds())
    asker = Asker(
        role=draw(st.sampled_from(_roles(book, without=("child", "carer", "peer")))), purpose="direct-support"
    )
    standing = draw(st.sampled_from(("unregistered", "training-lapsed", "check-lapsed", "suspended")))
    return Pair(
        f"everything, to one whose standing is {standing}",
        asker,
        registered(one, asker, standing=standing),
        registered(other, asker, standing=standing),
    )


@st.composite
def what_a_conflict_touches(draw, book):
    """A5: who works with the child since when, and how to reach its carers, for one who declared a conflict."""
    base = _off_duty(_a_world_with_a_carer(draw))
    base = base.plus("conflict", a_conflict_row(CHILD, Key("practitioner", 1))) if _free(base) else base
    base = base.without("involvement", lambda row: row["practitioner_id"] == Key("practitioner", 1))
    asker, base = draw(askers(base, book, roles=_roles(book, having=lambda role: "Child" in role["sees"])))
    base = base.changed("practitioner", _is(Key("practitioner", 1)), person=asker.person)
    base = base.without("registration", lambda row: row["subject_child"] or row["subject_carer"])
    identities = {row["identity_id"] for row in base.rows("child") if row["id"] == CHILD}
    touched = {row["id"] for row in base.rows("child") if row["identity_id"] in identities}
    carers = {
        row["carer_id"] for row in base.rows("child_carer") if row["child_id"] in touched and row["until"] is None
    }

    def varied():
        world = base
        for row in base.rows("involvement"):
            if row["child_id"] in touched and not row["sensitive"]:
                practitioner = Key("practitioner", draw(st.integers(2, 3)))
                world = world.changed(
                    "involvement",
                    _is(row["id"]),
                    practitioner_id=practitioner,
                    agency_id=agency_of(practitioner),
                    service=draw(st.sampled_from(ORDINARY_SERVICES)),
                    started_on=draw(_days),
                    is_lead_professional=draw(st.booleans()),
                )
        for carer in sorted(carers):
            lines, postcode = draw(_places)
            world = world.changed("carer", _is(carer), address_lines=lines, postcode=postcode, email=draw(_emails))
        return world

    return Pair("what a conflict of interest touches", asker, varied(), varied())


_emails = st.sampled_from((None, "carer@example.org", "other@example.org"))


def _free(world):
    return not any(row["child_id"] == CHILD and row["practitioner_id"].number == 1 for row in world.rows("conflict"))


@st.composite
def the_address_within_its_district(draw, book):
    """A role that is told the district learns nothing of where in it."""
    base = _off_duty(_base(draw))
    masked = _roles(book, having=lambda role: "address-as-district" in role["masks"].get("Child", {}))
    asker, base = draw(askers(base, book, roles=masked))

    def varied():
        lines = draw(st.sampled_from((["12 Acacia Road"], ["9 Elm Row", "Sale"])))
        postcode = draw(st.sampled_from(("M33 2TL", "M33 2TX", "M33 9ZZ")))
        return base.changed("child", _is(CHILD), address_lines=lines, postcode=postcode, uprn=draw(_uprns))

    return Pair("where in the district", asker, varied(), varied())


_uprns = st.sampled_from((None, "100012345678"))


@st.composite
def other_children_than_ones_own(draw, book):
    """A3, L4: a child or carer sees their own record; others, even in the family, might be anybody."""
    base = _off_duty(_a_world_with_a_carer(draw))
    asker = Asker(role=draw(st.sampled_from(("child", "carer"))), purpose="subject-access")
    base = registered(base, asker, subject_child=CHILD)
    identity = next(row["identity_id"] for row in base.rows("child") if row["id"] == CHILD)

    def varied():
        world = base
        for row in base.rows("child"):
            if row["id"] != CHILD and row["identity_id"] != identity:
                lines, postcode = draw(_places)
                world = world.changed(
                    "child",
                    _is(row["id"]),
                    family_name=draw(st.sampled_from(FAMILY_NAMES)),
                    given_name=draw(st.sampled_from(GIVEN_NAMES)),
                    address_lines=lines,
                    postcode=postcode,
                )
        return world

    return Pair("other children than one's own", asker, varied(), varied())


def _base(draw):
    """A drawn world in which the child has an ordinary lead professional, for hidden ones to displace."""
    lead = an_involvement_row(9, CHILD, started_on=DAYS[0], is_lead_professional=True)
    return draw(worlds()).plus("involvement", lead)


def _a_world_with_a_carer(draw):
    base = draw(worlds(children=3))
    cared = draw(st.lists(st.sampled_from(base.keys("child")), min_size=0, max_size=2, unique=True))
    links = [a_link_row(child, CARER) for child in sorted({CHILD, *cared})]
    return base.plus("carer", a_carer_row(CARER.number)).plus("child_carer", *links)


def _off_duty(world):
    """The world in which the asker's own post has nothing to do with anybody."""
    mine = Key("practitioner", 1)
    world = world.changed("involvement", _is(mine, "practitioner_id"), practitioner_id=Key("practitioner", 2))
    return world.without("conflict", _is(mine, "practitioner_id"))


VARIATIONS = (
    whereabouts_of_a_shielded_child,
    an_involvement_without_a_footing,
    what_a_sensitive_involvement_is,
    that_there_is_a_sensitive_involvement,
    an_adult_service,
    a_child_who_has_left_the_directory,
    identifiers_a_role_does_not_see,
    everything_once_access_has_lapsed,
    what_a_conflict_touches,
    the_address_within_its_district,
    other_children_than_ones_own,
)
