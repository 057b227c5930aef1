"""One training step, several forward passes: what is written into the running statistics.

- Gradient checkpointing (`torch.utils.checkpoint`) forgets activations and computes them again in
  the backward pass. A BN layer inside sees the batch twice, and averages it in twice.
- Gradient accumulation cuts a batch into pieces. BN normalises by each piece, and averages in each.
- A hand-made layer that averages without detaching writes down, with each number, how it was
  computed: the graph grows with every step.

All in float64, on one layer or a very small net.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

MOMENTUM = 0.1
SAMPLES, FEATURES, PIECES = 64, 3, 4


@dataclass(frozen=True)
class Checkpointed:
    """One training step with and without checkpointing of a block Linear, BN, ReLU.

    Attributes:
        momentum: of the checkpointed layer; the other one has 0.1.
        counted: num_batches_tracked after one step.
        weight_of_batch: what the running mean, 0 at the start, is times the batch mean.
        variance_gap: largest difference of the running variances of the two.
        output_gap, gradient_gap: largest difference of outputs and of all parameters' gradients.
    """

    momentum: float
    counted: int
    weight_of_batch: float
    variance_gap: float
    output_gap: float
    gradient_gap: float


@dataclass(frozen=True)
class Accumulated:
    """One batch of 64 samples given to a BN layer in pieces, one after another.

    Attributes:
        momentum: of the layer.
        counted: num_batches_tracked afterwards.
        weight_of_start: how much the running mean of before still weighs.
        mean_gap, variance_gap: largest difference from the running statistics of a layer with
            momentum 0.1 that got the batch in one piece.
        output_gap: largest difference of the outputs; the momentum cannot change that.
    """

    momentum: float
    counted: int
    weight_of_start: float
    mean_gap: float
    variance_gap: float
    output_gap: float


@dataclass(frozen=True)
class Recorded:
    """A hand-made BN layer with two places for a `detach`, after K steps of training.

    Attributes:
        detach_normalising: whether the batch statistics that normalise are detached: they must not
            be.
        detach_recorded: whether those that are averaged are: they must be.
        right_gradient: whether the gradient of the input is that of torch's own layer.
        nodes: (K,), nodes of the graph that hangs on the running mean after each step.
        keeps_graph: whether the running mean requires a gradient.
        backward_in_eval: the error of a backward pass after `eval()`, or "" if it works.
        copying: the error of `copy.deepcopy(layer)`, or "" if it works.
    """

    detach_normalising: bool
    detach_recorded: bool
    right_gradient: bool
    nodes: tuple[int, ...]
    keeps_graph: bool
    backward_in_eval: str
    copying: str


class HandMade(nn.Module):
    """BN without gamma and beta, (N, D) -> (N, D), that can detach in two places."""

    def __init__(self, *, detach_normalising: bool, detach_recorded: bool) -> None:
        super().__init__()
        self.detach_normalising, self.detach_recorded = detach_normalising, detach_recorded
        self.register_buffer("running_mean", torch.zeros(FEATURES, dtype=torch.float64))
        self.register_buffer("running_var", torch.ones(FEATURES, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by the batch in training mode, by the running statistics in evaluation mode."""
        if not self.training:
            return (x - self.running_mean) / torch.sqrt(self.running_var + 1e-5)
        mean, var = x.mean(0), x.var(0, correction=0)
        unbiased = var * len(x) / (len(x) - 1)
        new = (mean.detach(), unbiased.detach()) if self.detach_recorded else (mean, unbiased)
        self.running_mean = (1 - MOMENTUM) * self.running_mean + MOMENTUM * new[0]
        self.running_var = (1 - MOMENTUM) * self.running_var + MOMENTUM * new[1]
        if self.detach_normalising:
            mean, var = mean.detach(), var.detach()
        return (x - mean) / torch.sqrt(var + 1e-5)


def momentum_for(passes: int, momentum: float = MOMENTUM) -> float:
    """Return the momentum with which that many passes weigh as much as one with `momentum`."""
    return 1 - (1 - momentum) ** (1 / passes)


