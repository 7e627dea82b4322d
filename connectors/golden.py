"""Golden questions: answers that OPA gave, shipped with the rules, which every engine must repeat before it serves.

They prove an engine, not a rule: after a change of the rules they are out of date until OPA answers them again.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from connectors.policy_questions import as_class, read_question
from connectors.rule_set import RuleSet
from gateway.disclosure.question import AccessAttributes, Answer, CallerAttributes, GrantAttributes, Item, Question
from gateway.errors import DecisionUnavailable
from gateway.ports import Decider
from gateway.vocabulary import RecordType

FILE = "answers.json"
SHARES = 3
BREAK_GLASS = GrantAttributes(kind="break-glass", ground="significant-harm", state="usable", justification="recorded")

PLAIN: Mapping[str, Any] = {
    "shield": "none",
    "sensitive": False,
    "consent": "none-needed",
    "involved": False,
    "conflict": False,
    "home": "same-authority",
    "standing": "live",
    "self": False,
}

PLAIN_ACTION: Mapping[str, Any] = {
    "consent": "none-needed",
    "involved": True,
    "conflict": False,
    "home": "same-authority",
    "standing": "live",
    "self": True,
    "sensitive": False,
    "subject": "child",
    "feed": "own",
    "author": "another",
    "about": "own-authority",
    "reviewers": "none",
    "understanding": "not-assessed",
    "agreement": "none",
    "grant": "none",
    "ground": "none",
    "justification": "recorded",
    "earlier": "none",
}
_BEYOND_PLAIN: Mapping[RecordType, Mapping[str, Any]] = {
    RecordType.ACCESS_LOG_ENTRY: {"withholding": "none", "asker": "own-authority"},
    RecordType.BROKERED_CONTACT: {"since": "no-answer", "age": "in-time"},
}
_OWN_CLASS = (RecordType.ASK, RecordType.SEARCH, RecordType.COUNT, RecordType.QUEUE_ENTRY)

_WAITING: Mapping[str, Any] = {
    "shield": "none",
    "conflict": False,
    "home": "same-authority",
    "standing": "live",
    "queue": "missing-education",
    "owner": "another",
}

# Each entry is a type, the fields asked and what its class has beyond the plain one.
SWEEP: Sequence[tuple[RecordType, tuple[str, ...], Mapping[str, Any]]] = (
    (RecordType.ASK, ("answer", "introspection", "workbench", "ledger"), {"reason": "stated", "operation": "query"}),
    (
        RecordType.ASK,
        ("answer", "introspection", "workbench", "ledger"),
        {"reason": "missing", "operation": "mutation"},
    ),
    (
        RecordType.SEARCH,
        ("address", "familyName", "nhsNumber"),
        {"budget": "near", "scope": "home", "match": "exact", "pattern": "none"},
    ),
    (
        RecordType.SEARCH,
        ("dateOfBirth",),
        {"budget": "exhausted", "scope": "elsewhere", "match": "exact", "pattern": "none"},
    ),
    (RecordType.CANDIDATE, ("child", "grade"), {"criteria": ["dateOfBirth", "familyName"], "shield": "active"}),
    (RecordType.CANDIDATE, ("child", "grade"), {"criteria": ["address", "familyName"], "shield": "provisional"}),
    (RecordType.CHILD, ("id", "givenName", "address", "nhsNumber", "upn", "involvements"), {}),
    (RecordType.CHILD, ("id", "address", "carers", "settings"), {"shield": "active", "involved": True}),
    (RecordType.CHILD, ("id", "address", "carers", "settings"), {"shield": "associated"}),
    (RecordType.CHILD, ("id", "address", "involvements"), {"shield": "provisional", "conflict": True}),
    (RecordType.CHILD, ("id", "givenName", "accessLog"), {"self": True}),
    (RecordType.CHILD, ("id", "givenName"), {"standing": "archived", "home": "other-authority"}),
    (RecordType.CARER, ("id", "name", "address", "involvements"), {}),
    (RecordType.CARER, ("id", "name", "children"), {"shield": "active"}),
    (RecordType.SETTING, ("id", "name"), {"shield": "associated"}),
    (RecordType.PRACTITIONER, ("id", "name", "telephone"), {"sensitive": True}),
    (RecordType.PRACTITIONER, ("id", "name", "telephone"), {"conflict": True}),
    (RecordType.INVOLVEMENT, ("id", "service", "practitioner"), {"active": True, "subject": "child"}),
    (
        RecordType.INVOLVEMENT,
        ("id", "service", "practitioner"),
        {"active": True, "subject": "child", "sensitive": True, "consent": "given"},
    ),
    (
        RecordType.INVOLVEMENT,
        ("id", "service", "agency"),
        {"active": False, "subject": "child", "sensitive": True, "consent": "significant-harm"},
    ),
    (
        RecordType.INVOLVEMENT,
        ("id", "service"),
        {"active": True, "subject": "child", "sensitive": True, "consent": "withdrawn"},
    ),
    (
        RecordType.INVOLVEMENT,
        ("id", "service"),
        {"active": True, "subject": "carer", "sensitive": True, "consent": "given"},
    ),
    (RecordType.AGENCY, ("id", "name"), {"sensitive": True}),
    (RecordType.LOCAL_AUTHORITY, ("id", "safeguardingContacts"), {}),
    (RecordType.CALLER, ("id", "purposes"), {}),
    (RecordType.ACCESS_LOG_ENTRY, ("id", "person", "reason", "number"), {"self": True, "asked_for": "direct-support"}),
    (RecordType.ACCESS_LOG_ENTRY, ("id", "person"), {"reader": "carer", "shield": "active"}),
    (RecordType.LOG_WITHHOLDING, ("id", "reason"), {}),
    (RecordType.ACTION, ("withholdLogEntry", "confirmWithholding"), {"self": False, "reviewers": "independent"}),
    (RecordType.ACCESS_LOG_ENTRY, ("id", "person"), {"self": True, "withholding": "in-force"}),
    (RecordType.ACCESS_LOG_ENTRY, ("id", "person"), {"asker": "other-authority"}),
    (RecordType.LEDGER_ENTRY, ("number", "children", "variables"), {}),
    (RecordType.LEDGER_ENTRY, ("number",), {"about": "other-authority"}),
    (RecordType.LEDGER_ENTRY, ("number",), {"stated": "review"}),
    (RecordType.LEDGER_ENTRY, ("number",), {"stated": "review", "self": True}),
    (RecordType.LEDGER_ENTRY, ("number",), {"stated": "review", "reviewed": "other-authority"}),
    (RecordType.SUSPENSION, ("id", "reason"), {}),
    (RecordType.ACCESS_REVIEW_FINDING, ("id", "explanation"), {"asker": "own-authority"}),
    (RecordType.ACCESS_REVIEW_FINDING, ("id", "explanation"), {"asker": "other-authority"}),
    (RecordType.ACCESS_REVIEW_ENTRY, ("id", "children"), {"asker": "own-authority", "shield": "active"}),
    (RecordType.ACCESS_REVIEW_CASE, ("id", "outcomes"), {"asker": "own-authority", "self": True}),
    (RecordType.GRANT, ("id", "state"), {"self": True}),
    (RecordType.GRANT, ("id", "state"), {}),
    (RecordType.BROKERED_CONTACT, ("id", "answer", "outcome"), {"self": True, "shield": "active"}),
    (RecordType.BROKERED_CONTACT, ("id", "reason", "outcome"), {}),
    (RecordType.ACTION, ("requestBrokeredContact", "answerBrokeredContact"), {"step": "connect", "agreement": "one"}),
    (RecordType.CHILD, ("id", "address", "settings"), {"shield": "active", "granted": ["address"]}),
    (
        RecordType.INVOLVEMENT,
        ("id", "service", "agency"),
        {"active": True, "subject": "child", "shield": "active", "granted": ["agency"]},
    ),
    (RecordType.CHILD, ("id", "givenName"), {"standing": "adult-with-consent"}),
    (
        RecordType.SEARCH,
        ("familyName", "dateOfBirth"),
        {"budget": "ample", "scope": "home", "match": "fuzzy", "pattern": "early"},
    ),
    (RecordType.COUNT, ("ageBand", "number"), {"home": "same-authority", "size": "below", "recoverable": False}),
    (RecordType.COUNT, ("number",), {"home": "same-authority", "size": "at-or-above", "recoverable": False}),
    (
        RecordType.ACTION,
        ("recordInvolvement", "endInvolvement", "recordConsent", "requestShield", "transferResponsibility"),
        {},
    ),
    (
        RecordType.ACTION,
        ("recordInvolvement", "endInvolvement", "recordRefusal", "recordReviewOutcome", "closeAccessReview"),
        {"sensitive": True, "involved": False, "feed": "other", "author": "self", "home": "other-authority"},
    ),
    (
        RecordType.ACTION,
        ("requestGrant", "reviewGrant", "suspendCaller", "recordQueueOutcome"),
        {"grant": "break-glass", "ground": "significant-harm", "about": "other-authority", "feed": "none"},
    ),
    (RecordType.QUEUE_ENTRY, ("child", "owner"), _WAITING),
    (RecordType.QUEUE_ENTRY, ("child", "owner"), {**_WAITING, "owner": "caller", "conflict": True}),
    (RecordType.QUEUE_ENTRY, ("child", "owner"), {**_WAITING, "owner": "caller", "shield": "active"}),
    (RecordType.BROKERED_CONTACT, ("state", "reason", "askedBy"), {"self": True}),
    (RecordType.BROKERED_CONTACT, ("state", "answer", "reason"), {"self": True, "since": "shield"}),
    (RecordType.BROKERED_CONTACT, ("state", "answer", "reason"), {"self": True, "age": "past"}),
)


class EnginesDiffer(Exception):
    """An engine does not repeat the golden answers and must not serve; the message names the first difference."""


class Replay(StrEnum):
    """What replaying the golden questions showed."""

    AGREED = "agreed"
    OUT_OF_DATE = "out-of-date"
    """The golden answers were given under other rules, so nothing is proven; ask OPA for new ones."""


def golden_questions(rules: RuleSet) -> list[Question]:
    """Return the questions: every role with its first purpose, and mediated, lapsed and cross-border callers.

    Each asks a share of the sweep, so that replaying all of them at start stays short.
    """
    callers = [(_caller(role), _access(rules.purposes_of(role)[0])) for role in rules.data["roles"]]
    callers += [
        (_caller("directory-team", acts_for=("voluntary-practitioner", "current")), _access("safeguarding-enquiry")),
        (_caller("social-worker", acts_for=("voluntary-practitioner", "current")), _access("early-help")),
        (_caller("peer", acts_for=("gp", "current")), _access("direct-support", origin="cross-border")),
        (_caller("gp", acts_for=("social-worker", "training-lapsed")), _access("direct-support")),
        (_caller("gp", standing="suspended"), _access("direct-support")),
        (_caller("police-child-protection"), _access("early-help")),
        *((_caller("social-worker"), _access("safeguarding-enquiry", grant=BREAK_GLASS)) for _ in range(SHARES)),
        (_caller("unheard-of"), _access(None)),
    ]
    return [
        Question(
            caller=caller,
            access=access,
            items={
                f"{number:02}-{kind.value}": Item(type=kind, fields=fields, record_class=_class(kind, beyond))
                for number, (kind, fields, beyond) in enumerate(SWEEP)
                if (number + turn) % SHARES == 0
            },
        )
        for turn, (caller, access) in enumerate(callers)
    ]


def write_golden(folder: Path, *, revision: str, answers: Sequence[tuple[Question, Mapping[str, Any]]]) -> Path:
    """Write the answers, one item a line so that a difference can be read, and return the file."""
    lines = ['{"revision": ' + json.dumps(revision) + ', "questions": [']
    for number, (question, items) in enumerate(answers):
        document = question.as_input()
        asked = document.pop("items")
        lines.append('{"asked": ' + json.dumps(document, sort_keys=True) + ', "items": {')
        lines.append(
            ",\n".join(
                f"{json.dumps(key)}: {json.dumps({'asked': asked[key], 'answer': items[key]}, sort_keys=True)}"
                for key in asked
            )
        )
        lines.append("}}" + ("," if number + 1 < len(answers) else ""))
    lines.append("]}")
    path = folder / "golden" / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_golden(folder: Path) -> tuple[str, list[tuple[Question, Answer]]]:
    """Return the revision the golden answers were given under, and each question with its answer.

    Raises:
        EnginesDiffer: There are no golden answers, or they cannot be read.
    """
    path = folder / "golden" / FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        revision = written["revision"]
        return revision, [_pair(entry, revision) for entry in written["questions"]]
    except (OSError, ValueError, KeyError, TypeError, DecisionUnavailable) as error:
        raise EnginesDiffer(f"{path} cannot be read, so no engine can be proven: {error!r}") from error


async def replay_golden(decider: Decider, folder: Path, *, revision: str) -> Replay:
    """Ask an engine every golden question; `revision` is that of the rules it is meant to have.

    Raises:
        EnginesDiffer: An answer differs, or the engine decides by other rules than it should.
        DecisionUnavailable: The engine gave no answer.
    """
    given_under, pairs = read_golden(folder)
    if given_under != revision:
        return Replay.OUT_OF_DATE
    for question, golden in pairs:
        answer = await decider.decide(question)
        if answer.revision != revision:
            raise EnginesDiffer(f"{decider.name} decides by revision {answer.revision}, not by {revision}")
        for key, decision in golden.items.items():
            if answer.items[key] != decision:
                raise EnginesDiffer(
                    f"{decider.name} differs from OPA for {question.caller.role}, {question.access.purpose}, item "
                    f"{key}: expected {decision}, got {answer.items[key]}"
                )
    return Replay.AGREED


def _pair(entry: Mapping[str, Any], revision: str) -> tuple[Question, Answer]:
    items = entry["items"]
    question = read_question({**entry["asked"], "items": {key: item["asked"] for key, item in items.items()}})
    document = {"v": 1, "revision": revision, "items": {key: item["answer"] for key, item in items.items()}}
    return question, Answer.from_document(document, question)


def _caller(role: str, *, standing: str = "current", acts_for: tuple[str, str] | None = None) -> CallerAttributes:
    return CallerAttributes(
        role=role,
        agency="00000000-0000-4000-8000-000000000000",
        authority="E08000009",
        standing=standing,
        acts_for=acts_for,
    )


def _access(purpose: str | None, *, origin: str = "local", grant: GrantAttributes | None = None) -> AccessAttributes:
    return AccessAttributes(purpose=purpose, origin=origin, grant=grant, now="2026-11-22T10:00:00+00:00")


def _class(kind: RecordType, beyond: Mapping[str, Any]) -> Any:
    if kind in _OWN_CLASS:
        return as_class(beyond)
    plain = PLAIN_ACTION if kind is RecordType.ACTION else {**PLAIN, **_BEYOND_PLAIN.get(kind, {})}
    return as_class({**plain, **beyond})
