"""Root has every right outside; a learner's code that root grades must have none of them."""

import os

import pytest

from tests.hostile.contest import Contest
from tests.hostile.everything import ATTACKS
from tests.hostile.making import BOAST

KEYS = (
    "overwrite", "delete", "modes-and-times", "links", "poisoned-library", "others-work",
    "system-files", "parents-memory", "ptrace", "pidfd-getfd", "another-user", "mounts",
    "kernel-interfaces", "system-settings", "limits-lifted", "limits-of-others", "network",
    "anybody-to-signal", "solutions", "mailbox", "memory-in-files", "fork-bomb",
)  # fmt: skip


@pytest.fixture(scope="module", params=["landlock", "namespaces"])
def roots(request, ears, contests):
    if os.geteuid() != 0:
        pytest.skip("only root can try what root would suffer")
    contest = Contest(request.param, as_root=True)
    contest.ready()
    if contest.cannot:
        pytest.skip(contest.cannot)
    yield contest
    contest.close()


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.key in KEYS], ids=lambda a: a.key)
def test_nothing_of_roots_is_reached(attack, roots, ears):
    ears.heard.clear()
    seen = roots.attack(attack)
    assert "crash" not in seen, seen["crash"]
    credit = {t["verdict"]["task"]: t["verdict"]["credit"] for t in seen["result"]["tasks"]}
    assert credit == attack.honest, seen["result"]
    text = repr(seen["result"])
    assert BOAST not in text and roots.secret not in text
    assert seen["left"] == seen["harm"] == ears.heard == []
    assert seen["following"][0] == seen["following"][1]
