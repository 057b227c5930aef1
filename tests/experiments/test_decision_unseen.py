import numpy as np
import pytest

from bncourse import results
from bncourse.experiments.decision_cases import check_cases
from bncourse.experiments.decision_unseen import (
    ARMS,
    BATCH_SIZES,
    SEARCH_SEEDS,
    SEEDS,
    TABLES,
    make_lengths,
    measure,
    search,
    split,
    unseen_cases,
)
from bncourse.experiments.decision_verdicts import tally


@pytest.fixture(scope="module")
def stored():
    return results.load("decision_unseen")


@pytest.mark.parametrize(("table", "arm", "batch_size"), [("wines", "LN", 32), ("wines", "BN", 32)])
def test_the_stored_errors_are_measured_again(stored, table, arm, batch_size):
    (run,) = [
        r
        for r in stored["runs"]
        if (r["table"], r["arm"], r["batch_size"]) == (table, arm, batch_size)
    ]
    found = measure(table, arm, batch_size, SEEDS, [run["rate"]])[0]
    # One test wine is 1.1 points; another machine's rounding may turn one in some splits.
    np.testing.assert_allclose(found, run["own"], atol=1.2)
    assert abs(found.mean() - np.mean(run["own"])) < 0.4


def test_every_rate_was_searched_on_other_seeds_and_lies_inside(stored):
    assert not set(stored["seeds"]) & set(stored["search_seeds"])
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert len(stored["runs"]) == len(TABLES) * len(BATCH_SIZES) * len(ARMS)
    for run in stored["runs"]:
        powers, errors = run["search_powers"], run["search_errors"]
        best = powers[int(np.argmin(errors))]
        assert run["rate"] == 2.0**best and powers[0] < best < powers[-1]


def test_the_split_is_half_and_uses_the_training_rows_alone_to_standardise():
    x, y, x_test, y_test = split("tumours", 3)
    assert len(x) + len(x_test) == len(y) + len(y_test) == 569 and len(x_test) - len(x) in (0, 1)
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(x.std(0), 1)
    assert abs(x_test.mean(0)).max() > 0.01
    assert abs(y.mean() - y_test.mean()) < 0.01


def test_a_search_goes_on_until_the_best_is_inside():
    tried = search(lambda rates: np.array([[abs(np.log2(rate) - 2.5)] for rate in rates]))
    assert min(tried, key=tried.get) in (2, 3) and max(tried) > 3
    assert list(tried) == sorted(tried)


def test_the_map_says_what_was_written_and_the_cases_are_in_no_record_of_its_check():
    leaves = {case.name: case.leaf for case in unseen_cases()}
    assert len(leaves) == 6
    for name, leaf in leaves.items():
        assert leaf == ("GN" if name.endswith(" 4") else "BN")
    assert "decision_unseen" not in {case.record for case in check_cases()}
    for case in unseen_cases():
        ours = {found.ours for found in case.comparisons}
        assert ours == {"BN" if case.leaf == "BN" else "LN"} and len(case.comparisons) == 2


def test_the_map_holds_for_which_norm_and_not_for_whether():
    counts = tally(unseen_cases()).by_rival
    assert counts["another norm"] == {"wins": 3, "no difference": 3, "loses": 0}
    assert counts["no norm"] == {"wins": 0, "no difference": 3, "loses": 3}
    found = {
        (case.name.split(",")[0], int(case.name.split()[-1]), c.theirs): c
        for case in unseen_cases()
        for c in case.comparisons
    }
    assert found["tumours", 4, "BN"].verdict == "wins"
    assert found["wines", 4, "none"].verdict == "loses"
    for size, rival in ((4, "BN"), (32, "LN")):
        assert found["lengths", size, rival].gain > 5


def test_lengths_have_three_classes_that_no_single_column_tells():
    table = make_lengths()
    assert table.x.shape == (1200, 10) and np.bincount(table.y).tolist() == [400, 400, 400]
    length = np.linalg.norm(table.x, axis=1)
    assert max(length[table.y == 0]) <= min(length[table.y == 1])
    assert abs(np.corrcoef(table.x.T, table.y)[-1, :-1]).max() < 0.1
