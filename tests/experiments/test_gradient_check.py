import numpy as np
import pytest
import torch

from bncourse.experiments.gradient_check import (
    KINDS,
    LOSSES,
    blind_losses,
    problems,
    step_size_curve,
)


@pytest.fixture(scope="module", params=[0, 3])
def curve(request):
    return step_size_curve(request.param)


def slope_by_torch(problem):
    x = torch.tensor(problem.x, requires_grad=True)
    gamma, beta = torch.tensor(problem.gamma), torch.tensor(problem.beta)
    y = torch.nn.functional.batch_norm(x, None, None, gamma, beta, True, eps=problem.eps)
    (y * torch.tensor(problem.weights)).sum().backward()
    return float((x.grad * torch.tensor(problem.direction)).sum())


def test_the_analytic_slope_is_that_of_torch():
    for problem in problems(0, 5):
        assert problem.analytic == pytest.approx(slope_by_torch(problem), rel=1e-10)


def test_problems_are_seeded_and_the_same_in_both_precisions():
    first, again = next(problems(1)), next(problems(1, count=1))
    np.testing.assert_array_equal(first.x, again.x)
    assert not np.array_equal(first.x, next(problems(2)).x)
    for array in (first.x, first.gamma, first.beta, first.weights):
        np.testing.assert_array_equal(array.astype(np.float32), array)
    assert set(np.unique(first.direction)) == {-1.0, 1.0}


def test_the_errors_are_those_of_the_quotients():
    curve = step_size_curve(5, steps=(1e-2, 1e-5), count=3)
    assert curve.errors.shape == (3, 3, 2)
    problem = list(problems(5, 3))[2]
    for kind, central in enumerate((False, True)):
        slope, right = problem.numerical(1e-2, central=central), problem.analytic
        error = abs(slope - right) / max(abs(slope), abs(right))
        assert curve.errors[kind, 2, 0] == pytest.approx(error)


def test_the_best_steps_are_where_theory_puts_them(curve):
    """About the square root of the precision one-sided, its cube root central."""
    best = {kind: curve.best(kind) for kind in KINDS}
    assert best["one-sided, float64"][0] == pytest.approx(1e-8)
    assert best["central, float64"][0] == pytest.approx(1e-5)
    assert best["central, float32"][0] in (1e-2, 1e-3)
    assert best["central, float64"][1] < 1e-9 < best["one-sided, float64"][1] < 1e-6
    assert 1e-5 < best["central, float32"][1] < 1e-3


def test_truncation_falls_like_h_and_like_h_squared(curve):
    one_sided, central, single = curve.median
    np.testing.assert_allclose(one_sided[1:4] / one_sided[2:5], 10, rtol=0.1)
    np.testing.assert_allclose(central[1:3] / central[2:4], 100, rtol=0.1)
    assert single[0] == pytest.approx(central[0], rel=1e-2)


def test_rounding_grows_as_steps_get_smaller(curve):
    one_sided, central, single = curve.median
    for errors in (one_sided[-4:], central[-6:], single[2:7]):
        ratios = errors[1:] / errors[:-1]
        assert (ratios > 2).all()
    assert (single[-4:] == 1).all()


def test_quartiles_enclose_the_median(curve):
    low, high = curve.quartiles
    assert (low <= curve.median).all() and (curve.median <= high).all()
    assert (low < high)[:, :6].all()


def test_two_losses_have_nothing_to_find():
    blind = blind_losses(seed=1)
    assert blind.losses == LOSSES
    plain, squares, weighted = blind.dx
    assert (blind.dy > 0.3).all()
    assert plain.max() < 1e-14
    assert squares.max() < 1e-2 * weighted.min()
    assert (weighted > 0.1 * blind.dy[2]).all()


def test_only_eps_gives_the_squares_a_gradient():
    exact, small, large = (blind_losses(count=5, eps=eps).dx[1] for eps in (0.0, 1e-5, 1e-3))
    assert exact.max() < 1e-13
    np.testing.assert_allclose(large / small, 100, rtol=0.02)
