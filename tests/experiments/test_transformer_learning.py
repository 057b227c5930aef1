"""Each net of the stack learns by PyTorch's Adam, at its own rate, with the warm-up it has."""

import numpy as np
import pytest
import torch

from bncourse.experiments.transformer import StackedTransformer
from bncourse.experiments.transformer_learning import (
    StackedAdam,
    cut,
    recomputed_statistics,
    share_right,
    train,
)


def some(networks=2, samples=40):
    drawn = np.random.default_rng(0)
    x = torch.from_numpy(drawn.normal(size=(networks, samples, 8, 8))).float()
    return x, torch.from_numpy(drawn.integers(0, 10, (networks, samples)))


def test_the_stack_learns_by_pytorchs_adam_each_net_at_its_rate():
    start = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 4))).float()
    rates, factors = (0.1, 0.003), (0.5, 1.0, 1.0, 1.0)
    ours = start.clone()
    adam = StackedAdam([ours], rates)
    theirs = [start[k].clone().requires_grad_() for k in range(2)]
    optimisers = [torch.optim.Adam([p], lr=rate) for p, rate in zip(theirs, rates, strict=True)]
    for update, factor in enumerate(factors):
        gradient = torch.sin(start * (update + 1))
        adam.step([gradient], factor)
        for k, optimiser in enumerate(optimisers):
            optimiser.param_groups[0]["lr"] = factor * rates[k]
            theirs[k].grad = gradient[k]
            optimiser.step()
    torch.testing.assert_close(ours, torch.stack(theirs).detach())


@pytest.mark.parametrize("warm_up", [0, 10])
def test_warm_up_makes_the_first_step_that_much_shorter(warm_up):
    x, y = some()
    model = StackedTransformer([0, 1], depth=1)
    before = model.blocks[0].second.weight.detach().clone()

    def moved(model):
        return (model.blocks[0].second.weight - before).abs().amax(dim=(1, 2)).numpy()

    found = train(
        *(model, x, y, [0, 1], [0.01, 0.04]),
        warm_up=warm_up,
        measure=moved,
        measure_at=(0, 1),
    )
    # Adam's first step is the rate along every coordinate that has a gradient.
    np.testing.assert_allclose(found[0], 0)
    np.testing.assert_allclose(found[1], np.array([0.01, 0.04]) / (warm_up or 1), rtol=0.02)


def test_training_learns_and_does_not_depend_on_the_other_nets():
    x, y = some()

    def wrong(model):
        return 1 - share_right(model(x[: len(model.head.weight)]), y[:1])

    both, alone = (StackedTransformer(s, depth=1) for s in ([0, 1], [0]))
    settings = {"warm_up": 0, "measure": wrong, "measure_at": (0, 60)}
    first = train(both, x, y, [0, 1], [0.005, 0.1], **settings)
    second = train(alone, x[:1], y[:1], [0], [0.005], **settings)
    assert first[0, 0] > 0.6 and first[1, 0] < 0.2
    np.testing.assert_allclose(first[:, 0], second[:, 0], atol=0.06)


def test_cut_digits_have_lengths_and_nothing_past_them():
    x, _ = some(2, 200)
    short, lengths = cut(x, [0, 1], 2)
    assert sorted(lengths[0].unique().tolist()) == [4, 5, 6, 7, 8]
    assert not torch.equal(lengths[0], lengths[1])
    rows = torch.arange(8) < lengths[..., None]
    assert torch.equal(short[rows], x[rows])
    assert (short[~rows] == 0).all() and (~rows).any()
    assert not torch.equal(cut(x, [0, 1], 3)[1], lengths)  # other images, other lengths


def test_recomputed_statistics_are_those_of_the_given_images_and_are_given_back():
    x, _ = some(1)
    model = StackedTransformer([0], depth=2, norm="batch")
    model.eval()
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    plain = model(x)
    with recomputed_statistics(model, x):
        fresh = model(x)
    model.train()
    # Up to the unbiased variance, they are what training mode takes.
    torch.testing.assert_close(fresh, model(x), atol=0.02, rtol=0.02)
    assert (fresh - plain).abs().max() > 0.1
    model = StackedTransformer([0], depth=2, norm="batch").eval()
    with recomputed_statistics(model, x):
        pass
    assert all(torch.equal(buffer, kept[name]) for name, buffer in model.named_buffers())
    assert {norm.momentum for block in model.blocks for norm in block.norms} == {0.1}


def test_what_is_no_number_is_no_answer():
    logits = torch.tensor([[[0.0, 1], [2, 1]], [[0, float("inf")], [float("nan"), 0]]])
    y = torch.tensor([[1, 0], [1, 0]])
    assert share_right(logits, y).tolist() == [1, 0]
