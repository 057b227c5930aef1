"""2.4: whiten a table."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.input_normalisation.whitening_measured import measure
from bncourse.tasks.input_normalisation.whitening_slips import MISCONCEPTIONS, whiten


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw correlated tables, with more rows than columns and with fewer."""

    def draw(label, n, d, eps, rtol=1e-6):
        mix = rng.normal(0, 1, (d, d)) + np.diag(rng.uniform(1, 3, d))
        return Case(label, (rng.normal(0, 1, (n, d)) @ mix + rng.normal(0, 5, d), eps), rtol)

    four = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 2.0], [6.0, 4.0]])
    return [
        Case("four points", (four, 1e-9), 1e-6),
        draw("30 rows, three columns", 30, 3, 1e-9),
        draw("a large eps", 20, 3, 1.0),
        draw("eps = 0.01", 12, 4, 1e-2),
        draw("4 rows, 6 columns", 4, 6, 1e-3),
    ]


def _zca(X, eps):
    centred = X - X.mean(axis=0)
    _, s, vt = np.linalg.svd(centred, full_matrices=True)
    variance = np.zeros(X.shape[1])
    variance[: len(s)] = s**2 / len(X)
    W = vt.T @ np.diag(1 / np.sqrt(variance + eps)) @ vt
    return centred @ W, W


def _cholesky(X, eps):
    centred = X - X.mean(axis=0)
    cov = np.cov(X, rowvar=False, ddof=0) + eps * np.eye(X.shape[1])
    W = np.linalg.inv(np.linalg.cholesky(cov)).T
    return centred @ W, W


def _precision(X, eps):
    centred = X - X.mean(axis=0)
    precision = np.linalg.inv(centred.T @ centred / len(X) + eps * np.eye(X.shape[1]))
    W = np.linalg.cholesky(precision)
    return centred @ W, W


def stub(X, eps):
    """The exercise as learners find it."""
    Z = W = None
    return Z, W


TASK = Task(
    id="2.4",
    title="whiten",
    entry="whiten",
    objective="Whiten a table, and say what that adds to standardising",
    minutes=20,
    params=("X", "eps"),
    outputs=("Z", "W"),
    cases=cases,
    reference=whiten,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Standardising looks at one column at a time. What is left of the covariance after it, and "
        "which matrix would remove that?",
        "Take the eigenvectors and eigenvalues of the covariance (np.linalg.eigh). Along an "
        "eigenvector the data have the eigenvalue as their variance, and nothing correlates them.",
        "If the covariance were diag(4, 9), W would be diag(1/2, 1/3): one over the root of each "
        "eigenvalue. In general the eigenvectors come first: the columns of W are eigenvectors, "
        "each multiplied by such a factor. Put eps where it belongs.",
    ),
    stub=stub,
    measure=measure,
    accepted=(_zca, _cholesky, _precision),
    switchboard=whiten,
)
