import itertools

import numpy as np
import pytest

from bncourse.experiments.decision import FIRST, LEAVES, QUESTIONS, route, walk
from bncourse.experiments.decision_cases import check_cases
from bncourse.experiments.decision_others import change_left
from bncourse.experiments.decision_verdicts import (
    NO_NORM,
    RIVALS,
    STUDENT,
    VERDICTS,
    Comparison,
    tally,
)
from bncourse.experiments.group_counts import load_group_counts
from bncourse.experiments.small_batches import load_small_batches
from bncourse.experiments.without_norms import load_without_norms

NO = dict.fromkeys(QUESTIONS, False)


@pytest.fixture(scope="module")
def cases():
    return check_cases()


def named(cases, start):
    (case,) = [case for case in cases if case.name.startswith(start)]
    return case


def alone(cases, name):
    (case,) = [case for case in cases if case.name == name]
    return case


def verdicts(case, ours, theirs):
    return {c.where: c.verdict for c in case.comparisons if (c.ours, c.theirs) == (ours, theirs)}


def compared(gaps, base=5.0):
    gaps = np.array(gaps, float)
    return Comparison("here", "a", "b", np.full(len(gaps), base), base + gaps)


def test_every_answer_leads_to_a_leaf_and_every_leaf_and_question_is_reached():
    leaves, asked = set(), set()
    for answers in itertools.product((False, True), repeat=len(QUESTIONS)):
        given = dict(zip(QUESTIONS, answers, strict=True))
        leaves.add(walk(given))
        keys = [key for key, _ in route(given)]
        assert keys[0] == FIRST and len(set(keys)) == len(keys)
        asked.update(keys)
    assert leaves == set(LEAVES) and asked == set(QUESTIONS)


@pytest.mark.parametrize(
    ("yes", "leaf"),
    [
        ((), "GN"),
        (("random", "many"), "BN"),
        (("random", "devices"), "SyncBN"),
        (("random",), "GN"),
        (("many",), "GN"),  # many, but no random draw
        (("alone", "random", "many"), "GN"),
        (("style", "random", "many"), "IN"),
        (("sequence", "style", "random", "many"), "LN"),
        (("trained", "changed"), "recompute"),
        (("trained", "tuned"), "frozen"),
        (("trained",), "keep"),
        (("trained", "sequence", "tuned"), "frozen"),
    ],
)
def test_the_map_comes_to_what_its_answers_say(yes, leaf):
    answers = NO | dict.fromkeys(yes, True)
    assert walk(answers) == leaf
    # What is not on the way need not be answered.
    assert walk(dict(route(answers))) == leaf


def test_a_missing_answer_is_asked_and_a_wrong_name_refused():
    with pytest.raises(ValueError, match=r"sequence.*transformer"):
        walk({"trained": False})
    with pytest.raises(ValueError, match=r"no question batch; there are trained"):
        route(NO | {"batch": True})


def test_questions_and_leaves_are_sentences():
    for question in QUESTIONS.values():
        assert question.asks.endswith("?") and question.why.endswith(".")
    for leaf in LEAVES.values():
        assert leaf.name and leaf.do and leaf.mind


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ([1, 1.1, 0.9, 1, 1], "wins"),
        ([-1, -1.1, -0.9, -1, -1], "loses"),
        ([1, -1, 2, -2, 0.5], "no difference"),
        ([0, 0, 0, 0, 0], "no difference"),
        ([1, 2, 3, -1, 1], "no difference"),  # 1.2 ± 0.66, 1.8 standard errors
        ([1, 2, 3, -1, 1] * 2, "wins"),  # the same with ten seeds
    ],
)
def test_a_verdict_needs_a_gain_beyond_its_error(gaps, verdict):
    found = compared(gaps)
    assert found.verdict == verdict
    assert found.gain == pytest.approx(np.mean(gaps))
    assert found.standard_error == pytest.approx(np.std(gaps, ddof=1) / np.sqrt(len(gaps)))


