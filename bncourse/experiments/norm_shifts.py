"""Brightness and contrast that change after training: which norm removes what, and why.

An MLP of two hidden layers of 64 ReLUs learns the digits; then the test images x become a x + c. A
linear layer makes of that

    W (a x + c 1) + b  =  a W x  +  c W 1  +  b,

with 1 the image whose pixels are all 1, and a norm behind it removes what it is invariant to:

- Layer norm over the units removes a factor of all units. So contrast a is removed, exactly up to
  eps, if there is no bias b, and if the pixels had no mean subtracted: standardised pixels
  (x - m) / s hide a bias in m. Brightness c adds the vector c W 1, another number for each unit;
  that is removed only if all rows of W have the same sum.
- Batch norm removes a factor and a constant of each unit, whatever they are, if all images share
  them and the statistics are measured again. With the statistics of training it removes nothing.
- Layer norm of the image itself removes a and c, also where each image has its own.

So two kinds of changes are tried: the same for all images, and drawn for each image. The control is
a net without norm; of ReLUs, it stands contrast well by itself: but for its biases, its logits are
multiplied by a, and the largest stays the largest.

Each arm is trained at its own best rate, found on other seeds by clean images. Those searches are
flat, and a larger rate makes nets that stand a change better, whatever the norm. So every arm is
also trained at one common rate: the best, on average over the nets of the search, of those that all
of them tried.

At both rates: what the three points above say; batch norm with the statistics of training is behind
layer norm and behind no norm on all changed images; layer norm without bias is ahead of no norm on
changed contrast; and layer norm behind a linear layer does not help against brightness. Only at the
own rates is it far behind no norm there, and with a bias also at contrast × 0.25. At the common
rate the differences in brightness are within two standard errors of 0, and at contrast × 0.25 layer
norm with a bias is ahead of no norm.

`python -m bncourse.experiments.norm_shifts` searches and measures, in about a minute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.precise_statistics import precise_bn
from bncourse.experiments.small_batches import SIZES, search_rate, train_stack
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread

# Norm of the hidden layers, whether they have a bias, and what is done to the pixels first.
NETS = {
    "none": (None, True, "raw"),
    "BN": ("batch", False, "raw"),
    "LN": ("layer", True, "raw"),
    "GN": ("group", True, "raw"),
    "LN, no bias": ("layer", False, "raw"),
    "LN, no bias, standardised pixels": ("layer", False, "standardised"),
    "LN of the image": (None, True, "layer norm"),
}
AGAIN = "BN, measured again"  # the nets of "BN" with the statistics of the changed training images
ARMS = (*list(NETS)[:2], AGAIN, *list(NETS)[2:])
BATCH_SIZE, UPDATES = 60, 800
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
FIRST_RATE = 0.25
EPS = 1e-5

# Images are (S, N, 64), 0 is paper and 1 is ink; `own` is (S, N, 1), uniform from 0 to 1.
SHIFTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "contrast × 0.5": lambda x, own: 0.5 * x,
    "contrast × 0.25": lambda x, own: 0.25 * x,
    "brightness + 0.5": lambda x, own: x + 0.5,
    "brightness + 1": lambda x, own: x + 1.0,
    "own contrast": lambda x, own: (0.25 + 0.75 * own) * x,
    "own brightness": lambda x, own: x + own,
}


@dataclass(frozen=True)
class NormShifts:
    """Test accuracies of A arms on images changed in K ways, S seeds.

    Attributes:
        arms: as in `ARMS`.
        shifts: as in `SHIFTS`. "own contrast" multiplies each image by a number of its own from
            0.25 to 1, "own brightness" adds one from 0 to 1.
        clean: (A, S) on the 500 test images as they are.
        shifted: (A, K, S) on changed ones.
        moved: (A, K, S) root mean square of the change of the logits over their standard deviation.
        rates: (A,) learning rates, each arm's own best.
        common_rate: one rate for all arms; the next three are as clean, shifted and moved, there.
        common_clean: (A, S).
        common: (A, K, S).
        common_moved: (A, K, S).
        seeds: (S,) of splits, weights, batches and changes.
    """

    arms: tuple[str, ...]
    shifts: tuple[str, ...]
    clean: np.ndarray
    shifted: np.ndarray
    moved: np.ndarray
    rates: np.ndarray
    common_rate: float
    common_clean: np.ndarray
    common: np.ndarray
    common_moved: np.ndarray
    seeds: tuple[int, ...]

    def at(self, arm: str, shift: str | None = None, *, common: bool = False) -> np.ndarray:
        """Return the accuracies (S,) of one arm, on one kind of changed images or on clean ones.

        They are those at the arm's own best rate, or at the common one.
        """
        a = self.arms.index(arm)
        if shift is None:
            return (self.common_clean if common else self.clean)[a]
        return (self.common if common else self.shifted)[a, self.shifts.index(shift)]


def load_norm_shifts() -> NormShifts:
    """Return the stored measurement."""
    stored = results.load("norm_shifts")
    arms = stored["arms"]
    return NormShifts(
        tuple(arms),
        tuple(stored["shifts"]),
        *(
            np.array([arm[name] for arm in arms.values()])
            for name in ("clean", "shifted", "moved", "rate")
        ),
        stored["common_rate"],
        *(
            np.array([arm["common"][name] for arm in arms.values()])
            for name in ("clean", "shifted", "moved")
        ),
        tuple(stored["seeds"]),
    )


def prepare(images: Tensor, kind: str, x: Tensor) -> Tensor:
    """Do to images (S, N, 64) what the net's arm does first; x are the clean training images."""
    if kind == "layer norm":
        return F.layer_norm(images, images.shape[-1:], eps=EPS)
    if kind == "standardised":
        # Three pixels never have ink: without a floor they would be divided by 0.
        return (images - x.mean(1, keepdim=True)) / x.std(1, keepdim=True).clamp_min(0.05)
    return images


