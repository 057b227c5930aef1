"""Fine-tuning with few images per batch: batch norm as usual, or with its averages frozen.

The MLP of `small_batches` was trained on the digits, with batch norm and batches of 64. Then every
image is moved by a pixel, and the net is tuned on 40 labelled images of the new kind, all weights,
gammas and betas, in batches of 2, 8 or all 40. Arms:

- "train mode": batch norm as in training, statistics of each batch, running averages go on;
- "recomputed after": the same tuned nets, evaluated by the statistics of all 40 images. What this
  mends was lost in the averages; what it leaves was lost in training;
- "frozen": batch norm in evaluation mode throughout, by the averages of the old images;
- "recomputed, frozen": the averages are measured on the 40 new images first, then frozen.

Every arm and batch size makes the same number of updates, at its own best rate, found on other
seeds. With 40 in a batch, train mode has enough images: a control for the arm itself. Two more
controls tune nothing: the old net on moved images, and with the averages of the 40 images.

`python -m bncourse.experiments.fine_tuning` searches the rates and stores what it finds, in about
one minute of one core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.precise_statistics import precise_bn
from bncourse.experiments.small_batches import SIZES, load_small_batches, search_rate, train_stack
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread

ARMS = ("train mode", "recomputed after", "frozen", "recomputed, frozen")
TUNED = ("train mode", "frozen", "recomputed, frozen")  # what is trained
BATCH_SIZES = (40, 8, 2)
IMAGES, UPDATES = 40, 200
FIRST_BATCH, FIRST_UPDATES = 64, 800  # of the training before
SEEDS = tuple(range(10))
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those that are compared
FIRST_RATE, WIDTH = 2.0**-5, 4  # wide: in batches of 2 errors go up and down with the rate


@dataclass(frozen=True)
class FineTuning:
    """Test errors on 500 moved test images in percent, of A arms, K batch sizes and S seeds.

    Attributes:
        arms: as in `ARMS`.
        batch_sizes: (K,) images in a batch of the tuning, descending.
        images: labelled images of the new kind.
        updates: of the tuning.
        before: (S,) on images of the old kind, before tuning.
        untuned: (S,) on moved images, before tuning.
        recomputed: (S,) likewise, with the statistics of the new images.
        test_error: (A, K, S) after tuning.
        rates: (A, K) learning rates, the best of a search on other seeds.
        seeds: (S,) of splits, weights, the images chosen, and batches.
    """

    arms: tuple[str, ...]
    batch_sizes: np.ndarray
    images: int
    updates: int
    before: np.ndarray
    untuned: np.ndarray
    recomputed: np.ndarray
    test_error: np.ndarray
    rates: np.ndarray
    seeds: tuple[int, ...]


class FrozenBatchNorms(nn.Module):
    """A net whose batch norms stay in evaluation mode, whatever `train` is told."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def train(self, mode: bool = True) -> "FrozenBatchNorms":
        """Set the mode of everything but the batch norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Apply the net."""
        return self.net(x)


def moved(x: Tensor) -> Tensor:
    """Move images (..., 64) of 8 x 8 pixels by one pixel to the right, cyclically."""
    return x.unflatten(-1, (8, 8)).roll(1, dims=-1).flatten(-2)


def build(seeds: Sequence[int]) -> nn.Sequential:
    """Return one net with batch norm for each seed, in float32."""
    net = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch", hidden_bias=False)
    return net.float()


def train_first(seeds: Sequence[int], updates: int = FIRST_UPDATES) -> dict[str, Tensor]:
    """Train a net for each seed on the digits as they are; return its state."""
    record = load_small_batches()
    sizes = record.batch_sizes.tolist()
    rate = record.rates[1, record.arms.index("BN"), sizes.index(FIRST_BATCH)]
    x, y, _, _ = load_stack(tuple(seeds))
    samples = x.shape[1]
    first = samples * torch.arange(len(seeds))[:, None]
    batches = (first + batch for batch in mini_batches(samples, FIRST_BATCH, seeds))
    net = build(seeds)
    with one_thread():
        train_stack(
            net, x.float().flatten(0, 1), y.flatten(), batches, [rate] * len(seeds), updates
        )
    return net.state_dict()


def restored(state: dict[str, Tensor], seeds: Sequence[int], count: int = 1) -> nn.Sequential:
    """Return `count` copies of every trained net: all seeds, then all seeds again."""
    net = build(tuple(seeds) * count)
    copies = {
        name: value if value.ndim == 0 else torch.cat([value] * count)
        for name, value in state.items()
    }
    net.load_state_dict(copies)
    return net.eval()


