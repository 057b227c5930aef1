"""Test images that changed after training: what re-measured running statistics repair.

A convolutional net learns the digits as they are. Then every image is shifted: less contrast, more
brightness, noise, blur, ink and paper exchanged. No weight is changed. Only the running statistics
of the BN layers are measured again, on shifted images, and for that no labels are needed (the idea
is Li et al. 2016, "Revisiting Batch Normalization For Practical Domain Adaptation", arXiv
1603.04779).

Three controls. What re-measuring does to clean images. A net without BN, trained at its own best
rate, on the same shifted images. And a net trained from scratch on shifted images with their
labels: it tells how much of a loss is the images' own, and how much is the net's.

`python -m bncourse.experiments.shifts` searches the rates and measures, in about seven minutes.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, draw_layer, mini_batches, one_thread, train

CHANNELS = (1, 16, 32, 32)
BATCH_SIZE = 60
UPDATES, SETTLING_UPDATES = 600, 200
SETTLING = 0.2  # times the rate, in the last updates
SEEDS = tuple(range(5))
SEARCH_SEEDS = tuple(range(100, 105))  # not those of the comparison
SEARCH_RATES = {"batch": (0.1, 0.2, 0.4, 0.8, 1.6), "none": (0.1, 0.2, 0.4, 0.8)}
FEW, HUNDRED = 32, 100  # images to measure the statistics on

# Images are (N, 1, 8, 8), 0 is paper and 1 is ink; a result may lie outside 0 to 1.
SHIFTS: dict[str, Callable[[Tensor, np.random.Generator], Tensor]] = {
    "contrast × 0.5": lambda x, _: 0.5 * x,
    "contrast × 0.25": lambda x, _: 0.25 * x,
    "brightness + 0.5": lambda x, _: x + 0.5,
    "noise, sd 0.3": lambda x, draw: x + torch.from_numpy(draw.normal(0, 0.3, x.shape)).to(x),
    "blur, 3 × 3 mean": lambda x, _: F.avg_pool2d(x, 3, stride=1, padding=1),
    "inverted": lambda x, _: 1 - x,
}


@dataclass(frozen=True)
class Shifts:
    """Accuracy on all 500 test images, for K shifts and S seeds.

    A seed draws the weights, the order of the batches, the noise, and the images of `few`,
    `hundred` and `skewed`. Fields that begin with clean are measured on images that were not
    shifted. The nets are in evaluation mode everywhere.

    Attributes:
        names: the K shifts.
        clean, frozen: (S,) and (K, S), with the running statistics of the training.
        clean_recalibrated, recalibrated: measured again on all 1297 training images, shifted.
        clean_few, few: on 32 of the test images, shifted.
        clean_hundred, hundred: on 100 training images of all classes, shifted.
        clean_skewed, skewed: on 100 training images of two classes, shifted.
        border_too: (S,) as `recalibrated` with brightness + 0.5, but what the first layer pads the
            images with is brightened too, so that the shift is a constant everywhere.
        retrained: (K, S), a net trained on shifted training images with their labels.
        plain_clean, plain: (S,) and (K, S), the net without BN.
    """

    names: tuple[str, ...]
    clean: np.ndarray
    frozen: np.ndarray
    clean_recalibrated: np.ndarray
    recalibrated: np.ndarray
    clean_few: np.ndarray
    few: np.ndarray
    clean_hundred: np.ndarray
    hundred: np.ndarray
    clean_skewed: np.ndarray
    skewed: np.ndarray
    border_too: np.ndarray
    retrained: np.ndarray
    plain_clean: np.ndarray
    plain: np.ndarray


def load_shifts() -> Shifts:
    """Return the stored measurement."""
    record = results.load("shifts")
    arrays = {f.name: np.array(record["accuracy"][f.name]) for f in fields(Shifts)[1:]}
    return Shifts(tuple(record["names"]), **arrays)


def build_net(seed: int, norm: str) -> nn.Sequential:
    """Three 3 x 3 convolutions, the mean over space, a linear layer: (N, 1, 8, 8) -> (N, 10).

    With `norm` "batch", BN stands before every ReLU, and the convolutions have no bias; with "none"
    they have one. The convolutions are drawn from N(0, 2 / fan_in), the rule of He et al. 2015.
    """
    draw = np.random.default_rng(seed)
    modules: list[nn.Module] = []
    for before, after in pairwise(CHANNELS):
        conv = nn.Conv2d(before, after, 3, padding=1, bias=norm == "none")
        weight = draw.normal(0, np.sqrt(2 / (9 * before)), conv.weight.shape)
        conv.weight.data = torch.from_numpy(weight).float()
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        modules += [conv, *[nn.BatchNorm2d(after)] * (norm == "batch"), nn.ReLU()]
    head = nn.Linear(CHANNELS[-1], 10)
    weight, bias = draw_layer(draw, CHANNELS[-1], 10, "torch")
    head.weight.data, head.bias.data = (torch.from_numpy(a).float() for a in (weight.T, bias[0]))
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def train_net(seed: int, norm: str, rate: float, x: Tensor, y: Tensor) -> nn.Sequential:
    """Return a net trained by SGD on images x (N, 1, 8, 8) of the classes y, in eval mode.

    The last updates have a lower rate. Without them a net bounces, and what it reads at the end
    depends on when that is.
    """
    net = build_net(seed, norm)
    batches = (batch for (batch,) in mini_batches(len(x), BATCH_SIZE, [seed]))
    with one_thread():
        for updates, step in ((UPDATES, rate), (SETTLING_UPDATES, SETTLING * rate)):
            train(net, x, y, batches, learning_rate=step, measure=id, measure_at=[updates])
    return net.eval()


def recalibrate(net: nn.Sequential, images: Tensor) -> nn.Sequential:
    """Return a copy of the net whose running statistics are those of the images, one big batch."""
    net = deepcopy(net)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain average of all batches since: of this one
    with torch.no_grad():
        net.train()(images)
    return net.eval()


def load_images() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x, y, x_test, y_test: images (N, 1, 8, 8) in float32."""
    digits = load_digits()
    x, x_test = (
        torch.from_numpy(images).float().view(-1, 1, 8, 8)
        for images in (digits.x_train, digits.x_test)
    )
    return x, torch.from_numpy(digits.y_train), x_test, torch.from_numpy(digits.y_test)


