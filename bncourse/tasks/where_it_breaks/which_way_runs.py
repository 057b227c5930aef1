"""Gradients back through a small recurrent net with batch norm, in NumPy: the curves of 8.5."""

from __future__ import annotations

import numpy as np

STEPS, SAMPLES, UNITS = 64, 64, 32
SHOWN = (64, 56, 48, 40, 32, 24, 16)
INPUT_SCALE, EPS = 0.03, 1e-5
ARMS = (("identity", 1.0), ("orthogonal", 1.0), ("identity", 0.1), ("orthogonal", 0.1))


def gradient_norms(rng: np.random.Generator) -> np.ndarray:
    """Return the norm of the gradient at the `SHOWN` steps for each of `ARMS`, relative to step 64.

    h_t = tanh(gamma · BN(h_{t-1} W_h + x_t W_x)), each step with its own batch statistics and
    beta = 0; x_t is one number, half of the time 0; the gradient is that of a random linear
    function of the last state.
    """
    orthogonal = np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]
    kinds = {"identity": np.eye(UNITS), "orthogonal": orthogonal}
    W_x = rng.normal(0, INPUT_SCALE, (1, UNITS))
    x = rng.random((STEPS, SAMPLES, 1)) * (rng.random((STEPS, SAMPLES, 1)) < 0.5)
    last = rng.normal(size=(SAMPLES, UNITS))
    norms = [_back(kinds[kind], gamma, x @ W_x, last) for kind, gamma in ARMS]
    return np.array([[n[step - 1] / n[-1] for step in SHOWN] for n in norms])


def _back(W_h: np.ndarray, gamma: float, inputs: np.ndarray, last: np.ndarray) -> np.ndarray:
    h, kept = np.zeros((SAMPLES, UNITS)), []
    for given in inputs:
        a = h @ W_h + given
        sd = np.sqrt(a.var(axis=0) + EPS)
        a_hat = (a - a.mean(axis=0)) / sd
        h = np.tanh(gamma * a_hat)
        kept.append((a_hat, sd, h))
    norms, g = [], last
    for a_hat, sd, h in reversed(kept):
        norms.append(np.linalg.norm(g))
        d = gamma * g * (1 - h**2)
        g = (d - d.mean(axis=0) - a_hat * (d * a_hat).mean(axis=0)) / sd @ W_h.T
    return np.array(norms[::-1])


def mean_slope(sd: float) -> float:
    """Return the mean of tanh'(z) for z ~ N(0, sd²)."""
    z = np.linspace(-9, 9, 20001)
    weight = np.exp(-(z**2) / 2)
    return float((weight / weight.sum() * (1 - np.tanh(sd * z) ** 2)).sum())
