"""Exercises 4.1 to 4.6 with answers as learners write them."""

import numpy as np
import pytest
import torch

from bncourse.check import judge_answer
from bncourse.grading.verdict import Status
from bncourse.registry import find
from bncourse.tasks.backprop.backward_bank import RIGHT, WRONG, oracle


def forward(x, gamma, beta, eps):
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma, "eps": eps}


def test_the_closed_form_as_it_is_found_on_the_internet_is_right():
    def batchnorm_backward(dout, cache):
        N, _ = dout.shape
        x_hat, ivar, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
        dxhat = dout * gamma
        dx = 1.0 / N * ivar * (N * dxhat - np.sum(dxhat, axis=0) - x_hat * np.sum(dxhat * x_hat, 0))
        return dx, np.sum(x_hat * dout, axis=0), np.sum(dout, axis=0)

    assert judge_answer(find("4.4"), batchnorm_backward).ok


@pytest.mark.parametrize(
    ("dx", "key"),
    [
        (lambda dy, z, s, g: g * s * dy, "statistics frozen"),
        (lambda dy, z, s, g: g * s * (dy - dy.mean(0)), "variance path missing"),
        (lambda dy, z, s, g: g * s * (dy - z * (dy * z).mean(0)), "mean path missing"),
        (lambda dy, z, s, g: s * (dy - dy.mean(0) - z * (dy * z).mean(0)), "gamma missing"),
        (lambda dy, z, s, g: g * s * (dy - dy.sum(0) - z * (dy * z).mean(0)), "sum for mean of dy"),
        (lambda dy, z, s, g: g * s * (dy - dy.mean() - z * (dy * z).mean()), "whole table"),
        (
            lambda dy, z, s, g: g * s**2 * (dy - dy.mean(0) - z * (dy * z).mean(0)),
            "variance for sd",
        ),
    ],
)
def test_a_slip_in_the_closed_form_is_named(dx, key):
    def batchnorm_backward(dy, cache):
        z, s, g = cache["x_hat"], cache["inv_std"], cache["gamma"]
        return dx(dy, z, s, g), (dy * z).sum(0), dy.sum(0)

    assert judge_answer(find("4.4"), batchnorm_backward).misconceptions == (key,)


def test_torch_by_hand_passes_where_it_may_be_used():
    def batchnorm_backward(dy, cache):
        z, s, g = (torch.tensor(cache[k]) for k in ("x_hat", "inv_std", "gamma"))
        centred = (z / s).requires_grad_()
        inv = s.clone()
        eps = 1 / inv**2 - (centred.detach() ** 2).mean(0)
        x = centred
        spread = torch.sqrt(((x - x.mean(0)) ** 2).mean(0) + eps)
        y = g * (x - x.mean(0)) / spread
        y.backward(torch.tensor(dy))
        return centred.grad.numpy(), (dy * z.numpy()).sum(0), dy.sum(0)

    found = judge_answer(find("4.4"), batchnorm_backward)
    assert found.ok, found.seen


@pytest.mark.parametrize("name", WRONG)
def test_every_hidden_wrong_version_differs_from_the_right_ones(name):
    number = len(RIGHT) + list(WRONG).index(name)
    rng = np.random.default_rng(0)
    _, cache = forward(rng.normal(1, 2, (4, 3)), np.array([-1.0, 2.0, 0.5]), np.zeros(3), 0.3)
    args = (rng.normal(size=(4, 3)), cache["x_hat"], cache["inv_std"], cache["gamma"], 0.3)
    right = [oracle(k, *args) for k in range(len(RIGHT))]
    for one in right[1:]:
        assert all(np.allclose(a, b, rtol=1e-12) for a, b in zip(one, right[0], strict=True))
    wrong = oracle(number, *args)
    assert any(not np.allclose(a, b, rtol=1e-2) for a, b in zip(wrong, right[0], strict=True))


@pytest.mark.parametrize(
    ("tries", "key"),
    [
        ({"gamma": np.ones(3)}, "gamma is one"),
        ({"eps": 1e-10}, "eps does not show"),
        ({"gamma": np.ones(3), "parts": 1}, "gamma is one"),
        ({"eps": 1e-10, "parts": 1}, ("eps does not show", "dx only")),
        ({"gamma": np.array([0.5, 1.5, 2.0])}, "gamma is positive"),
        ({"parts": 1}, "dx only"),
        ({"m": 5}, "one batch size"),
        ({"tolerance": 1e-13, "dtype": np.float32}, "rejects everything"),
        ({"tolerance": 1e9}, "accepts everything"),
    ],
)
def test_a_checker_with_a_blind_spot_is_told_which(tries, key):
    sizes = (tries["m"],) if "m" in tries else (3, 6)

    def accepts(backward):
        rng = np.random.default_rng(1)
        for m in sizes:
            gamma = tries.get("gamma", np.array([-1.5, 0.7, 2.0]))
            at = [rng.normal(1, 2, (m, 3)), gamma, rng.normal(size=3)]
            at = [a.astype(tries.get("dtype", float)) for a in at]
            dy, eps = rng.normal(size=(m, 3)), tries.get("eps", 0.2)
            told = backward(dy, forward(*at, eps)[1])
            for k in range(tries.get("parts", 3)):
                for place in np.ndindex(at[k].shape):
                    ends = []
                    for h in (1e-5, -1e-5):
                        moved = [a.copy() for a in at]
                        moved[k][place] += h
                        ends.append((forward(*moved, eps)[0] * dy).sum())
                    slope = (ends[0] - ends[1]) / 2e-5
                    if abs(slope - told[k][place]) > tries.get("tolerance", 1e-4):
                        return False
        return True

    named = (key,) if isinstance(key, str) else key
    assert judge_answer(find("4.5"), accepts).misconceptions == named


