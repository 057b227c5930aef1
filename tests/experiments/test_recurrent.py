"""Recurrent nets with norms: what each step is normalised by, in training and in evaluation."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.recurrent import (
    EPS,
    HIDDEN,
    MOMENTUM,
    StackedRNN,
    accuracy,
    batch_norm,
    by_the_batch,
    learn,
    re_estimated,
    sequences,
)

STEPS, PIXELS = 5, 3


def data(nets=2, samples=7, steps=STEPS, seed=0):
    drawn = np.random.default_rng(seed).normal(1, 2, (nets, samples, steps, PIXELS))
    return torch.from_numpy(drawn).float()


def build(norm, seeds=(3, 4), **options):
    return StackedRNN(norm, seeds, pixels=PIXELS, steps=STEPS, **options)


@pytest.mark.parametrize("norm", [None, "layer"])
def test_a_net_is_the_loop_over_steps_written_out(norm):
    x, model = data(), build(norm, gamma=0.7)
    w_x, w_h, w_out = (w[1].detach().numpy() for w in (model.w_x, model.w_h, model.w_out))
    h = np.zeros((7, HIDDEN))
    for t in range(STEPS):
        z = h @ w_h.T + x[1, :, t].numpy() @ w_x.T
        if norm:
            z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + EPS)
            z = 0.7 * z
        h = np.tanh(z)
    np.testing.assert_allclose(model(x)[1].detach().numpy(), h @ w_out.T, atol=1e-5)


def test_batch_norm_normalises_every_step_by_its_own_batch_statistics():
    x, model = data(), build("batch", gamma=0.7)
    w_x, w_h = model.w_x[0].detach().double(), model.w_h[0].detach().double()
    means, variances, h = [], [], torch.zeros(7, HIDDEN).double()
    for t in range(STEPS):
        z = h @ w_h.T + x[0, :, t].double() @ w_x.T
        layer = nn.BatchNorm1d(HIDDEN, eps=EPS).double()
        means.append(z.mean(0))
        variances.append(z.var(0, unbiased=False))
        h = torch.tanh(0.7 * layer(z).detach())
    logits = model(x)[0].double()
    torch.testing.assert_close(logits, h @ model.w_out[0].double().T, atol=1e-4, rtol=0)
    mean, var = (part[:, 0, :, 0].double() for part in model.seen)
    torch.testing.assert_close(mean, torch.stack(means), atol=1e-4, rtol=0)
    torch.testing.assert_close(var, torch.stack(variances), atol=1e-3, rtol=1e-3)


def test_running_statistics_move_once_per_step_or_t_times():
    """Those of a step as one BatchNorm1d does in a call, the shared ones as in T calls."""
    x, model = data(), build("batch")
    shared = nn.BatchNorm1d(HIDDEN, momentum=MOMENTUM)
    own = [nn.BatchNorm1d(HIDDEN, momentum=MOMENTUM) for _ in range(STEPS)]
    w_x, w_h = model.w_x[0].detach(), model.w_h[0].detach()
    for _ in range(3):
        h = torch.zeros(7, HIDDEN)
        for t in range(STEPS):
            z = h @ w_h.T + x[0, :, t] @ w_x.T
            shared(z)
            h = torch.tanh(0.1 * own[t](z).detach())
        model(x)
    for ours, theirs in (
        (model.shared_mean[0, :, 0], shared.running_mean),
        (model.shared_var[0, :, 0], shared.running_var),
        (model.mean[:, 0, :, 0], torch.stack([layer.running_mean for layer in own])),
        (model.var[:, 0, :, 0], torch.stack([layer.running_var for layer in own])),
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)


def test_both_kinds_of_statistics_are_one_net():
    """Nothing in training asks for the kind: it decides evaluation alone."""
    nets = [build("batch"), build("batch")]
    nets[1].statistics = "shared"
    x, y = data(), torch.arange(14).reshape(2, 7) % 10
    for net in nets:
        batches = iter([torch.arange(7).repeat(2, 1)] * 4)
        learn(net, x, y, batches, learning_rate=0.3, measure=lambda m: None, measure_at=[3])
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(one, other)
    nets = [net.eval() for net in nets]
    assert not torch.allclose(nets[0](x), nets[1](x), atol=1e-3)


def test_a_step_that_training_never_had():
    model, x = build("batch"), data(steps=STEPS + 2)
    model(data())
    model.eval()
    with pytest.raises(IndexError, match="no statistics for step 5: training had 5 steps"):
        model(x)
    model.beyond = "last"
    assert torch.equal(model.statistics_at(STEPS + 1)[0], model.mean[-1])
    model.beyond = "pooled"
    torch.testing.assert_close(model.statistics_at(STEPS)[1], model.var.mean(0))
    assert torch.equal(model.statistics_at(STEPS - 1)[1], model.var[-1])
    assert model(x).isfinite().all()
    model.statistics, model.beyond = "shared", None
    assert model(x).isfinite().all()


@pytest.mark.parametrize("norm", [None, "layer", "batch"])
def test_in_evaluation_a_batch_of_one_gives_what_a_large_batch_gives(norm):
    x, model = data(), build(norm)
    model(x)
    model.eval()
    for statistics in ("per step", "shared"):
        model.statistics = statistics
        alone = torch.cat([model(one) for one in x.split(1, dim=1)], dim=1)
        torch.testing.assert_close(alone, model(x), atol=1e-5, rtol=0)


def test_by_the_batch_one_sample_is_normalised_to_nothing():
    model, x = build("batch"), data(samples=4)
    with by_the_batch(model):
        logits = torch.cat([model(one) for one in x.split(1, dim=1)], dim=1)
    assert torch.equal(logits, torch.zeros_like(logits))  # beta and the bias start at 0
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(HIDDEN)(x[0, :1, 0] @ model.w_x[0].T)


def test_looking_at_batches_changes_no_statistics():
    model, x = build("batch"), data()
    model(x)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.eval()
    running = model(x)
    with by_the_batch(model):
        by_batch = model(x)
    with re_estimated(model, x):
        again = model(x)
    assert not model.training
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name])
    torch.testing.assert_close(again, by_batch, atol=1e-5, rtol=0)  # the whole of x was the batch
    assert not torch.allclose(running, by_batch, atol=1e-3)


def test_masked_samples_do_not_count():
    z = data(samples=6).reshape(2, 15, 6)
    alive = torch.tensor([1, 0, 1, 1, 0, 1]).bool().expand(2, 1, 6)
    out, mean, var, count = batch_norm(z, alive)
    plain, plain_mean, plain_var, _ = batch_norm(z[..., alive[0, 0]], None)
    assert count.flatten().tolist() == [4, 4]
    torch.testing.assert_close(out[..., alive[0, 0]], plain, atol=1e-5, rtol=0)
    torch.testing.assert_close(mean, plain_mean)
    torch.testing.assert_close(var, plain_var, atol=1e-4, rtol=1e-4)


def test_padding_is_neither_read_nor_counted_unless_asked():
    lengths = torch.tensor([[2, 5, 5, 3, 5, 5, 4], [5, 5, 2, 2, 3, 5, 5]])
    x = data()
    other = torch.where((torch.arange(STEPS) < lengths[..., None])[..., None], x, 9.0)
    model = build("batch")
    with by_the_batch(model):
        torch.testing.assert_close(model(x, lengths), model(other, lengths))
        model.count_padding = True
        assert not torch.allclose(model(x, lengths), model(other, lengths), atol=1e-3)
    plain = build(None)
    torch.testing.assert_close(plain(x, lengths)[0, 0], plain(x[:, :, :2])[0, 0])


def test_a_step_that_one_sample_reaches_teaches_nothing():
    lengths = torch.tensor([[5, 2, 3, 3, 2, 3, 3]] * 2)
    model = build("batch")
    model(data(), lengths)
    assert (model.mean[:3] != 0).any(dim=(1, 2, 3)).all()
    assert (model.mean[3:] == 0).all() and (model.var[3:] == 1).all()


def test_the_first_pixel_of_every_digit_has_variance_0_and_does_no_harm():
    x, y, *_ = sequences((0,), 64)
    model = StackedRNN("batch", (0,), pixels=1, steps=64)
    learn(
        model, x, y, iter([torch.arange(60)[None]] * 2), learning_rate=0.1,
        measure=lambda m: None, measure_at=[1],
    )  # fmt: skip
    variances = model.seen[1].amax(dim=(1, 2, 3))
    assert variances[0] < 1e-9 < variances[4:].min()
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_gradients_are_clipped_net_by_net():
    x = data() * torch.tensor([1.0, 0.0])[:, None, None, None]
    model = build(None)
    before = [p.detach().clone() for p in model.parameters()]
    y = torch.zeros(2, 7, dtype=torch.int64)
    learn(
        model, x, y, iter([torch.arange(7).repeat(2, 1)] * 2), learning_rate=0.5,
        measure=lambda m: None, measure_at=[1],
    )  # fmt: skip
    moved = sum(
        (new.detach() - old).flatten(1).square().sum(1)
        for new, old in zip(model.parameters(), before, strict=True)
    ).sqrt()
    assert moved[0] == pytest.approx(0.5, rel=1e-4) and 0.2 < moved[1] <= 0.5 + 1e-4


def test_the_backward_pass_holds_no_index_into_all_steps():
    """It would send back as many zeros as there are numbers in all steps, at every step."""
    logits = StackedRNN(None, (0,), pixels=1, steps=64)(torch.zeros(1, 5, 64, 1))
    waiting, names = [logits.grad_fn], {}
    while waiting:
        node = waiting.pop()
        if node is not None and node not in names:
            names[node] = node.name()
            waiting += [earlier for earlier, _ in node.next_functions]
    assert "TanhBackward0" in names.values()
    assert not any(name.startswith("Select") for name in names.values())


def test_nets_of_other_seeds_do_not_matter():
    both, alone = build("batch", (3, 4)), build("batch", (4,))
    torch.testing.assert_close(both(data())[1:], alone(data()[1:]), atol=1e-5, rtol=0)


def test_sequences_are_the_digits_from_the_top_left():
    x, y, x_test, y_test = sequences((0, 1), 16)
    assert x.shape == (2, 1297, 16, 4) and x_test.shape == (2, 500, 16, 4)
    assert y.shape == (2, 1297) and y_test.shape == (2, 500)
    longer = sequences((0, 1), 64)[0]
    assert torch.equal(x.flatten(2), longer.flatten(2))


def test_accuracy_counts_each_net_by_itself():
    logits = torch.eye(3).repeat(2, 1, 1)
    np.testing.assert_allclose(accuracy(logits, torch.tensor([[0, 1, 2], [0, 0, 0]])), [1, 1 / 3])
