"""The first command of a newcomer, as a real process in an empty folder."""

import signal

from connectors.postgres.server import EmbeddedServer
from connectors.synthetic.demo_cast import PERSONAS, STORIES
from tests.support.postgres import server_folder
from tests.support.processes import a_running, command_of, until


async def test_the_demonstration_tells_every_story_once_and_leaves_nothing_running():
    with server_folder() as folder:
        data_dir = folder / "data"
        server = EmbeddedServer(data_dir)
        try:
            async with a_running(
                command_of("demo", "--once"), folder=folder / "output", data_dir=data_dir, decision_timeout=20
            ) as demo:
                code = await demo.ended(within=180)
            left_running = server.pid
        finally:
            if data_dir.exists():
                server.stop()
        told = " ".join(demo.printed.split())

    assert code == 0, demo.complained
    assert left_running is None
    for number, story in enumerate(STORIES, start=1):
        assert f"{number}. {story.title}" in told
    assert "The ledger: one entry for each ask, durable before the answer left" in told
    asked = [persona.person for story in STORIES for persona in PERSONAS if persona.key == story.persona]
    assert [word for word in told.rpartition("The ledger:")[2].split() if word in asked] == asked
    assert "refused ACCESS_LAPSED" in told


async def test_the_scene_across_borders_finds_who_works_with_the_child_and_leaves_nothing_running():
    """Once with `--once`, and once more, over the same data, until Ctrl-C."""
    with server_folder() as folder:
        data_dir = folder / "data"
        server = EmbeddedServer(data_dir)
        try:
            async with the_scene_across_borders(folder, "--once") as demo:
                code = await demo.ended(within=180)
            left_running = server.pid
            async with the_scene_across_borders(folder) as serving:
                await until(lambda: _serves(serving), within=180)
                serving.send(signal.SIGINT)
                code_of_stopped = await serving.ended(within=120)
            left_of_stopped = server.pid
        finally:
            if data_dir.exists():
                server.stop()
        told, told_again = [" ".join(shown.printed.split()) for shown in (demo, serving)]

    assert (code_of_stopped, left_of_stopped) == (0, None)
    assert "The two ledgers agree on every call between the two (4)." in told_again
    assert code == 0
    assert left_running is None
    assert "Daniel Osei, Social worker" in told
    assert "Manchester: ANSWERED" in told
    assert "Salford: UNAVAILABLE" in told
    joined, _, alone = told.partition("The same child without `authorities`")
    assert "Manchester Grace Mensah, Social worker" in joined
    assert "source: E08000003: local-directory" in joined
    assert "withheld by Manchester: telephone (NOT_FOR_ROLE)" in joined
    assert "IDENTIFIER_EQUAL" in joined
    assert "Grace Mensah" not in alone
    assert "Manchester: NOT_ASKED" in alone
    assert "The two ledgers agree on every call between the two (2)." in told


def the_scene_across_borders(folder, *options):
    """The command, patient with a busy machine."""
    return a_running(
        command_of("demo", "--scene", "cross-border", *options),
        folder=folder / "output",
        data_dir=folder / "data",
        decision_timeout=20,
        peer_timeout=20,
        request_timeout=40,
    )


async def _serves(demo):
    assert demo.runs, demo.complained
    return "Ctrl-C stops all" in demo.printed
