"""A race between batch sizes: it ends when all are there, and refuses what it cannot run."""

import numpy as np
import pytest
import torch

from bncourse.experiments.batch_race import (
    Curve,
    grid,
    load_stack,
    race,
    training_loss,
    updates_per_epoch,
)
from bncourse.experiments.training import build_mlp


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
