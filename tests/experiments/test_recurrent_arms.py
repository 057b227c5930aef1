"""Norms in recurrent nets: the stored comparison is complete, honest and reproducible."""

import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.one_recurrent_net import measure_one_net
from bncourse.experiments.recurrent_arms import CASES, load_recurrent_arms
from bncourse.experiments.recurrent_runs import SEEDS, run

T16 = 0  # where the case T = 16, orthogonal stands


@pytest.fixture(scope="module")
def record():
    return load_recurrent_arms()


def of(record, name, arm, case=T16, budget=1):
    return getattr(record, name)[case, record.arms.index(arm), budget]


def test_every_case_and_net_was_measured_with_every_seed(record):
    assert list(zip(record.steps, record.starts, strict=True)) == [case[:2] for case in CASES]
    assert record.seeds == SEEDS and len(SEEDS) >= 5
    assert record.evaluated.shape == (len(CASES), len(record.arms), 2, len(SEEDS))
    assert (record.budgets[:, 0] < record.budgets[:, 1]).all()
    for case, (*_, nets) in enumerate(CASES):
        measured = np.isfinite(record.evaluated[case]).all(axis=(1, 2))
        assert measured.sum() == len(nets) + sum(norm == "batch" for norm, _ in nets)
        np.testing.assert_array_equal(np.isfinite(record.rates[case]).all(axis=1), measured)
    assert np.isfinite(record.evaluated[T16]).all()
    images = 500 * record.evaluated[T16]
    np.testing.assert_allclose(images, images.round(), atol=1e-6)


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("recurrent_arms")
    for case in stored["cases"]:
        assert not set(stored["search_seeds"][str(case["steps"])]) & set(stored["seeds"])
        for net in case["nets"]:
            found = net["search"]
            for kind, means in found["mean_accuracy"].items():
                for budget, best in enumerate(found["best"][kind]):
                    column = [row[budget] for row in means]
                    place = found["learning_rates"].index(best)
                    assert column[place] == max(column)  # means that are equal happen
                    assert min(found["learning_rates"]) < best < max(found["learning_rates"])


def test_shared_statistics_fail_in_evaluation_and_not_in_training(record):
    for gamma in ("0.1", "1"):
        shared, own = f"shared {gamma}", f"per step {gamma}"
        gap = of(record, "by_batch", shared) - of(record, "evaluated", shared)
        assert gap.mean() > 0.15 and gap.min() > 0.05
        assert of(record, "by_batch", shared).mean() > 0.9
        # No slip of running averages: statistics of the whole training set are no better.
        again = of(record, "re_estimated", shared) - of(record, "evaluated", shared)
        assert abs(again.mean()) < 0.04
        # The same nets, evaluated per step.
        rescued = of(record, "other_kind", shared) - of(record, "evaluated", shared)
        assert rescued.mean() > 0.15 and rescued.min() > 0.05
        assert of(record, "evaluated", own).mean() > 0.9


def test_with_a_good_start_batch_norm_per_step_is_no_better_than_no_norm(record):
    difference = of(record, "evaluated", "per step 0.1") - of(record, "evaluated", "none")
    assert -0.05 < difference.mean() < 0.01
    difference = of(record, "evaluated", "per step 1") - of(record, "evaluated", "none")
    assert abs(difference.mean()) < 0.02


def test_batch_statistics_need_large_and_mixed_batches(record):
    sizes = [of(record, name, "per step 0.1") for name in ("by_twos", "by_eights", "by_batch")]
    assert (sizes[0] < sizes[1] - 0.3).all() and (sizes[1] < sizes[2] - 0.05).all()
    assert of(record, "by_sorted", "per step 0.1").max() < 0.2


def test_nothing_of_this_shows_at_8_steps(record):
    case = list(zip(record.steps, record.starts, strict=True)).index((8, "orthogonal"))
    arms = ("none", "layer 1", "shared 0.1", "per step 0.1")
    means = [of(record, "evaluated", arm, case).mean() for arm in arms]
    assert max(means) - min(means) < 0.04 and min(means) > 0.94


def test_at_64_steps_shared_fails_and_batch_norm_does_not_win(record):
    case = list(zip(record.steps, record.starts, strict=True)).index((64, "orthogonal"))
    shared, own = (of(record, "evaluated", f"{k} 0.1", case) for k in ("shared", "per step"))
    assert (own > shared + 0.2).all()
    assert of(record, "evaluated", "none", case).mean() > own.mean() + 0.03
    assert of(record, "evaluated", "layer 1", case).mean() > own.mean() + 0.03


def test_with_weights_as_torch_draws_them_batch_norm_per_step_wins(record):
    case = list(zip(record.steps, record.starts, strict=True)).index((16, "torch"))
    for budget, least in ((0, 0.03), (1, 0.01)):
        none, own = (of(record, "evaluated", arm, case, budget) for arm in ("none", "per step 0.1"))
        assert own.mean() > none.mean() + least
    case = list(zip(record.steps, record.starts, strict=True)).index((64, "torch"))
    none, own = (of(record, "evaluated", arm, case) for arm in ("none", "per step 0.1"))
    assert own.mean() > none.mean() + 0.05


def test_arms_without_running_statistics_have_none(record):
    for arm in ("none", "layer 0.1", "layer 1"):
        for name in ("re_estimated", "by_batch", "by_sorted", "other_kind", "by_twos"):
            assert np.isnan(of(record, name, arm)).all()
    for arm in ("shared 0.1", "per step 1"):
        for name in ("re_estimated", "by_batch", "by_sorted", "other_kind", "by_twos"):
            assert np.isfinite(of(record, name, arm)).all()


def test_the_first_step_differs_most_and_means_keep_changing(record):
    var, mean = record.quartiles_var[16][:, 1], record.unit_mean[16]
    assert var[0] < 0.1 * var[1:].min()
    assert var[8:].max() < 1.3 * var[8:].min()
    assert np.ptp(mean[8:], axis=0).min() > 0.2


def test_it_is_the_means_that_cannot_be_shared():
    """A cheap net of the same kind: own means rescue it, own variances or first steps do not."""
    net = measure_one_net((0, 1, 16), seeds=(0, 1, 2), updates=100)
    shared, first, own = net.evaluated.mean(axis=1)
    assert own > shared + 0.07
    assert abs(first - shared) < 0.05
    assert net.own_means.mean() > shared + 0.07
    assert net.own_variances.mean() < shared + 0.04
    assert abs(net.shared_again.mean() - shared) < 0.06
    assert net.mean.shape == net.var.shape == (3, 16, 48)


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    rate = record.rates[T16, record.arms.index("none"), 0]
    again = run(16, "orthogonal", None, 0.0, rate, SEEDS[:1], budgets=[int(record.budgets[T16, 0])])
    stored = of(record, "evaluated", "none", budget=0)[0]
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(again[0]["evaluated"][0] - stored) < 0.03
