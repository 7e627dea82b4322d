"""The published audits of GraphQL over HTTP, run by Node against a gateway that serves as operators serve it."""

import asyncio
import json

import pytest

from connectors.postgres.database import Database
from tests.faults.crowd import a_nurse, headers_of
from tests.support.postgres import fresh_database
from tests.support.processes import a_served_gateway
from tests.support.tools import npm_packages

OF_THE_DRAFTS = {"47DE", "80D8"}
"""They want `application/json` where nothing else is accepted by name; the edition of September 2026 does not."""


@pytest.fixture(scope="module")
async def audits(postgres, tmp_path_factory):
    """Every audit's result, of a gateway that answers GET as well."""
    node, folder = npm_packages("conformance")
    data_dir = tmp_path_factory.mktemp("gateway")
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=20.0)
        nurse = await a_nurse(database)
        await database.close()
        async with a_served_gateway(data_dir, url=url, get_queries=True, requests_at_once=200) as gateway:
            headers = headers_of(nurse, data_dir)
            process = await asyncio.create_subprocess_exec(
                node,
                folder / "audit.mjs",
                f"{gateway.address}/graphql",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            printed, _ = await process.communicate(json.dumps(headers).encode())
    assert process.returncode == 0
    return json.loads(printed)


async def test_every_audit_of_a_must_passes(audits):
    assert [audit for audit in audits if audit["status"] == "error"] == []
    assert len([audit for audit in audits if audit["name"].startswith("MUST")]) >= 10


async def test_every_audit_of_a_should_passes_but_the_two_that_the_edition_took_back(audits):
    assert {audit["id"]: audit["reason"] for audit in audits if audit["status"] == "warn"}.keys() == OF_THE_DRAFTS


async def test_every_audit_of_a_may_passes(audits):
    assert [audit for audit in audits if audit["status"] == "notice"] == []
