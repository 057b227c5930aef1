"""Right forward passes in other styles than the reference, and two slips of style."""

from __future__ import annotations

import numpy as np


def _loops(x, gamma, beta, eps=1e-5):
    n, d = x.shape
    y, x_hat, inv_std = np.empty_like(x), np.empty_like(x), np.empty(d)
    for j in range(d):
        column = [float(v) for v in x[:, j]]
        mean = sum(column) / n
        inv_std[j] = 1 / (sum((v - mean) ** 2 for v in column) / n + eps) ** 0.5
        for i in range(n):
            x_hat[i, j] = (column[i] - mean) * inv_std[j]
            y[i, j] = gamma[j] * x_hat[i, j] + beta[j]
    return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _keepdims(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(0, keepdims=True)
    inv_std = (np.square(centred).mean(0, keepdims=True) + eps) ** -0.5
    x_hat = centred * inv_std
    return x_hat * gamma[None] + beta[None], dict(x_hat=x_hat, inv_std=inv_std, gamma=gamma)


def _einsum(x, gamma, beta, eps=1e-5):
    centred = x - np.einsum("nd->d", x) / len(x)
    inv_std = 1 / np.sqrt(np.einsum("nd,nd->d", centred, centred) / len(x) + eps)
    return gamma * (centred * inv_std) + beta, {
        "gamma": gamma, "inv_std": inv_std, "x_hat": centred * inv_std,
    }  # fmt: skip


def _transposed(x, gamma, beta, eps=1e-5):
    t = x.T
    x_hat = ((t - t.mean(1)[:, None]) / np.sqrt(t.var(1) + eps)[:, None]).T
    return x_hat * gamma + beta, {
        "x_hat": x_hat, "inv_std": 1 / np.sqrt(x.var(0) + eps), "gamma": gamma,
    }  # fmt: skip


def _welford(x, gamma, beta, eps=1e-5):
    mean, squares = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for k, row in enumerate(x, 1):
        step = row - mean
        mean = mean + step / k
        squares = squares + step * (row - mean)
    inv_std = 1 / np.sqrt(squares / len(x) + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _in_place(x, gamma, beta, eps=1e-5):
    x -= x.mean(axis=0)
    inv_std = 1 / np.sqrt((x**2).mean(axis=0) + eps)
    x_hat = x * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _one_pass(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    inv_std = 1 / np.sqrt((x * x).mean(axis=0) - mean * mean + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


ACCEPTED = (_loops, _keepdims, _einsum, _transposed, _welford)
MISTAKES = {"one-pass variance": _one_pass, "changes its input": _in_place}
