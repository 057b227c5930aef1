"""Does batch norm regularise, is it by noise, and does it replace dropout? Few images, many splits.

200 of the digits are for training, the other 1597 for testing. An MLP of two hidden layers of 128
ReLUs fits them easily, so what is left to gain is generalisation. All arms share the splits, the
weights at the start and the orders of the batches, so every gain is a difference inside a pair.

- "methods": as one would use them, with batches of 25: nothing, dropout, weight decay, BN, and BN
  with dropout.
- "noise": every gradient is that of all 200 images, and only the group of images that share a mean
  and a variance changes (Hoffer and others, 2017, call groups smaller than the batch ghost
  batches). With groups of 200 nothing in a run is random any more.
- "epochs" and "updates": batches of other sizes, with BN and without it, for 30 epochs or for 240
  updates each.

The last quarter of the updates runs at a tenth of the rate, so that weights and averages settle.
Every arm runs at its own best rate, found on other splits. `python -m
bncourse.experiments.regularisation` searches and stores everything again, in about five minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import (
    StackedLinear,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
)

IMAGES = 200  # for training
SIZES = (64, 128, 128, 10)
STAGES = ((0.75, 1.0), (0.25, 0.1))  # share of the updates, factor of the rate
SEEDS = tuple(range(20))
SEARCH_SEEDS = tuple(range(100, 108))  # not those that are compared
RATES = tuple(2.0 ** (k / 2) for k in range(-24, 20))
FIRST_RATE = RATES.index(0.25)
EPS, MOMENTUM = 1e-5, 0.1


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        batch: images of each gradient.
        group: images that share a mean and a variance; 0 is a net without BN.
        dropout: share of hidden units set to 0.
        decay: weight decay on the weights of all linear layers, as in torch's SGD.
        updates: how many.
        inputs: "pixels" or "standardised", see `load_splits`.
    """

    batch: int
    group: int = 0
    dropout: float = 0
    decay: float = 0
    updates: int = 480
    inputs: str = "pixels"

    @property
    def name(self) -> str:
        """What regularises, in words: "BN + dropout 0.2", or "none"."""
        parts = ["BN"] if self.group else []
        parts += [f"dropout {self.dropout}"] if self.dropout else []
        parts += [f"weight decay {self.decay}"] if self.decay else []
        return " + ".join(parts) or "none"


GROUPS = (5, 10, 25, 200)
NONE, BN, DROPOUT = Arm(25), Arm(25, 25), Arm(25, dropout=0.5)
BOTH = tuple(Arm(25, 25, dropout=rate) for rate in (0.2, 0.5))
METHODS = (
    NONE,
    Arm(25, dropout=0.2),
    DROPOUT,
    *(Arm(25, decay=decay) for decay in (1e-3, 3e-3, 1e-2)),
    BN,
    *BOTH,
)
NOISE = (
    Arm(200, updates=240),
    Arm(200, dropout=0.5, updates=240),
    *(Arm(200, group, updates=240) for group in GROUPS),
)


def _other_inputs(arms: Iterable[Arm]) -> tuple[Arm, ...]:
    return tuple(replace(arm, inputs="standardised") for arm in arms)


