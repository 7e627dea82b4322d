"""Search (domain rules S1 and S2): which criteria are enough, what they find, how sure it is, and why."""

from datetime import date

import pytest

from connectors.postgres.links import link
from gateway.errors import BadCriteria
from gateway.ports import Criteria
from gateway.vocabulary import Gender, MatchGrade, MatchReason
from tests.support.builders import NOW, a_child, a_former_name, a_superseded_identifier

BORN = date(2015, 3, 4)
R = MatchReason


@pytest.fixture
async def ayesha(database):
    return await a_child(
        database,
        given_name="Ayesha",
        family_name="O'Brien",
        date_of_birth=BORN,
        gender="FEMALE",
        postcode="M33 2TL",
        nhs_number="9434765919",
        upn="B801200005001",
    )


async def search(directory, **criteria):
    return list(await directory.search(Criteria(**criteria)))


async def find(directory, **criteria):
    return [candidate.child.id for candidate in await search(directory, **criteria)]


BELOW_MINIMUM = [
    {},
    {"family_name": "Obrien"},
    {"date_of_birth": BORN},
    {"given_name": "Ayesha", "date_of_birth": BORN},
    {"given_name": "Ayesha", "family_name": "Obrien"},
    {"given_name": "Ayesha", "family_name": "Obrien", "gender": Gender.FEMALE, "postcode": "M33 2TL"},
    {"date_of_birth": BORN, "gender": Gender.FEMALE, "postcode": "M33 2TL"},
    {"given_name": "Ayesha", "date_of_birth": BORN, "postcode": "M33 2TL"},
    {"given_name": "Ayesha", "date_of_birth": BORN, "gender": Gender.FEMALE},
    {"family_name": "", "date_of_birth": BORN},
    {"family_name": " '-' ", "date_of_birth": BORN},
    {"nhs_number": "", "upn": ""},
]


@pytest.mark.parametrize("criteria", BELOW_MINIMUM, ids=lambda criteria: "+".join(criteria) or "nothing")
async def test_criteria_below_the_minimum_are_refused_with_what_is_enough(directory, criteria):
    with pytest.raises(BadCriteria, match="family name and date of birth"):
        await search(directory, **criteria)


@pytest.mark.parametrize("field", ["family_name", "given_name", "postcode"])
@pytest.mark.parametrize("pattern", ["*", "*bcd", "a*cd", "a**", "' *"])
async def test_a_wildcard_in_the_first_two_characters_is_refused(directory, field, pattern):
    enough = {"given_name": "Ayesha", "family_name": "Obrien", "date_of_birth": BORN}

    with pytest.raises(BadCriteria, match="first two characters"):
        await search(directory, **(enough | {field: pattern}))


@pytest.mark.parametrize("written", ["O'Brien", "OBrien", "o brien", "O\u2019BRIEN", "Ó Brien", "O-Brien"])
async def test_a_family_name_is_found_however_it_is_written(directory, ayesha, written):
    [candidate] = await search(directory, family_name=written, date_of_birth=BORN)

    assert candidate.child.id == ayesha
    assert candidate.reasons == (R.FAMILY_NAME_EQUAL, R.DATE_OF_BIRTH_EQUAL)
    assert candidate.grade is MatchGrade.PROBABLE
    assert candidate.used == {"familyName", "dateOfBirth"}


@pytest.mark.parametrize(
    ("criteria", "grade"),
    [
        ({"given_name": "Ayesha"}, MatchGrade.PROBABLE),
        ({"given_name": "Ayesha", "gender": Gender.FEMALE}, MatchGrade.CERTAIN),
        ({"given_name": "Ayesha", "postcode": "m332tl"}, MatchGrade.CERTAIN),
        ({"given_name": "Ayesha", "postcode": "M1 1AA"}, MatchGrade.PROBABLE),
        ({"gender": Gender.FEMALE, "postcode": "M33 2TL"}, MatchGrade.PROBABLE),
        ({"given_name": "Thomas"}, MatchGrade.POSSIBLE),
        ({"given_name": "Aisha"}, MatchGrade.POSSIBLE),
        ({"given_name": "Ay*"}, MatchGrade.POSSIBLE),
    ],
    ids=str,
)
async def test_the_more_agrees_with_an_exact_name_and_date_the_surer_the_grade(directory, ayesha, criteria, grade):
    [candidate] = await search(directory, family_name="O'Brien", date_of_birth=BORN, **criteria)

    assert (candidate.child.id, candidate.grade) == (ayesha, grade)


