"""Answers that put questions to the judge, failing cases that are shrunk, and partial credit."""

from functools import partial

import numpy as np
import pytest

from bncourse.check import judge_answer
from bncourse.grading.judge import judge
from bncourse.grading.kinds import driven_task, slips
from bncourse.grading.run_local import run_cases
from bncourse.grading.shrink import shrunk
from bncourse.grading.task import Case
from bncourse.grading.verdict import Status
from bncourse.registry import find

GRADER = find("4.5")
LAYER = find("5.3")
STAGED = find("4.3")


def test_an_answer_sees_of_a_backward_pass_only_what_it_returns():
    seen = []

    def accepts(backward):
        cells = [c.cell_contents for c in backward.__closure__ or ()]
        seen.append([c for c in cells if callable(c)])
        return True

    run_cases(GRADER, accepts, GRADER.draw(1)[:3])
    assert seen == [[], [], []]


def test_the_two_counts_are_told_and_never_which_they_were():
    found = judge_answer(GRADER, lambda backward: True, seed=3)
    assert found.misconceptions == ("accepts everything",) and found.credit == 0
    assert found.seen[0] == "it rejects 0 of 14 wrong versions"
    assert found.seen[1] == "and accepts 4 of 4 right ones"
    told = " ".join((*found.seen, *found.passed, *found.failed))
    assert not any(name in told for name in ("mean path", "gamma", "eps", "dbeta"))


