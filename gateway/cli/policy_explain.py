"""`gateway policy explain`: one decision in sentences, with the rules, the law and the facts behind it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.text import Text

from connectors.rule_set import RuleSet
from gateway.cli.policy_matrix import COLOURS
from gateway.cli.policy_rules import (
    AsJson,
    ChosenEngine,
    Engine,
    Folder,
    console,
    engine_over,
    explained,
    printed,
    run,
)
from gateway.disclosure.question import Attribute
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import CallerStanding, Effect, RecordType
from gateway.workbench import sentences
from gateway.workbench.annotations import read_annotations
from gateway.workbench.axes import NAMED_CLASSES, Approach, class_with, known, word
from gateway.workbench.book import Book
from gateway.workbench.explanation import Explanation, Situation, State, explain

EXIT_OTHERWISE: Final = 4


def explain_one(
    role: Annotated[str, typer.Option(help="Who asks.")],
    record_type: Annotated[str, typer.Option("--type", help="Of which type of record.")],
    field: Annotated[str, typer.Option(help="For which field.")],
    purpose: Annotated[str | None, typer.Option(help="Why; otherwise the role's first purpose.")] = None,
    named: Annotated[str, typer.Option("--class", help="The named class of the record.")] = "plain",
    beyond: Annotated[
        list[str] | None, typer.Option("--set", help="An attribute of the class: `--set shield=active`; repeatable.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave an attribute out, to see that nothing is told; repeatable.")
    ] = None,
    standing: Annotated[CallerStanding, typer.Option(help="The caller's standing.")] = CallerStanding.CURRENT,
    acts_for: Annotated[str | None, typer.Option(help="The role of the person asked for, in mediated access.")] = None,
    origin: Annotated[str, typer.Option(help="`local` or `cross-border`.")] = "local",
    expect: Annotated[Effect | None, typer.Option(help="Exit with 4 unless this is the effect.")] = None,
    policies: Folder = PACKAGED_POLICIES,
    engine: ChosenEngine = Engine.EMBEDDED,
    as_json: AsJson = False,
) -> None:
    """Say why a field is told or not: every reason, the law it cites, and what would have to be different.

    Exits with 0; with 1 if the rules do not decide, 2 on an unknown name, 4 if --expect is not met.
    """
    with explained():
        rules = RuleSet.read(policies)
        book = Book(rules.data)
        known("role", [role], book.roles)
        known("purpose", [purpose] if purpose else [], book.purposes)
        kind = RecordType(known("record type", [record_type], [one.value for one in book.types])[0])
        approach = Approach(
            role=role,
            purpose=purpose or next(iter(book.purposes_of(role)), None),
            standing=standing.value,
            acts_for=None if acts_for is None else (acts_for, CallerStanding.CURRENT.value),
            origin=origin,
        )
        situation = Situation(
            approach=approach,
            type=kind,
            field=field,
            record_class=_class(kind, named, beyond or [], without or [], book),
        )
        found = run(lambda: _explained(policies, engine, rules, situation))
    if as_json:
        printed(orjson.dumps(found.as_document(), option=orjson.OPT_INDENT_2).decode(), None)
    else:
        _print(found, book)
    if expect is not None and found.decision.effect is not expect:
        raise typer.Exit(EXIT_OTHERWISE)


async def _explained(policies: Path, engine: Engine, rules: RuleSet, situation: Situation) -> Explanation:
    async with engine_over(policies, engine) as decider:
        return await explain(decider, Book(rules.data), read_annotations(rules.modules), situation)


def _class(
    kind: RecordType, named: str, beyond: Sequence[str], without: Sequence[str], book: Book
) -> tuple[tuple[str, Attribute], ...]:
    possible = {one.name: one for one in NAMED_CLASSES if one.of(kind, book) is not None}
    known(f"class of {kind}", [named], list(possible))
    changed: dict[str, Attribute] = dict(possible[named].beyond)
    for text in beyond:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text}: write it as attribute=value")
        known(f"attribute of {kind}", [name], _attributes(kind, book))
        changed[name] = _value(name, value, book)
    known(f"attribute of {kind}", without, _attributes(kind, book))
    return tuple(pair for pair in class_with(kind, changed, book) if pair[0] not in without)


def _attributes(kind: RecordType, book: Book) -> list[str]:
    return [*(name for name, _ in class_with(kind, {}, book)), *book.optional_of(kind)]


def _value(name: str, written: str, book: Book) -> Attribute:
    values = {word(value): value for value in book.values_of(name)}
    if not values:
        return tuple(sorted(written.split(",")))
    return values[known(f"value of {name}", [written], list(values))[0]]


def _print(found: Explanation, book: Book) -> None:
    console.print(sentences.asked(found, book), markup=False)
    console.print(Text(sentences.outcome(found.decision, book), style=COLOURS[found.decision.effect]))
    for line in _lines(found, book):
        console.print(line, markup=False, highlight=False)
    console.print(f"Revision {found.revision}, decided by the engine {found.engine}.", markup=False)


def _lines(found: Explanation, book: Book) -> Iterator[str]:
    applying = found.of(State.APPLIES)
    yield ""
    yield "Why"
    yield f"  {sentences.permission(found, book)}"
    for note in applying:
        first, *rest = sentences.why(note)
        yield f"  {first}"
        yield from (f"      {line}" for line in rest)
        for origin in note.origins:
            yield f"      Rule: {origin.file}:{origin.line}; it reads {', '.join(origin.facts) or 'no fact'}"
    if not applying:
        yield "  No rule refuses it."
    if found.opens:
        yield ""
        yield "More would be told if one thing were otherwise"
        yield from (f"  {sentences.is_(fact)}: if it were {sentences.listed(fact)}" for fact in found.opens)
    if found.closes:
        yield ""
        yield "Less would be told if one thing were otherwise"
        yield from (f"  {sentences.is_(fact)}: if it were {sentences.listed(fact)}" for fact in found.closes)
    yield ""
    yield "Rules that do not apply"
    yield from (f"  {sentences.why_not(note)}" for note in found.of(State.DOES_NOT_APPLY) if note.hangs_on)
    if far := [note for note in found.of(State.DOES_NOT_APPLY) if not note.hangs_on]:
        yield f"  No single fact would bring about the {len(far)} other reasons of the book; --json lists them."
    if outweighed := found.of(State.OUTWEIGHED):
        names = ", ".join(note.reason.code for note in outweighed)
        yield f"  The record is concealed, so it was not asked whether these narrow it: {names}."
    yield ""