def measure_checkpoint(*, use_reentrant: bool, momentum: float = MOMENTUM) -> Checkpointed:
    """Take the gradients of one batch, with the block checkpointed and without."""
    x = _batch(0)
    block = _build_block()
    again = deepcopy(block)
    again[1].momentum = momentum
    y = block(x)
    # The reentrant kind wants an input with a gradient; in a deep net that is the layer below.
    y_again = checkpoint(again, x.clone().requires_grad_(), use_reentrant=use_reentrant)
    for output in (y, y_again):
        output.square().sum().backward()
    weights = again[1].running_mean / block[0](x).detach().mean(0)
    gradients = zip(block.parameters(), again.parameters(), strict=True)
    return Checkpointed(
        momentum=momentum,
        counted=int(again[1].num_batches_tracked),
        weight_of_batch=float(weights.mean()),
        variance_gap=_largest(again[1].running_var - block[1].running_var),
        output_gap=_largest(y_again - y),
        gradient_gap=max(_largest(p.grad - q.grad) for p, q in gradients),
    )


def measure_accumulation(*, momentum: float = MOMENTUM) -> Accumulated:
    """Give a batch to a BN layer in one piece and in `PIECES`, starting from a running mean of 1.

    The outputs are compared too, because accumulation is often said to be the same as one batch.
    """
    x = _batch(0)[:, :FEATURES]
    whole, pieces = (nn.BatchNorm1d(FEATURES).double() for _ in range(2))
    for layer in (whole, pieces):
        nn.init.ones_(layer.running_mean)
    pieces.momentum = momentum
    shares = [1.0]
    outputs = []
    for piece in x.chunk(PIECES):
        outputs.append(pieces(piece))
        shares.append(shares[-1] * (1 - momentum))
    y = whole(x)
    return Accumulated(
        momentum=momentum,
        counted=int(pieces.num_batches_tracked),
        weight_of_start=shares[-1],
        mean_gap=_largest(pieces.running_mean - whole.running_mean),
        variance_gap=_largest(pieces.running_var - whole.running_var),
        output_gap=_largest(torch.cat(outputs) - y),
    )


def measure_recording(
    *, detach_normalising: bool, detach_recorded: bool, steps: int = 5
) -> Recorded:
    """Train Linear, HandMade, Linear for some steps and count the nodes of the graph."""
    net = _build_block()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        head = nn.Linear(FEATURES, 1).double()
    layer = HandMade(detach_normalising=detach_normalising, detach_recorded=detach_recorded)
    right_gradient = _has_right_gradient(deepcopy(layer))
    model = nn.Sequential(net[0], layer, nn.ReLU(), head)
    nodes = []
    for step in range(steps):
        model(_batch(step)).square().mean().backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad
        model.zero_grad()
        nodes.append(count_nodes(layer.running_mean))
    return Recorded(
        detach_normalising=detach_normalising,
        detach_recorded=detach_recorded,
        right_gradient=right_gradient,
        nodes=tuple(nodes),
        keeps_graph=layer.running_mean.requires_grad,
        backward_in_eval=_error_of(lambda: model.eval()(_batch(0)).sum().backward()),
        copying=_error_of(lambda: deepcopy(layer)),
    )


def count_nodes(tensor: Tensor) -> int:
    """Return the number of nodes of the autograd graph that leads to this tensor."""
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return len(seen)


def _build_block() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block = nn.Linear(4, FEATURES), nn.BatchNorm1d(FEATURES, momentum=MOMENTUM), nn.ReLU()
        return nn.Sequential(*block).double()


def _batch(number: int) -> Tensor:
    draw = torch.Generator().manual_seed(number)
    return torch.randn(SAMPLES, 4, dtype=torch.float64, generator=draw) + 2


def _has_right_gradient(layer: HandMade) -> bool:
    x, towards = _batch(7)[:, :FEATURES].clone().requires_grad_(), _batch(8)[:, :FEATURES]
    torchs = nn.BatchNorm1d(FEATURES, affine=False).double()
    (ours,) = torch.autograd.grad((layer(x) * towards).sum(), x)
    (theirs,) = torch.autograd.grad((torchs(x) * towards).sum(), x)
    return torch.allclose(ours, theirs)


def _error_of(action) -> str:
    try:
        action()
    except RuntimeError as error:
        return str(error).split(". ")[0].split(" (")[0]
    return ""


def _largest(values: Tensor) -> float:
    return float(values.detach().abs().max())
