"""`gateway demo`: see what it does in a minute."""

from typing import Annotated

import typer

from gateway.cli.running import refuse_in_production, run
from gateway.settings import Settings


def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the stories, print them and stop.")] = False,
    scene: Annotated[
        str | None, typer.Option(help="Tell this story only, and stop; `cross-border` goes on serving without --once.")
    ] = None,
) -> None:
    """Start the gateway over a small world of made-up people, and show what it does.

    The data stay in the data folder, so a second start is quick. Refused in production.
    """

    async def act(settings: Settings) -> None:
        # Imported here: the whole gateway takes longer to import than most commands take to run.
        from gateway.cli.cross_border import SCENE, show_cross_border
        from gateway.cli.demonstration import demonstrate

        refuse_in_production(settings, "The demonstration")
        if scene == SCENE:
            await show_cross_border(settings, once=once)
            return
        await demonstrate(settings, once=once or scene is not None, scene=scene)

    run(act)
