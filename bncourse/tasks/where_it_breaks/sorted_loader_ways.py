"""A loader that deals its batches in the ways of learners, right and wrong."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.where_it_breaks.sorted_loader_entropies import ENTROPIES, by_another_size


class Loader:
    """Deals samples into batches, and measures how mixed they are; keywords switch slips on."""

    def __init__(self, labels, batch_size, rng, *, deal="right", entropy="right"):
        self.labels, self.batch_size, self.rng = labels, batch_size, rng
        self.deal, self.entropy = deal, entropy
        self.order = np.argsort(labels, kind="stable")
        if deal.startswith("once"):
            self.order = rng.permutation(len(labels))

    def batches(self):
        """Return one epoch, a list of index arrays."""
        n, rng = len(self.labels), self.rng
        parts = -(-n // self.batch_size)
        order = {
            "right": lambda: rng.permutation(self.order),
            "fixed": lambda: np.random.default_rng(0).permutation(n),
            "unseeded": lambda: np.random.default_rng().permutation(n),
            "replacement": lambda: rng.integers(n, size=n),
            "from many": lambda: self.order[rng.integers(n, size=n)],
            "dealt labels": lambda: rng.permutation(self.labels),
            "dealt labels, sorted": lambda: self.labels[self.order],
            "in file order": lambda: np.arange(n),
            "evened out": lambda: rng.permutation(self.order),
            "interleaved": lambda: np.concatenate([self.order[k::parts] for k in range(parts)]),
        }.get(self.deal, lambda: self.order)()
        if self.deal.startswith("labels"):
            self.labels = rng.permutation(self.labels)
        if self.deal == "labels, sorted again":
            order = np.argsort(self.labels, kind="stable")
        if "rolled" in self.deal:
            self.order = order = np.roll(self.order, self._shift())
        if self.deal.startswith("choice"):
            return self._chosen()
        if self.deal == "as many batches":
            return np.array_split(rng.permutation(order), self.batch_size)
        if self.deal == "evened out":
            return np.array_split(order, parts)
        if self.deal == "every so many":
            return [self.order[k::parts] for k in range(parts)]
        cut = [order[i : i + self.batch_size] for i in range(0, n, self.batch_size)]
        if self.deal in ("batches", "once, then batches"):
            return [cut[k] for k in rng.permutation(len(cut))]
        if self.deal == "within":
            return [rng.permutation(batch) for batch in cut]
        if self.deal == "both":
            return [rng.permutation(cut[k]) for k in rng.permutation(len(cut))]
        return cut

    def _chosen(self):
        n, full = len(self.labels), self.batch_size
        sizes = [min(full, n - i) for i in range(0, n, full)]
        if self.deal != "choice":
            sizes = [full] * (n // full if self.deal.endswith("whole ones") else len(sizes))
        return [self.rng.choice(n, size, replace=False) for size in sizes]

    def _shift(self):
        if self.deal.endswith("at random"):
            return self.rng.integers(len(self.labels))
        return self.batch_size // 2 if self.deal.endswith("by half") else 1

    def label_entropy(self, batches):
        """Return the mean over the batches of the entropy of their labels, in bits."""
        sizes = {"by batch_size": self.batch_size, "by all": len(self.labels)}
        if self.entropy in sizes:
            return by_another_size(sizes[self.entropy], self.labels, batches)
        return ENTROPIES[self.entropy](self.labels, batches)


class Dropping(Loader):
    """Leaves the short last batch out."""

    def batches(self):
        """Return one epoch without the rest."""
        return [batch for batch in super().batches() if len(batch) == self.batch_size]


slip = slips(Loader)


def also(entry: Misconception, **others: tuple) -> Misconception:
    """Return a slip that may have been made in other ways, too: settings of one keyword."""
    ((name, values),) = others.items()
    return replace(entry, variants=tuple(partial(Loader, **{name: v}) for v in values))
