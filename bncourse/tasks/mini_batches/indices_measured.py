"""What can be said of a shuffle, whichever it is: its batch sizes, and whether it is one."""

from __future__ import annotations

import numpy as np

from bncourse.grading.answers import AnswerError
from bncourse.grading.batches import DEALT

TELLING = 20  # with fewer samples a right shuffle may keep the file's order by chance

MANY = 20  # times as many numbers as there are images are not looked at


def measure(got, n, batch_size, rng, drop_last):
    """Return what can be said of a shuffle: its batch sizes, and whether it is one."""
    for name in DEALT:
        if got[name].ndim != 1 or (got[name].size and got[name].dtype.kind not in "iu"):
            raise AnswerError(f"{name} should be a row of whole numbers.")
    if max(a.size for a in got.values()) > MANY * (n + 1):
        raise AnswerError(f"there are {n} images; many times as many indices or batches came.")
    dealt, later, again = (got[name] for name in ("indices", "next_epoch", "same_seed"))
    # In a single batch the order means nothing.
    told = n >= TELLING and dealt.size >= TELLING and got["sizes"].size > 1
    # Runs of the file show also in few images. One epoch of a right shuffle that sorts each batch
    # may look like that by chance, hardly ever two in a row.
    sizes = got["sizes"]
    together = sizes.size > 1 and dealt.size >= 10 and _in_runs(dealt) and _in_runs(later)
    facts = {
        "every index lies in 0 … n − 1": dealt.size == 0 or 0 <= dealt.min() <= dealt.max() < n,
        "no index comes twice": len(np.unique(dealt)) == dealt.size,
        "the order is not the file's": not told or not np.array_equal(dealt, np.sort(dealt)),
        "neighbours of the file are parted": not together,
        "only the last batch is short": together or not (sizes[:-1] < batch_size).any(),
        "another epoch has another order": not told or not np.array_equal(dealt, later),
        "other images meet in another epoch": (
            together or not told or not _same_company(got, later)
        ),
        "not always the same images are dropped": not told or not _last_dropped(n, dealt, later),
        "the same seed gives the same order": np.array_equal(dealt, again),
    }
    ordered = np.sort(sizes)[::-1] if together else sizes
    return {"sizes": ordered, **{fact: np.array(bool(so)) for fact, so in facts.items()}}


def _in_runs(dealt):
    """Say whether most images are followed by their neighbour in the file."""
    return dealt.size > 1 and np.mean(np.diff(dealt) == 1) > 0.75


def _same_company(got, later):
    """Say whether every batch of the first epoch holds the very images of one of the second."""
    dealt, sizes = got["indices"], got["sizes"]
    if dealt.shape != later.shape or len(sizes) < 2 or not (sizes > 0).all():
        return False
    if sizes.sum() != dealt.size:
        return False
    ends = np.cumsum(sizes)[:-1]
    first = {frozenset(batch.tolist()) for batch in np.split(dealt, ends)}
    return first == {frozenset(batch.tolist()) for batch in np.split(later, ends)}


def _last_dropped(n, dealt, later):
    """Say whether both epochs leave out the last images of the file, and only those."""
    left = np.arange(n)
    return dealt.size < n and all(
        np.array_equal(np.sort(epoch), left[: dealt.size]) for epoch in (dealt, later)
    )
