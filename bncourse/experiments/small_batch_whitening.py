"""Whitening fitted on few samples: what is singular, what eps rescues, and what new samples see.

From m samples the covariance of D features has a rank of m - 1 at most: along every other direction
the variance looks like 0, and there is nothing to divide by. An eps under the root makes a division
possible. It does not make the directions known, and new samples do vary along them. Both are
measured on 8 x 8 digits, and standardising, which needs one variance per feature, beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.data import load_digits

SIZES = (4, 8, 16, 32, 64, 128, 256, 1297)
EPS = (0.0, 1e-5, 1e-2, 1.0)
ZERO = 1e-10  # pixels lie in 0 … 1, so this is rounding and no variance of a pixel


@dataclass(frozen=True)
class SmallBatchWhitening:
    """Whitening and standardising fitted on m of the training images, S draws, M sizes, E eps.

    Pixels that never change in the training images are left out: with them the covariance would be
    singular whatever m. Both methods subtract the mean of the m samples. Whitening divides by
    sqrt(eigenvalue + eps) along each eigenvector of their covariance (1/m), standardising divides
    each feature by sqrt(variance + eps). Where a variance is 0 and so is eps, the gain is inf and
    what becomes of new samples is nan.

    The last arrays are variances of the 500 test images after either method; each should be 1.
    Whitening promises that along every direction, so the directions are the eigenvectors of the
    covariance of the whitened test images: the most extreme there are. Standardising promises it
    for the features, so these are its directions.

    Attributes:
        features: D, the pixels that are left.
        sizes: (M,) numbers of samples.
        eps: (E,) in squared units of a pixel, 1 being full ink.
        seeds: (S,) of the draws, without replacement.
        rank: (S, M) of the covariance.
        zeros: (S, M) how many of its D eigenvalues are below `ZERO`.
        smallest: (S, M) its smallest eigenvalue that is not.
        constant: (S, M) how many features are the same in all m samples.
        gain: (S, M, E) the largest factor of whitening.
        standardising_gain: (S, M, E) the largest factor of standardising.
        median: (S, M, E) over the directions, of the variance of whitened test images.
        largest: (S, M, E) the same, the largest.
        standardised_median: (S, M, E) over the features, of the variance of standardised ones.
        standardised_largest: (S, M, E) the same, the largest.
    """

    features: int
    sizes: np.ndarray
    eps: np.ndarray
    seeds: tuple[int, ...]
    rank: np.ndarray
    zeros: np.ndarray
    smallest: np.ndarray
    constant: np.ndarray
    gain: np.ndarray
    standardising_gain: np.ndarray
    median: np.ndarray
    largest: np.ndarray
    standardised_median: np.ndarray
    standardised_largest: np.ndarray


def measure_small_batch_whitening(
    seeds: Sequence[int] = tuple(range(10)),
    sizes: Sequence[int] = SIZES,
    eps: Sequence[float] = EPS,
) -> SmallBatchWhitening:
    """Fit both methods on every number of samples and apply them to the test images."""
    digits = load_digits()
    inked = np.ptp(digits.x_train, axis=0) > 0
    x, new = digits.x_train[:, inked], digits.x_test[:, inked]
    runs = [[_fit_and_apply(_draw(x, m, seed), new, eps) for m in sizes] for seed in seeds]
    return SmallBatchWhitening(
        features=x.shape[1],
        sizes=np.array(sizes),
        eps=np.array(eps),
        seeds=tuple(seeds),
        **{name: np.array([[run[name] for run in row] for row in runs]) for name in runs[0][0]},
    )


def _draw(x: np.ndarray, m: int, seed: int) -> np.ndarray:
    return x[np.random.default_rng(seed).permutation(len(x))[:m]]


def _fit_and_apply(x: np.ndarray, new: np.ndarray, eps: Sequence[float]) -> dict[str, object]:
    variances = x.var(axis=0)
    variances[np.ptp(x, axis=0) == 0] = 0  # the mean of equal numbers may be off by rounding
    eigenvalues, directions = np.linalg.eigh(np.cov(x.T, bias=True))
    eigenvalues[eigenvalues < ZERO] = 0
    of_new = np.cov(new.T, bias=True)
    along = directions.T @ of_new @ directions
    whitening = [_gains(eigenvalues, e) for e in eps]
    standardising = [_gains(variances, e) for e in eps]
    whitened = [_whitened_variances(gains, along) for gains in whitening]
    standardised = [np.diag(of_new) * g**2 if np.isfinite(g).all() else _NAN for g in standardising]
    return {
        "rank": np.linalg.matrix_rank(x - x.mean(axis=0)),
        "zeros": (eigenvalues == 0).sum(),
        "smallest": eigenvalues[eigenvalues > 0].min(),
        "constant": (variances == 0).sum(),
        "gain": [gains.max() for gains in whitening],
        "standardising_gain": [gains.max() for gains in standardising],
        "median": [np.median(v) for v in whitened],
        "largest": [v.max() for v in whitened],
        "standardised_median": [np.median(v) for v in standardised],
        "standardised_largest": [v.max() for v in standardised],
    }


_NAN = np.array([np.nan])


def _gains(variances: np.ndarray, eps: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return 1 / np.sqrt(variances + eps)


def _whitened_variances(gains: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Variances along the principal directions of what whitening makes of the new samples."""
    if not np.isfinite(gains).all():
        return _NAN
    return np.linalg.eigvalsh(gains[:, None] * along * gains)
