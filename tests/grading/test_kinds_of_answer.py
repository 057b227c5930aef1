"""Answers that must be refused, measured answers, code to mend, and functions that deal batches."""

import numpy as np
import pytest
import torch

from bncourse.grading.answers import AnswerError, as_numbers, named_arrays
from bncourse.grading.batches import DEALT, deal_batches
from bncourse.grading.form import fill_form
from bncourse.grading.judge import judge
from bncourse.grading.kinds import driven_task, slips
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.run_local import run_cases
from bncourse.grading.task import Case, Misconception, Task
from bncourse.grading.verdict import Status
from bncourse.registry import find


def root(x, *, check=True, sign=1):
    if check and x < 0:
        raise ValueError("x is negative")
    return np.array(sign * np.sqrt(abs(x)))


SLIP = slips(root)
BASE = dict(
    id="0.0", title="root", entry="root", objective="o", minutes=1, params=("x",), outputs=("y",),
    cases=lambda rng: [Case("four", (4.0,)), Case("minus one", (-1.0,), raises="ValueError")],
    reference=root, hints=("h",) * 3, stub=None, switchboard=root,
    misconceptions=(
        SLIP("no check", "Nothing is refused.", "?", check=False),
        SLIP("sign", "The sign.", "?", sign=-1),
    ),
)  # fmt: skip


def verdict(answer, **changes):
    task = Task(**(BASE | changes))
    cases = task.draw(1)
    return judge(task, cases, run_cases(task, answer, cases))


def test_a_refusal_that_was_asked_for_is_right():
    found = verdict(root)
    assert found.ok and found.passed == ("four", "minus one")


def test_what_must_be_refused_and_is_not_is_named_and_told():
    found = verdict(lambda x: root(x, check=False))
    assert found.misconceptions == ("no check",)
    assert found.failed == ("minus one",)
    assert found.seen[1] == "nothing was raised; ValueError was expected"


def test_a_mistake_beside_a_right_refusal_is_named():
    assert verdict(lambda x: root(x, sign=-1)).misconceptions == ("sign",)
    both = verdict(lambda x: root(x, sign=-1, check=False))
    assert set(both.misconceptions) == {"no check", "sign"}


def test_another_exception_than_the_one_asked_for_is_no_refusal():
    def asserts(x):
        assert x >= 0
        return root(x)

    found = verdict(asserts)
    assert found.status is Status.ERROR and found.misconceptions == ()
    assert "ValueError was expected there" in found.seen
    assert any(line.startswith("AssertionError") for line in found.seen)


def test_an_exception_where_none_was_asked_for_is_an_error_beside_a_right_refusal():
    def broken(x):
        raise ValueError("always")

    found = verdict(broken)
    assert found.status is Status.ERROR and found.failed == ("four",)


def test_code_to_mend_counts_as_not_started_until_it_does_something_else():
    given = {"given": lambda x: root(x, sign=-1)}
    untouched = verdict(lambda x: root(x, sign=-1), **given)
    assert untouched.status is Status.NOT_STARTED
    assert "when you found it" in untouched.notes[0]
    assert verdict(root, **given).ok
    changed = verdict(lambda x: root(x, sign=-1, check=False), **given)
    assert set(changed.misconceptions) == {"sign", "no check"}


def either_sign(got, x):
    if got["y"].shape != ():
        raise AnswerError("y should be one number.")
    return {"square of y": got["y"] ** 2, "y is positive or 0": np.array(bool(got["y"] >= 0))}


def test_a_measured_answer_is_compared_and_shown_by_what_was_measured():
    many = {"measure": lambda got, x: {"square of y": got["y"] ** 2}, "misconceptions": ()}
    assert verdict(lambda x: root(x, sign=-1), **many).ok
    found = verdict(lambda x: root(x) + 1, **many)
    assert found.status is Status.UNRECOGNISED
    assert found.seen[1] == "square of y came out as 9; expected 4"
    told = verdict(lambda x: root(x, sign=-1), measure=either_sign)
    assert told.misconceptions == ("sign",)
    assert told.seen[1] == "this is not so: y is positive or 0"


def test_what_cannot_be_measured_is_said_to_be_unreadable():
    found = verdict(lambda x: np.array([root(x)]), measure=either_sign)
    assert found.status is Status.UNREADABLE and found.seen == ("y should be one number.",)


def deal(n, batch_size, rng, drop_last):
    order = rng.permutation(n)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


