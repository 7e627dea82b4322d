"""Two members and their registry; the second one's gateway on real sockets."""

import pytest

from gateway.known_ids import IdScope
from tests.support.federation import HERE, THERE, RegistryFile, a_member_served, enrolled


@pytest.fixture
def here(tmp_path):
    return enrolled(tmp_path, HERE)


@pytest.fixture
def there(tmp_path):
    return enrolled(tmp_path, THERE)


@pytest.fixture
def registry(tmp_path, here, there):
    return RegistryFile(tmp_path, here, there)


@pytest.fixture
async def gateway(database_url, tmp_path, there, registry):
    """A gateway of THERE over the test's own database: its address for peers, and its application."""
    async with a_member_served(database_url, tmp_path / "there", there, registry) as (_, address, app):
        yield address, app


@pytest.fixture
def answering(gateway):
    """The address for peers of the gateway."""
    return gateway[0]


@pytest.fixture
def known_here(gateway):
    """The ids by which the other authority knows the gateway's records."""
    return gateway[1].state.gateway.answering.ids.known_to(IdScope(HERE, None))
