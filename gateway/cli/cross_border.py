"""The scene across borders: three authorities on one machine, a nurse in the first, a social worker in the second."""

import asyncio
import contextlib
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
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
from connectors.postgres.databases import database_beside
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.postgres.migration import migrate
from connectors.postgres.register import PostgresRegister
from connectors.synthetic.border_world import (
    ASKING,
    BORDER_AUTHORITIES,
    HOLDING,
    NURSE,
    NURSE_NAME,
    REASON,
    SILENT,
    Sought,
    load_border_world,
)
from gateway.app.application import application
from gateway.cli.cross_border_linked import add_withheld, show_linked
from gateway.cli.federation_files import MemberFolder, now
from gateway.cli.running import console, database_url
from gateway.cli.serving import listening, serving_beside
from gateway.cli.token import token_for
from gateway.federation.reconciling import Reconciliation, calls_in
from gateway.federation.registry import read_join_request, sign_registry
from gateway.federation.signed import new_key, public_set
from gateway.settings import Settings
from gateway.vocabulary import PersonId

SCENE: Final = "cross-border"
ROLES: Final = frozenset({"health-practitioner", "social-worker"})
PURPOSE: Final = "safeguarding-enquiry"

WHO_ELSE: Final = """\
query WhoElse($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: $criteria, authorities: $authorities) {
    candidates {
      grade
      child {
        id givenName familyName nhsNumber
        carers { name relationship telephone }
        settings { name }
        involvements(active: true) { service practitioner { name role telephone } }
        withheld { field reason authority }
      }
    }
    sources { authority { name } status elapsedMs }
  }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One authority of the scene: where its database is, its settings, and its sockets for callers and peers."""

    authority: tuple[str, str, str]
    url: str
    settings: Settings
    callers: socket.socket
    peers: socket.socket


async def show_cross_border(settings: Settings, *, once: bool) -> None:
    """Start the three gateways, stop the third, ask from the first, and compare two ledgers; then serve until stopped.

    Raises:
        DirectoryError: A part could not be started.
    """
    loop, showing = asyncio.get_running_loop(), asyncio.create_task(_show_all(settings, once=once))
    for stopped_by in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopped_by, showing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await showing


async def _show_all(settings: Settings, *, once: bool) -> None:
    today = datetime.now(UTC).date()
    folder = settings.data_dir / SCENE / "federation"
    # Members' keys and certificates are of this run alone: the ports are, and nobody else has to believe them.
    shutil.rmtree(folder, ignore_errors=True)
    with console.status("Starting the database"):
        server = database_url(settings)
    out = Console()
    with contextlib.ExitStack() as sockets:
        sides = [await _side(settings, folder, server, authority, today, sockets) for authority in BORDER_AUTHORITIES]
        _publish(folder, sides)
        asking, holding, silent = sides
        # Whoever asks stops first, and lets its connections go.
        async with _served(holding), _served(asking) as address:
            async with _served(silent):
                _introduce(out, sides)
            out.print(Text(f"{SILENT[2]}'s gateway has been stopped.\n", style="yellow"))
            token = await _token(asking)
            async with _client(address, token) as client:
                answer = await _ask(client, today)
                _show(out, answer.json(), today)
                await show_linked(out, asking.url, client)
            await _show_ledgers(out, asking, holding, answer.headers["x-request-id"])
            if not once:
                await _until_stopped(out, address, token)


