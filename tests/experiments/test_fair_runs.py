"""The trainer that exercise 8.2 is tried with."""

import pytest

from bncourse.experiments.fair_runs import train_and_test


def run(norm="batch", batch_size=32, updates=60, **rest):
    told = {"learning_rate": 0.3, "seed": 0, "mode": "eval"} | rest
    return train_and_test(norm, batch_size, updates=updates, **told)


def test_a_run_learns_and_can_be_repeated():
    assert run(updates=1) > 40 > 15 > run()
    assert run() == run()
    assert run(updates=5) != run(updates=5, seed=1)


@pytest.mark.parametrize("norm", ["none", "layer", "group"])
def test_the_mode_matters_to_batch_norm_alone(norm):
    assert run(norm, mode="train") == run(norm, mode="eval")


def test_training_leaves_the_net_in_training_mode():
    told = {"learning_rate": 0.3, "updates": 10, "seed": 0}
    assert train_and_test("batch", 32, **told) == train_and_test("batch", 32, **told, mode="train")
    assert train_and_test("batch", 32, **told) != train_and_test("batch", 32, **told, mode="eval")


@pytest.mark.parametrize("told", [{"norm": "bn"}, {"mode": "test"}])
def test_unknown_words_are_refused(told):
    with pytest.raises(ValueError, match="not both known"):
        run(**told)
