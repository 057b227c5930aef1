"""Whatever a learner's process says of its nets: only the grader's own numbers earn points."""

import json

import pytest

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.verdict import Status

FORGERIES = {
    # The driver is told to return perfect accuracies, with a receipt of its own making.
    "driver": """
import gc, types
def perfect(task, make, run):
    return np.ones(5 if task.id == "C.6" else 2), np.arange(32)
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ == "_serve":
        thing.__code__ = perfect.__code__
def small_batch_norm(num_features):
    return 1
def shift_norm(num_features):
    return 1
""",
    # The layer looks for the oracle and takes the receipt of another, easier run.
    "oracle": """
import sys
class Frozen:
    def __init__(self, n): self.n = n
    def train(self): pass
    def eval(self): pass
    def forward(self, x): return x
    def backward(self, dy): return dy
def small_batch_norm(num_features):
    frame = sys._getframe(1)
    while frame:
        task = frame.f_locals.get("task")
        if hasattr(task, "oracle"):
            for other in ("C.7", "C.10"):
                try: task.oracle("begin", 32, 1, 2, 3)
                except Exception: pass
            task.oracle("begin", 1)
        frame = frame.f_back
    return Frozen(num_features)
""",
    # Nothing is answered at all.
    "not numbers": """
class Odd:
    def train(self): pass
    def eval(self): pass
    def forward(self, x): return x * np.nan
    def backward(self, dy): return dy * np.inf
def small_batch_norm(num_features):
    return Odd()
""",
}


@pytest.fixture(scope="module")
def grader():
    with Sandbox(1.0) as box:
        yield Grader(box, "a run", {"bncourse": "0"})


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_run_earns_nothing(how, grader):
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
        "source": "import numpy as np\n" + FORGERIES[how],
    }  # fmt: skip
    content = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    result = grader.grade(Submitted("a", "A", "11_capstone", "x", "f", content.encode()))
    verdicts = {t.verdict.task: t.verdict for t in result.tasks}
    assert result.score < 1 and not result.failure
    assert verdicts["C.6"].status not in (Status.CORRECT, Status.NOT_STARTED)


MANY = """
def my_tests(make):
    layer = make(3)
    while True:
        layer.forward(np.ones((4, 3)))
"""


def test_tests_that_never_end_are_stopped(grader):
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
        "source": "import numpy as np\n" + MANY,
    }  # fmt: skip
    content = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    result = grader.grade(Submitted("a", "A", "11_capstone", "x", "f", content.encode()))
    assert result.score == 0
    assert {t.verdict.task: t.verdict.status for t in result.tasks}["C.5"] is Status.ERROR
