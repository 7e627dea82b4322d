"""`gateway serve`: serve the graph."""

from connectors.postgres.migration import pending
from gateway.cli.running import console, database_url, run
from gateway.settings import Settings, SettingsError


def serve() -> None:
    """Serve the graph until told to stop. Refuses to start on a database that is not migrated."""

    async def act(settings: Settings) -> None:
        # Imported here: the whole gateway takes longer to import than most commands take to run.
        from gateway.app import application
        from gateway.cli.serving import listening, serve_on

        url = database_url(settings)
        outstanding = await pending(url)
        if outstanding:
            raise SettingsError(
                f"The database lacks {len(outstanding)} migrations ({outstanding[0]} …): run `gateway migrate` first."
            )
        bound = listening(settings.host, settings.port)
        await serve_on(bound, application(settings, url=url), once_up=_announce)

    run(act)


async def _announce(address: str) -> bool:
    console.print(f"Serving the graph at [link]{address}/graphql[/link]")
    return True
