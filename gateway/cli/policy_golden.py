"""`gateway policy golden`, `revision` and `bundle`: that both engines decide by these rules, and by no others."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connectors.embedded_engine import EmbeddedDecider
from connectors.golden import Replay, golden_questions, replay_golden, write_golden
from connectors.opa_command import OpaFailed, answers_of_opa, find_opa
from connectors.rule_set import RuleSet
from connectors.rule_signature import fitting_signature
from gateway.cli.policy_rules import AUTHOR_TIMEOUT, AsJson, Folder, console, explained, printed
from gateway.disclosure.question import Answer
from gateway.settings import PACKAGED_POLICIES

EXIT_OUT_OF_DATE = 2


def golden(
    policies: Folder = PACKAGED_POLICIES,
    write: Annotated[bool, typer.Option("--write", help="Let OPA answer the golden questions anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replay the golden answers on the embedded engine.

    Exits with 1 on a difference, with 2 if they are out of date.
    """
    with explained():
        rules = RuleSet.read(policies)
        written = _write_golden(policies, rules) if write else None
        replay = asyncio.run(_replay(policies, rules))
    if as_json:
        document = {"revision": rules.revision, "golden": replay.value, "written": written is not None}
        printed(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(), None)
    elif replay is Replay.OUT_OF_DATE:
        console.print(
            "the golden answers are of other rules: run `gateway policy golden --write` where opa is installed"
        )
    else:
        if written is not None:
            console.print(f"{written[0]}: {written[1]} questions answered by OPA", markup=False)
        console.print(f"the embedded engine repeats OPA's golden answers for revision {rules.revision}")
    raise typer.Exit(EXIT_OUT_OF_DATE if replay is Replay.OUT_OF_DATE else 0)


def revision(policies: Folder = PACKAGED_POLICIES, as_json: AsJson = False) -> None:
    """Print the revision of the rule set: what every decision in the log names."""
    with explained():
        found = RuleSet.read(policies).revision
    printed(orjson.dumps({"revision": found}).decode() if as_json else found, None)


def bundle(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", dir_okay=False)],
    policies: Folder = PACKAGED_POLICIES,
    as_json: AsJson = False,
) -> None:
    """Write the rule set as an OPA bundle that answers under the same revision."""
    with explained():
        rules = RuleSet.read(policies)
    output.write_bytes(rules.bundle(fitting_signature(policies, rules)))
    document = {"bundle": str(output), "revision": rules.revision}
    printed(orjson.dumps(document).decode() if as_json else f"{output} {rules.revision}", None)


def _write_golden(policies: Path, rules: RuleSet) -> tuple[Path, int]:
    opa = find_opa()
    if opa is None:
        raise OpaFailed("golden answers are OPA's, and opa is not installed")
    questions = golden_questions(rules)
    documents = asyncio.run(answers_of_opa(opa, rules, [question.as_input() for question in questions]))
    for question, document in zip(questions, documents, strict=True):
        Answer.from_document(document, question)
    answers = [(question, document["items"]) for question, document in zip(questions, documents, strict=True)]
    return write_golden(policies, revision=rules.revision, answers=answers), len(questions)


async def _replay(policies: Path, rules: RuleSet) -> Replay:
    decider = EmbeddedDecider(policies, timeout=AUTHOR_TIMEOUT)
    try:
        return await replay_golden(decider, policies, revision=rules.revision)
    finally:
        await decider.close()
