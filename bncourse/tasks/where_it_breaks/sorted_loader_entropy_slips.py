"""What learners get wrong about the entropy of a batch's labels."""

from __future__ import annotations

from bncourse.tasks.where_it_breaks.sorted_loader_ways import also, slip

ENTROPY_SLIPS = (
    slip(
        "nats",
        "That is the entropy in nats, with the natural logarithm; bits were asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="nats",
    ),
    slip(
        "the logarithm to base 10",
        "That is the entropy with the logarithm to base 10; bits were asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="log10",
    ),
    slip(
        "below zero",
        "The sign is missing: a logarithm of a share is never above 0.",
        "What is the sign of log2(0.5)?",
        "",
        entropy="negative",
    ),
    slip(
        "added up over the batches",
        "The entropies of the batches were added up, but not averaged.",
        "If every batch were there twice, should the result change?",
        "",
        entropy="sum",
    ),
    also(
        slip(
            "one batch only",
            "The entropy of one batch stands for all of them.",
            "Which batches should the mean run over?",
            "",
            entropy="first",
        ),
        entropy=("last", "smallest", "largest"),
    ),
    also(
        slip(
            "all batches in one",
            "The classes of all batches were counted together. A sorted epoch holds every class as "
            "often as a shuffled one.",
            "Does your number change at all if the samples are shuffled?",
            "",
            entropy="joined",
        ),
        entropy=("average mixture",),
    ),
    slip(
        "weighted with the sizes",
        "The batches were weighted with their sizes; the plain mean over the batches was asked "
        "for.",
        "How much should a short batch count?",
        "",
        entropy="weighted",
    ),
    slip(
        "indices for labels",
        "That is the entropy of the indices: they are all different, so it depends on the batch "
        "size alone.",
        "What does a batch hold, and how do you get from there to its classes?",
        "",
        entropy="indices",
    ),
    slip(
        "log of 0",
        "A class that is not in the batch has the share 0, and 0 · log2(0) came out as nan. It "
        "should count as 0.",
        "Which classes should the sum run over?",
        "",
        entropy="empty classes",
    ),
    slip(
        "counts for shares",
        "The logarithm was taken of the counts. They must first be divided by the length of this "
        "batch.",
        "What do the p of a batch add up to?",
        "",
        entropy="counts",
    ),
    also(
        slip(
            "divided by another length",
            "The counts were divided by another number than the length of this batch, batch_size "
            "say: the p do not add up to 1. The last batch may be short, and the check asks about "
            "batches of any length.",
            "batch_size is 7: what do the p of a batch of 13 add up to?",
            "",
            entropy="by batch_size",
        ),
        entropy=("by all",),
    ),
    slip(
        "averaged over the classes",
        "The terms p · log2(p) of a batch were averaged; they should be added up. The mean runs "
        "over the batches only.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="mean of terms",
    ),
    slip(
        "the logarithm of their number",
        "That is log2 of how many classes a batch has: its entropy only if all of them are equally "
        "frequent in it.",
        "A batch has 9 samples of one class and one of another. Is that as mixed as half and half?",
        "",
        entropy="log kinds",
    ),
    slip(
        "the number of classes",
        "That is how many classes a batch has. One stray sample among many counts there as much "
        "as a half.",
        "What should come out for a batch with one class?",
        "",
        entropy="kinds",
    ),
    slip(
        "two to the entropy",
        "That is 2 to the power of the entropy.",
        "What should come out for a batch with one class?",
        "",
        entropy="perplexity",
    ),
    slip(
        "another impurity",
        "That is 1 − Σ p², the Gini impurity; the entropy −Σ p · log2(p) was asked for.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="gini",
    ),
    slip(
        "not weighted with p",
        "The logarithms were added up without their p.",
        "How many bits has a batch of two classes, half and half?",
        "",
        entropy="log only",
    ),
    slip(
        "entropy not written",
        "The batches are mended. label_entropy still returns None.",
        "Which classes are in one batch, and which share has each?",
        "",
        entropy="not written",
    ),
)
