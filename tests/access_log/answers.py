"""What the graph told of a log, as a report takes it."""

from datetime import UTC, datetime

from gateway.access_report.report import Answered, Seal, report_of
from gateway.access_report.words import Words

MADE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WORDS = Words.read()
AUTHORITY = {
    "name": "Trafford",
    "safeguardingContacts": [
        {"role": "FRONT_DOOR", "name": "First Response", "telephone": "0161 496 0100", "email": None, "hours": None}
    ],
}


def a_look(**stated):
    return {
        "at": "2026-11-03T14:05:00+00:00",
        "person": "Beth Calloway",
        "role": "health-practitioner",
        "agency": "Sale Health Centre",
        "mediatedFor": None,
        "purpose": "direct-support",
        "reason": None,
        "fieldsInWords": ["your name", "your school and GP"],
        "erased": False,
        "withheldUntil": None,
        "withheldGround": None,
        "withheld": [],
    } | stated


def a_report(*entries, role="child", reader=None, withheld=(), more=False, seal="whole", name="Ayesha"):
    answered = Answered(
        child={"givenName": name},
        me={"role": role, "authority": AUTHORITY},
        entries=entries,
        withheld=withheld,
        more=more,
    )
    seal = Seal(at=MADE, witnesses=2, whole=True) if seal == "whole" else seal
    return report_of(answered, words=WORDS, reader=reader, made=MADE, seal=seal)


EVERY_KIND = (
    a_look(reason="Seeing you in clinic today"),
    a_look(
        at="2026-10-30T19:40:00+00:00", person=None, role=None, agency=None,
        withheld=[{"field": name, "reason": "SENSITIVE"} for name in ("person", "role", "agency", "reason")],
    ),
    a_look(
        at="2026-10-05T09:00:00+00:00", person="Thandi Mbeki", role="social-worker", agency="Children's Services",
        purpose="safeguarding-enquiry", withheld=[{"field": "reason", "reason": "WORDS_OF_OTHERS"}],
        withheldUntil="2026-10-12T00:00:00+00:00", withheldGround="child-abuse-data",
    ),
    a_look(at="2026-06-01T11:00:00+00:00", person=None, role="gp", agency="Mill Lane Surgery", erased=True),
    a_look(at="2026-05-01T11:00:00+00:00", person="Sam Ito", role="police-child-protection", fieldsInWords=[]),
    a_look(at="2026-04-01T11:00:00+00:00", person="Helen Rahmani", role="carer", purpose="subject-access"),
)  # fmt: skip
