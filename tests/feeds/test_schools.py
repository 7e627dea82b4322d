"""Schools and the links between them from the register of the education department."""

import pytest

from connectors.feeds.files import FeedFile, read_file
from connectors.feeds.load import load_schools
from connectors.feeds.outcome import FeedUnreadable
from tests.feeds.patients import DATA, NOW, digests

SCHOOLS = DATA / "gias" / "edubasealldata_trafford.csv"
LINKS = DATA / "gias" / "links_edubasealldata_sample.csv"
HEADER = "URN,LA (code),EstablishmentNumber,EstablishmentName,EstablishmentTypeGroup (name),EstablishmentStatus (name)"
LINK_HEADER = "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate"


def table(*lines, header=HEADER):
    return FeedFile(name="edubase.csv", content="\r\n".join((header, *lines)).encode("cp1252"))


def school(urn="100001", *, name="Made Up School", group="Academies", status="Open", more=""):
    return f'{urn},358,4001,"{name}",{group},"{status}"{more}'


async def load(database, file, links=None, now=NOW):
    return await load_schools(database, file, links=links, now=now)


async def setting(database, urn="100001"):
    return await database.fetchrow("SELECT * FROM setting WHERE urn = $1", urn)


async def test_the_schools_of_trafford_and_the_links_are_taken(database):
    schools, links = await load(database, read_file(SCHOOLS), read_file(LINKS))

    assert schools.counts == {"accepted": 103, "unchanged": 0}
    assert links.counts == {"accepted": 299, "unchanged": 0}
    held = await setting(database, "106167")
    assert (held["kind"], held["laestab"], held["authority"]) == ("SPECIAL_SCHOOL", "3587503", "E08000009")
    trafford = await database.fetchrow("SELECT legacy_code, name FROM authority WHERE code = 'E08000009'")
    assert tuple(trafford) == ("358", "Trafford")


async def test_loading_the_same_schools_and_links_twice_changes_nothing(database):
    await load(database, read_file(SCHOOLS), read_file(LINKS))
    before = await digests(database)

    schools, links = await load(database, read_file(SCHOOLS), read_file(LINKS), now=NOW.replace(year=2027))

    assert (schools.counts["unchanged"], links.counts["unchanged"]) == (103, 299)
    assert await digests(database) == before


async def test_the_columns_of_the_full_register_are_read_by_name(database):
    header = f"Extra,{HEADER},OpenDate,CloseDate,UKPRN,Street,Town,Postcode,TelephoneNum,TypeOfEstablishment (name)"
    more = ",01-09-2012,,10012345,High Street,Sale,m332tl,01614960000,Local authority nursery school"

    await load(database, table("x," + school(more=more), header=header))

    held = await setting(database)
    assert (held["kind"], held["ukprn"], str(held["opened_on"])) == ("NURSERY", "10012345", "2012-09-01")
    assert (held["address_lines"], held["postcode"]) == (["High Street", "Sale"], "M33 2TL")
    assert held["telephone"] == "01614960000"


async def test_a_file_without_a_column_leaves_what_is_held_of_it(database):
    await load(database, table(school(more=",10012345"), header=f"{HEADER},UKPRN"))

    await load(database, table(school(name="Renamed School")), now=NOW.replace(year=2027))

    held = await setting(database)
    assert (held["name"], held["ukprn"]) == ("Renamed School", "10012345")


async def test_letters_outside_ascii_are_read_as_the_register_writes_them(database):
    await load(database, table(school(name="St Bénédict\u2019s")))

    assert (await setting(database))["name"] == "St Bénédict\u2019s"


async def test_a_school_file_in_utf_8_is_refused_whole_rather_than_misread(database):
    file = FeedFile(name="edubase.csv", content=f"{HEADER}\n{school(name='St Bénédict')}\n".encode())

    with pytest.raises(FeedUnreadable, match="file-encoding"):
        await load(database, file)

    assert await setting(database) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (school("12"), "urn-format"),
        (school(status="Unheard of"), "status-unknown"),
        (school(name=""), "name-missing"),
        ("100001,358", "row-length"),
        ('100001,358,4001,"open quote', "row-unreadable"),
    ],
)
async def test_a_school_that_cannot_be_taken_is_rejected_alone(database, line, reason):
    (report,) = await load(database, table(line, school("100002")))

    assert report.counts["accepted"] == 1
    assert [(found.row, found.refusal.reason) for found in report.findings] == [(2, reason)]


async def test_a_bad_date_rejects_its_row(database):
    (report,) = await load(database, table(school(more=",2012-09-01"), header=f"{HEADER},OpenDate"))

    assert [(found.row, found.refusal.reason, found.refusal.field) for found in report.findings] == [
        (2, "date-format", "OpenDate")
    ]


async def test_a_urn_that_comes_twice_is_rejected_the_second_time(database):
    (report,) = await load(database, table(school(), school(name="Other School")))

    assert [(found.row, found.refusal.reason) for found in report.findings] == [(3, "urn-repeated")]


async def test_a_school_of_an_unknown_authority_is_kept_without_one(database):
    (report,) = await load(database, table(school().replace("358", "999")))

    assert report.reasons(whole_rows=False) == {("rejected", "authority-unknown"): 1}
    held = await setting(database)
    assert (held["authority"], held["laestab"]) == (None, "9994001")


@pytest.mark.parametrize(
    ("words", "relation"),
    [
        ("Successor", "SUCCESSOR"),
        ("Successor - merged", "SUCCESSOR"),
        ("Predecessor - Split School", "PREDECESSOR"),
        ("Merged - change in age range", "MERGED"),
        ("Sixth Form Centre Link", "SIXTH_FORM"),
        ("Something new", "OTHER"),
    ],
)
async def test_a_link_keeps_its_direction_and_the_words_of_the_register(database, words, relation):
    links = table(f"100001,100002,Name,{words},31-08-2021", header=LINK_HEADER)

    await load(database, table(school()), links)

    held = await database.fetchrow("SELECT relation, link_type, established_on::text FROM setting_link")
    assert tuple(held) == (relation, words, "2021-08-31")


async def test_links_that_cannot_be_read_keep_the_schools_out_as_well(database):
    with pytest.raises(FeedUnreadable, match="file-columns"):
        await load(database, table(school()), table(school()))

    assert await setting(database) is None
    assert await database.fetch("SELECT * FROM feed_load") == []