async def _side(
    settings: Settings,
    folder: Path,
    server: str,
    authority: tuple[str, str, str],
    today: date,
    sockets: contextlib.ExitStack,
) -> Side:
    code, _, name = authority
    with console.status(f"Preparing {name}"):
        url = await database_beside(server, f"border_{code.lower()}")
        await migrate(url)
        await load_border_world(url, authority, today=today)
    callers, peers = (sockets.enter_context(listening("127.0.0.1", 0)) for _ in range(2))
    member = folder / code
    MemberFolder(member).make(
        authority=code,
        name=name,
        endpoints=[f"https://127.0.0.1:{peers.getsockname()[1]}"],
        roles=ROLES,
        policy="https://policy.invalid/",
        days=1,
        csr_only=False,
    )
    own = settings.model_copy(
        update={
            "authority": code,
            "policies_dir": _rules(settings.policies_dir, folder, code),
            "data_dir": folder.parent / code,
            "registry": str(folder / "registry.jwt"),
            "registry_keys_file": folder / "operator.jwks",
            "assertion_key_file": member / "assertion.jwk",
            "peer_cert_file": member / "peer.pem",
            "peer_key_file": member / "peer.key.pem",
            "peer_port": peers.getsockname()[1],
            "locator_interval": 0,
        }
    )
    return Side(authority=authority, url=url, settings=own, callers=callers, peers=peers)


def _rules(shipped: Path, folder: Path, code: str) -> Path:
    """Return an authority's rules: those of the one that holds the child tell others no contact details of carers."""
    if code != HOLDING[0]:
        return shipped
    own = folder / code / "policies"
    shutil.copytree(shipped, own)
    data = orjson.loads((own / "data.json").read_bytes())
    data["roles"]["peer"]["sees"]["Carer"].remove("contact")
    (own / "data.json").write_bytes(orjson.dumps(data))
    return own


def _publish(folder: Path, sides: list[Side]) -> None:
    operator, at = new_key("Ed25519"), now()
    members = [read_join_request((folder / side.authority[0] / "join-request.jwt").read_text()) for side in sides]
    (folder / "operator.jwks").write_bytes(orjson.dumps(public_set([operator])))
    text = sign_registry(
        members,
        operator="https://registry.invalid",
        sequence=int(at.timestamp()),
        issued=at,
        expires=at + timedelta(days=1),
        key=operator,
    )
    (folder / "registry.jwt").write_text(text)


@asynccontextmanager
async def _served(side: Side) -> AsyncIterator[str]:
    code, _, name = side.authority
    console.print(f"Starting the gateway of {name}.", highlight=False)
    if code == HOLDING[0]:
        # Else the first that a newcomer reads is a warning that looks like a fault.
        console.print(f"{name} has changed a rule, and has no answers of OPA to it yet: its gateway warns of that.")
    async with serving_beside(application(side.settings, url=side.url), side.callers, peers=side.peers) as address:
        yield address


async def _token(side: Side) -> str:
    database = await Database.open(side.url, pool_min=1, pool_max=1, timeout=10.0)
    try:
        found = await PostgresRegister(database).registration_of(PersonId(NURSE))
    finally:
        await database.close()
    assert found is not None  # noqa: S101  # loaded a moment ago
    return token_for(side.settings, found, hours=24.0)


