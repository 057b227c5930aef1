"""What every whitening shares, whichever way it turns the data."""

from __future__ import annotations

import numpy as np

from bncourse.grading.answers import AnswerError

MEASURED = (
    "W holds ordinary numbers (no nan, no inf, nothing beyond a million)",
    "Z and W belong together (Z is X·W, shifted or not)",
    "W·Wᵀ",
    "Z = (X − mean)·W",
    "eigenvalues of the covariance of Z",
)
EXPLODED = 1e6  # entries of W beyond this are what is left of a division by zero


def measure(got, X, eps):
    """Return what every whitening shares, whichever way it turns the data."""
    Z, W = got["Z"], got["W"]
    d = X.shape[1]
    for name, array, shape in (("Z", Z, X.shape), ("W", W, (d, d))):
        if array.shape != shape:
            fewer = array.ndim == 2 and array.shape[1] < d
            stay = " (directions without spread stay, too)" if fewer else ""
            raise AnswerError(f"{name} should have shape {shape}; {array.shape} came{stay}.")
        if array.dtype.kind not in "fiu":
            raise AnswerError(
                f"{name} should hold real numbers; {array.dtype} came (np.linalg.eigh is made for "
                "symmetric matrices and stays real)."
            )
    if not (np.isfinite(W).all() and np.isfinite(Z).all()) or np.abs(W).max() > EXPLODED:
        no = np.array(False)
        gone = no, no, np.full((d, d), np.inf), no, np.full(d, np.inf)
        return dict(zip(MEASURED, gone, strict=True))
    centred = X - X.mean(axis=0)
    spread = Z - Z.mean(axis=0)
    tolerance = 1e-7 * max(np.abs(Z).max(), 1e-12)
    together = np.abs(spread - centred @ W).max() <= tolerance
    right = np.abs(Z - centred @ W).max() <= tolerance
    variances = np.linalg.eigvalsh(spread.T @ spread / len(X))
    found = np.array(True), np.array(bool(together)), W @ W.T, np.array(bool(right)), variances
    return dict(zip(MEASURED, found, strict=True))
