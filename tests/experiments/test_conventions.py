"""The conventions: PyTorch's against torch, the others converted and then compared with torch."""

import math

import numpy as np
import pytest
import torch

from bncourse.experiments.conventions import (
    COLUMNS,
    FLAX,
    KERAS,
    PAPER,
    PYTORCH,
    PYTORCH_NONE,
    RULES,
    TEXT_5,
    convert,
    effective_batches,
    spread_averages,
    steps_until,
    table,
)

M = 6
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def batches():
    return np.random.default_rng(7).normal(3, 2, size=(9, M, 4))


def in_torch(batches, momentum, eps=1e-5):
    layer = torch.nn.BatchNorm1d(4, momentum=momentum, eps=eps, dtype=torch.float64)
    with torch.no_grad():
        for batch in batches:
            layer(torch.from_numpy(batch))
    return layer.eval()


def averages(layer):
    return layer.running_mean.numpy(), layer.running_var.numpy()


def outputs(layer, x):
    with torch.no_grad():
        return layer(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("momentum", [0.001, 0.1, 0.5, 0.9, 1.0])
def test_pytorch_with_a_momentum(batches, momentum):
    layer = in_torch(batches, momentum)
    got = PYTORCH.run(batches, momentum)
    np.testing.assert_allclose(got, averages(layer), **EXACT)
    np.testing.assert_allclose(
        PYTORCH.evaluate(batches[0], *got), outputs(layer, batches[0]), **EXACT
    )


def test_the_defaults_of_pytorch_are_those_of_torch():
    layer = torch.nn.BatchNorm1d(1)
    assert (PYTORCH.momentum, PYTORCH.eps) == (layer.momentum, layer.eps)
    assert PYTORCH.start == (layer.running_mean.item(), layer.running_var.item())


def test_without_momentum_and_the_paper_on_the_same_batches(batches):
    layer = in_torch(batches, None)
    got = PYTORCH_NONE.run(batches)
    np.testing.assert_allclose(got, averages(layer), **EXACT)
    np.testing.assert_allclose(PAPER.run(batches), got, **EXACT)
    mean_of_biased = batches.var(axis=1).mean(axis=0)
    np.testing.assert_allclose(PAPER.run(batches)[1], M / (M - 1) * mean_of_biased, **EXACT)
    evaluated = PAPER.evaluate(batches[0], *got, eps=1e-5)
    np.testing.assert_allclose(evaluated, outputs(layer, batches[0]), **EXACT)
    assert convert(PAPER, PYTORCH_NONE, M).exact
    assert convert(PAPER, PYTORCH_NONE, M).momentum is None


@pytest.mark.parametrize("rule", [KERAS, FLAX])
@pytest.mark.parametrize("momentum", [None, 0.9, 0.3])
def test_keras_and_flax_converted_are_what_torch_stores(batches, rule, momentum):
    conversion = convert(rule, PYTORCH, M, momentum)
    layer = in_torch(batches, conversion.momentum)
    mean, stored = rule.run(batches, momentum)
    left = (0.99 if momentum is None else momentum) ** len(batches)
    assert conversion.exact
    assert conversion.factor == M / (M - 1)
    np.testing.assert_allclose(mean, averages(layer)[0], **EXACT)
    np.testing.assert_allclose(conversion.spread(stored, left), averages(layer)[1], **EXACT)
    # Without heed to the start value it is wrong by what the factor adds to that value's share.
    wrong = conversion.spread(stored) - averages(layer)[1]
    np.testing.assert_allclose(wrong, left / (M - 1), **EXACT)


@pytest.mark.parametrize("rule", [KERAS, FLAX])
def test_there_and_back_again(batches, rule):
    back = convert(PYTORCH, rule, M)
    assert back.momentum == 0.9
    assert convert(rule, PYTORCH, M, back.momentum).momentum == PYTORCH.momentum
    stored, left = PYTORCH.run(batches)[1], 0.9 ** len(batches)
    np.testing.assert_allclose(back.spread(stored, left), rule.run(batches, 0.9)[1], **EXACT)


def test_a_trained_net_is_ported_by_copying_the_numbers_and_the_eps(batches):
    mean, stored = KERAS.run(batches, 0.5)
    layer = torch.nn.BatchNorm1d(4, eps=KERAS.eps, dtype=torch.float64).eval()
    layer.running_mean.copy_(torch.from_numpy(mean))
    layer.running_var.copy_(torch.from_numpy(stored))
    expected = KERAS.evaluate(batches[0], mean, stored)
    np.testing.assert_allclose(outputs(layer, batches[0]), expected, **EXACT)
    layer.eps = PYTORCH.eps
    assert np.abs(outputs(layer, batches[0]) - expected).max() > 1e-5


def test_text_5_averages_standard_deviations_and_has_no_eps(batches):
    mean, sd = TEXT_5.run(batches, 0.75, start=(0.0, 1.0))
    weights = np.append(0.25 * 0.75 ** np.arange(9)[::-1], 0.75**9)
    deviations = np.vstack([batches.std(axis=1), np.ones(4)])
    np.testing.assert_allclose(sd, weights @ deviations, **EXACT)
    np.testing.assert_allclose(
        TEXT_5.evaluate(batches[0], mean, sd), (batches[0] - mean) / sd, **EXACT
    )


@pytest.mark.parametrize("rule", [PYTORCH, KERAS, FLAX])
def test_no_factor_turns_averaged_deviations_into_variances(batches, rule):
    conversion = convert(TEXT_5, rule, M, 0.75)
    assert not conversion.exact and conversion.factor is None
    assert rule.weight_of_new(conversion.momentum) == 0.25  # the means still agree
    start = (0.0, 1.0)
    mean, sd = TEXT_5.run(batches, 0.75, start)
    theirs = rule.run(batches, conversion.momentum)
    np.testing.assert_allclose(mean, theirs[0], **EXACT)
    ratios = theirs[1] / sd**2
    assert np.ptp(ratios) > 0.01  # another factor for every feature
    with pytest.raises(ValueError, match="does not tell"):
        conversion.spread(sd)


@pytest.mark.parametrize(("source", "target"), [(PAPER, KERAS), (PYTORCH, PAPER)])
def test_no_momentum_makes_a_plain_mean(source, target):
    conversion = convert(source, target, M)
    assert not conversion.exact
    assert conversion.momentum is None
    assert "forgets" in conversion.remark


def test_a_rule_converts_to_itself():
    for rule in RULES:
        momentum = 0.75 if rule.momentum_weighs else None
        same = convert(rule, rule, M, momentum)
        assert same.exact and same.factor == 1 and same.momentum == momentum


def test_the_order_of_batches_matters_to_moving_averages_alone(batches):
    there, back = batches, batches[::-1]
    assert np.abs(np.subtract(KERAS.run(there), KERAS.run(back))).max() > 1e-4
    np.testing.assert_allclose(PAPER.run(there), PAPER.run(back), **EXACT)


def test_the_table_has_a_text_in_every_cell():
    rows = {row[0]: row for row in table()}
    assert len(rows) == len(RULES) == len(table())
    assert {len(row) for row in rows.values()} == {len(COLUMNS)}
    pytorch, keras, text = (rows[rule.name] for rule in (PYTORCH, KERAS, TEXT_5))
    assert pytorch[1:] == ("new batch", "0.1", "0.1", "unbiased variance", "1e-05", "0, 1")
    assert keras[1:] == ("old average", "0.99", "0.01", "biased variance", "0.001", "0, 1")
    assert text[2:] == ("left open", "left open", TEXT_5.stored, "none", "left open")


def test_what_cannot_be_run_says_why(batches):
    with pytest.raises(ValueError, match="needs a momentum"):
        TEXT_5.run(batches)
    with pytest.raises(ValueError, match="no start value"):
        TEXT_5.run(batches, 0.9)
    with pytest.raises(ValueError, match="no momentum"):
        PAPER.run(batches, 0.1)
    with pytest.raises(ValueError, match="0 to 1"):
        PYTORCH.run(batches, 1.5)
    with pytest.raises(ValueError, match="eps open"):
        PAPER.evaluate(batches[0], 0, 1)
    with pytest.raises(ValueError, match="no batch"):
        PYTORCH.run([])
    with pytest.raises(ValueError, match="one row"):
        PYTORCH.run(batches[:, :1])
    with pytest.raises(ValueError, match="two or more"):
        convert(PYTORCH, KERAS, 1)


@pytest.mark.parametrize(
    ("left", "weight", "steps"),
    [(0.01, 0.1, 44), (0.01, 0.01, 459), (0.25, 0.5, 3), (0.5, 1, 1), (1, 0.3, 1), (0.001, 0.9, 4)],
)
def test_steps_until_the_start_value_is_forgotten(left, weight, steps):
    assert steps_until(left, weight) == steps
    assert (1 - weight) ** steps < left <= (1 - weight) ** (steps - 1) * (1 + 1e-12)


@pytest.mark.parametrize("weight", [0.1, 0.5, 1])
def test_the_effective_number_of_batches_is_that_of_the_variance(weight):
    weights = weight * (1 - weight) ** np.arange(1000)
    assert effective_batches(weight) == pytest.approx(1 / np.sum(weights**2))


@pytest.mark.parametrize("function", [effective_batches, lambda w: steps_until(0.1, w)])
@pytest.mark.parametrize("weight", [0, -0.1, 1.1])
def test_weights_outside_0_to_1_are_refused(function, weight):
    with pytest.raises(ValueError, match="above 0"):
        function(weight)


def test_averaged_spreads_are_where_theory_puts_them():
    got = spread_averages()
    sizes = np.array(got.batch_sizes)
    # E[s] of B values from N(0, 1), with s the biased standard deviation (Cochran's theorem).
    gamma_ratio = [math.gamma(size / 2) / math.gamma((size - 1) / 2) for size in sizes]
    for measured, expected in (
        (got.sd, np.sqrt(2 / sizes) * gamma_ratio),
        (got.biased, np.sqrt(1 - 1 / sizes)),
        (got.unbiased, np.ones(len(sizes))),
    ):
        assert measured.shape == (5, 4)
        np.testing.assert_allclose(measured.mean(axis=0), expected, atol=0.006)
    assert np.all(got.sd < got.biased) and np.all(got.biased < got.unbiased)


def test_spread_averages_repeat_in_any_company():
    once = spread_averages((2, 8), draws=50, seeds=[1, 2])
    again = spread_averages((8,), draws=50, seeds=[2])
    np.testing.assert_array_equal(once.sd[1:, 1:], again.sd)
    assert not np.array_equal(once.sd[0], once.sd[1])
    with pytest.raises(ValueError, match="two or more"):
        spread_averages((1, 2))
