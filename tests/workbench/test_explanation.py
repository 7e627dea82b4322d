"""An explanation names what applies, what does not, and the fact that each hangs on."""

import pytest

from gateway.disclosure.question import Item, Question
from gateway.vocabulary import Effect, RecordType
from gateway.workbench import sentences
from gateway.workbench.axes import Approach, UnknownName, class_with
from gateway.workbench.explanation import Fact, Situation, State, explain


@pytest.fixture
def explained(decider, book, annotations):
    """A function that explains one field of one class."""

    async def explained(role, type_, field, purpose="direct-support", **beyond):
        situation = Situation(
            approach=Approach(role=role, purpose=purpose),
            type=RecordType(type_),
            field=field,
            record_class=class_with(RecordType(type_), beyond, book),
        )
        return await explain(decider, book, annotations, situation)

    return explained


def note(explanation, code):
    return next(note for note in explanation.notes if note.reason.code == code)


async def test_a_withheld_address_hangs_on_the_shield(explained, book):
    found = await explained("education-practitioner", "Child", "address", shield="active")

    assert found.decision.effect is Effect.WITHHOLD
    assert [one.reason.code for one in found.of(State.APPLIES)] == ["shield-active"]
    assert note(found, "shield-active").hangs_on == (
        Fact(name="class.shield", value="active", otherwise=("none", "associated")),
    )
    assert Fact(name="class.shield", value="active", otherwise=("none",)) in found.opens


async def test_a_reason_that_does_not_apply_names_the_fact_that_keeps_it_away(explained):
    found = await explained("gp", "Child", "involvements")

    assert note(found, "conflict-declared").state is State.DOES_NOT_APPLY
    assert note(found, "conflict-declared").hangs_on == (
        Fact(name="class.conflict", value="false", otherwise=("true",)),
    )


async def test_what_an_explanation_says_would_open_a_field_does_open_it(explained, decider):
    found = await explained("gp", "Involvement", "service", sensitive=True, consent="withdrawn")

    changes = [fact for fact in found.opens if fact.name.startswith("class.")]
    assert changes
    for fact in changes:
        for value in fact.otherwise:
            given = dict(found.situation.record_class) | {fact.name.removeprefix("class."): value}
            item = Item(type=RecordType.INVOLVEMENT, fields=("service",), record_class=tuple(sorted(given.items())))
            approach = found.situation.approach
            answer = await decider.decide(
                Question(caller=approach.caller(), access=approach.access(), items={"k": item})
            )
            assert answer.items["k"].fields["service"].effect is not Effect.CONCEAL


async def test_of_a_concealed_record_reasons_that_only_narrow_are_not_judged(explained):
    found = await explained("gp", "Child", "address", standing="archived", shield="active")

    assert found.decision.effect is Effect.CONCEAL
    assert note(found, "record-retained").state is State.APPLIES
    assert note(found, "shield-active").state is State.OUTWEIGHED


async def test_a_told_field_has_no_reason_that_applies_and_says_who_sees_the_group(explained, book):
    found = await explained("gp", "Child", "givenName")

    assert found.of(State.APPLIES) == ()
    assert "the role General practitioner sees" in sentences.permission(found, book)
    assert sentences.outcome(found.decision, book) == "The field is told: the value is told as it is."


async def test_the_sentences_are_those_of_the_book_and_of_the_metadata(explained, book):
    found = await explained("education-practitioner", "Child", "address", shield="active")

    said = sentences.outcome(found.decision, book)
    why = list(sentences.why(note(found, "shield-active")))

    assert book.sentence("SHIELDED") in said
    assert book.sentence("REQUEST_BROKER") in said
    assert note(found, "shield-active").origins[0].annotation.description in why[0]
    assert any(line.startswith("Law: ") for line in why)


async def test_a_field_that_the_type_does_not_have_is_refused(explained):
    with pytest.raises(UnknownName, match="no field of Carer is called adress: perhaps address"):
        await explained("gp", "Carer", "adress")
