"""Learners' code in the kernel: stopped in time, its inputs watched, its prints kept short."""

import contextlib
import signal
import sys
import time

import numpy as np
import pytest

from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.task import Case, Misconception, Task
from bncourse.grading.verdict import Status


def double(x):
    return 2 * x


def two_cases(rng):
    return [
        Case("three", (rng.normal(size=3),)),
        Case("strided", (rng.normal(size=(2, 3)),), strided=True),
    ]


def task(**changes):
    settings = dict(
        id="0.0", title="double", entry="double", objective="o", minutes=1, params=("x",),
        outputs=("y",), cases=two_cases,
        reference=double, hints=("h",) * 3, stub=None,
        misconceptions=(Misconception("squares", "It squares.", "?", wrong=lambda x: x * x),),
    )  # fmt: skip
    return Task(**(settings | changes))


def verdict(answer, limit=5.0, **changes):
    t = task(**changes)
    cases = t.draw(3)
    return judge(t, cases, run_cases(t, answer, cases, limit), 3)


def endless(x):
    while True:
        pass


def endless_that_catches(x):
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.01)


def endless_that_catches_everything(x):
    while True:
        try:  # noqa: SIM105
            x = x + 1
        except:  # noqa: E722
            pass


def endless_in_layers(x):
    while True:
        try:
            while True:
                try:
                    endless_that_catches_everything(x)
                except BaseException:
                    x = x * 2
        finally:
            x = x + 1


@pytest.mark.parametrize(
    "answer",
    [endless, endless_that_catches, endless_that_catches_everything, endless_in_layers],
)
def test_an_endless_loop_is_stopped_and_said(answer):
    found = verdict(answer, limit=0.2)
    assert found.status is Status.ERROR
    assert "stopped after 0.2 seconds" in found.seen[0]


def test_an_endless_loop_is_stopped_without_interval_timers(monkeypatch):
    monkeypatch.delattr(signal, "setitimer")
    # A test run in the background may ignore the interrupt that stands for the timer.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = verdict(endless, limit=0.2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped after 0.2 seconds" in found.seen[0]


@pytest.mark.parametrize("answer", [double, endless, endless_that_catches_everything])
def test_nothing_of_the_time_limit_is_left_afterwards(answer):
    tracer, handler = sys.gettrace(), signal.getsignal(signal.SIGALRM)
    verdict(answer, limit=0.2)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert sys.gettrace() is tracer and signal.getsignal(signal.SIGALRM) is handler


def test_changing_the_input_is_named_although_the_numbers_are_right():
    def in_place(x):
        x *= 2
        return x

    found = verdict(in_place)
    assert found.misconceptions == ("changes its input",) and found.credit == 0
    assert "held other numbers" in found.seen[1]


def test_lost_digits_are_named():
    def single(x):
        return (2 * x).astype(np.float32)

    t = [Case("three", (np.array([1.0, 2.0, 3.0]),))]
    assert verdict(single, cases=lambda rng: t).misconceptions == ("lost digits",)


def test_strided_cases_are_not_contiguous():
    seen = []

    def look(x):
        seen.append(x.flags.c_contiguous)
        return 2 * x

    assert verdict(look).ok
    assert seen == [True, False]


def test_prints_are_shown_and_cut():
    def chatty(x):
        print("hello" * 1000)
        return x * x

    found = verdict(chatty)
    assert found.misconceptions == ("squares",)
    assert "hello" in repr(found) and len(found.printed) <= 600


@pytest.mark.parametrize("stub", [None, ..., lambda x: None, lambda x: ...])
def test_a_stub_is_not_started(stub):
    assert verdict(stub).status is Status.NOT_STARTED


def test_not_implemented_is_not_started():
    def stub(x):
        raise NotImplementedError

    assert verdict(stub).status is Status.NOT_STARTED


def test_an_array_that_equals_everything_earns_nothing():
    class Yes(np.ndarray):
        def __eq__(self, other):
            return True

        def __array_function__(self, *args, **kwargs):
            return True

    assert not verdict(lambda x: np.zeros(3).view(Yes)).ok


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_earn_nothing(value):
    assert not verdict(lambda x: np.full_like(x, value)).ok


def test_a_wrong_shape_is_said():
    found = verdict(lambda x: (2 * x)[None])
    assert "has shape (1, 3); (3,) was expected" in found.seen[1]


def test_exit_does_not_end_the_kernel():
    def leave(x):
        raise SystemExit(3)

    found = verdict(leave)
    assert found.status is Status.ERROR and "SystemExit" in " ".join(found.seen)


def test_the_same_seed_draws_the_same_cases():
    t = task()
    assert np.array_equal(t.draw(5)[0].args[0], t.draw(5)[0].args[0])
    assert not np.array_equal(t.draw(5)[0].args[0], t.draw(6)[0].args[0])
