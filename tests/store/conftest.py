"""The store's tests begin with a few fictional people enrolled."""

import pytest

from gateway import enrol
from gateway.store.connect import Sessions
from tests.databases import MORNING
from tests.store.messages import roll


@pytest.fixture
async def enrolled(sessions: Sessions) -> enrol.Enrolled:
    return await enrol.enrol(sessions, roll(), MORNING)
