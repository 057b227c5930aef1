"""Ten changes of a small linear layer, and what BN, LN and RMSNorm make of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bncourse.layers.layer_norm import layernorm_forward, rmsnorm_forward
from bncourse.layers.shared_mean import normalise_over

X = np.array([[1, 1, 4], [2, 2, 4], [4, 0, 1], [1, 4, 2], [4, 2, 2]], dtype=float)  # samples
W = np.array([[-1, 1, 3, -1], [-1, 2, 0, 1], [2, 1, 0, -1]], dtype=float)  # a column per unit
SAMPLE, UNIT, LAST = 1, 2, 4  # the sample and the unit of the actions, and the one left out
EPS = 1e-5
NOTICED = 1e-3  # a smaller difference is what eps and rounding make


def batch_norm(z: np.ndarray) -> np.ndarray:
    """Normalise the columns of z (N, units); a single sample is let through, and becomes 0.

    The layer of lesson 03 and PyTorch refuse a single sample; this is what the formula makes of it.
    """
    return normalise_over(z, (0,), EPS)[0]


def layer_norm(z: np.ndarray) -> np.ndarray:
    """Normalise the rows of z (N, units), gamma = 1 and beta = 0."""
    return layernorm_forward(z, np.ones(z.shape[1]), np.zeros(z.shape[1]), EPS)[0]


def rms_norm(z: np.ndarray) -> np.ndarray:
    """Divide the rows of z (N, units) by their root mean square, gamma = 1."""
    return rmsnorm_forward(z, np.ones(z.shape[1]), EPS)[0]


NORMS = {"BN": batch_norm, "LN": layer_norm, "RMS": rms_norm}


@dataclass(frozen=True)
class Layer:
    """A linear layer with its data: x (N, 3), W (3, 4), what is added to z, the samples kept."""

    x: np.ndarray
    weights: np.ndarray
    added: np.ndarray
    kept: tuple[int, ...]

    @property
    def z(self) -> np.ndarray:
        """What the norm gets, (samples kept, units)."""
        return (self.x @ self.weights + self.added)[list(self.kept)]


@dataclass(frozen=True)
class Action:
    """A change of the layer: its name, the name in two lines, what it does, and the new layer."""

    name: str
    lines: tuple[str, str]
    does: str
    layer: Layer


_Z = (len(X), W.shape[1])
_EVERY = tuple(range(len(X)))


def _layer(
    x: np.ndarray = X,
    weights: np.ndarray = W,
    added: np.ndarray | None = None,
    kept: tuple[int, ...] = _EVERY,
) -> Layer:
    return Layer(x, weights, np.zeros(_Z) if added is None else added, kept)


def _only(shape: tuple[int, int], index: Any, value: float, rest: float = 0.0) -> np.ndarray:
    full = np.full(shape, rest)
    full[index] = value
    return full


S, U, L = f"S{SAMPLE + 1}", f"unit {UNIT + 1}", f"S{LAST + 1}"
_ROW, _COLUMN = (SAMPLE, slice(None)), (slice(None), UNIT)
ACTIONS = {
    "sample": Action(
        f"{S} × 10", (S, "× 10"), f"The inputs of {S} are multiplied by 10",
        _layer(x=X * _only(X.shape, _ROW, 10, 1)),
    ),
    "data": Action(
        "all data × 10", ("all data", "× 10"), "All inputs are multiplied by 10", _layer(x=X * 10)
    ),
    "data_shift": Action(
        "all data + 5", ("all data", "+ 5"), "5 is added to all inputs", _layer(x=X + 5)
    ),
    "weights": Action(
        "all weights × 10", ("weights", "× 10"), "All weights are multiplied by 10",
        _layer(weights=W * 10),
    ),
    "weights_shift": Action(
        "all weights + 1", ("weights", "+ 1"),
        "1 is added to all weights, so that each row of z moves by a number of its own",
        _layer(weights=W + 1),
    ),
    "unit": Action(
        f"weights of {U} × 10", (f"w of {U}", "× 10"), f"The weights into {U} are multiplied by 10",
        _layer(weights=W * _only(W.shape, _COLUMN, 10, 1)),
    ),
    "unit_shift": Action(
        f"z of {U} + 5", (f"z of {U}", "+ 5"), f"{U.capitalize()} gets a bias of 5",
        _layer(added=_only(_Z, _COLUMN, 5)),
    ),
    "sample_shift": Action(
        f"z of {S} + 5", (f"z of {S}", "+ 5"), f"5 is added to every z of {S}",
        _layer(added=_only(_Z, _ROW, 5)),
    ),
    "left_out": Action(
        f"{L} left out", (L, "left out"), f"{L} leaves the batch",
        _layer(kept=tuple(k for k in range(len(X)) if k != LAST)),
    ),
    "alone": Action(
        f"{S} alone", (S, "alone"), f"{S} is the only sample of the batch", _layer(kept=(SAMPLE,))
    ),
}  # fmt: skip
ORIGINAL = _layer()


@dataclass(frozen=True)
class Effect:
    """What a norm makes of the original z and of the changed one, for the samples kept.

    Attributes:
        before: (5, units).
        after: (samples kept, units).
        difference: |after - before| of the samples kept, (samples kept, units).
    """

    before: np.ndarray
    after: np.ndarray
    difference: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        """Which numbers differ by more than eps and rounding explain."""
        return self.difference > NOTICED

    @property
    def changes(self) -> bool:
        """Whether any number does."""
        return bool(self.changed.any())


@lru_cache(maxsize=64)
def effect(action: str, norm: str) -> Effect:
    """Return what a norm, a key of NORMS, makes of an action, a key of ACTIONS."""
    layer = ACTIONS[action].layer
    before, after = NORMS[norm](ORIGINAL.z), NORMS[norm](layer.z)
    return Effect(before, after, np.abs(after - before[list(layer.kept)]))
