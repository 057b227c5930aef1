"""Gradient accumulation: 4 pieces of 16 samples against one batch of 64.

Without normalisation, or with layer normalisation, the average of the pieces' gradients is the
gradient of the whole. With BN each piece is normalised by itself, and it is another function whose
gradient is taken. How far another gradient, and how much worse a training, is measured on digits.
What accumulation does to the running statistics is in `passed_twice.measure_accumulation`.

`python -m bncourse.experiments.accumulation` measures the training again, in about a minute.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread

LAYERS = (64, 128, 128, 10)
BATCH = 64
NORMS = (None, "layer", "batch")
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the comparison
RATES = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
UPDATES = 200
ARMS = (("batch", 1), ("batch", 4), ("batch", 16), ("batch", 32), ("layer", 1))


@dataclass(frozen=True)
class AccumulatedGradients:
    """The average gradient of the pieces against the gradient of the whole batch, S nets.

    All parameters together, before training; each seed has its own weights and its own 64 digits.

    Attributes:
        norm: None, "layer" or "batch".
        pieces: K; each has 64 / K samples.
        seeds: (S,).
        difference: (S,) |average - whole| / |whole|.
        cosine: (S,) of the angle between them.
    """

    norm: str | None
    pieces: int
    seeds: tuple[int, ...]
    difference: np.ndarray
    cosine: np.ndarray


@dataclass(frozen=True)
class AccumulatedTraining:
    """Test errors after as many updates, each arm at its own best learning rate.

    Every update's gradient is of 64 samples; the arm's pieces say how many shared their statistics.

    Attributes:
        norms: of each arm, A in all.
        pieces: (A,).
        statistics_over: (A,) samples in a piece.
        updates: of every run.
        seeds: (S,) of the comparison; the rates were chosen on `search_seeds`.
        search_seeds: (R,).
        rates: (L,) that were searched.
        search_error: (A, L) mean test error in per cent on the search seeds.
        rate: (A,) the best of them.
        error: (A, S) test errors in per cent, in evaluation mode.
        batch_error: (A, S) the same nets with the statistics of the test images themselves.
    """

    norms: tuple[str, ...]
    pieces: np.ndarray
    statistics_over: np.ndarray
    updates: int
    seeds: tuple[int, ...]
    search_seeds: tuple[int, ...]
    rates: np.ndarray
    search_error: np.ndarray
    rate: np.ndarray
    error: np.ndarray
    batch_error: np.ndarray


def measure_accumulated_gradients(
    norm: str | None, pieces: int = 4, seeds: Sequence[int] = SEEDS
) -> AccumulatedGradients:
    """Take both gradients of one batch for each seed. Raises ValueError if pieces are unequal."""
    if BATCH % pieces:
        raise ValueError(f"{BATCH} samples cannot be cut into {pieces} equal pieces")
    x, y, _, _ = _digits()
    model = _build(norm, seeds)
    batch = next(mini_batches(len(x), BATCH, seeds))
    with one_thread():
        whole, average = (
            torch.cat([g.flatten(1) for g in _gradient(model, x, y, batch, k)], dim=1)
            for k in (1, pieces)
        )
    return AccumulatedGradients(
        norm=norm,
        pieces=pieces,
        seeds=tuple(seeds),
        difference=((average - whole).norm(dim=1) / whole.norm(dim=1)).numpy(),
        cosine=F.cosine_similarity(average, whole, dim=1).numpy(),
    )


def train_accumulated(
    norm: str | None,
    pieces: int,
    learning_rate: float,
    seeds: Sequence[int],
    updates: int = UPDATES,
) -> tuple[np.ndarray, np.ndarray]:
    """Train a stack of nets; return test errors in per cent, (S,), of both ways to evaluate.

    First with the running statistics, then with the statistics of the test images. An update
    averages the gradients of the pieces, as accumulation does, one forward pass for each.
    """
    x, y, x_test, y_test = _digits()
    model = _build(norm, seeds)
    batches: Iterator[Tensor] = mini_batches(len(x), BATCH, seeds)
    with one_thread():
        for _ in range(updates):
            gradients = _gradient(model, x, y, next(batches), pieces)
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    flat = gradient.view_as(parameter)
                    parameter.sub_(flat, alpha=learning_rate)
        with torch.no_grad():
            told = [_error(model.train(mode), x_test, y_test, len(seeds)) for mode in (False, True)]
    return told[0], told[1]


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search each arm's rate on the search seeds, then compare on the others."""
    arms = []
    for norm, pieces in ARMS:
        search = [train_accumulated(norm, pieces, rate, SEARCH_SEEDS)[0] for rate in RATES]
        means = [float(np.nan_to_num(errors, nan=90).mean()) for errors in search]
        rate = RATES[int(np.argmin(means))]
        error, batch_error = train_accumulated(norm, pieces, rate, SEEDS)
        report(
            f"{norm} in {pieces}: rate {rate}, error {error.mean():.2f} ± {error.std(ddof=1):.2f}"
        )
        arms.append(
            {
                "norm": norm,
                "pieces": pieces,
                "search_error": [round(m, 3) for m in means],
                "rate": rate,
                "error": error.round(3).tolist(),
                "batch_error": batch_error.round(3).tolist(),
            }
        )
    return {"updates": UPDATES, "arms": arms}


def load_accumulation() -> AccumulatedTraining:
    """Return the stored comparison."""
    stored = results.load("accumulation")
    arms = stored["arms"]
    pieces = np.array([arm["pieces"] for arm in arms])
    return AccumulatedTraining(
        norms=tuple(arm["norm"] for arm in arms),
        pieces=pieces,
        statistics_over=BATCH // pieces,
        updates=stored["updates"],
        seeds=SEEDS,
        search_seeds=SEARCH_SEEDS,
        rates=np.array(RATES),
        **{
            name: np.array([arm[name] for arm in arms])
            for name in ("search_error", "rate", "error", "batch_error")
        },
    )


def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    d = load_digits()
    return tuple(torch.from_numpy(a) for a in (d.x_train, d.y_train, d.x_test, d.y_test))


def _build(norm: str | None, seeds: Sequence[int]) -> nn.Sequential:
    return build_mlp(LAYERS, seeds, activation="relu", init="he", norm=norm)


def _gradient(
    model: nn.Sequential, x: Tensor, y: Tensor, batch: Tensor, pieces: int
) -> list[Tensor]:
    """Return each parameter's gradient, (S, …), averaged over the pieces of the batch (S, B)."""
    parameters = list(model.parameters())
    total = [torch.zeros_like(p) for p in parameters]
    for piece in batch.chunk(pieces, dim=1):
        logits = model(x[piece]).flatten(0, -2)
        # Mean over the samples of the piece, sum over the networks, which do not see each other.
        loss = F.cross_entropy(logits, y[piece].flatten(), reduction="sum") / piece.shape[1]
        for sum_, gradient in zip(total, torch.autograd.grad(loss, parameters), strict=True):
            sum_ += gradient / pieces
    return [g.view(len(batch), -1) for g in total]


def _error(model: nn.Sequential, x: Tensor, y: Tensor, networks: int) -> np.ndarray:
    return 100 * (1 - accuracy(model(x.expand(networks, -1, -1)), y))


if __name__ == "__main__":
    print(
        results.store("accumulation", "python -m bncourse.experiments.accumulation", measure_all())
    )
