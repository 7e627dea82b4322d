"""Responsibility for a child moves between two real gateways by offer and answer, and by nothing else."""

from dataclasses import replace
from uuid import uuid4

import orjson
import pytest

from gateway.federation.exchange import message_of
from gateway.federation.reconciling import Part, Reconciliation, calls_in
from gateway.federation.signed import new_key, sign, unverified
from gateway.federation.statements import TRANSFER_TYPE, TransferSigner
from gateway.federation.transfer import Subject, Transfer
from gateway.identity import Access
from gateway.ledger.stored import StoredEntry
from gateway.vocabulary import AuthorityCode, TransferId
from tests.support.builders import NOW, a_child, a_shield, an_authority
from tests.support.federation import ELSEWHERE, HERE, NURSE, THERE, assertion, entries_of, entry_of, speaking_as
from tests.support.ids import child_id
from tests.support.processes import until
from tests.support.transfers import true_holder, two_directories

MOVED = [{"code": HERE}, {"code": THERE}]


@pytest.fixture(scope="module")
async def directories(postgres, tmp_path_factory):
    async with two_directories(postgres, tmp_path_factory.mktemp("two")) as both:
        yield both


@pytest.fixture
def here(directories):
    return directories[0]


@pytest.fixture
def there(directories):
    return directories[1]


def a_number():
    """A valid NHS number that no other test of this module has used."""
    digits = f"9{next(_serial):08}"
    check = (11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=True)) % 11) % 11
    return a_number() if check == 10 else f"{digits}{check}"


_serial = iter(range(1, 10_000))


@pytest.fixture
async def child(here, there):
    """One child with a record at each: (ours, theirs)."""
    number = a_number()
    return await here.child(number=number), await there.child(number=number, authority=HERE)


async def arrived(directory, transfer, state):
    async def is_so():
        return await directory.state(transfer) == state

    await until(is_so)


async def test_an_offer_that_is_accepted_moves_responsibility_at_both(here, there, child):
    ours, theirs = child

    transfer = await here.offer(ours, there)
    await arrived(there, transfer, "OFFERED")
    offered = await here.responsible(ours), await there.responsible(theirs)
    accepted = await there.step("ACCEPT", transfer=transfer)
    await arrived(here, transfer, "ACCEPTED")

    assert offered == (HERE, HERE)
    assert accepted.payload["transfer"]["child"]["responsibleAuthority"] == {"code": THERE}
    for directory, record in ((here, ours), (there, theirs)):
        told = await directory.history(record)
        assert told["responsibleAuthority"] == {"code": THERE}
        [one] = told["responsibilityHistory"]
        assert (directory.meant(one["id"]), one["state"], [one["offeredBy"], one["offeredTo"]]) == (
            transfer,
            "ACCEPTED",
            MOVED,
        )
    assert [one.text for one in await _statements(here, transfer)] == [
        one.text for one in await _statements(there, transfer)
    ]


async def _statements(directory, transfer):
    [kept] = [one for one in await directory.transfers() if one.transfer.id == transfer]
    return kept.transfer.statements


async def test_an_offer_that_is_refused_moves_nothing(here, there, child):
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")

    await there.step("REFUSE", transfer=transfer)
    await arrived(here, transfer, "REFUSED")

    assert (await here.responsible(child[0]), await there.responsible(child[1])) == (HERE, HERE)
    again = await here.offer(child[0], there)
    await arrived(there, again, "OFFERED")


async def test_an_offer_is_withdrawn_before_it_is_answered(here, there, child):
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")

    withdrawing = await here.step("WITHDRAW", transfer=transfer)
    await arrived(here, transfer, "WITHDRAWN")
    too_late = await there.step("ACCEPT", transfer=transfer)

    assert withdrawing.payload["transfer"]["state"] == "WITHDRAWING"
    assert too_late.refused == ["AGREEMENT_NEEDED"]
    assert await here.responsible(child[0]) == HERE


