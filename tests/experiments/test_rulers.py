import math

import numpy as np
import pytest

from bncourse.data import load_breast_cancer, load_wine
from bncourse.experiments.rulers import PREPARATIONS, Bowl, bowl, people, prepare


def bowl_of(how, rho=0.8, **people_of):
    x, y = people(rho, **people_of)
    return bowl(prepare(x, how), y)


def plain_descent(z, y, rate, steps):
    """Gradient descent as everybody writes it, one step after the other."""
    design = np.column_stack([np.ones(len(z)), z])
    path = [np.zeros(design.shape[1])]
    for _ in range(steps):
        path.append(path[-1] - rate * design.T @ (design @ path[-1] - y) / len(y))
    return np.array(path)


@pytest.mark.parametrize("rho", [-0.5, 0, 0.8, 0.99])
@pytest.mark.parametrize(("n", "seed"), [(200, 0), (200, 7), (4, 1)])
def test_people_have_exactly_the_correlation_asked_for(rho, n, seed):
    x, y = people(rho, n, seed)
    assert (x.shape, y.shape) == ((n, 2), (n,))
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(rho, abs=1e-12)
    assert x[:, 0].min() >= 18 and x[:, 0].max() <= 80
    assert x[:, 1].min() >= -1e-9 and 10_000 < x[:, 1].mean() < 100_000
    assert y.mean() == pytest.approx(0, abs=1e-9)


def test_people_are_seeded_and_differ():
    np.testing.assert_array_equal(people()[0], people()[0])
    assert not np.allclose(people(seed=1)[0], people()[0])


@pytest.mark.parametrize(("rho", "n"), [(1, 200), (-1.2, 200), (0.5, 3)])
def test_people_that_cannot_be(rho, n):
    with pytest.raises(ValueError):
        people(rho, n)


def test_the_cost_falls_with_age_and_rises_with_the_kilometres():
    _, age, kilometres = bowl_of("raw").optimum
    assert age < 0 < kilometres


@pytest.mark.parametrize("load", [lambda: people()[0], lambda: load_wine().x])
def test_preparations_do_what_they_say(load):
    x = load()
    before = x.copy()
    eye = np.eye(x.shape[1])
    np.testing.assert_array_equal(prepare(x, "raw"), x)
    np.testing.assert_allclose(prepare(x, "centred"), x - x.mean(axis=0), atol=1e-9)
    ranged = prepare(x, "min-max")
    np.testing.assert_array_equal(ranged.min(axis=0), 0)
    np.testing.assert_array_equal(ranged.max(axis=0), 1)
    standard = prepare(x, "standardised")
    np.testing.assert_allclose(standard.T @ standard / len(x), np.corrcoef(x.T), atol=1e-12)
    white = prepare(x, "whitened")
    np.testing.assert_allclose(white.T @ white / len(x), eye, atol=1e-10)
    for z in (standard, white):
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_array_equal(x, before)


def test_whitening_treats_both_features_alike_and_changes_little():
    standard, white = (prepare(people()[0], how) for how in ("standardised", "whitened"))
    cross = white.T @ standard / len(white)
    np.testing.assert_allclose(cross, cross.T, atol=1e-12)
    # (sqrt(1 + rho) + sqrt(1 - rho)) / 2: as near as any whitening can stay to both.
    np.testing.assert_allclose(np.diag(cross), (math.sqrt(1.8) + math.sqrt(0.2)) / 2)


@pytest.mark.parametrize("how", PREPARATIONS[1:])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_a_constant_column_becomes_zero(how, value):
    x, y = people()
    z = prepare(np.column_stack([x, np.full(len(x), value)]), how)
    np.testing.assert_array_equal(z[:, 2], 0)
    np.testing.assert_allclose(z[:, :2], prepare(x, how), atol=1e-9)
    # A column of zeros adds a direction without a slope, in which descent never moves.
    with_it, without = bowl(z, y), bowl(prepare(x, how), y)
    assert with_it.condition == pytest.approx(without.condition)
    assert with_it.eigenvalues[0] == 0
    np.testing.assert_allclose(with_it.optimum, [*without.optimum, 0], atol=1e-9)


def test_whitening_drops_what_is_there_twice():
    x, _ = people()
    z = prepare(np.column_stack([x, 2 * x[:, 0] + 1]), "whitened")
    np.testing.assert_allclose(np.linalg.eigvalsh(z.T @ z / len(z)), [0, 1, 1], atol=1e-9)


def test_an_unknown_preparation_and_other_lengths():
    with pytest.raises(ValueError, match="no preparation 'cooked'; there are raw, centred"):
        prepare(people()[0], "cooked")
    with pytest.raises(ValueError, match="200 rows of features, but 10 targets"):
        bowl(people()[0], np.zeros(10))


