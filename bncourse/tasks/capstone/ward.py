"""The digits classifier that a learner's layer is put into: 3 × 64 ReLU units, and its training.

Its weights start much smaller than usual, so that without a working norm it learns nothing.
The images, the labels and the weights are here; of the layer only arrays are seen.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from bncourse.data import load_digits
from bncourse.tasks.capstone import desk

DEPTH, WIDTH, CLASSES = 3, 64, 10
SHRINK = 0.1  # of the usual size of the weights at the start
SIZES = (0.25, 0.5, 4.0)  # times that: a layer with a fixed gain would fit one of them
EPOCHS, RATE = 2, 0.05  # the rate at batch size 32; in proportion to the size elsewhere
SMALL = 2  # batches up to this size make so many updates that half the epochs do
TRAIN_IMAGES = 1297
UNLABELLED = 200  # images handed to layers that recalibrate themselves
CHANCE = 1 / CLASSES
# Instead of an accuracy: the layer refused a batch in training, or one image in evaluation.
REFUSED_BATCH, REFUSED_IMAGE = -1.0, -2.0


@dataclass(frozen=True)
class Images:
    """One split: training, unlabelled and test images (n, 64) from 0 to 1, and labels."""

    x: np.ndarray
    y: np.ndarray
    x_unlabelled: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    sizes: np.ndarray

    def size_of(self, net: int) -> float:
        """Return the size of a net's weights: another one for each net."""
        return self.sizes[net % len(self.sizes)]

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """Standardise by the training images; pixels that never change there are left at 0."""
        return (x - self.mean) / self.sd


@cache
def _all_images() -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits()
    return np.concatenate([digits.x_train, digits.x_test]), np.concatenate(
        [digits.y_train, digits.y_test]
    )


def split(rng: np.random.Generator, hidden_sizes: bool = False) -> Images:
    """Draw training and test images, and the sizes of the weights of nets for them."""
    x, y = _all_images()
    order = rng.permutation(len(x))
    train, rest = order[:TRAIN_IMAGES], order[TRAIN_IMAGES:]
    new, test = rest[:UNLABELLED], rest[UNLABELLED:]
    mean, sd = x[train].mean(0), x[train].std(0)
    sd = np.where(sd < 0.02, 1.0, sd)
    sizes = rng.permutation(SIZES) if hidden_sizes else np.ones(1)
    return Images(x[train], y[train], x[new], x[test], y[test], mean, sd, sizes)


class Classifier:
    """The net: its own weights, and the numbers of the layers that stand behind each product."""

    def __init__(self, rng: np.random.Generator, first_layer: int, size: float) -> None:
        """``size`` is that of the weights before the norms, in parts of SHRINK. What a norm makes
        of them is the same for every size, and so is each step, as its rate goes with the square.
        """
        sizes = [64, *[WIDTH] * DEPTH, CLASSES]
        self.sizes = [*[size] * DEPTH, 1.0]
        ends = list(pairwise(sizes))
        self.w = [SHRINK * rng.uniform(-1, 1, (a, b)) / np.sqrt(a) for a, b in ends]
        self.b = [SHRINK * rng.uniform(-1, 1, b) / np.sqrt(a) for a, b in ends]
        for k, own in enumerate(self.sizes):
            self.w[k], self.b[k] = own * self.w[k], own * self.b[k]
        self.norms = [first_layer + k for k in range(DEPTH)]

    def forward(self, x: np.ndarray, order=desk.forward) -> desk.Net:
        """Return the activations of every layer, the last are the logits; None if refused."""
        acts = [x]
        for w, b, norm in zip(self.w[:-1], self.b[:-1], self.norms, strict=True):
            y = yield order(norm, acts[-1] @ w + b)
            if y is None:
                return None
            acts.append(np.maximum(y, 0))
        return [*acts, acts[-1] @ self.w[-1] + self.b[-1]]

    def update(self, x: np.ndarray, labels: np.ndarray, rate: float) -> desk.Net:
        """Make one step of gradient descent; returns whether the norm took the batch."""
        acts = yield from self.forward(x)
        if acts is None:
            return False
        logits = acts[-1] - acts[-1].max(1, keepdims=True)
        p = np.exp(logits)
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(x)), labels] -= 1
        grad = p / len(x)
        for k in range(DEPTH, -1, -1):
            dw, db = acts[k].T @ grad, grad.sum(0)
            grad = grad @ self.w[k].T
            self.w[k] -= rate * self.sizes[k] ** 2 * dw
            self.b[k] -= rate * self.sizes[k] ** 2 * db
            if k:
                grad = yield desk.backward(self.norms[k - 1], grad * (acts[k] > 0), rate)
        return True

    def all_norms(self, order) -> desk.Net:
        """Give every norm the same order."""
        for norm in self.norms:
            yield order(norm)

    def accuracy(self, x: np.ndarray, labels: np.ndarray) -> desk.Net:
        """Return the share of images classified rightly, one at a time; REFUSED_IMAGE if refused,
        and not-a-number if the logits are none.
        """
        acts = yield from self.forward(x, desk.singly)
        if acts is None:
            return REFUSED_IMAGE
        if not np.isfinite(acts[-1]).all():
            return np.nan
        return float((acts[-1].argmax(1) == labels).mean())


