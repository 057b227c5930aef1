"""Twelve images and a model with one weight: small enough to see what a batch does to a gradient.

The model guesses the ink in the lower half of a digit from the ink in its upper half, y = w x. Each
image has a gradient of its own, a single number, and the gradient of any batch is a mean of some of
the twelve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.data import load_digits

COUNT = 12
# "Below there is as much ink as above": some images pull w up, more pull it down.
START = 1.0


@dataclass(frozen=True)
class TwelveImages:
    """The fit y = w x of n images at the weight ``w``.

    Attributes:
        pixels: ink from 0 to 16, (n, 8, 8).
        w: the weight at which the gradients are taken.
    """

    pixels: np.ndarray
    w: float

    @property
    def x(self) -> np.ndarray:
        """The mean ink per pixel of each upper half, rows 0 to 3, (n,)."""
        return self.pixels[:, :4].mean(axis=(1, 2))

    @property
    def y(self) -> np.ndarray:
        """The mean ink per pixel of each lower half, (n,)."""
        return self.pixels[:, 4:].mean(axis=(1, 2))

    @property
    def gradients(self) -> np.ndarray:
        """The derivative of each image's loss (w x - y)² / 2 with respect to w, (n,)."""
        return (self.w * self.x - self.y) * self.x

    @property
    def full(self) -> float:
        """The derivative of the mean loss over all the images."""
        return float(self.gradients.mean())

    @property
    def spread(self) -> float:
        """The sd of the images' gradients around the full one, divided by n."""
        return float(self.gradients.std())

    def gradients_of(self, batches: Sequence[np.ndarray]) -> np.ndarray:
        """Return the gradient of each batch, the mean of its images' gradients, (batches,).

        Raises ValueError if there is no batch, or an empty one.
        """
        if not len(batches) or not all(len(batch) for batch in batches):
            raise ValueError("the mean of no image is not defined: every batch needs an image")
        return np.array([self.gradients[batch].mean() for batch in batches])

    def plain_average(self, batches: Sequence[np.ndarray]) -> float:
        """Return the mean of the batches' gradients, each batch counting once."""
        return float(self.gradients_of(batches).mean())

    def weighted_average(self, batches: Sequence[np.ndarray]) -> float:
        """Return the mean of the batches' gradients, each batch counting once per image."""
        sizes = [len(batch) for batch in batches]
        return float(np.average(self.gradients_of(batches), weights=sizes))

    def estimates(self, batch_size: int, draws: int, seed: int = 0) -> np.ndarray:
        """Return the gradients of ``draws`` batches drawn without replacement, (draws,)."""
        generator = np.random.default_rng([seed, batch_size])
        drawn = [generator.permutation(len(self.pixels))[:batch_size] for _ in range(draws)]
        return self.gradients_of(drawn)

    def predicted_sd(self, batch_size: int) -> float:
        """Return the sd of a batch's gradient: spread · sqrt((n - B) / (B (n - 1))).

        The variance of a mean of B numbers drawn without replacement from n; W. G. Cochran,
        "Sampling Techniques" (1977), theorem 2.2.
        """
        n = len(self.pixels)
        return self.spread * float(np.sqrt((n - batch_size) / (batch_size * (n - 1))))


def twelve_images(w: float = START) -> TwelveImages:
    """Return the fit to the first twelve training digits of ``load_digits()`` at the weight w."""
    # Ink as it was scanned, 0 to 16: whole counts, so that the sums below have no rounding.
    return TwelveImages(16 * load_digits().x_train[:COUNT].reshape(COUNT, 8, 8), w)


def deal(
    n: int, batch_size: int, drop_last: bool = False, order: Sequence[int] | None = None
) -> list[np.ndarray]:
    """Deal the samples 0 to n - 1 into batches; return the sample numbers of each, in turn.

    ``order`` is the shuffled deck, (n,), and without it they lie in their own order. What is left
    over at the end makes a shorter batch, or none with ``drop_last``.

    Raises:
        ValueError: the batch size is below 1, or ``order`` does not name every sample once.
    """
    deck = np.arange(n) if order is None else np.asarray(order)
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one sample, not {batch_size}")
    if not np.array_equal(np.sort(deck), np.arange(n)):
        raise ValueError(f"order should name each of the samples 0 to {n - 1} once")
    batches = [deck[start : start + batch_size] for start in range(0, n, batch_size)]
    return [batch for batch in batches if len(batch) == batch_size or not drop_last]
