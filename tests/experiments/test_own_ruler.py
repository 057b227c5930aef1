"""A test set on a ruler of its own: a single row is all 0, and no shift shows."""

import numpy as np
import pytest

from bncourse import results
from bncourse.data import load_wine
from bncourse.experiments.leakage import FIRST, SEEDS, TABLES, Paired
from bncourse.experiments.own_ruler import GROUPS, SHIFTS, own_ruler, shifted

LARGEST_SHARE = {"wine": 0.4, "breast cancer": 0.63}


@pytest.fixture(scope="module")
def stored():
    return results.load("own_ruler")


def compare_first(again: Paired, stored: dict, rows: int) -> None:
    """One test row may fall on the other side of a tie on another machine."""
    for ours, side in ((again.right, "right"), (again.wrong, "wrong")):
        assert np.abs(ours - stored["first"][side]).max() < 1.5 / rows


def test_the_smaller_the_group_the_worse_and_a_single_row_is_a_guess(stored):
    for name in TABLES:
        mixed = stored["own ruler"][name]["mixed"]
        losses = [-mixed[str(k)]["difference"] for k in GROUPS]
        assert losses == sorted(losses, reverse=True)
        assert mixed["1"]["wrong"] < LARGEST_SHARE[name] + 0.01
        assert abs(mixed["all"]["difference"]) < 0.01
        assert mixed["20"]["difference"] < -3 * mixed["20"]["standard_error"]


def test_groups_of_one_class_lose_what_tells_the_class(stored):
    for name in TABLES:
        orders = stored["own ruler"][name]
        for k in ("5", "20"):
            by_class, mixed = orders["class by class"][k], orders["mixed"][k]
            assert by_class["wrong"] < mixed["wrong"] - 0.3
            assert abs(by_class["right"] - mixed["right"]) < 0.01


def test_a_shift_shows_on_the_training_ruler_and_vanishes_on_its_own(stored):
    shifts = stored["shifted"]
    assert list(shifts) == list(SHIFTS)
    for summary in shifts.values():
        assert summary["own_mean"] == 0
    assert abs(shifts["none"]["mean"]) < 0.1
    assert shifts["offset"]["mean"] == pytest.approx(shifts["none"]["mean"] + 1, abs=2e-5)
    assert shifts["unit"]["mean"] > 30
    assert shifts["mixture"]["mean"] > 0.7


def test_its_own_ruler_repairs_an_error_of_measurement_and_ruins_a_real_change(stored):
    shifts = stored["shifted"]
    for repaired in ("unit", "offset"):
        assert shifts[repaired]["wrong"] == pytest.approx(shifts["none"]["wrong"], abs=1e-4)
        assert shifts[repaired]["difference"] > 0.3
    assert shifts["mixture"]["difference"] < -0.3
    assert shifts["mixture"]["right"] > 0.8


def test_slices_of_the_stored_runs_can_be_measured_again(stored):
    seeds = SEEDS[:FIRST]
    for order in ("mixed", "class by class"):
        for k in (1, 5):
            again = own_ruler("wine", k, order == "mixed", seeds)
            compare_first(again, stored["own ruler"]["wine"][order][str(k)], 115)
    for shift in SHIFTS:
        compare_first(shifted(shift, seeds).accuracy, stored["shifted"][shift], 150)


def test_a_single_row_is_answered_the_same_whatever_it_is():
    y = load_wine().y
    shares = {count / 118 for count in np.bincount(y) - [20, 24, 16]}
    for accuracy in own_ruler("wine", 1, seeds=range(4)).wrong:
        assert min(abs(accuracy - share) for share in shares) < 1e-9


def test_shifts_change_the_test_rows_only():
    none, offset = shifted("none", (0, 1)), shifted("offset", (0, 1))
    np.testing.assert_allclose(offset.mean, none.mean + 1)
    np.testing.assert_allclose(offset.accuracy.wrong, none.accuracy.wrong)
    np.testing.assert_allclose(offset.own_mean, 0, atol=1e-12)
