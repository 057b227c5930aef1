"""The variance of a feature over two devices: merged rightly, averaged wrongly, lost in float32.

Each device knows its count, its mean and its variance. NumPy is enough here; two real processes
that do this are in `devices`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARDS = (8, 16)
SEEDS = tuple(range(10))
OFFSETS = (0.0, 10.0, 100.0, 1000.0, 1e4)


@dataclass(frozen=True)
class Merged:
    """The variance of one feature over two devices, from what each of them knows.

    Attributes:
        sizes: (2,) samples of the devices.
        means, variances: (2,) of the devices, variances over the own count.
        mean, variance: of all samples together.
        within: the average of the variances, weighted with the sizes.
        between: the variance of the means, weighted likewise; within + between is the variance.
        mean_of_means: not weighted.
        mean_of_variances: not weighted.
    """

    sizes: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    mean: float
    variance: float
    within: float
    between: float
    mean_of_means: float
    mean_of_variances: float


@dataclass(frozen=True)
class OnePass:
    """The variance of a feature in float32, with true variance near 1, at several offsets.

    All devices sum x and x², and E[x²] - E[x]² is taken of the sums; beside it the merge of each
    device's mean and squared distances. Errors are relative to float64 on the same numbers.

    Attributes:
        offsets: (K,) of the mean, in standard deviations.
        seeds: (S,).
        one_pass: (S, K) relative errors, in size.
        negative: (K,) how many of the S variances came out below 0.
        merged: (S, K) relative errors of the merge.
    """

    offsets: np.ndarray
    seeds: tuple[int, ...]
    one_pass: np.ndarray
    negative: np.ndarray
    merged: np.ndarray


def measure_merging(sizes: Sequence[int] = (32, 32), apart: float = 6.0, seed: int = 0) -> Merged:
    """Draw samples of sd 1 for two devices whose means are `apart`, and combine their numbers."""
    rng = np.random.default_rng(seed)
    shards = [rng.normal(k * apart, 1, n) for k, n in enumerate(sizes)]
    means, variances = (np.array([f(s) for s in shards]) for f in (np.mean, np.var))
    share = np.array(sizes) / sum(sizes)
    mean = float(share @ means)
    return Merged(
        sizes=np.array(sizes),
        means=means,
        variances=variances,
        mean=float(np.concatenate(shards).mean()),
        variance=float(np.concatenate(shards).var()),
        within=float(share @ variances),
        between=float(share @ (means - mean) ** 2),
        mean_of_means=float(means.mean()),
        mean_of_variances=float(variances.mean()),
    )


def measure_one_pass(offsets: Sequence[float] = OFFSETS, seeds: Sequence[int] = SEEDS) -> OnePass:
    """Take the variance of 8 · 64 + 16 · 64 float32 values of two devices in both ways."""
    errors = np.array([[_variance_errors(o, seed) for o in offsets] for seed in seeds])
    return OnePass(
        offsets=np.array(offsets),
        seeds=tuple(seeds),
        one_pass=errors[..., 0],
        negative=errors[..., 1].sum(axis=0).astype(int),
        merged=errors[..., 2],
    )


def _variance_errors(offset: float, seed: int) -> tuple[float, bool, float]:
    rng = np.random.default_rng(seed)
    shards = [(offset + rng.normal(0, 1, 64 * n)).astype(np.float32) for n in SHARDS]
    right = np.concatenate(shards).astype(np.float64).var()
    n = np.float32(sum(map(len, shards)))
    total, squares = sum(s.sum() for s in shards), sum((s * s).sum() for s in shards)
    one_pass = squares / n - (total / n) ** 2
    # What synchronised devices exchange instead: the mean of all, then squares around it.
    means = [s.mean() for s in shards]
    mean = sum(len(s) * m for s, m in zip(shards, means, strict=True)) / n
    pairs = zip(shards, means, strict=True)
    merged = sum(((s - m) ** 2).sum() + len(s) * (m - mean) ** 2 for s, m in pairs) / n
    return abs(one_pass - right) / right, one_pass < 0, abs(merged - right) / right
