"""Who shares a ruler in a convolutional net: a channel, a single activation, or a channel's image.

A net of two convolutions reads 8 x 8 digits. Behind each convolution stands a normalisation whose
mean and variance run over

- "per channel": all images and all places of a channel, batch norm as in sec. 3.2 of Ioffe &
  Szegedy (2015);
- "per activation": all images at one place of a channel, what batch norm for tables would do with
  every pixel of every feature map as a feature of its own;
- "per image": all places of a channel of one image (instance norm, Ulyanov et al. 2016).

The first two keep running averages for evaluation; the last does the same in both modes. The second
learns a gamma and a beta for each activation, the others for each channel.

Every kind is trained at every batch size at its own best rate, for the same number of epochs, the
last quarter of them at a tenth of that rate, so that weights and averages settle. It is then tested
on images as they are, and on images moved by one pixel to the left, right, up and down.

`python -m bncourse.experiments.shared_ruler` searches the rates and stores what it finds, in about
fifteen minutes of one core.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, draw_layer, mini_batches, one_thread, train

KINDS = ("per channel", "per activation", "per image")
BATCH_SIZES = (2, 4, 8, 16, 32, 64)
SIDE = 8  # pixels of an image along each edge
CHANNELS = (1, 8, 16)
CLASSES = 10
EPOCHS = 20
STAGES = ((0.75, 1.0), (0.25, 0.1))  # share of the updates, factor of the rate: noise settles
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
SEARCH_RATES = tuple(2.0**k for k in range(-8, 8))
FIRST_RATE = SEARCH_RATES.index(0.25)
MOVES = ((0, -1), (0, 1), (-1, 0), (1, 0))
EPS, MOMENTUM = 1e-5, 0.1


@dataclass(frozen=True)
class SharedRuler:
    """Test errors of three ways to share a ruler, for K batch sizes and S seeds.

    Attributes:
        kinds: as in `KINDS`.
        batch_sizes: (K,) images in a mini-batch.
        test_error: (kinds, K, S) share of the 500 test images that are classified wrongly, in
            percent, after `EPOCHS` epochs.
        shifted_error: (kinds, K, S) the same for test images moved by one pixel, the mean over
            four directions; what enters at the edge is paper, what leaves it is lost.
        rates: (kinds, K) learning rate of plain SGD, the best of a search on other seeds.
        parameters: (kinds,) numbers that the two normalisation layers learn.
        seeds: (S,) of splits, weights and batches.
    """

    kinds: tuple[str, ...]
    batch_sizes: np.ndarray
    test_error: np.ndarray
    shifted_error: np.ndarray
    rates: np.ndarray
    parameters: np.ndarray
    seeds: tuple[int, ...]


class StackedNorm(nn.Module):
    """A normalisation of a kind in `KINDS` for each of S networks: maps (N, S * C, H, W)."""

    def __init__(self, kind: str, networks: int, channels: int) -> None:
        super().__init__()
        self.kind, shape = kind, (networks * channels, 1, 1)
        if kind == "per activation":
            shape = (networks * channels, SIDE, SIDE)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        if kind != "per image":
            self.register_buffer("mean", torch.zeros(self.gamma.numel()))
            self.register_buffer("var", torch.ones(self.gamma.numel()))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by the batch in training mode; see the module for evaluation mode."""
        n, c, h, w = x.shape
        if self.kind == "per image":
            x_hat = F.instance_norm(x, eps=EPS)
        else:
            # Laid out as a table, every activation is a feature.
            view = x.reshape(n, -1) if self.kind == "per activation" else x
            x_hat = F.batch_norm(
                view, self.mean, self.var, None, None, self.training, MOMENTUM, EPS
            ).reshape(n, c, h, w)
        return self.gamma * x_hat + self.beta


class StackedConvNet(nn.Module):
    """One convolutional net per seed: images (S, N, 64) to logits (S, N, 10), in float32.

    Convolution, norm, ReLU, twice; then the mean over all places, and a linear layer. No
    convolution has a bias, as a norm follows it. A seed fixes the weights whatever `kind` is.
    """

    def __init__(self, kind: str, seeds: Sequence[int]) -> None:
        super().__init__()
        generators = [np.random.default_rng(seed) for seed in seeds]
        self.networks = len(seeds)

        def drawn(fan_in: int, fan_out: int) -> tuple[Tensor, Tensor]:
            layers = [draw_layer(g, fan_in, fan_out, "torch") for g in generators]
            return tuple(torch.from_numpy(np.stack(a)).float() for a in zip(*layers, strict=True))

        self.filters, self.norms = nn.ParameterList(), nn.ModuleList()
        for before, channels in pairwise(CHANNELS):
            weight, _ = drawn(9 * before, channels)
            weight = weight.transpose(1, 2).reshape(-1, before, 3, 3)
            self.filters.append(nn.Parameter(weight.contiguous()))
            self.norms.append(StackedNorm(kind, self.networks, channels))
        weight, bias = drawn(CHANNELS[-1], CLASSES)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Classify each network's own images."""
        maps = x.transpose(0, 1).reshape(x.shape[1], self.networks, SIDE, SIDE)
        for weight, norm in zip(self.filters, self.norms, strict=True):
            maps = F.relu(norm(F.conv2d(maps, weight, padding=1, groups=self.networks)))
        features = maps.mean(dim=(2, 3)).reshape(len(maps), self.networks, -1).transpose(0, 1)
        return torch.baddbmm(self.bias, features, self.weight)


