"""Probes see a training run and leave no trace in it."""

from dataclasses import dataclass

import numpy as np
import torch

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.probing import (
    Probes,
    as_plain,
    build,
    checkpoints,
    from_plain,
    gradients,
    probing,
    step,
)


def test_probing_puts_everything_back():
    model = build("ReLU", True, (0, 1)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x, y = Probes((0, 1)).batch()
    with probing(model):
        assert model.training
        _, grads = gradients(model, x, y)
        step(model, grads, 0.5)
        inside = {name: value.clone() for name, value in model.state_dict().items()}
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
        assert not torch.equal(value, inside[name]), f"{name} did not even move"


def test_each_network_gets_its_own_loss_and_gradient():
    x, y = Probes((3, 4)).batch()
    both, alone = build("ReLU", True, (3, 4)), build("ReLU", True, (4,))
    losses, grads = gradients(both, x, y)
    (loss,), grads_alone = gradients(alone, x[1:], y[1:])
    assert abs(losses[1] - loss) < 1e-12
    for pair, one in zip(grads, grads_alone, strict=True):
        torch.testing.assert_close(pair.reshape(2, -1)[1], one.flatten())
    step(alone, grads_alone, 1e-6)
    (after,), _ = gradients(alone, x[1:], y[1:])
    promised = 1e-6 * sum(float(g.square().sum()) for g in grads_alone)
    assert abs((loss - after) / promised - 1) < 1e-2


def test_probe_batches_are_training_images_and_others_than_the_training_draws():
    probes = Probes((0, 1))
    x, y = probes.batch()
    x_train, y_train, _, _ = load_stack((0, 1))
    assert x.shape == (2, 60, 64) and y.shape == (2, 60)
    for seed in range(2):
        same = (x[seed, :, None] == x_train[seed][None]).all(-1)
        places = same.int().argmax(dim=1)
        assert same.any(dim=1).all() and torch.equal(y_train[seed][places], y[seed])
    assert not torch.equal(probes.batch()[0], x)


def test_a_probe_does_not_change_the_training():
    def run(measure):
        model = build("ReLU", True, (0,))
        return Probes((0,)).train(model, 0.1, measure, [0, 3, 6])["accuracy"]

    def intrude(model):
        x, y = Probes((0,)).batch()
        with probing(model):
            step(model, gradients(model, x, y)[1], 1.0)
        return {}

    np.testing.assert_array_equal(run(intrude), run(lambda model: {}))


def test_checkpoints_are_even_and_have_both_ends():
    assert checkpoints(300, 4) == [0, 100, 200, 300]
    assert checkpoints(10, 4) == [0, 3, 7, 10]


def test_records_survive_json():
    @dataclass
    class Record:
        name: str
        on: bool
        updates: np.ndarray
        values: np.ndarray

    record = Record("a", True, np.array([0, 5]), np.array([[1 / 3, np.nan], [12345.678, np.inf]]))
    stored = as_plain(record)
    assert stored == {
        "name": "a", "on": True, "updates": [0, 5], "values": [[0.3333, None], [12350.0, None]],
    }  # fmt: skip
    again = from_plain(Record, stored)
    assert again.on is True and again.updates.dtype == int
    np.testing.assert_allclose(again.values, [[0.3333, np.nan], [12350, np.nan]])
