"""The ward that several files look at."""

import pytest

from tests.firmware_stubs.made_up import Sample, sample


@pytest.fixture(scope="session")
def ward() -> Sample:
    return sample()
