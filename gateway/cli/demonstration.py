"""The demonstration: a small world of made-up people, served, or told through HTTP as the stories of the field."""

from datetime import UTC, date, datetime

import httpx
from rich.console import Console
from rich.table import Table

from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from connectors.postgres.register import PostgresRegister
from connectors.rule_set import RuleSet
from connectors.synthetic.demo_cast import PERSONAS, STORIES, Persona
from connectors.synthetic.demo_world import load_demo_world
from gateway.app.application import application
from gateway.cli.running import console, database_url
from gateway.cli.serving import listening, serve_on
from gateway.cli.story import FIRST_PERSONAS, StoryTeller, body_for, example_for
from gateway.cli.token import token_for
from gateway.pages.graphiql import PagePersona
from gateway.settings import Settings, SettingsError

TOKEN_HOURS = 24.0


async def demonstrate(settings: Settings, *, once: bool, scene: str | None) -> None:
    """Load the small world and serve it, or tell its stories once.

    Raises:
        SettingsError: There is no such scene, or the port is taken.
        DirectoryError: A part could not be started.
    """
    told = [story for story in STORIES if scene in (None, story.key)]
    if not told:
        raise SettingsError(f"No such scene; there are: {', '.join(story.key for story in STORIES)}, cross-border.")
    today = datetime.now(UTC).date()
    with console.status("Starting the database"):
        url = database_url(settings)
    await migrate(url, on_step=lambda name: console.print(f"[dim]migrating: {name}[/dim]"))
    with console.status("Loading the demonstration's people"):
        await load_demo_world(url, today=today)
    tokens = await persona_tokens(settings, url)
    app = application(settings, url=url, personas=page_personas(tokens, today))
    if once:
        teller = StoryTeller(tokens=tokens, today=today, rules=RuleSet.read(settings.policies_dir))

        async def tell(address: str) -> bool:
            await teller.tell(address, told, url=url)
            return False

        await serve_on(listening("127.0.0.1", 0), app, once_up=tell)
        return

    async def invite(address: str) -> bool:
        await _check(address)
        _invite(address, tokens, today)
        return True

    await serve_on(listening(settings.host, settings.port), app, once_up=invite)


async def persona_tokens(settings: Settings, url: str) -> dict[str, str]:
    """Return a development token for each persona, by key, as the register has them."""
    database = await Database.open(url, pool_min=1, pool_max=1, timeout=settings.database_timeout)
    try:
        keys = {persona.key: (persona.person, persona.role) for persona in PERSONAS}
        found = await PostgresRegister(database).registrations(list(keys.values()))
        return {key: token_for(settings, found[who], hours=TOKEN_HOURS) for key, who in keys.items()}
    finally:
        await database.close()


def page_personas(tokens: dict[str, str], today: date) -> list[PagePersona]:
    """Return the personas as GraphiQL offers them, with the query that it starts with."""
    return [
        PagePersona(
            key=persona.key,
            title=persona.title,
            token=tokens[persona.key],
            purpose=persona.purpose,
            reason=persona.reason,
            example=example_for(today),
        )
        for persona in PERSONAS
    ]


async def _check(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=10) as client:
        (await client.get("/readyz")).raise_for_status()


def _invite(address: str, tokens: dict[str, str], today: date) -> None:
    out = Console(soft_wrap=True)
    out.print(f"\n[bold]The gateway serves at {address}/graphql[/bold]  (Ctrl-C stops it)")
    out.print(f"GraphiQL, with a chooser of personas: [bold]{address}/graphiql[/bold]")
    out.print(f"The policy workbench: [bold]{address}/policies?persona=policy-author[/bold]")
    out.print(f"The ledger, for auditors: [bold]{address}/ledger?persona=auditor[/bold]\n")
    for persona in (person for person in PERSONAS if person.key in FIRST_PERSONAS):
        out.print(f"[bold cyan]{persona.key}[/bold cyan]  {persona.title}")
        out.print(_curl(address, persona, tokens[persona.key], today), markup=False, highlight=False)
        out.print()
    table = Table(title="Further personas, in GraphiQL and by `gateway token`", title_justify="left")
    table.add_column("persona")
    table.add_column("who")
    for persona in PERSONAS:
        if persona.key not in FIRST_PERSONAS:
            table.add_row(persona.person, persona.title)
    out.print(table)


def _curl(address: str, persona: Persona, token: str, today: date) -> str:
    body = body_for(persona, today)
    return (
        f"curl -s {address}/graphql \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -H 'Authorization: Bearer {token}' \\\n"
        f"  -H 'Access-Purpose: {persona.purpose}' \\\n"
        f"  -H 'Access-Reason: {persona.reason}' \\\n"
        f"  -d '{body}'"
    )
