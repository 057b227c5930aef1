"""What is answered to 5.6, rightly and wrongly."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.inference.recalibrate_runs import AFTER, BEFORE, EPOCHS, TRAINING


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return which log is stale, what tells it, what helps, and the three numbers."""
    return _partly(
        stale=p["stale_is"],
        tells=1,
        gain=_gain(p["stale"]),
        remedy=2,
        weight=100 * p["momentum"] ** p["updates"],
        batches=_batches(p["momentum"]),
    )


def _partly(**changes: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def _gain(log: np.ndarray, epoch: int = -1) -> float:
    return round(float(log[epoch, AFTER] - log[epoch, BEFORE]), 1)


def _gap(log: np.ndarray) -> float:
    return round(float(log[-1, TRAINING] - log[-1, BEFORE]), 1)


def _quotient(old: float, share: float = 0.01) -> float:
    return math.log(share) / math.log(old)


def _batches(old: float, share: float = 0.01) -> int:
    """Return after how many updates the start weighs less than a share."""
    return math.ceil(_quotient(old, share))


MISCONCEPTIONS = (
    Misconception(
        "overfitting taken for stale",
        "That log hardly changes when its averages are measured anew: they were right before.",
        "Which of the two columns of validation should move when stale averages are replaced?",
        "M5",
        lambda p: _partly(stale=1 - p["stale_is"]),
    ),
    Misconception(
        "every gap is stale",
        "Both logs have a gap between training and validation. But only in one of them does it "
        "close when the averages are measured anew.",
        "What did recalibrating change in the weights?",
        "M5",
        lambda p: _partly(stale=2),
    ),
    Misconception(
        "no gap is stale",
        "In one log validation rises by many points although no weight was changed.",
        "What was different before, if not the weights?",
        "M5",
        lambda p: _partly(stale=3),
    ),
    Misconception(
        "told by the gap",
        "Both logs have that gap, so it cannot tell them apart.",
        "Which column of one log behaves differently from that of the other?",
        "M5",
        lambda p: _partly(tells=0),
    ),
    Misconception(
        "told by training",
        "Training is accurate in both logs, so it cannot tell them apart.",
        "Which column of one log behaves differently from that of the other?",
        "M5",
        lambda p: _partly(tells=2),
    ),
    Misconception(
        "gap for gain",
        "That is the gap between training and validation. Asked was what recalibrating wins.",
        "Which two columns differ only by the averages?",
        "",
        lambda p: _partly(gain=_gap(p["stale"])),
    ),
    Misconception(
        "gain of the other log",
        "That is what recalibrating does to the log that overfits.",
        "In which log do the averages matter?",
        "",
        lambda p: _partly(gain=_gain(p["overfit"])),
    ),
    Misconception(
        "gap of the other log",
        "That is the gap between training and validation in the log that overfits.",
        "Which two columns differ only by the averages?",
        "",
        lambda p: _partly(gain=_gap(p["overfit"])),
    ),
    Misconception(
        "gain of the first epoch",
        "That is what recalibrating wins after the first epoch.",
        "Which row is the last?",
        "",
        lambda p: _partly(gain=_gain(p["stale"], 0)),
    ),
    Misconception(
        "gain with the wrong sign",
        "The size is right and the sign is not: it is won, not lost.",
        "Which of the two columns is higher?",
        "",
        lambda p: _partly(gain=-_gain(p["stale"])),
    ),
    Misconception(
        "gain as a fraction",
        "That is the gain as a fraction; one point is one per cent.",
        "How many points lie between 60 % and 61 %?",
        "",
        lambda p: _partly(gain=_gain(p["stale"]) / 100),
    ),
    Misconception(
        "gain of training over recalibrated",
        "That is what training and recalibrated validation differ by.",
        "Which two columns differ only by the averages?",
        "",
        lambda p: _partly(gain=abs(p["stale"][-1, TRAINING] - p["stale"][-1, AFTER])),
    ),
    Misconception(
        "recalibrate everything",
        "Its averages were measured anew already, and that changed next to nothing.",
        "What does the net know of rows that it has not seen?",
        "M5",
        lambda p: _partly(remedy=0),
    ),
    Misconception(
        "predict in train mode",
        "Then each prediction would depend on the rows that share its batch, and the weights would "
        "be the same.",
        "Its averages are right. What would other statistics change?",
        "M5",
        lambda p: _partly(remedy=1),
    ),
    Misconception(
        "momentum against overfitting",
        "The momentum of batch norm keeps the books of means and variances. Training mode does not "
        "read them, so the weights would be the same.",
        "Does the loss in train mode depend on the running averages?",
        "M6",
        lambda p: _partly(remedy=3),
    ),
    Misconception(
        "share of the batches",
        "That is what the updates weigh together. The start has the rest.",
        "Do the weights of start and batches add up to 100 %?",
        "",
        lambda p: _partly(weight=100 - answers(p)["weight"]),
    ),
    Misconception(
        "epochs for updates",
        "That is the start's weight after as many updates as there are epochs.",
        "How often are the averages changed in one epoch?",
        "",
        lambda p: _partly(weight=100 * p["momentum"] ** EPOCHS),
    ),
    Misconception(
        "one epoch only",
        "That is the start's weight after the first epoch.",
        "How many updates are there in all?",
        "",
        lambda p: _partly(weight=100 * p["momentum"] ** p["per_epoch"]),
    ),
    Misconception(
        "weight as a fraction",
        "That is a fraction; per cent were asked for.",
        "What is 0.25 in per cent?",
        "",
        lambda p: _partly(weight=answers(p)["weight"] / 100),
    ),
    Misconception(
        "weight in a straight line",
        "Each update was made to take the same share of the start. But it takes a share of what "
        "is left.",
        "What is the start's weight after two updates with momentum 0.5?",
        "",
        lambda p: _partly(weight=100 * (1 - p["updates"] * (1 - p["momentum"]))),
    ),
    Misconception(
        "momentum reversed",
        "The momentum was given to the new batch. By Keras's rule it weighs the old average, so "
        "the start is forgotten slowly.",
        "After one update, how much is left of the start by Keras's rule?",
        "M6",
        lambda p: _partly(
            weight=100 * (1 - p["momentum"]) ** p["updates"], batches=_batches(1 - p["momentum"])
        ),
    ),
    Misconception(
        "one update too few",
        "After that many updates the start still weighs a little more than 1 %.",
        "What is its weight after exactly that many updates?",
        "",
        lambda p: _partly(batches=_batches(p["momentum"]) - 1),
    ),
    Misconception(
        "one update too many",
        "The weight is below 1 % one update earlier already.",
        "What is the start's weight one update before?",
        "",
        lambda p: _partly(batches=_batches(p["momentum"]) + 1),
    ),
    Misconception(
        "not rounded",
        "That is where the curve crosses 1 %. Updates come whole.",
        "After which update is the weight below 1 % for the first time?",
        "",
        lambda p: _partly(batches=_quotient(p["momentum"])),
    ),
    Misconception(
        "forgotten in a straight line",
        "Each update was made to take the same share of the start. But it takes a share of what "
        "is left.",
        "What is the start's weight after two updates with momentum 0.5?",
        "",
        lambda p: _partly(batches=math.ceil(round(1 / (1 - p["momentum"]), 6))),
    ),
    Misconception(
        "count for small steps",
        "That is 4.6 / (1 − momentum), rounded up, where momentumᵏ was taken for "
        "exp(−(1 − momentum) · k). Near, but a count is exact.",
        "What is the start's weight after one update, to four digits?",
        "",
        lambda p: _partly(batches=math.ceil(-math.log(0.01) / (1 - p["momentum"]))),
    ),
    Misconception(
        "ten per cent",
        "After that many updates the start weighs less than 10 %.",
        "What is 1 % as a fraction?",
        "",
        lambda p: _partly(batches=_batches(p["momentum"], 0.1)),
    ),
    Misconception(
        "one per thousand",
        "That is the count for 0.1 %.",
        "What is 1 % as a fraction?",
        "",
        lambda p: _partly(batches=_batches(p["momentum"], 0.001)),
    ),
    Misconception(
        "from now on",
        "That is how many more updates it takes after those in the log. Counted from the start was "
        "asked for.",
        "When did the start weigh 100 %?",
        "",
        lambda p: _partly(batches=_batches(p["momentum"]) - p["updates"]),
    ),
    Misconception(
        "counted in epochs",
        "That is the number of epochs; updates were asked for.",
        "How many updates does one epoch make?",
        "",
        lambda p: _partly(batches=math.ceil(_batches(p["momentum"]) / p["per_epoch"])),
    ),
    Misconception(
        "PyTorch's default",
        "That is the count for PyTorch's momentum 0.1.",
        "Which momentum have these layers?",
        "M6",
        lambda p: _partly(batches=_batches(0.9)),
    ),
    Misconception(
        "Keras's default",
        "That is the count for momentum 0.99.",
        "Which momentum have these layers?",
        "",
        lambda p: _partly(batches=_batches(0.99)),
    ),
)
