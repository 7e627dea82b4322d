"""The packaged rule set, and both engines over it."""

from pathlib import Path

import pytest

from connectors.embedded_engine import EmbeddedDecider
from connectors.opa import OpaDecider
from connectors.opa_command import find_opa
from connectors.rule_set import RuleSet
from tests.support.opa_server import opa_server
from tests.support.tools import do_without

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture(scope="session")
def rules():
    return RuleSet.read(POLICIES)


@pytest.fixture(scope="session")
async def embedded():
    decider = EmbeddedDecider(POLICIES, timeout=20)
    yield decider
    await decider.close()


@pytest.fixture(scope="session")
async def opa_if_installed(rules, tmp_path_factory):
    if find_opa() is None:
        yield None
        return
    with opa_server(rules, tmp_path_factory.mktemp("opa")) as url:
        decider = OpaDecider(url, timeout=20)
        yield decider
        await decider.close()


@pytest.fixture
def opa(opa_if_installed):
    if opa_if_installed is None:
        do_without("opa")
    return opa_if_installed


@pytest.fixture(params=["embedded", "opa"])
def engine(request, embedded, opa_if_installed):
    if request.param == "embedded":
        return embedded
    if opa_if_installed is None:
        do_without("opa")
    return opa_if_installed
