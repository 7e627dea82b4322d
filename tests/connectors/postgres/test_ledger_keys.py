"""The keys that seal, as they are made: nobody waits for somebody who waits for them."""

from itertools import permutations
from uuid import UUID

import pytest

from connectors.postgres import ledger_keys
from gateway.ledger.sealing import KeyName
from tests.support.ledger import sealing_keys

AYESHA, BEN = UUID(int=1), UUID(int=2)
ORDERS = list(permutations([KeyName(AYESHA, 2026), KeyName(AYESHA, 2027), KeyName(BEN, 2026)]))


class Recording:
    """A database that has no key, and notes whose keys it was told to keep."""

    def __init__(self):
        self.made = []

    async def fetch(self, sql, *arguments):
        if sql == ledger_keys._MAKE:
            self.made.append(arguments[1:3])
        return []


@pytest.mark.parametrize("names", ORDERS)
async def test_keys_are_made_in_one_order_so_that_two_who_make_the_same_do_not_wait_for_each_other(names):
    database = Recording()

    await sealing_keys().to_seal(database, names)

    ordered = sorted(names)
    assert database.made == [([name.child for name in ordered], [name.year for name in ordered])]
