"""The entropy of a batch's labels, as it should be and as learners compute it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np


def _share(labels):
    return np.unique(labels, return_counts=True)[1] / len(labels)


def _of_each(how: Callable, summary: Callable = np.mean) -> Callable:
    return lambda labels, batches: summary([how(labels[b]) for b in batches])


def _entropy(labels, log=np.log2):
    p = _share(labels)
    return -(p * log(p)).sum()


def _with_empty(labels):
    p = np.bincount(labels) / len(labels)
    with np.errstate(all="ignore"):
        return -(p * np.log2(p)).sum()


def _counts(labels):
    n = np.unique(labels, return_counts=True)[1]
    return -(n * np.log2(n)).sum()


def _average_mixture(labels, batches):
    k = labels.max() + 1
    p = np.mean([np.bincount(labels[b], minlength=k) / len(b) for b in batches], axis=0)
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def by_another_size(size: int, labels: np.ndarray, batches: Sequence) -> float:
    """Return the mean entropy with counts divided by a size that need not be the batch's."""
    shares = [np.unique(labels[b], return_counts=True)[1] / size for b in batches]
    return np.mean([-(p * np.log2(p)).sum() for p in shares])


ENTROPIES: dict[str, Callable] = {
    "right": _of_each(_entropy),
    "nats": _of_each(partial(_entropy, log=np.log)),
    "log10": _of_each(partial(_entropy, log=np.log10)),
    "negative": _of_each(lambda labels: -_entropy(labels)),
    "sum": _of_each(_entropy, np.sum),
    "first": lambda labels, batches: _entropy(labels[batches[0]]),
    "last": lambda labels, batches: _entropy(labels[batches[-1]]),
    "smallest": _of_each(_entropy, np.min),
    "largest": _of_each(_entropy, np.max),
    "joined": lambda labels, batches: _entropy(labels[np.concatenate(batches)]),
    "average mixture": _average_mixture,
    "weighted": lambda labels, batches: np.average(
        [_entropy(labels[b]) for b in batches], weights=[len(b) for b in batches]
    ),
    "indices": lambda labels, batches: np.mean([_entropy(b) for b in batches]),
    "empty classes": _of_each(_with_empty),
    "counts": _of_each(_counts),
    "kinds": _of_each(lambda labels: len(np.unique(labels))),
    "perplexity": _of_each(lambda labels: 2 ** _entropy(labels)),
    "gini": _of_each(lambda labels: 1 - (_share(labels) ** 2).sum()),
    "log kinds": _of_each(lambda labels: np.log2(len(np.unique(labels)))),
    "mean of terms": _of_each(lambda labels: _entropy(labels) / len(np.unique(labels))),
    "log only": _of_each(lambda labels: -np.log2(_share(labels)).sum()),
    "not written": lambda labels, batches: None,
}
