"""What learners count when they miscount who shares a mean."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bncourse.grading.task import Misconception

WHY = (
    "an average over more numbers is less noisy",
    "one filter made the numbers at every place of the map",
    "it keeps the number of parameters small",
    "every place of a map has the same mean anyway",
)
RIGHT = 1
# Slips in one field alone, whose numbers are also part of a larger one.
PARTS = (
    "only the batch averaged",
    "only the places averaged",
    "channels averaged, too",
    "a pair for each activation",
    "one pair for the layer",
)


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the counts for maps of shape (N, C, H, W), and the reason."""
    n, c, h, w = (p[k] for k in "NCHW")
    return _partly(
        means=c,
        per_mean=n * h * w,
        learned=2 * c,
        other_means=c * h * w,
        other_per_mean=n,
        why=RIGHT,
    )


def _partly(**changes: int) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def _mean_over(p: Mapping, axes: str, **rest: int) -> dict[str, np.ndarray]:
    """Return what somebody counts whose means run over these axes."""
    size = math.prod(p[k] for k in axes)
    return _partly(means=math.prod(p[k] for k in "NCHW") // size, per_mean=size, **rest)


MISCONCEPTIONS = (
    Misconception(
        "one mean per activation",
        "Every place of every map has got a mean of its own, as if the maps were a table with "
        "C·H·W features.",
        "Which numbers were made by the same weights?",
        "M3",
        lambda p: _mean_over(p, "N", learned=2 * p["C"] * p["H"] * p["W"]),
    ),
    Misconception(
        "one mean per image and channel",
        "Each image has got means of its own. Then no image would need the batch: that is "
        "instance norm.",
        "What is the B in BN?",
        "M3",
        lambda p: _mean_over(p, "HW"),
    ),
    Misconception(
        "one mean per image",
        "There is one mean for each image, over its channels and places: that is layer norm.",
        "Two filters look for different things. Should their maps share one ruler?",
        "M3",
        lambda p: _mean_over(p, "CHW"),
    ),
    Misconception(
        "one mean for everything",
        "One mean serves the whole tensor, so a channel with large numbers drowns the others.",
        "How many gammas are there, and what does each of them scale?",
        "M3",
        lambda p: _mean_over(p, "NCHW", learned=2),
    ),
    Misconception(
        "the last axis taken for channels",
        "The last axis was taken for the channels. In (N, C, H, W) it counts the pixels across.",
        "Which letter stands second?",
        "M3",
        lambda p: _mean_over(p, "NCH", learned=2 * p["W"]),
    ),
    Misconception(
        "one mean per place",
        "Each place has got one mean over all images and channels.",
        "Which numbers were made by the same weights?",
        "M3",
        lambda p: _mean_over(p, "NC"),
    ),
    Misconception(
        "only the batch averaged",
        "Only the images were counted. A map has many places, and its mean runs over them, too.",
        "How many numbers does one filter make from the whole batch?",
        "M3",
        lambda p: _partly(per_mean=p["N"]),
    ),
    Misconception(
        "only the places averaged",
        "Only the places of one image were counted.",
        "How many numbers does one filter make from the whole batch?",
        "M3",
        lambda p: _partly(per_mean=p["H"] * p["W"]),
    ),
    Misconception(
        "channels averaged, too",
        "All numbers of the tensor were counted, those of the other channels among them.",
        "Means times numbers in each mean: which product must come out?",
        "M3",
        lambda p: _partly(per_mean=p["N"] * p["C"] * p["H"] * p["W"]),
    ),
    Misconception(
        "one edge forgotten",
        "One edge of the image is missing.",
        "How many places does a map have: H, W or H times W?",
        "",
        lambda p: _partly(per_mean=p["N"] * p["H"]),
    ),
    Misconception(
        "the other edge forgotten",
        "One edge of the image is missing.",
        "How many places does a map have: H, W or H times W?",
        "",
        lambda p: _partly(per_mean=p["N"] * p["W"]),
    ),
    Misconception(
        "4C learned",
        "The running mean and the running variance are among them. No gradient reaches those: "
        "they are measured.",
        "Of the four arrays of length C, which ones does the optimiser change?",
        "M8",
        lambda p: _partly(learned=4 * p["C"]),
    ),
    Misconception(
        "buffers and counter",
        "That counts what the layer keeps besides: the running mean, the running variance and a "
        "counter. They are measured, not learned.",
        "Which arrays does a gradient reach?",
        "M8",
        lambda p: _partly(learned=2 * p["C"] + 1),
    ),
    Misconception(
        "gamma without beta",
        "Only one number is counted for each channel.",
        "Which two letters does STEP 4 learn?",
        "M8",
        lambda p: _partly(learned=p["C"]),
    ),
    Misconception(
        "one pair for the layer",
        "gamma and beta are counted once for the whole layer.",
        "May two channels want different scales?",
        "M8",
        lambda p: _partly(learned=2),
    ),
    Misconception(
        "a pair for each activation",
        "gamma and beta are counted for every place of every map.",
        "What would a map look like that is scaled differently at every place, when its image "
        "moves?",
        "M3",
        lambda p: _partly(learned=2 * p["C"] * p["H"] * p["W"]),
    ),
    Misconception(
        "places forgotten",
        "That is the count for one mean per channel. Here each place has its own.",
        "How many numbers come out for one image?",
        "M3",
        lambda p: _partly(other_means=p["C"]),
    ),
    Misconception(
        "channels forgotten",
        "The places were counted, but not that each channel has its own.",
        "How many numbers come out for one image?",
        "M3",
        lambda p: _partly(other_means=p["H"] * p["W"]),
    ),
    Misconception(
        "one mean for each number",
        "Each number of each image has got its own mean. It would then be its own mean, and every "
        "output 0.",
        "Over what does the mean of one activation run?",
        "M3",
        lambda p: _partly(other_means=p["N"] * p["C"] * p["H"] * p["W"], other_per_mean=1),
    ),
    Misconception(
        "parameters for means",
        "Those are the parameters, two for each mean.",
        "What was asked for: means, or gammas and betas?",
        "",
        lambda p: _partly(other_means=2 * p["C"] * p["H"] * p["W"]),
    ),
    Misconception(
        "places still shared",
        "The places of a map are averaged here as well.",
        "If each place has a mean of its own, what is left to average over?",
        "M3",
        lambda p: _partly(other_per_mean=p["N"] * p["H"] * p["W"]),
    ),
    Misconception(
        "places instead of images",
        "The places were counted instead of the images.",
        "If each place has a mean of its own, what is left to average over?",
        "M3",
        lambda p: _partly(other_per_mean=p["H"] * p["W"]),
    ),
    Misconception(
        "less noise as the reason",
        "That is true and welcome, but it is no reason: averaging over all channels would be less "
        "noisy still.",
        "Why not share the ruler between channels, too?",
        "M3",
        lambda p: _partly(why=0),
    ),
    Misconception(
        "fewer parameters as the reason",
        "That is true and welcome, but it is no reason: one gamma for the layer would be fewer "
        "still.",
        "What did the lesson do to the image, and which norm did not mind?",
        "M3",
        lambda p: _partly(why=2),
    ),
    Misconception(
        "same means anyway",
        "The places of a map need not have the same mean: digits have little ink in the corners.",
        "Average a map over the images of a batch. Is the result a flat picture?",
        "M3",
        lambda p: _partly(why=3),
    ),
)
