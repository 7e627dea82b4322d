"""The report says in short, true sentences who looked, and what is not shown; on a page and on paper."""

import json
import re
import zlib
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from gateway.access_report.page import page_of
from gateway.access_report.paper import paper_of
from gateway.access_report.timeline import timeline
from gateway.access_report.words import ENGLISH, Voice, Words, WordsUnreadable
from gateway.disclosure.fields import FIELDS
from gateway.vocabulary import RecordType
from schema.directory import DIRECTORY
from tests.access_log.answers import EVERY_KIND, WORDS, a_look, a_report
from tests.access_log.readable import grade
from tests.support.tools import pango

BOOK = json.loads((ENGLISH.parents[3] / "policies" / "data.json").read_text())
PERSONAL = {
    RecordType.CANDIDATE,
    RecordType.CHILD,
    RecordType.CARER,
    RecordType.SETTING,
    RecordType.PRACTITIONER,
    RecordType.INVOLVEMENT,
    RecordType.LOCAL_AUTHORITY,
    RecordType.AGENCY,
    RecordType.ACCESS_LOG_ENTRY,
}
"""Types whose fields can be told about a child, and so can stand in the log."""


class Text(HTMLParser):
    """What a reader sees, without style and picture."""

    def __init__(self, page):
        super().__init__()
        self.said, self.hidden = [], 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("style", "svg", "title", "nav")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "svg", "title", "nav")

    def handle_data(self, data):
        if not self.hidden and data.strip():
            self.said.append(data.strip())


def text_of(page):
    return " ".join(Text(page).said)


def test_a_look_is_one_sentence():
    (look,) = a_report(a_look()).looks

    assert look.sentence == (
        "On Tuesday 3 November 2026 at 14:05, Beth Calloway, a health worker from Sale Health Centre, looked at your "
        "name and your school and GP, to help you directly."
    )


def test_times_are_told_as_the_clocks_here_show_them():
    (look,) = a_report(a_look(at="2026-07-01T23:30:00+00:00")).looks

    assert look.sentence.startswith("On Thursday 2 July 2026 at 00:30, ")


def test_a_service_that_is_not_named_stays_unnamed():
    report = a_report(EVERY_KIND[1])

    assert "somebody from a service that we do not name looked at your name" in report.looks[0].sentence
    assert "Calloway" not in page_of(report)


def test_what_was_wiped_is_said_to_be_no_longer_known():
    report = a_report(EVERY_KIND[3])

    assert (
        "a family doctor from Mill Lane Surgery, whose name is no longer known, looked at" in report.looks[0].sentence
    )
    assert report.looks[0].notes == ["Some details of this look are no longer known. We wiped them for good."]


def test_a_look_that_was_kept_back_says_until_when_and_why():
    report = a_report(EVERY_KIND[2])

    assert report.looks[0].notes[0] == (
        "We kept this look from you until 12 October 2026, because it would not have been best for you. "
        "The law lets us do that for a time."
    )


def test_a_look_that_showed_nothing_says_so():
    assert "Sam Ito, a police officer who keeps children safe from Sale" in a_report(EVERY_KIND[4]).looks[0].sentence
    assert "asked about you and was shown nothing" in a_report(EVERY_KIND[4]).looks[0].sentence


def test_looks_of_the_family_stand_apart():
    report = a_report(*EVERY_KIND)

    assert (len(report.looks), len(report.own)) == (5, 1)


def test_looks_of_one_day_are_said_to_be_of_one_day():
    said = text_of(page_of(a_report(a_look(at="2026-11-03T16:00:00+00:00"), a_look())))

    assert "Two looks are shown here, by one person. All were on 3 November 2026." in said
    assert "the last on" not in said


def test_an_empty_log_never_says_that_nobody_looked():
    said = text_of(page_of(a_report()))

    assert "There is no look that we can show here." in said
    assert "nobody looked" not in said.lower()


def test_a_log_that_may_not_be_shown_says_so_and_whom_to_ask():
    said = text_of(page_of(a_report(withheld=[{"field": "accessLog", "reason": "SHIELDED"}])))

    assert "Where a child lives is kept safe here." in said
    assert "0161 496 0100" in said


def test_without_a_seal_the_report_claims_none():
    said = text_of(page_of(a_report(a_look(), seal=None)))

    assert "We could not check the seal just now." in said
    assert "under one seal" not in said


def test_a_report_prepared_for_a_carer_speaks_to_the_carer():
    report = a_report(a_look(), role="auditor", reader="CARER")

    assert report.voice is Voice.CARER
    assert "to help your child directly" in report.looks[0].sentence


