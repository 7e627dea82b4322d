"""What the ledger holds after kills at random moments: gateways and database, under load, round after round.

    python -m benchmarks.ledger_faults [--gateways 3] [--rounds 30] [--seed N]

Starts real gateways on a real PostgreSQL with durable commits, keeps asking them all, and kills -9 a gateway, the
database, one of its sessions, or a gateway and the database together, a random moment after the last. A round takes a
few seconds. At the end every delivered answer is looked for in the ledger, and sequence, index, tiles and checkpoints
are checked from the first entry to the last. The seed chooses whom and when; the machine's own timing differs.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from connectors.postgres.server import EmbeddedServer
from tests.support.ledger_faults import Outcome, hurt


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def table(outcome: Outcome, seconds: float) -> None:
    """Print what became of everything."""
    faults = ", ".join(f"{number} {fault}" for fault, number in Counter(outcome.faults).most_common())
    say(f"\nkilled      {faults}, in {seconds:.0f} s")
    say(f"sent        {outcome.sent:>9,}")
    say(f"delivered   {outcome.delivered:>9,}")
    for refusal, number in outcome.refused.most_common():
        say(f"refused     {number:>9,}  {' '.join(map(str, refusal))}")
    say(f"cut off     {outcome.cut_off:>9,}  without a whole answer")
    say(f"entries     {outcome.entries:>9,}  no gap, no double; {outcome.untold:,} of answers that never arrived")
    say(f"checkpoints {outcome.checkpoints:>9,}  all of them, and every tile, those of the entries")
    say(f"lost        {outcome.lost:>9,}  delivered without an entry")


def main() -> int:
    """Hurt, and print what is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateways", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))  # noqa: S311 - printed
    options = parser.parse_args()
    say(f"seed {options.seed}, {options.gateways} gateways, {options.connections} connections to each")
    with (
        tempfile.TemporaryDirectory(prefix="directory-gateway-faults-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryDirectory() as data,
    ):
        server = EmbeddedServer(Path(folder))
        began = time.monotonic()
        try:
            server.start()
            outcome = asyncio.run(
                hurt(
                    server,
                    Path(data),
                    gateways=options.gateways,
                    rounds=options.rounds,
                    seed=options.seed,
                    connections=options.connections,
                    say=say,
                )
            )
        finally:
            server.stop(mode="immediate")
            server.leave()
    table(outcome, time.monotonic() - began)
    return 1 if outcome.lost else 0


if __name__ == "__main__":
    sys.exit(main())