def _sizes(epochs: int | None) -> tuple[Arm, ...]:
    """Return batches of 5, 25 and 200, without BN and with it, for 240 updates or some epochs."""
    return tuple(
        Arm(size, size * bn, updates=epochs * IMAGES // size if epochs else 240)
        for size in (5, 25, 200)
        for bn in (0, 1)
    )


DESIGNS = {
    "methods": (*METHODS, *_other_inputs((NONE, DROPOUT, BN, *BOTH))),
    "noise": (*NOISE, *_other_inputs(NOISE[k] for k in (0, 2, 5))),
    "updates": _sizes(None),
    "epochs": _sizes(30),
}


@dataclass(frozen=True)
class Trained:
    """What one arm got, for S seeds.

    Attributes:
        arm: see `Arm`.
        rate: learning rate, the best of the search.
        test: (S,) share of the test images classified correctly, in percent.
        train: (S,) the same of the 200 training images, in evaluation mode.
        loss: (S,) mean cross-entropy of the training images, in evaluation mode.
        searched: rate -> mean of `test` over the seeds of the search, ascending rates.
    """

    arm: Arm
    rate: float
    test: np.ndarray
    train: np.ndarray
    loss: np.ndarray
    searched: dict[float, float]

    def gain(self, over: "Trained") -> tuple[float, float]:
        """Return the mean paired gain in `test`, in points, and its standard error."""
        gains = self.test - over.test
        return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


class StackedGroupedBatchNorm(nn.Module):
    """BN whose statistics belong to groups of a batch: (S, N, D) -> (S, N, D), S networks.

    The first `group` samples share a mean and a variance, then the next, and so on; the running
    averages take the mean over the groups. Raises ValueError in training mode if the groups do not
    divide the batch.
    """

    def __init__(self, networks: int, features: int, group: int) -> None:
        super().__init__()
        self.group = group
        self.weight = nn.Parameter(torch.ones(networks, 1, features))
        self.bias = nn.Parameter(torch.zeros(networks, 1, features))
        self.register_buffer("mean", torch.zeros(networks, 1, features))
        self.register_buffer("var", torch.ones(networks, 1, features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by each group in training mode, by the running averages otherwise."""
        if not self.training:
            return (x - self.mean) * torch.rsqrt(self.var + EPS) * self.weight + self.bias
        networks, samples, features = x.shape
        if samples % self.group:
            raise ValueError(f"groups of {self.group} do not divide a batch of {samples}")
        # Every feature of every group of every network is a column of its own.
        columns = x.view(networks, -1, self.group, features).permute(2, 0, 1, 3)
        shape = columns.shape
        columns = columns.reshape(self.group, -1)
        mean, var = x.new_zeros(columns.shape[1]), x.new_ones(columns.shape[1])
        # With momentum 1 torch leaves the statistics of this batch in its running averages.
        x_hat = F.batch_norm(columns, mean, var, None, None, True, 1.0, EPS)
        for buffer, found in ((self.mean, mean), (self.var, var)):
            buffer.lerp_(found.view(networks, -1, features).mean(dim=1, keepdim=True), MOMENTUM)
        x_hat = x_hat.view(shape).permute(1, 2, 0, 3).reshape(networks, samples, features)
        return torch.addcmul(self.bias, x_hat, self.weight)


class StackedDropout(nn.Module):
    """Dropout, (S, N, D) -> (S, N, D): each of the S networks draws from a stream of its own."""

    def __init__(self, rate: float, seeds: Sequence[int], place: int) -> None:
        super().__init__()
        self.rate = rate
        self.generators = [np.random.default_rng([seed, 2, place]) for seed in seeds]

    def forward(self, x: Tensor) -> Tensor:
        """Set units to 0 in training mode and enlarge the others, so that the mean stays."""
        if not self.training:
            return x
        drawn = np.stack([g.random(x.shape[1:], dtype=np.float32) for g in self.generators])
        kept = torch.from_numpy(drawn >= self.rate)
        return x * kept.to(x.dtype) / (1 - self.rate)


def build(arm: Arm, seeds: Sequence[int]) -> nn.Sequential:
    """Return the nets of an arm in float32: a seed fixes the weights whatever the arm is."""
    net = build_mlp(
        SIZES, seeds, activation="relu", init="torch", hidden_bias=not arm.group
    ).float()
    modules: list[nn.Module] = []
    for layer in net:
        if isinstance(layer, nn.ReLU) and arm.group:
            features = modules[-1].weight.shape[-1]
            modules.append(StackedGroupedBatchNorm(len(seeds), features, arm.group))
        modules.append(layer)
        if isinstance(layer, nn.ReLU) and arm.dropout:
            modules.append(StackedDropout(arm.dropout, seeds, len(modules)))
    return nn.Sequential(*modules)


def load_splits(inputs: str, seeds: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x (S, 200, 64) and y (S, 200) for training, then those of the 1597 test images.

    "pixels" are between 0 and 1; "standardised" ones have mean 0 and sd 1 over the 200 training
    images. A pixel whose sd is below .05 there is only centred: it is paper nearly everywhere.
    """
    parts = []
    for seed in seeds:
        split = load_digits(seed)
        x = np.concatenate([split.x_train, split.x_test])
        y = np.concatenate([split.y_train, split.y_test])
        if inputs == "standardised":
            sd = x[:IMAGES].std(axis=0)
            x = (x - x[:IMAGES].mean(axis=0)) / np.where(sd < 0.05, 1, sd)
        parts.append((x[:IMAGES], y[:IMAGES], x[IMAGES:], y[IMAGES:]))
    x, y, x_test, y_test = (torch.from_numpy(np.stack(part)) for part in zip(*parts, strict=True))
    return x.float(), y, x_test.float(), y_test


def measure(arm: Arm, rate: float, seeds: Sequence[int]) -> np.ndarray:
    """Train the nets of an arm by plain SGD; return test, train and loss of `Trained`, (3, S).

    A loss that is not a number any more counts as inf.

    Args:
        arm: what to train.
        rate: learning rate of the first three quarters.
        seeds: S of them; each fixes a split, the weights, the batches and the dropout.
    """
    x, y, x_test, y_test = load_splits(arm.inputs, seeds)
    with one_thread():
        net = build(arm, seeds)
        batches = mini_batches(IMAGES, arm.batch, seeds)
        for share, factor in STAGES:
            for batch in islice(batches, int(share * arm.updates)):
                _update(net, x, y, batch, factor * rate, arm.decay)
        net.eval()
        with torch.no_grad():
            logits = net(x)
            losses = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
            shares = accuracy(net(x_test), y_test), accuracy(logits, y)
    loss = losses.view(y.shape).double().mean(dim=1).nan_to_num(nan=np.inf).numpy()
    return np.stack([100 * shares[0], 100 * shares[1], loss])


def _update(
    net: nn.Sequential, x: Tensor, y: Tensor, batch: Tensor, rate: float, decay: float
) -> None:
    """Make one step of SGD: batch (S, B) are numbers of images in x (S, N, D) and y (S, N)."""
    rows = torch.arange(len(x))[:, None]
    logits = net(x[rows, batch]).flatten(0, 1)
    loss = F.cross_entropy(logits, y[rows, batch].flatten(), reduction="sum") / batch.shape[1]
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for layer in net if decay else ():
            if isinstance(layer, StackedLinear):
                layer.weight.mul_(1 - rate * decay)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(gradient, alpha=rate)


def search_rate(arm: Arm) -> dict[float, float]:
    """Return rate -> mean test accuracy on the seeds of the search, ascending rates.

    It goes in factors of 2 until two rates below and two above the best were tried. Then it tries
    the rates between the best and its neighbours: some arms fail soon above their best rate.
    """
    tried: dict[int, float] = {}

    def try_next(places: Iterable[int], best: int) -> bool:
        wanted = sorted((abs(k - best), k) for k in places if k not in tried)
        for _, k in wanted[:1]:
            test, _, _ = measure(arm, RATES[k], SEARCH_SEEDS)
            tried[k] = round(float(test.mean()), 3)
        return bool(wanted)

    best = FIRST_RATE
    while try_next(range(best - 4, best + 5, 2), best):
        best = max(tried, key=tried.get)
    for place in (best - 1, best + 1):
        try_next([place], best)
    return {RATES[k]: tried[k] for k in sorted(tried)}


def train_arm(arm: Arm) -> Trained:
    """Search the arm's rate, then train it at that with `SEEDS`."""
    searched = search_rate(arm)
    rate = max(searched, key=searched.get)
    return Trained(arm, rate, *measure(arm, rate, SEEDS), searched)


def measure_all() -> dict:
    """Train every arm of every design, each once."""
    rows = []
    for arm in dict.fromkeys(arm for arms in DESIGNS.values() for arm in arms):
        found = train_arm(arm)
        rows.append(
            {
                **asdict(arm),
                "rate": found.rate,
                "test": found.test.round(3).tolist(),
                "train": found.train.round(2).tolist(),
                "loss": [float(f"{loss:.3g}") for loss in found.loss],
                "searched": list(found.searched.items()),
            }
        )
        print(rows[-1], flush=True)
    return {
        "network": {"sizes": SIZES, "activation": "relu"},
        "images": IMAGES,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "arms": rows,
    }


def load_regularisation() -> dict[str, tuple[Trained, ...]]:
    """Return the stored arms of each design, in the order of `DESIGNS`."""
    found = {}
    for row in results.load("regularisation")["arms"]:
        arm = Arm(**{field.name: row[field.name] for field in fields(Arm)})
        arrays = (np.array(row[name]) for name in ("test", "train", "loss"))
        found[arm] = Trained(arm, row["rate"], *arrays, dict(row["searched"]))
    return {design: tuple(found[arm] for arm in arms) for design, arms in DESIGNS.items()}


if __name__ == "__main__":
    command = "python -m bncourse.experiments.regularisation"
    print(results.store("regularisation", command, measure_all()))
