"""Wrong ways to whiten: one function with a switch for each slip, and others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception

SCALES = {
    "right": lambda v, eps: 1 / np.sqrt(v + eps),
    "inverse": lambda v, eps: 1 / (v + eps),
    "times": lambda v, eps: np.sqrt(v + eps),
    "none": lambda v, eps: np.ones_like(v),
    "no eps": lambda v, eps: 1 / np.sqrt(v),
    "eps outside": lambda v, eps: 1 / (np.sqrt(np.maximum(v, 0)) + eps),
    "fixed eps": lambda v, eps: 1 / np.sqrt(v + 1e-5),
    "eps for the flat ones only": lambda v, eps: 1 / np.sqrt(np.maximum(v, eps)),
}


def whiten(
    X, eps, *, scale="right", centre=True, ddof=0, average=True, turn="columns", cross=True,
    project="centred",
):  # fmt: skip
    """Return Z (N, D) and W (D, D); the keywords switch single slips on."""
    centred = X - X.mean(axis=0)
    base = centred if centre else X
    cov = base.T @ base / ((len(X) - ddof) if average else 1)
    if cross:
        values, vectors = np.linalg.eigh(cov)
        W = (vectors if turn == "columns" else vectors.T) * SCALES[scale](values, eps)
    else:
        W = np.diag(SCALES[scale](np.diag(cov), eps))
    return (centred if project == "centred" else X) @ W, W


def _around(X, eps, scale):
    """The same slip with the result turned back: scales between two rotations."""
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(X))
    W = vectors * SCALES[scale](values, eps) @ vectors.T
    return centred @ W, W


def _project(X, W):
    return (X - X.mean(axis=0)) @ W, W


def _shifted(X, eps):
    """Return Σ + eps I."""
    return np.cov(X, rowvar=False, ddof=0) + eps * np.eye(X.shape[1])


def _standardised_first(X, eps):
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    W = vectors / np.sqrt(values + eps)
    return z @ W, W


def _standardised_first_with_sd(X, eps):
    Z, W = _standardised_first(X, eps)
    return Z, W / X.std(axis=0)[:, None]


def _standardised_first_without_eps(X, eps):
    return _standardised_first(X, 0.0)


def _rows_for_columns(X, eps):
    values, vectors = np.linalg.eigh(np.cov(X))
    return _project(X, vectors / np.sqrt(values + eps))


def _rows_for_columns_with_eps(X, eps):
    return _project(X, np.cov(X) + eps * np.eye(X.shape[1]))


def _made_apart(X, eps):
    values, vectors = np.linalg.eigh(_shifted(X, eps))
    W = vectors / np.sqrt(values)
    return (X - X.mean(axis=0)) @ W, W @ vectors.T


def _not_transposed(X, eps):
    return _project(X, np.linalg.inv(np.linalg.cholesky(_shifted(X, eps))))


def _eps_everywhere(X, eps):
    values, vectors = np.linalg.eigh(np.cov(X, rowvar=False, ddof=0) + eps)
    return _project(X, vectors / np.sqrt(values))


_slip = slips(whiten)


def _turned_back(made: Misconception, scale: str) -> Misconception:
    """Add the same slip in the variant that turns the result back."""
    return replace(made, variants=(lambda X, eps: _around(X, eps, scale),))


MISCONCEPTIONS = (
    _slip(
        "only standardised",
        "Each column was divided by its own spread. That is standardising: the correlations are "
        "still there.",
        "Is the covariance of your Z diagonal?",
        "M10",
        cross=False,
    ),
    _slip(
        "only rotated",
        "The data were turned until nothing is correlated, but the directions still have their own "
        "variances.",
        "What stands on the diagonal of the covariance of your Z, and what should?",
        "M10",
        scale="none",
    ),
    _turned_back(
        _slip(
            "divided by the variance",
            "Each direction was divided by its variance instead of its root.",
            "Which of the two has the unit of the data along that direction?",
            "M1",
            scale="inverse",
        ),
        "inverse",
    ),
    _turned_back(
        _slip(
            "multiplied by the spread",
            "Each direction was multiplied by its spread, so the long ones are even longer now.",
            "Should a direction with a large variance become longer or shorter?",
            scale="times",
        ),
        "times",
    ),
    _turned_back(
        _slip(
            "eps left out",
            "eps is not used. With fewer rows than columns some directions have variance 0, and "
            "there is nothing to divide by.",
            "What is the smallest eigenvalue of the covariance of 4 rows with 6 columns?",
            "M17",
            scale="no eps",
        ),
        "no eps",
    ),
    _turned_back(
        _slip(
            "eps outside the root",
            "eps was added to the spread of each direction; here it belongs to the variance.",
            "(Σ + eps · I) has which eigenvalues?",
            "M17",
            scale="eps outside",
        ),
        "eps outside",
    ),
    _turned_back(
        _slip(
            "eps fixed",
            "eps is always 1e-5, whatever was passed in.",
            "Where does the argument eps enter your code?",
            "M17",
            scale="fixed eps",
        ),
        "fixed eps",
    ),
    _turned_back(
        _slip(
            "eps for the flat ones only",
            "Only variances below eps were raised. Σ + eps · I adds it to every one.",
            "What are the eigenvalues of Σ + eps · I when those of Σ are 4 and 0?",
            "M17",
            scale="eps for the flat ones only",
        ),
        "eps for the flat ones only",
    ),
    _slip(
        "covariance about zero",
        "The mean was not subtracted before the covariance was taken, so the direction of the mean "
        "counts as spread.",
        "What is the covariance of data that all sit at one point far from 0?",
        centre=False,
    ),
    _slip(
        "mean left in Z",
        "W was applied to X with its mean still in it.",
        "What should the mean of each column of Z be?",
        project="raw",
    ),
    _slip(
        "unbiased",
        "The covariance was divided by N − 1, as np.cov does. Here the N rows themselves are to "
        "have covariance 1.",
        "Which argument of np.cov makes it divide by N?",
        "M2",
        ddof=1,
    ),
    _slip(
        "sum for average",
        "The products were added up but not averaged: the result shrinks when there are more rows.",
        "How large is the variance of a column in your covariance matrix?",
        average=False,
    ),
    Misconception(
        "standardised first",
        "The columns were standardised before they were whitened. That is a whitening too, but W "
        "then belongs to the standardised columns, and eps is added to correlations.",
        "Does (X − mean) · W with your W give your Z, and is W · Wᵀ made from the covariance of X?",
        wrong=_standardised_first,
        variants=(_standardised_first_with_sd, _standardised_first_without_eps),
    ),
    Misconception(
        "Z and W apart",
        "Your Z is not (X − mean) · W with the W that you return: the two were made in different "
        "ways.",
        "Compute (X - X.mean(axis=0)) @ W from your W. Where does it differ from your Z?",
        wrong=_made_apart,
    ),
    Misconception(
        "rows for columns",
        "np.cov takes the rows as the variables: the covariance has one row for each sample.",
        "Which argument of np.cov says that the variables are in the columns?",
        "M3",
        wrong=_rows_for_columns,
        variants=(_rows_for_columns_with_eps,),
    ),
    Misconception(
        "not transposed",
        "The inverse of the Cholesky factor was not transposed, so W · Wᵀ has its factors in the "
        "wrong order.",
        "With Σ = L · Lᵀ, which of L⁻¹ and L⁻ᵀ gives W · Wᵀ = Σ⁻¹?",
        wrong=_not_transposed,
    ),
    Misconception(
        "element by element",
        "The power was taken of every entry by itself. A root of a matrix is another thing.",
        "What does a ** -0.5 do to the entries that are 0?",
        wrong=lambda X, eps: _project(X, _shifted(X, eps) ** -0.5),
    ),
    Misconception(
        "eps everywhere",
        "eps was added to every entry of the covariance; it belongs on the diagonal alone.",
        "Which matrix is I?",
        "M17",
        wrong=_eps_everywhere,
    ),
    _slip(
        "eigenvectors as rows",
        "The rows of the matrix of eigenvectors were taken. np.linalg.eigh returns one eigenvector "
        "in each column.",
        "Which of vectors[:, 0] and vectors[0] is unchanged in direction by the covariance?",
        turn="rows",
    ),
)
