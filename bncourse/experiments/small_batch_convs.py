"""Small batches and convolutions: why two images are enough there, and when they are not.

A net of two 3 x 3 convolutions reads 8 x 8 digits, with mini-batches of 32, 4 and 2. Behind each
convolution stands "BN" (one mean for each channel, over B * 64 numbers), "GN" (4 groups), "LN" (one
group: all channels and places of an image) or "none". The control, "BN per place", takes a mean for
each place of each channel, over B numbers: the same net, images and batches, but with as few
numbers per mean as in an MLP. If a failure at B = 2 comes from the number of images it shows in
both kinds of BN; if it comes from the numbers per mean it shows in the control alone.

Two heads, as a head decides what of the maps is read: "flatten", a linear layer on all places of
all channels, and "mean", a linear layer on each channel's mean over its places (global average
pooling), which learns more slowly and is trained longer.

Two budgets are given, as they favour different batch sizes: the same number of epochs, where
batches of 2 make 16 times as many updates as batches of 32, and the same number of updates, where
they see a sixteenth of the images. Only within one batch size do both compare the same. The last
quarter of the updates is made at a tenth of the rate. Everything runs at its own best rate for its
budget, found on other seeds, in float32. `shared_ruler` has both kinds of BN with the mean head for
20 epochs.

`python -m bncourse.experiments.small_batch_convs` searches the rates and stores what it finds, in
about ten minutes of one core.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.shared_ruler import StackedNorm
from bncourse.experiments.small_batches import search_rate, train_stack
from bncourse.experiments.training import accuracy, draw_layer, mini_batches, one_thread

ARMS = ("BN", "GN", "LN", "none", "BN per place")
HEADS = ("flatten", "mean")
BATCH_SIZES = (32, 4, 2)
EPOCHS = {"flatten": 2, "mean": 6}
UPDATES = {"flatten": 600, "mean": 2000}  # batches of 4 make about as many in those epochs
BUDGETS = ("epochs", "updates")
CHANNELS = (1, 8, 16)
SIDE, CLASSES, GROUPS = 8, 10, 4
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
FIRST_RATE = 0.25
RULERS = {"BN": "per channel", "BN per place": "per activation"}  # names in shared_ruler


@dataclass(frozen=True)
class SmallBatchConvs:
    """Test errors of conv nets under two budgets: H heads, A arms, K batch sizes, S seeds.

    Attributes:
        arms, heads: as in `ARMS` and `HEADS`.
        batch_sizes: (K,) images in a mini-batch, descending.
        epochs: (H,) of each head's nets under the first budget.
        test_error: (H, A, K, S) share of the 500 test images that are classified wrongly, in
            percent, after equally many epochs.
        rates: (H, A, K) learning rates, the best of a search on other seeds.
        updates: (H,) of each head's nets under the second budget.
        updates_error: (H, A, K, S) as test_error, after equally many updates.
        updates_rates: (H, A, K) as rates, searched for that budget.
        seeds: (S,) of splits, weights and batches.
    """

    arms: tuple[str, ...]
    heads: tuple[str, ...]
    batch_sizes: np.ndarray
    epochs: tuple[int, ...]
    test_error: np.ndarray
    rates: np.ndarray
    updates: tuple[int, ...]
    updates_error: np.ndarray
    updates_rates: np.ndarray
    seeds: tuple[int, ...]


class StackedGroups(nn.Module):
    """Group normalisation for each of S networks: maps (N, S * C, H, W), one gamma per channel."""

    def __init__(self, networks: int, channels: int, groups: int) -> None:
        super().__init__()
        self.groups = networks * groups  # networks lie one behind the other, and so do groups
        self.gamma = nn.Parameter(torch.ones(networks * channels))
        self.beta = nn.Parameter(torch.zeros(networks * channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each image by itself."""
        return F.group_norm(x, self.groups, self.gamma, self.beta)


def build_norm(arm: str, networks: int, channels: int) -> nn.Module:
    """Return the normalisation of an arm for maps (N, networks * channels, 8, 8)."""
    if arm == "none":
        return nn.Identity()
    if arm in RULERS:
        return StackedNorm(RULERS[arm], networks, channels)
    return StackedGroups(networks, channels, GROUPS if arm == "GN" else 1)


class StackedConvNet(nn.Module):
    """One convolutional net per seed: images (S, N, 64) to logits (S, N, 10), in float32.

    Convolution, norm, ReLU, twice, then the head. Convolutions have a bias where no norm follows. A
    seed fixes the weights of a head whatever the arm is.
    """

    def __init__(self, arm: str, head: str, seeds: Sequence[int]) -> None:
        super().__init__()
        generators = [np.random.default_rng(seed) for seed in seeds]
        self.head, self.networks = head, len(seeds)

        def drawn(fan_in: int, fan_out: int) -> tuple[Tensor, Tensor]:
            layers = [draw_layer(g, fan_in, fan_out, "torch") for g in generators]
            return tuple(torch.from_numpy(np.stack(a)).float() for a in zip(*layers, strict=True))

        self.filters, self.biases = nn.ParameterList(), nn.ParameterList()
        self.norms = nn.ModuleList()
        for before, channels in pairwise(CHANNELS):
            weight, bias = drawn(9 * before, channels)
            weight = weight.transpose(1, 2).reshape(-1, before, 3, 3)
            self.filters.append(nn.Parameter(weight.contiguous()))
            if arm == "none":
                self.biases.append(nn.Parameter(bias.flatten()))
            self.norms.append(build_norm(arm, self.networks, channels))
        places = SIDE**2 if head == "flatten" else 1
        weight, bias = drawn(CHANNELS[-1] * places, CLASSES)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Classify each network's own images."""
        maps = x.transpose(0, 1).reshape(x.shape[1], self.networks, SIDE, SIDE)
        biases = self.biases or (None,) * len(self.filters)
        for weight, bias, norm in zip(self.filters, biases, self.norms, strict=True):
            maps = F.relu(norm(F.conv2d(maps, weight, bias, padding=1, groups=self.networks)))
        features = maps.mean(dim=(2, 3)) if self.head == "mean" else maps
        features = features.reshape(len(maps), self.networks, -1).transpose(0, 1)
        return torch.baddbmm(self.bias, features, self.weight)