def test_pairing_counts_not_the_spread_of_each():
    ours = np.array([1.0, 5, 9, 2, 7])
    found = Comparison("here", "a", "b", ours, ours + np.array([0.5, 0.6, 0.5, 0.4, 0.5]))
    assert found.verdict == "wins" and ours.std() > 5 * found.gain


def test_the_intervals_are_those_of_student():
    """Of many samples without any difference, 5 % are called one."""
    draw = np.random.default_rng(0)
    for count, factor in STUDENT.items():
        x = draw.normal(size=(100_000, count))
        t = np.abs(x.mean(1)) / (x.std(1, ddof=1) / np.sqrt(count))
        assert (t > factor).mean() == pytest.approx(0.05, abs=0.003)


def test_every_case_can_be_walked_and_every_leaf_has_one(cases):
    assert {case.leaf for case in cases} == set(LEAVES)
    for case in cases:
        assert bool(case.comparisons) != bool(case.reported)
        for found in case.comparisons:
            assert found.verdict in VERDICTS
            assert len(found.with_ours) == len(found.with_theirs) >= 5
            assert np.isfinite([*found.with_ours, *found.with_theirs]).all()


def test_comparisons_are_the_records(cases):
    record = load_small_batches()
    case = alone(cases, "MLP, shuffled batches of 4")
    assert case.leaf == "GN" and case.record == "small_batches"
    first = case.comparisons[0]
    at = record.batch_sizes.tolist().index(4)
    assert (first.ours, first.theirs) == ("GN", "BN")
    np.testing.assert_array_equal(first.with_ours, record.test_error[0, 3, at])
    np.testing.assert_array_equal(first.with_theirs, record.test_error[0, 0, at])
    assert "6 epochs" in first.where


def test_what_the_lesson_says_of_the_map(cases):
    for size in (64, 32, 16):  # enough: batch norm beats all others in both budgets
        case = alone(cases, f"MLP, shuffled batches of {size}")
        assert case.leaf == "BN" and {c.verdict for c in case.comparisons} == {"wins"}
    for size in (4, 3, 2):
        case = alone(cases, f"MLP, shuffled batches of {size}")
        assert case.leaf == "GN" and set(verdicts(case, "GN", "BN").values()) == {"wins"}
    for name in ("MLP, one class each", "MLP, class after class", "MLP, 48 devices"):
        assert {c.verdict for c in named(cases, name).comparisons} == {"wins"}


def test_small_conv_nets_do_not_confirm_group_norm(cases):
    """What the leaf says: none of them is better with GN than with BN at 4 or 2."""
    assert "2018" in LEAVES["GN"].limit
    found = {
        case.name: verdicts(case, "GN", "BN")
        for case in cases
        if case.name.startswith("Conv net") and case.leaf == "GN"
    }
    assert len(found) == 4 and all(found.values())
    every = [verdict for row in found.values() for verdict in row.values()]
    assert "wins" not in every and "never worse" in LEAVES["GN"].limit
    told = f"batch norm was better in {every.count('loses')} of {len(every)} comparisons at 4 or 2"
    assert told in LEAVES["GN"].limit
    # Standardised weights are what the leaf says to try.
    assert "standardised weights" in LEAVES["GN"].do
    he = named(cases, "Conv net, weights of He, batches of 2")
    assert set(verdicts(he, "WS+GN", "BN").values()) == {"wins"}


def test_the_records_of_groups_and_of_doing_without_are_in(cases):
    groups = load_group_counts()
    case = named(cases, "Conv net, 32 channels, batches of 2")
    (mean,) = [c for c in case.comparisons if c.where == "head 'mean'" and c.theirs == "BN"]
    assert case.record == "group_counts" and mean.verdict == "loses"
    np.testing.assert_array_equal(mean.with_ours, groups.test_error[1, 1, 3])  # G = 8
    np.testing.assert_array_equal(mean.with_theirs, groups.bn_error[1, 1])
    without = load_without_norms()
    case = named(cases, "Conv net, weights of He, batches of 2")
    first = case.comparisons[0]
    assert (first.ours, first.theirs, first.verdict) == ("GN", "BN", "loses")
    cell = ("conv net", "BN", (2, 1.0))
    np.testing.assert_array_equal(first.with_theirs, without.at(without.own, *cell))
    for name in ("MLP", "Deep MLP", "Conv net"):
        case = named(cases, f"{name}, weights of He, batches of 32")
        against = [c for c in case.comparisons if c.theirs not in NO_NORM]
        assert case.leaf == "BN" and {c.verdict for c in against} == {"wins"}


