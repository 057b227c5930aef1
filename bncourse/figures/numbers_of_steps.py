"""STEP 1 to STEP 4 of one feature, every number on the way kept for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bncourse.layers.batch_norm import normalise


@dataclass(frozen=True)
class Steps:
    """What happens to the N samples ``x`` (N,) of one feature (Ioffe & Szegedy 2015, Algorithm 1).

    ``centred``, ``x_hat`` and ``y`` are (N,); ``mean``, ``var`` (divided by N) and
    ``sd`` = sqrt(var + eps) are numbers.
    """

    x: np.ndarray
    gamma: float
    beta: float
    eps: float
    mean: float
    var: float
    sd: float
    centred: np.ndarray
    x_hat: np.ndarray
    y: np.ndarray

    @property
    def columns(self) -> np.ndarray:
        """The samples after each step, (4, N)."""
        return np.stack([self.x, self.centred, self.x_hat, self.y])

    @property
    def bound(self) -> float:
        """The size that no x_hat of N samples exceeds, sqrt(N - 1)."""
        return float(np.sqrt(len(self.x) - 1))

    @property
    def undo(self) -> dict[str, Any]:
        """The gamma and beta that give the input back."""
        return {"gamma": self.sd, "beta": self.mean}


def through_steps(
    x: Sequence[float], gamma: float = 1.0, beta: float = 0.0, *, eps: float = 1e-5
) -> Steps:
    """Take the samples x (N,) of one feature through STEP 1 to STEP 4."""
    column = np.asarray(x, dtype=float)[:, None]
    x_hat, _, mean, var = normalise(column, eps)
    return Steps(
        x=column[:, 0],
        gamma=gamma,
        beta=beta,
        eps=eps,
        mean=float(mean[0]),
        var=float(var[0]),
        sd=float(np.sqrt(var[0] + eps)),
        centred=column[:, 0] - mean[0],
        x_hat=x_hat[:, 0],
        y=gamma * x_hat[:, 0] + beta,
    )
