"""Deep nets with layer norm: the stored comparison is complete, honest and reproducible."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.layer_norm_limits import (
    BUDGETS,
    HIGHEST,
    LAYERS,
    LOWEST,
    NETS,
    SEARCH_SEEDS,
    SEEDS,
    build,
    centre,
    differences,
    load_images,
    load_layer_norm_limits,
    measure,
    measure_apart,
)

SIGMOID = "6 x 64 sigmoid"


@pytest.fixture(scope="module")
def records():
    return {record.net: record for record in load_layer_norm_limits()}


def of(record, arm, budget):
    return record.accuracy[record.arms.index(arm), record.budgets.index(budget)]


def standard_error(differences):
    return differences.std(ddof=1) / np.sqrt(len(differences))


def test_everything_was_measured_with_every_seed(records):
    assert list(records) == list(NETS)
    for net, record in records.items():
        assert record.arms == tuple(NETS[net]) and record.seeds == SEEDS
        assert record.budgets == BUDGETS[net]
        shape = len(record.arms), len(record.budgets)
        assert record.rates.shape == shape
        assert record.accuracy.shape == (*shape, len(SEEDS))
        depth = len(record.arms), LAYERS[net][0], len(SEEDS)
        assert record.apart.shape == record.apart_after.shape == depth


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("layer_norm_limits")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    for net in stored["nets"].values():
        for arm in net["arms"].values():
            rates, means = arm["searched"]["rates"], arm["searched"]["mean_accuracy"]
            for best, column in zip(arm["rates"], means, strict=True):
                assert column[rates.index(best)] == max(column)
                # Both neighbours were tried, but where nothing learns at any rate.
                assert max(column) < 0.12 or {best / 2, 2 * best} <= set(rates)
                assert 2.0**LOWEST <= best <= 2.0**HIGHEST


def test_the_sigmoid_net_is_slow_with_layer_norm_and_not_with_batch_norm(records):
    record = records[SIGMOID]
    assert of(record, "BN", 300).min() > 0.95
    assert of(record, "LN", 300).max() < 0.35 and of(record, "LN, good weights", 300).max() < 0.35
    # It is slow, it does not fail for good.
    assert of(record, "LN", 2000).mean() > 0.9 and of(record, "LN, good weights", 2000).mean() > 0.9
    assert of(record, "none", 2000).max() < 0.15


def test_a_larger_gamma_or_a_centred_start_is_what_was_missing(records):
    record = records[SIGMOID]
    assert of(record, "LN, gamma 4", 300).min() > 0.85
    assert of(record, "LN, centred", 300).min() > 0.75
    assert of(record, "LN, gamma 4", 300).mean() > of(record, "LN, centred", 300).mean()


def test_the_relu_nets_are_trained_by_layer_norm_at_its_own_rate(records):
    for net in ("5 x 64 ReLU", "8 x 64 ReLU"):
        record = records[net]
        assert of(record, "LN", 200).min() > 0.9 and of(record, "LN", 1000).min() > 0.96
        gap = of(record, "BN", 200) - of(record, "LN", 200)
        assert 0 < gap.mean() < 0.05 and gap.mean() > standard_error(gap)
        assert of(record, "none", 200).mean() < 0.4


def test_layer_norm_needs_lower_rates_than_batch_norm():
    stored = results.load("layer_norm_limits")["nets"]["8 x 64 ReLU"]["arms"]
    found = {}
    for arm in ("BN", "LN"):
        searched = stored[arm]["searched"]
        found[arm] = dict(zip(searched["rates"], searched["mean_accuracy"][1], strict=True))
    assert found["BN"][0.5] > 0.95 and found["LN"][0.5] < 0.15


def test_differences_between_images_shrink_by_the_ratio_that_theory_says(records):
    """A sigmoid's slope over the size of its outputs, per layer, where differences are small."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    for arm, gamma in (("LN", 1.0), ("LN, good weights", 1.0), ("LN, gamma 4", 4.0)):
        outputs = 1 / (1 + np.exp(-gamma * nodes))
        slope = gamma * outputs * (1 - outputs)
        ratio = (weights @ slope**2) / (weights @ outputs**2)
        record = records[SIGMOID]
        own = np.median(record.apart[record.arms.index(arm)], axis=-1)
        per_layer = (own[-1] / own[1]) ** (1 / (len(own) - 2))
        assert per_layer == pytest.approx(ratio, rel=0.25)