def _client(address: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": PURPOSE}
    return httpx.AsyncClient(base_url=address, timeout=30, headers=headers)


async def _ask(client: httpx.AsyncClient, today: date) -> httpx.Response:
    return await client.post(
        "/graphql",
        json={"query": WHO_ELSE, "variables": _variables(today)},
        headers={"Access-Reason": REASON},
    )


def _variables(today: date) -> dict[str, Any]:
    sought = Sought()
    return {
        "criteria": {
            "givenName": sought.given_name,
            "familyName": sought.family_name,
            "dateOfBirth": sought.date_of_birth(today).isoformat(),
        },
        "authorities": [HOLDING[0], SILENT[0]],
    }


def _introduce(out: Console, sides: list[Side]) -> None:
    table = Table(title=f"Three authorities, each with its own database, keys, certificate and rules; {HOLDING[2]}'s "
                  "tell others' people no contact details of carers", title_justify="left")  # fmt: skip
    for heading in ("authority", "for its own people", "for other authorities"):
        table.add_column(heading)
    for side in sides:
        callers, peers = (bound.getsockname()[1] for bound in (side.callers, side.peers))
        table.add_row(side.authority[2], f"http://127.0.0.1:{callers}", f"https://127.0.0.1:{peers}")
    out.print(table)


def _show(out: Console, document: Mapping[str, Any], today: date) -> None:
    sought = Sought()
    asked = Text.assemble(
        (NURSE_NAME, "bold"),
        f", health-practitioner at {ASKING[2]}, for {PURPOSE}: “{REASON}”\n",
        f"Searched for: {sought.given_name} {sought.family_name}, born {sought.date_of_birth(today).isoformat()}, "
        f"in {HOLDING[2]} and {SILENT[2]}",
    )
    out.print(Panel(Syntax(WHO_ELSE, "graphql", word_wrap=True), title="The question"))
    parts: list[Text | Tree] = [asked]
    for error in document.get("errors", ()):
        parts.append(Text.assemble((error["extensions"]["code"], "bold red"), f"  {error['message']}"))
    search = (document.get("data") or {}).get("searchChildren") or {"candidates": [], "sources": []}
    parts += [_candidate(candidate) for candidate in search["candidates"]]
    for source in search["sources"]:
        style = "green" if source["status"] == "ANSWERED" else "bold yellow"
        parts.append(Text.assemble(f"{source['authority']['name']}: ", (source["status"], style)))
    out.print(Panel(Group(*parts), title="The answer"))


def _candidate(candidate: Mapping[str, Any]) -> Tree:
    child = candidate["child"]
    tree = Tree(Text.assemble((f"{child['givenName']} {child['familyName']}", "bold green"), f"  {candidate['grade']}"))
    tree.add(Text(child["id"], style="dim"))
    for carer in child["carers"] or ():
        tree.add(Text(f"{carer['name']} ({carer['relationship'].lower()})"))
    for setting in child["settings"] or ():
        tree.add(Text(setting["name"]))
    for involvement in child["involvements"] or ():
        who = involvement["practitioner"]
        tree.add(Text.assemble((f"{who['name']}, {who['role']}", "bold"), f", {who['telephone']}"))
    add_withheld(tree, child)
    return tree


async def _show_ledgers(out: Console, asking: Side, holding: Side, request_id: str) -> None:
    table = Table(title=f"Both ledgers hold the call {request_id}", title_justify="left")
    for heading in ("ledger of", "entry", "who", "commits to"):
        table.add_column(heading, overflow="fold")
    reconciliation = Reconciliation(ours=asking.authority[0], theirs=holding.authority[0])
    for side, other in ((asking, holding), (holding, asking)):
        database = await Database.open(side.url, pool_min=1, pool_max=1, timeout=10.0)
        try:
            async for stored in PostgresLedgerReader(database).entries():
                for call in calls_in([stored], other=other.authority[0]):
                    reconciliation.take(call, of=side.authority[0])
                document = orjson.loads(stored.entry)
                if document["request_id"] == request_id:
                    there = [source["entry"] for source in document["sources"] if "entry" in source]
                    said = ", ".join(f"entry {one['number']} {one['leaf'][:16]}…" for one in there)
                    caller = document["caller"]
                    said = said or f"assertion {caller.get('assertion')}"
                    table.add_row(side.authority[2], f"{stored.seq} {stored.leaf_hash.hex()[:16]}…",
                                  caller["person"], said)  # fmt: skip
        finally:
            await database.close()
    out.print(table)
    differences = list(reconciliation.differences())
    out.print(
        Text(f"The two ledgers agree on every call between the two ({reconciliation.calls}).", style="green")
        if not differences
        else Text(f"The two ledgers differ on {len(differences)} of {reconciliation.calls} calls.", style="bold red")
    )


async def _until_stopped(out: Console, address: str, token: str) -> None:
    out.print(f"\n[bold]{ASKING[2]}'s gateway serves at {address}/graphql[/bold]  (Ctrl-C stops all)", soft_wrap=True)
    out.print(f"Authorization: Bearer {token}", markup=False, highlight=False, soft_wrap=True)
    await asyncio.Event().wait()