def test_layer_norm_hardly_ever_beats_batch_norm_in_sequences(cases):
    """What the leaf says; only statistics that all steps of an RNN share fail."""
    assert "mostly no worse" in LEAVES["LN"].limit
    rivals = [c for case in cases if case.leaf == "LN" for c in case.comparisons]
    batch = [c.verdict for c in rivals if c.theirs[:2] == "BN" and "shared" not in c.theirs]
    assert len(batch) >= 10 and batch.count("wins") <= 1 < batch.count("loses")
    shared = [c for c in rivals if "shared" in c.theirs and c.where[:7] != "8 steps"]
    assert all(c.gain > 10 for c in shared)


def test_where_the_map_does_not_win_it_is_reported(cases):
    eight = alone(cases, "MLP, shuffled batches of 8")
    assert "wins" not in verdicts(eight, "GN", "BN").values()
    inverted = named(cases, "Trained conv net").comparisons[-1]
    assert (inverted.where, inverted.verdict) == ("inverted", "loses")
    counts = tally(cases)
    assert counts.total["loses"] >= 10
    every = [comparison for case in cases for comparison in case.comparisons]
    assert sum(counts.total.values()) == len(every)
    assert counts.by_leaf["BN"]["wins"] >= 40 and counts.by_leaf["BN"]["loses"] == 0


def test_rivals_with_and_without_a_norm_are_counted_apart(cases):
    every = [comparison for case in cases for comparison in case.comparisons]
    rows = tally(cases).by_rival
    assert tuple(rows) == RIVALS
    for verdict in VERDICTS:
        assert sum(row[verdict] for row in rows.values()) == tally(cases).total[verdict]
    without = [c.verdict for c in every if c.theirs in ("none", "SkipInit")]
    assert rows["no norm"] == {verdict: without.count(verdict) for verdict in VERDICTS}
    pairs = {(c.ours, c.theirs): c.rival for c in every}
    assert pairs["BN", "LN"] == pairs["GN", "BN"] == pairs["LN", "BN per step"] == "another norm"
    assert pairs["LN", "BN recomputed"] == "another norm"
    otherwise = {("SyncBN", "BN"), ("recomputed", "old averages"), ("train mode", "frozen")}
    assert {pairs[pair] for pair in otherwise} == {"batch norm used otherwise"}
    assert pairs["IN", "GN"] == "by algebra"


def test_freezing_is_for_very_few_images(cases):
    found = {}
    for size, leaf in ((2, "frozen"), (8, "frozen"), (40, "keep")):
        case = named(cases, f"Trained MLP, tuned on 40 moved images, batches of {size}")
        assert case.leaf == leaf and case.record == "fine_tuning"
        found[size] = case.comparisons[0].verdict
    assert found == {2: "wins", 8: "loses", 40: "wins"}
    assert "at 2, and were not at 8" in QUESTIONS["tuned"].why


def test_instance_norm_alone_removes_what_each_channel_has_of_its_own(cases):
    case = named(cases, "Each channel's level")
    assert case.leaf == "IN" and [c.theirs for c in case.comparisons] == ["GN", "BN"]
    for found in case.comparisons:
        assert found.with_ours.max() < 1e-4 and found.with_theirs.min() > 0.1
        assert "error" not in found.unit


@pytest.mark.parametrize("seed", range(3))
def test_one_change_for_the_whole_image_is_removed_by_all_norms_of_one_image(seed):
    left = {norm: change_left(norm, "whole image", seed) for norm in ("IN", "GN", "LN", "BN")}
    assert max(left[norm] for norm in ("IN", "GN", "LN")) < 1e-4 and left["BN"] > 0.1
    assert change_left("LN", "each channel", seed) > 0.1