def test_a_checker_that_demands_the_second_sum_at_any_eps_is_told_so():
    def accepts(backward):
        rng = np.random.default_rng(2)
        _, cache = forward(rng.normal(size=(7, 2)), np.array([-1.0, 2.0]), np.zeros(2), 0.5)
        dx = backward(rng.normal(size=(7, 2)), cache)[0]
        sums = dx.sum(0), (dx * cache["x_hat"]).sum(0)
        return bool(np.abs(sums).max() < 1e-8)

    found = judge_answer(find("4.5"), accepts)
    assert found.misconceptions == ("second sum demanded at every eps",)
    assert found.seen[1] == "and accepts 0 of 4 right ones"


@pytest.mark.parametrize("blind", ["rest", "last"])
def test_sums_or_one_row_are_not_enough_with_right_parameters(blind):
    def accepts(backward):
        rng = np.random.default_rng(3)
        x, gamma, dy = rng.normal(size=(6, 2)), np.array([-1.0, 2.0]), rng.normal(size=(6, 2))
        _, cache = forward(x, gamma, np.zeros(2), 0.3)
        dx, dgamma, dbeta = backward(dy, cache)
        z, s = cache["x_hat"], cache["inv_std"]
        if not np.allclose([dgamma, dbeta], [(dy * z).sum(0), dy.sum(0)]):
            return False
        if blind == "last":
            right = gamma * s * (dy - dy.mean(0) - z * (dy * z).mean(0))
            return bool(np.allclose(dx[0], right[0]))
        wanted = gamma * s * (dy * z).sum(0) * 0.3 * s**2
        return bool(np.allclose(dx.sum(0), 0) and np.allclose((dx * z).sum(0), wanted))

    found = judge_answer(find("4.5"), accepts)
    assert not found.ok and found.seen[0] == "it rejects 13 of 14 wrong versions"


def test_an_exception_tells_no_version_and_no_kind():
    def accepts(backward):
        rng = np.random.default_rng(0)
        _, cache = forward(rng.normal(size=(1, 2)), np.ones(2), np.zeros(2), 0.1)
        backward(rng.normal(size=(1, 2)), cache)
        return 1 // (rng.random() > 2)

    found = judge_answer(find("4.5"), accepts)
    told = " ".join((*found.seen, *found.notes, *found.passed, *found.failed))
    assert found.status is Status.ERROR and "wrong" not in told and "version" not in told


def test_the_usual_public_tests_let_most_wrong_versions_through():
    """Σ dx = 0 alone, as many check it: a few of fourteen are caught."""

    def accepts(backward):
        rng = np.random.default_rng(0)
        _, cache = forward(rng.normal(size=(8, 3)), np.ones(3), np.zeros(3), 1e-5)
        return bool(np.abs(backward(rng.normal(size=(8, 3)), cache)[0].sum(0)).max() < 1e-8)

    found = judge_answer(find("4.5"), accepts)
    rejected = int(found.seen[0].split()[2])
    assert rejected <= 5 and not found.ok


def test_percentages_and_fractions_in_the_form_are_read():
    task = find("4.1")
    p = task.draw(7)[0].args[0]
    right = {name: float(value) for name, value in task.reference(p).items()}
    typed = {**right, "why": "a", "confidence": 2}
    assert judge_answer(task, typed, seed=7).ok
    found = judge_answer(task, {**typed, "kept": 100 * right["kept"]}, seed=7)
    assert found.misconceptions == ("kept in percent",)


def test_stages_may_come_as_row_vectors_and_in_any_order():
    def staged(dy, cache):
        told = find("4.3").reference(dy, cache)
        return dict(reversed([(k, v if v.ndim == 2 else v[None]) for k, v in told.items()]))

    assert judge_answer(find("4.3"), staged).ok


def test_lines_that_use_what_is_not_made_yet_say_so():
    found = judge_answer(find("4.2"), "F H D E M C K")
    assert found.status is Status.ERROR and "dmean" in " ".join(found.seen)


def test_a_failed_assert_in_a_checker_says_no():
    def accepts(backward):
        rng = np.random.default_rng(1)
        for m in (4, 9):
            x, dy = rng.normal(size=(m, 3)), rng.normal(size=(m, 3))
            gamma = np.array([-1.0, 2, 0.5])
            _, cache = forward(x, gamma, np.zeros(3), 0.2)
            x_hat = cache["x_hat"]
            dx = dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0)
            mine = gamma * cache["inv_std"] * dx, (dy * x_hat).sum(0), dy.sum(0)
            for ours, theirs in zip(mine, backward(dy, cache), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
        return True

    assert judge_answer(find("4.5"), accepts).ok
    found = judge_answer(find("4.5"), lambda backward: accepts(backward) and None)
    assert found.status is Status.UNREADABLE and "end it with return True" in found.seen[0]
    assert judge_answer(find("4.5"), lambda _backward: None).status is Status.NOT_STARTED