async def test_responsibility_comes_back_by_an_offer_of_its_own(here, there, child):
    ours, theirs = child
    for giver, taker, record in ((here, there, ours), (there, here, theirs), (here, there, ours)):
        transfer = await giver.offer(record, taker)
        await arrived(taker, transfer, "OFFERED")
        assert (await taker.step("ACCEPT", transfer=transfer)).refused == []
        await arrived(giver, transfer, "ACCEPTED")

        assert {await here.responsible(ours), await there.responsible(theirs)} == {taker.code}
    history = await here.history(ours)
    assert [one["offeredTo"]["code"] for one in history["responsibilityHistory"]] == [THERE, HERE, THERE]


async def test_what_is_offered_is_offered_to_nobody_else_meanwhile(here, there, child):
    await here.offer(child[0], there)

    assert (await here.step("OFFER", child=child[0], to=THERE)).refused == ["TRANSFER_OPEN"]


async def test_only_the_responsible_authority_offers_and_only_the_one_asked_answers(here, there, child):
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")

    refused = [
        await there.step("OFFER", child=child[1], to=HERE),
        await here.step("ACCEPT", transfer=transfer),
        await here.step("REFUSE", transfer=transfer),
        await there.step("WITHDRAW", transfer=transfer),
    ]

    assert [one.refused for one in refused] == [["HELD_ELSEWHERE"]] * 4


async def test_an_answer_is_given_once(here, there, child):
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")
    key = f"key-{uuid4()}"
    accepted = await there.step("ACCEPT", transfer=transfer, key=key)

    assert (await there.step("REFUSE", transfer=transfer)).refused == ["TRANSFER_SETTLED"]
    assert (await there.step("ACCEPT", transfer=transfer)).refused == ["TRANSFER_SETTLED"]
    again = await there.step("ACCEPT", transfer=transfer, key=key)
    assert there.meant(again.payload["transfer"]["id"]) == transfer
    assert accepted.refused == []


async def test_a_child_without_a_record_is_accepted_once_there_is_one(here, there):
    number = a_number()
    ours = await here.child(number=number)
    transfer = await here.offer(ours, there)
    await arrived(there, transfer, "OFFERED")

    before = await there.step("ACCEPT", transfer=transfer)
    theirs = await there.child(number=number, authority=HERE)
    after = await there.step("ACCEPT", transfer=transfer)

    assert (before.refused, after.refused) == (["RECORD_NEEDED"], [])
    assert await there.responsible(theirs) == THERE


async def test_a_child_of_a_third_authority_is_accepted_only_by_who_has_asked_that_one(here, there, child):
    theirs = child[1]
    await an_authority(there.database, ELSEWHERE)
    await there.database.execute("UPDATE child SET authority = $2 WHERE id = $1", theirs, ELSEWHERE)
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")

    unasked = await there.step("ACCEPT", transfer=transfer)
    other = await there.step("ACCEPT", transfer=transfer, insteadOf=HERE)
    refusal = await there.step("REFUSE", transfer=transfer, insteadOf=ELSEWHERE)
    meanwhile = await there.responsible(theirs)
    asked = await there.step("ACCEPT", transfer=transfer, insteadOf=ELSEWHERE)

    assert [one.refused for one in (unasked, other, refusal, asked)] == [
        ["OTHER_RESPONSIBLE"],
        ["OTHER_RESPONSIBLE"],
        ["BAD_STEP"],
        [],
    ]
    assert (meanwhile, await there.responsible(theirs)) == (ELSEWHERE, THERE)


async def test_a_shield_goes_with_the_child_and_ends_by_a_review_there(here, there, child):
    ours, theirs = child
    await a_shield(here.database, ours)
    nurse = await there.persona("health-practitioner")
    transfer = await here.offer(ours, there)
    await arrived(there, transfer, "OFFERED")
    whereabouts = "query($id: ID!) { child(by: {id: $id}) { address { postcode } withheld { reason } } }"

    accepted = await there.step("ACCEPT", transfer=transfer)
    told = (await there.client.ask(nurse, whereabouts, {"id": child_id(theirs)})).data["child"]
    row = await there.database.fetchrow("SELECT requested_by, decided_at FROM shield WHERE child_id = $1", theirs)

    assert accepted.payload["transfer"]["shielded"] is True
    assert told == {"address": None, "withheld": [{"reason": "SHIELDED"}]}
    assert dict(row) == {"requested_by": "authority", "decided_at": None}


