"""A call between gateways is answered under one assertion, of one member, for one call; all others are refused by name.

Every test asks a whole gateway over TLS 1.3 with certificates on both sides, and reads what its ledger says of it.
"""

import asyncio
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from connectors.postgres.database import Database
from connectors.postgres.federation import UsedAssertions
from gateway.federation.assertion import ASSERTION_TYPE, Refusal
from gateway.federation.signed import new_key, public_jwk, sign, unverified
from gateway.vocabulary import CallerStanding, RecordType
from tests.faults.locks import locked
from tests.support.builders import NOW, a_child, an_authority
from tests.support.federation import (
    ACCESS,
    ASKED,
    COMMITMENT,
    ELSEWHERE,
    HERE,
    NURSE,
    THERE,
    RegistryFile,
    a_member_served,
    assertion,
    call,
    changed,
    enrolled,
    entries_of,
    entry_of,
    speaking_as,
)
from tests.support.postgres import fresh_database

WHO = "query Who($by: ChildKey!) { child(by: $by) { givenName familyName nhsNumber withheld { field reason } } }"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return enrolled(tmp_path_factory.mktemp("here"), HERE)


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    return enrolled(tmp_path_factory.mktemp("there"), THERE)


@pytest.fixture(scope="module")
async def database(postgres):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=8, timeout=20.0)
        yield database
        await database.close()


@pytest.fixture(scope="module")
async def gateway(database, tmp_path_factory, here, there):
    """One gateway that all of these tests ask: its address for peers, and its application."""
    folder = tmp_path_factory.mktemp("gateway")
    async with a_member_served(database.url, folder, there, RegistryFile(folder, here, there)) as (_, address, app):
        yield address, app


async def refusal_of(database, answer):
    """The audit reason of a call that was refused, once it is seen that nothing was told."""
    entry = await entry_of(database, answer)
    assert answer.status_code == 401
    assert "data" not in answer.json()
    assert entry["outcome"]["status"] == "refused"
    assert entry["caller"]["authority"] == HERE
    assert entry["access"]["origin"] == "cross-border"
    [code] = entry["outcome"]["codes"]
    assert code["code"] == "UNAUTHENTICATED"
    assert code["reason"] in answer.text
    return code["reason"]


async def test_a_named_person_elsewhere_is_answered_in_the_role_of_a_peer(answering, database, here, there):
    answer = await call(answering, here, there, assertion(here))

    assert answer.json() == {"data": {"me": {"role": "peer", "standing": "CURRENT"}}}
    entry = await entry_of(database, answer)
    caller = entry["caller"]
    assert (caller["person"], caller["role"], caller["authority"]) == (f"{HERE}:nurse.okafor", "peer", HERE)
    assert caller["acts_for"] == {"role": "health-practitioner", "standing": "current"}
    assert (caller["agency"], caller["peer"]) == ("agency-of-here", HERE)
    access = entry["access"]
    assert (access["purpose"], access["origin"]) == ("direct-support", "cross-border")


async def test_national_identifiers_do_not_cross_for_a_role_that_is_not_allowed_them(
    answering, known_here, database, here, there
):
    await an_authority(database, THERE)
    child = await a_child(database, given_name="Mia", authority=THERE, nhs_number="9434765919")
    body = orjson.dumps({"query": WHO, "variables": {"by": {"id": known_here.told(RecordType.CHILD, child)}}})
    nurse = await call(answering, here, there, assertion(here, body=body), body=body)
    worker = replace(NURSE, role="social-worker")
    social_worker = await call(answering, here, there, assertion(here, body=body, asker=worker), body=body)

    assert nurse.json()["data"]["child"]["givenName"] == "Mia"
    assert nurse.json()["data"]["child"]["nhsNumber"] is None
    assert social_worker.json()["data"]["child"]["nhsNumber"] == "9434765919"


CLERK = replace(NURSE, person="clerk.lewis", name="Owen Lewis")


async def test_a_mediator_asks_across_the_border_and_both_stand_in_one_entry(answering, database, here, there):
    mediated = replace(NURSE, person="worker.hale", role="social-worker", mediator=CLERK)
    answer = await call(answering, here, there, assertion(here, asker=mediated))

    caller = (await entry_of(database, answer))["caller"]
    assert answer.json() == {"data": {"me": {"role": "peer", "standing": "CURRENT"}}}
    assert (caller["person"], caller["mediated_for"]) == (f"{HERE}:clerk.lewis", f"{HERE}:worker.hale")
    assert caller["acts_for"] == {
        "role": "social-worker",
        "standing": "current",
        "through": {"role": "health-practitioner", "standing": "current"},
    }