def score(net: nn.Module, images: Tensor, classes: Tensor) -> float:
    """Return the share of images classified correctly."""
    with torch.no_grad(), one_thread():
        return float(accuracy(net(images), classes))


def repairs(net: nn.Sequential, shift: str | None, seed: int) -> dict[str, float]:
    """Return the accuracy on shifted test images for each way to get the running statistics.

    The keys are frozen, recalibrated, few, hundred and skewed, as in `Shifts`.
    """
    x, y, x_test, y_test = load_images()
    shifted, shifted_test = (shifted_images(part, shift, seed) for part in (x, x_test))
    draw = np.random.default_rng([seed, 3])
    few = draw.permutation(len(x_test))[:FEW]
    hundred = draw.permutation(len(x))[:HUNDRED]
    of_two = np.flatnonzero(np.isin(y, draw.permutation(10)[:2]))
    skewed = draw.permutation(of_two)[:HUNDRED]
    nets = {
        "frozen": net,
        "recalibrated": recalibrate(net, shifted),
        "few": recalibrate(net, shifted_test[few]),
        "hundred": recalibrate(net, shifted[hundred]),
        "skewed": recalibrate(net, shifted[skewed]),
    }
    return {name: score(net, shifted_test, y_test) for name, net in nets.items()}


def shifted_images(images: Tensor, shift: str | None, seed: int) -> Tensor:
    """Apply one of `SHIFTS`, or none, to images (N, 1, 8, 8)."""
    # The size keeps the noise of the training images apart from that of the test images.
    draw = np.random.default_rng([seed, 2, len(images)])
    return images if shift is None else SHIFTS[shift](images, draw)


def with_bright_border(net: nn.Sequential) -> float:
    """Return the accuracy with brightness + 0.5 when the zeros around the image get it too."""
    x, _, x_test, y_test = load_images()
    unpadded = deepcopy(net)
    unpadded[0].padding = (0, 0)
    bright, bright_test = (F.pad(part, (1, 1, 1, 1)) + 0.5 for part in (x, x_test))
    return score(recalibrate(unpadded, bright), bright_test, y_test)


def measure_seed(seed: int, rates: dict[str, float]) -> dict[str, float | list[float]]:
    """Return one number, or one for each of the K shifts, for every field of `Shifts`."""
    x, y, x_test, y_test = load_images()
    net, plain = (train_net(seed, norm, rates[norm], x, y) for norm in ("batch", "none"))
    found: dict[str, float | list[float]] = {
        "clean" if name == "frozen" else f"clean_{name}": value
        for name, value in repairs(net, None, seed).items()
    }
    found |= {"plain_clean": score(plain, x_test, y_test), "border_too": with_bright_border(net)}
    for shift in SHIFTS:
        shifted, shifted_test = (shifted_images(part, shift, seed) for part in (x, x_test))
        row = repairs(net, shift, seed)
        again = train_net(seed, "batch", rates["batch"], shifted, y)
        row["retrained"] = score(again, shifted_test, y_test)
        row["plain"] = score(plain, shifted_test, y_test)
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rate of each net on `SEARCH_SEEDS`, then measure at those on `SEEDS`."""
    x, y, x_test, y_test = load_images()
    search = {}
    for norm, rates in SEARCH_RATES.items():
        nets = [[train_net(seed, norm, rate, x, y) for seed in SEARCH_SEEDS] for rate in rates]
        means = [np.mean([score(net, x_test, y_test) for net in row]) for row in nets]
        best = rates[int(np.argmax(means))]
        search[norm] = {
            "learning_rate": best,
            "learning_rates": rates,
            "mean_accuracy": np.round(means, 4).tolist(),
        }
        report(f"{norm}: {search[norm]}")
    runs = []
    for seed in SEEDS:
        runs.append(measure_seed(seed, {norm: search[norm]["learning_rate"] for norm in search}))
        report(f"seed {seed}: {runs[-1]}")
    return {
        "network": {"channels": CHANNELS, "batch_size": BATCH_SIZE},
        "updates": [UPDATES, SETTLING_UPDATES],
        "seeds": SEEDS,
        "search": {"seeds": SEARCH_SEEDS, **search},
        "names": tuple(SHIFTS),
        "accuracy": {
            f.name: np.stack([run[f.name] for run in runs], axis=-1).round(4).tolist()
            for f in fields(Shifts)[1:]
        },
    }


if __name__ == "__main__":
    print(results.store("shifts", "python -m bncourse.experiments.shifts", measure_all()))