@pytest.mark.parametrize("voice", ["child", "carer", "auditor"])
def test_a_fourteen_year_old_can_read_it(voice):
    said = text_of(page_of(a_report(*EVERY_KIND, role=voice)))

    assert grade(said) < 8


def test_the_measure_of_reading_tells_easy_from_hard():
    assert grade("The cat sat on the mat. It was warm.") < 2
    hard = "Notwithstanding contemporaneous derogations, proportionality necessitates individualised justification."
    assert grade(hard) > 18


@pytest.mark.parametrize("record_type", sorted(PERSONAL))
def test_every_field_that_can_be_told_of_a_child_has_words(record_type):
    named = {f"{record_type}.{name}" for name in FIELDS[record_type]}

    assert named <= WORDS.document["fields"].keys()


def test_no_words_are_kept_for_fields_that_are_not_there():
    known = {f"{kind}.{name}" for kind, names in FIELDS.items() for name in names}

    assert WORDS.document["fields"].keys() <= known


def test_every_role_purpose_and_ground_of_the_rules_has_words():
    assert WORDS.document["roles"].keys() == BOOK["roles"].keys()
    assert WORDS.document["purposes"].keys() == BOOK["purposes"].keys()
    assert WORDS.document["grounds"].keys() == BOOK["access_log"]["grounds"].keys()
    assert {role["kind"] for role in WORDS.document["roles"].values()} <= WORDS.document["kinds"].keys()
    assert WORDS.document["contacts"].keys() == set(DIRECTORY._schema.type_map["ContactRole"].values)


def test_a_field_without_words_is_told_by_its_name():
    assert WORDS.fields(["Child.givenName", "Child.shoeSize"], Voice.CHILD) == ("your name", "Child.shoeSize")


def test_a_translation_that_lacks_a_part_is_refused(tmp_path):
    document = json.loads(ENGLISH.read_text())
    del document["report"]["title"]
    file = tmp_path / "cy.json"
    file.write_text(json.dumps(document))

    with pytest.raises(WordsUnreadable, match=r"lacks report\.title"):
        Words.read(file)


def test_what_people_wrote_cannot_become_part_of_the_page():
    page = page_of(a_report(a_look(person="<script>alert(1)</script>", reason='"><img src=x>'), name="<b>A</b>"))

    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_the_page_stands_alone():
    page = page_of(a_report(*EVERY_KIND))

    assert re.findall(r"""(?:src|href)=["'](?!#)""", page) == []
    assert re.findall(r"url\(|@import|<script|style=", page) == []


def test_the_picture_says_in_words_what_it_shows():
    report = a_report(*EVERY_KIND)
    picture = ElementTree.fromstring(timeline(report))  # noqa: S314  # made here
    name = "{http://www.w3.org/2000/svg}"

    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby").split() == [
        picture.find(f"{name}{tag}").get("id") for tag in ("title", "desc")
    ]
    assert picture.find(f"{name}desc").text.startswith(
        "A picture with one row for each kind of work, from 1 May 2026 to 3 November 2026. Health: two looks. "
        "Social care: one look. Police: one look. Not named here: one look."
    )
    assert len(picture.findall(f"{name}circle")) == len(report.looks)


@pytest.mark.parametrize("count", [1, 2, 12, 400])
def test_dots_stay_in_the_picture_and_below_their_words(count):
    looks = [a_look(at=f"2026-{1 + at % 12:02}-{1 + at % 28:02}T08:00:00+00:00") for at in range(count)]
    picture = ElementTree.fromstring(timeline(a_report(*sorted(looks, key=lambda one: one["at"], reverse=True))))  # noqa: S314  # made here

    dots = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    name, number, *_ = picture.iter("{http://www.w3.org/2000/svg}text")

    assert len(dots) == count
    assert all(6 <= float(dot.get("cx")) <= 360 - 6 for dot in dots)
    assert all(float(dot.get("cy")) - 6 > float(number.get("y")) == float(name.get("y")) for dot in dots)
    # A letter of the widest font that the page names takes 8.1 of the picture's units.
    assert 8.1 * (len(name.text) + len(number.text)) < 360


def test_the_paper_is_tagged_for_screen_readers_and_says_its_language():
    pango()

    paper = paper_of(a_report(*EVERY_KIND))

    assert paper.startswith(b"%PDF-")
    paper += b"".join(
        zlib.decompress(part) for part in re.findall(rb"stream\n(x.*?)\nendstream", paper, flags=re.DOTALL)
    )
    assert b"pdfuaid" in paper
    for mark in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang (en-GB)", b"/DisplayDocTitle true"):
        assert mark in paper
