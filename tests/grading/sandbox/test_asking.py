"""Answers that ask, in real children of every tier: answered, bounded, and never trusted."""

import numpy as np
import pytest

from bncourse.grade.prepared import prepare
from bncourse.grading.judge import judge
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.sandbox.tiers import LANDLOCK, NAMESPACES, PROCESS, IsolationError
from bncourse.grading.verdict import Status
from bncourse.registry import find

ASK = """
def accepts(backward):
    z = np.array([[-1.0], [1.0]])
    cache = {"x_hat": z, "inv_std": np.ones(1), "gamma": np.ones(1), "eps": 0.5}
"""


@pytest.fixture(scope="module", params=[NAMESPACES, LANDLOCK, PROCESS])
def asked(request):
    try:
        with Sandbox(1.5, exactly=request.param) as box:
            yield box, prepare(find("4.5"), 5)
    except IsolationError as error:
        pytest.skip(str(error))


def verdict(asked, code):
    box, ready = asked
    try:
        ran = box.run([(1, "import numpy as np\n" + code)], [ready.question])
    except IsolationError as error:
        pytest.skip(str(error))
    return judge(ready.task, ready.cases, ran.outcomes["4.5"], ready.seed)


def test_an_answer_asks_and_is_judged_by_what_it_says(asked):
    code = ASK + "    return bool(abs(backward(z, cache)[0].sum()) < 9)\n"
    assert verdict(asked, code).misconceptions == ("accepts everything",)


def test_a_mistake_in_asking_reaches_the_learner_as_an_error(asked):
    code = ASK + "    return bool(backward(np.ones((3, 1)), cache))\n"
    found = verdict(asked, code)
    assert found.status is Status.ERROR and "do not fit" in " ".join(found.seen)


def test_asking_for_ever_ends_at_the_time_limit(asked):
    found = verdict(asked, ASK + "    while True:\n        backward(z, cache)\n")
    assert found.status is Status.ERROR and found.credit == 0


def test_who_asks_by_hand_and_never_reads_holds_up_nobody(asked):
    code = (
        ASK
        + """
    import json, os, struct
    args = {"tuple": [0, *({"array": k} for k in range(5))]}
    shapes = [["<f8", [2000, 1]], ["<f8", [2000, 1]], ["<f8", [1]], ["<f8", [1]], ["<f8", []]]
    text = json.dumps([{"is": "ask", "id": "4.5", "args": args}, shapes]).encode()
    data = struct.pack("<QQ", len(text), 32024) + text + bytes(32024)
    for _ in range(900):
        for fd in range(3, 12):
            try:
                os.write(fd, data)
            except OSError:
                pass
    return True
"""
    )
    found = verdict(asked, code)
    assert not found.ok and found.credit == 0
    right = "    return True\n"  # the box serves the next one
    assert verdict(asked, ASK + right).misconceptions == ("accepts everything",)


def test_the_name_of_a_version_tells_nothing_of_it(asked):
    """Read from the closure, it is a tag: neither small for right ones nor of use in a question."""
    code = """
seen = []
def accepts(backward):
    tag = next(c.cell_contents for c in backward.__closure__ if isinstance(c.cell_contents, int))
    seen.append(tag)
    return tag %s
"""
    for guess in ("< 4", "% 18 < 4"):
        assert verdict(asked, code.replace("%s", guess)).credit < 0.9


def test_marks_are_those_of_the_two_counts(asked):
    code = (
        ASK
        + """
    dx = backward(np.array([[1.0], [3.0]]), cache)[0]
    return bool(np.allclose(dx.sum(), 0))
"""
    )
    found = verdict(asked, code)
    assert 0 < found.credit < 1 and np.isclose(found.credit * 14, round(found.credit * 14))
