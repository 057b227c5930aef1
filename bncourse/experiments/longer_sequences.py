"""Sequences longer than any in training, and sequences of different lengths in one batch.

A digit of 16 steps is read more slowly: in L steps, step s sees what step floor(16 s / L) of the
digit shows. In training each image has a length of its own between 16 and 24, and its last state is
read out. Batch norm per step has no statistics from step 24 on: it takes the last step's, or the
mean over all steps. Two tests go beyond:

- digits read still more slowly, up to 48 steps. Every net fails there, as it has to remember longer
  than it ever had to, so this says little about norms;
- blank steps before a digit of 16. Nets stand that well, so what is lost here tells norms apart:
  with 32 blank steps every step of the digit is one without statistics.

Blank steps after the digit are a control: they ruin every net.

In a batch of mixed lengths the short sequences are padded with zeros. Their states stay as they are
past their end; the question is whether what is computed there enters the batch's statistics.

Learning rates are those that did best at T = 16 in `recurrent_arms`, on other seeds than these.

`python -m bncourse.experiments.longer_sequences` measures everything again, in about two minutes of
a quiet core.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bncourse import results
from bncourse.experiments.recurrent import (
    PIXELS,
    StackedRNN,
    accuracy,
    by_the_batch,
    learn,
    sequences,
)
from bncourse.experiments.training import mini_batches, one_thread

STEPS, LONGEST = 16, 24  # of the digit itself; of a training sequence
LENGTHS = (16, 20, 24, 28, 32, 40, 48)
BLANKS = (0, 2, 8, 16, 32)
SEEDS = (0, 1, 2, 3, 4)
BATCH_SIZE, UPDATES = 100, 200
RATES = {"none": 0.3, "layer": 1.0, "masked": 1.0, "counted": 1.0}  # see the module
NETS = tuple(RATES)
# Net and what it is evaluated with, (statistics, beyond).
ARMS = {
    "none": ("none", None, None),
    "layer norm": ("layer", None, None),
    "shared": ("masked", "shared", None),
    "per step, last reused": ("masked", "per step", "last"),
    "per step, pooled": ("masked", "per step", "pooled"),
    "per step, padding counted": ("counted", "per step", "last"),
}
SUBJECTS, MATES, OWN = 10, 40, 20  # of a batch whose mates change; the subjects' own length
CHANGES = ("other images", "longer mates", "shorter mates")


@dataclass(frozen=True)
class LongerSequences:
    """Accuracies of A arms on sequences of K lengths, and what batch-mates change; S seeds.

    Attributes:
        arms: (A,) names.
        lengths: (K,) steps of each test sequence.
        longest: steps of the longest training sequence.
        seeds: (S,).
        accuracy: (A, K, S) in evaluation mode, all test images at one length.
        mixed: (A, S) in evaluation mode, lengths drawn as in training.
        blanks: (B,) numbers of blank steps.
        before, after: (A, B, S) accuracy with so many blank steps before or after the digit of 16.
        changes: what happens to the mates of sequences of length 20: they become other images of
            that length, the same images at length 24, or at length 16.
        changed: (2, 3, S) share of predictions that change then, by batch statistics, of the nets
            trained with padding masked and counted.
        rates: {net: learning rate}.
    """

    arms: tuple[str, ...]
    lengths: np.ndarray
    longest: int
    seeds: tuple[int, ...]
    accuracy: np.ndarray
    mixed: np.ndarray
    blanks: np.ndarray
    before: np.ndarray
    after: np.ndarray
    changes: tuple[str, ...]
    changed: np.ndarray
    rates: dict[str, float]


def slowed(x: Tensor, lengths: Tensor, steps: int) -> Tensor:
    """Read each sequence (S, n, T, P) in its length (S, n); zeros follow up to `steps`."""
    own, pixels = x.shape[2:]
    at = torch.arange(steps)
    source = at * own // lengths[..., None]
    read = x.gather(2, source.clamp(max=own - 1)[..., None].expand(-1, -1, -1, pixels))
    return read * (at < lengths[..., None])[..., None]


def draw_lengths(seeds: Sequence[int], samples: int, stream: int) -> Tensor:
    """Draw a length between 16 and 24 for each sample of each seed, (S, samples)."""
    drawn = [
        np.random.default_rng([seed, stream]).integers(STEPS, LONGEST + 1, samples)
        for seed in seeds
    ]
    return torch.from_numpy(np.stack(drawn))


def train_net(
    name: str, seeds: Sequence[int], updates: int = UPDATES, rate: float | None = None
) -> StackedRNN:
    """Train the nets of that name in `NETS`, one per seed; return them in evaluation mode."""
    norm = {"none": None, "layer": "layer"}.get(name, "batch")
    x, y, *_ = sequences(seeds, STEPS)
    lengths = draw_lengths(seeds, x.shape[1], 5)
    gamma = 1.0 if norm == "layer" else 0.1
    model = StackedRNN(norm, seeds, pixels=PIXELS // STEPS, steps=LONGEST, gamma=gamma)
    model.count_padding = name == "counted"
    learn(
        model,
        slowed(x, lengths, LONGEST),
        y,
        mini_batches(x.shape[1], BATCH_SIZE, seeds),
        learning_rate=RATES[name] if rate is None else rate,
        measure=lambda model: None,
        measure_at=[updates],
        lengths=lengths,
    )
    return model.eval()


def evaluate(models: dict[str, StackedRNN], arm: str, x: Tensor, y: Tensor, lengths: Tensor | None):
    """Return the accuracy (S,) of an arm on sequences x (S, N, T, P) with their lengths (S, N)."""
    net, statistics, beyond = ARMS[arm]
    model = models[net]
    model.statistics, model.beyond = statistics, beyond
    with torch.no_grad():
        return accuracy(model(x, lengths), y)


def changed_by_mates(model: StackedRNN, x: Tensor) -> np.ndarray:
    """Return the share of predictions that each of `CHANGES` changes, (3, S).

    x (S, N, 16, P) are test images; a batch is 10 subjects of length 20 and 40 mates.
    """
    size = SUBJECTS + MATES
    found = []
    for first in range(0, x.shape[1] - size + 1, size):
        batch = x[:, first : first + size]
        # The other images are the mates of the next batch, which keep away from the subjects.
        others = x.roll(-size, dims=1)[:, first + SUBJECTS : first + size]
        swapped = torch.cat([batch[:, :SUBJECTS], others], dim=1)
        cases = ((batch, OWN), (swapped, OWN), (batch, LONGEST), (batch, STEPS))
        answers = []
        for images, length in cases:
            lengths = torch.full(images.shape[:2], OWN)
            lengths[:, SUBJECTS:] = length
            with by_the_batch(model):
                logits = model(slowed(images, lengths, int(lengths.max())), lengths)
            answers.append(logits[:, :SUBJECTS].argmax(-1))
        found.append(torch.stack([answer != answers[0] for answer in answers[1:]]))
    return torch.cat(found, dim=2).double().mean(2).numpy()


def with_blanks(x: Tensor, before: int, after: int) -> Tensor:
    """Add blank steps to sequences (S, N, T, P)."""
    return torch.nn.functional.pad(x, (0, 0, before, after))


def measure_all(seeds: Sequence[int] = SEEDS, updates: int = UPDATES) -> dict:
    """Train the four kinds of nets and evaluate all arms."""
    with one_thread():
        models = {}
        for name in NETS:
            models[name] = train_net(name, seeds, updates)
            print("trained", name, file=sys.stderr, flush=True)
        *_, x, y = sequences(seeds, STEPS)
        mixed = draw_lengths(seeds, x.shape[1], 6)
        found: dict[str, dict] = {}
        for arm in ARMS:
            rows = [
                evaluate(models, arm, slowed(x, torch.full_like(mixed, k), k), y, None)
                for k in LENGTHS
            ]
            found[arm] = {
                "accuracy": rows,
                "mixed": [evaluate(models, arm, slowed(x, mixed, LONGEST), y, mixed)],
                "before": [evaluate(models, arm, with_blanks(x, k, 0), y, None) for k in BLANKS],
                "after": [evaluate(models, arm, with_blanks(x, 0, k), y, None) for k in BLANKS],
            }
        changed = [changed_by_mates(models[name], x) for name in ("masked", "counted")]
    return {
        "seeds": seeds,
        "updates": updates,
        "lengths": LENGTHS,
        "blanks": BLANKS,
        "rates": RATES,
        "arms": {
            arm: {name: np.round(rows, 4).tolist() for name, rows in parts.items()}
            for arm, parts in found.items()
        },
        "changed": np.round(changed, 4).tolist(),
    }


def load_longer_sequences() -> LongerSequences:
    """Return the stored result."""
    return as_record(results.load("longer_sequences"))


def as_record(stored: dict) -> LongerSequences:
    """Return what `measure_all` found as a record."""

    def table(name: str) -> np.ndarray:
        return np.array([stored["arms"][arm][name] for arm in ARMS])

    return LongerSequences(
        arms=tuple(ARMS),
        lengths=np.array(stored["lengths"]),
        longest=LONGEST,
        seeds=tuple(stored["seeds"]),
        accuracy=table("accuracy"),
        mixed=table("mixed")[:, 0],
        blanks=np.array(stored["blanks"]),
        before=table("before"),
        after=table("after"),
        changes=CHANGES,
        changed=np.array(stored["changed"]),
        rates=dict(stored["rates"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.longer_sequences"
    print(results.store("longer_sequences", command, measure_all()))
