"""A label that only the contrast, or only the brightness, of an image carries: which norm keeps it?

Half of the digits are dimmed, 0.5 x; or half of them are brightened, x + 0.5. The task is to say
which. Normalising every image by its own mean and variance makes the two kinds equal, up to eps: a
net behind it can only guess. Batch norm measures all images with one ruler and keeps the
difference. Layer norm behind a linear layer deletes the contrast only if the layer has no bias, and
does not delete the brightness: the layer has turned it into different numbers in different units.

A net has one hidden layer of 64 ReLUs. It is trained at three rates, and for each arm the rate with
the best training accuracy counts, the mean over all seeds. About two seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.small_batches import train_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
)

PIXELS, EPS = 64, 1e-5
LABELS = ("dimmed", "brightened")
# What stands on the image, the norm of the hidden layer, whether that has a bias.
NETS = {
    "none": (None, None, True),
    "BN of the image": ("batch", None, True),
    "LN of the image": ("layer", None, True),
    "LN behind a layer": (None, "layer", True),
    "LN behind a layer, no bias": (None, "layer", False),
}
RATES = (0.05, 0.2, 0.8)
BATCH_SIZE, UPDATES = 60, 60
SEEDS = (0, 1, 2, 3, 4)


class ImageNorm(nn.Module):
    """Layer norm of every image, without gamma and beta."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., 64) over the pixels."""
        return F.layer_norm(x, x.shape[-1:], eps=EPS)


@dataclass(frozen=True)
class BrightnessLabel:
    """Accuracies of A arms on L tasks, S seeds; guessing is right half the time.

    Attributes:
        arms: as in `NETS`.
        labels: "dimmed", whether an image was multiplied by 0.5; "brightened", whether 0.5 was
            added to it.
        accuracy: (A, L, S) on the 500 test images, half of them changed.
        rates: (A, L) learning rates.
        apart: (L,) largest difference that is left between an image and its changed copy after
            layer norm of the image, over all test images.
        seeds: (S,).
    """

    arms: tuple[str, ...]
    labels: tuple[str, ...]
    accuracy: np.ndarray
    rates: np.ndarray
    apart: np.ndarray
    seeds: tuple[int, ...]

    def __str__(self) -> str:
        """Return a table of the accuracies, mean ± sd over the seeds, in percent."""
        lines = [f"{'was it …?':28}" + "".join(f"{label:>16}" for label in self.labels)]
        for arm, rows in zip(self.arms, 100 * self.accuracy, strict=True):
            cells = "".join(f"{f'{row.mean():.1f} ± {row.std(ddof=1):.1f}':>16}" for row in rows)
            lines.append(f"{arm:28}{cells}")
        return "\n".join(lines)


def relabelled(x: Tensor, label: str, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Change half of the images (S, N, 64), drawn for each seed; return them and which, (S, N)."""
    count = x.shape[1]
    halves = np.arange(count) % 2
    drawn = [np.random.default_rng([seed, 3, count]).permutation(halves) for seed in seeds]
    chosen = torch.from_numpy(np.stack(drawn))
    return torch.where(chosen[..., None] == 1, change(x, label), x), chosen


def change(x: Tensor, label: str) -> Tensor:
    """Dim or brighten images."""
    return 0.5 * x if label == "dimmed" else x + 0.5


def measure_brightness_label(
    seeds: Sequence[int] = SEEDS, updates: int = UPDATES, rates: Sequence[float] = RATES
) -> BrightnessLabel:
    """Train every arm on both tasks."""
    images, _, tests, _ = (part.float() for part in load_stack(tuple(seeds)))
    found = []
    for net in NETS:
        for label in LABELS:
            training, test = (relabelled(part, label, seeds) for part in (images, tests))
            found.append(_best(net, training, test, seeds, updates, rates))
    norm = ImageNorm()
    apart = [(norm(change(tests, label)) - norm(tests)).abs().max().item() for label in LABELS]
    right, best = zip(*found, strict=True)
    shape = len(NETS), len(LABELS)
    return BrightnessLabel(
        tuple(NETS),
        LABELS,
        np.array(right).reshape(*shape, len(seeds)),
        np.array(best).reshape(shape),
        np.array(apart),
        tuple(seeds),
    )


def build(net: str, seeds: Sequence[int]) -> nn.Sequential:
    """Build one network per seed, float32: (S, N, 64) to logits (S, N, 2)."""
    first, norm, has_bias = NETS[net]
    kind = {"activation": "relu", "init": "torch", "norm": norm, "hidden_bias": has_bias}
    front = {
        "batch": lambda: [StackedBatchNorm(len(seeds), PIXELS)],
        "layer": lambda: [ImageNorm()],
        None: list,
    }[first]()
    return nn.Sequential(*front, *build_mlp((PIXELS, 64, 2), tuple(seeds), **kind)).float()


def _best(
    net: str,
    training: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    seeds: Sequence[int],
    updates: int,
    rates: Sequence[float],
) -> tuple[np.ndarray, float]:
    """Return the test accuracies (S,) at the rate with the best training accuracy, and the rate."""
    (x, y), count = training, len(rates)
    offset = x.shape[1] * torch.arange(len(seeds))[:, None]
    model = build(net, tuple(seeds) * count)
    stream = mini_batches(x.shape[1], BATCH_SIZE, seeds)
    batches = ((offset + batch).repeat(count, 1) for batch in stream)
    with one_thread(), torch.enable_grad():
        each = np.repeat(rates, len(seeds)).tolist()
        train_stack(model, x.flatten(0, 1), y.flatten(), batches, each, updates)
        with torch.no_grad():
            scores = [
                accuracy(model(a.repeat(count, 1, 1)), b.repeat(count, 1)).reshape(count, -1)
                for a, b in (training, test)
            ]
    best = int(scores[0].mean(1).argmax())
    return scores[1][best], rates[best]
