"""`gateway policy new-rule`: a working copy of the rules, with one rule more and the three cases that go with it."""

import shutil
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connectors.rule_set import RuleSet, RuleSetUnreadable
from gateway.cli.policy_rules import EXIT_FAILED, AsJson, Folder, complaints, console, explained, printed
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import Effect, Obligation, RecordType
from gateway.workbench.axes import known
from gateway.workbench.book import Book
from gateway.workbench.skeleton import CannotBeWritten, NewRule

_ADDED_TO = ("directory/decide.rego", "data.json")


def new_rule(
    subject: Annotated[str, typer.Option(prompt="Subject, one word", help="The file's name, such as leaving_england.")],
    title: Annotated[str, typer.Option(prompt="What it does, in a sentence", help="The rule in a sentence.")],
    code: Annotated[str, typer.Option(prompt="Reason code", help="What the ledger will say, such as child-abroad.")],
    law: Annotated[str, typer.Option(prompt="Instrument and paragraph", help="The law it rests on.")],
    url: Annotated[str, typer.Option(prompt="Where to read it (URL)", help="Where to read the law.")],
    record_type: Annotated[str, typer.Option("--type", prompt="Type of record", help="Such as Child.")],
    field: Annotated[str, typer.Option(prompt="Fields, with commas", help="What it refuses: address,settings.")],
    when: Annotated[
        str, typer.Option(prompt="When: attribute=value", help="The class it refuses: standing=left-england.")
    ],
    effect: Annotated[Effect, typer.Option(help="withhold, mask or conceal.")] = Effect.WITHHOLD,
    tell: Annotated[str, typer.Option(help="The code told with a withheld field.")] = "NOT_FOR_ROLE",
    remedy: Annotated[str | None, typer.Option(help="What the caller can do instead, such as REQUEST_BROKER.")] = None,
    mask: Annotated[Obligation | None, typer.Option(help="How a masked field is told.")] = None,
    domain: Annotated[
        list[str] | None, typer.Option(help="The rule of the domain it carries out, such as A3; may be repeated.")
    ] = None,
    into: Annotated[Path, typer.Option(help="The working copy; made if it is not there.", file_okay=False)] = Path(
        "our-rules"
    ),
    policies: Folder = PACKAGED_POLICIES,
    as_json: AsJson = False,
) -> None:
    """Write a new rule, its test and its cases into a working copy of the rules. Asks for what is not given.

    Nothing is overwritten and nothing is in force before it is reviewed and released.
    Exits with 1 if the rule cannot be written, 2 on an unknown name.
    """
    attribute, _, value = when.partition("=")
    with explained():
        source = into if into.exists() else policies
        book = Book(RuleSet.read(source).data)
        kind = RecordType(known("record type", [record_type], [one.value for one in book.types])[0])
        withheld = effect is Effect.WITHHOLD
        rule = NewRule(
            subject=subject,
            title=title.rstrip(".") + ".",
            code=code,
            law=law,
            url=url,
            domain=tuple(domain or ()),
            type=kind,
            fields=tuple(name.strip() for name in field.split(",")),
            attribute=attribute,
            value=value,
            effect=effect,
            tell=tell if withheld else None,
            remedy=remedy if withheld else None,
            obligation=mask,
        )
        try:
            written = _write(rule, book, source, into)
        except CannotBeWritten as error:
            complaints.print(str(error), markup=False)
            raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        printed(orjson.dumps({"folder": str(into), "files": written}, option=orjson.OPT_INDENT_2).decode(), None)
        return
    for name in written:
        console.print(f"{'added to' if name in _ADDED_TO else 'new'}: {into / name}", markup=False)
    _say_what_next(into, subject)


def _write(rule: NewRule, book: Book, source: Path, into: Path) -> list[str]:
    rule.check(book)
    try:
        files = rule.files(
            decide=(source / "directory/decide.rego").read_text(encoding="utf-8"),
            data=(source / "data.json").read_text(encoding="utf-8"),
            book=book,
        )
    except OSError as error:
        raise RuleSetUnreadable(f"{source}: {error}") from error
    taken = [name for name in files if name not in _ADDED_TO and (source / name).exists()]
    if taken:
        raise CannotBeWritten(f"{source / taken[0]} exists, and nothing is overwritten; choose another subject")
    if not into.exists():
        shutil.copytree(source, into)
    for name, text in files.items():
        (into / name).write_text(text, encoding="utf-8")
    return list(files)


def _say_what_next(into: Path, subject: str) -> None:
    console.print("\nNext:")
    for command, why in (
        (f"gateway policy lint --policies {into}", "is it written as every engine reads it?"),
        (f"gateway policy test --policies {into}", "do its cases hold, and all others still?"),
        (f"gateway policy diff in-force {into}", "what does it change, and does anything tell more?"),
        (f"gateway policy golden --write --policies {into}", "let OPA answer the golden questions by the new rules"),
    ):
        console.print(f"  {command}\n      {why}", markup=False, highlight=False)
    console.print(f"Edit directory/{subject}.rego and cases/{subject}.json until they say what is meant.", markup=False)
