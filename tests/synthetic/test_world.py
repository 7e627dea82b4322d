"""The made-up families are believable, well formed, and the same whenever they are asked for."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from connectors.synthetic.families import slice_rows
from connectors.synthetic.names import BOYS, FAMILY_NAMES, GIRLS
from connectors.synthetic.numbers import former_nhs_number, nhs_number, slot_of
from gateway.identifiers import nhs_number_fault, upn_fault
from gateway.vocabulary import ContactRole, Relationship, Service, SettingKind
from tests.synthetic.worlds import AS_OF, a_world, everything

CHILDREN = 12_000


@pytest.fixture(scope="module")
def tables():
    """A world large enough for its proportions to settle."""
    return everything(a_world(children=CHILDREN))


@pytest.fixture(scope="module")
def by_child(tables):
    """The rows about each child: by_child[table][child]."""
    found = {table: defaultdict(list) for table in tables}
    for table, rows in tables.items():
        for row in rows:
            if "child_id" in row:
                found[table][row["child_id"]].append(row)
    return found


def age(row, on=AS_OF):
    birth = date.fromisoformat(row["date_of_birth"])
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def share(rows, condition):
    return sum(map(condition, rows)) / len(rows)


def current(links):
    return [link for link in links if link["ended_on"] is None]


def originals(tables):
    return [row for row in tables["child"] if row["id"] == row["identity_id"]]


def test_the_same_seed_gives_the_same_rows():
    assert slice_rows(a_world(), 0) == slice_rows(a_world(), 0)


def test_another_seed_gives_other_people():
    assert slice_rows(a_world(seed=1), 0)["child"] != slice_rows(a_world(seed=2), 0)["child"]


def test_a_slice_does_not_depend_on_the_slices_before_it():
    one_after_another = a_world(children=6_000)
    slice_rows(one_after_another, 0)

    assert slice_rows(one_after_another, 2) == slice_rows(a_world(children=6_000), 2)


@pytest.mark.parametrize("days", [1, 30, 200, 366])
def test_a_later_day_changes_dates_and_no_names_or_services(days):
    now, later = everything(a_world()), everything(a_world(as_of=AS_OF + timedelta(days=days)))

    def people(tables):
        return [(row["id"], row["given_name"], row["family_name"], row["nhs_number"]) for row in tables["child"]]

    def services(tables):
        return [(row["child_id"], row["id"], row["service"]) for row in tables["involvement"]]

    assert people(now) == people(later)
    assert services(now) == services(later)


def test_there_are_exactly_as_many_children_as_asked_for(tables):
    assert len(tables["child"]) == len({row["id"] for row in tables["child"]}) == CHILDREN


def test_every_child_is_under_18_and_every_age_is_as_frequent(tables):
    ages = Counter(age(row) for row in tables["child"])

    assert sorted(ages) == list(range(18))
    assert all(0.8 < count / (CHILDREN / 18) < 1.2 for count in ages.values())


def test_no_national_number_is_one_that_the_checks_refuse(tables):
    numbers = [row["nhs_number"] for row in tables["child"] if row["nhs_number"]]
    numbers += [row["value"] for row in tables["child_superseded_identifier"]]
    pupils = [row["upn"] for row in tables["child"] if row["upn"]]

    assert {nhs_number_fault(number) for number in numbers} == {None}
    assert {upn_fault(pupil) for pupil in pupils} == {None}
    assert {number[0] for number in numbers} == {"9"}
    assert {pupil[1:4] for pupil in pupils} == {"358"}
    assert len(set(numbers)) == len(numbers)
    assert len(set(pupils)) == len(pupils)


def test_numbers_do_not_collide_within_an_authority_or_with_its_neighbour():
    here, there = slot_of("E08000009"), slot_of("E08000010")
    some = range(0, 247_500, 7)

    numbers = [nhs_number(index, slot=slot) for slot in (here, there) for index in some]
    numbers += [former for index in some if (former := former_nhs_number(index, slot=here))]

    assert len(set(numbers)) == len(numbers)


def test_nearly_all_children_have_an_nhs_number_and_pupils_a_upn(tables):
    pupils = [row for row in originals(tables) if 6 <= age(row) <= 16]

    assert 0.97 < share(originals(tables), lambda row: row["nhs_number"] is not None) < 1
    assert 0.94 < share(pupils, lambda row: row["upn"] is not None) < 1
    assert share(tables["child"], lambda row: row["upn"] is not None and age(row) < 4) == 0


def test_names_are_skewed_and_of_many_origins(tables):
    families = Counter(row["family_name"] for row in tables["child"])

    assert sum(len(names.values) for names in FAMILY_NAMES.values()) >= 290
    assert sum(len(names.values) for book in (GIRLS, BOYS) for names in book.values()) >= 300
    assert families.most_common(1)[0][1] > 8 * families["Bowen"] > 0
    assert {"Khan", "Patel", "Okafor", "Nowak", "Chen", "Abdi", "Silva"} <= families.keys()


def test_siblings_share_an_address_and_mostly_a_name(tables):
    homes = defaultdict(list)
    for row in originals(tables):
        if row["uprn"]:
            homes[row["uprn"]].append(row)
    families = [rows for rows in homes.values() if len(rows) > 1]
    one_name = share(families, lambda rows: len({row["family_name"] for row in rows}) == 1)

    assert share(originals(tables), lambda row: len(homes.get(row["uprn"], ())) > 1) > 0.5
    assert max(map(len, homes.values())) == 4
    assert 0.75 < one_name < 0.98


def test_some_siblings_are_twins_and_others_are_born_a_pregnancy_apart(tables):
    homes = defaultdict(list)
    for row in originals(tables):
        homes[row["uprn"]].append(date.fromisoformat(row["date_of_birth"]))
    del homes[None]
    gaps = [
        (later - earlier).days
        for births in homes.values()
        for earlier, later in zip(sorted(births), sorted(births)[1:], strict=False)
    ]

    assert 0 in gaps
    assert not [gap for gap in gaps if 0 < gap < 300]


def test_every_child_has_a_carer_and_most_live_with_one(tables, by_child):
    carers = {row["id"]: row for row in tables["carer"]}
    children = {row["id"]: row for row in originals(tables)}

    assert children.keys() <= by_child["child_carer"].keys()
    at_home = share(
        list(children.values()),
        lambda row: any(carers[link["carer_id"]]["uprn"] == row["uprn"] for link in by_child["child_carer"][row["id"]]),
    )
    assert 0.95 < at_home < 1


def test_every_kind_of_family_is_there(tables, by_child):
    found = {row["relationship"] for row in tables["child_carer"]}
    alone = share(originals(tables), lambda row: len(by_child["child_carer"][row["id"]]) == 1)

    assert found == set(Relationship) - {"PARENT", "OTHER"}
    assert 0.05 < alone < 0.2


def test_looked_after_children_have_the_authority_as_a_parent(by_child):
    corporate = share(
        list(by_child["child_carer"].values()),
        lambda links: any(link["relationship"] == "CORPORATE_PARENT" for link in links),
    )

    assert 0.005 < corporate < 0.04


def test_nearly_all_have_one_practice_and_a_few_have_two_or_none(tables, by_child):
    kinds = {row["id"]: row["kind"] for row in tables["setting"]}
    counts = Counter(
        sum(kinds[link["setting_id"]] == "GP_PRACTICE" for link in current(by_child["child_setting"][row["id"]]))
        for row in originals(tables)
    )
    total = sum(counts.values())

    assert 0.96 < counts[1] / total < 0.99
    assert 0.01 < counts[0] / total < 0.03
    assert 0.0005 < counts[2] / total < 0.006


def test_some_of_school_age_are_missing_education(tables, by_child):
    kinds = {row["id"]: row["kind"] for row in tables["setting"]}
    pupils = [row for row in originals(tables) if 6 <= age(row) <= 16]
    taught = share(
        pupils,
        lambda row: any(
            kinds[link["setting_id"]] in {"SCHOOL", "SPECIAL_SCHOOL", "ALTERNATIVE_PROVISION"}
            for link in current(by_child["child_setting"][row["id"]])
        ),
    )

    assert 0.93 < taught < 0.97


def test_three_in_ten_have_additional_services_and_all_together_two_each(tables):
    universal = {"HEALTH_VISITING", "SCHOOL_NURSING"}
    additional = {row["child_id"] for row in tables["involvement"] if row["service"] not in universal}

    assert 0.27 < len(additional) / CHILDREN < 0.36
    assert 1.85 < len(tables["involvement"]) / CHILDREN < 2.15
    assert {row["service"] for row in tables["involvement"]} == set(Service) - {"UNSPECIFIED_SENSITIVE"}


def test_involvements_are_active_and_ended_with_at_most_one_lead(tables, by_child):
    ended = share(tables["involvement"], lambda row: row["ended_on"] is not None)
    leads = [sum(row["is_lead_professional"] == "t" for row in rows) for rows in by_child["involvement"].values()]

    assert 0.15 < ended < 0.4
    assert max(leads) == 1
    assert sum(leads) / CHILDREN > 0.05
    assert any(row["common_assessment_completed"] == "t" for row in tables["involvement"])
    assert not [row for row in tables["involvement"] if row["ended_on"] and row["ended_on"] < row["started_on"]]


def test_sensitive_involvements_stand_on_every_footing_of_consent(tables):
    latest = {}
    for row in tables["involvement_consent"]:
        latest[row["involvement_id"]] = row
    now = f"{AS_OF} 23:59"

    def footing(row):
        consent = latest.get(row["id"])
        if consent is None:
            return "missing"
        if consent["withdrawn_at"]:
            return "withdrawn"
        if consent["expires_at"] and consent["expires_at"] < now:
            return "expired"
        return "significant-harm" if consent["basis"] == "significant-harm" else "given"

    sensitive = [row for row in tables["involvement"] if row["sensitive"] == "t"]
    shares = {word: count / len(sensitive) for word, count in Counter(map(footing, sensitive)).items()}

    assert 0.6 < shares["given"] < 0.85
    assert 0.05 < shares["withdrawn"] < 0.15
    assert 0.02 < shares["expired"] < 0.12
    assert 0.03 < shares["significant-harm"] < 0.12
    assert 0 < shares["missing"] < 0.03


def test_adult_services_are_about_a_carer_of_that_child_and_sensitive(tables):
    links = {(row["child_id"], row["carer_id"]) for row in tables["child_carer"]}
    adult = [row for row in tables["involvement"] if row["carer_id"] is not None]

    assert 0.005 < len(adult) / CHILDREN < 0.03
    assert {(row["child_id"], row["carer_id"]) for row in adult} <= links
    assert {row["sensitive"] for row in adult} == {"t"}


def test_whole_families_are_shielded_in_every_state(tables):
    homes = {row["id"]: row["uprn"] for row in originals(tables)}
    shielded = {row["child_id"] for row in tables["shield"]}
    states = {
        "lifted" if row["lifted_at"] else "active" if row["decided_at"] else "provisional" for row in tables["shield"]
    }
    together = {uprn for child, uprn in homes.items() if child in shielded and uprn}

    assert 0.001 < len(shielded) / CHILDREN < 0.006
    assert states == {"active", "provisional", "lifted"}
    assert {child for child, uprn in homes.items() if uprn in together} <= shielded


def test_care_leavers_have_youth_support(tables, by_child):
    looked_after = {row["child_id"] for row in tables["child_carer"] if row["relationship"] == "CORPORATE_PARENT"}
    leavers = [row for row in originals(tables) if row["id"] in looked_after and age(row) == 17]

    assert leavers
    for row in leavers:
        assert "YOUTH_SUPPORT" in {link["service"] for link in by_child["involvement"][row["id"]]}


def test_duplicates_are_linked_and_share_an_identity(tables):
    duplicates = [row for row in tables["child"] if row["id"] != row["identity_id"]]
    links = {row["child_id"]: row for row in tables["child_link"]}

    assert 0.002 < len(duplicates) / CHILDREN < 0.009
    for row in duplicates:
        assert links[row["id"]]["other_child_id"] == row["identity_id"]
        assert links[row["id"]]["identity_before"] == row["id"]
        assert row["nhs_number"] is None


def test_names_addresses_and_standings_have_a_past(tables):
    assert 0.03 < len(tables["child_former_name"]) / CHILDREN < 0.06
    assert 0.2 < len({row["child_id"] for row in tables["child_former_address"]}) / CHILDREN < 0.4
    assert 0 < len(tables["child_superseded_identifier"]) / CHILDREN < 0.02
    assert {row["standing"] for row in tables["child"]} == {"live", "left-england", "deceased"}
    assert {row["address_status"] for row in tables["child"]} == {"CURRENT", "LAST_KNOWN", "NO_KNOWN_ADDRESS"}
    assert not [row for row in tables["child_former_address"] if row["lived_until"] < row["lived_from"]]


def test_some_values_are_stale_and_none_is_from_the_future_or_before_birth(tables):
    born = {row["id"]: row["date_of_birth"] for row in tables["child"]}
    stale_before = str(AS_OF - timedelta(days=365))
    links = tables["child_setting"]

    assert 0.1 < share(links, lambda row: row["confirmed_at"] < stale_before) < 0.4
    assert max(row["confirmed_at"] for row in links) < str(AS_OF)
    assert min(row["confirmed_at"] for row in links) > str(AS_OF - timedelta(days=3 * 366))
    for row in links:
        assert born[row["child_id"]] <= row["asserted_at"] <= row["confirmed_at"]


def test_most_practitioners_may_ask_and_a_few_may_not(tables):
    registrations = tables["registration"]
    current = share(
        registrations,
        lambda row: (
            row["suspended_at"] is None
            and row["training_valid_until"] >= str(AS_OF)
            and row["check_issued_on"] > str(AS_OF - timedelta(days=3 * 365))
        ),
    )

    assert abs(len(tables["practitioner"]) - CHILDREN / 10) < 60
    assert 0.9 < current < 0.98
    assert all(row["person"].startswith("p-") for row in registrations)
    assert any(row["suspended_at"] for row in registrations)


def test_agencies_and_authority_name_whom_to_ask(tables):
    roles = {row["role"] for row in tables["safeguarding_contact"]}
    with_contact = {row["agency"] for row in tables["safeguarding_contact"]}

    assert roles == set(ContactRole)
    assert {row["id"] for row in tables["agency"]} <= with_contact
    assert {row["sensitive"] for row in tables["agency"]} == {"True", "False"}


def test_settings_have_kinds_and_codes_that_no_register_gives(tables):
    settings = tables["setting"]
    schools = [row for row in settings if row["urn"]]

    assert 0.005 < len(schools) / CHILDREN < 0.008
    assert {row["kind"] for row in settings} == set(SettingKind) - {"OTHER"}
    assert all(int(row["urn"]) >= 700_000 and row["laestab"] > "3589" for row in schools)
    assert {row["ods_code"][0] for row in settings if row["ods_code"]} == {"X"}


def test_no_address_or_number_reaches_anybody_real(tables):
    reachable = [*tables["carer"], *tables["practitioner"], *tables["setting"], *tables["safeguarding_contact"]]

    for row in reachable:
        assert row["email"] is None or row["email"].endswith(".example")
        assert row["telephone"].startswith(("0161 496 0", "07700 900"))
