import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.transformer import StackedTransformer
from bncourse.experiments.transformer_dyt import (
    ALPHAS,
    TokenTanh,
    build,
    load_transformer_dyt,
    measure,
)
from bncourse.experiments.transformer_training import measure as measure_norm


@pytest.fixture(scope="module")
def record():
    return load_transformer_dyt()


def test_every_norm_is_replaced_and_the_weights_stay():
    model, norms = build(0.5, (0, 1)), StackedTransformer((0, 1), depth=6, placement="pre")
    assert sum(isinstance(module, TokenTanh) for module in model.modules()) == 13
    ours, theirs = dict(model.named_parameters()), dict(norms.named_parameters())
    assert {name for name in ours if name not in theirs} == {
        name for name in ours if name.endswith("alpha")
    }
    for name in theirs:
        assert torch.equal(ours[name], theirs[name])


def test_it_is_the_formula_for_each_token_and_net():
    layer = TokenTanh(2, 0.5, width=3)
    with torch.no_grad():
        layer.alpha[1] = 2
        layer.gamma[0, 0, 0, 1], layer.beta[1, 0, 0, 2] = 3, 1
    x = torch.randn((2, 4, 5, 3), generator=torch.Generator().manual_seed(0))
    y = layer(x)
    torch.testing.assert_close(y[0, ..., 1], 3 * torch.tanh(x[0, ..., 1] / 2))
    torch.testing.assert_close(y[1, ..., 2], torch.tanh(2 * x[1, ..., 2]) + 1)


def test_with_layer_norm_it_is_the_arm_that_it_is_compared_with():
    ours = measure(None, [0.002], (0, 1), [5])
    np.testing.assert_allclose(ours, measure_norm("pre", [0.002], (0, 1), [5])[0], atol=0.003)


def test_a_few_updates_are_measured_again_and_learn():
    first, later = measure(0.5, [0.004], (0,), [1, 25])[0, :, 0]
    assert later > first + 0.1
    np.testing.assert_array_equal(measure(0.5, [0.004], (0,), [1, 25])[0, :, 0], [first, later])


def test_rates_were_searched_on_other_seeds_and_lie_inside():
    stored = results.load("transformer_dyt")
    assert not set(stored["seeds"]) & set(stored["search_seeds"])
    for arm in stored["arms"]:
        for best, accuracy in zip(arm["best"], arm["search_accuracy"], strict=True):
            assert arm["search_places"][0] < best < arm["search_places"][-1]
            assert arm["search_places"][int(np.argmax(accuracy))] == best


def test_what_the_lesson_says(record):
    """Behind layer norm after 100 updates; after 300 an alpha of 1 is not clearly behind."""
    assert record.alphas == ALPHAS and record.error.shape == (3, 2, 5)
    gap, error = record.gap()
    clear = gap > 2.776 * error  # Student's t, 95 %, five seeds
    assert clear[:, 0].all()
    assert clear[:, 1].tolist() == [True, False, True]
    assert (gap[:, 1] < 2).all() and (record.error[:, 1].mean(-1) < record.none[1].mean()).all()
