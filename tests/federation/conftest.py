"""Two members and their registry; the second one's gateway on real sockets."""

import pytest

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
async def answering(database_url, tmp_path, there, registry):
    """The address for peers of a gateway of THERE over the test's own database."""
    async with a_member_served(database_url, tmp_path / "there", there, registry) as (_, address, _app):
        yield address