async def test_everything_that_was_compared_counts_as_used_whether_or_not_it_agreed(directory, ayesha):
    [candidate] = await search(
        directory,
        given_name="Thomas",
        family_name="O'Brien",
        date_of_birth=BORN,
        gender=Gender.MALE,
        postcode="M1 1AA",
    )

    assert candidate.used == {"givenName", "familyName", "dateOfBirth", "gender", "address"}
    assert candidate.reasons == (R.FAMILY_NAME_EQUAL, R.DATE_OF_BIRTH_EQUAL)


@pytest.mark.usefixtures("ayesha")
async def test_name_and_date_alone_are_compared_exactly(directory):
    assert await find(directory, family_name="Obryan", date_of_birth=BORN) == []
    assert await find(directory, family_name="O'Brien", date_of_birth=date(2015, 4, 3)) == []


@pytest.mark.parametrize(
    ("criteria", "reason"),
    [
        ({"family_name": "Obryan"}, R.FAMILY_NAME_SOUNDS_ALIKE),
        ({"family_name": "O'Brien-Jones"}, R.FAMILY_NAME_SOUNDS_ALIKE),
        ({"given_name": "Aisha"}, R.GIVEN_NAME_SOUNDS_ALIKE),
        ({"given_name": "Aysha"}, R.GIVEN_NAME_SOUNDS_ALIKE),
        ({"date_of_birth": date(2015, 4, 3)}, R.DATE_OF_BIRTH_NEAR),
        ({"date_of_birth": date(2015, 3, 5)}, R.DATE_OF_BIRTH_NEAR),
        ({"date_of_birth": date(2014, 3, 4)}, R.DATE_OF_BIRTH_NEAR),
        ({"date_of_birth": date(2015, 3, 24)}, R.DATE_OF_BIRTH_NEAR),
    ],
    ids=str,
)
async def test_with_both_names_and_the_date_a_slip_is_forgiven(database, directory, criteria, reason):
    child = await a_child(database, given_name="Ayesha", family_name="O'Brien", date_of_birth=BORN)
    exact = {"given_name": "Ayesha", "family_name": "O'Brien", "date_of_birth": BORN}

    candidates = await search(directory, **(exact | criteria))

    assert [(candidate.child.id, reason in candidate.reasons) for candidate in candidates] == [(child, True)]


async def test_a_slip_in_the_name_alone_is_probable_and_one_in_the_date_only_possible(directory, ayesha):
    [spelt] = await search(directory, given_name="Ayesha", family_name="Obryan", date_of_birth=BORN)
    [dated] = await search(directory, given_name="Ayesha", family_name="O'Brien", date_of_birth=date(2015, 4, 3))

    assert (spelt.grade, dated.grade) == (MatchGrade.PROBABLE, MatchGrade.POSSIBLE)


@pytest.mark.parametrize("name", [{"family_name": "Obryan"}, {"given_name": "Aysha"}], ids=str)
async def test_one_name_with_date_gender_and_postcode_forgives_a_slip(directory, ayesha, name):
    place = {"date_of_birth": date(2015, 4, 3), "gender": Gender.FEMALE, "postcode": "M33 2TL"}

    [candidate] = await search(directory, **name, **place)

    assert (candidate.child.id, candidate.grade) == (ayesha, MatchGrade.POSSIBLE)
    assert {R.DATE_OF_BIRTH_NEAR, R.GENDER_EQUAL, R.POSTCODE_EQUAL} < set(candidate.reasons)
    assert "address" in candidate.used


async def test_one_name_with_date_gender_and_postcode_wants_the_gender_to_fit(database, directory, ayesha):
    unspecified = await a_child(database, family_name="Obryan", date_of_birth=BORN, gender="NOT_SPECIFIED")
    place = {"family_name": "Obryen", "date_of_birth": BORN, "postcode": "M33 2TL"}

    assert set(await find(directory, **place, gender=Gender.FEMALE)) == {ayesha, unspecified}
    assert await find(directory, **place, gender=Gender.MALE) == [unspecified]


