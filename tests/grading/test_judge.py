"""The judge is one pure function; what two mistakes explain equally well it does not guess."""

import numpy as np
import pytest

from bncourse.grading.compare import precise_enough, same
from bncourse.grading.judge import judge
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.task import Case, Misconception, Task
from bncourse.grading.verdict import Status

CASES = (Case("one", (np.array([2.0]),)), Case("two", (np.array([3.0, 5.0]),)))


def make(*misconceptions):
    return Task(
        id="0.0", title="t", entry="f", objective="o", minutes=1, params=("x",), outputs=("y",),
        cases=lambda rng: CASES, reference=lambda x: x + 1, misconceptions=misconceptions,
        hints=("h",) * 3, stub=None,
    )  # fmt: skip


def slip(key, wrong):
    return Misconception(key, f"{key}.", f"{key}?", wrong=wrong)


def outcomes(f):
    return [Outcome({"y": np.asarray(f(case.args[0]))}) for case in CASES]


def test_a_mistake_must_fit_on_every_case():
    twice = slip("twice", lambda x: 2 * x)  # equals the reference nowhere but x = 1
    assert judge(make(twice), CASES, outcomes(lambda x: 2 * x)).misconceptions == ("twice",)
    partly = outcomes(lambda x: 2 * x)
    partly[1] = Outcome({"y": CASES[1].args[0] * 7})
    found = judge(make(twice), CASES, partly)
    assert found.status is Status.UNRECOGNISED and found.misconceptions == ()


def test_two_equal_explanations_name_nothing():
    task = make(slip("a", lambda x: 2 * x), slip("b", lambda x: x + x))
    assert judge(task, CASES, outcomes(lambda x: 2 * x)).status is Status.UNRECOGNISED


def test_a_mistake_that_raises_is_recognised_by_its_error():
    def broken(x):
        raise ValueError("no such axis")

    failed = [Outcome(failure=Failure("raised", "ValueError", "no such axis"))] * 2
    assert judge(make(slip("axis", broken)), CASES, failed).misconceptions == ("axis",)
    other = [Outcome(failure=Failure("raised", "ValueError", "something else"))] * 2
    assert judge(make(slip("axis", broken)), CASES, other).status is Status.ERROR


@pytest.mark.parametrize(
    ("kind", "line", "keys"),
    [
        ("ValueError", "raise ValueError", ("refused",)),
        ("ValueError", 'if len(x) > 1: raise ValueError("not that many")', ("refused",)),
        ("ValueError", "y = x.reshape(raised)", ()),
        ("TypeError", "raise TypeError", ()),
    ],
)
def test_a_refusal_is_recognised_whatever_its_words(kind, line, keys):
    def refuses(x):
        if len(x) > 1:
            raise ValueError("one number only")
        return x + 1

    came = outcomes(lambda x: x + 1)
    came[1] = Outcome(failure=Failure("raised", kind, "other words", 2, line))
    task = make(slip("refused", refuses), slip("twice", lambda x: 2 * x))
    assert judge(task, CASES, came).misconceptions == keys
    came[0] = Outcome({"y": np.array([9.0])})  # the numbers must fit as well
    assert judge(task, CASES, came).misconceptions == ()


def test_judging_changes_nothing_it_is_given():
    given = outcomes(lambda x: x * 9)
    before = [o.values["y"].copy() for o in given]
    judge(make(slip("a", lambda x: x.__imul__(0))), CASES, given)
    assert all(np.array_equal(a, o.values["y"]) for a, o in zip(before, given, strict=True))
    assert CASES[0].args[0][0] == 2.0


def test_the_smallest_failing_case_is_told():
    found = judge(make(), CASES, outcomes(lambda x: x))
    assert found.seen[0].startswith("one:") and "expected [3]" in found.seen[1]


@pytest.mark.parametrize(
    ("got", "wanted", "equal"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], True),
        ([1.0, 2.0], [1.0, 2.001], False),
        ([np.nan, 1.0], [np.nan, 1.0], True),
        ([np.nan, 1.0], [0.0, 1.0], False),
        ([np.inf], [np.inf], True),
        ([np.inf], [-np.inf], False),
        ([[1.0]], [1.0], False),
        ([], [], True),
    ],
)
def test_when_two_arrays_are_the_same(got, wanted, equal):
    assert same(np.array(got), np.array(wanted), 1e-7) is equal


def test_a_loose_shape_forgives_axes_of_one():
    assert same(np.ones((1, 3)), np.ones(3), 1e-7, loose_shape=True)
    assert not same(np.ones((3, 3)), np.ones(3), 1e-7, loose_shape=True)


def test_precision_is_that_of_the_inputs():
    double, single = np.ones(2), np.ones(2, np.float32)
    assert precise_enough(double, (single,)) and precise_enough(double, (double,))
    assert not precise_enough(single, (double,))
