"""The stories of the field, asked through HTTP and shown so that anybody can read them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import httpx
import orjson
from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.rule_set import RuleSet
from connectors.synthetic.demo_cast import PERSONAS, STORIES, Persona, Story

FIRST_PERSONAS: Final = ("nurse", "youth-worker", "teacher", "social-worker", "directory-team", "lapsed")

WHO_WORKS_WITH: Final = """\
query WhoWorksWith($criteria: ChildCriteria!) {
  searchChildren(criteria: $criteria) {
    candidates {
      grade
      reasons
      child {
        givenName familyName dateOfBirth
        address { lines postcode }
        carers { name relationship telephone withheld { field reason remedy } }
        settings { name kind telephone }
        involvements(active: true) {
          service
          agency { name }
          practitioner { name role telephone email }
          withheld { field reason remedy }
        }
        withheld { field reason remedy }
      }
    }
    sources { authority { name } status }
  }
}"""

EXAMPLE: Final = """\
# Who are you, and what may you ask?
{
  me { name role standing purposes remainingSearches }

  # Who is working with this child? (Change the name and the date of birth.)
  searchChildren(criteria: { givenName: "Ayesha", familyName: "Rahmani", dateOfBirth: "%s" }) {
    candidates {
      grade
      reasons
      child {
        givenName familyName
        carers { name relationship telephone }
        settings { name kind telephone }
        involvements(active: true) {
          service
          practitioner { name role telephone agency { name } }
          withheld { field reason remedy }
        }
        withheld { field reason remedy }
      }
    }
    sources { authority { name } status }
  }
}
"""


def example_for(today: date) -> str:
    """Return the query that GraphiQL starts with, true on this day."""
    return EXAMPLE % STORIES[0].date_of_birth(today).isoformat()


def body_for(persona: Persona, today: date) -> str:
    """Return the request body of the persona's story, as JSON without a single quote in it."""
    story = next((story for story in STORIES if story.persona == persona.key), STORIES[0])
    document = {"query": " ".join(WHO_WORKS_WITH.split()), "variables": _variables(story, today)}
    return orjson.dumps(document).decode().replace("'", "\\u0027")


