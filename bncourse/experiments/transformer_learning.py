"""How the transformers of `transformer` learn and are tested: Adam, warm-up, cut sequences."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bncourse.experiments.training import mini_batches
from bncourse.experiments.transformer import MOMENTUM, TOKENS, StackedNorm, StackedTransformer

BATCH_SIZE = 32
SHORTEST = 4  # rows of a digit that is cut
BETAS, ADAM_EPS = (0.9, 0.999), 1e-8  # those of torch.optim.Adam


class StackedAdam:
    """Adam (Kingma & Ba 2015, algorithm 1) for S nets, each at its own rate.

    The first axis of every parameter counts the nets.
    """

    def __init__(self, parameters: Sequence[Tensor], rates: Sequence[float] | np.ndarray) -> None:
        self.parameters = list(parameters)
        self.rates = torch.as_tensor(np.asarray(rates), dtype=torch.float32)
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.updates = 0

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], factor: float = 1.0) -> None:
        """Move every net by its gradient, at `factor` times its rate."""
        self.updates += 1
        b1, b2 = BETAS
        rates = -factor * self.rates / (1 - b1**self.updates)
        root = np.sqrt(1 - b2**self.updates)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m.lerp_(g, 1 - b1)
            v.mul_(b2).addcmul_(g, g, value=1 - b2)
            p.addcdiv_(rates.view(-1, *[1] * (p.ndim - 1)) * m, v.sqrt().div_(root).add_(ADAM_EPS))


def train(
    model: StackedTransformer,
    x: Tensor,
    y: Tensor,
    seeds: Sequence[int],
    rates: Sequence[float] | np.ndarray,
    *,
    warm_up: int,
    measure: Callable[[StackedTransformer], np.ndarray],
    measure_at: Collection[int],
    lengths: Tensor | None = None,
) -> np.ndarray:
    """Train n nets by Adam on the cross-entropy, and return what was measured, stacked.

    Args:
        model: of n nets.
        x: (n, N, T, 8) training images; y (n, N) their classes; lengths (n, N) or None.
        seeds: (n,) of the order of the batches.
        rates: (n,) learning rates.
        warm_up: in so many first updates the rate rises linearly; 0 for none.
        measure: called with the model in evaluation mode and without gradients.
        measure_at: numbers of updates after which to measure; training ends at the largest.
    """
    net = torch.arange(len(x))[:, None]
    parameters = list(model.parameters())
    adam = StackedAdam(parameters, rates)
    readings = []
    for update, batch in enumerate(mini_batches(x.shape[1], BATCH_SIZE, seeds)):
        if update in measure_at:
            model.eval()
            with torch.no_grad():
                readings.append(measure(model))
            model.train()
        if update == max(measure_at):
            break
        logits = model(x[net, batch], None if lengths is None else lengths[net, batch])
        # Mean over the batch, sum over the nets: each gets the gradient of its own loss.
        loss = F.cross_entropy(logits.flatten(0, 1), y[net, batch].flatten(), reduction="sum")
        gradients = torch.autograd.grad(loss / BATCH_SIZE, parameters)
        adam.step(gradients, min(1.0, (update + 1) / warm_up) if warm_up else 1.0)
    return np.stack(readings)


def cut(x: Tensor, seeds: Sequence[int], stream: int) -> tuple[Tensor, Tensor]:
    """Cut every digit to a length of 4 to 8 rows, drawn evenly; what is past it becomes 0.

    `x` is (S, N, 8, 8). Returns the images and the lengths (S, N).
    """
    drawn = [
        np.random.default_rng([seed, stream]).integers(SHORTEST, TOKENS + 1, x.shape[1])
        for seed in seeds
    ]
    lengths = torch.from_numpy(np.stack(drawn))
    return x * (torch.arange(TOKENS) < lengths[..., None])[..., None], lengths


@contextmanager
def recomputed_statistics(model: StackedTransformer, x: Tensor) -> Iterator[None]:
    """Let the model be evaluated by the statistics of all of x inside the block."""
    layers = [m for m in model.modules() if isinstance(m, StackedNorm)]
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    for layer in layers:
        layer.momentum = 1.0
    # Each layer's batch is x, given that the layers before normalise by their own statistics of x.
    model.train()
    with torch.no_grad():
        model(x)
    model.eval()
    try:
        yield
    finally:
        for layer in layers:
            layer.momentum = MOMENTUM
        for name, buffer in model.named_buffers():
            buffer.copy_(kept[name])


def share_right(logits: Tensor, y: Tensor) -> np.ndarray:
    """Return each net's share of right answers, (n,); what is not finite is no answer."""
    right = (logits.argmax(dim=-1) == y) & logits.isfinite().all(dim=-1)
    return right.double().mean(dim=-1).numpy()
