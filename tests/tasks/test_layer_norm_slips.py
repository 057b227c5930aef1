"""Slips that newcomers made in exercises 9.1 to 9.6: each is named as what it is."""

import numpy as np
import pytest

from bncourse.grading.judge import judge
from bncourse.grading.panel import rows
from bncourse.grading.run_local import run_cases
from bncourse.registry import find


def judged(key, answer, seed=2):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def named(key, answer):
    return judged(key, answer).misconceptions


ROW = {"axis": -1, "keepdims": True}


def behind_the_first(x):
    return {"axis": tuple(range(1, x.ndim)) if x.ndim > 1 else (0,), "keepdims": True}


def rows_summed(a):
    return a.sum(axis=tuple(range(a.ndim - 1)))


def test_tokens_that_share_one_mean_are_told_of_in_three_exercises():
    def layer_norm(x, gamma, beta, eps):
        over = behind_the_first(x)
        return gamma * (x - x.mean(**over)) / np.sqrt(x.var(**over) + eps) + beta

    def layer_norm_backward(dy, cache):
        g, z, over = dy * cache["gamma"], cache["x_hat"], behind_the_first(dy)
        dx = cache["inv_std"] * (g - g.mean(**over) - z * (g * z).mean(**over))
        return dx, rows_summed(dy * z), rows_summed(dy)

    def rms_norm(x, gamma, eps):
        return gamma * x / np.sqrt((x**2).mean(**behind_the_first(x)) + eps)

    for key, answer in (("9.2", layer_norm), ("9.3", layer_norm_backward), ("9.6", rms_norm)):
        verdict = judged(key, answer)
        assert verdict.misconceptions == ("the whole sequence",)
        assert (
            "one sequence share" in verdict.looks_like[0] or "its tokens" in verdict.looks_like[0]
        )
        assert len(verdict.failed) == 2  # only sequences and four axes show it


def test_eps_in_two_places_is_named():
    def layer_norm(x, gamma, beta, eps):
        return gamma * (x - x.mean(**ROW)) / (np.sqrt(x.var(**ROW) + eps) + eps) + beta

    def rms_norm(x, gamma, eps):
        return gamma * x / (np.sqrt((x**2).mean(**ROW) + eps) + eps)

    assert named("9.2", layer_norm) == named("9.6", rms_norm) == ("eps under the root and outside",)


@pytest.mark.parametrize(
    ("terms", "key"),
    [
        (lambda g, z: g - g.mean(**ROW) - z * g * z, "second mean forgotten"),
        (lambda g, z: g - g - z * (g * z).mean(**ROW), "first mean forgotten"),
        (lambda g, z: g - g.mean(**ROW) - z * g.mean(**ROW) * z.mean(**ROW),
         "variance path missing"),
    ],
)  # fmt: skip
def test_a_term_of_dx_without_its_mean_is_named(terms, key):
    def layer_norm_backward(dy, cache):
        g, z = dy * cache["gamma"], cache["x_hat"]
        return cache["inv_std"] * terms(g, z), rows_summed(dy * z), rows_summed(dy)

    assert named("9.3", layer_norm_backward) == (key,)


def test_a_zero_in_the_expected_dx_is_shown_as_zero():
    case = find("9.3").draw(0)[0]
    dx = find("9.3").reference(*case.args)[0]
    assert dx[0, 3] == 0 and np.count_nonzero(dx) == 4
    verdict = judged("9.3", lambda dy, cache: (dy, rows_summed(dy), rows_summed(dy)))
    assert "e-17" not in " ".join(verdict.seen)


@pytest.mark.parametrize(
    ("new_state", "key"),
    [
        (lambda h, a, b, Wh, ln: ln(np.tanh(ln(a + b))), "tanh's result normalised, too"),
        (lambda h, a, b, Wh, ln: np.tanh(ln(ln(h) @ Wh + b)), "the old state normalised, too"),
        (lambda h, a, b, Wh, ln: np.tanh(ln(h + a + b)), "old state in the sum"),
    ],
)
def test_a_norm_in_one_place_too_many_is_named(new_state, key):
    def ln_rnn_step(h, x, Wh, Wx, gamma, beta, eps):
        def ln(a):
            return gamma * (a - a.mean(**ROW)) / np.sqrt(a.var(**ROW) + eps) + beta

        return new_state(h, h @ Wh, x @ Wx, Wh, ln)

    assert named("9.4", ln_rnn_step) == (key,)


def test_one_norm_over_two_products_side_by_side_is_named():
    def ln_rnn_step(h, x, Wh, Wx, gamma, beta, eps):
        a = np.concatenate([h @ Wh, x @ Wx], axis=1)
        z = (a - a.mean(**ROW)) / np.sqrt(a.var(**ROW) + eps)
        width = len(gamma)
        return np.tanh(gamma * (z[:, :width] + z[:, width:]) + beta)

    assert named("9.4", ln_rnn_step) == ("products side by side",)


@pytest.mark.parametrize(
    ("size", "key"),
    [
        (lambda x, eps: x.max(**ROW), "largest value"),
        (lambda x, eps: np.sqrt(((x + eps) ** 2).mean(**ROW)), "eps in the square"),
    ],
)
def test_another_size_of_a_row_is_named(size, key):
    def rms_norm(x, gamma, eps):
        return gamma * x / size(x, eps)

    assert named("9.6", rms_norm) == (key,)


def test_a_row_without_its_signs_is_named():
    def rms_norm(x, gamma, eps):
        return gamma * np.sqrt(x**2 / ((x**2).mean(**ROW) + eps))

    assert named("9.6", rms_norm) == ("sign lost",)


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("unit_bn", "the unit counted"),
        ("bright_rms", "brighter in one row"),
        ("out_bn", "only the one that is gone"),
    ],
)
def test_a_wrong_count_of_one_is_named(cell, key):
    task = find("9.1")
    right = {n: float(v) for n, v in task.reference(task.draw(5)[0].args[0]).items()}
    assert judged("9.1", right | {cell: 1}, 5).misconceptions == (key,)


def test_several_questions_are_numbered_as_their_mistakes_are():
    task = find("9.1")
    right = {n: float(v) for n, v in task.reference(task.draw(5)[0].args[0]).items()}
    told = dict(rows(judged("9.1", right | {"unit_bn": 1, "out_bn": 1}, 5)))
    assert [line[:3] for line in told["Ask yourself"]] == ["1. ", "2. "]
    assert [line[:3] for line in told["Looks like"]] == ["1. ", "2. "]
    alone = dict(rows(judged("9.1", right | {"unit_bn": 1}, 5)))
    assert alone["Ask yourself"][0].startswith("All numbers")