def test_batch_norm_and_a_centred_start_leave_nothing_in_common(records):
    for net in (SIGMOID, "8 x 64 ReLU"):
        record = records[net]
        for arm in ("BN", "LN, centred"):
            assert record.apart[record.arms.index(arm)].min() > 0.99
        assert np.median(record.apart[record.arms.index("LN"), -1]) < 0.1


def test_what_learns_in_the_end_has_removed_what_images_share(records):
    """So the slow nets spent their time on it; those that never learn keep it."""
    record = records[SIGMOID]
    for arm in record.arms:
        after = np.median(record.apart_after[record.arms.index(arm)], axis=-1)
        assert after[-1] < 1e-4 if arm == "none" else after.min() > 0.2
    assert np.median(record.apart[record.arms.index("LN"), -1]) < 1e-4


def test_apart_after_no_update_is_apart(records):
    at_start = measure_apart(SIGMOID, "LN", 0.1, SEEDS[:2], [0])[0]
    record = records[SIGMOID]
    np.testing.assert_allclose(
        at_start, record.apart[record.arms.index("LN"), :, :2], rtol=2e-2, atol=1e-6
    )


def test_centring_makes_the_means_of_the_units_0_and_changes_no_weight():
    seeds = (0, 1)
    plain, net = build(SIGMOID, "LN", seeds), build(SIGMOID, "LN, centred", seeds)
    x = load_images(seeds)
    with torch.no_grad():
        assert net[0](x).mean(1).abs().max() < 1e-12
        assert net[:4](x).mean(1).abs().max() < 1e-12
    for one, two in zip(plain.parameters(), net.parameters(), strict=True):
        assert torch.equal(one, two) or one.shape[1] == 1  # biases
    centre(plain, x)
    for one, two in zip(plain.parameters(), net.parameters(), strict=True):
        assert torch.equal(one, two)


def test_differences_of_inputs_that_are_known():
    net = build("5 x 64 ReLU", "BN", (0,))
    images = load_images((0,))
    assert differences(net, images).shape == (5, 1)
    same = images[:, :1].expand(-1, 8, -1)
    none = build("5 x 64 ReLU", "none", (0,))
    np.testing.assert_allclose(differences(none, same), 0, atol=1e-12)
    assert load_images((1, 0, 1)).shape[0] == 3


def test_a_slice_of_the_stored_runs_can_be_measured_again(records):
    for arm in ("BN", "LN"):
        record = records["8 x 64 ReLU"]
        a = record.arms.index(arm)
        again = measure("8 x 64 ReLU", arm, [record.rates[a, 0]], SEEDS[:1], [200])
        # Another machine's sums may differ, and training in float32 makes that grow.
        assert abs(again[0, 0, 0] - record.accuracy[a, 0, 0]) < 0.06


def test_at_a_rate_that_suits_batch_norm_layer_norm_fails_in_the_deeper_net(records):
    record = records["8 x 64 ReLU"]
    own, other = of(record, "LN", 1000), record.at_bn_rate[record.budgets.index(1000)]
    assert other.mean() < own.mean() - 0.3
    # The rate is what does it: batch norm trains there, and layer norm at its own.
    assert of(record, "BN", 1000).min() > 0.96 and own.min() > 0.96


def test_layer_norm_at_batch_norms_rate_was_measured_for_every_net_and_seed(records):
    for record in records.values():
        assert record.at_bn_rate.shape == (len(record.budgets), len(SEEDS))
        # In the five layers it does no harm, though the rate is eight times its own.
        if record.net == "5 x 64 ReLU":
            bn, ln = (record.rates[record.arms.index(arm), 1] for arm in ("BN", "LN"))
            assert bn == 8 * ln and record.at_bn_rate[1].mean() > 0.95


def test_an_arm_can_be_measured_again_at_anothers_rate(records):
    record = records["8 x 64 ReLU"]
    rate = record.rates[record.arms.index("BN"), 0]
    again = measure("8 x 64 ReLU", "LN", [rate], SEEDS[:1], [200])
    # At this rate seeds lie far apart, and so may machines.
    assert abs(again[0, 0, 0] - record.at_bn_rate[0, 0]) < 0.2