def changed(images: Tensor, shift: str | None, seeds: Sequence[int]) -> Tensor:
    """Apply one of `SHIFTS`, or none, to images (S, N, 64)."""
    if shift is None:
        return images
    # The size keeps the draws for training images apart from those for test images.
    count = images.shape[1]
    drawn = [np.random.default_rng([s, 2, count]).uniform(size=(count, 1)) for s in seeds]
    return SHIFTS[shift](images, torch.from_numpy(np.stack(drawn)).to(images))


def train(net: str, rates: Sequence[float], seeds: Sequence[int]) -> nn.Sequential:
    """Return a stack of nets in evaluation mode, all seeds at the first rate, then the next."""
    norm, has_bias, first = NETS[net]
    x, y, *_ = load_stack(tuple(seeds))
    x = prepare(x.float(), first, x.float())
    offset = x.shape[1] * torch.arange(len(seeds))[:, None]
    model = build_mlp(
        *(SIZES, tuple(seeds) * len(rates)),
        activation="relu",
        init="torch",
        norm=norm,
        hidden_bias=has_bias,
    ).float()
    stream = mini_batches(x.shape[1], BATCH_SIZE, seeds)
    batches = ((offset + batch).repeat(len(rates), 1) for batch in stream)
    with one_thread():
        each = np.repeat(rates, len(seeds)).tolist()
        train_stack(model, x.flatten(0, 1), y.flatten(), batches, each, UPDATES)
    return model.eval()


def measure(net: str, rate: float, seeds: Sequence[int] = SEEDS) -> dict[str, dict]:
    """Train one net per seed; return for each arm its record's "clean", "shifted" and "moved"."""
    model, first = train(net, [rate], seeds), NETS[net][2]
    x, _, x_test, y_test = load_stack(tuple(seeds))
    x, x_test = x.float(), x_test.float()
    found = {}
    for arm in [net, AGAIN] if net == "BN" else [net]:
        logits = []
        for shift in (None, *SHIFTS):
            if arm == AGAIN:
                precise_bn(model, [changed(x, shift, seeds)], layer_by_layer=True)
            with torch.no_grad(), one_thread():
                logits.append(model(prepare(changed(x_test, shift, seeds), first, x)))
        right = [accuracy(each, y_test) for each in logits]
        spread = logits[0].flatten(1).std(1)
        moved = [(each - logits[0]).square().mean((1, 2)).sqrt() / spread for each in logits[1:]]
        found[arm] = {
            "clean": right[0],
            "shifted": np.stack(right[1:]),
            "moved": torch.stack(moved).double().numpy(),
        }
    return found


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search each net's rate by its clean test images, then measure its arms at two rates."""
    searches = {net: search(net) for net in NETS}
    shared = common_rate(list(searches.values()))
    arms = {}
    for net, found in searches.items():
        own, common = (measure(net, rate) for rate in (found["rate"], shared))
        for arm in own:
            values, again = (
                {name: _rounded(array) for name, array in side[arm].items()}
                for side in (own, common)
            )
            arms[arm] = {"rate": found["rate"], **values, "common": again, "searched": found}
            for rate, side in ((found["rate"], own), (shared, common)):
                report(f"{arm}, {rate}: {side[arm]['clean'].mean()} {side[arm]['shifted'].mean(1)}")
    return {
        "updates": UPDATES,
        "batch_size": BATCH_SIZE,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "shifts": list(SHIFTS),
        "common_rate": shared,
        "arms": {arm: arms[arm] for arm in ARMS},
    }


def search(net: str) -> dict:
    """Search a net's rate by its clean test images, on the seeds of the search."""
    first = NETS[net][2]
    x, _, x_test, y_test = load_stack(SEARCH_SEEDS)
    images = prepare(x_test.float(), first, x.float())

    def error(rates: list[float]) -> np.ndarray:
        model = train(net, rates, SEARCH_SEEDS)
        with torch.no_grad(), one_thread():
            right = accuracy(model(images.repeat(len(rates), 1, 1)), y_test.repeat(len(rates), 1))
        return 100 * (1 - right.reshape(len(rates), -1))

    return search_rate(error, FIRST_RATE)


def common_rate(searches: Sequence[dict]) -> float:
    """Return the rate with the lowest mean error over all searches, of those that all tried."""
    errors = [dict(zip(s["search_rates"], s["search_errors"], strict=True)) for s in searches]
    shared = sorted(set.intersection(*map(set, errors)))
    return min(shared, key=lambda rate: sum(each[rate] for each in errors))


def _rounded(array: np.ndarray) -> list:
    return np.vectorize(lambda value: float(f"{value:.4g}"))(array).tolist()


if __name__ == "__main__":
    command = "python -m bncourse.experiments.norm_shifts"
    print(results.store("norm_shifts", command, measure_all()))
