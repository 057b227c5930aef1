"""One sample among random batch-mates: what batch norm makes of it depends on who they are.

The numbers are real: the pre-activation of one unit, 64 pixels times weights drawn as `nn.Linear`
draws them, for the 1297 training digits. A batch holds the sample and mates drawn without
replacement; its x_hat is (x - mean) / sqrt(var + eps) with the biased variance of that batch.

With two samples a and b, d = a - b, the mean is (a + b) / 2, so a is d / 2 away from it, the
variance is d^2 / 4, and

    x_hat = (d / 2) / sqrt(d^2 / 4 + eps) = d / sqrt(d^2 + 4 eps):

the sign of d, unless |d| is not much larger than 2 sqrt(eps).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bncourse.data import load_digits

BATCH_SIZES = (2, 3, 4, 8, 16, 32, 64, 128, 256)
DRAWS = 200
NEAR = 0.5  # the sample's own place: so many standard deviations above the mean of all
EPS = 1e-5


@dataclass(frozen=True)
class PreActivation:
    """One unit's pre-activation for N training images, and the sample that is followed.

    Attributes:
        values: (N,).
        classes: (N,) the digits written.
        sample: position of the sample: of the images whose x_hat by the statistics of all images
            is within 0.05 of `NEAR`, the one that lies lowest within its own class.
    """

    values: np.ndarray
    classes: np.ndarray
    sample: int

    @property
    def x_hat(self) -> float:
        """The sample's x_hat by mean and variance of all images."""
        return float((self.values[self.sample] - self.values.mean()) / self.values.std())

    @property
    def kurtosis(self) -> float:
        """Fourth moment around the mean over the squared variance; 3 for a normal distribution."""
        return float(np.mean((self.values - self.values.mean()) ** 4) / self.values.var() ** 2)


@dataclass(frozen=True)
class StatisticsNoise:
    """How far mean and variance of a batch are from those of all images, for K batch sizes.

    Batches are drawn with replacement here, as the formulas assume.

    Attributes:
        batch_sizes: (K,).
        mean_sd: (K,) sd over batches of the mean, in standard deviations of all images.
        mean_theory: (K,) B^(-1/2).
        var_sd: (K,) sd over batches of the unbiased variance, in variances of all images.
        var_theory: (K,) sqrt((kurtosis - (B - 3) / (B - 1)) / B).
        kurtosis: of all images.
        draws: batches for each size.
    """

    batch_sizes: np.ndarray
    mean_sd: np.ndarray
    mean_theory: np.ndarray
    var_sd: np.ndarray
    var_theory: np.ndarray
    kurtosis: float
    draws: int


@cache
def pre_activation(seed: int = 0) -> PreActivation:
    """Return the unit whose 64 weights that seed draws, uniform within 1 / sqrt(64)."""
    digits = load_digits()
    bound = 1 / math.sqrt(digits.x_train.shape[1])
    weights = np.random.default_rng(seed).uniform(-bound, bound, digits.x_train.shape[1])
    values, classes = digits.x_train @ weights, digits.y_train
    near = np.flatnonzero(np.abs((values - values.mean()) / values.std() - NEAR) < 0.05)
    own = [values[classes == classes[n]] for n in near]
    within = [(values[n] - of.mean()) / of.std() for n, of in zip(near, own, strict=True)]
    return PreActivation(values, classes, int(near[np.argmin(within)]))


@cache
def among_mates(
    batch_size: int, by_class: bool = False, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """Return x_hat of the sample in random batches, (draws,).

    `by_class` draws the mates as from a training set sorted by class: of the sample's own class,
    and of the next digits when that is used up. Raises ValueError for batches of less than two or
    of more than all images.
    """
    unit = pre_activation()
    count = len(unit.values)
    if not 2 <= batch_size <= count:
        raise ValueError(f"a batch holds 2 to {count} of these images, not {batch_size}")
    others = np.delete(np.arange(count), unit.sample)
    # How many classes on from the sample's own: 0 for all where classes do not matter.
    steps = (unit.classes[others] - unit.classes[unit.sample]) % 10 * by_class
    last = np.sort(steps)[batch_size - 2]
    all_in, drawn = others[steps < last], others[steps == last]
    rows = np.tile(drawn, (draws, 1))
    rows = np.random.default_rng([seed, batch_size]).permuted(rows, axis=1)
    mates = np.tile([unit.sample, *all_in], (draws, 1))
    batches = unit.values[np.hstack([mates, rows])[:, :batch_size]]
    return (batches[:, 0] - batches.mean(axis=1)) / np.sqrt(batches.var(axis=1) + EPS)


def x_hat_of_two(a: float, b: float, eps: float = EPS) -> float:
    """Return x_hat of a in a batch of a and b: d / sqrt(d^2 + 4 eps) with d = a - b."""
    d = a - b
    return d / math.sqrt(d * d + 4 * eps)


def possible_mates(batch_size: int, samples: int) -> int:
    """Return how many different sets of mates one of so many samples can meet in a batch."""
    return math.comb(samples - 1, batch_size - 1)


def statistics_noise(
    batch_sizes: Sequence[int] = (2, 4, 8, 16, 32, 64), draws: int = 20_000, seed: int = 0
) -> StatisticsNoise:
    """Draw batches of each size from the pre-activation; a third of a second by default."""
    unit = pre_activation()
    mean, var, kurtosis = unit.values.mean(), unit.values.var(), unit.kurtosis
    generator = np.random.default_rng(seed)
    sizes = np.array(batch_sizes)
    batches = [generator.choice(unit.values, (draws, size)) for size in sizes]
    return StatisticsNoise(
        batch_sizes=sizes,
        mean_sd=np.array([(b.mean(axis=1) - mean).std() for b in batches]) / math.sqrt(var),
        mean_theory=sizes**-0.5,
        var_sd=np.array([b.var(axis=1, ddof=1).std() for b in batches]) / var,
        var_theory=np.sqrt((kurtosis - (sizes - 3) / (sizes - 1)) / sizes),
        kurtosis=kurtosis,
        draws=draws,
    )