async def test_a_mediated_ask_across_the_border_is_told_the_narrowest_of_three_roles(
    answering, known_here, database, here, there
):
    await an_authority(database, THERE)
    child = await a_child(database, given_name="Mia", authority=THERE, nhs_number="9434765870")
    body = orjson.dumps({"query": WHO, "variables": {"by": {"id": known_here.told(RecordType.CHILD, child)}}})
    worker = replace(NURSE, person="worker.hale", role="social-worker")

    async def told(mediator):
        asked = assertion(here, body=body, asker=replace(worker, mediator=mediator))
        return (await call(answering, here, there, asked, body=body)).json()

    through_a_nurse, through_a_colleague = await told(CLERK), await told(replace(worker, person="clerk.lewis"))
    through_somebody_lapsed = await told(replace(CLERK, standing=CallerStanding.TRAINING_LAPSED))

    assert through_a_nurse["data"]["child"]["givenName"] == "Mia"
    assert through_a_nurse["data"]["child"]["nhsNumber"] is None
    assert through_a_colleague["data"]["child"]["nhsNumber"] == "9434765870"
    assert through_somebody_lapsed.get("data") is None
    assert [error["extensions"]["code"] for error in through_somebody_lapsed["errors"]] == ["ACCESS_LAPSED"]


def unsigned(here):
    """An assertion that says of itself that it needs no signature."""
    head = {"alg": "none", "typ": ASSERTION_TYPE, "kid": here.key.thumbprint()}
    parts = [
        urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in (head, unverified(assertion(here)))
    ]
    return ".".join([*parts, ""])


REFUSED = {
    "assertion-missing": lambda here: None,
    "assertion-malformed": lambda here: "junk",
    "assertion-key": lambda here: assertion(here, key=new_key()),
    "assertion-type": lambda here: sign(unverified(assertion(here)), type="JWT", key=here.key),
    "assertion-algorithm": lambda here: jws.serialize_compact(
        {"alg": "HS256", "typ": ASSERTION_TYPE, "kid": here.key.thumbprint()},
        orjson.dumps(unverified(assertion(here))),
        OctKey.import_key(orjson.dumps(public_jwk(here.key))),
        algorithms=["HS256"],
    ),
    "assertion-signature": lambda here: assertion(here)[:-6] + "AAAAAA",
    "assertion-claims-missing": lambda here: changed(here, without=("jti",)),
    "assertion-claims-malformed": lambda here: changed(here, left="soon"),
    "assertion-issuer": lambda here: assertion(here, issuer=ELSEWHERE),
    "assertion-audience": lambda here: assertion(here, audience=ELSEWHERE),
    "assertion-certificate": lambda here: assertion(here, certificate=b"another"),
    "assertion-operation": lambda here: assertion(here, body=b'{"query":"{ me { name } }"}'),
    "assertion-hop": lambda here: changed(here, hop=2),
    "assertion-life": lambda here: changed(here, exp=int(NOW.timestamp()) + 61),
    "assertion-expired": lambda here: assertion(here, at=NOW - timedelta(seconds=91)),
    "assertion-not-yet-valid": lambda here: assertion(here, at=NOW + timedelta(seconds=31)),
    "assertion-purpose-missing": lambda here: assertion(here, access=replace(ACCESS, purpose=None)),
    "assertion-role-widened": lambda here: assertion(here, asker=replace(NURSE, role="directory-team")),
    "assertion-mediated": lambda here: changed(here, act={"sub": "clerk.lewis"}),
}


@pytest.mark.parametrize("reason", REFUSED)
async def test_an_assertion_that_is_not_for_this_call_is_refused_by_name(answering, database, here, there, reason):
    answer = await call(answering, here, there, REFUSED[reason](here))

    assert await refusal_of(database, answer) == reason


def test_every_refusal_that_there_is_is_caused_over_a_connection():
    assert {*REFUSED, Refusal.REPLAYED} == set(Refusal)