async def test_no_identifier_no_member_no_form_no_offer(here, child):
    without = await a_child(here.database)

    refused = {
        "NO_IDENTIFIER": await here.step("OFFER", child=without, to=THERE),
        "NOT_A_MEMBER": await here.step("OFFER", child=child[0], to="E08000006"),
        "BAD_STEP": await here.step("OFFER", child=child[0]),
    }

    assert {code: answer.refused for code, answer in refused.items()} == {code: [code] for code in refused}
    assert (await here.step("OFFER", child=child[0], to=HERE)).refused == ["NOT_A_MEMBER"]
    assert (await here.step("ACCEPT", transfer=uuid4(), to=THERE)).refused == ["BAD_STEP"]


async def test_what_may_not_be_known_of_is_refused_like_what_is_not_there(here, there, child):
    nurse = await here.persona("health-practitioner")
    transfer = await here.offer(child[0], there)
    hidden = await a_child(here.database, standing="archived", nhs_number=a_number())

    transfers = [await here.step("ACCEPT", by=nurse, transfer=one) for one in (transfer, uuid4(), "no id", "")]
    children = [await here.step("OFFER", by=nurse, child=one, to=THERE) for one in (hidden, uuid4())]

    for answers in (transfers, children):
        assert {answer.content for answer in answers} == {answers[0].content}
        assert answers[0].refused == ["NOT_FOUND"]


PAGE = """query Page($first: Int!, $after: String, $unanswered: Boolean!) {
  responsibilityTransfers(unanswered: $unanswered, first: $first, after: $after) {
    edges { cursor node { id state nhsNumber } } pageInfo { hasNextPage endCursor }
  } }"""


