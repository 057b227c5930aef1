"""The trainer: a stack trains each network as if it were alone, by the plain SGD it promises."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.training import (
    StackedBatchNorm,
    StackedGroupNorm,
    StackedLinear,
    accuracy,
    build_mlp,
    draw_layer,
    mini_batches,
    one_thread,
    train,
)

BN_MLP = {"activation": "relu", "init": "torch", "norm": "batch"}


@pytest.fixture
def blobs():
    """Three classes in five dimensions: x (90, 5), y (90,)."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    return torch.from_numpy(rng.normal(size=(90, 5)) + y[:, None]), torch.from_numpy(y)


def weights_after(seeds, x, y, updates=8, **settings):
    model = build_mlp((5, 7, 6, 3), seeds, **settings)
    batches = mini_batches(len(x), 20, seeds)
    train(model, x, y, batches, learning_rate=0.3, measure=len, measure_at=[updates])
    return {name: value.detach() for name, value in model.named_parameters()}


@pytest.mark.parametrize("placement", ["before", "after"])
def test_a_network_in_a_stack_trains_as_if_it_were_alone(blobs, placement):
    together = weights_after((3, 8), *blobs, placement=placement, **BN_MLP)
    for row, seed in enumerate((3, 8)):
        alone = weights_after((seed,), *blobs, placement=placement, **BN_MLP)
        for name, value in together.items():
            torch.testing.assert_close(value.view(2, -1)[row], alone[name].view(-1))


def test_stacked_linear_and_batch_norm_are_torchs_own_layers():
    seeds = (1, 2, 3)
    model = build_mlp((5, 4, 3), seeds, **BN_MLP)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 11, 5)))
    for mode in (True, False):
        out = model.train(mode)(x)
        for row in range(3):
            first, norm, last = nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)
            single = nn.Sequential(first, norm, nn.ReLU(), last).double().train(mode)
            with torch.no_grad():
                for layer, stacked in ((first, model[0]), (last, model[3])):
                    layer.weight.copy_(stacked.weight[row].T)
                    layer.bias.copy_(stacked.bias[row, 0])
            if not mode:
                norm.running_mean.copy_(model[1].running_mean.view(3, 4)[row])
                norm.running_var.copy_(model[1].running_var.view(3, 4)[row])
            torch.testing.assert_close(out[row], single(x[row]))


@pytest.mark.parametrize("stacked", [True, False])
def test_one_update_is_the_step_worked_out_by_hand(blobs, stacked):
    x, y = blobs
    if stacked:
        model = build_mlp((5, 3), (4,), activation="relu", init=0.1)
        start = model[0].weight.detach()[0].numpy().copy()
        batches = mini_batches(90, 12, (4,))
    else:
        model = nn.Linear(5, 3).double()
        start = model.weight.detach().numpy().T.copy()
        nn.init.zeros_(model.bias)
        batches = (batch[0] for batch in mini_batches(90, 12, (4,)))
    train(model, x, y, batches, learning_rate=0.5, measure=len if stacked else id, measure_at=[1])

    chosen = next(mini_batches(90, 12, (4,)))[0].numpy()
    images, classes = x.numpy()[chosen], np.eye(3)[y.numpy()[chosen]]
    exp = np.exp(images @ start)
    gradient = images.T @ (exp / exp.sum(axis=1, keepdims=True) - classes) / 12
    trained = model[0].weight.detach()[0].numpy() if stacked else model.weight.detach().numpy().T
    np.testing.assert_allclose(trained, start - 0.5 * gradient, rtol=0, atol=1e-13)


def test_measuring_happens_when_asked_in_evaluation_mode_and_changes_nothing(blobs):
    x, y = blobs

    def training_with(measure_at):
        seen = []

        def measure(model):
            model(x[None])
            seen.append((model.training, torch.is_grad_enabled()))
            return int(model[1].num_batches_tracked)

        model = build_mlp((5, 7, 3), (0,), **BN_MLP)
        batches = mini_batches(90, 20, (0,))
        readings = train(
            model, x, y, batches, learning_rate=0.1, measure=measure, measure_at=measure_at
        )
        assert set(seen) == {(False, False)}
        return readings, model.state_dict()

    often, state = training_with([0, 2, 3, 6])
    once, same = training_with([6])
    assert often == [0, 2, 3, 6]
    assert once == [6]
    for name, value in state.items():
        torch.testing.assert_close(value, same[name], rtol=0, atol=0)


