"""Exercises 2.1 to 2.4 with answers as learners write them."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bncourse.authoring.build import ROOT
from bncourse.check import judge_answer
from bncourse.grading.answers import AnswerError
from bncourse.grading.verdict import Status
from bncourse.registry import find


@pytest.mark.parametrize(
    ("fit", "key"),
    [
        (lambda X: (X.mean(0), X.std(0)), "no guard"),
        (lambda X: (X.mean(0), np.where(X.std(0) == 0, 1, X.std(0)).astype(X.dtype)),
         "guard for an exact zero"),
        (lambda X: (X.mean(0), X.std(0) + np.array(1e-8, X.dtype)), "eps added"),
        (lambda X: (X.mean(0), np.where(np.ptp(X, 0) == 0, 1, X.std(0, ddof=1)).astype(X.dtype)),
         "unbiased"),
        (lambda X: (X.mean(0), np.where(np.isclose(X.std(0), 0), 1, X.std(0)).astype(X.dtype)),
         "coarse guard"),
        (lambda X: (X.mean(0), np.where(X.std(0) < 1e-4, 1, X.std(0)).astype(X.dtype)),
         "coarse guard"),
        (lambda X: (X.mean(0),
                    np.where(np.isclose(X, X[0]).all(0), 1, X.std(0)).astype(X.dtype)),
         "coarse guard"),
        (lambda X: (X.mean(0), np.where(X.std(0) < 1e-12, 1, X.std(0)).astype(X.dtype)),
         "fixed threshold"),
        (lambda X: (X.mean(0), np.where(X[0] == X[1], 1, X.std(0)).astype(X.dtype)),
         "two rows compared"),
        (lambda X: (X.mean(0), np.maximum(X.std(0), 1e-8).astype(X.dtype)), "floor"),
        (lambda X: (X.mean(1), X.std(1)), "per sample"),
        (lambda X: (X.mean(), X.std()), "whole table"),
    ],
)  # fmt: skip
def test_a_slip_in_fitting_is_named(fit, key):
    assert judge_answer(find("2.2"), fit).misconceptions == (key,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_guard_with_a_tolerance_is_right_too(dtype):
    def fit(X):
        sd = X.std(axis=0)
        sd[sd < 1e-10] = 1
        return X.mean(axis=0), sd

    assert judge_answer(find("2.2"), fit).ok


def test_scikit_learns_own_scaler_would_pass():
    from sklearn.preprocessing import StandardScaler

    def fit(X):
        scaler = StandardScaler().fit(X)
        return scaler.mean_, scaler.scale_

    assert judge_answer(find("2.2"), fit).ok


def test_a_ruler_of_ones_own_is_named():
    for own in (
        lambda X, mean, sd: (X - X.mean(0)) / X.std(0),
        lambda X, mean, sd: (X - X.mean(0)) / np.where(X.std(0) == 0, 1, X.std(0)),
    ):
        found = judge_answer(find("2.2b"), own)
        assert found.misconceptions == ("own ruler",)
        assert found.asks == ("What does your function return for one row, whatever the row is?",)


def answer_cell(folder, key):
    book = json.loads((ROOT / folder / "02_input_normalisation.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    return next(cell for cell in cells if re.search(rf"def {key}\(", cell))


def run_cell(source):
    scope = {"np": np}
    exec(compile(source, "<cell>", "exec"), scope)
    return scope["predict_test"]


LEAK = "mean = X.mean(axis=0)\n    sd = X.std(axis=0)"
OWN = "    test = (test - test.mean(axis=0)) / test.std(axis=0)\n"


def test_the_pipeline_in_the_notebook_is_the_one_the_task_knows():
    found = judge_answer(find("2.3"), run_cell(answer_cell("exercises", "predict_test")))
    assert found.status is Status.NOT_STARTED and found.credit == 0


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({LEAK: "mean = X[:n_train].mean(axis=0)\n    sd = X[:n_train].std(axis=0)"},
         {"own ruler"}),
        ({OWN: ""}, {"fit on everything"}),
        ({LEAK: "mean = X[n_train:].mean(axis=0)\n    sd = X[n_train:].std(axis=0)", OWN: ""},
         {"fit on the test set"}),
        ({"sd = X.std": "sd = X[:n_train].std", OWN: ""}, {"mean of everything"}),
        ({"mean = X.mean": "mean = X[:n_train].mean", OWN: ""}, {"spread of everything"}),
        ({LEAK: LEAK.replace("X.", "X[:n_train]."), OWN: ""}, set()),
    ],
)  # fmt: skip
def test_each_leak_left_in_the_notebooks_own_code_is_named(changes, keys):
    source = answer_cell("exercises", "predict_test")
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    verdict = judge_answer(find("2.3"), run_cell(source))
    assert set(verdict.misconceptions) == keys
    assert verdict.ok == (not keys)


@pytest.mark.parametrize(
    ("turn", "ok"),
    [("rotated", True), ("mirrored", True), ("stretched", False)],
)
def test_any_rotation_of_a_whitening_is_right(turn, ok):
    def whiten(X, eps):
        centred = X - X.mean(axis=0)
        values, vectors = np.linalg.eigh(centred.T @ centred / len(X))
        W = vectors / np.sqrt(values + eps)
        d = W.shape[1]
        q, _ = np.linalg.qr(np.random.default_rng(d).normal(size=(d, d)))
        W = W @ {"rotated": q, "mirrored": -np.eye(d), "stretched": 1.01 * np.eye(d)}[turn]
        return centred @ W, W

    assert judge_answer(find("2.4"), whiten).ok is ok


def test_numpys_covariance_over_n_minus_one_is_named():
    def whiten(X, eps):
        values, vectors = np.linalg.eigh(np.cov(X, rowvar=False))
        W = vectors / np.sqrt(values + eps)
        return (X - X.mean(axis=0)) @ W, W

    assert judge_answer(find("2.4"), whiten).misconceptions == ("unbiased",)


def standardised_first(X, eps):
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    variances, axes = np.linalg.eigh(np.cov(z, rowvar=False, ddof=0))
    W = axes / np.sqrt(variances + eps)
    return z @ W, W


def cholesky(X, eps):
    W = np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0) + eps * np.eye(X.shape[1])))
    return (X - X.mean(axis=0)) @ W, W


def mixed(X, eps):
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(X))
    scale = 1 / np.sqrt(values + eps)
    return centred @ vectors * scale, vectors @ np.diag(scale) @ vectors.T


def rows_for_columns(X, eps):
    values, vectors = np.linalg.eigh(np.cov(X))
    W = vectors / np.sqrt(values + eps)
    return (X - X.mean(axis=0)) @ W, W


@pytest.mark.parametrize(
    ("whiten", "key"),
    [
        (standardised_first, "standardised first"),
        (lambda X, eps: standardised_first(X, 0.0), "standardised first"),
        (cholesky, "not transposed"),
        (mixed, "Z and W apart"),
        (rows_for_columns, "rows for columns"),
    ],
)
def test_a_likely_slip_in_whitening_is_named(whiten, key):
    assert judge_answer(find("2.4"), whiten).misconceptions == (key,)


def test_a_whitening_of_fewer_columns_is_asked_for_its_shape():
    def whiten(X, eps):
        centred = X - X.mean(axis=0)
        _, s, vt = np.linalg.svd(centred, full_matrices=False)
        W = vt.T / np.sqrt(s**2 / len(X) + eps)
        return centred @ W, W

    found = judge_answer(find("2.4"), whiten)
    assert found.status is Status.UNREADABLE
    assert found.seen[0].startswith("Z should have shape (4, 6); (4, 4) came (directions without")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_a_process_sends_is_measured_or_refused(data):
    kinds = st.sampled_from([np.float64, np.float32, np.int64, np.complex128, np.bool_])
    shape = st.sampled_from([(), (2,), (4, 2), (2, 2), (4, 2, 2), (0, 0)])
    draw = arrays.arrays(kinds, shape)
    for key, names in (("2.4", ("Z", "W")), ("2.2", ("mean", "sd"))):
        task = find(key)
        args = task.draw(3)[0].args
        sent = {name: data.draw(draw) for name in names}
        with np.errstate(all="ignore"):
            try:
                measured = task.measure(sent, *args)
            except AnswerError:
                continue
        assert all(isinstance(value, np.ndarray) for value in measured.values())
