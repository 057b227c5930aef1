"""How much the number of groups matters: group norm from one group to one channel per group.

Three measurements on the digits, every net at its own best learning rate, found on other seeds:

- Conv nets with 32 channels (`strided_convs`) and G = 1, 2, 4, 8, 16, 32 groups in both norms, at
  batch sizes 32 and 2, with two heads. G = 1 is layer norm over (C, H, W), G = 32 is instance norm.
  "BN" runs beside them. As the average learns slowly, a control ("long") trains some of these
  nets three times as long.
- The same nets with the norm behind the ReLU and a global average behind the norm. The mean over
  the places of a map of mean 0 is 0: with G = 32 every image has the same features, beta. With
  fewer groups the means of a group's channels add up to 0, which leaves 32 - G free numbers.
- The MLP of `small_batches`, 64 units, G = 1, 2, ... 64. Of two numbers the norm leaves the sign of
  their difference, 1 and -1, and of one number 0. Controls ask what pairs lose: "frozen" nets,
  whose hidden weights stay as they were drawn, at every G; pairs with a larger eps, which turns the
  step of a sign into a slope; and how few images the gradient of the first layer comes from.

`python -m bncourse.experiments.group_counts` searches the rates and stores what it finds, in about
six minutes of one core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.shared_ruler import StackedNorm
from bncourse.experiments.small_batch_convs import StackedGroups
from bncourse.experiments.small_batches import SIZES, search_rate
from bncourse.experiments.strided_convs import CHANNELS, StridedNets, trained_errors
from bncourse.experiments.training import StackedGroupNorm, StackedLinear, build_mlp

GROUPS = (1, 2, 4, 8, 16, 32)
HEADS = ("flatten", "mean")
LONG_GROUPS = (1, 8, 32, None)
BATCH_SIZES = (32, 2)
EPOCHS = {  # for batches of 32 and of 2
    "mlp": (6, 3),
    "flatten": (2, 2),
    "mean": (8, 3),
    "long": (24,),
    "norm last": (4,),
    "frozen": (6,),
    "pairs": (6,),
}
UNITS = SIZES[1]
MLP_GROUPS = (1, 2, 4, 8, 16, 32, 64)
PAIRS = UNITS // 2  # groups of two units
PAIR_EPS = (1e-5, 1e-3, 0.1, 1.0, 10.0)
SEEDS = tuple(range(6))
SEARCH_SEEDS = (100, 101, 102, 103)  # not those that are compared
FIRST_RATES = {32: 0.5, 2: 0.0625}


@dataclass(frozen=True)
class GroupCounts:
    """Test errors in percent over the number of groups: S seeds, every net at its own best rate.

    Attributes:
        groups: (G,) of the conv nets.
        heads: (H,) as in `HEADS`.
        batch_sizes: (K,).
        test_error: (H, K, G, S) of the conv nets; the norm stands before the ReLU.
        bn_error: (H, K, S) of the same nets with batch norm.
        long_groups: (L,) some of the groups; None stands for batch norm.
        long_error: (L, S) with the head "mean", batches of 32 and more epochs.
        last_error: (G, S) with the norm behind the ReLU and the head "mean", batches of 32.
        mlp_groups: (M,) of the MLP's 64 units.
        mlp_error: (K, M, S).
        frozen_error: (M, S) of the MLP whose hidden weights stay as they were drawn, batches of 32.
        pair_eps: (E,) values of eps.
        pair_error: (E, S) of the MLP with groups of two and that eps, batches of 32.
        seeds: (S,) of splits, weights and batches.
    """

    groups: np.ndarray
    heads: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    test_error: np.ndarray
    bn_error: np.ndarray
    long_groups: tuple[int | None, ...]
    long_error: np.ndarray
    last_error: np.ndarray
    mlp_groups: np.ndarray
    mlp_error: np.ndarray
    frozen_error: np.ndarray
    pair_eps: tuple[float, ...]
    pair_error: np.ndarray
    seeds: tuple[int, ...]


def conv_builder(groups: int | None, head: str, norm_last: bool = False) -> Callable:
    """Return what builds conv nets for seeds; `groups` None stands for batch norm."""

    def norm(networks: int, channels: int) -> nn.Module:
        if groups is None:
            return StackedNorm("per channel", networks, channels)
        return StackedGroups(networks, channels, groups)

    return lambda seeds: StridedNets(norm, head, seeds, norm_last=norm_last)


def mlp_builder(groups: int, frozen: bool = False, eps: float = 1e-5) -> Callable:
    """Return what builds MLPs for seeds, in float32; frozen ones keep their hidden weights."""

    def build(seeds: Sequence[int]) -> nn.Module:
        model = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="layer")
        for place, layer in enumerate(model):
            if isinstance(layer, StackedGroupNorm):
                model[place] = StackedGroupNorm(len(seeds), UNITS, groups, eps)
        model.float()
        if frozen:
            for layer in [m for m in model if isinstance(m, StackedLinear)][:-1]:
                for parameter in layer.parameters():
                    parameter.register_hook(torch.zeros_like)
        return model

    return build


def free_numbers(groups: int, head: str = "mean", seed: int = 0) -> int:
    """Return in how many directions the features of 500 images spread, norm behind the ReLU."""
    images = np.random.default_rng(seed).uniform(size=(1, 500, 64))
    with torch.no_grad():
        net = conv_builder(groups, head, norm_last=True)((seed,)).double()
        features = net.features(torch.from_numpy(images))[0].numpy()
    spread = np.linalg.svd(features - features.mean(0), compute_uv=False)
    return int((spread > 1e-9).sum())


def steep_share(groups: int, eps: float = 1e-5, share: float = 0.01, seed: int = 0) -> float:
    """Return what part of the first layer's gradient comes from the steepest images.

    Of the MLP as drawn: each training image's squared gradient of its loss with respect to the
    first weights is measured; the largest `share` of them hold the returned part of their sum.
    """
    x, y, _, _ = load_stack((seed,))
    model = mlp_builder(groups, eps=eps)((seed,)).double()
    inner = model[0](x).detach().requires_grad_()
    loss = F.cross_entropy(model[1:](inner)[0], y[0], reduction="sum")
    (slope,) = torch.autograd.grad(loss, inner)
    # The gradient of x W is the outer product of x and the slope.
    squares = (x.square().sum(-1) * slope.square().sum(-1))[0].sort(descending=True).values
    return float(squares[: round(share * len(squares))].sum() / squares.sum())


def best(builder: Callable, batch_size: int, epochs: int, wide: bool = False) -> dict:
    """Search the rate on the seeds of the search, then measure at it.

    A wide search is for nets that hardly learn: among their errors a best is easily overlooked.
    """

    def error(rates: list[float]) -> np.ndarray:
        return trained_errors(builder, batch_size, epochs, SEARCH_SEEDS, rates)

    first, width = (2.0**-5, 7) if wide else (FIRST_RATES[batch_size], 1)
    search = search_rate(error, first, width)
    found = trained_errors(builder, batch_size, epochs, SEEDS, [search["rate"]])[0]
    return {**search, "test_error": found.round(2).tolist()}


def measure_all(report: Callable[[object], None] = print) -> dict:
    """Measure all arms; each is a run that names what it is."""
    runs = []

    def run(builder: Callable, **named) -> None:
        net, size = named["net"], named["batch_size"]
        epochs = EPOCHS[net][BATCH_SIZES.index(size)]
        wide = net in ("mlp", "frozen", "pairs") and named["groups"] >= PAIRS
        runs.append({**named, **best(builder, size, epochs, wide)})
        report(runs[-1])

    for groups in MLP_GROUPS:
        run(mlp_builder(groups, frozen=True), net="frozen", batch_size=32, groups=groups)
    for eps in PAIR_EPS:
        run(mlp_builder(PAIRS, eps=eps), net="pairs", batch_size=32, groups=PAIRS, eps=eps)
    for groups in GROUPS:
        builder = conv_builder(groups, "mean", norm_last=True)
        run(builder, net="norm last", batch_size=32, groups=groups)
    for size in BATCH_SIZES:
        for groups in MLP_GROUPS:
            run(mlp_builder(groups), net="mlp", batch_size=size, groups=groups)
        for head in HEADS:
            for groups in (*GROUPS, None):
                run(conv_builder(groups, head), net=head, batch_size=size, groups=groups)
    for groups in LONG_GROUPS:
        run(conv_builder(groups, "mean"), net="long", batch_size=32, groups=groups)
    return {
        "channels": CHANNELS,
        "sizes": SIZES,
        "epochs": EPOCHS,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "runs": runs,
    }


def load_group_counts() -> GroupCounts:
    """Return the stored measurement."""
    stored = results.load("group_counts")

    def errors(net: str, size: int, groups: Sequence[int | None]) -> list[list[float]]:
        found = {
            run["groups"]: run["test_error"]
            for run in stored["runs"]
            if (run["net"], run["batch_size"]) == (net, size)
        }
        return [found[g] for g in groups]

    pairs = {r["eps"]: r["test_error"] for r in stored["runs"] if r["net"] == "pairs"}
    return GroupCounts(
        groups=np.array(GROUPS),
        heads=HEADS,
        batch_sizes=BATCH_SIZES,
        test_error=np.array([[errors(h, b, GROUPS) for b in BATCH_SIZES] for h in HEADS]),
        bn_error=np.array([[errors(h, b, [None])[0] for b in BATCH_SIZES] for h in HEADS]),
        long_groups=LONG_GROUPS,
        long_error=np.array(errors("long", 32, LONG_GROUPS)),
        last_error=np.array(errors("norm last", 32, GROUPS)),
        mlp_groups=np.array(MLP_GROUPS),
        mlp_error=np.array([errors("mlp", b, MLP_GROUPS) for b in BATCH_SIZES]),
        frozen_error=np.array(errors("frozen", 32, MLP_GROUPS)),
        pair_eps=PAIR_EPS,
        pair_error=np.array([pairs[eps] for eps in PAIR_EPS]),
        seeds=tuple(stored["seeds"]),
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.group_counts"
    print(results.store("group_counts", command, measure_all()))
