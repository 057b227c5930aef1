"""Deep nets on the digits: growth of gradients at the start does not decide what trains."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.deep_training import (
    BUDGETS,
    DEPTHS,
    KINDS,
    SEARCH_SEEDS,
    SEEDS,
    WIDTH,
    DeepNets,
    best_power,
    gradient_ratio,
    load_deep_training,
    train,
)
from bncourse.experiments.gradient_growth import RELU_GROWTH


@pytest.fixture(scope="module")
def record():
    return load_deep_training()


def paired(difference):
    """Return a mean difference and its standard error."""
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


def test_everything_was_measured_with_every_seed(record):
    assert (record.kinds, record.seeds) == (KINDS, SEEDS)
    assert (tuple(record.depths), tuple(record.budgets)) == (DEPTHS, BUDGETS)
    shape = len(KINDS), len(DEPTHS), len(BUDGETS)
    assert record.rates.shape == shape
    assert record.accuracy.shape == (*shape, len(SEEDS))
    assert record.gradient_ratio.shape == (len(KINDS), len(DEPTHS), len(SEEDS))
    assert ((record.accuracy > 0) & (record.accuracy < 1)).all()
    assert (record.at("batch", 20, 1000) == record.accuracy[1, 1, 1]).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("deep_training")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    for arm in stored["arms"]:
        rates = arm["search"]["learning_rates"]
        for best, means in zip(arm["learning_rate"], arm["search"]["mean_accuracy"], strict=True):
            assert means[rates.index(best)] == max(means)
            assert min(rates) < best < max(rates)


def test_gradients_grow_with_batch_norm_only_and_skips_calm_them(record):
    ratio = dict(zip(KINDS, record.gradient_ratio.mean(axis=2), strict=True))
    # The norm, not its square, over one layer less than the net has.
    wide = RELU_GROWTH ** ((np.array(DEPTHS) - 1) / 2)
    np.testing.assert_allclose(ratio["batch"], wide, rtol=0.9)
    assert ratio["batch"][2] > 1000
    for kind in ("none", "layer", "none, skips"):
        assert (ratio[kind] < 3).all()
    assert ratio["batch, skips"][2] < 30


def test_at_20_layers_batch_norm_wins_though_its_gradients_explode(record):
    assert record.gradient_ratio[KINDS.index("batch"), 1].min() > 30
    for budget in BUDGETS:
        batch = record.at("batch", 20, budget)
        mean, error = paired(batch - record.at("none", 20, budget))
        assert mean > 3 * error
        # Layer norm, whose gradients do not grow, is not ahead; after 300 updates it is behind.
        mean, error = paired(batch - record.at("layer", 20, budget))
        assert mean > (3 * error if budget == 300 else 0)


def test_at_40_layers_nothing_without_skips_learns_well_and_layer_norm_is_ahead(record):
    for budget in BUDGETS:
        for kind in ("none", "batch", "layer"):
            assert record.at(kind, 40, budget).max() < 0.85
        for kind in ("none, skips", "batch, skips"):
            assert record.at(kind, 40, budget).min() > 0.9
    mean, error = paired(record.at("layer", 40, 1000) - record.at("batch", 40, 1000))
    assert mean > 3 * error
    mean, error = paired(record.at("batch", 40, 1000) - record.at("none", 40, 1000))
    assert abs(mean) < 2 * error


def test_at_5_layers_all_are_close(record):
    means = record.accuracy[:, 0].mean(axis=-1)
    assert means.min() > 0.94 and np.ptp(means, axis=0).max() < 0.03


def test_the_nets_are_those_of_torch():
    depth, seeds = 4, (0, 1)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, WIDTH, 30))).float()
    for kind in KINDS:
        nets = DeepNets(kind, depth, seeds)
        for parameter in nets.parameters:  # so that nothing is 0 or 1
            parameter.data += 0.1
        logits, passed = nets.forward(x)
        for k in range(2):
            h = x[k].T
            for layer in range(depth):
                z = (torch.relu(h) if layer else h) @ nets.weights[layer][k].T
                shift = nets.shifts[layer][k, :, 0]
                if nets.norm == "none":
                    z = z + shift
                    if nets.skips and layer:
                        z = z * nets.gains[layer - 1][k]
                else:
                    gain = nets.gains[layer][k, :, 0]
                    if nets.norm == "batch":
                        z = torch.nn.functional.batch_norm(z, None, None, gain, shift, True)
                    else:
                        z = torch.nn.functional.layer_norm(z, (WIDTH,), gain, shift)
                h = h + z if nets.skips and layer else z
                torch.testing.assert_close(passed[layer][k].T, h, rtol=1e-3, atol=1e-4)
            wanted = torch.relu(h) @ nets.head[k].T + nets.head_shift[k, :, 0]
            torch.testing.assert_close(logits[k].T, wanted, rtol=1e-3, atol=1e-3)


def test_tested_images_are_normalised_by_the_training_set():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, WIDTH, 50))).float()
    for kind in KINDS:
        nets = DeepNets(kind, 3, (0,))
        with torch.no_grad():
            own = nets.forward(x)[0]
            torch.testing.assert_close(nets.forward(x, x[:, :, :1])[0], own[:, :, :1])


def test_a_scalar_of_zero_makes_every_block_the_identity_at_the_start():
    nets = DeepNets("none, skips", 3, (0,))
    _, passed = nets.forward(torch.ones(1, WIDTH, 2))
    assert torch.equal(passed[0], passed[2])
    np.testing.assert_array_equal(gradient_ratio("none, skips", 5, (0,)), 1)


def test_the_best_rate_is_the_smallest_of_equals():
    tried = {-2: np.array([0.9]), -1: np.array([0.9]), 0: np.array([0.2])}
    assert best_power(tried, 0) == -2


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    for kind in ("none", "batch"):
        row = KINDS.index(kind)
        again = train(kind, 5, [record.rates[row, 0, 0]], SEEDS[:2], [300])[0, :, 0]
        # Another machine's sums may differ, and training in float32 makes that grow.
        assert np.abs(again - record.at(kind, 5, 300)[:2]).max() < 0.02
        ratio = gradient_ratio(kind, 20, SEEDS[:2])
        np.testing.assert_allclose(ratio, record.gradient_ratio[row, 1, :2], rtol=0.01)
