"""Warm-up, places and kinds of norm in a transformer: the stored comparison holds together."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.transformer_training import (
    ARMS,
    BUDGETS,
    CUT_ARMS,
    RATES,
    SEARCH_SEEDS,
    SEEDS,
    best_places,
    load_transformer_training,
    measure,
    measure_cut,
)

LAST = len(BUDGETS) - 1


@pytest.fixture(scope="module")
def record():
    return load_transformer_training()


def at(record, arm, rate):
    return record.accuracy[record.arms.index(arm), record.rates.tolist().index(rate), LAST]


def gap(one, other):
    """Return the mean difference, seed by seed, and its standard error."""
    difference = one - other
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


def test_every_arm_was_trained_at_every_rate_with_every_seed(record):
    assert record.arms == tuple(ARMS) and record.cut_arms == tuple(CUT_ARMS)
    assert tuple(record.rates) == RATES and record.seeds == SEEDS and len(SEEDS) >= 5
    shape = len(ARMS), len(RATES), len(BUDGETS), len(SEEDS)
    assert record.accuracy.shape == record.recomputed.shape == shape
    assert ((record.accuracy >= 0) & (record.accuracy <= 1)).all()
    assert record.cut_accuracy.shape == (len(CUT_ARMS), 2, len(SEEDS))
    same = [arm for arm in ARMS if arm != "pre, batch norm"]
    places = [record.arms.index(arm) for arm in same]
    np.testing.assert_array_equal(record.accuracy[places], record.recomputed[places])


def test_own_rates_come_from_a_search_on_other_seeds_with_worse_rates_on_both_sides():
    stored = results.load("transformer_training")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    for arm in stored["arms"]:
        tried = dict(zip(arm["search_places"], np.transpose(arm["search_accuracy"]), strict=True))
        assert arm["best"] == best_places(tried)
        for place in arm["best"]:
            assert min(tried) < place < max(tried)


def test_the_best_place_is_that_of_each_budget_and_of_equals_the_lowest():
    tried = {5: np.array([0.7, 0.9]), 3: np.array([0.8, 0.9]), 4: np.array([0.8, 0.1])}
    assert best_places(tried) == [3, 3]
    assert best_places(tried | {6: np.array([0.1, 0.95])}) == [3, 6]


def test_usable_means_every_seed(record):
    usable, largest = record.usable(0.8), record.largest(0.8)
    assert usable.shape == record.accuracy.shape[:3] and largest.shape == (len(ARMS), len(BUDGETS))
    a, r = 2, list(RATES).index(largest[2, LAST])
    assert (record.accuracy[a, r, LAST] >= 0.8).all()
    assert (record.accuracy[a, r + 1 :, LAST] < 0.8).any(axis=-1).all()
    assert np.isnan(record.largest(1.1)).all()
    assert record.at_best("pre").shape == (len(BUDGETS), len(SEEDS))
    np.testing.assert_array_equal(
        record.at_best("pre")[LAST], at(record, "pre", record.best_rate("pre")[LAST])
    )


def test_post_needs_warm_up_at_high_rates_only(record):
    post, warm, pre = (at(record, arm, 0.008) for arm in ("post", "post, warm-up", "pre"))
    assert post.max() < 0.4 and (warm > 0.6).all() and (warm - post > 0.3).all()
    assert (pre > 0.9).all() and (pre > warm).all()
    for arm in ("post", "post, warm-up"):
        assert (at(record, arm, 0.016) < 0.3).all()  # where warm-up is no longer enough
        assert (at(record, arm, 0.001) > 0.9).all()
    assert (at(record, "pre", 0.016) > 0.8).all()


def test_more_updates_do_not_bring_a_dead_post_net_back(record):
    short, long = record.accuracy[0, list(RATES).index(0.008)]
    assert long.mean() < short.mean() + 0.05


def test_at_their_own_rates_placement_and_warm_up_hardly_matter(record):
    pre = record.at_best("pre")[LAST]
    assert pre.mean() > 0.95
    for arm in ("post", "post, warm-up", "pre, warm-up"):
        mean, error = gap(record.at_best(arm)[LAST], pre)
        assert abs(mean) < 0.012 and abs(mean) < 2 * error + 0.002
    mean, error = gap(record.at_best("none")[LAST], pre)
    assert -0.09 < mean < -0.02 and mean < -2 * error


def test_rmsnorm_and_layer_norm_do_not_differ(record):
    for budget in range(len(BUDGETS)):
        mean, error = gap(record.at_best("pre, RMSNorm")[budget], record.at_best("pre")[budget])
        assert abs(mean) < 0.01 and abs(mean) < 2 * error


def test_batch_norm_works_here_as_well(record):
    batch, layer = record.at_best("pre, batch norm")[LAST], record.at_best("pre")[LAST]
    assert 0 < (batch - layer).mean() < 0.03
    # The running averages are good enough at its own rate, and lag at the highest.
    assert abs((record.at_best("pre, batch norm", recomputed=True)[LAST] - batch).mean()) < 0.01
    a = record.arms.index("pre, batch norm")
    assert (record.recomputed[a, -1] - record.accuracy[a, -1]).mean() > 0.01


def test_padding_does_batch_norm_no_harm_here(record):
    layer, left_out, counted = record.cut_accuracy
    for batch in (left_out, counted):
        assert ((batch - layer).mean(axis=-1) > -0.01).all()
    assert (np.abs((counted - left_out).mean(axis=-1)) < 0.015).all()
    assert (record.cut_accuracy[:, 1].mean(-1) > record.cut_accuracy[:, 0].mean(-1)).all()


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    again = measure("pre, batch norm", [RATES[3]], SEEDS[:1], BUDGETS[:1])[:, 0, 0, 0]
    a = record.arms.index("pre, batch norm")
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(again[0] - record.accuracy[a, 3, 0, 0]) < 0.05
    assert abs(again[1] - record.recomputed[a, 3, 0, 0]) < 0.05
    again = measure("post, warm-up", [RATES[4]], SEEDS[1:2], BUDGETS[:1])[0, 0, 0, 0]
    assert abs(again - record.accuracy[1, 4, 0, 1]) < 0.05


def test_cut_digits_can_be_learned_from():
    on_cut, on_whole = measure_cut("batch norm, padding left out", RATES[3], (0,), 40)
    assert on_cut.shape == on_whole.shape == (1,)
    assert on_cut[0] > 0.4 and on_whole[0] > 0.4
