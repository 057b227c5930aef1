"""The two valleys: where they are, and that noise alone moves a run from one to the other."""

import numpy as np
import pytest

from bncourse.experiments.escape import (
    BARRIER,
    GOOD,
    NOISE,
    POOR,
    batch_means,
    escape,
    landscape,
    sgd_paths,
    slope,
)


@pytest.fixture(scope="module")
def runs():
    return escape()


@pytest.fixture(scope="module")
def slower():
    return escape(learning_rate=0.05, steps=2000)


def test_the_valleys_and_the_barrier_are_where_the_slope_is_zero():
    assert GOOD < BARRIER < POOR
    np.testing.assert_allclose(slope(np.array([GOOD, BARRIER, POOR])), 0, atol=1e-12)
    assert landscape(GOOD) < landscape(POOR) < landscape(BARRIER)
    w, h = np.linspace(-2, 2, 41), 1e-6
    numerical = (landscape(w + h) - landscape(w - h)) / (2 * h)
    np.testing.assert_allclose(slope(w), numerical, atol=1e-8)


def test_the_noise_is_real_standardised_and_drawn_without_replacement():
    single, whole = batch_means((1, 569), 569, 3, seed=0)
    np.testing.assert_allclose(single.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(single.std(axis=1), 1)
    np.testing.assert_allclose(whole, 0, atol=1e-12)
    np.testing.assert_array_equal(np.sort(single[0]), np.sort(single[1]))
    assert not np.array_equal(single[0], single[1])


def test_a_step_is_one_of_plain_sgd():
    means = np.array([[0.5, -1.0], [0.0, 2.0]])
    paths = sgd_paths(POOR, means, 0.1)
    assert paths.shape == (2, 3)
    np.testing.assert_allclose(paths[:, 0], POOR)
    first = paths[:, 0] - 0.1 * (slope(paths[:, 0]) + NOISE * means[:, 0])
    np.testing.assert_allclose(paths[:, 1], first)


def test_the_full_batch_stays_where_it_is():
    full = escape((569,), seeds=[0], runs=2, steps=300)
    assert (full.left_poor, full.ended_good, full.left_good) == (0, 0, 0)


def test_small_batches_leave_the_poor_valley_and_large_ones_never(runs):
    assert runs.left_poor.shape == (5, 7)
    assert np.all(runs.left_poor[:, :3] == 1)
    assert np.all(runs.left_poor[:, 5:] == 0)
    assert np.all(np.diff(runs.left_poor.mean(axis=0)) <= 0)


def test_the_smallest_batches_do_not_stay_in_the_good_valley_either(runs):
    assert np.all(runs.left_good[:, 0] == 1)
    ended = runs.ended_good.mean(axis=0)
    assert np.all(runs.ended_good[:, 0] < runs.ended_good[:, 2])
    assert runs.batch_sizes[ended.argmax()] == 4


def test_half_the_rate_needs_half_the_batch(runs, slower):
    for name in ("left_poor", "ended_good", "left_good"):
        fast, slow = getattr(runs, name)[:, 1:], getattr(slower, name)[:, :-1]
        np.testing.assert_allclose(fast.mean(axis=0), slow.mean(axis=0), atol=0.05)


def test_the_same_seed_gives_the_same_runs_in_any_company():
    settings = {"steps": 400, "runs": 20}
    both = escape((2, 8), seeds=[3, 4], **settings)
    alone = escape((8,), seeds=[4], **settings)
    assert both.left_poor[1, 1] == alone.left_poor[0, 0]
    assert both.ended_good[1, 1] == alone.ended_good[0, 0]


def test_impossible_batch_sizes_are_refused():
    with pytest.raises(ValueError, match="1 to 569"):
        escape((0, 4))
