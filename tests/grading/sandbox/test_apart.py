"""Cases that may not meet: each in a process of its own, and only what it needs is run again."""

import numpy as np
import pytest

from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.sandbox.apart import Ran, go_on
from bncourse.grading.sandbox.job import Question
from bncourse.grading.sandbox.needed import needed
from bncourse.grading.task import Case
from tests.grading.sandbox.test_job import ASKED

CASES = tuple(Case("", (np.array(float(k)),)) for k in range(5))
QUESTION = Question("9.1", ASKED | {"patience": 1}, CASES, lambda x: (x,), apart=True)
CELLS = [(1, "import numpy as np"), (2, "slow = train()"), (3, "def f(x):\n    return np.abs(x)")]


def ran(*outcomes, took=0.0, absent=(), cells_took=0.0, stopped=None, flags=()):
    got = {"9.1": list(outcomes)} if outcomes else {}
    return Ran(
        got, frozenset(absent), stopped or {}, "", flags, "light", "t", 1.0, 5, cells_took, took
    )


def fine(value=1.0):
    return Outcome({"y": np.array(value)})


def failing(kind, of=""):
    return Outcome(failure=Failure(kind, of))


def tried(first, *later, seconds=5.0):
    """What comes of it where the cases after the first end in these ways, and what was run."""
    calls, left = [], list(later)

    def again(cells, question):
        calls.append(([number for number, _ in cells], [c.args[0] for c in question.cases]))
        return left.pop(0)

    return go_on(first, QUESTION, CELLS, again, seconds), calls


def kinds(result):
    return [o.failure.kind if o.failure else "" for o in result.outcomes["9.1"]]


def test_every_case_has_a_process_of_its_own():
    result, calls = tried(ran(fine(0.0)), *[ran(fine(float(k)), flags=("x",)) for k in range(1, 5)])
    assert [float(o.values["y"]) for o in result.outcomes["9.1"]] == [0, 1, 2, 3, 4]
    assert calls == [([1, 2, 3], [float(k)]) for k in range(1, 5)]
    assert result.cpu == 5.0 and result.flags == ("x",)


@pytest.mark.parametrize("kind", ["not started", "form", "timeout", "ended"])
def test_nothing_more_is_tried_when_the_first_settles_it(kind):
    result, calls = tried(ran(failing(kind)))
    assert calls == [] and kinds(result) == [kind] * 5


def test_where_it_is_not_there_nothing_is_tried():
    result, calls = tried(ran(absent=["9.1"]))
    assert calls == [] and result.outcomes == {}


def test_an_answer_that_raises_is_tried_with_the_other_cases():
    result, _ = tried(ran(failing("raised")), *[ran(fine())] * 4)
    assert kinds(result) == ["raised", "", "", "", ""]


def test_nothing_for_some_is_no_stub():
    result, calls = tried(ran(fine()), ran(fine()), ran(failing("not started")))
    assert kinds(result) == ["", "", "form", "form", "form"] and len(calls) == 2


def test_all_cases_together_have_one_time_limit():
    result, calls = tried(ran(fine()), *[ran(fine(), took=2.0)] * 4, seconds=5.0)
    assert kinds(result) == ["", "", "", "timeout", "timeout"] and len(calls) == 3


def test_an_answer_that_is_gone_in_the_next_process_is_told():
    result, _ = tried(ran(fine()), ran(absent=["9.1"]))
    assert kinds(result) == ["", *["ended"] * 4]


def test_cells_that_ended_their_process_are_not_run_again():
    stopped = {2: Failure("timeout"), 3: Failure("raised", "KeyError")}
    _, calls = tried(ran(fine(), stopped=stopped), *[ran(fine())] * 4)
    assert [cells for cells, _ in calls] == [[1, 3]] * 4


def test_of_slow_cells_only_those_are_run_again_that_are_needed():
    _, calls = tried(ran(fine(), cells_took=3.0), *[ran(fine())] * 4)
    assert [cells for cells, _ in calls] == [[1, 3]] * 4


def test_all_cells_are_run_where_something_was_needed_after_all():
    lacking = ran(failing("raised", "NameError"))
    result, calls = tried(ran(fine(), cells_took=3.0), lacking, *[ran(fine())] * 4)
    assert [cells for cells, _ in calls] == [[1, 3], *[[1, 2, 3]] * 4]
    assert kinds(result) == [""] * 5


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["import numpy as np", "x = np.ones(3)", "def f(z):\n    x = z\n    return np.abs(x)"],
         [0, 2]),
        (["a = 1", "def g():\n    return a", "def f():\n    return g()", "print(f())"], [0, 1, 2]),
        (["c = {}", "c['eps'] = 1", "d = {}", "d['eps'] = 1", "def f():\n    return c"],
         [0, 1, 4]),
        (["c = []", "c.append(1)", "del c[0]", "f = lambda: c"], [0, 1, 2, 3]),
        (["class A: pass", "A.forward = 1", "class B(A): pass", "def f():\n    return B()"],
         [0, 1, 2, 3]),
        (["def f(): return 1", "def f(): return 2"], [0, 1]),
        (["def h():\n    global f\n    f = 1", "h()", "g = 2"], [0]),
        (["import numpy as np", "np.random.seed(0)", "%matplotlib inline", "f = np.abs"],
         [0, 2, 3]),
        (["import helpers", "f = helpers.f", "helpers.g()"], [0, 1]),
        (["from m import *", "x = [f for f in range(3)]", "y = lambda f: f", "f = 3"], [3]),
        (["\0", "f = 1", "(" * 500, "def g(:"], [0, 1, 2, 3]),
    ],
)  # fmt: skip
def test_what_an_answer_needs(cells, wanted):
    assert [number for number, _ in needed(list(enumerate(cells)), "f")] == wanted


def test_no_process_has_seen_another_case(strong_box):
    code = "count = 0\ndef f(x):\n    global count\n    count += 1\n    return count"
    result = strong_box.run([(1, code)], [QUESTION])
    assert [float(o.values["y"]) for o in result.outcomes["9.1"]] == [1.0] * 5
