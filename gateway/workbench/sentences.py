"""Decisions in sentences that a lawyer can read; what the book has a sentence for is said in the book's words."""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.disclosure.question import FieldDecision
from gateway.vocabulary import Effect, Obligation
from gateway.workbench.axes import PLAIN, word
from gateway.workbench.book import Book
from gateway.workbench.explanation import COMPLETE, Explanation, Fact, ReasonNote, State

EFFECTS: Final[Mapping[Effect, str]] = {
    Effect.DISCLOSE: "told",
    Effect.MASK: "told in another form",
    Effect.WITHHOLD: "withheld",
    Effect.CONCEAL: "concealed",
}
MEANINGS: Final[Mapping[Effect, str]] = {
    Effect.DISCLOSE: "the value is told as it is",
    Effect.MASK: "the value is told in another form",
    Effect.WITHHOLD: "the value is not told, and the answer says so",
    Effect.CONCEAL: "nothing shows that there is anything",
}
FORMS: Final[Mapping[Obligation, str]] = {
    Obligation.UNSPECIFIED_SERVICE: "as an unspecified sensitive service",
    Obligation.ADDRESS_DISTRICT: "as the district of the postcode only",
    Obligation.BIRTH_YEAR: "as the year of birth only",
}
_FACTS: Final = {
    "caller.role": "the role",
    "caller.standing": "the caller's standing",
    "caller.acts_for": "the person asked for",
    "access.purpose": "the purpose of access",
    "access.origin": "the origin of the ask",
    "access.grant": "the grant",
    COMPLETE: "the class",
}
_VALUES_SHOWN: Final = 4


def asked(explanation: Explanation, book: Book) -> str:
    """Return who asks for what, and what is out of the ordinary about the record."""
    situation = explanation.situation
    approach = situation.approach
    for_whom = "" if approach.acts_for is None else f", for a {book.role_title(approach.acts_for[0])},"
    said = f"{book.role_title(approach.role)}{for_whom} asks for {situation.type}.{situation.field}; "
    said += f"purpose: {book.purpose_title(approach.purpose)}."
    unusual = [f"{name} is {word(value)}" for name, value in situation.record_class if PLAIN.get(name, value) != value]
    return f"{said} Of the record: {', '.join(unusual) or 'nothing is out of the ordinary'}."


def permission(explanation: Explanation, book: Book) -> str:
    """Return in which group of fields the book has the field, for roles see whole groups."""
    kind, field = explanation.situation.type, explanation.situation.field
    group = book.group_of(kind, field)
    seen = book.sees(explanation.situation.approach.role, kind)
    verb = "sees" if group in seen else "does not see"
    role = book.role_title(explanation.situation.approach.role)
    return f"The book has {kind}.{field} in the group “{group}”, which the role {role} {verb}."


def outcome(decision: FieldDecision, book: Book) -> str:
    """Return what the caller gets."""
    forms = " and ".join(FORMS[obligation] for obligation in decision.obligations)
    said = f"The field is {EFFECTS[decision.effect]}: {forms or MEANINGS[decision.effect]}."
    if decision.tell is not None:
        said += f" The answer gives {decision.tell}: “{book.sentence(decision.tell) or 'no sentence in the book'}”"
    if decision.remedy is not None:
        said += f" It offers {decision.remedy}: “{book.sentence(decision.remedy) or 'no sentence in the book'}”"
    return said


def why(note: ReasonNote) -> Iterator[str]:
    """Yield why a reason applies: what it says, the law it cites, the facts it hangs on."""
    code, effect = note.reason.code, EFFECTS[note.reason.effect]
    described = " ".join(dict.fromkeys(origin.annotation.description or "" for origin in note.origins)).strip()
    yield f"{code} ({effect}): {described or 'the rules do not describe it.'}"
    for cited in dict.fromkeys(cited for origin in note.origins for cited in origin.annotation.citations):
        yield f"Law: {cited.text}{'' if cited.url in (None, cited.text) else f' <{cited.url}>'}"
    if domain := sorted({name for origin in note.origins for name in origin.annotation.domain}):
        yield f"Domain rules: {', '.join(domain)}"
    for fact in note.hangs_on:
        yield f"It applies because {is_(fact)}; it would not if it were {listed(fact)}."
    if not note.hangs_on:
        yield "No single fact, changed alone, would end it."


def why_not(note: ReasonNote) -> str:
    """Return what keeps a reason from applying."""
    facts = " and ".join(f"{is_(fact)} (it would if it were {listed(fact)})" for fact in note.hangs_on)
    return f"{note.reason.code} ({EFFECTS[note.reason.effect]}) does not apply, because {facts}."


def out_of_reach(explanation: Explanation) -> str | None:
    """Return the reasons that no single changed fact would bring about, or None."""
    far = [note.reason.code for note in explanation.of(State.DOES_NOT_APPLY) if not note.hangs_on]
    return f"No single fact would bring about: {', '.join(far)}." if far else None


def is_(fact: Fact) -> str:
    """Return a fact as it is: `the shield is active`."""
    name = _FACTS.get(fact.name, fact.name.removeprefix("class."))
    return f"{name} is {fact.value}"


def listed(fact: Fact) -> str:
    """Return the values of a fact that would change the outcome; of many, the first and how many others."""
    shown = list(fact.otherwise[:_VALUES_SHOWN])
    if len(fact.otherwise) > _VALUES_SHOWN:
        shown[-1] = f"one of {len(fact.otherwise) - _VALUES_SHOWN + 1} others"
    return " or ".join(shown)