def few_images(seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return moved training images, drawn anew for each seed: x (S, IMAGES, 64), y (S, IMAGES)."""
    x, y, _, _ = load_stack(tuple(seeds))
    chosen = [np.random.default_rng([seed, 7]).permutation(x.shape[1])[:IMAGES] for seed in seeds]
    rows = torch.arange(len(seeds))[:, None], torch.from_numpy(np.stack(chosen))
    return moved(x[rows].float()), y[rows]


def errors(net: nn.Module, seeds: Sequence[int], *, move: bool = True) -> np.ndarray:
    """Return the test errors of a stack of nets in percent, (copies, S)."""
    _, _, x_test, y_test = load_stack(tuple(seeds))
    x_test = moved(x_test.float()) if move else x_test.float()
    with torch.no_grad(), one_thread():
        count = len(next(net.parameters())) // len(seeds)
        right = accuracy(net.eval()(x_test.repeat(count, 1, 1)), y_test.repeat(count, 1))
    return 100 * (1 - right.reshape(count, len(seeds)))


def tune(
    state: dict[str, Tensor],
    arm: str,
    batch_size: int,
    seeds: Sequence[int],
    rates: Sequence[float],
) -> dict[str, np.ndarray]:
    """Tune one net per rate and seed from `state`; return test errors in percent, (rates, S).

    `arm` is one of `TUNED`; "train mode" gives the errors of "recomputed after" too.
    """
    count = len(rates)
    x, y = few_images(seeds)
    net = restored(state, seeds, count)
    if arm == "recomputed, frozen":
        precise_bn(net, [x.repeat(count, 1, 1)], layer_by_layer=True)
    first = IMAGES * torch.arange(len(seeds))[:, None]
    # Another stream than that of the training before.
    draws = mini_batches(IMAGES, batch_size, [1000 + seed for seed in seeds])
    batches = ((first + batch).repeat(count, 1) for batch in draws)
    tuned = net if arm == "train mode" else FrozenBatchNorms(net)
    each = np.repeat(rates, len(seeds)).tolist()
    with one_thread():
        train_stack(tuned, x.flatten(0, 1), y.flatten(), batches, each, UPDATES)
        found = {arm: errors(net, seeds)}
        if arm == "train mode":
            precise_bn(net, [x.repeat(count, 1, 1)], layer_by_layer=True)
            found["recomputed after"] = errors(net, seeds)
    return found


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then tune in every arm with every batch size."""
    searched, state = train_first(SEARCH_SEEDS), train_first(SEEDS)
    net = restored(state, SEEDS)
    before, untuned = errors(net, SEEDS, move=False)[0], errors(net, SEEDS)[0]
    precise_bn(net, [few_images(SEEDS)[0]], layer_by_layer=True)
    recomputed = errors(net, SEEDS)[0]
    report(f"{before.mean():.2f} {untuned.mean():.2f} {recomputed.mean():.2f}")
    runs = []
    for arm in ARMS:
        tuned = "train mode" if arm == "recomputed after" else arm
        for size in BATCH_SIZES:

            def error(rates: list[float], arm=arm, task=(tuned, size)) -> np.ndarray:
                return tune(searched, *task, SEARCH_SEEDS, rates)[arm]

            search = search_rate(error, FIRST_RATE, WIDTH)
            found = tune(state, tuned, size, SEEDS, [search["rate"]])[arm][0]
            runs.append(
                {"arm": arm, "batch_size": size, **search, "test_error": found.round(2).tolist()}
            )
            report(f"{arm} {size} {search} {found.mean():.2f} sd {found.std(ddof=1):.2f}")
    return {
        "images": IMAGES,
        "updates": UPDATES,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "before": before.round(2).tolist(),
        "untuned": untuned.round(2).tolist(),
        "recomputed": recomputed.round(2).tolist(),
        "runs": runs,
    }


def load_fine_tuning() -> FineTuning:
    """Return the stored comparison."""
    stored = results.load("fine_tuning")
    shape = len(ARMS), len(BATCH_SIZES)
    test_error = np.array([run["test_error"] for run in stored["runs"]]).reshape(*shape, -1)
    rates = np.array([run["rate"] for run in stored["runs"]]).reshape(shape)
    before, untuned, recomputed = (
        np.array(stored[name]) for name in ("before", "untuned", "recomputed")
    )
    return FineTuning(
        ARMS,
        np.array(BATCH_SIZES),
        stored["images"],
        stored["updates"],
        before,
        untuned,
        recomputed,
        test_error,
        rates,
        tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.fine_tuning"
    print(results.store("fine_tuning", command, measure_all()))
