"""Doing without norms: the stored comparison is complete, honest and reproducible."""

from itertools import product

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.substitutes import DynamicTanh, GatedResidual, StandardisedLinear
from bncourse.experiments.training import StackedBatchNorm, StackedGroupNorm, StackedLinear
from bncourse.experiments.without_norms import (
    ALPHAS,
    ARMS,
    CELLS,
    CELLS_OF,
    EPOCHS,
    HIDDEN,
    HIGHEST,
    LEARNS,
    LONG_ARMS,
    LONG_EPOCHS,
    LOWEST,
    NETS,
    SEARCH_SEEDS,
    SEEDS,
    WITHIN,
    arms_of,
    build,
    load_without_norms,
    measure,
    search,
    usable_powers,
)

USUAL, SMALL, LARGE, PAIRS = CELLS


@pytest.fixture(scope="module")
def record():
    return load_without_norms()


def mean(record, net, arm, cell=USUAL, kept=False):
    return record.at(record.kept if kept else record.own, net, arm, cell).mean()


def gap(record, net, one, other, cell=USUAL):
    """Return the mean difference of two arms' errors, and its standard error over the seeds."""
    found = record.at(record.own, net, one, cell) - record.at(record.own, net, other, cell)
    return found.mean(), found.std(ddof=1) / np.sqrt(len(record.seeds))


def test_everything_was_measured_with_every_seed(record):
    assert (record.nets, record.arms, record.cells) == (NETS, ARMS, CELLS)
    assert record.seeds == SEEDS
    assert record.own.shape == record.kept.shape == (3, len(ARMS), len(CELLS), len(SEEDS))
    for net, arm, cell in product(NETS, ARMS, CELLS):
        wanted = arm in arms_of(net) and cell in CELLS_OF[net]
        for values in (record.own, record.kept, record.rates):
            assert np.isfinite(record.at(values, net, arm, cell)).all() == wanted
        low, high = record.at(record.usable, net, arm, cell)
        if wanted and np.isfinite(low):
            assert low <= record.at(record.rates, net, arm, cell) <= high
            assert 2 ** (record.doublings(net, arm, cell) - 1) == high / low
        else:
            assert record.doublings(net, arm, cell) == 0
    assert (
        (record.epochs > 0) == [[cell in CELLS_OF[net] for cell in CELLS] for net in NETS]
    ).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("without_norms")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS and not set(SEARCH_SEEDS) & set(SEEDS)
    for run in stored["runs"]:
        powers, errors = run["search_powers"], run["search_errors"]
        assert errors[powers.index(np.log2(run["rate"]))] == min(errors)
        if min(errors) > LEARNS:
            continue
        # What is usable does not end where the search does.
        for end in (0, -1):
            limit = not LOWEST < powers[end] < HIGHEST
            assert errors[end] > min(errors) + WITHIN or limit
        assert powers[0] < np.log2(run["rate"]) < powers[-1]


def test_kept_and_own_agree_where_the_rate_is_the_same(record):
    same = record.rates == record.rates[:, :, :1]
    same[:, :, CELLS.index(PAIRS)] = True
    known = same & np.isfinite(record.rates)
    np.testing.assert_array_equal(record.own[known], record.kept[known])


@pytest.mark.parametrize("net", NETS)
def test_an_arm_has_its_parts(net):
    parts = {
        "DyT": DynamicTanh,
        "SkipInit": GatedResidual,
        "WS+GN": StandardisedLinear,
        "BN": StackedBatchNorm,
        "LN": StackedGroupNorm,
    }
    for arm in arms_of(net):
        model = build(net, arm, 1.0, SEEDS[:2])
        kinds = {type(module) for module in model.modules()}
        assert {p.dtype for p in model.parameters()} == {torch.float32}
        if net in HIDDEN and arm in parts:
            assert parts[arm] in kinds
            linear = [m for m in model.modules() if isinstance(m, StackedLinear)]
            assert len(linear) == HIDDEN[net] + 1 and type(linear[-1]) is StackedLinear
            if arm != "WS+GN":
                assert not kinds & (set(parts.values()) - {parts[arm]})


@pytest.mark.parametrize(("net", "arm"), list(product(NETS, ["WS+GN", "BN", "none"])))
def test_the_scale_of_hidden_weights_reaches_the_output_only_without_a_norm(net, arm):
    x = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 40, 64))).float()
    with torch.no_grad():
        one, other = (build(net, arm, scale, SEEDS[:1])(x) for scale in (1.0, 10.0))
    if arm == "none":
        assert other.std() > 50 * one.std()
    else:
        # Eps is felt a little, and is felt less by larger weights.
        torch.testing.assert_close(one, other, atol=0.02, rtol=0.02)


def test_all_arms_start_from_the_same_numbers():
    firsts = [build("MLP", arm, 1.0, SEEDS[:1]) for arm in ARMS]
    weights = [next(m for m in n.modules() if isinstance(m, StackedLinear)).weight for n in firsts]
    for weight in weights:
        assert torch.equal(weight, weights[0])