def measure(
    arm: str,
    head: str,
    batch_size: int,
    epochs: int,
    seeds: Sequence[int],
    rates: Sequence[float],
    *,
    updates: int | None = None,
) -> np.ndarray:
    """Train one network per rate and seed; return the test errors in percent, (rates, S).

    `updates` says how many in place of those that the epochs have.
    """
    count = len(rates)
    x, y, x_test, y_test = load_stack(tuple(seeds))
    samples = x.shape[1]
    first = samples * torch.arange(len(seeds))[:, None]
    batches = ((first + b).repeat(count, 1) for b in mini_batches(samples, batch_size, seeds))
    with one_thread():
        model = StackedConvNet(arm, head, tuple(seeds) * count)
        each = np.repeat(rates, len(seeds)).tolist()
        updates = updates or epochs * (samples // batch_size)
        train_stack(model, x.flatten(0, 1).float(), y.flatten(), batches, each, updates)
        with torch.no_grad():
            right = accuracy(model(x_test.float().repeat(count, 1, 1)), y_test.repeat(count, 1))
    return 100 * (1 - right.reshape(count, -1))


def signs_only(arm: str, batch_size: int, within: float = 0.01, batches: int = 50) -> float:
    """Return the share of x_hat that is 1 or -1, up to `within`, in the first norm of an arm.

    Measured on random batches of training digits, with the weights of the first seed.
    """
    x = load_stack(SEEDS[:1])[0].float()
    with torch.no_grad():
        net = StackedConvNet(arm, "mean", SEEDS[:1])
        found = []
        for batch, _ in zip(
            mini_batches(x.shape[1], batch_size, SEEDS[:1]), range(batches), strict=False
        ):
            maps = x[0, batch[0]].view(-1, 1, SIDE, SIDE)
            x_hat = net.norms[0](F.conv2d(maps, net.filters[0], padding=1))
            found.append(float(((x_hat.abs() - 1).abs() < within).double().mean()))
    return float(np.mean(found))


def numbers_per_mean(arm: str, batch_size: int) -> int:
    """Return how many numbers of a channel's maps share a mean, found by changing one of them.

    Raises KeyError for arms other than the two kinds of batch norm.
    """
    norm = StackedNorm(RULERS[arm], 1, 1)
    maps = torch.from_numpy(np.random.default_rng(0).normal(size=(batch_size, 1, SIDE, SIDE)))
    changed = maps.clone()
    changed[0, 0, 3, 3] += 1
    with torch.no_grad():
        before, after = norm(maps.float()), norm(changed.float())
    return int((before != after).sum())


def compare(head: str, arm: str, budget: str) -> list[dict]:
    """Search the rates of an arm, then train it at every batch size; return one dict for each."""
    runs: list[dict] = []
    epochs, updates = EPOCHS[head], UPDATES[head] if budget == "updates" else None
    for size in BATCH_SIZES:
        task = arm, head, size, epochs

        def error(rates: list[float], task=task) -> np.ndarray:
            return measure(*task, SEARCH_SEEDS, rates, updates=updates)

        guess = FIRST_RATE
        if runs:  # smaller batches want smaller rates, if not quite in proportion
            guess = runs[-1]["rate"] * (size / runs[-1]["batch_size"]) ** 0.75
        search = search_rate(error, guess, width=1)
        errors = measure(*task, SEEDS, [search["rate"]], updates=updates)[0].round(2).tolist()
        length = {"epochs": epochs} if updates is None else {"updates": updates}
        named = {"budget": budget, **length, "head": head, "arm": arm, "batch_size": size}
        runs.append({**named, **search, "test_error": errors})
    return runs


def measure_all() -> dict:
    """Compare all arms with both heads, for both budgets."""
    runs = []
    for budget, head, arm in product(BUDGETS, HEADS, ARMS):
        runs += compare(head, arm, budget)
        print(*runs[-len(BATCH_SIZES) :], sep="\n", flush=True)
    return {
        "network": {"channels": CHANNELS, "filter": [3, 3], "classes": CLASSES},
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
    }


def load_small_batch_convs() -> SmallBatchConvs:
    """Return the stored comparison."""
    stored = results.load("small_batch_convs")
    keys = "budget", "head", "arm", "batch_size"
    runs = {tuple(run[key] for key in keys): run for run in stored["runs"]}

    def table(name: str, b: str) -> np.ndarray:
        return np.array(
            [[[runs[b, h, a, size][name] for size in BATCH_SIZES] for a in ARMS] for h in HEADS]
        )

    return SmallBatchConvs(
        ARMS,
        HEADS,
        np.array(BATCH_SIZES),
        tuple(EPOCHS[head] for head in HEADS),
        table("test_error", "epochs"),
        table("rate", "epochs"),
        tuple(UPDATES[head] for head in HEADS),
        table("test_error", "updates"),
        table("rate", "updates"),
        tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.small_batch_convs"
    print(results.store("small_batch_convs", command, measure_all()))
