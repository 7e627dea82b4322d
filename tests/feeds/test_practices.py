"""GP practices from the register of the health service."""

import pytest

from connectors.feeds.files import FeedFile, read_file
from connectors.feeds.load import load_practices
from tests.feeds.patients import DATA, NOW, digests

SAMPLE = DATA / "ods" / "epraccur_sample.csv"


def practice(code="A99999", name="MADE UP SURGERY", **stated):
    cells = {number: "" for number in range(27)}
    cells |= {0: code, 1: name, 4: "1 HIGH STREET", 6: "SALE", 9: "M33 2TL", 10: "20010203", 12: "A", 25: "4"}
    names = {"postcode": 9, "opened": 10, "closed": 11, "status": 12, "telephone": 17, "setting": 25}
    cells |= {names[name]: value for name, value in stated.items()}
    return ",".join(f'"{cell}"' for cell in cells.values())


def lines(*rows):
    return FeedFile(name="epraccur.csv", content="\r\n".join(rows).encode())


async def load(database, file, now=NOW):
    return await load_practices(database, file, now=now)


async def setting(database, code="A99999"):
    return await database.fetchrow("SELECT * FROM setting WHERE ods_code = $1", code)


async def test_the_practices_of_the_sample_are_taken_and_the_rest_is_counted(database):
    report = await load(database, read_file(SAMPLE))

    assert report.counts == {"accepted": 28, "unchanged": 0, "rejected": 10}
    assert report.reasons(whole_rows=True) == {("rejected", "not-a-gp-practice"): 10}
    kinds = await database.fetch(
        "SELECT status, count(*) FROM setting WHERE kind = 'GP_PRACTICE' GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in kinds] == [("CLOSED", 5), ("DORMANT", 3), ("OPEN", 19), ("PROPOSED", 1)]


async def test_a_practice_keeps_its_address_dates_and_telephone(database):
    await load(database, lines(practice(closed="20200131", status="C", telephone="0161 496 0000")))

    held = await setting(database)
    assert (held["name"], held["status"], held["telephone"]) == ("MADE UP SURGERY", "CLOSED", "0161 496 0000")
    assert (held["address_lines"], held["postcode"]) == (["1 HIGH STREET", "SALE"], "M33 2TL")
    assert (str(held["opened_on"]), str(held["closed_on"])) == ("2001-02-03", "2020-01-31")


async def test_loading_the_same_practices_twice_changes_nothing(database):
    await load(database, read_file(SAMPLE))
    before = await digests(database)

    report = await load(database, read_file(SAMPLE), now=NOW.replace(year=2027))

    assert report.counts == {"accepted": 0, "unchanged": 28, "rejected": 10}
    assert await digests(database) == before


async def test_a_later_file_replaces_what_changed_and_an_earlier_one_does_not_bring_it_back(database):
    earlier, later = lines(practice(name="OLD NAME")), lines(practice(name="NEW NAME"))
    await load(database, earlier)
    await load(database, later, now=NOW.replace(year=2027))

    report = await load(database, earlier, now=NOW.replace(year=2028))

    assert report.counts["unchanged"] == 1
    assert (await setting(database))["name"] == "NEW NAME"


async def test_a_later_file_that_says_the_same_confirms_it(database):
    await load(database, lines(practice()))

    report = await load(database, lines(practice(), practice("A99998")), now=NOW.replace(year=2027))

    held = await setting(database)
    assert report.counts["unchanged"] == 1
    assert (held["asserted_at"].year, held["confirmed_at"].year) == (2026, 2027)


async def test_a_telephone_that_a_later_file_leaves_empty_is_withdrawn(database):
    await load(database, lines(practice(telephone="0161 496 0000")))

    await load(database, lines(practice()), now=NOW.replace(year=2027))

    assert (await setting(database))["telephone"] is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (practice(status="X"), "status-unknown"),
        (practice(opened="20011399"), "date-format"),
        (practice(code="a 1"), "ods-code-format"),
        (practice(name=""), "name-missing"),
        (practice(setting="8"), "not-a-gp-practice"),
        ('"A99999","SHORT"', "row-length"),
        ('"A99999","OPEN QUOTE', "row-unreadable"),
    ],
)
async def test_a_row_that_cannot_be_taken_is_rejected_alone_with_its_line_and_reason(database, row, reason):
    report = await load(database, lines(practice("A99998"), row, practice("A99997")))

    assert report.counts["accepted"] == 2
    assert [(found.row, found.refusal.reason) for found in report.findings] == [(2, reason)]


async def test_a_code_that_comes_twice_is_rejected_the_second_time(database):
    report = await load(database, lines(practice(), practice(name="SAME CODE")))

    assert [(found.row, found.refusal.reason) for found in report.findings] == [(2, "ods-code-repeated")]
    assert (await setting(database))["name"] == "MADE UP SURGERY"


async def test_a_postcode_that_is_none_is_left_out_and_the_practice_is_kept(database):
    report = await load(database, lines(practice(postcode="NOWHERE")))

    assert report.counts["accepted"] == 1
    assert report.reasons(whole_rows=False) == {("rejected", "postcode-format"): 1}
    assert (await setting(database))["postcode"] is None


async def test_what_became_of_the_rows_is_kept_without_their_content(database):
    await load(database, lines(practice(), practice(setting="8")))

    kept = await database.fetchrow("SELECT * FROM feed_load")
    refused = await database.fetchrow("SELECT row_number, outcome, reason, field FROM feed_rejection")
    assert (kept["feed"], kept["accepted"], kept["rejected"]) == ("ods", 1, 1)
    assert tuple(refused) == (2, "rejected", "not-a-gp-practice", "prescribing-setting")


async def test_progress_is_told_as_batches_are_written(database):
    told = []
    rows = [practice(f"B{number:05}") for number in range(1_500)]

    await load_practices(database, lines(*rows), now=NOW, progress=lambda done, of: told.append((done, of)))

    assert told == [(1000, 1500), (1500, 1500)]
