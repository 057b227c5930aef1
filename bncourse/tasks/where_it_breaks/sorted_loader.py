"""8.3: mend a loader that keeps the classes together, and measure how mixed a batch is."""

from __future__ import annotations

from functools import partial

import numpy as np

from bncourse.grading.kinds import driven_task
from bncourse.grading.loaders import LOADED, load_epochs
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.where_it_breaks.sorted_loader_entropy_slips import ENTROPY_SLIPS
from bncourse.tasks.where_it_breaks.sorted_loader_measured import measure
from bncourse.tasks.where_it_breaks.sorted_loader_slips import MISCONCEPTIONS
from bncourse.tasks.where_it_breaks.sorted_loader_ways import Dropping, Loader

GIVEN = partial(Loader, deal="sorted", entropy="not written")
DROPPED = Misconception(
    "rest dropped",
    "The short last batch is missing. The samples in it are never trained on in this epoch.",
    "How many samples come out of one epoch, and how many are there?",
    wrong=Dropping,
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw sorted labels of several classes, and batches whose entropy is known to the judge."""

    def draw(label, counts, batch_size, *sizes):
        labels = np.repeat(np.arange(len(counts)) + 2, counts)
        order = rng.permutation(len(labels))
        asked = [order[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(len(sizes))]
        return Case(label, (labels, batch_size, int(rng.integers(10_000)), asked))

    # Evened-out batches show where the last one lacks more than one sample.
    fit: list[int] = []
    while not fit:
        a, b, c = (int(v) for v in rng.integers(13, 30, 3))
        fit = [size for size in (6, 5, 7) if (a + b + c) % size not in (0, size - 1)]
    two = draw("two classes of 8, batches of 4", (8, 8), 4, 4, 4)
    two.args[3][:] = [np.array([0, 1, 8, 9]), np.array([0, 1, 2, 3])]
    return [
        two,
        draw("three classes of 16, batches of 8", (16, 16, 16), 8, 8, 2, 5),
        draw("a short last batch", (a, b, c), fit[0], 6, 6, 1, 3),
        draw("a single batch asked for", (9, 7, 12), 7, 13),
        draw("ten classes of 30, batches of 20", (30,) * 10, 20, 20, 20, 7),
    ]


class _Counting:
    """Another style: shuffles indices in place, counts in a loop, yields batches."""

    def __init__(self, labels, batch_size, rng):
        self.labels, self.size, self.rng = labels, batch_size, rng

    def batches(self):
        order = np.arange(len(self.labels))
        self.rng.shuffle(order)
        for start in range(0, len(order), self.size):
            yield order[start : start + self.size]

    def label_entropy(self, batches):
        total = 0.0
        for batch in batches:
            for label in set(self.labels[batch].tolist()):
                p = float(np.mean(self.labels[batch] == label))
                total -= p * np.log2(p) / len(batches)
        return total


class _Dealt(Loader):
    """Another style: the classes are dealt out in turn, which mixes even better."""

    def batches(self):
        keys = self.rng.random(len(self.labels))
        rank = np.empty(len(keys))
        for label in np.unique(self.labels):
            own = np.flatnonzero(self.labels == label)
            rank[own[keys[own].argsort()]] = (np.arange(len(own)) + self.rng.random()) / len(own)
        order = rank.argsort()
        return np.split(order, range(self.batch_size, len(order), self.batch_size))

    def label_entropy(self, batches):
        found = []
        for batch in batches:
            p = np.bincount(self.labels[batch]) / len(batch)
            found.append(-np.sum(p * np.log2(np.where(p > 0, p, 1))))
        return np.mean(found)


TASK = driven_task(
    load_epochs,
    id="8.3",
    title="the sorted loader",
    entry="Loader",
    objective="Find out by a measurement that batch mates share their class, and mend it",
    minutes=15,
    params=("labels", "batch_size", "seed", "asked"),
    outputs=LOADED,
    measure=measure,
    cases=cases,
    reference=Loader,
    misconceptions=(*MISCONCEPTIONS, *ENTROPY_SLIPS, DROPPED),
    hints=(
        "Look at one batch: print loader.labels[batch] for the batches of one epoch. What do the "
        "mates share, and what would a good mixture look like?",
        "The entropy of a batch is −Σ p · log2(p) over the classes that are in it, p being their "
        "share of the batch. To mix, the samples have to be shuffled before they are cut into "
        "batches, in each epoch anew.",
        "For one batch: p = np.unique(self.labels[batch], return_counts=True)[1] / len(batch). "
        "Half and half gives 1 bit, one class alone 0. In batches(), "
        "self.rng.permutation(self.order) is a shuffled copy; cut that.",
    ),
    stub=GIVEN,
    given=GIVEN,
    accepted=(_Counting, _Dealt),
    switchboard=Loader,
)
