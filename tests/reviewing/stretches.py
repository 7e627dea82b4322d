"""Callers and what they did, made up; a test states only what matters to it."""

from datetime import UTC, datetime, timedelta
from itertools import count

from gateway.reviewing.conduct import conduct_of
from gateway.reviewing.judging import judged
from gateway.reviewing.looks import Commonness, Look, Reviewed, Stretch, Touch
from gateway.reviewing.thresholds import Thresholds

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
THRESHOLDS = Thresholds()
_numbers = count(1)


def a_touch(child=None, **stated):
    """A child with whom the caller works."""
    return Touch(**{"child": child or f"child-{next(_numbers)}", "own": True, "agency": True} | stated)


def a_stranger(child=None, **stated):
    """A child with whom neither caller nor agency works."""
    return a_touch(child, **{"own": False, "agency": False} | stated)


def a_look(*touches, at=MONDAY, **stated):
    return Look(**{"seq": next(_numbers), "at": at, "touches": touches} | stated)


def a_stretch(*looks, person="insider", role="health-practitioner", agency="agency-1", **stated):
    caller = Reviewed(person=person, role=role, agency=agency, authority="E08000009")
    return Stretch(caller=caller, looks=looks, **stated)


def ordinary(number, *, children=6, **stated):
    """Somebody who looks at some children a day for a week, all of their own caseload."""
    looks = [a_look(a_touch(), at=MONDAY + timedelta(days=one % 5, minutes=one)) for one in range(children * 5)]
    return a_stretch(*looks, person=f"ordinary-{number}", **stated)


def common(pairs=1_000, **stated):
    """How common surnames and postcodes are among so many children looked at."""
    return Commonness(pairs=pairs, **stated)


def findings(*stretches, peers=12, thresholds=THRESHOLDS, commonness=None, **stated):
    """What a review finds of these callers among ordinary ones, as {(person, pattern): finding}."""
    everybody = [*stretches, *(ordinary(number) for number in range(peers))]
    found = judged(
        [conduct_of(stretch, thresholds) for stretch in everybody],
        thresholds=thresholds,
        commonness=commonness or common(),
        **stated,
    )
    return {(finding.caller.person, finding.pattern.value): finding for finding in found}


def patterns(*stretches, **stated):
    """The patterns found of the insider."""
    return {pattern for person, pattern in findings(*stretches, **stated) if person == "insider"}