def trained(images: Images, batch_size: int, seed: int, first_layer: int) -> desk.Net:
    """Train a net; returns it, or None where the norm refused a batch.

    Small batches have half the epochs at twice the rate: the distance that weights can go is the
    same, and half the time is saved.
    """
    half = 2 if batch_size <= SMALL else 1
    epochs, rate = EPOCHS // half, RATE * half * batch_size / 32
    rng = np.random.default_rng(seed)
    net = Classifier(rng, first_layer, images.size_of(first_layer // DEPTH))
    for norm in net.norms:
        yield desk.make(norm, WIDTH)
    yield from net.all_norms(desk.train)
    x, n = images.scaled(images.x), len(images.x)
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n - batch_size + 1, batch_size):
            batch = order[start : start + batch_size]
            took = yield from net.update(x[batch], images.y[batch], rate)
            if not took:
                return None
    return net


def trained_and_tested(images: Images, batch_size: int, seed: int, first_layer: int) -> desk.Net:
    """Return the test accuracy in evaluation mode; negative where the norm refused."""
    net = yield from trained(images, batch_size, seed, first_layer)
    if net is None:
        return REFUSED_BATCH
    yield from net.all_norms(desk.evaluate)
    return (yield from net.accuracy(images.scaled(images.x_test), images.y_test))


def mean(accuracies: np.ndarray) -> float:
    """Return the mean of several nets; those that refused or gave no numbers guess, unless none
    was better: then it is what happened to the first.
    """
    lost = ~(accuracies >= 0)
    return float(accuracies[0] if lost.all() else guessed(accuracies).mean())


def guessed(accuracies: np.ndarray) -> np.ndarray:
    """Return the accuracies with chance in place of those that are none."""
    return np.where(accuracies >= 0, accuracies, CHANCE)


def several(
    runs: list[tuple[int, int]], split_seed: int, hidden_sizes: bool = False
) -> Generator[list[desk.Order], list, np.ndarray]:
    """Train a net for each (batch size, seed), side by side; returns the accuracies."""
    images = split(np.random.default_rng(split_seed), hidden_sizes)
    nets = [
        trained_and_tested(images, size, seed, DEPTH * k) for k, (size, seed) in enumerate(runs)
    ]
    return np.array((yield from desk.side_by_side(nets)))


def under_shift(images: Images, shifts, batch_size: int, seed: int, first_layer: int) -> desk.Net:
    """Train a net, then test it on shifted images; returns an accuracy for each shift, and behind
    them those that it had as it came from training.

    Before each test, layers that can ``recalibrate()`` are told to and see the unlabelled images
    under the same shift, without their labels.
    """
    net = yield from trained(images, batch_size, seed, first_layer)
    if net is None:
        return [REFUSED_BATCH] * 2 * len(shifts)
    found, before = [], []
    yield from net.all_norms(desk.evaluate)
    for scale, offset in shifts:
        shifted = images.scaled(images.x_test * scale + offset)
        before.append((yield from net.accuracy(shifted, images.y_test)))
    for scale, offset in shifts:
        yield from net.all_norms(desk.evaluate)
        yield from net.all_norms(desk.recalibrate)
        yield from net.forward(images.scaled(images.x_unlabelled * scale + offset))
        yield from net.all_norms(desk.evaluate)
        shifted = images.scaled(images.x_test * scale + offset)
        found.append((yield from net.accuracy(shifted, images.y_test)))
    return found + before
