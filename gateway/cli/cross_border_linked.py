"""The second half of the scene across borders: a child known here and elsewhere, and what joins the local answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from connectors.postgres.database import Database
from connectors.postgres.links_elsewhere import LinkRow, PostgresLinks
from connectors.synthetic.border_world import (
    ASKING,
    BORDER_AUTHORITIES,
    HOLDING,
    KNOWN_NAME,
    KNOWN_NUMBER,
    KNOWN_REASON,
    NURSE_NAME,
    SILENT,
)
from gateway.cli.federation_files import now

WHO_ELSE_WORKS_WITH: Final = """\
query WhoElseWorksWith($by: ChildKey!, $authorities: [LocalAuthorityCode!]) {
  child(by: $by, authorities: $authorities) {
    id givenName familyName
    carers { id name relationship telephone withheld { field reason authority } }
    settings { id name }
    involvements(active: true) {
      id service
      practitioner { name role telephone }
      provenance { source }
      withheld { field reason authority }
    }
    sources { authority { name } status }
    withheld { field reason authority }
  }
}"""

_NAMES: Final = {code: name for code, _, name in BORDER_AUTHORITIES}


async def show_linked(out: Console, url: str, client: httpx.AsyncClient) -> None:
    """Ask for a child by number here and elsewhere, show the link that this makes, and ask for what is here alone."""
    asked = await _ask(client, {"by": {"nhsNumber": KNOWN_NUMBER}, "authorities": [HOLDING[0], SILENT[0]]})
    out.print(Panel(Syntax(WHO_ELSE_WORKS_WITH, "graphql", word_wrap=True), title="A child who is known here as well"))
    out.print(Panel(Group(_asked(), *_answered(asked)), title="The answer, joined"))
    out.print(_links(await _linked(url)))
    child = (asked.get("data") or {}).get("child")
    if child is not None:
        alone = await _ask(client, {"by": {"id": child["id"]}})
        out.print(Panel(Group(*_answered(alone)), title="The same child without `authorities`: nobody else is asked"))


async def _ask(client: httpx.AsyncClient, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = await client.post(
        "/graphql",
        json={"query": WHO_ELSE_WORKS_WITH, "variables": dict(variables)},
        headers={"Access-Reason": KNOWN_REASON},
    )
    document: Mapping[str, Any] = answer.json()
    return document


def _asked() -> Text:
    return Text.assemble(
        (NURSE_NAME, "bold"),
        f": “{KNOWN_REASON}”\n",
        f"Asked for: {' '.join(KNOWN_NAME)} by the NHS number on his record, in {HOLDING[2]} and {SILENT[2]}",
    )


def _answered(document: Mapping[str, Any]) -> list[Text | Tree]:
    parts: list[Text | Tree] = [
        Text.assemble((error["extensions"]["code"], "bold red"), f"  {error['message']}")
        for error in document.get("errors", ())
    ]
    child = (document.get("data") or {}).get("child")
    if child is None:
        return parts
    tree = Tree(Text.assemble((f"{child['givenName']} {child['familyName']}", "bold green"), f"  {child['id']}"))
    for carer in child["carers"] or ():
        said = f"{carer['name']} ({carer['relationship'].lower()})"
        add_withheld(tree.add(_of(carer, f"{said}, {carer['telephone']}" if carer["telephone"] else said)), carer)
    for setting in child["settings"] or ():
        tree.add(_of(setting, setting["name"]))
    for involvement in child["involvements"] or ():
        _involvement(tree, involvement)
    add_withheld(tree, child)
    parts.append(tree)
    for source in child["sources"] or ():
        style = "green" if source["status"] == "ANSWERED" else "bold yellow"
        parts.append(Text.assemble(f"{source['authority']['name']}: ", (source["status"], style)))
    return parts


def _involvement(tree: Tree, involvement: Mapping[str, Any]) -> None:
    who = involvement["practitioner"]
    said = involvement["service"] if who is None else f"{who['name']}, {who['role']}, {who['telephone']}"
    branch = tree.add(_of(involvement, said))
    for source in dict.fromkeys(one["source"] for one in involvement["provenance"] or ()):
        branch.add(Text(f"source: {source}", style="dim"))
    add_withheld(branch, involvement)


def add_withheld(tree: Tree, record: Mapping[str, Any]) -> None:
    """Add what is withheld of a record, why, and by which authority where that is another one."""
    for one in record["withheld"] or ():
        by = f" by {_NAMES.get(one['authority'], one['authority'])}" if one["authority"] else ""
        tree.add(Text(f"withheld{by}: {one['field']} ({one['reason']})", style="yellow"))


def _of(record: Mapping[str, Any], text: str) -> Text:
    """Return a line that says whose record it is: an id of another authority begins with its code."""
    teller = _NAMES.get(record["id"].partition(".")[0], ASKING[2])
    return Text.assemble((f"{teller:<12}", "cyan" if teller == ASKING[2] else "magenta"), text)


async def _linked(url: str) -> Sequence[LinkRow]:
    database = await Database.open(url, pool_min=1, pool_max=1, timeout=10.0)
    try:
        return await PostgresLinks(database, now=now).history()
    finally:
        await database.close()


def _links(rows: Sequence[LinkRow]) -> Table:
    table = Table(
        title="The link that the ask has made; `gateway data unlink` undoes it from the very next read",
        title_justify="left",
    )
    for heading in ("child here", "record elsewhere", "state", "grounds", "by"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        there = f"{row.authority}.{row.there}"
        table.add_row(str(row.child), there, row.state.value, ", ".join(row.reasons), row.made_by)
    return table