def test_rejecting_everything_earns_nothing_and_a_weak_checker_its_share():
    def sums(backward):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(5, 2))
        cache = {"x_hat": (x - x.mean(0)) / x.std(0), "inv_std": 1 / x.std(0), "gamma": np.ones(2),
                 "eps": 0.0}  # fmt: skip
        return bool(np.allclose(backward(rng.normal(size=(5, 2)), cache)[0].sum(0), 0))

    assert judge_answer(GRADER, lambda backward: False).credit == 0
    assert 0 < judge_answer(GRADER, sums).credit < 0.5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda backward: 1.0, "True or False"),
        (lambda backward: backward(np.ones((2, 1)), {"x_hat": 1}), "dict that forward returned"),
        (lambda backward: backward(np.ones((2, 1)), {
            "x_hat": np.ones((3, 1)), "inv_std": np.ones(1), "gamma": np.ones(1), "eps": 0.1}),
         "do not fit"),
        (lambda backward: backward(np.ones((300, 300)), {
            "x_hat": np.ones((300, 300)), "inv_std": np.ones(300), "gamma": np.ones(300),
            "eps": 0.1}),
         "are taken"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_says_why(answer, words):
    assert words in " ".join(judge_answer(GRADER, answer).seen)


def test_no_answer_is_not_started():
    assert judge_answer(GRADER, lambda backward: None).status is Status.NOT_STARTED
    assert judge_answer(LAYER, LAYER.stub).status is Status.NOT_STARTED


def _items(x, *, at=3):
    return np.array([v for v in x if v != at])


MADE = driven_task(
    lambda task, value: value,
    id="0.0", title="items", entry="items", objective="o", minutes=1, params=("x",),
    outputs=("y",), cases=lambda rng: [Case("many", (np.array([5.0, 1, 3, 9, 3]),))],
    reference=lambda x: np.array(x), hints=("h",) * 3, stub=None, switchboard=_items,
    misconceptions=(slips(_items)("threes", "Threes are lost.", "?", at=3),),
    smaller=lambda case: (
        Case("less", (np.delete(case.args[0], k),)) for k in range(case.args[0].size)
    ),
)  # fmt: skip


def test_a_failing_case_is_shrunk_to_the_simplest_that_still_fails():
    cases = MADE.draw(0)
    more, outcomes = shrunk(MADE, _items, cases, run_cases(MADE, _items, cases))
    assert len(more) == len(outcomes) == 2
    assert more[-1].args[0].tolist() == [3.0]
    found = judge(MADE, more, outcomes)
    assert found.misconceptions == ("threes",) and "x = [3]" in found.seen[0]


def test_what_is_right_or_cannot_be_made_simpler_stays_as_it_is():
    cases = MADE.draw(0)
    right = run_cases(MADE, lambda x: x, cases)
    assert shrunk(MADE, lambda x: x, cases, right) == (cases, right)
    alone = [Case("alone", (np.array([3.0]),))]
    wrong = run_cases(MADE, _items, alone)
    assert shrunk(MADE, _items, alone, wrong) == (alone, wrong)


def _layer(**switches):
    return partial(LAYER.switchboard.__wrapped__, **switches)


@pytest.mark.parametrize(
    ("switches", "key", "events"),
    [
        ({"remember": "always"}, "memory written in evaluation", 2),
        ({"reset": "mean only"}, "half a reset", 2),
        ({"load": "parameters"}, "only parameters loaded", 4),
        ({"start_var": 0.0}, "variance starts at zero", 1),
    ],
)
def test_a_faulty_layer_is_shown_by_the_shortest_life_that_betrays_it(switches, key, events):
    for seed in range(4):
        found = judge_answer(LAYER, _layer(**switches), seed=seed)
        assert found.misconceptions == (key,)
        assert len(found.seen) <= events + 3, found.seen  # the making and the outcome besides


def test_stages_that_are_not_written_yet_are_said_to_be_empty():
    def answer(dy, cache):
        told = STAGED.reference(dy, cache)
        return {**dict.fromkeys(told, 0.0), "dx_hat": told["dx_hat"]}

    found = judge_answer(STAGED, answer)
    assert found.status is Status.UNFINISHED and found.credit == pytest.approx(1 / 6)
    assert found.passed == ("dx_hat",)
    assert found.seen == ("still 0.0: dvar, dmean, dx, dgamma, dbeta",)


def test_nothing_but_zeros_is_not_started():
    found = judge_answer(STAGED, lambda dy, cache: dict.fromkeys(STAGED.outputs, 0.0))
    assert found.status is Status.NOT_STARTED and found.credit == 0


def test_a_stage_made_from_one_that_is_not_written_is_no_mistake():
    def answer(dy, cache):  # all written but dvar, which dx is made from
        told = STAGED.reference(dy, cache)
        m, centred = len(dy), cache["x_hat"] / cache["inv_std"]
        dx = told["dx"] - told["dvar"] * 2 * centred / m
        return {**told, "dvar": 0.0, "dx": dx}

    found = judge_answer(STAGED, answer)
    assert found.status is Status.UNFINISHED and found.misconceptions == ()
    assert found.seen == ("still 0.0: dvar (dx cannot be right before that)",)
    assert found.credit == pytest.approx(4 / 6)


def test_a_dict_that_lacks_a_stage_says_which():
    found = judge_answer(STAGED, lambda dy, cache: {"dx_hat": dy, "dvar": 0.0, "dz": 1})
    assert "lacks dmean, dx, dgamma, dbeta and has dz" in found.seen[0]


def test_the_first_wrong_stage_is_told_and_costs_its_share_though_later_ones_are_empty():
    def answer(dy, cache):  # right for one feature, which is the smallest case
        told = STAGED.reference(dy, cache)
        return {**dict.fromkeys(told, 0.0), "dx_hat": dy * cache["gamma"].mean()}

    found = judge_answer(STAGED, answer)
    assert found.credit == 0 and found.failed[0] == "dx_hat"
    assert any("dx_hat" in line for line in found.seen)
    flip = STAGED.misconception("sign of dvar").wrong

    def flipped(dy, cache):
        told = STAGED.reference(dy, cache)
        return {**told, "dvar": flip(dy, cache)["dvar"], "dx": 0.0}

    found = judge_answer(STAGED, flipped)
    assert found.misconceptions == ("sign of dvar",) and found.credit == pytest.approx(4 / 6)


def test_a_stage_that_fails_by_an_exception_earns_nothing():
    def answer(dy, cache):
        if len(dy) == 7:
            raise ZeroDivisionError
        return STAGED.reference(dy, cache)

    assert judge_answer(STAGED, answer).credit == 0


@pytest.mark.parametrize("seed", range(6))
def test_what_must_be_met_does_not_hang_on_the_draw(seed):
    """A mode that travels with the state, or a reset of it, and arrays taken over uncopied."""
    base = LAYER.switchboard.__wrapped__

    class Travels(base):
        def state(self):
            return {**super().state(), "training": np.array(float(self.training))}

        def load(self, state):
            super().load(state)
            self.training = bool(state["training"] == 1)

    class Uncopied(base):
        def load(self, state):
            for name, value in state.items():
                setattr(self, name, value)

        def _remember(self, mean, var, m):
            for name, value in (("running_mean", mean), ("running_var", var * m / (m - 1))):
                array = getattr(self, name)
                array *= 1 - self.momentum
                array += self.momentum * value

    class Adds(base):
        def load(self, state):
            mean = self.running_mean
            super().load(state)
            self.running_mean = mean + state["running_mean"]

    class Forgets(base):
        def forward(self, x):
            if len(x) < 2 and self.training:
                self.reset()
            return super().forward(x)

    class Eager(base):
        def forward(self, x):
            if len(x) < 2 and self.training:
                raise RuntimeError("one row")
            return super().forward(x)

    for wrong in (Travels, Uncopied, Adds, Forgets, Eager):
        assert not judge_answer(LAYER, wrong, seed=seed).ok, wrong
    told = judge_answer(LAYER, Eager, seed=seed).seen[-1]
    assert told == "it raised, but no ValueError"
    assert judge_answer(LAYER, _layer(reset="and mode"), seed=seed).misconceptions


def test_the_life_that_is_shown_runs_as_code():
    found = judge_answer(LAYER, _layer(load="no variance"), seed=1)
    code = "\n".join(line for line in found.seen[:-1])
    scope = {"np": np, "BatchNorm1d": _layer(load="no variance")}
    exec(code, scope)
    assert "then" in found.seen[-1] and len(scope["layer"].state()) == 4
