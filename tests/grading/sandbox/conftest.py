"""Sandboxes of every tier that works on this machine; those that do not are skipped by name."""

import pytest

from bncourse.grade.prepared import prepare
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.sandbox.tiers import TIERS, IsolationError
from bncourse.registry import find

BOXES = {}


def box_of(tier, time_limit=1.0):
    """One warm sandbox of each tier for the whole session."""
    if tier not in BOXES:
        try:
            made = Sandbox(time_limit, exactly=tier)
            made.run([(1, "1")], [])
            BOXES[tier] = made
        except IsolationError as error:
            BOXES[tier] = str(error)
    if isinstance(BOXES[tier], str):
        pytest.skip(f"{tier} cannot be had here: {BOXES[tier]}")
    return BOXES[tier]


@pytest.fixture(params=TIERS)
def box(request):
    return box_of(request.param)


@pytest.fixture(params=[tier for tier in TIERS if tier != "process"])
def strong_box(request):
    """A tier that keeps files, network and other processes out of reach."""
    return box_of(request.param)


@pytest.fixture(scope="session", autouse=True)
def closed_at_the_end():
    yield
    for made in BOXES.values():
        if not isinstance(made, str):
            made.close()


@pytest.fixture(scope="session")
def forward():
    return prepare(find("3.3"), 3)


@pytest.fixture(scope="session")
def undo():
    return prepare(find("3.5"), 3)
