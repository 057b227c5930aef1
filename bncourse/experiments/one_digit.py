"""One digit in changing company: what a net in training mode says depends on the batch.

A net with batch normalisation learns the digits. Then it classifies test images in batches drawn at
random. In training mode every image is normalised by the statistics of its batch, so its prediction
may change with the other images in it; in evaluation mode by the running averages, and no other
image matters.

The digit that is shown is an extreme one, chosen by a rule: of the first 100 test images that
evaluation mode gets right, the one whose predictions in training mode agree least in 20 batches of
four (of several, the first). It is shown with batches other than those that chose it.

`python -m bncourse.experiments.one_digit` searches the learning rate and stores what it finds, in
about ten seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
    train,
)

SIZES = (64, 100, 100, 10)
BATCH_SIZE = 60
UPDATES = 300
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the results
SEARCH_RATES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0)
CANDIDATES = 100
SHOWN_SIZE, SHOWN_BATCHES = 4, 200
IMAGES, DRAWS = 200, 20
TEST_SIZES = (2, 4, 8, 32)
# Numbers that keep the streams of batches apart: those that choose, those shown, those counted.
CHOOSING, SHOWING, COUNTING = 2, 3, 4


@dataclass(frozen=True)
class OneDigit:
    """One image in many batches, and how many images it concerns with S nets and M batch sizes.

    A prediction is the class with the largest logit, in batches of the image and others, drawn
    without replacement from the 500 test images.

    Attributes:
        seeds: (S,) of splits, weights and batches; the digit is shown with the first one's net.
        learning_rate: of plain SGD, the best of a search on other seeds.
        candidates: how many test images the digit was chosen from, the first ones that evaluation
            mode gets right.
        choosing_draws: batches of `shown_size` for each of them, in training mode.
        candidates_changing: how many of them were not given the same class in all of these.
        typical_share: median over the candidates of the share of the class given most often.
        image: position of the digit among the test images, from 0.
        pixels: (8, 8) ink from 0 to 1.
        label: the digit that was meant.
        shown_size: images in each of the batches that are counted next.
        train_counts: (10,) how often each class was predicted in training mode.
        eval_counts: (10,) the same batches in evaluation mode.
        images: how many test images the rest is about, the first ones.
        draws: batches for each of them.
        batch_sizes: (M,).
        changing: (M, S) share of the images that were not given the same class in all draws, in
            training mode.
        train_accuracy: (M, S) share of the draws' predictions that are right, in training mode.
        eval_accuracy: (S,) the same in evaluation mode, where a draw does not matter.
        test_accuracy: (S,) in evaluation mode, on all 500 test images.
    """

    seeds: tuple[int, ...]
    learning_rate: float
    candidates: int
    choosing_draws: int
    candidates_changing: int
    typical_share: float
    image: int
    pixels: np.ndarray
    label: int
    shown_size: int
    train_counts: np.ndarray
    eval_counts: np.ndarray
    images: int
    draws: int
    batch_sizes: np.ndarray
    changing: np.ndarray
    train_accuracy: np.ndarray
    eval_accuracy: np.ndarray
    test_accuracy: np.ndarray


def load_one_digit() -> OneDigit:
    """Return the stored measurement."""
    stored = results.load("one_digit")["record"]
    arrays = {name: np.array(value) for name, value in stored.items() if isinstance(value, list)}
    return OneDigit(**{**stored, **arrays, "seeds": tuple(stored["seeds"])})


def measure_one_digit(
    seeds: Sequence[int] = SEEDS,
    batch_sizes: Sequence[int] = TEST_SIZES,
    learning_rate: float | None = None,
) -> OneDigit:
    """Train one net per seed, choose the digit with the first one, and count.

    Without a `learning_rate` the stored search decides.
    """
    if learning_rate is None:
        learning_rate = best_rate()
    with one_thread(), torch.no_grad():
        nets = trained(seeds, learning_rate)
        _, _, x, y = load_stack(tuple(seeds))
        logits = nets(x)
        right = np.flatnonzero((logits[0].argmax(dim=-1) == y[0]).numpy())
        choice = _choose(nets, x, right[:CANDIDATES], seeds)
        first = nets, x, [choice["image"]], SHOWN_SIZE, SHOWN_BATCHES, SHOWING, seeds
        shown = {mode: predictions(*first, mode)[0, :, 0] for mode in ("train", "eval")}
        counted = [
            predictions(nets, x, range(IMAGES), size, DRAWS, COUNTING, seeds, "train")
            for size in batch_sizes
        ]
    labels = y[:, None, :IMAGES].numpy()
    return OneDigit(
        seeds=tuple(seeds),
        learning_rate=learning_rate,
        **choice,
        pixels=x[0, choice["image"]].numpy().reshape(8, 8),
        label=int(y[0, choice["image"]]),
        shown_size=SHOWN_SIZE,
        train_counts=np.bincount(shown["train"], minlength=10),
        eval_counts=np.bincount(shown["eval"], minlength=10),
        images=IMAGES,
        draws=DRAWS,
        batch_sizes=np.array(batch_sizes),
        changing=np.array([_changing(classes).mean(axis=1) for classes in counted]),
        train_accuracy=np.array([(c == labels).mean(axis=(1, 2)) for c in counted]),
        eval_accuracy=accuracy(logits[:, :IMAGES], y[:, :IMAGES]),
        test_accuracy=accuracy(logits, y),
    )


def trained(seeds: Sequence[int], learning_rate: float) -> nn.Sequential:
    """Return one trained net per seed as a stack, in evaluation mode."""
    x, y, _, _ = load_stack(tuple(seeds))
    # The training sets lie one behind the other: a seed's sample numbers start at its own set.
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    nets = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch", hidden_bias=False)
    with torch.enable_grad():
        train(
            nets,
            x.flatten(0, 1),
            y.flatten(),
            (first + batch for batch in mini_batches(x.shape[1], BATCH_SIZE, seeds)),
            learning_rate=learning_rate,
            measure=lambda nets: None,
            measure_at=[UPDATES],
        )
    return nets.eval()


def predictions(
    nets: nn.Sequential,
    x: Tensor,
    images: Sequence[int],
    batch_size: int,
    draws: int,
    stream: int,
    seeds: Sequence[int],
    mode: str,
) -> np.ndarray:
    """Return the class that each image gets in each draw, (S, draws, images).

    Every prediction is made in a batch of its own: the image, then `batch_size` - 1 other rows of
    x (S, N, 64). The same `stream` draws the same batches, whatever the `mode` is.
    """
    rows = [draw_batches(seed, stream, x.shape[1], images, batch_size, draws) for seed in seeds]
    classes = []
    for batch in zip(*rows, strict=True):  # one draw: (images, batch_size) for each seed
        batches = torch.stack([x[s, torch.from_numpy(b)] for s, b in enumerate(batch)])
        classes.append(batch_logits(nets, batches, mode)[:, :, 0].argmax(dim=-1))
    return torch.stack(classes, dim=1).numpy()


def batch_logits(nets: nn.Sequential, batches: Tensor, mode: str) -> Tensor:
    """Return the logits (S, K, B, 10) of K separate batches for each net, (S, K, B, 64).

    In the mode "train" each batch is normalised by itself. The running averages are left alone.
    """
    count = batches.shape[1]
    a = batches.flatten(1, 2)
    for layer in nets:
        if mode == "train" and isinstance(layer, StackedBatchNorm):
            a = _by_batch(layer, a.unflatten(1, (count, -1))).flatten(1, 2)
        else:
            a = layer(a)  # the nets are in evaluation mode
    return a.unflatten(1, (count, -1))


def _by_batch(layer: StackedBatchNorm, a: Tensor) -> Tensor:
    """Normalise each of K batches by itself: (S, K, B, D) -> (S, K, B, D)."""
    networks, count, samples, features = a.shape
    # Laid side by side they are one batch of B samples with S * K * D features.
    side_by_side = a.permute(2, 0, 1, 3).reshape(samples, -1)
    gamma, beta = (
        parameter.view(networks, 1, features).expand(-1, count, -1).flatten()
        for parameter in (layer.weight, layer.bias)
    )
    # Without running statistics to update, training mode changes nothing in the layer.
    y = F.batch_norm(side_by_side, None, None, gamma, beta, training=True, eps=layer.eps)
    return y.view(samples, networks, count, features).permute(1, 2, 0, 3)


def draw_batches(
    seed: int, stream: int, samples: int, images: Sequence[int], batch_size: int, draws: int
) -> Iterator[np.ndarray]:
    """Yield the row numbers of one batch per image, (images, batch_size), for each draw."""
    generator = np.random.default_rng([seed, stream, batch_size])
    images = np.asarray(images)
    for _ in range(draws):
        others = [generator.permutation(samples - 1)[: batch_size - 1] for _ in images]
        # Numbers from the image on move up by one, so that it is never drawn twice.
        others = [rows + (rows >= image) for rows, image in zip(others, images, strict=True)]
        yield np.column_stack([images, np.stack(others)])


def _choose(
    nets: nn.Sequential, x: Tensor, candidates: np.ndarray, seeds: Sequence[int]
) -> dict[str, float]:
    """Find the candidate that the first net agrees with itself about least."""
    classes = predictions(nets, x, candidates, SHOWN_SIZE, DRAWS, CHOOSING, seeds, "train")
    votes = [np.bincount(column, minlength=10).max() for column in classes[0].T]
    return {
        "candidates": len(candidates),
        "choosing_draws": DRAWS,
        "candidates_changing": int(_changing(classes)[0].sum()),
        "typical_share": float(np.median(votes) / DRAWS),
        "image": int(candidates[np.argmin(votes)]),
    }


def _changing(classes: np.ndarray) -> np.ndarray:
    """Say which images got more than one class: (S, draws, images) -> (S, images)."""
    return np.ptp(classes, axis=1) > 0


def best_rate() -> float:
    """Return the learning rate of the stored search with the best mean accuracy."""
    return results.load("one_digit")["search"]["best_learning_rate"]


def search_rates() -> dict:
    """Train at every rate; the best has the best mean test accuracy in evaluation mode."""
    _, _, x, y = load_stack(SEARCH_SEEDS)
    final = []
    for rate in SEARCH_RATES:
        with one_thread(), torch.no_grad():
            final.append(accuracy(trained(SEARCH_SEEDS, rate)(x), y))
    return {
        "seeds": SEARCH_SEEDS,
        "learning_rates": SEARCH_RATES,
        "accuracy": [values.round(4).tolist() for values in final],
        "best_learning_rate": SEARCH_RATES[int(np.mean(final, axis=1).argmax())],
    }


def measure_all() -> dict:
    """Search the rate, then measure at it."""
    search = search_rates()
    record = vars(measure_one_digit(learning_rate=search["best_learning_rate"]))
    plain = {
        name: value.round(5).tolist() if isinstance(value, np.ndarray) else value
        for name, value in record.items()
    }
    return {
        "network": {"sizes": SIZES, "batch_size": BATCH_SIZE, "updates": UPDATES},
        "search": search,
        "record": plain,
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.one_digit"
    print(results.store("one_digit", command, measure_all()))
