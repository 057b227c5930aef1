"""The stacked transformer does what PyTorch's own layers do, net by net, token by token."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.transformer import (
    HEADS,
    HIDDEN,
    WIDTH,
    StackedNorm,
    StackedTransformer,
    rows_of_digits,
)


def digits(networks=2, samples=5, tokens=8, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(networks, samples, tokens, 8))
    return torch.from_numpy(drawn).float()


def copied(model, block, net, norm_first):
    """Return PyTorch's layer with the weights of one block of one net."""
    ours = model.blocks[block]
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0, batch_first=True, norm_first=norm_first
    )
    with torch.no_grad():
        looks = ours.queries, ours.keys, ours.values
        layer.self_attn.in_proj_weight.copy_(torch.cat([part.weight[net].T for part in looks]))
        layer.self_attn.in_proj_bias.copy_(torch.cat([part.bias[net, 0] for part in looks]))
        pairs = (layer.self_attn.out_proj, ours.mixed), (layer.linear1, ours.first)
        for theirs, part in (*pairs, (layer.linear2, ours.second)):
            theirs.weight.copy_(part.weight[net].T)
            theirs.bias.copy_(part.bias[net, 0])
    return layer


@pytest.mark.parametrize("placement", ["post", "pre"])
def test_blocks_are_those_of_pytorch(placement):
    model = StackedTransformer([3, 4], depth=2, placement=placement, start="torch")
    model(digits())
    for net in range(2):
        for block in range(2):
            layer = copied(model, block, net, placement == "pre")
            wanted = layer(model.stream[block][net])
            torch.testing.assert_close(model.stream[block + 1][net], wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("placement", ["post", "pre"])
def test_padding_is_hidden_as_pytorch_hides_it(placement):
    model = StackedTransformer([3], depth=1, placement=placement)
    lengths = torch.tensor([[8, 4, 6, 5, 7]])
    model(digits(1), lengths)
    layer = copied(model, 0, 0, placement == "pre")
    hidden = torch.arange(8) >= lengths[0][:, None]
    wanted = layer(model.stream[0][0], src_key_padding_mask=hidden)
    torch.testing.assert_close(model.stream[1][0][~hidden], wanted[~hidden], atol=1e-5, rtol=1e-5)


def test_without_a_norm_parts_are_simply_added():
    model = StackedTransformer([3], depth=1, placement=None)
    model(digits(1))
    x, block = model.stream[0], model.blocks[0]
    x = x + block._attention(x, None)
    torch.testing.assert_close(model.stream[1], x + block._feed_forward(x, None))
    assert len(block.norms) == 0 and model.final is None


def test_parts_that_give_nothing_leave_the_stream_alone_only_without_a_norm_on_it():
    for placement in ("post", "pre", None):
        model = StackedTransformer([3], depth=2, placement=placement)
        for block in model.blocks:
            nn.init.zeros_(block.mixed.weight)
            nn.init.zeros_(block.second.weight)
        model(digits(1))
        assert torch.equal(model.stream[-1], model.stream[0]) == (placement != "post")


def test_a_seed_fixes_the_weights_whatever_the_norm():
    nets = [
        StackedTransformer([5], depth=2, placement=placement, norm=norm)
        for placement, norm in (("post", "layer"), ("pre", "rms"), (None, "layer"))
    ]
    first, *others = [dict(net.named_parameters()) for net in nets]
    for other in others:
        same = [name for name in first if name in other and "norms" not in name]
        assert len(same) == 2 + 1 + 2 * 12 + 2
        assert all(torch.equal(first[name], other[name]) for name in same)


@pytest.mark.parametrize("norm", ["layer", "rms", "batch"])
def test_nets_of_other_seeds_do_not_matter(norm):
    x = digits()
    both = StackedTransformer([3, 4], depth=2, norm=norm)
    alone = StackedTransformer([4], depth=2, norm=norm)
    torch.testing.assert_close(both(x)[1:], alone(x[1:]), atol=1e-5, rtol=1e-5)
    assert both(x).shape == (2, 5, 10)


@pytest.mark.parametrize(
    ("kind", "axes", "centred"), [("layer", 3, 1), ("rms", 3, 0), ("batch", (1, 2), 1)]
)
def test_a_norm_takes_its_statistics_over_its_axes(kind, axes, centred):
    x = digits(2, 5, 3) * 3 + 2
    norm = StackedNorm(kind, 2, 8)
    plain = x.double().numpy()
    plain = plain - centred * plain.mean(axes, keepdims=True)
    wanted = plain / np.sqrt((plain**2).mean(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(norm(x).detach(), wanted, atol=1e-5)
    assert (norm.beta is None) == (kind == "rms")


def test_batch_norm_keeps_the_running_statistics_of_pytorch():
    x = digits(1, 6, 4) * 2 + 1
    ours, theirs = StackedNorm("batch", 1, 8), nn.BatchNorm1d(8)
    for each in (x, x + 1):
        ours(each), theirs(each.flatten(0, 2))
    np.testing.assert_allclose(ours.running_mean.flatten(), theirs.running_mean, atol=1e-6)
    np.testing.assert_allclose(ours.running_var.flatten(), theirs.running_var, atol=1e-6)
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(x).flatten(0, 2), theirs(x.flatten(0, 2)))


def test_what_stands_in_the_padding_matters_only_to_batch_norm_that_counts_it():
    lengths = torch.tensor([[8, 4, 6, 5, 7]])
    past = (torch.arange(8) >= lengths[..., None])[..., None]
    x = digits(1)
    other = torch.where(past, x + 3, x)
    for norm, counts, same in (
        ("layer", False, True),
        ("layer", True, True),
        ("batch", False, True),
        ("batch", True, False),
    ):
        model = StackedTransformer([3], depth=2, norm=norm)
        model.count_padding = counts
        change = (model(x, lengths) - model(other, lengths)).abs().max()
        assert (change < 1e-5) == same
        assert (model(x) - model(other)).abs().max() > 0.01


def test_full_lengths_are_no_lengths():
    x = digits(1)
    for norm in ("layer", "batch"):
        model = StackedTransformer([3], depth=2, norm=norm)
        torch.testing.assert_close(model(x, torch.full((1, 5), 8)), model(x), atol=1e-5, rtol=1e-4)


def test_the_stream_starts_with_variance_one():
    x, y, x_test, y_test = rows_of_digits([0, 1])
    assert x.shape[2:] == (8, 8) and x.shape[:2] == y.shape
    assert x_test.shape == (2, 500, 8, 8) and y_test.shape == (2, 500)
    np.testing.assert_allclose(x.mean((1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(x.std((1, 2, 3)), 1, atol=1e-3)
    model = StackedTransformer([0, 1], depth=1)
    model(x)
    np.testing.assert_allclose(model.stream[0].detach().square().mean((1, 2, 3)), 1, atol=0.3)