@pytest.mark.parametrize(
    ("criteria", "reason"),
    [
        ({"family_name": "OBR*"}, R.FAMILY_NAME_PATTERN),
        ({"family_name": "o'b*n"}, R.FAMILY_NAME_PATTERN),
        ({"family_name": "O'Brien", "given_name": "ay*"}, R.GIVEN_NAME_PATTERN),
        ({"given_name": "Ayesha", "gender": Gender.FEMALE, "postcode": "M33*"}, R.POSTCODE_PATTERN),
        ({"given_name": "Ay*a", "gender": Gender.FEMALE, "postcode": "M33 2TL"}, R.GIVEN_NAME_PATTERN),
        ({"family_name": "Obryan", "given_name": "ay*"}, R.GIVEN_NAME_PATTERN),
    ],
    ids=str,
)
async def test_a_wildcard_stands_for_any_letters(directory, ayesha, criteria, reason):
    [candidate] = await search(directory, date_of_birth=BORN, **criteria)

    assert candidate.child.id == ayesha
    assert reason in candidate.reasons


@pytest.mark.usefixtures("ayesha")
@pytest.mark.parametrize("pattern", ["OBX*", "o'b*x", "obrienx*"])
async def test_a_wildcard_does_not_stand_for_other_letters(directory, pattern):
    assert await find(directory, family_name=pattern, date_of_birth=BORN) == []


@pytest.mark.parametrize(("held", "asked"), [("Mary Jane", "Mary"), ("Mary", "Mary Jane"), ("Mary-Jane", "maryjane")])
async def test_several_given_names_match_on_the_first_as_well(database, directory, held, asked):
    await a_child(database, given_name=held, family_name="Example", date_of_birth=BORN)

    [candidate] = await search(directory, given_name=asked, family_name="Example", date_of_birth=BORN)

    assert R.GIVEN_NAME_EQUAL in candidate.reasons


async def test_the_second_of_two_given_names_is_not_the_name(database, directory):
    await a_child(database, given_name="Mary Jane", family_name="Example", date_of_birth=BORN)

    [candidate] = await search(directory, given_name="Mary Ann", family_name="Example", date_of_birth=BORN)

    assert R.GIVEN_NAME_EQUAL not in candidate.reasons


async def test_a_former_name_finds_the_child_and_says_so(database, directory, ayesha):
    await a_former_name(database, ayesha, family_name="Kowalska")

    [candidate] = await search(directory, given_name="Ayesha", family_name="Kowalska", date_of_birth=BORN)

    assert (candidate.child.id, candidate.child.family_name) == (ayesha, "O'Brien")
    assert R.FORMER_NAME in candidate.reasons
    assert candidate.used == {"givenName", "familyName", "dateOfBirth", "formerNames"}


async def test_a_former_name_is_never_certain(database, directory, ayesha):
    await a_former_name(database, ayesha, family_name="Kowalska")

    [candidate] = await search(
        directory, given_name="Ayesha", family_name="Kowalska", date_of_birth=BORN, gender=Gender.FEMALE
    )

    assert candidate.grade is MatchGrade.PROBABLE


async def test_a_child_found_by_its_current_name_does_not_lean_on_a_former_one(database, directory, ayesha):
    await a_former_name(database, ayesha, family_name="Obryan")

    [candidate] = await search(directory, given_name="Ayesha", family_name="Obryan", date_of_birth=BORN)

    assert "formerNames" not in candidate.used
    assert R.FORMER_NAME not in candidate.reasons


@pytest.mark.parametrize(
    ("criteria", "used"), [({"nhs_number": "9434765919"}, "nhsNumber"), ({"upn": "B801200005001"}, "upn")]
)
async def test_an_identifier_is_certain(directory, ayesha, criteria, used):
    [candidate] = await search(directory, **criteria)

    assert await directory.find_child(**criteria) == candidate
    assert (candidate.child.id, candidate.grade) == (ayesha, MatchGrade.CERTAIN)
    assert (candidate.reasons, candidate.used) == ((R.IDENTIFIER_EQUAL,), {used})


@pytest.mark.parametrize(
    ("system", "criteria"),
    [("nhs-number", {"nhs_number": "9434765870"}), ("upn", {"upn": "A80120000501A"})],
)
async def test_a_superseded_identifier_leads_to_the_surviving_record(database, directory, ayesha, system, criteria):
    await a_superseded_identifier(database, ayesha, system=system, value=next(iter(criteria.values())))

    candidate = await directory.find_child(**criteria)

    assert (candidate.child.id, candidate.reasons) == (ayesha, (R.IDENTIFIER_SUPERSEDED,))
    assert candidate.grade is MatchGrade.CERTAIN


