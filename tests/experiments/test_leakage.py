"""Two slips: the statistics of all rows cost nothing here, a selection on all rows everything."""

import numpy as np
import pytest

from bncourse import results
from bncourse.data import Table
from bncourse.experiments.leakage import (
    FIRST,
    SEEDS,
    TABLES,
    TRAIN_SIZES,
    Paired,
    selection_on_all_rows,
    split,
    statistics_of_all_rows,
)


@pytest.fixture(scope="module")
def stored():
    return results.load("leakage")


def compare_first(again: Paired, stored: dict, rows: int) -> None:
    """One test row may fall on the other side of a tie on another machine."""
    for ours, side in ((again.right, "right"), (again.wrong, "wrong")):
        assert np.abs(ours - stored["first"][side]).max() < 1.5 / rows


def test_the_statistics_of_all_rows_make_no_difference_that_could_be_told(stored):
    for name in TABLES:
        for rows in TRAIN_SIZES:
            summary = stored["statistics of all rows"][name][str(rows)]
            assert summary["seeds"] == len(SEEDS) == 200
            assert summary["right"] > 0.85
            assert abs(summary["difference"]) < 2.5 * summary["standard_error"]
            # And it could have been told: half a point would be seen.
            assert summary["standard_error"] < 0.002


def test_selecting_on_all_rows_finds_what_is_not_there(stored):
    summary = stored["selection on all rows"]
    assert abs(summary["right"] - 0.5) < 3 * summary["right_sd"] / np.sqrt(summary["seeds"])
    assert summary["wrong"] > 0.8
    assert summary["difference"] > 20 * summary["standard_error"]


def test_slices_of_the_stored_runs_can_be_measured_again(stored):
    for name, rows in (("wine", 60), ("breast cancer", 20)):
        again = statistics_of_all_rows(name, rows, SEEDS[:FIRST])
        compare_first(again, stored["statistics of all rows"][name][str(rows)], 100)
    compare_first(selection_on_all_rows(SEEDS[:FIRST]), stored["selection on all rows"], 25)


def test_the_standard_error_is_of_the_paired_differences():
    pair = Paired(np.array([0.1, 0.5, 0.9]), np.array([0.2, 0.6, 1.1]))
    assert pair.difference == pytest.approx(0.4 / 3)
    assert pair.standard_error == pytest.approx(0.1 / 3)
    summary = pair.summary()
    assert summary["right_sd"] == pytest.approx(0.4)
    assert summary["seeds"] == 3
    assert summary["first"]["wrong"] == [0.2, 0.6, 1.1]


def test_a_split_keeps_the_mixture_and_deals_out_every_row_once():
    table = Table(np.arange(50.0)[:, None], np.arange(50) % 2, ())
    x, x_test, y, y_test = split(table, 20, 3)
    assert sorted(np.concatenate([x, x_test])[:, 0]) == list(range(50))
    assert (len(x), y.sum(), y_test.sum()) == (20, 10, 15)
    np.testing.assert_array_equal(x[:, 0] % 2, y)
    assert not np.array_equal(split(table, 20, 4)[0], x)