def measure(
    kind: str, batch_size: int, rate: float, seeds: Sequence[int], epochs: int = EPOCHS
) -> tuple[np.ndarray, np.ndarray]:
    """Train, then return test_error and shifted_error, both (S,) in percent."""
    splits = [load_digits(seed) for seed in seeds]
    samples = len(splits[0].x_train)
    x = torch.from_numpy(np.concatenate([d.x_train for d in splits])).float()
    y = torch.from_numpy(np.concatenate([d.y_train for d in splits]))
    x_test = torch.from_numpy(np.stack([d.x_test for d in splits])).float()
    y_test = torch.from_numpy(np.stack([d.y_test for d in splits]))
    offset = samples * torch.arange(len(seeds))[:, None]
    views = [x_test, *(moved(x_test, *move) for move in MOVES)]

    def errors(model: nn.Module) -> np.ndarray:
        return np.array([100 * (1 - accuracy(model(view), y_test)) for view in views])

    with one_thread():
        model = StackedConvNet(kind, seeds)
        batches = (batch + offset for batch in mini_batches(samples, batch_size, seeds))
        for share, factor in STAGES:
            updates = int(share * epochs * (samples // batch_size))
            (found,) = train(
                model, x, y, batches,
                learning_rate=factor * rate, measure=errors, measure_at=[updates],
            )  # fmt: skip
    return found[0], found[1:].mean(axis=0)


def moved(x: Tensor, down: int, right: int) -> Tensor:
    """Move images (..., 64) by whole pixels; paper comes in at the edge."""
    images = x.reshape(*x.shape[:-1], SIDE, SIDE)
    # A frame of paper, so that what comes round the other side is paper.
    framed = F.pad(images, (1, 1, 1, 1)).roll((down, right), dims=(-2, -1))
    return framed[..., 1:-1, 1:-1].reshape(x.shape)


def search_rate(kind: str, batch_size: int) -> dict:
    """Find the rate with the lowest mean test error on the seeds of the search.

    It starts at `FIRST_RATE` and goes on until two rates below and two above the best were tried.
    """
    tried: dict[int, float] = {}

    def error(k: int) -> float:
        if k not in tried:
            found, _ = measure(kind, batch_size, SEARCH_RATES[k], SEARCH_SEEDS)
            tried[k] = float(found.mean())
        return tried[k]

    error(FIRST_RATE)
    while True:
        best = min(tried, key=tried.get)
        near = [k for k in range(best - 2, best + 3) if 0 <= k < len(SEARCH_RATES)]
        missing = [k for k in near if k not in tried]
        if not missing:
            break
        error(min(missing, key=lambda k: abs(k - best)))
    order = sorted(tried)
    return {
        "learning_rate": SEARCH_RATES[best],
        "learning_rates": [SEARCH_RATES[k] for k in order],
        "mean_errors": [round(tried[k], 3) for k in order],
    }


def count_parameters(kind: str) -> int:
    """Return how many numbers the two normalisation layers of one net learn."""
    norms = StackedConvNet(kind, SEEDS[:1]).norms
    return sum(parameter.numel() for parameter in norms.parameters())


def measure_all() -> dict:
    """Search the rates, then train every kind at every batch size."""
    arms = []
    for kind in KINDS:
        for batch_size in BATCH_SIZES:
            search = search_rate(kind, batch_size)
            test, shifted = measure(kind, batch_size, search["learning_rate"], SEEDS)
            arm = {"kind": kind, "batch_size": batch_size, **search}
            arm["test_error"] = test.round(2).tolist()
            arm["shifted_error"] = shifted.round(2).tolist()
            arms.append(arm)
            print(arm, flush=True)
    return {
        "network": {"channels": CHANNELS, "filter": [3, 3], "classes": CLASSES},
        "epochs": EPOCHS,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "parameters": {kind: count_parameters(kind) for kind in KINDS},
        "arms": arms,
    }


def load_shared_ruler() -> SharedRuler:
    """Return the stored comparison."""
    stored = results.load("shared_ruler")
    arms = {(arm["kind"], arm["batch_size"]): arm for arm in stored["arms"]}

    def table(name: str) -> np.ndarray:
        return np.array([[arms[kind, size][name] for size in BATCH_SIZES] for kind in KINDS])

    return SharedRuler(
        KINDS,
        np.array(BATCH_SIZES),
        table("test_error"),
        table("shifted_error"),
        table("learning_rate"),
        np.array([stored["parameters"][kind] for kind in KINDS]),
        tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.shared_ruler"
    print(results.store("shared_ruler", command, measure_all()))
