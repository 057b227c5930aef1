"""The size of the first weights: the stored comparison is fair, and its controls say why."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.initial_scale import (
    BUDGETS,
    NORMS,
    SCALES,
    SEARCH_SEEDS,
    SEEDS,
    TARGET,
    USUAL,
    build,
    hidden_layers,
    load_initial_scale,
    measure,
    searched_rates,
    share_normalised,
)
from bncourse.experiments.training import build_mlp

NONE, BATCH, LAYER = range(3)


@pytest.fixture(scope="module")
def record():
    return load_initial_scale()


def at(scale):
    return SCALES.index(scale)


def test_everything_was_measured_with_every_seed(record):
    assert record.norms == NORMS and record.budgets == BUDGETS and record.seeds == SEEDS
    assert record.scales.tolist() == list(SCALES)
    shape = len(NORMS), len(SCALES), len(BUDGETS)
    assert record.tuned_rates.shape == shape
    assert record.tuned.shape == record.kept.shape == (*shape, len(SEEDS))
    for accuracy in (record.tuned, record.kept):
        assert ((accuracy >= 0) & (accuracy <= 1)).all()
    np.testing.assert_array_equal(record.plain.accuracy, record.kept[BATCH])
    for control in (record.tiny_eps, record.same_output, record.rate_follows):
        assert control.accuracy.shape == (len(control.scales), *record.kept.shape[2:])


def test_the_rates_are_the_best_of_a_search_on_other_seeds(record):
    stored = results.load("initial_scale")
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    for a, norm in enumerate(NORMS):
        search = stored["arms"][norm]["search"]
        means = np.array(search["mean_accuracy"]).reshape(len(SCALES), -1, len(BUDGETS))
        rates = np.array(search["rates"]).reshape(means.shape[:2])
        assert rates.tolist() == [searched_rates(norm, scale) for scale in SCALES]
        for k, t in np.ndindex(len(SCALES), len(BUDGETS)):
            chosen = rates[k].tolist().index(record.tuned_rates[a, k, t])
            assert means[k, chosen, t] >= means[k, :, t].max() - 1e-3
            if means[k, :, t].max() > 0.5:  # elsewhere nothing learned, and chance chose
                assert 0 < chosen < rates.shape[1] - 1
        assert record.kept_rates[a] == record.tuned_rates[a, at(USUAL), -1]


def test_at_one_rate_bn_serves_the_most_scales(record):
    usable = record.usable(record.kept)[..., -1].sum(axis=1)
    assert usable[BATCH] >= usable[LAYER] + 1
    assert usable[BATCH] >= 2 * usable[NONE]


def test_small_weights_are_what_bn_mends(record):
    tuned = record.usable(record.tuned)[..., -1]
    assert not tuned[NONE, : at(0.01) + 1].any()
    assert tuned[BATCH, at(1e-5) : at(1.0) + 1].all()
    assert record.tuned[NONE, at(0.01)].max() < 0.3


def test_large_weights_are_not_beyond_a_net_without_norm_at_a_lower_rate(record):
    gap = record.tuned[NONE, at(10.0), -1] - record.tuned[BATCH, at(10.0), -1]
    assert gap.min() > 0
    assert np.median(record.tuned[NONE, at(3.0), -1]) > 0.85
    assert record.tuned_rates[NONE, at(10.0), -1] < record.kept_rates[NONE] / 1000
    assert record.kept[NONE, at(3.0), -1].max() < 0.3


def test_below_it_is_eps(record):
    assert record.normalised[at(USUAL)].min() > 0.99
    assert record.normalised[at(1e-6)].max() < 1e-5
    assert (np.diff(record.normalised, axis=0) >= -1e-6).all()
    lowest = record.plain.scales.tolist().index(1e-6)
    assert record.plain.accuracy[lowest].max() < 0.3
    assert record.tuned[BATCH, lowest].max() < 0.3  # at no rate
    assert record.tiny_eps.accuracy[:, -1].min() > TARGET
    assert record.tiny_eps.scales[0] == 1e-6


def test_above_it_is_slowness_by_the_effective_rate(record):
    large = record.plain.scales.tolist().index(3.0)
    after_few, after_many = record.plain.accuracy[large]
    assert (after_many > after_few).all()
    # Hidden weights whose rate follows their size turn and learn as those of the usual size do.
    follows = record.rate_follows
    usual = follows.scales.tolist().index(USUAL)
    np.testing.assert_allclose(follows.turned, follows.turned[usual][None].repeat(5, 0), rtol=0.05)
    difference = follows.accuracy.mean(-1) - follows.accuracy.mean(-1)[usual]
    assert np.abs(difference).max() < 0.01
    # Left alone, they hardly turn.
    assert (record.same_output.turned[-1] < follows.turned[-1] / 20).all()
    last = record.same_output.accuracy[-1].mean(-1)
    assert (last < follows.accuracy[-1].mean(-1) - 0.02).all()


def test_scales_are_factors_of_the_same_draws():
    seeds = (3, 4)
    settings = {"activation": "relu", "norm": "batch", "hidden_bias": False}
    plain = build_mlp((64, 64, 64, 64, 10), seeds, init=1.0, **settings)
    model = build("batch", (0.5, 2.0), seeds, output_scale=0.25, eps=1e-9)
    for layer, drawn in zip(hidden_layers(model), hidden_layers(plain), strict=True):
        torch.testing.assert_close(layer.weight[0], 0.5 * drawn.weight[0])
        torch.testing.assert_close(layer.weight[1], 2.0 * drawn.weight[1])
    torch.testing.assert_close(model[-1].weight, 0.25 * plain[-1].weight)
    assert model[1].eps == 1e-9
    free = build("none", (0.5, 2.0), seeds)
    torch.testing.assert_close(free[-1].weight[1], 2.0 * plain[-1].weight[1])


def test_the_normalised_share_is_that_of_the_first_batch_norm():
    x = load_stack((0,))[0].numpy()
    weight = build("batch", (1e-3,), (0,))[0].weight.detach().numpy()
    variance = (x @ weight).var(axis=1)
    wanted = (variance / (variance + 1e-5)).mean()
    assert share_normalised((1e-3,), (0,))[0, 0] == pytest.approx(wanted)


def test_bn_trains_alike_at_all_scales_if_the_rate_follows():
    settings = {"output_scale": USUAL, "rate_follows": True}
    right, turned = measure("batch", (0.1, 3.0), (0.25, 0.25), (0,), (30,), **settings)
    assert abs(right[0] - right[1]) < 0.02
    assert turned[0] == pytest.approx(turned[1], rel=0.02)
    _, left = measure("batch", (3.0,), (0.25,), (0,), (30,), output_scale=USUAL)
    assert left < turned[1] / 20


@pytest.mark.parametrize(("norm", "scale"), [("none", 0.3), ("batch", 1e-3)])
def test_a_slice_of_the_stored_runs_can_be_measured_again(record, norm, scale):
    a, k = NORMS.index(norm), at(scale)
    right, _ = measure(norm, (scale,), (record.tuned_rates[a, k, 0],), SEEDS[:2], BUDGETS[:1])
    # Another machine's sums may differ, and training in float32 makes that grow.
    np.testing.assert_allclose(right[0, 0], record.tuned[a, k, 0, :2], atol=0.04)