def test_an_epoch_shows_every_sample_once_and_the_next_is_reshuffled():
    stream = mini_batches(10, 3, (5, 6))
    epochs = [np.concatenate([next(stream).numpy() for _ in range(3)], axis=1) for _ in range(2)]
    for epoch in epochs:
        assert epoch.shape == (2, 9)
        assert all(len(set(row)) == 9 for row in epoch)
    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[0][0], epochs[0][1])
    alone = mini_batches(10, 3, (6,))
    np.testing.assert_array_equal(epochs[0][1, :3], next(alone).numpy()[0])


@pytest.mark.parametrize("placement", ["before", "after"])
def test_placement_is_where_it_says_and_leaves_the_weights_alone(placement):
    settings = {**BN_MLP, "placement": placement}
    model = build_mlp((5, 7, 6, 3), (0, 1), hidden_bias=False, **settings)
    block = {
        "before": [StackedLinear, StackedBatchNorm, nn.ReLU],
        "after": [StackedLinear, nn.ReLU, StackedBatchNorm],
    }[placement]
    assert [type(module) for module in model] == [*block, *block, StackedLinear]
    linear = [module for module in model if isinstance(module, StackedLinear)]
    assert [module.bias is None for module in linear] == [True, True, False]
    plain = build_mlp((5, 7, 6, 3), (0, 1), activation="relu", init="torch")
    for one, other in zip(linear, plain[::2], strict=True):
        torch.testing.assert_close(one.weight, other.weight, rtol=0, atol=0)


@pytest.mark.parametrize(("groups", "theirs"), [(1, nn.LayerNorm(8)), (4, nn.GroupNorm(4, 8))])
def test_stacked_group_norm_is_torchs_own_layer(groups, theirs):
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (3, 5, 8)))
    norm, theirs = StackedGroupNorm(3, 8, groups), theirs.double()
    with torch.no_grad():
        for network in range(3):
            theirs.weight.copy_(torch.linspace(-1, 2, 8) + network)
            norm.weight[network, 0] = theirs.weight
            norm.bias[network] += network
            torch.testing.assert_close(norm(x)[network], theirs(x[network]) + network)
    with pytest.raises(ValueError, match="do not divide"):
        StackedGroupNorm(3, 8, 3)


def test_the_initialisations_have_the_size_they_promise():
    def drawn(init, gain=1):
        return draw_layer(np.random.default_rng(0), 300, 200, init, gain)

    weight, bias = drawn(0.1)
    assert weight.std() == pytest.approx(0.1, rel=0.02)
    assert not bias.any()

    weight, bias = drawn("torch")
    limit = 1 / np.sqrt(300)
    assert 0.99 * limit < np.abs(weight).max() <= limit
    assert 0.9 * limit < np.abs(bias).max() <= limit

    weight, bias = drawn("xavier", gain=4)
    limit = 4 * np.sqrt(6 / 500)
    assert 0.99 * limit < np.abs(weight).max() <= limit
    assert not bias.any()


def test_xavier_is_four_times_as_wide_in_front_of_a_sigmoid_only():
    sizes, seeds = (40, 50, 30), (0,)
    sigmoid = build_mlp(sizes, seeds, activation="sigmoid", init="xavier")
    relu = build_mlp(sizes, seeds, activation="relu", init="xavier")
    torch.testing.assert_close(sigmoid[0].weight, 4 * relu[0].weight)
    torch.testing.assert_close(sigmoid[2].weight, relu[2].weight)


def test_accuracy_counts_per_network():
    logits = torch.tensor([[[2.0, 1], [0, 1]], [[2, 1], [1, 0]]])
    np.testing.assert_array_equal(accuracy(logits, torch.tensor([0, 1])), [1.0, 0.5])


def test_threads_are_put_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="inside"), one_thread():
            assert torch.get_num_threads() == 1
            raise RuntimeError("inside")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