@pytest.mark.parametrize("rho", [0, 0.3, 0.8, 0.95])
def test_the_five_condition_numbers(rho):
    raw, centred, ranged, standard, white = (bowl_of(how, rho) for how in PREPARATIONS)
    assert 5e10 < raw.condition < 5e11
    assert 5e8 < centred.condition < 5e9
    assert 3e1 < ranged.condition < 1e3
    assert standard.condition == pytest.approx((1 + rho) / (1 - rho), rel=1e-12)
    assert white.condition == pytest.approx(1, rel=1e-12)
    assert 1e-10 < raw.largest_rate < 1e-9 < centred.largest_rate < 1e-8
    assert standard.largest_rate == pytest.approx(2 / (1 + rho))
    assert white.largest_rate == pytest.approx(2)


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_bowl_is_that_of_half_the_mean_squared_error(how):
    x, y = people()
    z = prepare(x, how)
    b = bowl(z, y)
    design = np.column_stack([np.ones(len(z)), z])
    np.testing.assert_allclose(b.hessian, design.T @ design / len(y), rtol=1e-12, atol=1e-12)
    scale = np.abs(b.hessian).max()
    np.testing.assert_allclose(
        b.axes * b.eigenvalues @ b.axes.T / scale, b.hessian / scale, atol=1e-12
    )
    wanted = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(b.optimum, wanted, rtol=1e-6, atol=1e-9)
    thetas = wanted + np.random.default_rng(1).standard_normal((5, 3)) / np.sqrt(np.diag(b.hessian))
    np.testing.assert_allclose(b.loss(thetas), ((thetas @ design.T - y) ** 2).mean(axis=1) / 2)
    assert b.loss(b.optimum) == b.floor == pytest.approx(((design @ wanted - y) ** 2).mean() / 2)


@pytest.mark.parametrize("how", PREPARATIONS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.01])
def test_descent_in_closed_form_is_descent_step_by_step(how, share):
    x, y = people()
    z = prepare(x, how)
    b = bowl(z, y)
    path = b.descend(share * b.largest_rate, 40)
    wanted = plain_descent(z, y, share * b.largest_rate, 40)
    assert path.shape == (41, 3)
    np.testing.assert_allclose(path, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())
    excess = b.excess(share * b.largest_rate, range(41))
    np.testing.assert_allclose(excess, b.loss(path) - b.floor, rtol=1e-6, atol=1e-9 * excess.max())


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_largest_rate_divides_convergence_from_divergence(how):
    b = bowl_of(how)
    first, later = b.excess(0.999 * b.largest_rate, [0, 20_000])
    assert later < first
    first, later = b.excess(1.001 * b.largest_rate, [0, 20_000])
    assert later > 1e6 * first
    assert math.isfinite(b.steps_to(0.01, 0.999 * b.largest_rate))
    assert b.steps_to(0.01, b.largest_rate) == math.inf
    assert b.steps_to(0.01, 1.001 * b.largest_rate) == math.inf


@pytest.mark.parametrize("how", PREPARATIONS)
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_steps_to_is_the_first_step_that_is_low_enough(how, share):
    b = bowl_of(how)
    steps = b.steps_to(share, b.largest_rate / 2)
    before, there = b.excess(b.largest_rate / 2, [steps - 1, steps])
    assert there <= share * b.excess(1, [0])[0] < before
    assert b.steps_to(1, b.largest_rate / 2) == 0


def test_ten_billion_steps_are_not_lost_to_rounding():
    # A bowl of two known slopes; (1 - 1e-11)^t reaches 0.1 after ln 10 / 1e-11 steps.
    b = Bowl(np.diag([1e-11, 1]), np.array([1e-11, 1]), np.eye(2), np.array([1.0, 0]), 0.0)
    assert b.steps_to(0.01, 1) == pytest.approx(math.log(10) * 1e11, rel=1e-9)
    np.testing.assert_allclose(b.at(1, [1e11])[0], [1 - math.exp(-1), 0])
    assert Bowl(b.hessian, np.array([0, 1.0]), b.axes, b.optimum, 0).steps_to(0.01, 1) == 0
    assert b.steps_to(0.01, 1e-19) == math.inf


def test_a_rate_has_to_be_above_zero():
    for rate in (0, -1, math.nan):
        with pytest.raises(ValueError, match="above 0"):
            bowl_of("raw").descend(rate, 3)


def test_a_diverging_path_may_leave_the_floats():
    b = bowl_of("raw")
    path = b.descend(1.0, 200)
    np.testing.assert_allclose(path[0], 0, atol=1e-12)
    assert np.isfinite(path[:3]).all() and not np.isfinite(path[-1]).all()


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_real_tables(load):
    table = load()
    bowls = {how: bowl(prepare(table.x, how), table.y) for how in PREPARATIONS}
    for how, b in bowls.items():
        design = np.column_stack([np.ones(len(table.y)), prepare(table.x, how)])
        assert b.condition == pytest.approx(np.linalg.cond(design) ** 2, rel=1e-6)
        residual = table.y - design @ b.optimum
        assert b.floor == pytest.approx((residual**2).mean() / 2, rel=1e-9)
        assert b.floor == pytest.approx(bowls["raw"].floor, rel=1e-6)
    assert bowls["raw"].condition > 1e3 * bowls["standardised"].condition
    assert bowls["whitened"].condition == pytest.approx(1, rel=1e-9)


def test_more_features_than_rows():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 8)), rng.standard_normal(5)
    b = bowl(x, y)
    assert b.eigenvalues.shape == (9,) and (b.eigenvalues[:4] == 0).all()
    assert b.floor == pytest.approx(0, abs=1e-20)
    np.testing.assert_allclose(np.column_stack([np.ones(5), x]) @ b.optimum, y)
    np.testing.assert_allclose(
        b.descend(b.largest_rate / 2, 30), plain_descent(x, y, b.largest_rate / 2, 30), atol=1e-9
    )
