"""What lesson 08 broke in a recurrent net with batch norm, asked of one with layer norm too.

Tanh RNNs of `recurrent` learn the digits, read in 16 steps: one with batch norm per step, one with
layer norm on the same sum, both with gamma starting at 1, and one without a norm as a control. Then
the circumstances change and the weights do not: a sequence is alone in its batch, has other mates,
meets mates of its own class only, or the net is put into evaluation mode; and sequences get longer
than any in training, by blank steps in front of the digit, as in `longer_sequences`.

Layer norm takes its mean and variance from one sample's 48 sums at one step. So nothing about the
batch can matter, and no step is without statistics. That a net stands steps it was never trained
for is another matter. The first blank step leaves the small state tanh(beta), with and without
layer norm. At the second the sums W_h h are small too: without a norm the state stays small and
grows step by step; layer norm divides the sums by their spread, however small it is, and the digit
meets a state of full size that says nothing. Its accuracy falls there, at once, and stays down. The
size tells when it falls and not how far: behind 8 blank steps the net without a norm has a state
nearly as large and loses less.

Training takes about two seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bncourse.experiments.longer_sequences import with_blanks
from bncourse.experiments.recurrent import (
    EPS,
    HIDDEN,
    PIXELS,
    StackedRNN,
    accuracy,
    by_the_batch,
    learn,
    sequences,
)
from bncourse.experiments.training import mini_batches, one_thread

STEPS, BATCH_SIZE, UPDATES = 16, 100, 100
RATE = 0.3  # the best of all for a short training, on other seeds, see `recurrent_arms`
SEEDS = (0, 1, 2)
NORMS = {"BN per step": "batch", "LN": "layer", "no norm": None}
CASES = ("alone", "other mates", "mates of its class", "evaluation mode")
TEST_BATCH, ALONE = 50, 100
BLANKS = (0, 1, 2, 8, 32)
ROUNDING = 1e-4  # of the spread of the logits, in float32


@dataclass(frozen=True)
class RecurrentLayerNorm:
    """Kinds of nets (A), batch norm per step, layer norm and none, in K circumstances, S seeds.

    Every circumstance is compared with training mode in shuffled batches of 50 test images.

    Attributes:
        arms: as in `NORMS`.
        cases: as in `CASES`. The first three are in training mode: batches of one, for the first
            100 test images; another shuffle; and the test images sorted by class.
        usual: (A, S) accuracy in training mode, in the shuffled batches.
        accuracy: (A, K, S) in each circumstance.
        moved: (A, K, S) largest change of a logit, over the standard deviation of all logits.
        changed: (A, K, S) share of predictions that change.
        blanks: (B,) blank steps before the digit of 16.
        before: (A, B, S) accuracy behind them in evaluation mode; nan where the net has no
            statistics for the later steps.
        reused: (A, B, S) the same where batch norm takes the last step's; equal for the others.
        state: (A, B, S) root mean square of the hidden state behind the blank steps, where the
            digit begins; of batch norm with statistics as for `reused`.
        refusal: what batch norm says to a step without statistics.
        learned: (A,) numbers in gamma and beta; without a norm, in the bias.
        stored: (A,) numbers that are kept besides, for evaluation.
        updates: of the training.
        seeds: (S,).
    """

    arms: tuple[str, ...]
    cases: tuple[str, ...]
    usual: np.ndarray
    accuracy: np.ndarray
    moved: np.ndarray
    changed: np.ndarray
    blanks: tuple[int, ...]
    before: np.ndarray
    reused: np.ndarray
    state: np.ndarray
    refusal: str
    learned: tuple[int, ...]
    stored: tuple[int, ...]
    updates: int
    seeds: tuple[int, ...]

    def __str__(self) -> str:
        """Return a table: what each circumstance changes, then the longer sequences."""
        empty = np.full(self.usual.shape, np.nan)
        rows = [("as in training", self.usual, empty, empty)]
        for k, case in enumerate(self.cases):
            name = f"{case}*" if case == "alone" else case
            rows.append((name, self.accuracy[:, k], self.moved[:, k], self.changed[:, k]))
        lines = [
            "n blanks: n blank steps in front of the digit. h: the size of the state behind them.",
            "",
            f"{'':20}" + "".join(f"{arm:>30}" for arm in self.arms),
            f"{'':20}" + f"{'answers':>30}" * len(self.arms),
            f"{'':20}" + f"{'right, %':>13}{'moved':>9}{'changed':>8}" * len(self.arms),
        ]
        for name, *row in rows:
            lines.append(f"{name:20}" + "".join(map(_told, *row)))
        for k, blanks in enumerate(self.blanks):
            cells = map(_behind, self.before[:, k], self.state[:, k])
            name = "1 blank" if blanks == 1 else f"{blanks} blanks"
            lines.append(f"{name:20}" + "".join(cells))
            # Where the statistics are missing, and nowhere else.
            again = np.where(np.isnan(self.before[:, k]), self.reused[:, k], np.nan)
            if not np.isnan(again).all():
                cells = map(_behind, again, self.state[:, k], [f"{'':30}"] * len(self.arms))
                lines.append(f"{'  reused**':20}" + "".join(cells))
        for name, counts in (("learned numbers", self.learned), ("stored numbers", self.stored)):
            lines.append(f"{name:20}" + "".join(f"{n:>13}{'':17}" for n in counts))
        lines += [f"* the first {ALONE} test images only", "** the statistics of the last step"]
        return "\n".join(line.rstrip() for line in lines)


def measure_recurrent_layer_norm(
    seeds: Sequence[int] = SEEDS, updates: int = UPDATES
) -> RecurrentLayerNorm:
    """Train all kinds of nets, one per seed, and ask them all of it."""
    arms = {}
    with one_thread(), torch.enable_grad():
        x, y, x_test, y_test = sequences(seeds, STEPS)
        for arm, norm in NORMS.items():
            model = StackedRNN(norm, seeds, pixels=PIXELS // STEPS, steps=STEPS, gamma=1.0)
            learn(
                model,
                x,
                y,
                mini_batches(x.shape[1], BATCH_SIZE, seeds),
                learning_rate=RATE,
                measure=lambda model: None,
                measure_at=[updates],
            )
            arms[arm] = _ask(model.eval(), x_test, y_test)

    def stack(name: str) -> np.ndarray:
        return np.stack([found[name] for found in arms.values()])

    return RecurrentLayerNorm(
        arms=tuple(arms),
        cases=CASES,
        **{name: stack(name) for name in ("usual", "accuracy", "moved", "changed")},
        blanks=BLANKS,
        **{name: stack(name) for name in ("before", "reused", "state")},
        refusal=arms["BN per step"]["refusal"],
        learned=tuple(found["learned"] for found in arms.values()),
        stored=tuple(found["stored"] for found in arms.values()),
        updates=updates,
        seeds=tuple(seeds),
    )


def _ask(model: StackedRNN, x: Tensor, y: Tensor) -> dict:
    """Return what the record wants to know of one kind of net; x (S, N, T, P), y (S, N)."""
    shuffled, again = (
        torch.from_numpy(np.random.default_rng(k).permutation(y.shape[1])).expand_as(y)
        for k in (0, 1)
    )
    usual = in_order(model, x, shuffled, TEST_BATCH)
    others = [
        in_order(model, x[:, :ALONE], torch.arange(ALONE).expand(len(x), -1), 1),
        in_order(model, x, again, TEST_BATCH),
        in_order(model, x, y.argsort(dim=1, stable=True), TEST_BATCH),
    ]
    with torch.no_grad():
        others.append(model(x))
    spread = usual.flatten(1).std(dim=1)
    pairs = [(logits, usual[:, : logits.shape[1]]) for logits in others]
    apart = [(one - two).abs().flatten(1).amax(1) / spread for one, two in pairs]
    turned = [(one.argmax(-1) != two.argmax(-1)).double().mean(1) for one, two in pairs]
    found = {
        "usual": accuracy(usual, y),
        "accuracy": np.stack([accuracy(one, y[:, : one.shape[1]]) for one in others]),
        "moved": torch.stack(apart).numpy(),
        "changed": torch.stack(turned).numpy(),
        "learned": HIDDEN if model.norm is None else 2 * HIDDEN,
        # What the stack holds for batch norm is never read in other nets.
        "stored": 2 * model.mean[:, 0].numel() if model.norm == "batch" else 0,
        "refusal": "",
    }
    # Only batch norm takes anything from other steps.
    beyond = {"before": None, "reused": "last"} if model.norm == "batch" else {"before": None}
    for name, model.beyond in beyond.items():
        rows = []
        for blanks in BLANKS:
            try:
                with torch.no_grad():
                    rows.append(accuracy(model(with_blanks(x, blanks, 0)), y))
            except IndexError as error:
                found["refusal"] = str(error)
                rows.append(np.full(len(y), np.nan))
        found[name] = np.stack(rows)
    found.setdefault("reused", found["before"])
    sizes = [state_behind(model, blanks).square().mean(1).sqrt() for blanks in BLANKS]
    found["state"] = torch.stack(sizes).double().numpy()
    return found


def state_behind(model: StackedRNN, blanks: int) -> Tensor:
    """Return the hidden state (S, H) after blank steps alone, in evaluation mode.

    It is the same for every sample. A blank step reads zeros, so that its sums are W_h h.
    """
    with torch.no_grad():
        h = torch.zeros_like(model.beta)
        for t in range(blanks):
            z = model.w_h @ h
            if model.norm == "layer":
                z = F.layer_norm(z.squeeze(-1), (HIDDEN,), eps=EPS)[..., None]
            elif model.norm == "batch":
                mean, var = model.statistics_at(t)
                z = (z - mean) * torch.rsqrt(var + EPS)
            h = torch.tanh(z + model.beta if model.norm is None else model.gamma * z + model.beta)
    return h.squeeze(-1)


def in_order(model: StackedRNN, x: Tensor, order: Tensor, size: int) -> Tensor:
    """Return the logits (S, N, 10) in training mode, in batches of `size` read in an order (S, N).

    They lie as in x, whatever the order.
    """
    rows = torch.arange(len(x))[:, None]
    with by_the_batch(model):
        parts = [model(x[rows, part]) for part in order.split(size, dim=1)]
    logits = torch.empty_like(torch.cat(parts, dim=1))
    logits[rows, order] = torch.cat(parts, dim=1)
    return logits


def _told(right: np.ndarray, moved: np.ndarray, changed: np.ndarray) -> str:
    if np.isnan(moved).any():
        return f"{_spread(right):>13}{'–':>9}{'–':>8}"
    size = "rounding" if moved.max() < ROUNDING else f"{moved.mean():.2f}"
    return f"{_spread(right):>13}{size:>9}{f'{100 * changed.mean():.0f} %':>8}"


def _behind(right: np.ndarray, state: np.ndarray, missing: str = "") -> str:
    if np.isnan(right).any():
        return missing or f"{'no statistics':>13}{'':17}"
    return f"{_spread(right):>13}{f'h {state.mean():.2f}':>9}{'':8}"


def _spread(values: np.ndarray) -> str:
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}"
