"""What the probes of a training run share: the nets, one step and its gradients, mini-batches.

Two nets are probed, in stacks of one net per seed: that of `noisy_batch_norm` with five hidden
layers of ReLUs, and that of `sigmoid_nets` with three of sigmoids. A probe takes steps of its own
and must leave no trace, neither in the parameters nor in the running statistics of a BN.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.noisy_batch_norm import load_noisy_batch_norm
from bncourse.experiments.sigmoid_nets import best_rate
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

BATCH_SIZE = 60
SEEDS = (0, 1, 2, 3, 4)
NETS = {
    "ReLU": {"sizes": (64, *[64] * 5, 10), "activation": "relu", "init": "he"},
    "sigmoid": {"sizes": (64, *[100] * 3, 10), "activation": "sigmoid", "init": 0.1},
}
UPDATES = {"ReLU": 300, "sigmoid": 1200}  # for how long each is trained


def build(net: str, with_bn: bool, seeds: Sequence[int]) -> nn.Sequential:
    """Return a stack of the nets called "ReLU" or "sigmoid"; no bias stands right before a BN."""
    return build_mlp(
        seeds=seeds, norm="batch" if with_bn else None, hidden_bias=not with_bn, **NETS[net]
    )


def own_rate(net: str, with_bn: bool) -> float:
    """Return an arm's own best learning rate, which was searched on other seeds."""
    name = "with BN" if with_bn else "without BN"
    return best_rate(name) if net == "sigmoid" else load_noisy_batch_norm().run(name).rate


@contextmanager
def probing(model: nn.Module) -> Iterator[None]:
    """Use batch statistics and gradients inside the block, and leave the model as it was.

    The running statistics of every BN are put back, and so are all parameters and the mode.
    """
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mode = model.training
    model.train()
    try:
        with torch.enable_grad():
            yield
    finally:
        model.load_state_dict(before)
        model.train(mode)


def gradients(model: nn.Module, x: Tensor, y: Tensor) -> tuple[np.ndarray, list[Tensor]]:
    """Return each network's loss (S,) and the gradients of all parameters.

    x is (S, N, D), y is (S, N). Each network gets the gradient of its own mean loss.
    """
    logits = model(x)
    each = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
    losses = each.view(y.shape).mean(dim=1)
    parameters = list(model.parameters())
    return losses.detach().numpy(), list(torch.autograd.grad(losses.sum(), parameters))


def step(model: nn.Module, grads: Sequence[Tensor], rate: float | Tensor) -> None:
    """Move the parameters by -rate times the gradients."""
    with torch.no_grad():
        for parameter, gradient in zip(model.parameters(), grads, strict=True):
            parameter.sub_(rate * gradient)


class Probes:
    """For every checkpoint one mini-batch per seed, and images on which distributions are seen."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.x, self.y, self.x_test, self.y_test = load_stack(tuple(seeds))
        self.seeds = tuple(seeds)
        # Not the stream that training draws from: the probe must not use up its batches.
        self._batches = mini_batches(self.x.shape[1], BATCH_SIZE, [1000 + s for s in seeds])

    def batch(self) -> tuple[Tensor, Tensor]:
        """Return the next x (S, 60, 64) and y (S, 60)."""
        numbers, networks = next(self._batches), torch.arange(len(self.seeds))[:, None]
        return self.x[networks, numbers], self.y[networks, numbers]

    def train(
        self,
        model: nn.Sequential,
        rate: float,
        measure: Callable[[nn.Sequential], dict],
        measure_at: Sequence[int],
    ) -> dict[str, np.ndarray]:
        """Train, and return what was measured, with the checkpoints as a new first axis."""
        first = self.x.shape[1] * torch.arange(len(self.seeds))[:, None]

        def with_accuracy(model: nn.Sequential) -> dict:
            return {"accuracy": accuracy(model(self.x_test), self.y_test), **measure(model)}

        with one_thread():
            readings = train(
                model,
                self.x.flatten(0, 1),
                self.y.flatten(),
                (first + b for b in mini_batches(self.x.shape[1], BATCH_SIZE, self.seeds)),
                learning_rate=rate,
                measure=with_accuracy,
                measure_at=measure_at,
            )
        return {name: np.stack([reading[name] for reading in readings]) for name in readings[0]}


def checkpoints(updates: int, count: int) -> list[int]:
    """Return that many numbers of updates, evenly from 0 to `updates`."""
    return [round(k * updates / (count - 1)) for k in range(count)]


def as_plain(record: object) -> dict:
    """Return the fields of a record for JSON: four significant digits, None for inf and nan."""

    def plain(value: object) -> object:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, float):
            return float(f"{value:.4g}") if np.isfinite(value) else None
        return value

    return {
        name: plain(value.tolist() if isinstance(value, np.ndarray) else value)
        for name, value in vars(record).items()
    }


def from_plain(kind: type, stored: dict) -> object:
    """Return a record of that dataclass from what `as_plain` returned; None becomes nan."""
    return kind(
        **{
            name: np.array(value, dtype=float if name != "updates" else int)
            if isinstance(value, list)
            else value
            for name, value in stored.items()
        }
    )
