"""Layers that are served to nets elsewhere: what crosses the line, and what is believed of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from bncourse.grading.answers import AnswerError, NotStarted
from bncourse.grading.asked import Asked
from bncourse.grading.served_layers import END, RESULTS, serve_layers
from bncourse.tasks.capstone import desk


class Doubling:
    def __init__(self, num_features):
        self.gamma, self.mode, self.width = np.ones(num_features), "", num_features

    def train(self):
        self.mode = "train"

    def eval(self):
        self.mode = "eval"

    def forward(self, x, t=0):
        if len(x) == 1 and self.mode == "train":
            raise ValueError("one row")
        return 2 * x * self.gamma + t

    def backward(self, dy):
        return 2 * dy, dy.sum(0), dy.sum(0)


def serve(plan, make=Doubling, run=(3,)):
    asked = Asked("x", "norm", ("run",), RESULTS, serve_layers, oracle=desk.Desk(plan))
    return serve_layers(asked, make)(*run)


def net(start):
    yield desk.make(start, 2)
    yield desk.train(start)
    y = yield desk.forward(start, np.full((3, 2), 1.0))
    dx = yield desk.backward(start, np.ones((3, 2)), rate=0.5)
    after = yield desk.forward(start, np.ones((3, 2)))
    refused = yield desk.forward(start, np.ones((1, 2)))
    yield desk.evaluate(start)
    rows = yield desk.singly(start, np.arange(6.0).reshape(3, 2))
    step = yield desk.forward(start, np.zeros((3, 2)), step=7)
    return y.sum(), dx.sum(), after.sum(), refused is None, rows[2, 1], step[0, 0]


def test_nets_go_on_side_by_side_and_only_their_results_come_back():
    def plan(run):
        both = yield from desk.side_by_side([net(0), net(1)])
        return np.array(both).ravel()

    results, receipt = serve(plan)
    # gamma is 1 − 0.5 · 3 after the step.
    assert results.reshape(2, 6).tolist() == [[12, 12, -6, 1, -5, 7]] * 2
    assert desk.opened((3,), results, receipt)


def test_results_without_their_receipt_are_not_believed():
    def plan(run):
        yield [desk.make(0, 2)]
        return np.array([0.1, 0.2])

    results, receipt = serve(plan)
    for run, forged, paper in (
        ((4,), results, receipt),
        ((3,), results + 0.5, receipt),
        ((3,), results, receipt[:5]),
        ((3,), results, np.zeros(32)),
    ):
        with pytest.raises(AnswerError, match="not those of the run"):
            desk.opened(run, forged, paper)
    told, seal = desk.pattern([0.9])(3)
    assert desk.opened((3,), told, seal) is False


def test_replies_of_another_form_are_refused():
    oracle = desk.Desk(lambda run: (yield from desk.side_by_side([net(0)])))
    with pytest.raises(ValueError, match="nothing was ordered"):
        oracle("reply", np.zeros(0), np.zeros(1))
    for flat, refused in ((np.zeros(5), np.zeros(1)), (np.zeros(6), np.zeros(2)), ("x", 1)):
        oracle("begin", 3)
        oracle("reply", np.zeros(0), np.zeros(1))
        oracle("reply", np.zeros(0), np.zeros(1))
        with pytest.raises(ValueError, match="repl"):
            oracle("reply", flat, refused)
    orders, _ = oracle("begin", 3)
    assert orders.shape == (1, 5) and orders[0, 0] != END


def test_the_number_of_a_hidden_run_stays_with_the_desk():
    seen = []

    def plan(number):
        seen.append(number)
        yield [desk.make(0, 2)]
        return np.array([0.5])

    hidden = desk.HiddenDesk(plan)
    cases = [hidden.cases(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    names = [case.args[0] for (case,) in cases]
    assert names[0] == names[1] != names[2]
    for name in names:
        hidden("begin", name)
    assert seen[0] == seen[1] != seen[2] and not set(seen) & set(names)
    for other in (seen[0], 3, float("nan")):
        with pytest.raises(ValueError, match="not drawn"):
            hidden("begin", other)


def test_a_run_begins_once_at_a_desk_for_one_notebook():
    shared = desk.Desk(lambda run: (yield from desk.side_by_side([net(0)])))
    shared("begin", 3), shared("begin", 3)
    for _ in range(2):
        oracle = shared.anew()
        with pytest.raises(ValueError, match="nothing was ordered"):
            oracle("reply", np.zeros(0), np.zeros(1))
        oracle("begin", 3)
        with pytest.raises(ValueError, match="begins once"):
            oracle("begin", 3)
    shared("reply", np.zeros(0), np.zeros(1))
    shared("begin", 3), shared("begin", 3)


def test_a_claim_that_looks_at_the_results_first_is_not_believed():
    from bncourse.grading.served_layers import serve_claim
    from bncourse.tasks.capstone import claims

    oracle = claims.TASK.oracle.anew()
    asked = Asked("x", "claims", ("count",), claims.OUTPUTS, serve_claim, oracle=oracle)

    class Late:
        def __array__(self, dtype=None, copy=None):
            return serve_layers(asked, Doubling)(32, 1, 2, 3)[0]

    claim = {"norm": Doubling, "batch_size": 32, "seeds": [1, 2, 3], "tolerance": 0.0}
    with pytest.raises(ValueError, match="begins once"):
        serve_claim(asked, claim | {"accuracies": Late()})(3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n: SimpleNamespace(forward=None), "no train"),
        (lambda n: Short(n), "shape"),
        (lambda n: Torn(n), "dx, dgamma, dbeta"),
    ],
)
def test_a_layer_of_another_form_is_told_what_to_change(make, words):
    def plan(run):
        return np.array((yield from desk.side_by_side([net(0)]))).ravel()

    with pytest.raises(AnswerError, match=words):
        serve(plan, make)
    with pytest.raises(NotStarted):
        serve(plan, lambda n: None)


class Short(Doubling):
    def forward(self, x, t=0):
        return x[:1]


class Torn(Doubling):
    def backward(self, dy):
        return dy, dy
