"""Wrong ways to deal samples into batches: one function with a switch for each slip, and others."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception


def minibatch_indices(
    n, batch_size, rng, drop_last=False, *, order="shuffled", rest="kept", cut="right", check=True
):  # fmt: skip
    """Deal 0 … n − 1 into batches; the keywords switch single slips on."""
    if check and batch_size < 1:
        raise ValueError("batch_size must be at least 1")
    size = max(batch_size, 1)
    dealt = ORDER[order](n, size, rng)
    width = size - 1 if cut == "one short" else size
    stop = max(n - size, 0) if cut == "stops early" else n
    batches = [dealt[i : i + width] for i in range(0, stop, size)]
    if rest == "always the same" and drop_last and n % size:
        whole = rng.permutation(n - n % size)
        batches = [whole[i : i + size] for i in range(0, len(whole), size)]
    if rest == "cut off by minus 0" and drop_last and n % size == 0:
        return []
    drop = {"kept": drop_last, "always dropped": True, "never dropped": False}.get(rest, drop_last)
    short = bool(n % size)
    if rest == "empty batch" and not short:
        batches.append(dealt[:0])
    if rest == "joined" and short and len(batches) > 1 and not drop_last:
        batches[-2:] = [np.concatenate(batches[-2:])]
    elif rest == "filled up" and short and not drop_last:
        batches[-1] = np.concatenate([batches[-1], dealt[: size - n % size]])
    elif (drop and batches and len(batches[-1]) < width) or (
        rest == "one too many dropped" and drop_last and batches
    ):
        batches.pop()
    return batches


def _kept_together(n, size, rng):
    """Shuffle the order of the batches, each a run of neighbours in the file."""
    runs = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    full, short = [r for r in runs if len(r) == size], [r for r in runs if len(r) < size]
    return np.concatenate(
        [np.zeros(0, int), *(full[k] for k in rng.permutation(len(full))), *short]
    )


def _shuffled_inside(n, size, rng):
    """Cut first and shuffle inside each batch: the same images meet in every epoch."""
    runs = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    return np.concatenate([np.zeros(0, int), *(rng.permutation(run) for run in runs)])


def _from_the_full_deck(n, size, rng):
    """Draw each batch from all images: nobody is twice in a batch, but many are in two."""
    drawn = [rng.choice(n, min(size, n - i), replace=False) for i in range(0, n, size)]
    return np.concatenate([np.zeros(0, int), *drawn])


ORDER = {
    "shuffled": lambda n, size, rng: rng.permutation(n),
    "file": lambda n, size, rng: np.arange(n),
    "runs": _kept_together,
    "replacement": lambda n, size, rng: rng.integers(0, max(n, 1), n),
    "own seed": lambda n, size, rng: np.random.default_rng(0).permutation(n),
    "own generator": lambda n, size, rng: np.random.default_rng().permutation(n),
    "inside": _shuffled_inside,
    "full deck": _from_the_full_deck,
    "from one": lambda n, size, rng: rng.permutation(n) + 1,
}


_slip = slips(minibatch_indices)

MISCONCEPTIONS = (
    _slip(
        "rest lost",
        "The images that fill no whole batch are gone, also when nothing is to be dropped.",
        "How many indices do all your batches hold together, and how many should they?",
        rest="always dropped",
    ),
    _slip(
        "drop_last ignored",
        "The short batch is still there when drop_last is True.",
        "Where does the argument drop_last enter your code?",
        rest="never dropped",
    ),
    _slip(
        "a full batch dropped",
        "With drop_last the last batch goes even when it is full.",
        "12 images in batches of 4: is there anything to drop?",
        rest="one too many dropped",
    ),
    _slip(
        "cut off by minus 0",
        "When nothing is left over, drop_last leaves nothing at all: perm[:-0] is empty.",
        "What is perm[:-(n % batch_size)] when batch_size divides n?",
        rest="cut off by minus 0",
    ),
    _slip(
        "rest joined",
        "The left-over images were added to the last full batch, which is now too large.",
        "May a batch be larger than batch_size?",
        rest="joined",
    ),
    _slip(
        "rest filled up",
        "The short batch was filled up with images that have had their turn already.",
        "How often does each image count in one epoch?",
        rest="filled up",
    ),
    _slip(
        "one short",
        "Each batch is one image short: the end of a slice is not part of it.",
        "How many numbers are in perm[0:4]?",
        cut="one short",
    ),
    _slip(
        "stops early",
        "The last batch never comes, full or not: the starts end at n − batch_size, which range "
        "leaves out.",
        "For n = 12 and batches of 4, which starts does range(0, n - 4, 4) give?",
        cut="stops early",
    ),
    _slip(
        "not shuffled",
        "The batches follow the file's order. If it is sorted by class, a batch sees one class.",
        "What do the images of one batch have in common now?",
        order="file",
    ),
    _slip(
        "neighbours kept together",
        "Neighbours of the file stay together: whole batches were shuffled, or the file was only "
        "turned, but not the images.",
        "What is shuffled in your code: the images or the batches? Which comes first, shuffle or "
        "cut?",
        order="runs",
    ),
    _slip(
        "each batch from the full deck",
        "Each batch was drawn from all images, so some came in several batches and others in none.",
        "A dealt card is no longer in the deck. Where does your code take it out?",
        order="full deck",
    ),
    _slip(
        "an empty batch",
        "When nothing is left over there is one more batch, an empty one.",
        "12 images in batches of 4: how many batches are there?",
        rest="empty batch",
    ),
    _slip(
        "shuffled inside the batches",
        "The cut comes before the shuffle: each batch is shuffled in itself, and the same images "
        "meet in every epoch.",
        "Which images can share a batch with image 0 in your code?",
        order="inside",
    ),
    _slip(
        "always the same dropped",
        "With drop_last the last images of the file are left out before the shuffle, in every "
        "epoch: the net never sees them.",
        "Which images should be in the short batch that is dropped?",
        rest="always the same",
    ),
    Misconception(
        "batches evened out",
        "The images were shared out evenly, so that no batch has batch_size images: that is what "
        "np.array_split does.",
        "12 images in batches of 5: how many are in the first batch?",
        wrong=lambda n, batch_size, rng, drop_last: _even(n, batch_size, rng, drop_last),
        variants=(lambda n, batch_size, rng, drop_last: _even(n, batch_size, rng, False),),
    ),
    _slip(
        "drawn with replacement",
        "Some images came twice and others not at all: they were drawn with replacement.",
        "A dealt card is no longer in the deck. Which function draws without putting back?",
        order="replacement",
    ),
    _slip(
        "same order every epoch",
        "Each call deals the same order: the generator that was passed in is not used, a new one "
        "with a fixed seed is.",
        "Call your function twice with the same rng. What should differ?",
        order="own seed",
    ),
    _slip(
        "rng not used",
        "The same seed gives another order each time: the randomness does not come from rng.",
        "Which object must be asked for every random number, so that a run can be repeated?",
        order="own generator",
        ),
    _slip(
        "counted from one",
        "The indices run from 1 to n; Python counts from 0.",
        "Which index does the first row of an array have?",
        order="from one",
    ),
    _slip(
        "no check of the batch size",
        "A batch size below 1 makes no sense, and no error says so.",
        "What does your function return for batch_size = −2, and who would notice?",
        check=False,
    ),
    Misconception(
        "batches of a given number",
        "batch_size was taken for the number of batches: there are that many, of about equal size.",
        "In batches of 5, how many images are in the first one?",
        wrong=lambda n, batch_size, rng, drop_last: _split(n, batch_size, rng),
    ),
)  # fmt: skip


def _even(n, batch_size, rng, drop_last):
    if batch_size < 1:
        raise ValueError("batch_size must be at least 1")
    parts = np.array_split(rng.permutation(n), -(-n // batch_size)) if n else []
    return [p for p in parts if len(p) == batch_size] if drop_last else parts


def _split(n, number, rng):
    if number < 1:
        raise ValueError("batch_size must be at least 1")
    return np.array_split(rng.permutation(n), number)