MEDIATING = {
    "sub": "clerk.lewis",
    "name": "Owen Lewis",
    "role": "social-worker",
    "agency": "agency-of-here",
    "standing": "current",
}
FURTHER = {
    "a list of audiences": ("assertion-audience", lambda here: changed(here, aud=[THERE])),
    "a reason that is blank": ("assertion-purpose-missing", lambda here: changed(here, reason="  ")),
    "a hop that is none": ("assertion-hop", lambda here: changed(here, hop=0)),
    "a hop that is true": ("assertion-claims-malformed", lambda here: changed(here, hop=True)),
    "an expiry before its issue": ("assertion-life", lambda here: changed(here, exp=1)),
    "a not-before that is to come": (
        "assertion-not-yet-valid",
        lambda here: changed(here, nbf=int(NOW.timestamp()) + 31),
    ),
    "a confirmation that names no certificate": ("assertion-certificate", lambda here: changed(here, cnf={})),
    "a standing of no known word": ("assertion-claims-malformed", lambda here: changed(here, standing="splendid")),
    "a request id of another form": ("assertion-claims-malformed", lambda here: changed(here, rid="a b")),
    "a commitment that is no text": ("assertion-claims-malformed", lambda here: changed(here, ent=None)),
    "a commitment of another length": ("assertion-claims-malformed", lambda here: changed(here, ent="A" * 44)),
    "a commitment that is another's text": (
        "assertion-claims-malformed",
        lambda here: changed(here, ent="A" * 42 + "B"),
    ),
    "a reason over the limit": ("assertion-claims-malformed", lambda here: changed(here, reason="x" * 501)),
    "the role of a peer itself": ("assertion-role-widened", lambda here: changed(here, role="peer")),
    "a mediator who is nobody": ("assertion-mediated", lambda here: changed(here, act="clerk.lewis")),
    "a mediator of no known standing": (
        "assertion-mediated",
        lambda here: changed(here, act=MEDIATING | {"standing": "splendid"}),
    ),
    "a mediator without a name": ("assertion-mediated", lambda here: changed(here, act=MEDIATING | {"name": ""})),
    "somebody behind the mediator": (
        "assertion-mediated",
        lambda here: changed(here, act=MEDIATING | {"act": MEDIATING}),
    ),
    "a mediator's role that is not listed": (
        "assertion-role-widened",
        lambda here: changed(here, act=MEDIATING | {"role": "directory-team"}),
    ),
    "an assertion over the limit": ("assertion-malformed", lambda here: changed(here, more="x" * 9_000)),
    "no signature at all": ("assertion-malformed", unsigned),
    "another algorithm than the key's": (
        "assertion-algorithm",
        lambda here: jws.serialize_compact(
            {"alg": "Ed25519", "typ": ASSERTION_TYPE, "kid": here.key.thumbprint()},
            b"{}",
            new_key("Ed25519"),
            algorithms=["Ed25519"],
        ),
    ),
}


@pytest.mark.parametrize("what", FURTHER)
async def test_an_assertion_of_another_form_is_refused_by_name(answering, database, here, there, what):
    reason, made = FURTHER[what]
    answer = await call(answering, here, there, made(here))

    assert await refusal_of(database, answer) == reason


async def test_what_the_asking_side_commits_to_is_kept_and_an_older_release_is_answered_without(
    answering, database, here, there
):
    committed = await call(answering, here, there, assertion(here))
    older = await call(answering, here, there, changed(here, without=("ent",)))

    assert (committed.status_code, older.status_code) == (200, 200)
    assert (await entry_of(database, committed))["caller"]["commitment"] == COMMITMENT
    assert "commitment" not in (await entry_of(database, older))["caller"]


async def test_a_purpose_that_no_role_has_is_refused_by_the_rules(answering, database, here, there):
    answer = await call(answering, here, there, assertion(here, access=replace(ACCESS, purpose="curiosity")))

    assert answer.status_code == 403
    [code] = (await entry_of(database, answer))["outcome"]["codes"]
    assert code == {"code": "PURPOSE_REQUIRED", "reason": "purpose-unknown"}


OF_ANOTHER_ROLE = {
    "of teachers, by a nurse": ("missing-education", NURSE),
    "of teachers, for one through a nurse": (
        "missing-education",
        replace(NURSE, person="teacher.moss", role="education-practitioner", mediator=CLERK),
    ),
    "of directory teams, by a social worker": ("brokering", replace(NURSE, role="social-worker")),
    "of auditors, by a nurse": ("review", NURSE),
    "of children and carers, by a teacher": ("subject-access", replace(NURSE, role="education-practitioner")),
    "of messages, by a nurse": ("administration", NURSE),
}


@pytest.mark.parametrize("what", OF_ANOTHER_ROLE)
async def test_a_purpose_of_another_role_is_refused_by_the_rules_and_recorded(
    answering, known_here, database, here, there, what
):
    """Each is a purpose of the closed list, well formed and signed, and not one that everybody who asks may have."""
    purpose, asker = OF_ANOTHER_ROLE[what]
    await an_authority(database, THERE)
    child = await a_child(database, authority=THERE)
    body = orjson.dumps({"query": WHO, "variables": {"by": {"id": known_here.told(RecordType.CHILD, child)}}})
    stated = replace(ACCESS, purpose=purpose)
    answer = await call(answering, here, there, assertion(here, body=body, asker=asker, access=stated), body=body)

    assert answer.status_code == 403
    assert answer.json().get("data") is None
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["PURPOSE_REQUIRED"]
    entry = await entry_of(database, answer)
    assert entry["outcome"]["status"] == "refused"
    [code] = entry["outcome"]["codes"]
    assert "purpose-unknown" in code["reason"].split(",")
    assert (entry["access"]["purpose"], entry["caller"]["acts_for"]["role"]) == (purpose, asker.role)
    assert entry["records"] == []


