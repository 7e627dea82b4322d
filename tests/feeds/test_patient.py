"""Reading a Patient: whatever a file holds, it is read or refused with a reason, never an accident."""

import copy
import json
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.outcome import RowRefused
from connectors.feeds.patient_reading import read_patient
from tests.feeds.patients import DATA

RESOURCES = [json.loads(path.read_text()) for path in sorted((DATA / "pds" / "patientResponses").glob("*.json"))]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([None]),
    st.just([[]]), st.just({"code": []}),
)  # fmt: skip


def places(document, path=()):
    """Return the path of every value in a document."""
    found = [path] if path else []
    children = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in children:
        found += places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
    return found


@st.composite
def spoilt(draw):
    resource = copy.deepcopy(draw(st.sampled_from(RESOURCES)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(resource)))
        part = resource
        for key in way:
            part = part[key]
        # A copy: a value put in twice could come to hold itself.
        part[last] = copy.deepcopy(draw(ODD))
    return resource


def reading(resource):
    try:
        read_patient(resource, asked=None, today=date(2026, 11, 22))
    except RowRefused:
        return "refused"
    return "read"


@settings(max_examples=300, deadline=None)
@given(spoilt())
def test_a_spoilt_patient_is_read_or_refused(resource):
    assert reading(resource) in ("read", "refused")
