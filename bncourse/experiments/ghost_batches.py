"""Ghost batches: the gradient's batch stays, only the batch of the statistics shrinks.

Training with fewer images per batch changes two things at once: the statistics and the noise of the
gradient. Ghost batch norm (Hoffer, Hubara & Soudry 2017, arXiv 1705.08741) takes them apart: every
update averages the gradient over 96 images, but they are cut into groups, and each group is
normalised by its own mean and variance. The net is the MLP of `small_batches`. Every size of the
groups is trained at its own best rate, found on other seeds, for two numbers of updates.

Two errors are measured. In evaluation mode the running averages are used, which follow all 96
images, so evaluation is the same for every size. In training mode the test images are normalised in
random groups of the same size, as the training images were: a net that only suffered from the
change of modes would do well there.

`python -m bncourse.experiments.ghost_batches` searches the rates and stores what it finds, in about
three minutes of one core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.small_batches import SIZES, search_rate, train_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
)

BATCH_SIZE = 96  # of every gradient
GROUP_SIZES = (96, 32, 16, 8, 4, 3, 2)
BUDGETS = (200, 600)  # updates
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
FIRST_RATE = 0.5


@dataclass(frozen=True)
class GhostBatches:
    """Test errors for K sizes of the groups, S seeds and two numbers of updates.

    Attributes:
        batch_size: images in every gradient.
        group_sizes: (K,) images that share a mean and a variance, descending.
        updates: (2,).
        test_error: (2, K, S) share of the 500 test images that are classified wrongly, in percent,
            in evaluation mode.
        group_error: (2, K, S) the same in training mode, in random groups of the same size; what
            does not fill a group is left out.
        rates: (2, K) learning rates, the best of a search on other seeds.
        seeds: (S,) of splits, weights and batches.
    """

    batch_size: int
    group_sizes: np.ndarray
    updates: tuple[int, ...]
    test_error: np.ndarray
    group_error: np.ndarray
    rates: np.ndarray
    seeds: tuple[int, ...]


class GhostBatchNorm1d(nn.BatchNorm1d):
    """Batch norm of groups of `size` samples: (N, D) -> (N, D), in the order in which they come.

    The running averages take mean and variance of all N samples: evaluation is not about groups.
    In training mode N has to be a multiple of `size`, or RuntimeError is raised. Hoffer and others
    update the averages once for each group; with the unbiased variances of the groups that leads to
    nearly the same numbers, more noisily.
    """

    def __init__(self, features: int, size: int, **options: object) -> None:
        super().__init__(features, **options)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by groups in training mode, by the running averages in evaluation mode."""
        if not self.training:
            return super().forward(x)
        with torch.no_grad():
            super().forward(x)  # for the running averages alone
        groups = x.reshape(-1, self.size, x.shape[1])  # one more axis, and the mean runs over it
        mean = groups.mean(dim=1, keepdim=True)
        var = groups.var(dim=1, keepdim=True, unbiased=False)
        x_hat = (groups - mean) / torch.sqrt(var + self.eps)
        return self.weight * x_hat.reshape(x.shape) + self.bias


class StackedGhostNorm(StackedBatchNorm):
    """The same for each of S networks: (S, N, D) -> (S, N, D)."""

    def __init__(self, networks: int, features: int, size: int) -> None:
        super().__init__(networks, features)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by groups in training mode, by the running averages in evaluation mode."""
        if not self.training:
            return super().forward(x)
        networks, _, features = x.shape
        with torch.no_grad():
            var, mean = torch.var_mean(x, dim=1)
            self.running_mean.lerp_(mean.flatten(), self.momentum)
            self.running_var.lerp_(var.flatten(), self.momentum)
        x_hat = by_groups(x, self.size, self.eps)
        gamma, beta = (p.view(networks, 1, features) for p in (self.weight, self.bias))
        return torch.addcmul(beta, x_hat, gamma)


def by_groups(x: Tensor, size: int, eps: float) -> Tensor:
    """Return x_hat of (S, N, D) in groups of `size` along N."""
    # Layer norm is the same formula along the last axis, and quick: the samples are put there.
    groups = x.unflatten(1, (-1, size)).transpose(-1, -2)
    return F.layer_norm(groups, (size,), eps=eps).transpose(-1, -2).flatten(1, 2)


def measure(
    size: int, updates: int, seeds: Sequence[int], rates: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Train one network per rate and seed; return test_error and group_error, both (rates, S).

    All rates of a seed meet the same weights and batches. In float32.
    """
    count = len(rates)
    x, y, x_test, y_test = load_stack(tuple(seeds))
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    model = build(size, tuple(seeds) * count)
    batches = ((first + b).repeat(count, 1) for b in mini_batches(x.shape[1], BATCH_SIZE, seeds))
    with one_thread():
        each = np.repeat(rates, len(seeds)).tolist()
        train_stack(model, x.flatten(0, 1).float(), y.flatten(), batches, each, updates)
        # A random order for the groups; the same in both modes.
        kept = len(y_test[0]) // size * size
        order = np.random.default_rng(size).permutation(len(y_test[0]))
        stack, classes = x_test[:, order].float().repeat(count, 1, 1), y_test[:, order]
        classes = classes.repeat(count, 1)
        with torch.no_grad():
            plain = accuracy(model(stack), classes)
            grouped = accuracy(model.train()(stack[:, :kept]), classes[:, :kept])
    shape = count, len(seeds)
    return tuple(100 * (1 - right.reshape(shape)) for right in (plain, grouped))


def build(size: int, seeds: Sequence[int]) -> nn.Sequential:
    """Return a stack of the MLPs of `small_batches` with `StackedGhostNorm`, in float32."""
    model = build_mlp(
        SIZES, seeds, activation="relu", init="torch", norm="batch", hidden_bias=False
    )
    for k, layer in enumerate(model):
        if isinstance(layer, StackedBatchNorm):
            model[k] = StackedGhostNorm(len(seeds), layer.num_features // len(seeds), size)
    return model.float()


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then train with every size of the groups, for both budgets."""
    runs = []
    for updates in BUDGETS:
        rate = None
        for size in GROUP_SIZES:

            def error(rates: list[float], task=(size, updates)) -> np.ndarray:
                return measure(*task, SEARCH_SEEDS, rates)[0]

            search = search_rate(error, rate or FIRST_RATE)
            rate = search["rate"]
            plain, grouped = measure(size, updates, SEEDS, [rate])
            runs.append(
                {
                    "updates": updates,
                    "group_size": size,
                    **search,
                    "test_error": plain[0].round(2).tolist(),
                    "group_error": grouped[0].round(2).tolist(),
                }
            )
            report(f"{updates} {size} {search} {plain.mean():.2f} {grouped.mean():.2f}")
    return {
        "network": {"sizes": SIZES, "activation": "relu"},
        "batch_size": BATCH_SIZE,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
    }


def load_ghost_batches() -> GhostBatches:
    """Return the stored comparison."""
    stored = results.load("ghost_batches")
    runs = {(run["updates"], run["group_size"]): run for run in stored["runs"]}

    def table(name: str) -> np.ndarray:
        return np.array([[runs[u, size][name] for size in GROUP_SIZES] for u in BUDGETS])

    return GhostBatches(
        stored["batch_size"],
        np.array(GROUP_SIZES),
        BUDGETS,
        table("test_error"),
        table("group_error"),
        table("rate"),
        tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.ghost_batches"
    print(results.store("ghost_batches", command, measure_all()))
