"""Every task ships with its own proof, on 200 seeds or as many as its mistakes leave time for."""

import pytest

from bncourse.authoring.proof import prove, prove_pairs
from bncourse.grading.form import Form, Number
from bncourse.registry import all_tasks

JUDGED = [task for task in all_tasks().values() if not task.recorded]
SEEDS = range(1000, 1200)
MOST_PAIRS = 80  # of a task, for each seed
MOST_WRONG = 1500  # wrong answers of a task


def _some(task, seeds):
    """Fewer seeds where each one draws dozens of cases to try in turn, or trains whole nets.

    A task with very many mistakes meets about `MOST_WRONG` of them; `bncourse proof --seeds 200`
    tries all on every seed.
    """
    many = task.smaller or len(task.draw(0)) > 30
    often = len(task.misconceptions) * len(seeds) // MOST_WRONG
    return seeds[:: 100 if task.patience > 1 else 8 if many else max(1, often)]


@pytest.mark.parametrize("task", JUDGED, ids=lambda task: task.id)
def test_right_passes_wrong_is_named_stub_scores_zero(task, proofs):
    seeds = _some(task, SEEDS)
    proof = prove(task, seeds)
    proofs.append(proof)
    assert proof.faults[:5] == []
    assert proof.caught == proof.named == proof.wrong > 0
    assert proof.right >= len(seeds) and proof.false_alarms == 0


@pytest.mark.parametrize(
    "task", [t for t in JUDGED if t.switchboard is not None], ids=lambda task: task.id
)
def test_two_slips_at_once_are_caught_and_never_called_by_another_name(task):
    slips = sum(bool(m.switches) for m in task.misconceptions)
    every = max(1, slips**2 // 2 // MOST_PAIRS)
    for seed in _some(task, range(5)):
        proof = prove_pairs(task, seed, every)
        assert proof.pairs > 0
        assert proof.faults == []
        assert proof.pairs_named >= 0.8 * proof.pairs


def test_every_task_has_what_a_learner_needs():
    entries = [task.entry for task in all_tasks().values()]
    assert len(set(entries)) == len(entries)
    for task in all_tasks().values():
        assert len(task.hints) == 3 and all(len(hint) > 20 for hint in task.hints)
        assert task.objective and task.minutes > 0
        fields = task.form.fields if isinstance(task.form, Form) else ()
        assert all(len(f.asks) <= 70 for f in fields if isinstance(f, Number))  # fits on one line
        keys = [m.key for m in task.misconceptions]
        assert len(set(keys)) == len(keys)
        for m in task.misconceptions:
            assert m.asks.endswith((".", "?")) and m.says.endswith(".")


def test_a_mistake_in_the_bank_is_noticed_by_the_proof():
    """The proof itself can fail: a misconception that equals the reference is a fault."""
    from dataclasses import replace

    task = all_tasks()["3.5"]
    broken = replace(task.misconceptions[0], wrong=task.reference, switches={})
    proof = prove(replace(task, misconceptions=(broken,)), range(3))
    assert not proof.holds and proof.caught == 0
