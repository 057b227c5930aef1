"""The inputs of deeper layers: measured as promised, and moving though the data does not."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.deeper_layers import ARMS, best_rate, measure_deeper_layers
from bncourse.experiments.training import build_mlp

SLICE = 2


@pytest.fixture(scope="module")
def stored():
    return results.load("deeper_layers")


@pytest.fixture(scope="module")
def nets():
    return measure_deeper_layers(seeds=(0, 1, 2), steps=(0, 1, 20, 100))


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds(stored):
    rates = stored["learning_rates"]
    assert set(stored["arms"]) == set(ARMS)
    assert min(stored["seeds"]) >= 100
    for arm, search in stored["arms"].items():
        means = np.mean(search["accuracy"], axis=1)
        assert best_rate(arm) == rates[int(means.argmax())]
        assert min(rates) < best_rate(arm) < max(rates)


def test_a_slice_of_the_search_can_be_measured_again(stored):
    seeds, search = stored["seeds"][:SLICE], stored["arms"]["standardised"]
    again = measure_deeper_layers(seeds, [stored["updates"]]).accuracy[:, 0]
    row = stored["learning_rates"].index(search["best_learning_rate"])
    images = 500 * np.abs(again - search["accuracy"][row][:SLICE])
    assert images.max() < 2.5


def test_the_start_is_what_the_drawn_weights_make_of_the_test_images(nets):
    assert nets.steps.tolist() == [0, 1, 20, 100]
    digits = load_digits(1)
    constant = digits.x_train.std(axis=0) == 0
    assert constant.any()
    x = (digits.x_test - digits.x_train.mean(axis=0)) / np.where(
        constant, 1, digits.x_train.std(axis=0)
    )
    model = build_mlp((64, 100, 100, 100, 10), (1,), activation="relu", init="torch")
    for layer in range(4):
        assert nets.centre[1, layer, 0] == pytest.approx(np.sqrt(np.mean(x.mean(axis=0) ** 2)))
        assert nets.spread[1, layer, 0] == pytest.approx(np.median(x.std(axis=0)))
        weight, bias = (p.detach().numpy()[0] for p in model[2 * layer].parameters())
        x = np.maximum(x @ weight + bias, 0)


def test_the_data_stay_where_they_are_and_every_deeper_input_moves(nets):
    assert nets.centre.shape == nets.spread.shape == nets.moved.shape == (3, 4, 4)
    for values in (nets.centre, nets.spread):
        assert np.all(np.ptp(values[:, 0], axis=1) == 0)
    assert np.all(nets.spread[:, 0] > 0.9)
    assert np.all(nets.spread[:, 1:, 0] < 0.5)
    for moved in (nets.moved, nets.moved_in_all):
        assert np.all(moved[:, 0] == 0)
        assert np.all(moved[:, :, 0] == 0)
        assert np.all(moved[:, 1:, 1:] > 0)
    # The deeper, the further, in standard deviations of the start.
    assert np.all(np.diff(nets.moved_in_all[:, :, -1], axis=1) > 0)
    assert np.all(nets.moved_in_all[:, 3, -1] > 1)
    np.testing.assert_allclose(nets.moved[:, :, 1], nets.moved_in_all[:, :, 1])


def test_he_weights_start_wider_and_move_less_but_move(nets):
    he = measure_deeper_layers((0, 1, 2), (0, 100), "standardised, He weights")
    assert np.all(he.spread[:, 1:, 0] > nets.spread[:, 1:, 0])
    assert np.all(he.moved_in_all[:, 1:, 1] < nets.moved_in_all[:, 1:, -1])
    assert np.all(he.moved_in_all[:, 3, 1] > 0.5)


def test_raw_pixels_are_raw_and_other_arms_are_refused():
    raw = measure_deeper_layers((0,), (0,), "raw")
    pixels = load_digits(0).x_test
    assert raw.spread[0, 0, 0] == pytest.approx(np.median(pixels.std(axis=0)))
    assert raw.arm == "raw"
    with pytest.raises(KeyError, match="whitened"):
        measure_deeper_layers((0,), (0,), "whitened")


def test_where_all_units_have_died_the_moves_are_nan_and_nothing_warns():
    dead = measure_deeper_layers((100,), (0, 250, 300), "raw", learning_rate=2.0)
    assert dead.spread[0, 3, 2] == 0
    assert np.isnan(dead.moved[0, 3, 2])
    assert np.isfinite(dead.moved_in_all).all()


def test_the_same_seeds_give_the_same_numbers_in_any_company(nets):
    threads = torch.get_num_threads()
    alone = measure_deeper_layers((2,), (0, 1, 20, 100))
    np.testing.assert_allclose(alone.centre[0], nets.centre[2], atol=1e-6)
    np.testing.assert_allclose(alone.spread[0], nets.spread[2], atol=1e-6)
    assert torch.get_num_threads() == threads
