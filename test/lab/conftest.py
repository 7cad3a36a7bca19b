"""The labs the tests here share. They are made once: a test leaves its lab healed."""

import pytest

from lab import Lab, usable


def pytest_collection_modifyitems(items):
    reason = usable()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=f"no lab can be made: {reason}"))


@pytest.fixture(scope="session")
def shared_lab():
    with Lab(nodes=3, ipv6=True) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab):
    yield shared_lab
    shared_lab.heal()
