"""Two small training runs: one whose running averages are stale, one that overfits."""

from __future__ import annotations

import numpy as np

EPOCHS, VALIDATION = 6, 500
# columns of a log
TRAINING, BEFORE, AFTER = 0, 1, 2


def stale_run(rng: np.random.Generator, momentum: float, per_epoch: int) -> np.ndarray:
    """Return the log (EPOCHS, 3) of a run on plenty of data far from mean 0.

    The net is good; the averages have not yet come from their start, 0 and 1, to the data.
    """
    while True:
        log = _run(rng, momentum, per_epoch, rows=60, d=20, noise=0.02, sep=1.8, rate=0.3, away=8.0)
        if log[-1, BEFORE] < 75 < 90 < min(log[-1, TRAINING], log[-1, AFTER]) and (
            log[-1, BEFORE] > 55 and log[-1, BEFORE] > log[0, BEFORE] + 1
        ):
            return log


def overfit_run(rng: np.random.Generator, momentum: float, per_epoch: int) -> np.ndarray:
    """Return the log (EPOCHS, 3) of a run on few, noisy rows that are standardised already.

    The averages start where they belong; the net learns its training rows by heart.
    """
    while True:
        log = _run(rng, momentum, per_epoch, rows=14, d=60, noise=0.1, sep=1.4, rate=2.5, away=0.0)
        if (
            log[-1, TRAINING] > 90
            and log[:, BEFORE].max() - log[-1, BEFORE] > 2
            and np.abs(log[:, AFTER] - log[:, BEFORE]).max() < 3
            and np.abs(log[-1, AFTER] - log[-1, BEFORE]) < 1
        ):
            return log


def _run(rng, momentum, per_epoch, *, rows, d, noise, sep, rate, away) -> np.ndarray:
    """Train a logistic regression on normalised inputs; return accuracies in per cent per epoch.

    The columns: training rows in train mode, validation rows in eval mode, and these after the
    averages were measured anew on all training rows. ``rows`` is the batch size.
    """
    mean, sd = rng.normal(0, 1, d) * away, np.exp(rng.normal(0, 0.5, d) * (away > 0))
    direction = rng.normal(0, 1, d)
    direction *= sep / np.linalg.norm(direction)

    def draw(n):
        y = rng.random(n) < 0.5
        x = mean + sd * (rng.normal(0, 1, (n, d)) + np.where(y[:, None], direction, -direction))
        return x, y ^ (rng.random(n) < noise)

    (X, y), (X_val, y_val) = draw(rows * per_epoch), draw(VALIDATION)
    w, running_mean, running_var = np.zeros(d), np.zeros(d), np.ones(d)

    def right(x, labels, mean, var):
        return 100 * float((((x - mean) / np.sqrt(var) @ w > 0) == labels).mean())

    log = []
    for _ in range(EPOCHS):
        batches = rng.permutation(len(X)).reshape(per_epoch, rows)
        for batch in batches:
            batch_mean, batch_var = X[batch].mean(axis=0), X[batch].var(axis=0)
            z = (X[batch] - batch_mean) / np.sqrt(batch_var)
            w -= rate * z.T @ (1 / (1 + np.exp(-np.clip(z @ w, -30, 30))) - y[batch]) / rows
            running_mean = momentum * running_mean + (1 - momentum) * batch_mean
            running_var = momentum * running_var + (1 - momentum) * batch_var
        own = [right(X[b], y[b], X[b].mean(axis=0), X[b].var(axis=0)) for b in batches]
        before = right(X_val, y_val, running_mean, running_var)
        log.append((np.mean(own), before, right(X_val, y_val, X.mean(axis=0), X.var(axis=0))))
    return np.round(log, 1)
