"""Groups from one to all channels: the stored measurement is complete, honest and reproducible."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.group_counts import (
    BATCH_SIZES,
    EPOCHS,
    GROUPS,
    HEADS,
    LONG_GROUPS,
    MLP_GROUPS,
    PAIR_EPS,
    PAIRS,
    SEARCH_SEEDS,
    SEEDS,
    UNITS,
    conv_builder,
    free_numbers,
    load_group_counts,
    mlp_builder,
    steep_share,
)
from bncourse.experiments.small_batches import train_stack
from bncourse.experiments.strided_convs import CHANNELS, trained_errors
from bncourse.experiments.training import StackedGroupNorm, StackedLinear

CHANCE = 85  # percent of errors and more


@pytest.fixture(scope="module")
def record():
    return load_group_counts()


def gap(one, other):
    """Return the mean difference over the seeds and its standard error: errors (..., S)."""
    difference = one - other
    return difference.mean(-1), difference.std(-1, ddof=1) / np.sqrt(difference.shape[-1])


def test_everything_was_measured_with_every_seed(record):
    assert record.seeds == SEEDS and len(SEEDS) >= 5
    assert (record.heads, record.batch_sizes) == (HEADS, BATCH_SIZES)
    assert record.groups.tolist() == list(GROUPS)
    assert record.mlp_groups.tolist() == list(MLP_GROUPS)
    k, s = len(BATCH_SIZES), len(SEEDS)
    assert record.test_error.shape == (len(HEADS), k, len(GROUPS), s)
    assert record.bn_error.shape == (len(HEADS), k, s)
    assert record.last_error.shape == (len(GROUPS), s)
    assert record.long_error.shape == (len(LONG_GROUPS), s)
    assert record.mlp_error.shape == (k, len(MLP_GROUPS), s)
    assert record.frozen_error.shape == (len(MLP_GROUPS), s)
    assert record.pair_error.shape == (len(PAIR_EPS), s)


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("group_counts")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    for run in stored["runs"]:
        rates, errors = run["search_rates"], run["search_errors"]
        assert errors[rates.index(run["rate"])] == min(errors)
        assert rates[0] < run["rate"] < rates[-1]


def test_with_the_flatten_head_the_number_of_groups_hardly_matters(record):
    means = record.test_error[0].mean(-1)
    assert np.ptp(means, axis=1).max() < 1
    eight = GROUPS.index(8)
    for size in range(len(BATCH_SIZES)):
        for other in (0, eight, -1):
            apart, _ = gap(record.test_error[0, size, other], record.bn_error[0, size])
            assert abs(apart) < 1


def test_with_the_average_more_groups_are_better_and_instance_norm_is_best(record):
    eight = GROUPS.index(8)
    for size in range(len(BATCH_SIZES)):
        errors = record.test_error[1, size]
        for fewer, more in ((0, eight), (eight, -2), (-2, -1)):
            ahead, error = gap(errors[fewer], errors[more])
            assert ahead > 1.5 * error
    # Neither does small batches make BN lose here.
    behind, error = gap(record.test_error[1, :, eight], record.bn_error[1])
    assert (behind > 2 * error).all()


def test_longer_training_closes_most_of_that_gap(record):
    long = dict(zip(LONG_GROUPS, record.long_error, strict=True))
    short = record.test_error[1, 0, 0] - record.test_error[1, 0, -1]
    assert (long[1] - long[32]).mean() < 0.6 * short.mean()


def test_groups_of_pairs_and_of_one_unit_ruin_the_mlp_and_no_other_number_does(record):
    means = record.mlp_error.mean(-1)
    assert means[:, :-3].max() < 5
    assert np.ptp(means[:, :4], axis=1).max() < 1  # from 1 group to 8
    assert means[:, MLP_GROUPS.index(PAIRS)].min() > 60
    assert means[:, -1].min() > CHANCE


def test_training_makes_pairs_worse_than_leaving_their_weights_alone(record):
    pairs = MLP_GROUPS.index(PAIRS)
    worse, error = gap(record.mlp_error[0, pairs], record.frozen_error[pairs])
    assert worse > 20 and worse > 5 * error
    # With more units in a group, training is what it should be.
    better, error = gap(record.frozen_error[:5], record.mlp_error[0, :5])
    assert (better > 2 * error).all()


def test_a_larger_eps_mends_pairs(record):
    errors = dict(zip(PAIR_EPS, record.pair_error, strict=True))
    np.testing.assert_array_equal(errors[1e-5], record.mlp_error[0, MLP_GROUPS.index(PAIRS)])
    assert errors[0.1].mean() < record.mlp_error[0, 0].mean() + 1.5
    assert errors[1e-5].mean() > errors[1e-3].mean() + 20 > errors[0.1].mean() + 20


def test_a_hundredth_of_the_images_holds_most_of_the_gradient_with_pairs():
    assert steep_share(PAIRS) > 0.4
    assert max(steep_share(groups) for groups in (1, 8)) < 0.06
    assert steep_share(PAIRS, eps=0.1) < 0.05


def test_behind_the_relu_instance_norm_in_front_of_an_average_leaves_nothing(record):
    assert [free_numbers(groups) for groups in GROUPS] == [CHANNELS - g for g in GROUPS]
    assert [free_numbers(groups, "flatten") for groups in GROUPS][-1] > CHANNELS
    assert record.last_error[-1].min() > CHANCE
    assert record.last_error[:-1].mean(-1).max() < 15
    # The ReLU between norm and average saves it.
    assert record.test_error[1, :, -1].mean(-1).max() < 15


def test_pairs_are_signs_and_lonely_units_are_nothing():
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 5, (1, 50, UNITS))).float()
    for groups, wanted in ((PAIRS, 1.0), (UNITS, 0.0)):
        norm = next(m for m in mlp_builder(groups)((0,)) if isinstance(m, StackedGroupNorm))
        size = norm(x).abs()
        assert (size - wanted).abs().median() < 1e-5


def test_frozen_hidden_weights_stay_and_the_rest_learns():
    model = mlp_builder(8, frozen=True)((0, 1))
    before = [p.detach().clone() for p in model.parameters()]
    x, y = torch.rand(8, 64), torch.arange(8)
    train_stack(model, x, y, iter([torch.arange(8).expand(2, 8)] * 4), [0.1, 0.1], 4)
    layers = [m for m in model if isinstance(m, StackedLinear)]
    fixed = {id(p) for layer in layers[:-1] for p in layer.parameters()}
    for old, new in zip(before, model.parameters(), strict=True):
        assert torch.equal(old, new) == (id(new) in fixed)


def test_slices_of_the_stored_runs_can_be_measured_again(record):
    rates = {
        (run["net"], run["groups"]): run["rate"]
        for run in results.load("group_counts")["runs"]
        if run["batch_size"] == 32
    }
    for net, groups, builder in (
        ("mlp", 8, mlp_builder(8)),
        ("flatten", 4, conv_builder(4, "flatten")),
    ):
        found = trained_errors(builder, 32, EPOCHS[net][0], SEEDS[:2], [rates[net, groups]])[0]
        if net == "mlp":
            stored = record.mlp_error[0, MLP_GROUPS.index(groups), :2]
        else:
            stored = record.test_error[0, 0, GROUPS.index(groups), :2]
        # Another machine's sums may differ, and training in float32 makes that grow.
        assert np.abs(found - stored).max() < 1.5