def test_the_search_goes_on_until_both_ends_are_unusable():
    def error(rates):
        steps = np.log2(rates)
        too_low, too_high = -4 - steps, 2 * (steps - 1)
        return (3 + 1.5 * np.maximum(np.maximum(too_low, too_high), 0))[:, None] + [0, 0.01]

    found = search(error, 0.25, 2.0)
    powers, errors = found["search_powers"], found["search_errors"]
    assert powers == list(range(powers[0], powers[-1] + 1))
    assert usable_powers(powers, errors) == (-5, 1)
    assert powers[0] <= -6 and powers[-1] >= 2


@pytest.mark.parametrize(
    ("errors", "ends"),
    [
        ([9, 3, 2, 3, 9], (1, 3)),
        ([2, 9, 2.5, 2.4, 9], (0, 0)),
        ([9, 9, 4, 3, 1], (3, 4)),
        ([1, 1, 1, 1, 1], (0, 4)),
        ([90, 80, 70, 80, 90], None),
    ],
)
def test_usable_powers_are_those_in_a_row(errors, ends):
    assert usable_powers(range(5), errors) == ends


def test_where_nothing_learns_the_search_ends():
    found = search(lambda rates: np.full((len(rates), 3), 90.0), 0.25, 2.0)
    low, *_, high = found["search_powers"]
    assert LOWEST - 1 <= low <= LOWEST and HIGHEST <= high <= HIGHEST + 1


def test_at_the_usual_scale_the_shallow_mlp_needs_no_norm(record):
    errors = [mean(record, "MLP", arm) for arm in ARMS]
    assert max(errors) < 4 and errors[0] == min(errors)


def test_batches_of_two_ruin_batch_norm_in_the_mlp_alone(record):
    assert mean(record, "MLP", "BN", PAIRS) > 20
    assert max(mean(record, "MLP", arm, PAIRS) for arm in ARMS[1:]) < 6
    assert mean(record, "conv net", "BN", PAIRS) < 6


@pytest.mark.parametrize("arm", ["BN", "LN", "GN", "WS+GN"])
def test_norms_mend_small_weights_and_a_fixed_tanh_does_not(record, arm):
    for net in HIDDEN:
        assert mean(record, net, arm, SMALL) < 10
        assert mean(record, net, "DyT", SMALL) > 60
        assert record.doublings(net, "DyT", SMALL) == 0


def test_in_the_deep_mlp_only_bn_and_the_gates_keep_their_rate_for_small_weights(record):
    kept = {arm: mean(record, "deep MLP", arm, SMALL, kept=True) for arm in ARMS}
    assert max(kept.pop("BN"), kept.pop("SkipInit")) < 8
    assert min(kept.values()) > 40


def test_large_weights_cost_every_arm_something_even_at_its_own_rate(record):
    for net, arm in product(HIDDEN, ARMS):
        assert mean(record, net, arm, LARGE) > mean(record, net, arm) + 1 or (
            mean(record, net, arm) > LEARNS
        )


def test_gates_train_the_deep_mlp_as_well_as_batch_norm_does(record):
    apart, error = gap(record, "deep MLP", "SkipInit", "BN")
    assert abs(apart) < 2 * error
    ahead, error = gap(record, "deep MLP", "none", "SkipInit")
    assert ahead > 2 * error


@pytest.mark.parametrize("cell", [USUAL, PAIRS])
def test_standardised_weights_help_gn_in_the_conv_net(record, cell):
    ahead, error = gap(record, "conv net", "GN", "WS+GN", cell)
    assert ahead > 3 and ahead > 3 * error


def test_longer_training_closes_most_of_that(record):
    assert record.long_arms == LONG_ARMS and EPOCHS["conv net"][0] < LONG_EPOCHS
    short = gap(record, "conv net", "GN", "WS+GN")[0]
    plain, standardised = record.long_error
    assert (plain - standardised).mean() < 0.5 * short


def test_standardised_weights_show_little_in_the_mlp(record):
    for cell in (USUAL, PAIRS):
        assert abs(gap(record, "MLP", "GN", "WS+GN", cell)[0]) < 1.5


def test_an_alpha_set_by_hand_mends_most_of_dyt(record):
    errors = dict(zip(record.alphas, record.alpha_error.mean(-1), strict=True))
    assert set(errors) == set(ALPHAS)
    assert errors["MLP", 0.1, 5.0] < mean(record, "MLP", "DyT", SMALL) - 50
    assert errors["MLP", 0.1, 5.0] < 8
    best = min(error for (net, _, _), error in errors.items() if net == "deep MLP")
    assert best < mean(record, "deep MLP", "DyT") - 50
    # Not all of it: at no alpha is it as good as no layer at all.
    assert best > mean(record, "deep MLP", "none") + 3


def test_alpha_and_the_scale_of_the_weights_are_one_number():
    x = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 40, 64))).float()
    one, other = (build("MLP", "DyT", scale, SEEDS[:1]) for scale in (1.0, 0.1))
    for module in other.modules():
        if isinstance(module, DynamicTanh):
            torch.nn.init.constant_(module.alpha, 5.0)
    torch.testing.assert_close(one(x), other(x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("arm", ["DyT", "SkipInit"])
def test_a_slice_of_the_stored_runs_can_be_measured_again(record, arm):
    found = measure("MLP", arm, USUAL, SEEDS[:2], [record.at(record.rates, "MLP", arm, USUAL)])
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert np.abs(found[0] - record.at(record.own, "MLP", arm, USUAL)[:2]).max() < 2.5
