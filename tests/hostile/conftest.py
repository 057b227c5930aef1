"""The arenas: one grader for each tier that works here, in a process of its own."""

import os

import pytest

from tests.hostile import canaries
from tests.hostile.attack import EVERYWHERE
from tests.hostile.contest import Contest


@pytest.fixture(scope="session")
def ears():
    """Servers on this machine that no submission may reach."""
    if os.name != "posix":
        pytest.skip("the arenas need a POSIX system")
    canaries.PLACE.mkdir(exist_ok=True)
    with canaries.Ears() as listening:
        yield listening


@pytest.fixture(scope="session")
def contests(ears):
    """Arenas by tier, started when they are first wanted."""
    made = {tier: Contest(tier) for tier in EVERYWHERE}
    yield made
    for contest in made.values():
        contest.close()
    canaries.clear()


@pytest.fixture
def contest(contests, request):
    """The arena of the tier that a test names."""
    chosen = contests[request.getfixturevalue("tier")]
    chosen.ready()
    if chosen.cannot:
        pytest.skip(f"{chosen.tier} does not work here: {chosen.cannot}")
    return chosen
