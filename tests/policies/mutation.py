"""Break the rules on purpose, one place at a time: a broken rule that no test notices is a case that is missing.

A mutant drops a rule or a condition, flips a condition, or changes what a reason does.
It is killed when a named situation is decided otherwise than expected, or a Rego test fails.
`python -m tests.policies.mutation` tries them all, or with words those whose name has one.
`test_mutation.py` tries a sample.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from connectors.opa_command import OpaFailed, find_opa, run
from connectors.policy_judgement import differences
from connectors.policy_questions import CASE_KEY, Case, read_cases
from connectors.rule_set import ENTRYPOINT, RuleSet
from gateway.disclosure.question import Answer
from gateway.errors import DecisionUnavailable
from tests.support.processes import free_port

POLICIES = Path(__file__).resolve().parents[2] / "policies"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.json")
OK = 200
TOGETHER = 8

_FLIPS = (
    (r"\bnot ", ""),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" > 0", " >= 0"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r" & ", " | "),
    (r" \| (?=\{)", " & "),
    (r" - ", " | "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One broken rule set; `name` says where and how, without line numbers, so that it outlives other changes."""

    name: str
    file: str
    content: str

    @property
    def reason(self) -> str | None:
        """Return the reason that the broken rule gives, where its name says so."""
        found = re.search(r'refusals\[key\]\["([\w-]+)"\]', self.name)
        return found.group(1) if found else None


def mutants(folder: Path = POLICIES) -> list[Mutant]:
    """Return every mutant of the rules and of what their reasons do, each under a name of its own."""
    found: dict[str, Mutant] = {}
    for path in sorted(folder.glob("directory/*.rego")):
        if not path.name.endswith("_test.rego"):
            for mutant in _of_module(f"directory/{path.name}", path.read_text(encoding="utf-8")):
                found.setdefault(mutant.name, mutant)
    for mutant in _of_reasons(json.loads((folder / "data.json").read_text(encoding="utf-8"))):
        found[mutant.name] = mutant
    return list(found.values())


def equivalents() -> Mapping[str, str]:
    """Return the mutants that decide exactly as the rules do, with the reason why."""
    listed: dict[str, str] = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return listed


class Killer:
    """The named situations, asked of one OPA server whose rules are broken and mended again and again."""

    def __init__(self, client: httpx.Client) -> None:
        """Load the rules as they are."""
        rules = RuleSet.read(POLICIES)
        self._client = client
        self._modules, self._data = rules.modules, rules.document()
        self._groups = _together(read_cases(POLICIES))
        for name, source in self._modules.items():
            self._put(name, source)
        self._put_data(self._data)

    def of(self, mutant: Mutant) -> str | None:
        """Return what noticed a mutant, or None if nothing did."""
        try:
            if not self._break(mutant):
                return "the rules do not compile"
            return self._case_that_differs(mutant.reason) or _rego_tests_that_fail(mutant)
        finally:
            self._mend(mutant)

    def answers(self, mutant: Mutant, questions: list[dict[str, Any]]) -> list[Any] | None:
        """Return what OPA answers under a mutant, each None where it has none; None if the mutant does not compile."""
        try:
            if not self._break(mutant):
                return None
            return [self._ask(question).get("result") for question in questions]
        finally:
            self._mend(mutant)

    def unbroken(self) -> str | None:
        """Return the case that the rules as they are do not satisfy, or None if all hold."""
        return self._case_that_differs()

    def _break(self, mutant: Mutant) -> bool:
        if mutant.file in self._modules:
            return self._put(mutant.file, mutant.content)
        broken = RuleSet.of(self._modules, json.loads(mutant.content)).document()
        return self._put_data({**broken, "revision": self._data["revision"]})

    def _mend(self, mutant: Mutant) -> None:
        if mutant.file in self._modules:
            self._put(mutant.file, self._modules[mutant.file])
        else:
            self._put_data(self._data)

    def _case_that_differs(self, reason: str | None = None) -> str | None:
        # Those that expect the reason are asked first: one of them is the likeliest to notice.
        first = (lambda group: not _expects(group, reason)) if reason else (lambda _group: False)
        for question, cases in sorted(self._groups, key=first):
            said = self._ask(question)
            for key, case in cases.items():
                if not _holds(case, said.get("result"), key):
                    # What killed one mutant often kills the next, so it is asked first.
                    self._groups.sort(key=lambda group, noticed=cases: group[1] is not noticed)
                    return case.name
        return None

    def _ask(self, question: dict[str, Any]) -> Any:
        return self._client.post(f"/v1/data/{ENTRYPOINT}", json={"input": question}).json()

    def _put(self, name: str, source: str) -> bool:
        return self._client.put(f"/v1/policies/{name}", content=source).status_code == OK

    def _put_data(self, data: Mapping[str, Any]) -> bool:
        for name, value in data.items():
            self._client.put(f"/v1/data/{name}", json=value).raise_for_status()
        return True


