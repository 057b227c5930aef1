"""Raw columns at a rate for standardised ones: one model overflows, one leaps, one dies."""

import numpy as np
import pytest

from bncourse.data import load_wine
from bncourse.experiments.too_fast import MODELS, PREPARATIONS, too_fast


@pytest.fixture(scope="module")
def runs():
    return {(run.model, run.preparation): run for run in too_fast(seeds=(0, 1, 2), steps=60)}


def test_every_model_meets_both_preparations(runs):
    assert list(runs) == [(model, how) for model in MODELS for how in PREPARATIONS]
    for run in runs.values():
        assert run.loss.shape == (len(run.seeds), 61)
        assert run.learning_rate == 0.1


def test_standardised_columns_are_learned_at_this_rate_by_all(runs):
    for model in MODELS:
        run = runs[model, "standardised"]
        assert np.all(np.diff(run.loss, axis=1) < 0)
        assert np.all(run.steps_to_overflow() == np.inf)


def test_the_squared_error_grows_by_the_factor_of_the_steepest_direction_and_overflows(runs):
    run = runs["squared error", "raw"]
    x = load_wine().x
    design = np.column_stack([np.ones(len(x)), x])
    steepest = np.linalg.eigvalsh(design.T @ design / len(x))[-1]
    growth = run.loss[0, 2:10] / run.loss[0, 1:9]
    np.testing.assert_allclose(growth, (0.1 * steepest - 1) ** 2, rtol=1e-3)
    (overflow,) = run.steps_to_overflow()
    assert overflow < 60
    assert np.isfinite(run.loss[0, : int(overflow)]).all()
    assert not np.isfinite(run.loss[0, int(overflow)])


def test_the_softmax_leaps_and_stays_finite(runs):
    run = runs["softmax", "raw"]
    assert np.isfinite(run.loss).all()
    later = run.loss[0, 1:]
    assert later.min() > 100 * run.loss[0, 0]
    assert (np.diff(later) > 0).any()
    assert (np.diff(later) < 0).any()
    assert run.accuracy[0] < 0.75


def test_the_relu_network_dies_with_every_seed(runs):
    raw, standardised = runs["ReLU network", "raw"], runs["ReLU network", "standardised"]
    assert np.all(raw.dead == 1)
    assert np.all(standardised.dead < 0.1)
    # All wines look alike to it: it answers the most frequent class.
    np.testing.assert_allclose(raw.accuracy, np.bincount(load_wine().y).max() / 178)
    assert np.all(standardised.accuracy > 0.9)
    for run in runs.values():
        assert np.isnan(run.dead).all() == (run.model != "ReLU network")


def test_a_lower_rate_lets_raw_columns_learn():
    squared, _, softmax, *_ = too_fast(seeds=(0,), rate=1e-6, steps=10)
    for run in (squared, softmax):
        assert run.preparation == "raw"
        assert np.all(np.diff(run.loss) < 0)
