"""Many learning rates in one stack of small nets: every network has a rate of its own.

`training.train` moves a whole stack at one rate. Here a hook on every parameter multiplies each
network's gradient by that network's rate, and the stack as a whole is trained at rate 1. So a whole
grid of rates and seeds is one training run, in float32.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.precise_statistics import precise_bn
from bncourse.experiments.training import StackedBatchNorm, mini_batches, one_thread, train

BATCH_SIZE = 60


@dataclass(frozen=True)
class Images:
    """Digits for a stack of n networks, whose seeds decide the split into training and test.

    Attributes:
        x: (n, N, 64) training images.
        y: (n, N) their classes.
        x_test: (n, M, 64).
        y_test: (n, M).
    """

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


def give_rates(model: nn.Module, rates: Sequence[float] | np.ndarray) -> None:
    """Let n networks in a stack learn at n rates; `train` the stack at rate 1 then.

    The first axis of every parameter must count the networks, or networks times features.
    """
    for parameter in model.parameters():
        each = torch.as_tensor(np.asarray(rates), dtype=parameter.dtype)
        scale = each.repeat_interleave(parameter.numel() // len(each)).view_as(parameter)
        parameter.register_hook(lambda gradient, scale=scale: gradient * scale)


def train_stack(
    model: nn.Module,
    rates: Sequence[float] | np.ndarray,
    seeds: Sequence[int],
    measure: Callable[[nn.Module, Images], np.ndarray],
    measure_at: Collection[int],
) -> np.ndarray:
    """Train n networks on the digits, network k at `rates[k]`, with the data of `seeds[k]`.

    A seed fixes the split and the order of the batches of 60 images; seeds may repeat. What
    `measure` returns is stacked over the T numbers of updates in `measure_at`, in ascending order.
    The model becomes float32.
    """
    distinct = tuple(dict.fromkeys(seeds))
    which = torch.tensor([distinct.index(seed) for seed in seeds])
    x, y, x_test, y_test = load_stack(distinct)
    x, x_test = x.float(), x_test.float()
    samples = x.shape[1]
    # The training sets lie one behind the other: a seed's sample numbers start at its own set.
    first = samples * torch.arange(len(distinct))[:, None]
    batches = ((first + batch)[which] for batch in mini_batches(samples, BATCH_SIZE, distinct))
    images = Images(x[which], y[which], x_test[which], y_test[which])
    model.float()
    give_rates(model, rates)
    with one_thread():
        readings = train(
            model,
            x.flatten(0, 1),
            y.flatten(),
            batches,
            learning_rate=1,
            measure=lambda model: measure(model, images),
            measure_at=measure_at,
        )
    return np.stack(readings)


def share_right(model: nn.Module, x: Tensor, y: Tensor) -> np.ndarray:
    """Return each network's share of right answers, (n,): x (n, N, D), y (n, N).

    An output that is not finite is no answer, so a net that has overflowed scores 0.
    """
    logits = model(x)
    right = (logits.argmax(dim=-1) == y) & logits.isfinite().all(dim=-1)
    return right.double().mean(dim=-1).numpy()


def cross_entropy(model: nn.Module, x: Tensor, y: Tensor) -> np.ndarray:
    """Return each network's mean cross-entropy, (n,), inf where it is no number."""
    losses = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="none")
    means = losses.view(y.shape).double().mean(dim=1).numpy()
    return np.where(np.isfinite(means), means, np.inf)


class FreshStatistics:
    """Inside the block, BN layers use statistics of these inputs, not their running averages."""

    def __init__(self, model: nn.Module, x: Tensor) -> None:
        self.model, self.x = model, x
        self.layers = [m for m in model.modules() if isinstance(m, StackedBatchNorm)]

    def __enter__(self) -> None:
        self.kept = [{k: v.clone() for k, v in m.named_buffers()} for m in self.layers]
        if self.layers:
            precise_bn(self.model, [self.x])

    def __exit__(self, *_: object) -> None:
        for layer, buffers in zip(self.layers, self.kept, strict=True):
            for name, value in buffers.items():
                layer.get_buffer(name).copy_(value)