@contextmanager
def bench() -> Iterator[Killer]:
    """Run an OPA server without a bundle until the block ends."""
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(  # noqa: S603 - the arguments are ours
        [_opa(), "run", "--server", "--addr", address, "--skip-version-check"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=30, transport=_patient()) as client:
            yield Killer(client)
    finally:
        server.terminate()
        server.wait(timeout=60)


def _patient() -> httpx.HTTPTransport:
    # OPA listens a moment after it starts; a connection refused is tried again for some seconds.
    return httpx.HTTPTransport(retries=8)


def _together(cases: list[Case]) -> list[tuple[dict[str, Any], dict[str, Case]]]:
    """Return questions of a few cases each, of the same caller, access and type, with the case behind each item.

    A record of another type may have a subject heard that the case alone would not.
    """
    groups: dict[str, tuple[dict[str, Any], dict[str, Case]]] = {}
    for number, case in enumerate(cases):
        asked = case.question.as_input()
        (item,) = asked.pop("items").values()
        same = json.dumps([asked, item["type"]], sort_keys=True)
        if same in groups and len(groups[same][1]) == TOGETHER:
            groups[f"{same} {number}"] = groups.pop(same)
        question, members = groups.setdefault(same, ({**asked, "items": {}}, {}))
        question["items"][f"k{number}"] = item
        members[f"k{number}"] = case
    return list(groups.values())


def _expects(group: tuple[dict[str, Any], dict[str, Case]], reason: str) -> bool:
    return any(f'"{reason}"' in json.dumps(dict(case.expect)) for case in group[1].values())


def _holds(case: Case, document: Any, key: str) -> bool:
    try:
        alone = {**document, "items": {CASE_KEY: document["items"][key]}}
        return not differences(case, Answer.from_document(alone, case.question))
    except (DecisionUnavailable, KeyError, TypeError):
        return False


def _of_module(file: str, source: str) -> Iterator[Mutant]:
    lines = source.split("\n")
    for start, end in _rules(lines):
        head = lines[start]
        rule = head if sum(line == head for line in lines) == 1 else f"{head} #{lines[:start].count(head) + 1}"

        def broken(what: str, *changed: str, cut: tuple[int, int], rule: str = rule) -> Mutant:
            kept = [*lines[: cut[0]], *changed, *lines[cut[1] :]]
            return Mutant(name=f"{file}: {rule}: {what}", file=file, content="\n".join(kept))

        yield broken("drop the rule", cut=(start, end))
        for number in range(start, end):
            line = lines[number]
            if number > start and _stands_alone(line):
                yield broken(f"drop `{line.strip()}`", cut=(number, number + 1))
            for pattern, other in _FLIPS:
                for match in re.finditer(pattern, line):
                    flipped = line[: match.start()] + other + line[match.end() :]
                    yield broken(f"`{line.strip()}` as `{flipped.strip()}`", flipped, cut=(number, number + 1))
            for match in re.finditer(r"\{((?:\"[\w-]+\"(?:, )?){2,})\}", line):
                for word in re.findall(r"\"[\w-]+\"", match.group(1)):
                    fewer = ", ".join(other for other in re.findall(r"\"[\w-]+\"", match.group(1)) if other != word)
                    changed = f"{line[: match.start()]}{{{fewer}}}{line[match.end() :]}"
                    yield broken(f"`{line.strip()}` without {word}", changed, cut=(number, number + 1))


def _rules(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield first and past-the-last line of every rule."""
    start = None
    for number, line in enumerate([*lines, ""]):
        if start is None and re.match(r"[a-z_]\w*", line) and not line.startswith(("package ", "import ")):
            start = number
        elif start is not None and not line:
            yield start, number
            start = None


def _stands_alone(line: str) -> bool:
    code = line.strip()
    return (
        bool(code) and not code.startswith("#") and all(code.count(a) == code.count(b) for a, b in ("()", "[]", "{}"))
    )


def _of_reasons(data: dict[str, Any]) -> Iterator[Mutant]:
    for number, reason in enumerate(data["reasons"]):
        for part, value in _other_ways(reason):
            # One without the words that are told hides the record, whatever its effect.
            changed = {"tell": None, "remedy": None, "obligations": []} | reason | {part: value}
            reasons = [*data["reasons"][:number], changed, *data["reasons"][number + 1 :]]
            content = json.dumps({**data, "reasons": reasons})
            yield Mutant(name=f"data.json: {reason['code']}: {part} as {value}", file="data.json", content=content)
        if reason["effect"] == "conceal":
            continue  # a reason that the book does not know conceals, too
        without = [other for other in data["reasons"] if other is not reason]
        content = json.dumps({**data, "reasons": without})
        yield Mutant(name=f"data.json: {reason['code']}: drop the reason", file="data.json", content=content)


def _other_ways(reason: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    effects = {"conceal": ("withhold",), "withhold": ("conceal", "disclose"), "mask": ("withhold", "disclose")}
    for effect in effects[reason["effect"]]:
        yield "effect", effect
    if reason["effect"] == "withhold":
        yield "tell", "ANOTHER"
        yield "remedy", "ANOTHER" if reason["remedy"] is None else None
    if reason["effect"] == "mask":
        yield "obligations", ["birth-year" if "birth-year" not in reason["obligations"] else "address-district"]


def _rego_tests_that_fail(mutant: Mutant) -> str | None:
    with TemporaryDirectory() as place:
        folder = Path(shutil.copytree(POLICIES, Path(place) / "policies"))
        (folder / mutant.file).write_text(mutant.content, encoding="utf-8")
        places = [str(folder / "directory"), str(folder / "data.json"), f"cases:{folder / 'cases'}"]
        # Without the cases, which were asked before.
        said = run([_opa(), "test", "--run", r"directory\.\w+_test", *places])
    return None if said.returncode == 0 else "the Rego tests"


def _opa() -> str:
    opa = find_opa()
    if opa is None:
        raise OpaFailed("mutants are tried by opa, and opa is not installed")
    return opa


def main() -> int:
    """Try every mutant, or those whose name has a word given, and return 1 if a survivor is not named as equivalent."""
    words = sys.argv[1:]
    every = [mutant for mutant in mutants() if not words or any(word in mutant.name for word in words)]
    tried = {mutant.name for mutant in every}
    named, survivors = equivalents(), []
    with bench() as killer:
        for number, mutant in enumerate(every, 1):
            if killer.of(mutant) is None:
                survivors.append(mutant.name)
                _say(f"{'equivalent' if mutant.name in named else 'SURVIVED'} {mutant.name}")
            if number % 10 == 0:
                _say(f"{number} of {len(every)} tried")
    unnamed = [name for name in survivors if name not in named]
    stale = [name for name in named if name not in survivors and (name in tried or not words)]
    for name in stale:
        _say(f"named as equivalent, but killed or gone: {name}")
    _say(
        f"{len(every)} mutants, {len(every) - len(survivors)} killed, {len(survivors)} survived, {len(unnamed)} unnamed"
    )
    return 1 if unnamed or stale else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
