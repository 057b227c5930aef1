"""What learners get wrong when they mend a loader that keeps classes together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips


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
    "log only": _of_each(lambda labels: -np.log2(_share(labels)).sum()),
    "not written": lambda labels, batches: None,
}


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

    def _shift(self):
        if self.deal.endswith("at random"):
            return self.rng.integers(len(self.labels))
        return self.batch_size // 2 if self.deal.endswith("by half") else 1

    def label_entropy(self, batches):
        """Return the mean over the batches of the entropy of their labels, in bits."""
        return ENTROPIES[self.entropy](self.labels, batches)


class Dropping(Loader):
    """Leaves the short last batch out."""

    def batches(self):
        """Return one epoch without the rest."""
        return [batch for batch in super().batches() if len(batch) == self.batch_size]


_slip = slips(Loader)


def _also(entry, **others):
    ((name, values),) = others.items()
    return replace(entry, variants=tuple(partial(Loader, **{name: v}) for v in values))


MISCONCEPTIONS = (
    _slip(
        "still sorted",
        "label_entropy is right, and it tells what is wrong: the batches still hold one or two "
        "classes each.",
        "Print label_entropy of one epoch. What would it be for well mixed batches?",
        "",
        deal="sorted",
    ),
    _also(
        _slip(
            "labels without their samples",
            "The labels were shuffled. Sample 0 then has the label of another sample, and what "
            "label_entropy says of the same batch changes from epoch to epoch.",
            "Which of the two may be dealt anew: the indices of the samples or their labels?",
            "",
            deal="labels alone",
        ),
        deal=("labels, sorted again",),
    ),
    _also(
        _slip(
            "the batches themselves shuffled",
            "Something is shuffled now, the order of the batches or the order within each. But "
            "each batch still holds its one or two classes.",
            "Which two samples can never be in the same batch?",
            "",
            deal="batches",
        ),
        deal=("within", "both"),
    ),
    _slip(
        "the same mates for ever",
        "The samples were shuffled once, and after that only the batches change places: each "
        "sample always meets the same mates.",
        "In which method must the samples be shuffled so that it happens in each epoch?",
        "",
        deal="once, then batches",
    ),
    _slip(
        "shuffled once",
        "The samples were shuffled once, when the loader was made. Every epoch deals the same "
        "batches: each sample always meets the same mates.",
        "In which method must the shuffle stand so that it happens in each epoch?",
        "",
        deal="once",
    ),
    _also(
        _slip(
            "shifted along",
            "The samples were shuffled once, and each epoch shifts them along. Whoever were "
            "neighbours stay neighbours: most mates of a sample are those of the epoch before.",
            "How many of the mates of sample 0 are its mates in the next epoch, too?",
            "",
            deal="once, then rolled",
        ),
        deal=("once, then rolled at random", "once, then rolled by half"),
    ),
    _also(
        _slip(
            "the same order in each epoch",
            "The samples are mixed, but in the same order every epoch, whatever rng was handed in.",
            "Which line draws something new from self.rng in each epoch?",
            "",
            deal="fixed",
        ),
        deal=("interleaved", "every so many"),
    ),
    _slip(
        "batches evened out",
        "The epoch was cut into batches of nearly the same size. Each should have batch_size "
        "samples, and only the last one what is left.",
        "23 samples, batches of 5: which sizes should come, and which does np.array_split give?",
        "",
        deal="evened out",
    ),
    _slip(
        "another generator",
        "The order does not come from the rng that was handed in: nobody can repeat this run.",
        "Which generator was handed in, and which one do you use?",
        "",
        deal="unseeded",
    ),
    _also(
        _slip(
            "drawn with replacement",
            "Some samples come twice in an epoch, and others not at all.",
            "Does rng.integers, or rng.choice without replace=False, know what it drew before?",
            "",
            deal="replacement",
        ),
        deal=("from many",),
    ),
    _slip(
        "nats",
        "That is the entropy in nats, with the natural logarithm; bits were asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="nats",
    ),
    _slip(
        "the logarithm to base 10",
        "That is the entropy with the logarithm to base 10; bits were asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="log10",
    ),
    _slip(
        "below zero",
        "The sign is missing: a logarithm of a share is never above 0.",
        "What is the sign of log2(0.5)?",
        "",
        entropy="negative",
    ),
    _slip(
        "added up over the batches",
        "The entropies of the batches were added up, but not averaged.",
        "If every batch were there twice, should the result change?",
        "",
        entropy="sum",
    ),
    _also(
        _slip(
            "one batch only",
            "The entropy of one batch stands for all of them.",
            "Which batches should the mean run over?",
            "",
            entropy="first",
        ),
        entropy=("last", "smallest", "largest"),
    ),
    _also(
        _slip(
            "all batches in one",
            "The classes of all batches were counted together. A sorted epoch holds every class as "
            "often as a shuffled one.",
            "Does your number change at all if the samples are shuffled?",
            "",
            entropy="joined",
        ),
        entropy=("average mixture",),
    ),
    _slip(
        "weighted with the sizes",
        "The batches were weighted with their sizes; the plain mean over the batches was asked "
        "for.",
        "How much should a short batch count?",
        "",
        entropy="weighted",
    ),
    _slip(
        "indices for labels",
        "That is the entropy of the indices: they are all different, so it depends on the batch "
        "size alone.",
        "What does a batch hold, and how do you get from there to its classes?",
        "",
        entropy="indices",
    ),
    _slip(
        "log of 0",
        "A class that is not in the batch has the share 0, and 0 · log2(0) came out as nan. It "
        "should count as 0.",
        "Which classes should the sum run over?",
        "",
        entropy="empty classes",
    ),
    _slip(
        "counts for shares",
        "The logarithm was taken of the counts. They must first be divided by the batch size.",
        "What do the p of a batch add up to?",
        "",
        entropy="counts",
    ),
    _slip(
        "the number of classes",
        "That is how many classes a batch has. One stray sample among many counts there as much "
        "as a half.",
        "What should come out for a batch with one class?",
        "",
        entropy="kinds",
    ),
    _slip(
        "two to the entropy",
        "That is 2 to the power of the entropy.",
        "What should come out for a batch with one class?",
        "",
        entropy="perplexity",
    ),
    _slip(
        "another impurity",
        "That is 1 − Σ p², the Gini impurity; the entropy −Σ p · log2(p) was asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="gini",
    ),
    _slip(
        "not weighted with p",
        "The logarithms were added up without their p.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="log only",
    ),
    _slip(
        "entropy not written",
        "The batches are mended. label_entropy still returns None.",
        "Which classes are in one batch, and which share has each?",
        "",
        entropy="not written",
    ),
)
