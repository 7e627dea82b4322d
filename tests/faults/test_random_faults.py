"""Several gateways and their database hurt at random moments, any of them or both: the ledger stays whole."""

import random
import sys

from connectors.postgres.server import EmbeddedServer
from tests.support.ledger_faults import hurt
from tests.support.postgres import server_folder

GATEWAYS, ROUNDS = 2, 4
TYPED = {"SOURCE_UNAVAILABLE", "AUDIT_UNAVAILABLE", "DECISION_UNAVAILABLE"}


async def test_kills_at_random_moments_leave_no_gap_no_double_and_no_answer_without_an_entry(tmp_path, capsys):
    """The long form, with more of everything: `python -m benchmarks.ledger_faults`."""
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a run can be told from another
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        try:
            server.start()
            outcome = await hurt(server, tmp_path, gateways=GATEWAYS, rounds=ROUNDS, seed=seed)
        finally:
            server.stop(mode="immediate")
            server.leave()
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {seed}: {', '.join(outcome.faults)}; sent {outcome.sent}, delivered {outcome.delivered}, "
            f"refused {sum(outcome.refused.values())}, lost {outcome.lost}\n"
        )

    assert outcome.lost == 0
    assert outcome.delivered > 0
    assert outcome.checkpoints > 0
    assert {code for refusal in outcome.refused for code in refusal[1:]} <= TYPED
