"""What the class's results add up to."""

import random

import pytest

from bncourse.grading.report.summary import KINDS, answers_of, by_name, score_bins, summarise
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import class_of, result, verdict


def of(learner, *judged, **changes):
    return result(*judged, learner=learner, name=learner.title(), **changes)


def named(task, *keys, **changes):
    says = tuple(f"It says {key}." for key in keys)
    return verdict(task=task, misconceptions=keys, looks_like=says, **changes)


def test_each_status_is_counted_once_in_one_kind():
    statuses = [status for kind in KINDS for status in kind.statuses]
    assert sorted(statuses) == sorted(Status)
    (s,) = summarise([of("ada", *(verdict(status, task="3.1") for status in Status))])
    (task,) = s.tasks
    assert task.total == len(Status) and task.correct == 1
    assert {kind.word: n for kind, n in task.counts.items()} == {
        kind.word: len(kind.statuses) for kind in KINDS
    }


def test_misconceptions_are_counted_by_learner_the_most_frequent_first():
    whole = [
        of("ada", named("3.1", "a", "b"), named("3.2", "a")),
        of("ben", named("3.1", "b"), named("3.2", "c")),
        of("ben", named("3.1", "b")),
        of("eve", named("3.2", "c"), failure="cut off"),
    ]
    (s,) = summarise(whole)
    assert [(f.task, f.key, len(f.who)) for f in s.found] == [
        ("3.1", "b", 2), ("3.1", "a", 1), ("3.2", "a", 1), ("3.2", "c", 1),
    ]  # fmt: skip
    assert s.found[0].says == "It says b." and s.found[1].says == "It says a."


def test_broken_files_count_in_the_scores_alone():
    blank = verdict(Status.NOT_STARTED)
    (s,) = summarise([of("ada", verdict(Status.CORRECT)), of("ben", blank, failure="empty")])
    assert s.scores == [1.0, 0.0] and s.mean == 0.5 and s.median == 0.5
    assert s.tasks[0].total == 1 and [r.learner for r in s.broken] == ["ben"]


def test_who_handed_in_other_exercises_only_is_missing():
    whole = [of("ada", exercise="00"), of("ada", exercise="03"), of("ben", exercise="03")]
    first, second = summarise(whole)
    assert (first.exercise, [r.learner for r in first.missing]) == ("00", ["ben"])
    assert (second.exercise, second.missing) == ("03", ())


def test_tasks_are_in_the_order_of_the_fullest_result():
    few = of("ada", verdict(task="3.2"))
    all_tasks = of("ben", verdict(task="3.1"), verdict(task="3.2"), verdict(task="3.10"))
    (s,) = summarise([few, all_tasks])
    assert [task.task for task in s.tasks] == ["3.1", "3.2", "3.10"]


def test_nobody_is_no_error():
    assert summarise([]) == []


def test_answers_are_found_by_status_but_not_in_broken_files():
    odd = verdict(Status.UNRECOGNISED, task="3.2")
    whole = [of("ada", odd, verdict()), of("ben", odd, failure="empty")]
    ((one, task),) = answers_of(whole, [Status.UNRECOGNISED])
    assert one.learner == "ada" and task.verdict is odd


def test_learners_are_ordered_by_name_whatever_its_case():
    whole = [result(name=n, learner=n or "carl") for n in ("ben", "Ada", "", "Dora")]
    assert [r.learner for r in by_name(whole)] == ["Ada", "ben", "carl", "Dora"]


@pytest.mark.parametrize(
    ("scores", "out_of", "expected"),
    [
        ([0, 1, 1, 2], 2, [("0", 1), ("1", 2), ("all 2", 1)]),
        ([0, 0.5, 1.999, 2], 2, [("<1", 2), ("1+", 1), ("all 2", 1)]),
        ([], 1, [("<1", 0), ("all 1", 0)]),
        ([2.5], 0, []),
    ],
)
def test_scores_in_ranges(scores, out_of, expected):
    bins = score_bins(scores, out_of)
    assert [(b.label, b.count) for b in bins] == expected or not scores


def test_no_score_is_lost_between_the_ranges():
    chance = random.Random(2)
    for out_of in (1, 2.5, 6, 10, 11, 20, 33.3):
        scores = [
            chance.choice([0, out_of, round(chance.uniform(0, out_of), 3)]) for _ in range(90)
        ]
        bins = score_bins(scores, out_of)
        assert sum(b.count for b in bins) == 90
        assert bins[-1].count == sum(score >= out_of for score in scores)


def test_a_range_ends_where_the_next_begins():
    bins = score_bins([0.1 * k for k in range(31)], 3)
    assert [b.count for b in bins] == [10, 10, 10, 1]
    assert [b.words for b in bins] == ["under 1", "1 to under 2", "2 to under 3", "all 3"]


def test_a_made_up_class_adds_up():
    whole = class_of(60, exercises=("00", "03"))
    for s in summarise(whole):
        graded = [r for r in s.results if not r.failure]
        assert all(task.total == len(graded) for task in s.tasks)
        assert len(s.results) + len(s.missing) == len({r.learner for r in whole})
        assert sum(len(f.who) for f in s.found) > 20
