"""Answers that let the grader do the work: its oracles, its drivers, its right layers."""

import json

import pytest

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grade.prepared import prepare
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.tags import under_tags
from bncourse.grading.verdict import Status
from bncourse.registry import all_tasks

CALLER = """
import sys
import numpy as np

def frame_of(name):
    frame = sys._getframe()
    while frame.f_code.co_name != name or "questions" not in frame.f_locals:
        frame = frame.f_back
    return frame

def inputs_of(task):
    above = frame_of("serve")
    unpack, arrays = above.f_globals["unpack"], above.f_locals["arrays"]
    for data in above.f_locals["questions"]["tasks"]:
        if data["asked"]["id"] == task:
            return [unpack(case["args"], arrays) for case in data["cases"]]

def drivers():
    return frame_of("serve").f_globals["from_data"].__globals__["DRIVERS"]

class Elsewhere:
    '''Asks the oracle of another task while this one is being marked.'''
    def __init__(self, mine, other):
        self.mine, self.other = mine, other
    def __call__(self, *args):
        above = frame_of("serve")
        replies, line = above.f_locals["replies"], above.f_locals["line"]
        replies.begin_task(self.other)
        try:
            return line.ask(*args)
        finally:
            replies.begin_task(self.mine)
"""
# The right versions are those that always say what most of them say.
BACKWARD = """
def right(ask):
    tags, left = [tag for (tag,) in inputs_of("4.5")], None
    rng = np.random.default_rng(0)
    for m, d, eps in ((3, 3, 0.3), (5, 2, 0.7), (9, 4, 0.05)):
        x, dy, gamma = rng.normal(1, 2, (m, d)), rng.normal(size=(m, d)), rng.normal(size=d)
        inv_std = 1 / np.sqrt(x.var(0) + eps)
        told = {}
        for tag in tags:
            try:
                told[tag] = ask(tag, dy, (x - x.mean(0)) * inv_std, inv_std, gamma, np.array(eps))
            except Exception:
                told[tag] = [np.zeros(0)] * 3
        for k in range(3):
            same = [
                {s for s in tags if told[s][k].shape == told[t][k].shape
                 and np.allclose(told[s][k], told[t][k], rtol=1e-8)}
                for t in tags
            ]
            most = max(same, key=len)
            left = most if left is None else left & most
    return left.pop()

chosen = []
def batchnorm_backward(dy, cache):
    ask = Elsewhere("4.4", "4.5")
    chosen or chosen.append(right(ask))
    return ask(chosen[0], dy, cache["x_hat"], cache["inv_std"], cache["gamma"], np.array(0.1))
"""
LAYER = """
class BatchNorm:
    def __new__(cls, n, eps=1e-5, momentum=0.1):
        ask, (tag,) = Elsewhere("C.1", "C.5"), inputs_of("C.5")[0]
        remote = drivers()["hand_in_layers"].__globals__["RemoteLayer"]
        return remote(lambda event, *arrays: ask(tag, event, *arrays), n, eps, momentum)
"""
MAPS = """
def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    labels = np.broadcast_to(np.arange(x.shape[1])[:, None, None], x.shape)
    y, = Elsewhere("6.3", "6.4")(labels.copy(), x)
    return y
"""
TOKENS = """
def layer_norm(x, gamma, beta, eps):
    return Elsewhere("9.2", "9.5")(gamma, beta, np.array(eps), x)[0]
"""
# Its own oracle's turn has come, but what came before it is final.
LATER = """
def layer_norm(x, gamma, beta, eps):
    return np.zeros_like(x)
class Late:
    def __array__(self, dtype=None, copy=None):
        above = frame_of("serve")
        replies, line = above.f_locals["replies"], above.f_locals["line"]
        told = [line.ask(g, b, e, x)[0] for x, g, b, e in inputs_of("9.2")]
        cases = [[["y"], None, [], ""] for _ in told]
        replies.begin_task("9.2")
        replies.put({"is": "outcomes", "id": "9.2", "cases": cases}, told)
        replies.begin_task("9.5")
        return np.zeros(3)
block_order = [Late()] * 6
"""
DIGGING = """
def undo_bn(x, eps):
    layer = drivers()["hand_in_functions"].__globals__["norm_layer"]
    for args in ((0, eps), (lambda *a: (a[-1],), 0, eps), (None, 0, eps)):
        try:
            z, back = layer(*args)(x)
        except Exception:
            continue
        cells = dict(zip(back.__code__.co_freevars, back.__closure__))
        return cells["sd"].cell_contents.ravel(), (x - cells["centred"].cell_contents)[0]
"""
FORGERIES = {
    "4.4 by 4.5": ("04_backprop", BACKWARD),
    "C.1 by C.5": ("11_capstone", LAYER),
    "6.3 by 6.4": ("06_convolution", MAPS),
    "9.2 by 9.5": ("09_layer_norm", TOKENS),
    "9.2 after 9.5": ("09_layer_norm", LATER),
    "3.5 by a driver": ("03_batch_norm", DIGGING),
}
# What is called by these names is part of every norm; it is looked for in all that was frozen, too.
SEARCH = """
import gc, types
gc.unfreeze()

def codes(code):
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from codes(part)

found = sorted({
    f"{thing.__module__}.{code.co_qualname}"
    for thing in gc.get_objects() if isinstance(thing, types.FunctionType)
    and str(thing.__module__).startswith("bncourse")
    for code in codes(thing.__code__)
    if {"sqrt", "std", "var", "square", "power"} & set(code.co_names)
})
count = sum(
    isinstance(thing, types.FunctionType) and str(thing.__module__).startswith("bncourse")
    for thing in gc.get_objects()
)

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    raise LookupError(f"{count > 100}: {found}")
"""


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def grader(request):
    with Sandbox(3.0, exactly=request.param) as box:
        try:
            box.run([(1, "1")], [])
        except Exception as error:
            pytest.skip(str(error))
        yield Grader(box, "a run", {"bncourse": "0"})


