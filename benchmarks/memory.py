"""What a gateway's process takes of memory, stage by stage: from Python alone until it has answered for a while.

    python -m benchmarks memory [--children 20000] [--seconds 5] [--rounds 6]

The first lines are processes of their own, each of which goes one step further than the one before; the last ones are
one gateway that is asked Q1 by 16 at once. Resident memory, and how much of it is the process's own (anonymous): the
rest is files that the system may drop or that other processes share.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.graph import job_for, known_ids, questions, run, say, serving, tokens
from benchmarks.people import people

_RULES: Final = """
import asyncio
from connectors.following_engine import FollowingDecider
from gateway.settings import read_settings

async def trusted(rules):
    pass

folder = read_settings().policies_dir
engine = FollowingDecider(folder, timeout=5, trust=trusted, golden_required={proven})
asyncio.run(engine.start(interval=0))
"""
STAGES: Final = {
    "Python": "",
    "the command": "import gateway.cli.serve",
    "the application": "import gateway.cli.serve, gateway.cli.serving, gateway.app.application",
    "rules built and proven": "import gateway.cli.serve, gateway.cli.serving, gateway.app.application"
    + _RULES.format(proven=True),
}


def of(rollup: str) -> tuple[float, float]:
    """Return the MB of resident memory that the system tells of a process, and those of its own."""
    found = {line.split(":")[0]: line.split()[1] for line in rollup.splitlines()[1:] if line}
    return int(found["Rss"]) / 1024, int(found["Anonymous"]) / 1024


def stage(script: str) -> str:
    """Return what the system tells of a process that has run a script."""
    told = "\nprint(open('/proc/self/smaps_rollup').read())"
    command = [sys.executable, "-c", script + told]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def show(name: str, rollup: str) -> None:
    """Print a line."""
    resident, own = of(rollup)
    say(f"{name:<32}{resident:>8.1f} MB {own:>8.1f} MB of its own")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5, help="of one round of asks")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="where the people are kept; default: under the temporary folder")
    options = parser.parse_args()
    for name, script in STAGES.items():
        show(name, stage(script))
    folder = options.folder or Path(tempfile.gettempdir()) / "directory-gateway-benchmark" / str(options.children)
    held = people(folder, children=options.children, sample=500)
    bearers, known = tokens(folder, held), asyncio.run(known_ids(folder, held))
    with serving("gateway", folder, held.url) as server:
        job = replace(job_for(questions(held)[0], server, bearers, known), concurrent=16, seconds=options.seconds)
        rollup, asked = Path(f"/proc/{server.process.pid}/smaps_rollup"), 0
        run(replace(job, concurrent=1, seconds=0.1))
        show("a gateway that serves", rollup.read_text(encoding="utf-8"))
        for _ in range(options.rounds):
            asked += int(run(job)["rate"] * options.seconds)
            show(f"after {asked:,} asks", rollup.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