async def _pages(directory, persona, *, first=1, unanswered=False):
    after, found = None, []
    while True:
        answer = await directory.client.ask(persona, PAGE, {"first": first, "after": after, "unanswered": unanswered})
        page = answer.data["responsibilityTransfers"]
        assert len(page["edges"]) <= first
        found += [directory.meant(edge["node"]["id"], by=persona) for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        assert len(page["edges"]) == first, "a page is full unless it is the last"
        after = page["pageInfo"]["endCursor"]


async def test_a_page_leaves_out_the_transfers_of_shielded_children_without_a_trace(here, there):
    plain = [await here.offer(await here.child(number=a_number()), there) for _ in range(2)]
    shielded_child = await here.child(number=a_number())
    shielded = await here.offer(shielded_child, there)
    last = await here.offer(await here.child(number=a_number()), there)
    await a_shield(here.database, shielded_child)
    social_worker = await here.persona("social-worker", purpose="direct-support")

    for_team, for_worker = await _pages(here, here.team), await _pages(here, social_worker)

    assert {*plain, shielded, last} <= set(for_team)
    assert {*plain, last} <= set(for_worker)
    assert shielded not in for_worker
    assert [one for one in for_team if one in for_worker] == for_worker
    assert await _pages(here, await here.persona("health-practitioner")) == []


async def test_a_cursor_of_another_list_is_refused(here):
    answer = await here.client.ask(here.team, PAGE, {"first": 5, "after": "x", "unanswered": True})

    assert answer.codes == ["BAD_CRITERIA"]


async def test_two_agencies_know_a_transfer_by_ids_of_their_own(here, there, child):
    await here.offer(child[0], there)
    workers = [await here.persona("social-worker") for _ in range(2)]

    told = [(await here.history(child[0], by=worker))["responsibilityHistory"] for worker in workers]

    assert [len(history) for history in told] == [1, 1]
    assert told[0][0]["id"] != told[1][0]["id"]


async def test_a_message_names_nobody(here, there, child):
    transfer = await here.offer(child[0], there)
    [kept] = [one for one in await here.transfers() if one.transfer.id == transfer]

    document = orjson.loads(message_of(kept))

    assert set(document) == {"subject", "statements"}
    assert set(document["subject"]) == {"nhsNumber", "shielded", "opening"}
    assert [set(unverified(one)) for one in document["statements"]] == [
        {"iss", "aud", "kind", "transfer", "at", "child", "turn"}
    ]


async def test_both_ledgers_have_each_exchange_and_agree(here, there, child):
    transfer = await here.offer(child[0], there)
    await arrived(there, transfer, "OFFERED")
    await there.step("ACCEPT", transfer=transfer)
    await arrived(here, transfer, "ACCEPTED")

    async def told():
        return not await here.tell() and not await there.tell()

    await until(told)
    reconciliation, committed = Reconciliation(ours=HERE, theirs=THERE), []
    for directory, other in ((here, THERE), (there, HERE)):
        rows = await directory.database.fetch("SELECT seq, entry, leaf_hash FROM ledger_entry ORDER BY seq")
        stored = [StoredEntry(seq=row["seq"], entry=row["entry"].encode(), leaf_hash=row["leaf_hash"]) for row in rows]
        for call in calls_in(stored, other=other):
            reconciliation.take(call, of=directory.code)
            committed += [] if call.commitment is None else [(directory.code, call.part)]

    assert reconciliation.calls >= 2
    assert set(committed) == {(code, part) for code in (HERE, THERE) for part in Part}
    assert list(reconciliation.differences()) == []


class Message:
    """A message as HERE would send it to THERE, to be changed by a test."""

    def __init__(self, here, there, *, number=None):
        self.here, self.there = here, there
        self.signer = TransferSigner(home=AuthorityCode(HERE), key=lambda: here.side.member.key)
        self.subject = Subject.of(number or a_number(), shielded=False)
        self.offer = self.signer.offer(
            self.subject, transfer=TransferId(uuid4()), to=AuthorityCode(THERE), turn=1, at=NOW
        )

    def body(self, **changed):
        return orjson.dumps({"subject": self.subject.document(), "statements": [self.offer.text]} | changed)

    async def sent(self, body=None, *, asker=None, purpose="administration"):
        body = self.body() if body is None else body
        member = self.here.side.member
        text = assertion(
            member,
            body=body,
            asker=asker or replace(NURSE, role="directory-team"),
            access=Access(purpose=purpose, reason="Responsibility transfer", case=None, grant=None),
        )
        endpoint = self.there.side.member.member.endpoints[0]
        async with speaking_as(member.own, self.there.side.member.member) as http:
            headers = {"content-type": "application/json", "authorization": f"Bearer {text}"}
            return await http.post(f"{endpoint}/federation/transfer", content=body, headers=headers)

    async def refusal(self, *arguments, **stated):
        """Code and audit reason of a message that was refused, once it is seen that nothing was kept of it."""
        answer = await self.sent(*arguments, **stated)
        entry = await entry_of(self.there.database, answer)
        [code] = entry["outcome"]["codes"]
        assert entry["outcome"]["status"] == "refused"
        assert await self.there.state(self.offer.transfer) is None
        return code["code"], code["reason"]


@pytest.fixture
def message(here, there):
    return Message(here, there)


async def test_a_message_that_is_repeated_changes_nothing(message, there):
    first, second = await message.sent(), await message.sent()

    assert first.json() == second.json() == {"data": {"statements": [message.offer.text]}}
    [entry] = await entries_of(there.database, second)
    assert entry["outcome"]["status"] == "answered"
    assert [record["type"] for record in entry["records"]] == ["Action"]
    assert "disclosed" not in entry["records"][0], "nothing was changed by it"


async def test_a_withdrawal_that_overtakes_its_offer_is_the_answer(message, there):
    withdrawal = message.signer.withdrawal(Transfer(offer=message.offer), at=NOW)

    answer = await message.sent(message.body(statements=[withdrawal.text, message.offer.text]))
    late = await message.sent()

    assert await there.state(message.offer.transfer) == "WITHDRAWN"
    assert answer.json() == late.json()
    assert len(late.json()["data"]["statements"]) == 3


async def test_a_message_is_held_to_what_it_says(message, here):
    strangers = sign(unverified(message.offer.text), type=TRANSFER_TYPE, key=new_key())
    other = Subject.of(a_number(), shielded=False)
    ours = TransferSigner(home=AuthorityCode(HERE), key=lambda: here.side.member.key)
    not_theirs = ours.offer(
        message.subject, transfer=message.offer.transfer, to=AuthorityCode("E08000006"), turn=1, at=NOW
    )

    refused = {
        "transfer-statement-key": message.body(statements=[strangers]),
        "transfer-subject-other": message.body(subject=other.document()),
        "transfer-subject-malformed": message.body(subject=None),
        "transfer-statements-malformed": message.body(statements=[]),
        "transfer-statement-malformed": message.body(statements=[7]),
        "transfer-between-others": message.body(statements=[not_theirs.text]),
        "request-form:400": b"[]",
    }

    for reason, body in refused.items():
        assert await message.refusal(body) == ("BAD_REQUEST", reason)


async def test_nobody_answers_in_the_name_of_the_authority_that_was_asked(message, there):
    said = unverified(message.offer.text)
    answer = {"kind": "answer", "offer": message.offer.digest, "answer": "accepted"}
    key = message.here.side.member.key
    theirs = sign({**said, **answer, "iss": THERE, "aud": HERE}, type=TRANSFER_TYPE, key=key)
    ours = sign({**said, **answer}, type=TRANSFER_TYPE, key=key)

    assert [
        await message.refusal(message.body(statements=[message.offer.text, forged])) for forged in (theirs, ours)
    ] == [("BAD_REQUEST", "transfer-statement-key"), ("BAD_REQUEST", "transfer-statement-unfit")]


@pytest.mark.parametrize(
    ("asker", "purpose", "code", "reason"),
    [
        (NURSE, "administration", "PURPOSE_REQUIRED", "purpose-unknown"),
        (replace(NURSE, role="directory-team"), "safeguarding-enquiry", "NOT_FOR_ROLE", "message-not-for-role"),
        (replace(NURSE, role="supplier"), "administration", "MEDIATION_NOT_LISTED", "message-not-for-role"),
    ],
)
async def test_who_may_send_a_message_is_for_the_rules_of_the_authority_that_is_asked(
    message, asker, purpose, code, reason
):
    assert (await message.refusal(asker=asker, purpose=purpose))[0] == code
    assert reason in (await message.refusal(asker=asker, purpose=purpose))[1]


async def test_the_purpose_of_messages_is_told_nothing_by_the_graph(message, there, child):
    body = orjson.dumps({"query": "{ me { role } }"})
    text = assertion(
        message.here.side.member,
        body=body,
        asker=replace(NURSE, role="directory-team"),
        access=Access(purpose="administration", reason="Looking", case=None, grant=None),
    )
    async with speaking_as(message.here.side.member.own, there.side.member.member) as http:
        headers = {"content-type": "application/json", "authorization": f"Bearer {text}"}
        endpoint = there.side.member.member.endpoints[0]
        answer = await http.post(f"{endpoint}/graphql", content=body, headers=headers)

    assert answer.json()["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
    assert "message-only" in (await entry_of(there.database, answer))["outcome"]["codes"][0]["reason"]


async def test_a_withdrawal_that_comes_after_the_acceptance_changes_nothing(postgres, tmp_path):
    async with two_directories(postgres, tmp_path, first_is_reached=False) as (here, there):
        ours, theirs = await here.child(), await there.child(authority=HERE)
        transfer = await here.offer(ours, there)
        await arrived(there, transfer, "OFFERED")
        await there.step("ACCEPT", transfer=transfer)
        told = await there.tell()
        unknown = await here.state(transfer), await here.responsible(ours)

        withdrawing = await here.step("WITHDRAW", transfer=transfer)
        await arrived(here, transfer, "ACCEPTED")

        assert [fault.partition(":")[0] for fault in told] == ["peer-connection"]
        assert unknown == ("OFFERED", HERE)
        assert withdrawing.payload["transfer"]["state"] == "WITHDRAWING"
        assert (await here.responsible(ours), await there.responsible(theirs)) == (THERE, THERE)
        assert await true_holder(here, there, first=HERE) == THERE
