"""Changed brightness and contrast: what each norm removes, in the record and in exact terms."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bncourse import results
from bncourse.experiments.norm_shifts import (
    AGAIN,
    ARMS,
    SEARCH_SEEDS,
    SEEDS,
    SHIFTS,
    changed,
    common_rate,
    load_norm_shifts,
    measure,
    prepare,
)

SAME_FOR_ALL = ("contrast × 0.5", "contrast × 0.25", "brightness + 0.5", "brightness + 1")


@pytest.fixture(scope="module")
def record():
    return load_norm_shifts()


BRIGHTNESS = ("brightness + 0.5", "brightness + 1", "own brightness")


def moved(record, arm, shift, common=False):
    table = record.common_moved if common else record.moved
    return table[record.arms.index(arm), record.shifts.index(shift)]


def ahead(record, one, two, shift, common):
    """Return the mean difference of two arms and its standard error."""
    gap = record.at(one, shift, common=common) - record.at(two, shift, common=common)
    return gap.mean(), gap.std(ddof=1) / np.sqrt(len(gap))


both_rates = pytest.mark.parametrize("common", [False, True])


def test_everything_was_measured_with_every_seed(record):
    assert record.arms == ARMS and record.shifts == tuple(SHIFTS) and record.seeds == SEEDS
    assert record.clean.shape == (len(ARMS), len(SEEDS))
    assert record.shifted.shape == record.moved.shape == (len(ARMS), len(SHIFTS), len(SEEDS))
    assert record.common_clean.shape == record.clean.shape
    assert record.common.shape == record.common_moved.shape == record.shifted.shape
    assert record.clean.min() > 0.96 and record.common_clean.min() > 0.96


def test_each_arm_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("norm_shifts")
    assert not set(stored["search_seeds"]) & set(stored["seeds"])
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    for arm in stored["arms"].values():
        rates, errors = arm["searched"]["search_rates"], arm["searched"]["search_errors"]
        assert errors[rates.index(arm["rate"])] == min(errors)
        assert min(rates) < arm["rate"] < max(rates)


def test_the_common_rate_was_tried_by_all_and_is_the_best_of_those(record):
    stored = results.load("norm_shifts")
    searches = [arm["searched"] for name, arm in stored["arms"].items() if name != AGAIN]
    assert common_rate(searches) == record.common_rate == stored["common_rate"]
    for search in searches:
        errors = dict(zip(search["search_rates"], search["search_errors"], strict=True))
        assert errors[record.common_rate] < min(errors.values()) + 0.5
    tried = [{"search_rates": r, "search_errors": e} for r, e in (([1, 2, 4], [9, 3, 0]),) * 2]
    tried.append({"search_rates": [1, 2], "search_errors": [2, 6]})
    assert common_rate(tried) == 2


def test_where_the_own_rate_is_the_common_one_the_numbers_are_the_same(record):
    for a in np.flatnonzero(record.rates == record.common_rate):
        np.testing.assert_array_equal(record.common[a], record.shifted[a])
        np.testing.assert_array_equal(record.common_clean[a], record.clean[a])
    assert (record.rates != record.common_rate).any()


@both_rates
def test_measured_again_batch_norm_removes_what_all_images_share_and_nothing_else(record, common):
    for shift in SAME_FOR_ALL:
        assert moved(record, AGAIN, shift, common).max() < 1e-3
        same = record.at(AGAIN, shift, common=common)
        np.testing.assert_array_equal(same, record.at(AGAIN, common=common))
    for shift in ("own contrast", "own brightness"):
        assert moved(record, AGAIN, shift, common).min() > 0.1


@both_rates
def test_layer_norm_of_the_image_removes_all_of_it(record, common):
    for shift in SHIFTS:
        assert moved(record, "LN of the image", shift, common).max() < 2e-3


@both_rates
def test_without_bias_layer_norm_removes_contrast_and_not_brightness(record, common):
    for shift in SHIFTS:
        now = moved(record, "LN, no bias", shift, common)
        assert now.max() < 1e-3 if "contrast" in shift else now.min() > 0.15
        if "contrast" in shift:
            gain, error = ahead(record, "LN, no bias", "none", shift, common)
            assert gain > 2 * error
    for arm in ("LN", "LN, no bias, standardised pixels"):
        assert moved(record, arm, "contrast × 0.25", common).min() > 0.1


@both_rates
def test_frozen_batch_norm_is_behind_layer_norm_and_behind_no_norm(record, common):
    for shift in SHIFTS:
        for other in ("LN", "none"):
            lost, error = ahead(record, "BN", other, shift, common)
            assert lost < -0.1 and lost < -2 * error


@both_rates
def test_behind_a_linear_layer_layer_norm_does_not_help_against_brightness(record, common):
    for arm in ("LN", "LN, no bias"):
        for shift in BRIGHTNESS:
            gain, error = ahead(record, arm, "none", shift, common)
            assert gain < error


def test_layer_norm_is_far_behind_no_norm_at_its_own_rate_only(record):
    for shift in (*BRIGHTNESS, "contrast × 0.25"):
        lost, error = ahead(record, "LN", "none", shift, False)
        assert lost < -0.05 and lost < -2 * error
        at_common, error = ahead(record, "LN", "none", shift, True)
        assert at_common > -2 * error
    gain, error = ahead(record, "LN", "none", "contrast × 0.25", True)
    assert gain > 2 * error


def test_the_invariances_hold_by_arithmetic():
    rng = np.random.default_rng(0)
    x, w = (torch.from_numpy(rng.normal(size=shape)) for shape in ((5, 64), (64, 20)))

    def norm(z):
        return F.layer_norm(z, z.shape[-1:], eps=0)

    torch.testing.assert_close(norm((0.3 * x) @ w), norm(x @ w))
    assert (norm((x + 1) @ w) - norm(x @ w)).abs().max() > 0.1
    even = w - w.mean(0)  # each unit's weights sum to 0
    torch.testing.assert_close(norm((x + 1) @ even), norm(x @ even))
    equal = even + 0.5  # or all to the same number
    torch.testing.assert_close(norm((x + 1) @ equal), norm(x @ equal))


def test_changes_are_drawn_for_each_seed_and_image():
    x = torch.ones(2, 30, 64)
    own = changed(x, "own brightness", (0, 1)) - x
    assert own.min() >= 0 and own.max() <= 1
    assert (own == own[..., :1]).all() and len(own[..., 0].unique()) == 60
    assert torch.equal(changed(x, "own brightness", (0, 1)), own + x)
    factor = changed(x, "own contrast", (1,) * 2)
    assert factor.min() >= 0.25 and torch.equal(factor[0], factor[1])
    assert changed(x, None, (0, 1)) is x


def test_pixels_are_prepared_by_the_clean_training_images():
    x = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 40, 64))).float()
    ready = prepare(x, "standardised", x)
    torch.testing.assert_close(ready.mean(1), torch.zeros(1, 64), atol=1e-5, rtol=0)
    torch.testing.assert_close(ready.std(1), torch.ones(1, 64))
    # Half the contrast is not half of what the net is shown: the subtracted mean stays as it was.
    black = prepare(torch.zeros_like(x), "standardised", x)
    half = prepare(0.5 * x, "standardised", x)
    torch.testing.assert_close(half, 0.5 * ready + 0.5 * black)
    assert black.abs().min() > 0.5
    assert prepare(x, "raw", x) is x


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    a = record.arms.index("LN, no bias")
    again = measure("LN, no bias", record.rates[a], SEEDS[:1])["LN, no bias"]
    # Another machine's sums may differ, and training in float32 makes that grow.
    assert abs(again["clean"][0] - record.clean[a, 0]) < 0.02
    assert np.abs(again["shifted"][:, 0] - record.shifted[a, :, 0]).max() < 0.1
    assert again["moved"][:2].max() < 1e-3