async def test_a_superseded_number_of_one_system_is_none_of_the_other(database, directory, ayesha):
    await a_superseded_identifier(database, ayesha, system="upn", value="9434765870")

    assert await directory.find_child(nhs_number="9434765870") is None


async def test_what_is_stated_beside_an_identifier_is_compared_too(directory, ayesha):
    [candidate] = await search(directory, nhs_number="9434765919", family_name="O'Brien", gender=Gender.MALE)

    assert candidate.child.id == ayesha
    assert candidate.reasons == (R.IDENTIFIER_EQUAL, R.FAMILY_NAME_EQUAL)
    assert candidate.used == {"nhsNumber", "familyName", "gender"}


async def test_an_unknown_identifier_beside_enough_criteria_still_finds_by_those(directory, ayesha):
    assert await find(directory, nhs_number="9000000009", family_name="O'Brien", date_of_birth=BORN) == [ayesha]


async def test_linked_records_of_one_child_are_one_candidate_the_one_that_was_joined_to(database, directory, ayesha):
    linked = await a_child(
        database,
        given_name="Ayesha",
        family_name="O'Brien",
        date_of_birth=BORN,
        upn="A80120000501A",
    )
    async with database.transaction() as connection:
        reasons = [R.IDENTIFIER_SUPERSEDED]
        await link(connection, linked, ayesha, grade=MatchGrade.CERTAIN, reasons=reasons, by="made-up-feed", at=NOW)
    alone = await a_child(database, given_name="Ayesha", family_name="O'Brien", date_of_birth=BORN, postcode=None)

    found = await find(directory, given_name="Ayesha", family_name="O'Brien", date_of_birth=BORN)

    assert sorted(found) == sorted([ayesha, alone])
    assert (await directory.find_child(upn="A80120000501A")).child.id == ayesha
    assert set(await directory.children([linked])) == {linked}


async def test_a_child_without_search_keys_is_found_by_identifier(database, directory):
    child = await a_child(database, nhs_number="9434765919", search_keys=False)

    assert (await directory.find_child(nhs_number="9434765919")).child.id == child


async def test_candidates_come_best_first_and_always_in_the_same_order(database, directory):
    same = {"family_name": "Khan", "date_of_birth": BORN, "gender": "FEMALE"}
    sounding = await a_child(database, **(same | {"given_name": "Sara", "family_name": "Kahn"}))
    other = await a_child(database, **same, given_name="Zoe", postcode=None)
    plain = await a_child(database, **same, given_name="Sara", postcode="M1 1AA")
    full = await a_child(database, **same, given_name="Sara", postcode="M33 2TL")

    found = await find(
        directory,
        given_name="Sara",
        family_name="Khan",
        date_of_birth=BORN,
        gender=Gender.FEMALE,
        postcode="M33 2TL",
    )

    assert found == [full, plain, sounding, other]


async def test_candidates_that_are_equal_otherwise_come_by_id(database, directory):
    children = [
        await a_child(database, given_name="Sara", family_name="Khan", date_of_birth=BORN, postcode=None)
        for _ in range(4)
    ]

    assert await find(directory, family_name="Khan", date_of_birth=BORN) == sorted(children, key=str)


async def test_every_candidate_is_returned_because_the_hidden_may_not_count(database, directory):
    children = {await a_child(database, family_name="Khan", date_of_birth=BORN) for _ in range(60)}

    assert set(await find(directory, family_name="Khan", date_of_birth=BORN)) == children


@pytest.mark.usefixtures("ayesha")
@pytest.mark.parametrize(
    "injected",
    ["x' OR '1'='1", "x'; DROP TABLE child; --", "obrien' UNION SELECT *", "ob%", "ob_ien", "obx\\*", "obx$1*"],
)
async def test_criteria_are_never_read_as_sql(database, directory, injected):
    for field in ("given_name", "family_name", "postcode"):
        everything = {"given_name": "Q", "family_name": "Q", "postcode": "Q1 1QQ"} | {field: injected}
        assert await find(directory, date_of_birth=BORN, gender=Gender.FEMALE, **everything) == []
    assert await find(directory, nhs_number=injected) == []
    assert await find(directory, upn=injected) == []

    assert (await database.fetchrow("SELECT count(*) FROM child"))["count"] == 1
