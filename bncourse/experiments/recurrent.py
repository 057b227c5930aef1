"""Recurrent nets that read a digit in steps, without a norm, with batch norm and with layer norm.

An image of 64 pixels is read from the top left, 64 / T pixels in each of T steps:

    z_t = W_h h_(t-1) + W_x x_t        h_t = tanh(gamma * norm(z_t) + beta)

and the logits are a linear map of the last state. The norm stands on the sum. Layer norm is defined
there for recurrent nets (Ba, Kiros & Hinton 2016, eq. 4), so that the two norms differ in their
axis alone; and the sum has a variance at the first step too, where h is 0 for every sample.
Cooijmans et al. (2016, eq. 6) normalise the two terms separately and have to take care of that
step. What is left is a first pixel that is 0 in every image: the variance is exactly 0, the
normalised value is 0, and 1 / sqrt(eps) = 316 multiplies a gradient that meets the input 0.

In training a step is normalised by the batch's statistics of that step. For evaluation the net
keeps two sets of running statistics: one for each step, and one shared by all steps, which is what
a `BatchNorm1d` called T times has. Gamma and beta are shared by the steps either way, so both are
the same net, with the same weights: they differ in evaluation alone.

As in `training`, the nets of S seeds lie in one stack. Arrays are float32.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits

Reading = TypeVar("Reading")
PIXELS, CLASSES, HIDDEN = 64, 10, 48
EPS, MOMENTUM, CLIP = 1e-5, 0.1, 1.0


class StackedRNN(nn.Module):
    """A tanh RNN for each of S seeds: sequences (S, N, T, P) to logits (S, N, 10).

    Args:
        norm: "batch", "layer", or None for a bias alone.
        seeds: one per net; a seed fixes the weights whatever `norm` and `gamma` are.
        pixels: P, how many numbers each step reads.
        steps: T_max, for how many steps batch norm keeps running statistics.
        gamma: where the norm's gamma starts; Cooijmans et al. (2016, section 4) take 0.1.
        start: "orthogonal" recurrent weights, or uniform ones as `nn.RNN` draws them ("torch").

    Attributes:
        statistics: what evaluation normalises by, "per step" or "shared"; "own means" and "own
            variances" take one of the two from the step and share the other.
        own_steps: how many of the first steps have statistics of their own if the rest is "shared".
        beyond: statistics of steps that training never had: the "last" step's, "pooled" ones (the
            mean over all steps), or None, which raises IndexError.
        count_padding: whether steps past the end of a sequence enter the batch's statistics.
        mean, var: (T_max, S, H, 1) running statistics of each step; the variance is unbiased.
        shared_mean, shared_var: (S, H, 1) those shared by all steps, updated step after step.
        seen: (mean, var) of the last batch in training mode, each (T, S, H, 1); var is biased.
    """

    def __init__(
        self,
        norm: Literal["batch", "layer"] | None,
        seeds: Sequence[int],
        *,
        pixels: int,
        steps: int,
        gamma: float = 0.1,
        start: Literal["orthogonal", "torch"] = "orthogonal",
    ) -> None:
        super().__init__()
        self.norm, self.momentum = norm, MOMENTUM
        self.statistics, self.own_steps = "per step", 0
        self.beyond, self.count_padding = None, False
        drawn = zip(*(_draw(seed, pixels, start) for seed in seeds), strict=True)
        self.w_x, self.w_h, self.w_out = (
            nn.Parameter(torch.from_numpy(np.stack(arrays)).float()) for arrays in drawn
        )
        self.bias_out = nn.Parameter(torch.zeros(len(seeds), CLASSES, 1))
        self.beta = nn.Parameter(torch.zeros(len(seeds), HIDDEN, 1))
        if norm is not None:
            self.gamma = nn.Parameter(torch.full_like(self.beta, gamma))
        self.register_buffer("shared_mean", torch.zeros_like(self.beta.data))
        self.register_buffer("shared_var", torch.ones_like(self.beta.data))
        self.register_buffer("mean", self.shared_mean.repeat(steps, 1, 1, 1))
        self.register_buffer("var", self.shared_var.repeat(steps, 1, 1, 1))
        self.seen: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Read the sequences; one with a length (S, N) keeps its state from that step on."""
        networks, samples, _, _ = x.shape
        h = x.new_zeros(networks, HIDDEN, samples)
        seen = []
        # Taken apart at once: the gradient of an index is a tensor of zeros as large as all steps.
        for t, term in enumerate(torch.matmul(self.w_x, x.permute(2, 0, 3, 1)).unbind()):
            z = torch.baddbmm(term, self.w_h, h)
            alive = None if lengths is None else (t < lengths)[:, None, :]
            if self.norm is None:
                new = torch.tanh(z + self.beta)
            else:
                if self.norm == "layer":
                    z = F.layer_norm(z.transpose(1, 2), (HIDDEN,), eps=EPS).transpose(1, 2)
                elif self.training:
                    z, *batch = batch_norm(z, None if self.count_padding else alive)
                    seen.append(batch)
                else:
                    mean, var = self.statistics_at(t)
                    z = (z - mean) * torch.rsqrt(var + EPS)
                new = torch.tanh(torch.addcmul(self.beta, z, self.gamma))
            h = new if alive is None else torch.where(alive, new, h)
        if seen:
            self._remember(*(torch.stack(parts) for parts in zip(*seen, strict=True)))
        return torch.baddbmm(self.bias_out, self.w_out, h).transpose(1, 2)

    def statistics_at(self, t: int) -> tuple[Tensor, Tensor]:
        """Return the running mean and variance, (S, H, 1) each, that step t is evaluated with."""
        if self.statistics == "shared" and t >= self.own_steps:
            return self.shared_mean, self.shared_var
        if self.statistics == "own means":
            return self.mean[t], self.shared_var
        if self.statistics == "own variances":
            return self.shared_mean, self.var[t]
        if t < len(self.mean):
            return self.mean[t], self.var[t]
        if self.beyond is None:
            raise IndexError(f"no statistics for step {t}: training had {len(self.mean)} steps")
        if self.beyond == "last":
            return self.mean[-1], self.var[-1]
        return self.mean.mean(0), self.var.mean(0)

    def _remember(self, mean: Tensor, var: Tensor, count: Tensor) -> None:
        """Note the batch's statistics and move the running ones; `count` is (T, S, 1, 1)."""
        self.seen = mean, var
        unbiased = var * count / (count - 1).clamp_min(1)
        weight = self.momentum * (count > 1)  # one sample has no variance: nothing to learn from
        self.mean[: len(mean)].lerp_(mean, weight)
        self.var[: len(mean)].lerp_(unbiased, weight)
        # The shared ones move T times: what step t brings fades with every later step.
        kept = (1 - weight).flip(0).cumprod(0).flip(0)
        later = torch.cat([kept[1:], torch.ones_like(kept[:1])])
        self.shared_mean.mul_(kept[0]).add_((weight * later * mean).sum(0))
        self.shared_var.mul_(kept[0]).add_((weight * later * unbiased).sum(0))


