"""What is measured on the batches of 8.3: many orders are right, so properties are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from bncourse.grading.answers import AnswerError

DRAWS = 20
MANY = 20  # times as many numbers as there are samples are not looked at
SPREADS = 9  # standard deviations above chance at which mates count as kept


def measure(
    values: Mapping[str, np.ndarray],
    labels: np.ndarray,
    batch_size: int,
    seed: int,
    asked: Sequence,
) -> dict[str, np.ndarray]:
    """Return the entropy of the batches asked for and what is true of the dealt ones."""
    first, sizes = values["indices"], values["sizes"]
    epochs = [first, *(values[name] for name in ("next_epoch", "same_rng", "other_rng"))]
    if max(sizes.size, *(epoch.size for epoch in epochs)) > MANY * (len(labels) + 1):
        raise AnswerError(f"there are {len(labels)} samples; many times as many came in an epoch.")
    for epoch in epochs:
        if epoch.ndim != 1 or epoch.dtype.kind not in "iu" or sizes.ndim != 1:
            raise AnswerError("batches should be one-dimensional arrays of whole numbers.")
        if epoch.size and not (epoch.min() >= 0 and epoch.max() < len(labels)):
            raise AnswerError(
                f"there are {len(labels)} samples, 0 to {len(labels) - 1}; an index of "
                f"{epoch.max() if epoch.max() >= len(labels) else epoch.min()} came."
            )
    if sizes.sum() != first.size or (sizes < 0).any():
        raise AnswerError("the sizes of the batches do not add up.")
    batches, later = (_cut_at(epoch, sizes) for epoch in epochs[:2])
    everyone = np.arange(len(labels))
    return {
        "label_entropy returns a number": values["written"],
        "label_entropy(asked)": values["entropy"],
        "label_entropy says the same after two epochs": values["steady"],
        "the batch sizes, the largest first": np.sort(sizes)[::-1],
        "the batches hold indices of samples, not labels": np.array(
            not np.array_equal(np.sort(first), np.sort(labels))
        ),
        "every sample comes once in each epoch": np.array(
            all(np.array_equal(np.sort(epoch), everyone) for epoch in epochs)
        ),
        "a batch has several classes": np.array(_mixed(labels, batch_size, batches + later)),
        "the second epoch has another order": np.array(not np.array_equal(*epochs[:2])),
        "the second epoch has other mates": np.array(_mates(batches) != _mates(later)),
        "the second epoch deals the mates anew": np.array(
            _kept(len(labels), batches, later) <= _by_chance(len(labels), batch_size)
        ),
        "the same rng gives the same order": np.array(np.array_equal(first, epochs[2])),
        "another rng gives another order": np.array(not np.array_equal(first, epochs[3])),
    }


def entropy(labels: np.ndarray, batches: Sequence[np.ndarray]) -> float:
    """Return the mean over the batches of the entropy of their labels, in bits."""
    if not len(batches):
        return 0.0
    return float(np.mean([_bits(labels[batch]) for batch in batches]))


def _bits(labels: np.ndarray) -> float:
    p = np.bincount(labels)
    p = p[p > 0] / max(len(labels), 1)
    return float(-(p * np.log2(p)).sum()) + 0.0


def _cut_at(order: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    return np.split(order, np.cumsum(sizes)[:-1]) if sizes.size else []


def _mates(batches: Sequence[np.ndarray]) -> set[frozenset[int]]:
    return {frozenset(batch.tolist()) for batch in batches}


def _kept(n: int, batches: Sequence[np.ndarray], later: Sequence[np.ndarray]) -> float:
    """Return the share of the pairs of mates who are mates in the other epoch, too."""
    places = np.full((2, n), -1)
    for place, epoch in zip(places, (batches, later), strict=True):
        for k, batch in enumerate(epoch):
            place[batch] = k
    once, again = (np.triu(place[:, None] == place, 1) for place in places)
    return float((once & again).sum() / max(once.sum(), 1))


def _by_chance(n: int, batch_size: int) -> float:
    """Return a share of kept pairs that a shuffle of n samples hardly ever exceeds."""
    share = (batch_size - 1) / max(n - 1, 1)
    pairs = max(n * (batch_size - 1) / 2, 1)
    return share + SPREADS * (share * (1 - share) / pairs) ** 0.5


def _mixed(labels: np.ndarray, batch_size: int, batches: Sequence[np.ndarray]) -> bool:
    """Say whether the batches are clearly more mixed than sorted ones."""
    return entropy(labels, batches) > _limit(tuple(labels.tolist()), batch_size)


@lru_cache(maxsize=64)
def _limit(kept: tuple[int, ...], batch_size: int) -> float:
    labels, rng = np.array(kept), np.random.default_rng(0)

    def cut(order: np.ndarray) -> list[np.ndarray]:
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]

    shuffled = np.mean([entropy(labels, cut(rng.permutation(len(labels)))) for _ in range(DRAWS)])
    by_class = entropy(labels, cut(np.argsort(labels, kind="stable")))
    # Not midway: few small batches may come out badly mixed by chance.
    return float(by_class + 0.3 * (shuffled - by_class))