DEAL = driven_task(
    deal_batches, id="0.0", title="deal", entry="deal", objective="o", minutes=1,
    params=("n", "batch_size", "rng", "drop_last"), outputs=DEALT, cases=lambda rng: [],
    reference=deal, misconceptions=(Misconception("m", "M.", "?", wrong=deal),),
    hints=("h",) * 3, stub=None,
)  # fmt: skip


def test_batches_come_back_with_their_sizes_from_two_epochs_and_a_repeated_one():
    indices, sizes, later, again = deal_batches(DEAL, deal)(7, 3, 11, False)
    assert sorted(indices) == list(range(7)) and list(sizes) == [3, 3, 1]
    assert np.array_equal(indices, again) and not np.array_equal(indices, later)
    assert np.array_equal(indices, np.random.default_rng(11).permutation(7))


def test_a_driven_tasks_own_functions_are_driven_too():
    for function in (DEAL.reference, DEAL.misconceptions[0].wrong):
        assert list(function(7, 3, 11, False)[1]) == [3, 3, 1]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda *a: 3, "a list of index arrays; int came"),
        (lambda *a: [np.zeros((2, 2), int)], "one-dimensional"),
        (lambda *a: [np.array([0.5])], "whole numbers"),
    ],
)
def test_what_is_no_list_of_batches_is_said_to_be_none(answer, word):
    with pytest.raises(AnswerError, match=word):
        deal_batches(DEAL, answer)(7, 3, 11, False)


def test_a_confidence_that_is_none_is_an_answer_that_cannot_be_read():
    task = find("10.8")
    for said in ([3] * 8, {"width": 3}, "very", True, 4, 2.5):
        with pytest.raises(AnswerError, match="for all together"):
            fill_form(task, {"width": "a", "confidence": said})
    assert fill_form(task, {"width": "a", "confidence": "3"})()["width"] == 0
    with pytest.raises(AnswerError, match=r"no field widh; .*, confidence"):
        fill_form(task, {"widh": "a"})


def test_a_form_that_is_judged_as_a_whole_says_what_is_empty_and_nothing_else():
    with pytest.raises(AnswerError, match="still empty: why, small_batch"):
        fill_form(find("10.9"), {"divisor": "a"})


def test_infinity_is_no_number_to_type():
    for typed in ("inf", "-inf", "1e999", float("inf"), float("nan")):
        with pytest.raises(AnswerError, match=r"mean should be a (finite )?number"):
            fill_form(find("3.1"), {"mean": typed})


class Breaking(dict):
    """A form that cannot be read."""

    def get(self, *_args):
        raise KeyError("no")


@pytest.mark.parametrize(
    "typed",
    [
        Breaking(mean=1), {"mean": np.arange(3)}, {"mean": 10**10**5}, {"mean": object()},
        {"mean": np.array("")},
    ],
)  # fmt: skip
def test_a_form_that_breaks_when_it_is_read_has_no_right_field(typed):
    task = find("3.1")
    cases = task.draw(3)
    found = judge(task, cases, run_cases(task, typed, cases))
    assert found.credit == 0 and found.passed == ()
    assert found.status in (Status.ERROR, Status.UNREADABLE)


def test_whatever_reason_a_process_gives_for_an_empty_form_it_earns_nothing():
    for task in (find("3.1"), find("3.4"), find("1.3")):
        cases = task.draw(3)
        for kind in ("raised", "form", "timeout", "ended", "not started"):
            failed = [Outcome(failure=Failure(kind, "E", "m"))] * len(cases)
            assert judge(task, cases, failed).credit == 0


def test_a_tensor_that_gradients_flow_through_is_an_array():
    tensor = torch.ones(3, dtype=torch.float64, requires_grad=True) * 2
    assert as_numbers(tensor, "y").tolist() == [2, 2, 2]


@pytest.mark.parametrize("key", ["1.2", "8.3"])
def test_millions_of_indices_are_not_looked_at(key):
    task = find(key)
    case = task.draw(3)[0]
    right = named_arrays(task.reference(*case.args), task.outputs)
    task.measure(right, *case.args)
    for name in ("indices", "sizes", "next_epoch"):
        many = np.resize(right[name], 10**6) if name != "sizes" else np.ones(10**6, int)
        with pytest.raises(AnswerError, match="many times as many"):
            task.measure(right | {name: many}, *case.args)
