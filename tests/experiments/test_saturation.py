"""The first layer before training: what is flat, by hand for one layer and by preparation."""

import numpy as np
import pytest

from bncourse.data import load_wine
from bncourse.experiments.rulers import PREPARATIONS, prepare
from bncourse.experiments.saturation import ACTIVATIONS, measure_saturation


@pytest.fixture(scope="module")
def record():
    return measure_saturation()


def column(name):
    return PREPARATIONS.index(name)


def test_one_layer_worked_out_by_hand():
    record = measure_saturation(seeds=(5,), units=3)
    weight = np.random.default_rng(5).normal(size=(13, 3)) / np.sqrt(13)
    into = prepare(load_wine().x, "centred") @ weight
    sigmoid = 1 / (1 + np.exp(-into))
    flat = [
        1 - np.mean(np.abs(into) <= np.arctanh(0.99)),
        1 - np.mean((sigmoid > 0.01) & (sigmoid < 0.99)),
        np.mean(into <= 0),
    ]
    slope = [
        np.mean(1 / np.cosh(into) ** 2),
        np.mean(sigmoid * (1 - sigmoid)),
        np.mean(into > 0),
    ]
    np.testing.assert_allclose(record.flat[:, column("centred"), 0], flat)
    np.testing.assert_allclose(record.slope[:, column("centred"), 0], slope)


def test_shapes_and_shares(record):
    assert record.activations == ACTIVATIONS
    assert record.preparations == PREPARATIONS
    assert record.flat.shape == record.slope.shape == (3, 5, 20)
    assert record.one_sided.shape == (5, 20)
    for shares in (record.flat, record.slope, record.one_sided):
        assert np.all((shares >= 0) & (shares <= 1))


def test_raw_and_even_centred_columns_saturate_and_standardised_ones_do_not(record):
    for activation in ("tanh", "sigmoid"):
        flat = record.flat[ACTIVATIONS.index(activation)]
        slope = record.slope[ACTIVATIONS.index(activation)]
        for bad in ("raw", "centred"):
            for good in ("min-max", "standardised", "whitened"):
                assert flat[column(bad)].min() > 0.8
                assert flat[column(good)].max() < 0.05
                assert slope[column(bad)].max() < slope[column(good)].min() / 10


def test_a_raw_table_settles_the_side_of_a_unit_for_all_rows_alike(record):
    assert record.one_sided[column("raw")].min() > 0.7
    assert np.all(record.one_sided[column("min-max")] > 0)
    for centred in ("centred", "standardised", "whitened"):
        assert np.all(record.one_sided[column(centred)] == 0)
    # So it is dead or linear; as many ReLUs are 0 on average, prepared or not.
    relu = record.flat[ACTIVATIONS.index("relu")].mean(axis=1)
    np.testing.assert_allclose(relu, 0.5, atol=0.05)
