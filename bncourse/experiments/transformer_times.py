"""How long layer norm and RMSNorm take, here and now: one layer alone, and one update of a net.

Zhang & Sennrich (2019) report RMSNorm 7 to 64 % faster than layer norm in their models. What it
saves depends on how a library computes both, and on how much of an update is spent in norms at all:
PyTorch has one compiled function for layer norm and its backward pass on a CPU, and puts RMSNorm
together from several operations. So both are also timed written out in the same operations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import thread_time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.training import one_thread
from bncourse.experiments.transformer import CLASSES, PIXELS, TOKENS, Norm, StackedTransformer

EPS = 1e-5
CASES = (
    "forward",
    "forward and backward",
    "written out, forward",
    "written out, forward and backward",
    "the net, forward and backward",
)
SHAPE = (128, 8, 256)  # samples, tokens, features of the layer alone
BATCH_SIZE = 32


@dataclass(frozen=True)
class NormTimes:
    """Times of two kinds of norm that took turns, R repeats each, in milliseconds of one
    processor.

    Attributes:
        cases: (C,) as in `CASES`: PyTorch's layers alone, both written out alike, and the whole
            net of six blocks and 13 norms.
        layer: (C, R) with layer norm.
        other: (C, R) with RMSNorm.
    """

    cases: tuple[str, ...]
    layer: np.ndarray
    other: np.ndarray

    def ratio(self) -> np.ndarray:
        """Return time over that of layer norm: quartiles of the repeats' ratios, (C, 3)."""
        return np.quantile(self.other / self.layer, (0.25, 0.5, 0.75), axis=1).T


def time_norms(repeats: int = 30, shape: Sequence[int] = SHAPE) -> NormTimes:
    """Time `nn.LayerNorm` and `nn.RMSNorm`, and the net of `transformer` with either.

    One thread, float32; what is read is the processor's time for this thread, so that pauses do not
    count. It depends on the machine all the same, and on what else is running there: the two take
    turns.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(*shape, generator=generator).requires_grad_()
    dy = torch.randn(*shape, generator=generator)
    library = nn.LayerNorm(shape[-1], eps=EPS), nn.RMSNorm(shape[-1], eps=EPS)
    gamma, beta = (parameter.detach().requires_grad_() for parameter in library[0].parameters())

    written = [
        (written_out("layer", gamma, beta), [gamma, beta]),
        (written_out("rms", gamma), [gamma]),
    ]
    each = [[(norm, list(norm.parameters())) for norm in library], written]
    pairs = []
    for norms in each:
        pairs.append([_forward(norm, x) for norm, _ in norms])
        pairs.append([_both(norm, [x, *learned], dy) for norm, learned in norms])
    pairs.append([_through_net(kind) for kind in ("layer", "rms")])
    times = np.empty((len(CASES), 2, repeats))
    with one_thread():
        for case, pair in enumerate(pairs):
            for repeat in range(-3, repeats):  # the first few are not kept
                for k, run in enumerate(pair):
                    start = thread_time()
                    run()
                    if repeat >= 0:
                        times[case, k, repeat] = 1000 * (thread_time() - start)
    return NormTimes(CASES, times[:, 0], times[:, 1])


def written_out(
    kind: Norm, gamma: Tensor, beta: Tensor | None = None
) -> Callable[[Tensor], Tensor]:
    """Return layer norm or RMSNorm over the last axis, both in the same single operations."""

    def layer_norm(x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        scale = torch.rsqrt(centred.square().mean(-1, keepdim=True) + EPS)
        return centred * scale * gamma + beta

    def rms_norm(x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * gamma

    return layer_norm if kind == "layer" else rms_norm


def _forward(norm: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
    def run() -> None:
        with torch.no_grad():
            norm(x)

    return run


def _both(
    norm: Callable[[Tensor], Tensor], inputs: Sequence[Tensor], dy: Tensor
) -> Callable[[], None]:
    def run() -> None:
        torch.autograd.grad(norm(inputs[0]), inputs, dy)

    return run


def _through_net(kind: Norm) -> Callable[[], None]:
    model = StackedTransformer([0], placement="pre", norm=kind)
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, BATCH_SIZE, TOKENS, PIXELS, generator=generator)
    y = torch.randint(CLASSES, (BATCH_SIZE,), generator=generator)

    def run() -> None:
        torch.autograd.grad(F.cross_entropy(model(x)[0], y), parameters)

    return run
