"""Exactly one authority is responsible for a child, whatever is lost, repeated, overtaken or said twice."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.signed import new_key, sign, unverified
from gateway.federation.statements import TRANSFER_TYPE, TransferSigner, read_arrived, read_kept
from gateway.federation.transfer import (
    Answer,
    Subject,
    Transfer,
    TransferRefused,
    begun,
    next_turn,
    responsible,
)
from gateway.vocabulary import AuthorityCode, TransferId, TransferState
from tests.properties.profile import examples
from tests.support.builders import NOW
from tests.support.federation import ELSEWHERE, HERE, THERE

KEYS = {code: new_key("Ed25519") for code in (HERE, THERE, ELSEWHERE)}
OPEN = (TransferState.OFFERED, TransferState.WITHDRAWING)
SUBJECT = Subject.of("9434765919", shielded=False)


def keys_of(code):
    return [KEYS[code]] if code in KEYS else []


def signer(code):
    return TransferSigner(home=AuthorityCode(code), key=lambda: KEYS[code])


@dataclass
class Side:
    """One authority: what it has durably, and a clock of its own."""

    code: str
    skew: timedelta
    kept: dict = field(default_factory=dict)

    @property
    def responsible(self):
        """Who is, by what this side knows; all registers began with HERE."""
        return responsible(self.kept.values()) or HERE

    @property
    def waits(self):
        """Whether an offer of this side has had no answer yet."""
        return any(one.offer.by == self.code and one.state in OPEN for one in self.kept.values())

    def keep(self, transfer):
        self.kept[transfer.id] = transfer

    def take(self, texts):
        """Keep what arrived, as a gateway does; a withdrawal that comes before an answer is the answer."""
        statements = [read_kept(text) for text in texts]
        known = self.kept.get(statements[0].transfer)
        transfer = begun(statements) if known is None else known.joined(statements)
        if transfer.owes_answer(self.code):
            said = signer(self.code).answer(transfer, Answer.WITHDRAWN, at=self.now())
            transfer = transfer.joined([said])
        self.keep(transfer)
        return transfer

    def now(self):
        return NOW + self.skew + timedelta(seconds=next(_ticks))


_ticks = count()


_FATES = [(True, True), (True, False), (False, True)]
"""What arrives arrives for the last time or will again, and its reply leaves or is lost."""


class Federation:
    """Three authorities, what is on its way between them, and who is responsible by the one true sequence of events."""

    def __init__(self, skews):
        self.sides = {code: Side(code, timedelta(hours=skew)) for code, skew in zip(KEYS, skews, strict=True)}
        self.wire = []
        self.truth = [HERE]

    def step(self, draw):
        """One of the things that may happen next: whatever each side may do, and whatever the wire may do to it."""
        kinds = [kind for kind in map(list, (self._said(), self._arriving(), self._sent())) if kind]
        draw(st.sampled_from(draw(st.sampled_from(kinds))))()

    def _said(self):
        for side in self.sides.values():
            others = [code for code in self.sides if code != side.code]
            if side.responsible == side.code and not side.waits:
                yield from (partial(self._offer, side, to) for to in others)
            for transfer in side.kept.values():
                if transfer.state is TransferState.OFFERED:
                    yield from self._decisions(side, transfer)

    def _sent(self):
        for side in self.sides.values():
            yield from (partial(self._post, side, transfer) for transfer in side.kept.values())

    def _arriving(self):
        for place in range(len(self.wire)):
            yield from (partial(self._arrives, place, once=once, replied=replied) for once, replied in _FATES)
            yield partial(self.wire.pop, place)

    def _decisions(self, side, transfer):
        if transfer.offer.by == side.code:
            yield partial(self._withdraw, side, transfer)
        elif not side.waits:
            yield partial(self._answer, side, transfer, Answer.ACCEPTED)
            yield partial(self._answer, side, transfer, Answer.REFUSED)

    def _offer(self, side, to):
        turn = next_turn(side.kept.values())
        said = signer(side.code).offer(SUBJECT, transfer=TransferId(uuid4()), to=to, turn=turn, at=side.now())
        self._say(side, Transfer(offer=said))

    def _withdraw(self, side, transfer):
        self._say(side, transfer.joined([signer(side.code).withdrawal(transfer, at=side.now())]))

    def _answer(self, side, transfer, answer):
        self._say(side, transfer.joined([signer(side.code).answer(transfer, answer, at=side.now())]))
        if answer is Answer.ACCEPTED:
            self.truth.append(side.code)

    def _say(self, side, transfer):
        side.keep(transfer)
        self._post(side, transfer)

    def _arrives(self, place, *, once, replied):
        to, texts = self.wire.pop(place) if once else self.wire[place]
        transfer = self.sides[to].take(texts)
        if replied:
            self._post(self.sides[to], transfer)

    def settle(self):
        """Everything is sent until nobody learns anything new."""
        for _ in range(3):
            for side in self.sides.values():
                for transfer in list(side.kept.values()):
                    other = transfer.offer.to if side.code == transfer.offer.by else transfer.offer.by
                    self.sides[other].take([one.text for one in transfer.statements])

    def _post(self, side, transfer):
        other = transfer.offer.to if side.code == transfer.offer.by else transfer.offer.by
        self.wire.append((other, [one.text for one in transfer.statements]))

    def everything(self):
        """All that anybody has durably, joined."""
        known = {}
        for side in self.sides.values():
            for transfer in side.kept.values():
                known[transfer.id] = (
                    transfer.joined(known[transfer.id].statements) if transfer.id in known else transfer
                )
        return list(known.values())


@examples(60)
@given(data=st.data())
def test_exactly_one_authority_is_responsible_at_every_moment(data):
    federation = Federation(data.draw(st.tuples(*[st.integers(-5, 5)] * 3)))

    for _ in range(40):
        federation.step(data.draw)

        true = federation.truth[-1]
        assert (responsible(federation.everything()) or HERE) == true
        assert federation.sides[true].responsible == true, "who is responsible knows it"
        for side in federation.sides.values():
            assert side.responsible in federation.truth, "nobody is named who never was"
            if side.responsible == side.code != true:
                assert side.waits, "whoever only believes it knows that the answer is still to come"
    federation.settle()
    parties = {code for one in federation.everything() for code in (one.offer.by, one.offer.to)}
    last = [one for one in federation.everything() if one.state is TransferState.ACCEPTED and one.offer.to == true]
    assert {federation.sides[code].responsible for code in parties if _took_part_in_the_last(code, last)} <= {true}


def _took_part_in_the_last(code, last):
    turn = max((one.offer.turn for one in last), default=0)
    return any(code in (one.offer.by, one.offer.to) for one in last if one.offer.turn == turn)


def an_offer(**changed):
    stated = {"transfer": TransferId(uuid4()), "to": THERE, "turn": 1, "at": NOW} | changed
    return Transfer(offer=signer(HERE).offer(SUBJECT, **stated))


def answered(transfer, answer, *, minutes=0, by=THERE):
    return transfer.joined([signer(by).answer(transfer, answer, at=NOW + timedelta(minutes=minutes))])


def test_the_first_word_of_an_authority_binds_it():
    transfer = an_offer()

    one = answered(answered(transfer, Answer.ACCEPTED, minutes=1), Answer.REFUSED, minutes=2)
    other = answered(answered(transfer, Answer.ACCEPTED, minutes=2), Answer.REFUSED, minutes=1)

    assert (one.state, responsible([one])) == (TransferState.ACCEPTED, THERE)
    assert (other.state, responsible([other])) == (TransferState.REFUSED, None)


def test_what_was_given_away_twice_was_given_to_the_first_who_took_it():
    first = answered(an_offer(), Answer.ACCEPTED, minutes=1)
    second = answered(an_offer(to=ELSEWHERE), Answer.ACCEPTED, minutes=2, by=ELSEWHERE)

    assert responsible([second, first]) == responsible([first, second]) == THERE


def test_of_two_registers_that_began_with_one_child_the_last_acceptance_counts():
    ours = answered(an_offer(), Answer.ACCEPTED, minutes=1)
    theirs = Transfer(offer=signer(ELSEWHERE).offer(SUBJECT, transfer=TransferId(uuid4()), to=HERE, turn=1, at=NOW))
    theirs = answered(theirs, Answer.ACCEPTED, minutes=2, by=HERE)

    assert responsible([theirs, ours]) == responsible([ours, theirs]) == HERE


def test_an_offer_alone_moves_nobody():
    withdrawn = an_offer()
    withdrawn = withdrawn.joined([signer(HERE).withdrawal(withdrawn, at=NOW)])

    assert responsible([an_offer(), withdrawn]) is None
    assert (withdrawn.state, withdrawn.owes_answer(THERE), withdrawn.owes_answer(HERE)) == (
        TransferState.WITHDRAWING,
        True,
        False,
    )


def test_what_is_kept_reads_as_it_was_said():
    transfer = answered(an_offer(turn=7), Answer.REFUSED)

    assert begun([read_kept(one.text) for one in transfer.statements]) == transfer


def _refusal(act):
    with pytest.raises(TransferRefused) as refused:
        act()
    return refused.value.reason


def test_a_statement_counts_only_under_its_authors_key():
    said = unverified(an_offer().offer.text)
    by_another = sign(said, type=TRANSFER_TYPE, key=KEYS[THERE])
    of_another_type = sign(said, type="directory-assertion+jwt", key=KEYS[HERE])
    of_nobody = sign({**said, "iss": "E00000001"}, type=TRANSFER_TYPE, key=KEYS[HERE])

    assert [
        _refusal(lambda text=text: read_arrived(text, keys_of=keys_of)) for text in (by_another, of_another_type)
    ] == [
        "transfer-statement-key",
        "transfer-statement-type",
    ]
    assert _refusal(lambda: read_arrived(of_nobody, keys_of=keys_of)) == "transfer-statement-key"


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "wish"}, {"transfer": "1"}, {"aud": HERE}, {"aud": None}, {"at": "today"}, {"at": "2026-11-22T10:00"},
        {"turn": 0}, {"turn": True}, {"turn": 10_001}, {"turn": "1"}, {"child": "9434765919"}, {"child": None},
    ],
)  # fmt: skip
def test_a_malformed_statement_is_refused_whoever_signed_it(changed):
    text = sign({**unverified(an_offer().offer.text), **changed}, type=TRANSFER_TYPE, key=KEYS[HERE])

    assert _refusal(lambda: read_arrived(text, keys_of=keys_of)) == "transfer-statement-malformed"


@pytest.mark.parametrize("text", [None, 7, "", "a.b.c", "x" * 5_000, ["eyJ"]])
def test_what_is_no_statement_is_refused(text):
    assert _refusal(lambda: read_arrived(text, keys_of=keys_of)) == "transfer-statement-malformed"


def test_what_belongs_to_another_offer_is_not_joined():
    transfer, other = an_offer(), an_offer()
    same_id = an_offer(transfer=transfer.id, turn=2)
    of_other = signer(THERE).answer(other, Answer.ACCEPTED, at=NOW)
    not_asked = signer(ELSEWHERE).answer(transfer, Answer.ACCEPTED, at=NOW)
    not_theirs = signer(ELSEWHERE).withdrawal(transfer, at=NOW)

    assert _refusal(lambda: transfer.joined([same_id.offer])) == "transfer-other-offer"
    assert {_refusal(lambda one=one: transfer.joined([one])) for one in (of_other, not_asked, not_theirs)} == {
        "transfer-statement-unfit"
    }
    assert _refusal(lambda: begun([of_other])) == "transfer-offer-missing"


def test_whom_an_offer_is_about_is_not_in_it():
    offer = an_offer().offer
    claims = unverified(offer.text)

    assert set(claims) == {"iss", "aud", "kind", "transfer", "at", "child", "turn"}
    assert claims["child"] == SUBJECT.commitment
    assert Subject.read(SUBJECT.document()) == SUBJECT
    assert Subject.of("9434765919", shielded=False).commitment != SUBJECT.commitment, "each opening is its own"


@pytest.mark.parametrize(
    "changed",
    [
        {"nhsNumber": "9434765918"}, {"nhsNumber": 9434765919}, {"nhsNumber": "Mia Marsh"}, {"shielded": "no"},
        {"opening": "ab"}, {"opening": "z" * 64}, {"opening": None},
    ],
)  # fmt: skip
def test_a_subject_that_names_nobody_is_refused(changed):
    assert _refusal(lambda: Subject.read({**SUBJECT.document(), **changed})) == "transfer-subject-malformed"
    assert _refusal(lambda: Subject.read(None)) == "transfer-subject-malformed"


def test_an_id_is_read_as_the_one_it_is():
    transfer = TransferId(UUID("00000000-0000-4000-8000-000000000001"))

    assert read_kept(an_offer(transfer=transfer).offer.text).transfer == transfer
