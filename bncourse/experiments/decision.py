"""Which norm: a map of yes-or-no questions, as data.

The questions come in an order that lets each one decide alone. First a net that is trained already,
as another norm would mean to train it again. Then what the data ask for (sequences, style). Then
what forbids batch-mates altogether (one sample at a time, batches that are no random sample). How
many samples a mean runs over comes last: it matters only where batch norm could be used at all.

The map is a rule of thumb, drawn with the course's records in view; `decision_cases` checks where
it agrees with them and where not, and `decision_unseen` holds it against data that it has not seen.
It takes for granted that a norm is wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ENOUGH = 16  # samples per device; published and measured results disagree between 16 and 4


@dataclass(frozen=True)
class Leaf:
    """Where the map ends: a name, what to do, what to mind, and a limit of what it rests on."""

    name: str
    do: str
    mind: str
    limit: str = ""


@dataclass(frozen=True)
class Question:
    """A question, why it stands where it does, and what follows: a question's key or a leaf's."""

    asks: str
    why: str
    yes: str
    no: str


LEAVES = {
    "BN": Leaf(
        "batch norm",
        "batch norm, evaluated by running averages",
        "call eval(); shuffle; keep the batch of the statistics when the number of devices changes",
    ),
    "SyncBN": Leaf(
        "SyncBN",
        "batch norm with the means of all devices together",
        "both passes must be synchronised; it costs communication in every layer",
    ),
    "GN": Leaf(
        "group norm",
        "in an MLP layer norm, its case of one group; in a conv net try standardised weights too",
        "gamma and beta are per channel; 32 groups is a habit: with some heads more are better",
        "For conv nets with few images this is reported (ImageNet, Wu & He 2018); in our small "
        "conv nets batch norm was better in 5 of 7 comparisons at 4 or 2, and never worse.",
    ),
    "LN": Leaf(
        "layer norm or RMSNorm",
        "layer norm over the features of each position",
        "with all lengths equal and large batches, batch norm per step may do as well",
        "This is common practice; in our small RNNs and transformers batch norm of each step or "
        "of all tokens was mostly no worse.",
    ),
    "IN": Leaf(
        "instance norm",
        "instance norm",
        "it removes a channel's level and spread even where they tell classes apart, and only "
        "from what it reads: a colour cast of the image if it stands on the image",
    ),
    "frozen": Leaf(
        "frozen batch norm",
        "batch norm in evaluation mode while the rest is trained",
        "train() thaws it: call eval() on these layers after every train()",
    ),
    "keep": Leaf(
        "batch norm, as it is",
        "batch norm in training mode, as before",
        "its averages belong to the weights: save and load them together",
    ),
    "recompute": Leaf(
        "recomputed statistics",
        "leave the weights, and measure means and variances again on images of the new kind",
        "no labels are needed, but images of all classes are; it mends shift and scale only",
    ),
}
QUESTIONS = {
    "trained": Question(
        "Is there a trained net with batch norm that is to be kept?",
        "Its weights belong to its norm: another norm means to train again.",
        "changed",
        "sequence",
    ),
    "changed": Question(
        "Have its inputs changed, without labels for the new ones?",
        "Averages of other images are wrong for these, and need no labels.",
        "recompute",
        "tuned",
    ),
    "tuned": Question(
        f"Is it to be tuned with fewer than about {ENOUGH} images per device?",
        "New means of few images would be worse than the averages it has: in our MLP they were so "
        "at 2, and were not at 8.",
        "frozen",
        "keep",
    ),
    "sequence": Question(
        "Is the input a sequence, or the net a transformer?",
        "Batch norm would need statistics for every step, and lengths differ.",
        "LN",
        "style",
    ),
    "style": Question(
        "Is each channel's own level and spread to be removed from each image?",
        "A colour cast, c + a · x with c and a of each channel: only statistics of one image "
        "and channel remove it, as style transfer wants. One c and a for all channels: group "
        "norm removes these, too.",
        "IN",
        "alone",
    ),
    "alone": Question(
        "Is a training batch one sample, or must mates not matter?",
        "The mean of one number is that number; and means of a batch mix its samples.",
        "GN",
        "random",
    ),
    "random": Question(
        "Is every batch a random draw from the training set?",
        "Else means tell what the mates are. Shuffle if you can; then the answer is yes.",
        "many",
        "GN",
    ),
    "many": Question(
        f"Are there at least about {ENOUGH} samples per device?",
        "Count samples: pixels of one image are alike, and say less than their number.",
        "BN",
        "devices",
    ),
    "devices": Question(
        f"Have several devices at least about {ENOUGH} together?",
        "Then one mean over all of them is a mean of many.",
        "SyncBN",
        "GN",
    ),
}
FIRST = "trained"


def route(answers: Mapping[str, bool]) -> tuple[tuple[str, bool], ...]:
    """Return the questions that the answers lead through, as (key, answer), in order.

    Raises:
        ValueError: an answer to a question on the way is missing (the message asks it), or there is
            an answer to a question that does not exist.
    """
    unknown = sorted(set(answers) - set(QUESTIONS))
    if unknown:
        raise ValueError(f"no question {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    way, key = [], FIRST
    while key in QUESTIONS:
        if key not in answers:
            raise ValueError(f"answer {key!r} is missing: {QUESTIONS[key].asks}")
        way.append((key, bool(answers[key])))
        key = _next(*way[-1])
    return tuple(way)


def walk(answers: Mapping[str, bool]) -> str:
    """Return the key of the leaf that the answers lead to; errors are those of `route`."""
    return _next(*route(answers)[-1])


def _next(key: str, answer: bool) -> str:
    return QUESTIONS[key].yes if answer else QUESTIONS[key].no