async def test_the_same_purpose_is_answered_in_the_role_that_has_it(answering, database, here, there):
    teacher, stated = replace(NURSE, role="education-practitioner"), replace(ACCESS, purpose="missing-education")
    answer = await call(answering, here, there, assertion(here, asker=teacher, access=stated))

    assert answer.json() == {"data": {"me": {"role": "peer", "standing": "CURRENT"}}}
    assert (await entry_of(database, answer))["access"]["purpose"] == "missing-education"


async def test_a_person_whose_standing_has_lapsed_is_refused_by_the_rules(answering, database, here, there):
    lapsed = replace(NURSE, standing=CallerStanding.TRAINING_LAPSED)
    answer = await call(answering, here, there, assertion(here, asker=lapsed))

    assert answer.status_code == 403
    assert (await entry_of(database, answer))["outcome"]["codes"][0]["code"] == "ACCESS_LAPSED"


async def test_clocks_may_differ_by_half_a_minute(answering, here, there):
    behind = await call(answering, here, there, assertion(here, at=NOW - timedelta(seconds=89)))
    ahead = await call(answering, here, there, assertion(here, at=NOW + timedelta(seconds=29)))

    assert (behind.status_code, ahead.status_code) == (200, 200)


async def test_an_assertion_is_good_once(answering, database, here, there):
    text = assertion(here)
    answers = [await call(answering, here, there, text) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    entries = await entries_of(database, answers[1])
    assert [[code["reason"] for code in entry["outcome"]["codes"]] for entry in entries] == [[], ["assertion-replayed"]]


async def test_an_assertion_is_good_once_at_all_gateways_of_an_authority(database, database_url):
    """Eight stores stand for eight processes on one database."""
    stores = [UsedAssertions(database) for _ in range(8)]
    first = await asyncio.gather(
        *(store.first_use(issuer=HERE, token="t", until=NOW + timedelta(minutes=2), at=NOW) for store in stores)
    )

    assert sorted(first) == [False] * 7 + [True]


async def test_used_assertions_are_forgotten_once_they_have_expired(database):
    store = UsedAssertions(database)
    await store.first_use(issuer=HERE, token="gone", until=NOW, at=NOW)
    await store.first_use(issuer=HERE, token="kept", until=NOW + timedelta(minutes=9), at=NOW + timedelta(minutes=2))

    left = await database.fetch("SELECT token FROM peer_assertion_used WHERE token IN ('gone', 'kept')")
    assert [row["token"] for row in left] == ["kept"]


async def test_work_that_nobody_waits_for_any_more_is_not_begun(answering, database, here, there):
    answer = await call(answering, here, there, assertion(here, time_left=0.02))

    assert answer.status_code == 503
    assert (await entry_of(database, answer))["outcome"]["codes"][0]["reason"] == "request-late"


async def test_work_under_way_ends_when_the_asking_side_no_longer_waits(answering, known_here, database, here, there):
    """The gateway's own limit is half a minute, and its database does not answer."""
    body = orjson.dumps({"query": WHO, "variables": {"by": {"id": known_here.told(RecordType.CHILD, uuid4())}}})
    async with locked(database.url, "child"):
        answer = await call(answering, here, there, assertion(here, body=body, time_left=1.0), body=body)

    assert answer.json().get("data") is None
    assert [code["reason"] for code in (await entry_of(database, answer))["outcome"]["codes"]] == ["request-late"]


async def test_a_body_of_another_form_is_refused_and_held_to_the_member(answering, database, here, there):
    long = b'{"query": "' + b"x" * 100_000 + b'"}'
    answer = await call(answering, here, there, assertion(here, body=long), body=long)

    assert answer.status_code == 400
    assert (await entry_of(database, answer))["caller"]["person"] == HERE


async def test_a_grant_does_not_cross(answering, database, here, there):
    async with speaking_as(here.own, there.member) as http:
        headers = {"authorization": f"Bearer {assertion(here)}", "access-grant": "g-1", "access-purpose": "review"}
        answer = await http.post(f"{answering}/graphql", content=ASKED, headers=headers)

    access = (await entry_of(database, answer))["access"]
    assert (access["grant"], access["purpose"]) == (None, "direct-support")
