"""Layer norm over few features: points, a circle, a sphere; and the stored comparison."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.few_features import (
    NORMS,
    SEARCH_SEEDS,
    SEEDS,
    WIDTHS,
    build,
    features,
    load_few_features,
    on_the_circle,
    train,
)


@pytest.fixture(scope="module")
def record():
    return load_few_features()


def test_everything_was_measured_with_every_seed(record):
    assert record.arms == tuple(NORMS) and record.widths.tolist() == list(WIDTHS)
    assert record.seeds == SEEDS and record.accuracy.shape == (3, len(WIDTHS), len(SEEDS))
    assert record.rates.shape == (3, len(WIDTHS))
    assert record.angles.shape == record.labels.shape == (500,)


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("few_features")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert min(rates) < run["rate"] < max(rates)


def test_one_feature_leaves_nothing_and_two_leave_two_classes(record):
    assert record.at("LN", 1).max() < 0.13
    assert record.at("LN", 2).max() < 0.25  # two classes of ten
    assert record.at("none", 2).min() > 0.85 and record.at("BN", 2).min() > 0.85


def test_a_circle_costs_much_and_from_four_features_on_nothing_is_seen(record):
    gap = record.at("none", 3) - record.at("LN", 3)
    assert gap.min() > 0 and gap.mean() > 0.04
    for width in (8, 64):
        gap = record.at("none", width) - record.at("LN", width)
        assert abs(gap.mean()) < 0.01
    assert record.at("LN", 4).mean() > 0.95


def test_layer_norm_of_two_features_is_a_sign_and_of_three_a_circle():
    x = load_stack((0, 1))[2][:, :200]
    for width in (2, 3, 4):
        y = features(build("LN", width, (0, 1)), x)
        np.testing.assert_allclose(y.sum(-1), 0, atol=1e-4)
        # Shorter only where eps shows: inputs that are nearly equal.
        assert np.median(np.square(y).mean(-1)) > 0.9 and np.square(y).mean(-1).max() < 1 + 1e-5
        if width == 2:
            assert np.median(np.abs(y)) > 0.95
    free = features(build("none", 2, (0, 1)), x)
    assert np.abs(np.abs(free) - 1).min(axis=(1, 2)).max() > 1e-4


def test_features_are_those_before_gamma_and_beta():
    x = load_stack((0,))[2][:, :50]
    for arm in ("LN", "BN"):
        net = build(arm, 3, (0,)).eval()
        before = features(net, x)
        norm = net[3]
        norm.weight.data *= 3
        norm.bias.data += 2
        np.testing.assert_allclose(features(net, x), before, atol=1e-5)


def test_angles_on_the_circle():
    points = np.array([[1, -1, 0], [1, 1, -2], [-1, 1, 0], [-1, -1, 2], [2, -1, -1]])
    np.testing.assert_allclose(on_the_circle(points), [0, 90, 180, 270, 30], atol=1e-9)


def test_digits_take_parts_of_the_circle(record):
    """Otherwise the figure would show noise: digits of a class lie close together."""
    close = []
    for digit in range(10):
        turned = np.exp(1j * np.radians(record.angles[record.labels == digit]))
        close.append(np.abs(turned.mean()))
    assert np.median(close) > 0.9
    assert np.abs(np.exp(1j * np.radians(record.angles)).mean()) < 0.7


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    a, w = record.arms.index("LN"), WIDTHS.index(4)
    _, again = train("LN", 4, [record.rates[a, w]], SEEDS[:1], record.updates)
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(again[0, 0] - record.accuracy[a, w, 0]) < 0.04
