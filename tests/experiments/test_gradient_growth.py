"""Growth of gradients in random nets: the backward pass is right, and theory is met."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from bncourse.experiments import gradient_growth
from bncourse.experiments.gradient_growth import (
    ACTIVATIONS,
    NORMS,
    RELU_GROWTH,
    TELLING,
    draw_weights,
    growth_per_layer,
    measure_growth,
    measure_telling,
    run,
    theory,
    theory_per_layer,
)

SMALL = {"depth": 6, "width": 12}
TORCH = {"linear": lambda h: h, "tanh": torch.tanh, "relu": torch.relu}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", NORMS)
def test_the_pass_is_that_of_autograd(norm, activation, skip):
    size, scale = 10, 0.7
    draws = np.random.default_rng([3, size])
    h = torch.from_numpy(draws.normal(size=(size, 12))).requires_grad_()
    factor = scale * np.sqrt((2 if activation == "relu" else 1) / 12)
    passed = [h]
    for weight in draw_weights(6, 12, 3):
        z = TORCH[activation](passed[-1]) @ torch.tensor(weight) * factor
        if norm == "batch":
            z = torch.nn.functional.batch_norm(z, None, None, training=True, eps=1e-12)
        if norm == "layer":
            z = torch.nn.functional.layer_norm(z, (12,), eps=1e-12)
        passed.append(passed[-1] + z if skip else z)
    top = torch.from_numpy(draws.normal(size=(size, 12)))
    gradients = torch.autograd.grad((passed[-1] * top).sum(), passed)
    squares = np.array([float(g.square().sum()) for g in gradients])

    found = run(norm, activation, skip, size, scale, **SMALL, seed=3)
    np.testing.assert_allclose(found.squared_gradient, squares / squares[-1], rtol=1e-8)
    sds = [float(each.detach().std(correction=0)) for each in passed]
    np.testing.assert_allclose(found.sd, sds, rtol=1e-10)


def test_the_growth_is_read_from_the_middle_layers_only():
    squares = 3.0 ** np.arange(10, -1, -1)
    squares[[0, 1, 9, 10]] = 1e9, 2e9, 5.0, 7.0
    assert growth_per_layer(squares) == pytest.approx(3)


@pytest.mark.parametrize("batch_size", [5, 8, 16])
def test_linear_nets_with_batch_norm_grow_as_yang_says(batch_size):
    growth = measure_growth("batch", "linear", batch_size=batch_size, depth=24, width=256)
    assert growth.theory == pytest.approx((batch_size - 2) / (batch_size - 3))
    assert growth.mean == pytest.approx(growth.theory, rel=0.03)
    assert 0 < growth.spread < 0.1


def test_relu_nets_with_batch_norm_grow_by_pi_over_pi_minus_1_and_more_at_small_batches():
    large = measure_growth("batch", "relu", batch_size=128, width=192, seeds=(0, 1, 2))
    assert large.theory == pytest.approx(RELU_GROWTH) == pytest.approx(1.467, abs=5e-4)
    assert large.mean == pytest.approx(RELU_GROWTH, rel=0.02)
    assert large.gain.min() > 1e4
    np.testing.assert_allclose(large.sd, 1)
    small = measure_growth("batch", "relu", batch_size=8)
    assert small.growth.min() > large.growth.max() + 0.1


def test_layer_norm_and_no_norm_do_not_grow_with_relu_but_tanh_grows_without_a_batch_too():
    for norm in ("none", "layer"):
        growth = measure_growth(norm, "relu")
        assert growth.theory == 1
        assert abs(growth.mean - 1) < 0.05
    tanh = measure_growth("layer", "tanh")
    assert tanh.theory is None
    assert 1.1 < tanh.mean < 1.25


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_skips_calm_the_growth_and_the_branch_shrinks_to_one_in_depth(norm):
    growth = measure_growth(norm, "relu", True)
    assert growth.mean == pytest.approx(growth.theory, abs=0.012)
    assert growth.gain.max() < 300
    found = run(norm, "relu", True)
    share = 1 / np.arange(2, 32)
    np.testing.assert_allclose(found.branch_share, share, rtol=0.2)
    np.testing.assert_allclose(found.sd, np.sqrt(np.arange(1, 32)), rtol=0.1)
    assert run(norm, "relu").branch_share.tolist() == [1] * 30


def test_skips_without_a_norm_double_the_variance_in_every_layer():
    growth = measure_growth("none", "relu", True)
    assert growth.theory == pytest.approx(2)
    assert growth.mean == pytest.approx(2, rel=0.04)
    assert growth.sd.min() > 1e4


@pytest.mark.parametrize("skip", [False, True])
def test_with_a_norm_the_scale_of_the_weights_changes_nothing(skip):
    for norm in ("batch", "layer"):
        one, large = (run(norm, "relu", skip, scale=scale) for scale in (1, 5))
        np.testing.assert_allclose(one.sd, large.sd, rtol=1e-6)
        np.testing.assert_allclose(one.squared_gradient, large.squared_gradient, rtol=1e-5)
    plain = measure_growth("none", "relu", scale=0.5)
    assert plain.mean == pytest.approx(0.25, rel=0.05)
    assert plain.sd.max() < 1e-8


def test_theory_is_none_for_tanh_and_infinite_for_linear_nets_at_three_samples():
    assert theory("batch", "tanh", False, 64, 1, 30) is None
    assert theory_per_layer(None) is None
    assert np.isinf(theory("batch", "linear", False, 3, 1, 4)).all()
    steps = theory("layer", "relu", True, 64, 1, 4)
    np.testing.assert_allclose(steps, [2, 3 / 2, 4 / 3, 5 / 4])
    assert theory_per_layer(steps) == pytest.approx((3 / 2 * 4 / 3) ** 0.5)


def test_the_same_seed_gives_the_same_net_and_others_are_refused():
    one, two, other = (run(batch_size=16, seed=seed) for seed in (1, 1, 2))
    assert (one.squared_gradient == two.squared_gradient).all()
    assert (one.squared_gradient != other.squared_gradient)[:-1].all()
    with pytest.raises(ValueError, match="norm is one of"):
        run("group")
    with pytest.raises(ValueError, match="activation one of"):
        run(activation="gelu")
    with pytest.raises(ValueError, match="at least 2"):
        run(batch_size=1)


def test_theory_stands_beside_every_telling_net_and_is_met_by_wide_batches():
    table = measure_telling(seeds=(0, 1))
    assert [(g.norm, g.activation, g.skip, g.batch_size) for g in table] == list(TELLING)
    for growth in table:
        assert (growth.theory is None) == (growth.activation == "tanh")
        if growth.theory and growth.batch_size >= 64:
            assert growth.mean == pytest.approx(growth.theory, rel=0.05)


def test_it_needs_no_torch():
    code = f"import sys, {gradient_growth.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
