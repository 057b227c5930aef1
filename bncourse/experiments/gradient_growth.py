"""How gradients grow on their way back through a deep random net: before any training.

Layer l takes h_(l-1) through the activation, through a linear layer without bias, and through a
normalisation: h_l = norm(act(h_(l-1)) W_l), plus h_(l-1) itself if there are skips. So h_l is what
enters the next activation, and without skips this is the usual order: linear, norm, activation.
The input h_0 is random, and so is the gradient with respect to the last h.

Yang et al. (2019, "A Mean Field Theory of Batch Normalization") found that such a net with batch
norm and no skips makes gradients grow exponentially; De & Smith (2020, "Batch Normalization Biases
Residual Blocks Towards the Identity Function") why skips change that. NumPy alone: the figure of
lesson 07 computes its nets here while it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

NORMS = ("none", "batch", "layer")
ACTIVATIONS = ("linear", "tanh", "relu")
RELU_GROWTH = np.pi / (np.pi - 1)  # squared gradient norm, for large batches and widths
# The usual 1e-5 would be felt where weights are small; here only the normalisation is to be.
EPS = 1e-12
MIDDLE = (0.2, 0.8)  # shares of the depth between which the growth is read: away from both ends
# Nets that tell what makes gradients grow: norm, activation, skip, batch size.
TELLING = (
    ("none", "relu", False, 64),
    ("layer", "relu", False, 64),
    ("batch", "relu", False, 128),
    ("batch", "relu", False, 64),
    ("batch", "relu", False, 8),
    ("batch", "linear", False, 64),
    ("batch", "linear", False, 8),
    ("batch", "linear", False, 5),
    ("batch", "tanh", False, 64),
    ("layer", "tanh", False, 64),
    ("none", "relu", True, 64),
    ("layer", "relu", True, 64),
    ("batch", "relu", True, 64),
)


@dataclass(frozen=True)
class Pass:
    """One forward and one backward pass through L layers.

    Attributes:
        sd: (L + 1,) standard deviation of h_0 … h_L, over the batch and all features.
        squared_gradient: (L + 1,) squared norm of the gradient with respect to h_0 … h_L, divided
            by that with respect to h_L.
        branch_share: (L,) variance of what layer l adds, as a share of the variance of h_l, both
            over the batch and all features; 1 without skips.
    """

    sd: np.ndarray
    squared_gradient: np.ndarray
    branch_share: np.ndarray

    @property
    def growth(self) -> float:
        """Return the growth of the squared gradient norm per layer, see `growth_per_layer`."""
        return growth_per_layer(self.squared_gradient)


@dataclass(frozen=True)
class Growth:
    """Growth of the squared gradient norm per layer, towards the input, of one kind of net.

    Attributes:
        norm, activation, skip, batch_size, scale, depth, width: the net, see `run`.
        growth: (S,) one number per seed, see `growth_per_layer`.
        gain: (S,) squared gradient norm at the input over that at the output.
        sd: (S,) standard deviation of the last h.
        theory: the growth that theory gives for wide nets, None where there is none; see `theory`.
    """

    norm: str
    activation: str
    skip: bool
    batch_size: int
    scale: float
    depth: int
    width: int
    growth: np.ndarray
    gain: np.ndarray
    sd: np.ndarray
    theory: float | None

    @property
    def mean(self) -> float:
        """Return the mean growth over the seeds."""
        return float(self.growth.mean())

    @property
    def spread(self) -> float:
        """Return the standard deviation of the growth over the seeds."""
        return float(self.growth.std(ddof=1))


def run(
    norm: str = "batch",
    activation: str = "relu",
    skip: bool = False,
    batch_size: int = 64,
    scale: float = 1.0,
    *,
    depth: int = 30,
    width: int = 96,
    seed: int = 0,
) -> Pass:
    """Send a random batch through a random net and a random gradient back, in float64.

    Args:
        norm: "none", "batch" or "layer"; without gamma and beta.
        activation: "linear", "tanh" or "relu".
        skip: whether every layer adds its input to its output.
        batch_size: samples in the batch, at least 2.
        scale: factor of the starting weights; 1 is a variance of 2 / width for ReLU (He et al.
            2015, eq. 10) and of 1 / width for the others.
        depth: layers.
        width: features of every layer.
        seed: of weights, batch and gradient; other arguments do not change what is drawn.

    Raises ValueError for a norm or an activation that there is not, and for a batch below 2.
    """
    if norm not in NORMS or activation not in ACTIVATIONS:
        raise ValueError(f"norm is one of {NORMS}, activation one of {ACTIVATIONS}")
    if batch_size < 2:
        raise ValueError("a batch of one has no spread: batch_size is at least 2")
    weights = draw_weights(depth, width, seed)
    factor = scale * np.sqrt((2 if activation == "relu" else 1) / width)
    batches = np.random.default_rng([seed, batch_size])
    h = batches.normal(size=(batch_size, width))

    sds, shares, kept = [_sd(h)], [], []
    for weight in weights:
        a, slope = _activate(h, activation)
        z = a @ weight
        z *= factor
        branch, inv_std = _normalise(z, norm)
        kept.append((slope, branch, inv_std))
        h = h + branch if skip else branch
        sds.append(_sd(h))
        shares.append((_sd(branch) / sds[-1]) ** 2 if skip else 1.0)

    gradient = batches.normal(size=h.shape)
    squares = [_square(gradient)]
    for weight, (slope, branch, inv_std) in zip(reversed(weights), reversed(kept), strict=True):
        back = _normalise_back(gradient, branch, inv_std, norm) @ weight.T
        back *= factor
        back = back if slope is None else back * slope
        gradient = gradient + back if skip else back
        squares.append(_square(gradient))
    squared = np.array(squares[::-1])
    return Pass(np.array(sds), squared / squared[-1], np.array(shares))


def growth_per_layer(squared_gradient: np.ndarray) -> float:
    """Return the geometric mean, over the middle layers, of how much a layer adds to the norm.

    `squared_gradient` is (L + 1,), from the input to the output. Away from both ends nothing is
    felt of how input and gradient were drawn.
    """
    depth = len(squared_gradient) - 1
    first, last = (round(share * depth) for share in MIDDLE)
    ratio = squared_gradient[first] / squared_gradient[last]
    return float(ratio ** (1 / (last - first)))


def theory(
    norm: str, activation: str, skip: bool, batch_size: int, scale: float, depth: int
) -> np.ndarray | None:
    """Return the growth of the squared gradient norm in each layer, (depth,), for wide nets.

    Without skips: scale^2 without norm, 1 with layer norm, and with batch norm (B - 2) / (B - 3)
    for linear nets, B > 3 (Yang et al. 2019), and pi / (pi - 1) for ReLU. The last is for large
    batches and a lower bound at small ones.

    A layer with a skip passes a gradient on as it is, and through the branch. Without norm the two
    add to 1 + scale^2. A normalised branch adds variance 1 to a sum that had variance l at the
    l-th layer; it therefore divides by sqrt(l) times as much as without skips, and adds 1 / l of
    the growth above (after De & Smith 2020).

    None for tanh, which has no closed form.
    """
    if activation == "tanh":
        return None
    if norm == "none":
        return np.full(depth, scale**2 + skip)
    plain = 1.0
    if norm == "batch":
        linear = (batch_size - 2) / (batch_size - 3) if batch_size > 3 else np.inf
        plain = RELU_GROWTH if activation == "relu" else linear
    if not skip:
        return np.full(depth, plain)
    return 1 + plain / np.arange(1, depth + 1)


def theory_per_layer(steps: np.ndarray | None) -> float | None:
    """Return the geometric mean of `theory` over the layers that `growth_per_layer` reads."""
    if steps is None:
        return None
    return growth_per_layer(np.cumprod(np.concatenate([[1.0], steps[::-1]]))[::-1])


def measure_growth(
    norm: str = "batch",
    activation: str = "relu",
    skip: bool = False,
    batch_size: int = 64,
    scale: float = 1.0,
    *,
    depth: int = 30,
    width: int = 96,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
) -> Growth:
    """Run one net per seed and put theory beside what was measured. Arguments as in `run`."""
    passes = [
        run(norm, activation, skip, batch_size, scale, depth=depth, width=width, seed=seed)
        for seed in seeds
    ]
    steps = theory(norm, activation, skip, batch_size, scale, depth)
    return Growth(
        norm,
        activation,
        skip,
        batch_size,
        scale,
        depth,
        width,
        np.array([each.growth for each in passes]),
        np.array([each.squared_gradient[0] for each in passes]),
        np.array([each.sd[-1] for each in passes]),
        theory_per_layer(steps),
    )


def measure_telling(seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> list[Growth]:
    """Measure every net of `TELLING`, 30 layers of 96 units; takes half a second."""
    return [measure_growth(*net, seeds=seeds) for net in TELLING]


@lru_cache(maxsize=16)
def draw_weights(depth: int, width: int, seed: int) -> np.ndarray:
    """Draw standard normal weights (depth, width, width); do not write into them."""
    weights = np.random.default_rng(seed).normal(size=(depth, width, width))
    weights.flags.writeable = False
    return weights


def _activate(h: np.ndarray, activation: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the activation of h and its slope there; None is a slope of 1."""
    if activation == "relu":
        return np.maximum(h, 0), h > 0
    if activation == "tanh":
        a = np.tanh(h)
        return a, 1 - a * a
    return h, None


def _normalise(z: np.ndarray, norm: str) -> tuple[np.ndarray, np.ndarray | None]:
    if norm == "none":
        return z, None
    axis = 0 if norm == "batch" else 1
    x_hat = z - z.mean(axis=axis, keepdims=True)
    inv_std = 1 / np.sqrt((x_hat * x_hat).mean(axis=axis, keepdims=True) + EPS)
    x_hat *= inv_std
    return x_hat, inv_std


def _normalise_back(
    dy: np.ndarray, x_hat: np.ndarray, inv_std: np.ndarray | None, norm: str
) -> np.ndarray:
    """Return dz: the three paths of lesson 04, over the batch or over the features."""
    if inv_std is None:
        return dy
    axis = 0 if norm == "batch" else 1
    dz = dy - dy.mean(axis=axis, keepdims=True)
    dz -= x_hat * (dy * x_hat).mean(axis=axis, keepdims=True)
    dz *= inv_std
    return dz


def _sd(h: np.ndarray) -> float:
    return float(np.sqrt(_square(h) / h.size - h.mean() ** 2))


def _square(gradient: np.ndarray) -> float:
    return float(np.vdot(gradient, gradient))
