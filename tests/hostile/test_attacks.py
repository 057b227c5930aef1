"""Every attack on every tier that promises to contain it."""

import json

import pytest

from tests.hostile.attack import CONFINED, EVERYWHERE
from tests.hostile.everything import ATTACKS, against
from tests.hostile.making import BOAST

TRIALS = [(tier, attack) for tier in EVERYWHERE for attack in against(tier)]
LONGEST = 40_000  # characters of a result: nobody reads more, and a class has many


@pytest.mark.parametrize(
    ("tier", "attack"), TRIALS, ids=[f"{tier}-{attack.key}" for tier, attack in TRIALS]
)
def test_an_attack_earns_what_is_honest_and_harms_nobody(tier, attack, contest, ears):
    ears.heard.clear()
    seen = contest.attack(attack)
    assert "crash" not in seen, seen["crash"]
    result = seen["result"]
    credit = {task["verdict"]["task"]: task["verdict"]["credit"] for task in result["tasks"]}
    wrong = {task: credit[task] for task in attack.honest if credit[task] != attack.honest[task]}
    assert wrong == {}, result
    for task in result["tasks"]:
        verdict = task["verdict"]
        reasons = (verdict["seen"], verdict["notes"], verdict["looks_like"], result["failure"])
        assert verdict["credit"] == 1 or any(reasons) or verdict["status"] == "not started"
    flags = [*result["flags"], *(flag for task in result["tasks"] for flag in task["flags"])]
    assert attack.flagged in " ".join(flags)
    text = json.dumps(result, ensure_ascii=False)
    assert text.encode(), "lone surrogates cannot be written to a file"
    assert len(text) < LONGEST
    assert BOAST not in text and contest.secret not in text
    assert seen["following"][0] == seen["following"][1], "the next submission suffered"
    assert seen["left"] == []
    if tier in CONFINED:
        assert seen["harm"] == [] and ears.heard == []
        assert result["tier"] in (tier, "")


def test_every_attack_is_tried_somewhere():
    tried = {attack.key for _, attack in TRIALS}
    assert tried == {attack.key for attack in ATTACKS}


def test_a_class_of_attackers_has_earned_what_the_table_says():
    rows = {attack.row for attack in ATTACKS if attack.row}
    assert rows >= {f"t{n:02}" for n in range(19)}
