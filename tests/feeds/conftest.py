"""The commands bring their own event loop, so tests run them in a thread of their own."""

import asyncio

import pytest


@pytest.fixture
def in_thread():
    """Run a blocking function beside the test's event loop."""
    return asyncio.to_thread
