"""Six batch sizes: the stored comparison is complete, honest about its rates, reproducible."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.batch_race import grid, learn, updates_per_epoch
from bncourse.experiments.update_times import BATCH_SIZES


@pytest.fixture(scope="module")
def stored():
    return results.load("batch_sizes")


@pytest.fixture(scope="module")
def arms(stored):
    return {arm["batch_size"]: arm for arm in stored["arms"]}


def means(arms, name):
    return np.array([np.mean(arm[name]) for arm in arms.values()])


def test_every_batch_size_was_measured_with_every_seed(stored, arms):
    assert tuple(arms) == BATCH_SIZES
    assert len(set(stored["seeds"])) == 5
    for arm in arms.values():
        for name in ("updates", "epochs", "same_rate_accuracy"):
            assert len(arm[name]) == 5
            assert None not in arm[name]
        assert arm["ms_per_update"] > 0
        epochs = np.array(arm["updates"]) / updates_per_epoch(arm["batch_size"])
        np.testing.assert_allclose(arm["epochs"], epochs, atol=1e-3)


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds(stored, arms):
    for arm in arms.values():
        search = arm["search"]
        assert not set(search["seeds"]) & set(stored["seeds"])
        rates = search["learning_rates"]
        updates = [np.inf if mean is None else mean for mean in search["mean_updates"]]
        assert arm["learning_rate"] == rates[int(np.argmin(updates))]
        assert min(rates) < arm["learning_rate"] < max(rates)


def test_small_batches_need_more_updates_and_fewer_epochs(arms):
    updates, epochs = means(arms, "updates"), means(arms, "epochs")
    assert np.all(updates[:-2] > 1.4 * updates[1:-1])
    assert updates[-1] > 0.8 * updates[-2]  # from 256 on, a larger batch saves no update
    assert np.all(epochs[2:-1] < 0.6 * epochs[3:])
    to_low_loss = np.array([np.mean(arm["generalisation"]["epochs"]) for arm in arms.values()])
    assert np.all(to_low_loss[2:-1] < 0.6 * to_low_loss[3:])


def test_after_as_many_updates_the_large_batch_is_ahead_and_after_as_many_epochs_the_small(arms):
    equal_updates = np.array([np.mean(a["equal_updates_accuracy"], axis=1) for a in arms.values()])
    assert np.all(equal_updates[:4, 0] < equal_updates[4, 0] - 0.05)
    assert np.all(equal_updates[:3, 1] < equal_updates[4, 1] - 0.04)
    assert np.all(np.diff(means(arms, "same_rate_accuracy")) < 0)


def test_no_batch_size_generalises_better_at_the_same_training_loss(arms):
    accuracies = np.array([arm["generalisation"]["accuracy"] for arm in arms.values()])
    differences = accuracies - accuracies[-1]
    # The largest difference to the full batch, of five, is less than two images of 500 or less
    # than three standard errors.
    errors = differences[:-1].std(axis=1, ddof=1) / np.sqrt(5)
    assert np.all(np.abs(differences[:-1].mean(axis=1)) < np.maximum(3 * errors, 2 / 500))


@pytest.mark.parametrize("batch_size", [16, 256])
def test_a_slice_of_the_stored_runs_can_be_measured_again(stored, arms, batch_size):
    arm, seeds = arms[batch_size], stored["seeds"][:2]
    longest = int(max(arm["updates"][:2]))
    points = sorted({*grid(30_000)} & set(range(longest + 1)))
    curve = learn(
        batch_size, arm["learning_rate"], seeds, points, until_accuracy=stored["target_accuracy"]
    )
    # Another machine's sums may differ in the last digit: one point of the grid is allowed.
    np.testing.assert_allclose(curve.updates_to(0.95), arm["updates"][:2], rtol=0.06)
    after = learn(batch_size, arm["learning_rate"], seeds, stored["equal_updates"]).accuracy
    np.testing.assert_allclose(after.T, np.array(arm["equal_updates_accuracy"])[:, :2], atol=0.0041)
