"""Six batch sizes: the stored comparison is complete, honest about its rates, reproducible."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.batch_sizes import (
    BATCH_SIZES,
    Curve,
    grid,
    learn,
    load_stack,
    race,
    time_updates,
    training_loss,
    updates_per_epoch,
)
from bncourse.experiments.training import build_mlp


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


def test_a_race_ends_when_every_seed_has_been_there():
    settings = ((64, 256), (1.1, 0.8), (3, 4))
    result = race(*settings)
    assert result.seeds == (3, 4)
    for curve, size in zip(result.curves, (64, 256), strict=True):
        assert curve.batch_size == size
        assert curve.loss is None
        reached = curve.updates_to(result.target)
        assert curve.updates[-1] == reached.max()
        assert curve.accuracy.shape == (2, len(curve.updates))
        np.testing.assert_allclose(curve.epochs * updates_per_epoch(size), curve.updates)
    again = race(*settings)
    for curve, same in zip(result.curves, again.curves, strict=True):
        np.testing.assert_array_equal(curve.accuracy, same.accuracy)
    short = race((64,), (1.1,), (3, 4), longest=10)
    assert short.curves[0].updates.tolist() == list(range(11))
    assert np.all(np.isinf(short.curves[0].updates_to()))


def test_a_race_refuses_what_it_cannot_run():
    with pytest.raises(ValueError, match="as many learning rates"):
        race((4, 64), (0.1,))
    with pytest.raises(ValueError, match="1 to 1297"):
        race((0,), (0.1,))


def test_a_curve_finds_the_first_time_even_if_it_falls_back():
    accuracy, loss = np.array([[0.1, 0.96, 0.9, 0.97]]), np.array([[2.0, 1.0, 0.01, 0.5]])
    curve = Curve(500, 0.1, np.array([0, 4, 8, 12]), accuracy, loss)
    assert curve.updates_to(0.95) == [4]
    assert curve.updates_to(0.99) == [np.inf]
    assert curve.updates_to_loss(0.02) == [8]
    assert curve.epochs.tolist() == [0, 2, 4, 6]


def test_training_loss_is_torchs_for_each_network():
    x, y, *_ = load_stack((0, 1))
    net = build_mlp((64, 5, 10), (0, 1), activation="relu", init="torch")
    with torch.no_grad():
        losses = training_loss(net, x, y)
        for row in range(2):
            expected = torch.nn.functional.cross_entropy(net(x)[row], y[row])
            assert losses[row] == pytest.approx(float(expected))


def test_the_grid_is_fine():
    points = np.array(grid(3000))
    assert points[0] == 0
    assert points[-1] == 3000
    assert np.all(np.diff(points) >= 1)
    assert np.all(np.diff(points) <= np.maximum(1, 0.05 * points[:-1]))


def test_timing_gives_one_positive_number_per_batch_size_and_leaves_torch_alone():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    times = time_updates((1, 64), repeats=3)
    assert times.shape == (2,)
    assert np.all(times > 0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