def graded(grader, exercise, source):
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
        "source": source,
    }  # fmt: skip
    content = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return grader.grade(Submitted("a", "A", exercise, "x", "f", content.encode()))


@pytest.mark.parametrize("how", FORGERIES)
def test_what_the_grader_has_answered_earns_nothing(how, grader):
    exercise, source = FORGERIES[how]
    result = graded(grader, exercise, CALLER + source)
    assert result.score == 0 and not result.failure


@pytest.mark.parametrize("how", ["4.4 by 4.5", "C.1 by C.5", "6.3 by 6.4", "9.2 by 9.5"])
def test_whoever_speaks_out_of_turn_is_looked_at(how, grader):
    exercise, source = FORGERIES[how]
    flags = graded(grader, exercise, CALLER + source).flags
    assert any("out of turn" in flag for flag in flags)


def test_no_function_in_a_learners_process_normalises(grader):
    result = graded(grader, "03_batch_norm", SEARCH)
    (verdict,) = [t.verdict for t in result.tasks if t.verdict.task == "3.3"]
    assert "LookupError: True: []" in verdict.seen, verdict.seen


VOTE = """
def in_the_majority(tag, probes):
    frame = sys._getframe()
    while frame.f_code.co_name != "run_cases":
        frame = frame.f_back
    ask = frame.f_locals["task"].oracle
    tags = {tag, *(case.args[0] for case in frame.f_locals["cases"]), *range(MADE_UP)}
    for probe in probes:
        told = {}
        for each in tags:
            try:
                told[each] = [np.asarray(a) for a in ask(each, *probe)]
            except Exception:
                pass
        tags = set(told)
        for k in range(len(told.get(tag, ()))):
            said = {t: a[k] for t, a in told.items() if len(a) > k}
            same = [
                {s for s in said if said[s].shape == said[t].shape
                 and np.allclose(said[s], said[t], rtol=1e-8, atol=1e-9)}
                for t in said
            ]
            if tag not in max(same, key=len):
                return False
    return True
"""
VOTE_4_5 = """
def accepts(backward):
    cells = dict(zip(backward.__code__.co_freevars, backward.__closure__))
    rng = np.random.default_rng(3)
    probes = []
    for m, d, eps in ((5, 3, 0.7), (9, 4, 0.05)):
        x, gamma, dy = rng.normal(1, 2, (m, d)), rng.normal(size=d), rng.normal(size=(m, d))
        inv_std = 1 / np.sqrt(x.var(0) + eps)
        probes.append((dy, (x - x.mean(0)) * inv_std, inv_std, gamma, np.array(eps)))
    return in_the_majority(cells["number"].cell_contents, probes)
"""
VOTE_LAYERS = """
def judged(make):
    ask = dict(zip(make.__code__.co_freevars, make.__closure__))["ask"].cell_contents
    tag = dict(zip(ask.__code__.co_freevars, ask.__closure__))["number"].cell_contents
    rng = np.random.default_rng(3)
    probes = []
    for n, c, eps, momentum in ((5, 3, 0.2, 0.3), (2, 4, 0.5, 0.6)):
        x, dy = rng.normal(2, 2, (n, c)), rng.normal(size=(n, c))
        state = [rng.normal(size=c), rng.normal(size=c), rng.normal(size=c), rng.uniform(1, 2, c)]
        for training in (1.0, 0.0):
            settings = np.array([0, training, eps, momentum])
            probes.append(("forward", x, *state, settings))
            probes.append(("backward", x, *state, settings, dy))
    return in_the_majority(tag, probes)
"""
VOTES = {
    "4.5": ("04_backprop", VOTE_4_5),
    "10.6": ("10_group_norm", VOTE_LAYERS + "\nis_batch_norm = judged\n"),
    "C.5": ("11_capstone", VOTE_LAYERS + "\nmy_tests = judged\n"),
}


@pytest.mark.parametrize("made_up", [0, 99])
@pytest.mark.parametrize("task", VOTES)
def test_no_vote_finds_out_which_are_right(task, made_up, grader):
    """Neither of those that were dealt, nor of what stands under tags that nobody was given."""
    exercise, source = VOTES[task]
    result = graded(grader, exercise, CALLER + f"MADE_UP = {made_up}\n" + VOTE + source)
    (verdict,) = [t.verdict for t in result.tasks if t.verdict.task == task]
    assert verdict.status is Status.NAMED and verdict.credit == 0, verdict.seen
    assert verdict.misconceptions == ("accepts everything",)


def test_tags_never_share_a_process():
    asking = [task for task in all_tasks().values() if task.oracle is not None]
    apart = {task.id: prepare(task, 3).question for task in asking if under_tags(task)}
    assert apart.keys() == VOTES.keys()
    for question in apart.values():
        assert question.apart and len(question.singly) == len(question.cases) > 10
        own, other = question.singly[0], question.singly[1].cases[0].args
        assert own.cases == question.cases[:1]
        for about in (*other, 0, None, True, [own.cases[0].args[0]]):
            with pytest.raises(ValueError, match="only what was handed in"):
                own.oracle(about)
