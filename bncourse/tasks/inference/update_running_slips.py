"""What learners get wrong when they update a running average."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.inference.update_running_switches import (
    looked_up_at_once,
    update_running,
    weights_at_once,
)

_slip = slips(update_running)


def _everywhere(entry: Misconception) -> Misconception:
    """Add the same slip made in the plain average too, as in code of one line for all three."""
    step = entry.switches["step"]
    return replace(entry, variants=(partial(update_running, step=step, plain=step),))


MISCONCEPTIONS = (
    _slip(
        "all by PyTorch",
        "Keras's momentum is treated like PyTorch's: 0.99 became the weight of the new value.",
        "In which of the two libraries does a momentum of 0.99 mean a long memory?",
        "M6",
        weights="all PyTorch",
    ),
    _slip(
        "all by Keras",
        "PyTorch's momentum is treated like Keras's: 0.1 became the weight of the old value.",
        "In which of the two libraries does a momentum of 0.1 mean a long memory?",
        "M6",
        weights="all Keras",
    ),
    _slip(
        "exchanged",
        "The two conventions have changed places: PyTorch's momentum weighs the old value, and "
        "Keras's the new one.",
        "PyTorch's default is 0.1, Keras's 0.99, and both averages are slow. What does each weigh?",
        "M6",
        weights="exchanged",
    ),
    _slip(
        "momentum fixed",
        "The weights are those of the defaults, 0.1 and 0.99, whatever was passed in.",
        "Where does the argument momentum enter your code?",
        weights="fixed",
    ),
    _everywhere(
        _slip(
            "old kept whole",
            "The new value was added with its weight, but the old one kept whole: the weights add "
            "up to more than 1.",
            "If old and new are both 5, what should come out?",
            step="old kept whole",
        )
    ),
    _everywhere(
        _slip(
            "new kept whole",
            "The old value got its weight, but the new one was added whole.",
            "If old and new are both 5, what should come out?",
            step="new kept whole",
        )
    ),
    _everywhere(
        _slip(
            "away from the batch",
            "The average moved away from the new value instead of towards it.",
            "Old 4, new 10: should the average grow or shrink?",
            step="away",
        )
    ),
    _everywhere(
        _slip(
            "difference only",
            "That is the step by which the average moves, not where it gets to.",
            "If old and new are both 5, what should come out?",
            step="difference only",
        )
    ),
    _everywhere(
        _slip(
            "sum",
            "Old and new value were added up: nothing was weighed.",
            "If old and new are both 5, what should come out?",
            step="sum",
        )
    ),
    _everywhere(
        _slip(
            "half and half",
            "Old and new value count the same, whatever momentum is.",
            "Where does the argument momentum enter your code?",
            step="half",
        )
    ),
    _everywhere(
        _slip(
            "newest only",
            "What comes back is the new value: nothing is remembered.",
            "What is a running average for, if the last batch alone would do?",
            "M5",
            step="newest only",
        )
    ),
    _everywhere(
        _slip(
            "never updated",
            "What comes back is the old value: the batch left no trace.",
            "After a thousand batches, what would the average be?",
            step="never",
        )
    ),
    _everywhere(
        _slip(
            "roots averaged",
            "The average was taken of the roots. What is kept in the layer is the average of what "
            "was passed in.",
            "Is batch_stat always a variance?",
            "M1",
            step="roots",
        )
    ),
    _slip(
        "n without this batch",
        "The plain average was divided by n + 1, as if n batches had come before this one.",
        "For the very first batch n is 1. What should the average be then?",
        plain="n + 1",
    ),
    _slip(
        "old weighs n",
        "In the plain average the old value kept its full weight, that of n batches, but it was "
        "made from one fewer.",
        "For the very first batch n is 1. How many batches has the old value seen?",
        plain="n times old",
    ),
    _slip(
        "old average counted once",
        "The old average counts like one batch, although it stands for n − 1 of them.",
        "If all batches so far had the mean 5, what should come out?",
        plain="both over n",
    ),
    _slip(
        "plain average not divided",
        "That is the sum over n batches, not yet their average.",
        "If all batches so far had the mean 5, what should come out?",
        plain="not divided",
    ),
    _slip(
        "plain weights exchanged",
        "The newest batch has the weight of all the earlier ones, and they have that of one.",
        "How much should each of n batches count in their average?",
        plain="exchanged",
    ),
    _slip(
        "plain average by PyTorch's rule",
        "The plain average was made with momentum, by PyTorch's rule.",
        "In the mean of 100 batches, how much does the newest one count?",
        plain="by PyTorch's rule",
    ),
    _slip(
        "plain average by Keras's rule",
        "The plain average was made with momentum, by Keras's rule.",
        "In the mean of 100 batches, how much does the newest one count?",
        plain="by Keras's rule",
    ),
    _slip(
        "plain average away",
        "The plain average moved away from the new value instead of towards it.",
        "The mean so far is 4 and the new value 10: should the mean grow or shrink?",
        plain="away",
    ),
    _slip(
        "plain sum of two",
        "In the plain average, old average and new value were added up and not divided.",
        "If all batches so far had the mean 5, what should come out?",
        plain="sum",
    ),
    _slip(
        "plain average of two",
        "The plain average is that of two numbers, old and new, whatever n is.",
        "The old average stands for n − 1 batches. How much should it count?",
        plain="half",
    ),
    _slip(
        "plain average of the newest",
        "In the plain average only the newest batch is left.",
        "How much should each of n batches count in their average?",
        plain="newest only",
    ),
    _slip(
        "plain average never updated",
        "The plain average stays as it was: the batch left no trace.",
        "For the very first batch n is 1. What should the average be then?",
        plain="never",
    ),
    _slip(
        "unknown accepted",
        'A convention that does not exist got an answer. A slip of the pen such as "pytorch" '
        "would be averaged by some other rule, and nobody would notice.",
        "What does your code do with a word that it does not know?",
        unknown="torch",
    ),
    _slip(
        "refused by chance",
        "An unknown convention does end in an exception, a KeyError, but a ValueError was asked "
        "for: it says that the value passed in is wrong.",
        "Who raises this exception: you, or a dict that was asked for a missing key?",
        unknown="looked up",
    ),
    Misconception(
        "all weights at once",
        "1 / n is computed for every convention. Two of them do not need n, and it may be None.",
        "For which of the three is n surely a number?",
        wrong=weights_at_once,
        variants=(
            looked_up_at_once,
            partial(weights_at_once, one=1.0),
            partial(looked_up_at_once, one=1.0),
        ),
    ),
    replace(
        _slip(
            "n decides",
            "Whenever n was given, the plain average was taken, whatever the convention.",
            "Which argument says what kind of average it is?",
            n_decides=True,
        ),
        variants=(partial(update_running, n_decides=True, unknown="cumulative"),),
    ),
)