class StoryTeller:
    """Asks each story's question of a gateway and prints question, answer, what was withheld, and the entry made."""

    def __init__(self, *, tokens: Mapping[str, str], today: date, rules: RuleSet) -> None:
        """Take the personas' tokens, the day, and the rules for their sentences."""
        self._tokens = tokens
        self._today = today
        self._rules = rules
        self._out = Console()

    async def tell(self, address: str, stories: Sequence[Story], *, url: str) -> None:
        """Tell the stories, then show the ledger entries that they made."""
        personas = {persona.key: persona for persona in PERSONAS}
        request_ids = []
        async with httpx.AsyncClient(base_url=address, timeout=10) as client:
            for number, story in enumerate(stories, start=1):
                answer = await self._ask(client, story, personas[story.persona])
                request_ids.append(answer.headers["x-request-id"])
                self._show(number, story, personas[story.persona], answer)
        await self._show_entries(url, request_ids)

    async def _ask(self, client: httpx.AsyncClient, story: Story, persona: Persona) -> httpx.Response:
        return await client.post(
            "/graphql",
            json={"query": WHO_WORKS_WITH, "variables": _variables(story, self._today)},
            headers={
                "Authorization": f"Bearer {self._tokens[persona.key]}",
                "Access-Purpose": persona.purpose,
                "Access-Reason": persona.reason,
            },
        )

    def _show(self, number: int, story: Story, persona: Persona, answer: httpx.Response) -> None:
        document = answer.json()
        self._out.print()
        self._out.print(Text(f"{number}. {story.title}", style="bold underline"))
        if number == 1:
            self._out.print(
                Panel(Syntax(WHO_WORKS_WITH, "graphql", word_wrap=True), title="The question, the same in every story")
            )
        asked = Text.assemble((persona.name, "bold"), f", {persona.role}, for {persona.purpose}: “{persona.reason}”\n")
        asked.append(f"Searched for: {_criteria_in_words(story, self._today)}")
        self._out.print(Panel(Group(asked, Text(), *self._answer(document)), expand=True))

    def _answer(self, document: Mapping[str, Any]) -> Iterator[Text | Tree]:
        for error in document.get("errors", ()):
            yield Text.assemble((error["extensions"]["code"], "bold red"), f"  {error['message']}")
        if document.get("data") is None:
            return
        search = document["data"]["searchChildren"]
        if not search["candidates"]:
            yield Text("No child was found.")
        for candidate in search["candidates"]:
            yield self._child(candidate)
        answered = ", ".join(f"{source['authority']['name']}: {source['status']}" for source in search["sources"])
        yield Text(f"Sources: {answered}", style="dim")

    def _child(self, candidate: Mapping[str, Any]) -> Tree:
        child = candidate["child"]
        title = f"{child['givenName']} {child['familyName']}, born {child['dateOfBirth']}"
        tree = Tree(Text.assemble((title, "bold green"), f"  {candidate['grade']}: {_words(candidate['reasons'])}"))
        if child["address"]:
            tree.add(Text(f"lives at {', '.join(child['address']['lines'])} {child['address']['postcode'] or ''}"))
        for carer in child["carers"] or ():
            contact = f", {carer['telephone']}" if carer["telephone"] else ""
            relationship = f" ({_words([carer['relationship']])})" if carer["relationship"] else ""
            self._add(tree, f"{carer['name']}{relationship}{contact}", carer["withheld"])
        for setting in child["settings"] or ():
            tree.add(Text(f"{setting['name']} ({_words([setting['kind']])}), {setting['telephone'] or 'no telephone'}"))
        for involvement in child["involvements"] or ():
            self._add(tree, _involvement(involvement), involvement["withheld"])
        self._add_withheld(tree, child["withheld"])
        return tree

    def _add(self, tree: Tree, line: str, withheld: Sequence[Mapping[str, str]]) -> None:
        self._add_withheld(tree.add(Text(line)), withheld)

    def _add_withheld(self, tree: Tree, withheld: Sequence[Mapping[str, str]]) -> None:
        by_reason: dict[tuple[str, str], list[str]] = {}
        for one in withheld:
            by_reason.setdefault((one["reason"], one["remedy"]), []).append(one["field"])
        for (reason, remedy), fields in by_reason.items():
            said = self._rules.sentence(reason) or reason
            done = self._rules.sentence(remedy) or ""
            tree.add(Text.assemble(("withheld: ", "bold yellow"), f"{', '.join(fields)}. {said} {done}"))

    async def _show_entries(self, url: str, request_ids: Sequence[str]) -> None:
        table = Table(title="The ledger: one entry for each ask, durable before the answer left", title_justify="left")
        for heading in ("entry", "who", "outcome", "told", "withheld", "concealed", "rules"):
            table.add_column(heading, overflow="fold")
        database = await Database.open(url, pool_min=1, pool_max=1)
        try:
            entries = await PostgresLedgerReader(database).latest(first=len(request_ids))
        finally:
            await database.close()
        for stored in reversed(entries):
            document = orjson.loads(stored.entry)
            if document["request_id"] in request_ids:
                table.add_row(*_entry_cells(document))
        self._out.print()
        self._out.print(table)
        self._out.print("Told and withheld count fields, concealed counts records. ", style="dim", end="")
        self._out.print("Look closer with `gateway ledger list` and `gateway ledger show NUMBER`.", style="dim")


def _variables(story: Story, today: date) -> dict[str, Any]:
    criteria = story.criteria(today)
    return {
        "criteria": {
            "givenName": criteria.given_name,
            "familyName": criteria.family_name,
            "dateOfBirth": story.date_of_birth(today).isoformat(),
        }
    }


def _criteria_in_words(story: Story, today: date) -> str:
    criteria = story.criteria(today)
    return f"{criteria.given_name} {criteria.family_name}, born {story.date_of_birth(today).isoformat()}"


def _involvement(involvement: Mapping[str, Any]) -> str:
    practitioner, agency = involvement["practitioner"], involvement["agency"]
    parts = [_words([involvement["service"]])] if involvement["service"] else ["a service"]
    if practitioner:
        reached = practitioner["telephone"] or practitioner["email"] or ""
        parts.append(f"{practitioner['name']}, {practitioner['role']}, {reached}".rstrip(", "))
    if agency:
        parts.append(agency["name"])
    return " - ".join(parts)


def _words(codes: Sequence[str]) -> str:
    return ", ".join(code.replace("_", " ").lower() for code in codes)


def _entry_cells(document: Mapping[str, Any]) -> tuple[str, ...]:
    told = sum(len(record.get("disclosed", ())) + len(record.get("masked", ())) for record in document["records"])
    withheld = sum(len(record.get("withheld", ())) for record in document["records"])
    concealed = sum(record["exists"] == "conceal" for record in document["records"])
    codes = " ".join(note["code"] for note in document["outcome"]["codes"])
    return (
        str(document["seq"]),
        document["caller"]["person"],
        f"{document['outcome']['status']} {codes}".strip(),
        str(told),
        str(withheld),
        str(concealed),
        document["policy"]["revision"][:7] if document["policy"] else "-",
    )