def batch_norm(z: Tensor, alive: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Normalise z (S, H, N) over the batch; return it with mean, biased var and count.

    `alive` (S, 1, N) says which samples are counted; None counts all. Mean and variance are
    (S, H, 1) without gradients, the count is (S, 1, 1). All samples are normalised, counted or not.
    """
    if alive is None:
        # The batch is the last axis here, so torch's layer norm is what normalises over it.
        out, mean, scale = torch.native_layer_norm(z, (z.shape[-1],), None, None, EPS)
        var = (scale.detach() ** -2 - EPS).clamp_min(0)
        return out, mean.detach(), var, z.new_full((len(z), 1, 1), z.shape[-1])
    count = alive.sum(-1, keepdim=True).to(z.dtype)
    divisor = count.clamp_min(1)
    mean = (z * alive).sum(-1, keepdim=True) / divisor
    centred = z - mean
    var = (centred**2 * alive).sum(-1, keepdim=True) / divisor
    return centred * torch.rsqrt(var + EPS), mean.detach(), var.detach(), count


def sequences(seeds: Sequence[int], steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x (S, n, T, P), y (S, n), x_test and y_test: each seed's own split of the digits."""
    splits = [load_digits(seed) for seed in seeds]
    shape = (steps, PIXELS // steps)
    x, x_test = (
        torch.from_numpy(np.stack([getattr(s, part) for s in splits])).float().unflatten(-1, shape)
        for part in ("x_train", "x_test")
    )
    y, y_test = (
        torch.from_numpy(np.stack([getattr(s, part) for s in splits]))
        for part in ("y_train", "y_test")
    )
    return x, y, x_test, y_test


def learn(
    model: StackedRNN,
    x: Tensor,
    y: Tensor,
    batches: Iterable[Tensor],
    *,
    learning_rate: float,
    measure: Callable[[StackedRNN], Reading],
    measure_at: Collection[int],
    lengths: Tensor | None = None,
) -> list[Reading]:
    """Train by SGD, each net's gradient clipped to norm 1, and return what was measured.

    As `training.train`, with x (S, n, T, P), y and lengths (S, n), batches (S, B). A gradient that
    is not finite leaves its net as it is.
    """
    parameters = list(model.parameters())
    net = torch.arange(len(x))[:, None]
    readings = []
    for update, batch in enumerate(batches):
        if update in measure_at:
            model.eval()
            with torch.no_grad():
                readings.append(measure(model))
            model.train()
        if update == max(measure_at):
            break
        logits = model(x[net, batch], None if lengths is None else lengths[net, batch])
        loss = F.cross_entropy(logits.flatten(0, 1), y[net, batch].flatten(), reduction="sum")
        gradients = torch.autograd.grad(loss / batch.shape[-1], parameters)
        with torch.no_grad():
            norm = sum(g.flatten(1).square().sum(1) for g in gradients).sqrt()[:, None, None]
            finite = torch.isfinite(norm)
            factor = learning_rate * (CLIP / norm.clamp_min(1e-12)).clamp_max(1)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(torch.where(finite, factor * gradient, 0))
    return readings


@contextmanager
def by_the_batch(model: StackedRNN) -> Iterator[None]:
    """Let the model normalise by its batches inside the block, and learn nothing from them."""
    mode, momentum = model.training, model.momentum
    model.train()
    model.momentum = 0.0
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(mode)
        model.momentum = momentum


@contextmanager
def re_estimated(model: StackedRNN, x: Tensor, lengths: Tensor | None = None) -> Iterator[None]:
    """Let the model be evaluated by the exact statistics of x inside the block.

    The whole of x is one batch: each step gets its mean and variance over x, given that the steps
    before are normalised the same way, and the shared statistics are the means over the steps.
    """
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with by_the_batch(model):
        model(x, lengths)
    mean, var = model.seen
    model.mean[: len(mean)], model.var[: len(mean)] = mean, var
    model.shared_mean.copy_(mean.mean(0))
    model.shared_var.copy_(var.mean(0))
    try:
        yield
    finally:
        for name, buffer in model.named_buffers():
            buffer.copy_(kept[name])


def accuracy(logits: Tensor, y: Tensor) -> np.ndarray:
    """Share of sequences classified correctly by each net, (S,): y is (S, N)."""
    return (logits.argmax(-1) == y).double().mean(-1).numpy()


def _draw(seed: int, pixels: int, start: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    bound = 1 / np.sqrt(HIDDEN)
    w_x = generator.uniform(-1, 1, (HIDDEN, pixels)) / np.sqrt(pixels)
    w_h = np.linalg.qr(generator.normal(size=(HIDDEN, HIDDEN)))[0]
    w_out = generator.uniform(-bound, bound, (CLASSES, HIDDEN))
    if start == "torch":
        w_x = generator.uniform(-bound, bound, w_x.shape)
        w_h = generator.uniform(-bound, bound, w_h.shape)
    return w_x, w_h, w_out
