"""Does the growth of gradients stop training? Deep nets on the digits, with and without skips.

A net of 5, 20 or 40 hidden layers of 64 ReLUs reads standardised 8 x 8 digits. Its layers are those
of `gradient_growth`: h_l = norm(relu(h_(l-1)) W_l), plus h_(l-1) where there are skips; the first
layer reads the image and has no skip. The kinds of nets:

- "none": no norm, weights after He et al. (2015, eq. 10), and a bias;
- "batch" and "layer": a norm with gamma and beta in every layer. At the start the gradients of the
  one grow towards the input and those of the other do not: if growth were all that matters,
  "layer" had to train wherever "none" does, and "batch" had not;
- "batch, skips";
- "none, skips": no norm, and a learned number in front of every branch that starts at 0, as in De
  & Smith (2020, SkipInit).

Every kind runs at every depth at its own best learning rate of plain SGD for each number of
updates, found on other seeds. A seed fixes the split, the weights and the order of the batches. To
test a net with batch norm, every layer takes its mean and variance from the whole training set, so
nothing depends on running averages.

`python -m bncourse.experiments.deep_training` measures everything again, in about ten minutes of a
quiet core.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import mini_batches, one_thread

KINDS = ("none", "batch", "layer", "none, skips", "batch, skips")
DEPTHS = (5, 20, 40)
BUDGETS = (300, 1000)  # updates
WIDTH, CLASSES, BATCH_SIZE = 64, 10, 60
EPS = 1e-5
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102)  # not those that are compared
# Powers of 2 where the search starts; it goes on while the best is at an end.
FIRST_RATES = {"none": range(-7, -2), "batch": range(-5, 0), "layer": range(-6, -1)}
FURTHER = 2  # rates that it then adds


@dataclass(frozen=True)
class DeepTraining:
    """Test accuracies of five kinds of nets (K) at three depths (D) after two budgets (T).

    Attributes:
        kinds: as in `KINDS`.
        depths: (D,) hidden layers.
        budgets: (T,) updates.
        accuracy: (K, D, T, S) on the 500 test images, each at the best rate for its budget.
        rates: (K, D, T) learning rates.
        gradient_ratio: (K, D, S) at the start, on the first mini-batch: norm (not squared) of the
            loss gradient with respect to h_1 over that with respect to the last h.
        seeds: (S,) of splits, weights and batches.
    """

    kinds: tuple[str, ...]
    depths: np.ndarray
    budgets: np.ndarray
    accuracy: np.ndarray
    rates: np.ndarray
    gradient_ratio: np.ndarray
    seeds: tuple[int, ...]

    def at(self, kind: str, depth: int, budget: int) -> np.ndarray:
        """Return the accuracies (S,) of one kind at one depth after one budget."""
        k, d = self.kinds.index(kind), list(self.depths).index(depth)
        return self.accuracy[k, d, list(self.budgets).index(budget)]


class DeepNets:
    """S nets of one kind side by side, in float32: images (S, 64, N) to logits (S, 10, N).

    Samples lie along the last axis: S nets of 64 features are then S * 64 channels for torch's
    own batch norm, without copies.
    """

    def __init__(self, kind: str, depth: int, seeds: Sequence[int]) -> None:
        self.norm, _, skips = kind.partition(", ")
        self.skips, self.depth = bool(skips), depth
        generators = [np.random.default_rng(seed) for seed in seeds]

        def drawn(fan_out: int, gain: float) -> Tensor:
            scale = np.sqrt(gain / WIDTH)
            weights = [g.normal(0, scale, (fan_out, WIDTH)) for g in generators]
            return torch.from_numpy(np.stack(weights)).float().requires_grad_()

        def full(value: float, *shape: int) -> Tensor:
            return torch.full((len(generators), *shape), value, requires_grad=True)

        # The first layer reads images of variance 1; behind a ReLU half of that is left.
        self.weights = [drawn(WIDTH, 2 if layer else 1) for layer in range(depth)]
        self.shifts = [full(0.0, WIDTH, 1) for _ in range(depth)]
        self.head, self.head_shift = drawn(CLASSES, 1), full(0.0, CLASSES, 1)
        self.parameters = [*self.weights, *self.shifts, self.head, self.head_shift]
        self.gains: list[Tensor] = []
        if self.norm != "none":
            self.gains = [full(1.0, WIDTH, 1) for _ in range(depth)]
        elif self.skips:
            self.gains = [full(0.0, 1, 1) for _ in range(1, depth)]
        self.parameters += self.gains

    def forward(self, x: Tensor, also: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """Return the logits and the h of every layer.

        Batch norm takes its statistics from `x`; what is in `also` is normalised by them too, and
        then the logits are those of `also`.
        """
        h, other, passed = x, also, []
        for layer in range(self.depth):
            a = F.relu(h) if layer else h
            b = None if other is None else (F.relu(other) if layer else other)
            z, y = self._branch(layer, a, b)
            adds = self.skips and layer > 0
            h = h + z if adds else z
            other = (other + y if adds else y) if y is not None else None
            passed.append(h)
        last = h if other is None else other
        return torch.baddbmm(self.head_shift, self.head, F.relu(last)), passed

    def _branch(self, layer: int, a: Tensor, b: Tensor | None) -> tuple[Tensor, Tensor | None]:
        weight, shift = self.weights[layer], self.shifts[layer]
        if self.norm == "batch":
            return self._batch_norm(layer, torch.bmm(weight, a), b)
        outputs = []
        for each in (a, b):
            if each is None:
                outputs.append(None)
            elif self.norm == "layer":
                z = torch.bmm(weight, each).transpose(1, 2)
                x_hat = F.layer_norm(z, (WIDTH,), eps=EPS).transpose(1, 2)
                outputs.append(torch.addcmul(shift, x_hat, self.gains[layer]))
            elif self.skips and layer:
                outputs.append(self.gains[layer - 1] * torch.baddbmm(shift, weight, each))
            else:
                outputs.append(torch.baddbmm(shift, weight, each))
        return outputs[0], outputs[1]

    def _batch_norm(self, layer: int, z: Tensor, b: Tensor | None) -> tuple[Tensor, Tensor | None]:
        gamma, beta = self.gains[layer], self.shifts[layer]
        side_by_side = z.reshape(1, -1, z.shape[2])
        normed = F.batch_norm(
            side_by_side, None, None, gamma.flatten(), beta.flatten(), training=True, eps=EPS
        ).view(z.shape)
        if b is None:
            return normed, None
        variance, mean = torch.var_mean(z, dim=2, correction=0, keepdim=True)
        x_hat = (torch.bmm(self.weights[layer], b) - mean) * torch.rsqrt(variance + EPS)
        return normed, gamma * x_hat + beta


def train(
    kind: str, depth: int, rates: Sequence[float], seeds: Sequence[int], budgets: Sequence[int]
) -> np.ndarray:
    """Train one net per rate and seed; return test accuracies (rates, seeds, budgets)."""
    pairs = [(rate, seed) for rate in rates for seed in seeds]
    x, y, x_test, y_test = _digits([seed for _, seed in pairs])
    nets = DeepNets(kind, depth, [seed for _, seed in pairs])
    step = torch.tensor([rate for rate, _ in pairs], dtype=torch.float32)[:, None, None]
    order = mini_batches(x.shape[2], BATCH_SIZE, [seed for _, seed in pairs])
    found = []
    with one_thread():
        for update, batch in enumerate(order):
            if update in budgets:
                found.append(_accuracy(nets, x, x_test, y_test))
            if update == max(budgets):
                break
            loss = _loss(nets, x, y, batch)[0]
            gradients = torch.autograd.grad(loss, nets.parameters)
            with torch.no_grad():
                for parameter, gradient in zip(nets.parameters, gradients, strict=True):
                    parameter.addcmul_(gradient, step, value=-1)
    return np.stack(found, axis=-1).reshape(len(rates), len(seeds), len(budgets))


def gradient_ratio(kind: str, depth: int, seeds: Sequence[int]) -> np.ndarray:
    """Return the gradient ratio of `DeepTraining` for each seed, (S,)."""
    x, y, _, _ = _digits(seeds)
    with one_thread():
        nets = DeepNets(kind, depth, seeds)
        batch = next(mini_batches(x.shape[2], BATCH_SIZE, seeds))
        loss, passed = _loss(nets, x, y, batch)
        first, last = torch.autograd.grad(loss, [passed[0], passed[-1]])
    return (first.flatten(1).norm(dim=1) / last.flatten(1).norm(dim=1)).double().numpy()


def search(kind: str, depth: int) -> dict[int, float]:
    """Return the mean accuracies over `SEARCH_SEEDS` for each power of 2 and each budget, (T,).

    It goes on until no budget's best rate is at an end of the range.
    """
    tried: dict[int, np.ndarray] = {}
    powers = list(FIRST_RATES[kind.partition(", ")[0]])
    while powers:
        runs = train(kind, depth, [2.0**p for p in powers], SEARCH_SEEDS, BUDGETS)
        tried |= dict(zip(powers, runs.mean(axis=1), strict=True))
        best = {best_power(tried, column) for column in range(len(BUDGETS))}
        low, high = min(tried), max(tried)
        powers = [low - k for k in range(1, FURTHER + 1)] if low in best else []
        powers += [high + k for k in range(1, FURTHER + 1)] if high in best else []
    return dict(sorted(tried.items()))


def best_power(tried: dict[int, np.ndarray], column: int) -> int:
    """Return the power of 2 with the best mean accuracy; of equals the smallest."""
    return max(sorted(tried), key=lambda power: tried[power][column])


def measure_all() -> dict:
    """Search the rates of every kind and depth, then compare at those."""
    arms = []
    for depth in DEPTHS:
        for kind in KINDS:
            tried = search(kind, depth)
            best = [best_power(tried, column) for column in range(len(BUDGETS))]
            accuracies = [
                train(kind, depth, [2.0**power], SEEDS, [budget])[0, :, 0]
                for power, budget in zip(best, BUDGETS, strict=True)
            ]
            arms.append(
                {
                    "kind": kind,
                    "depth": depth,
                    "learning_rate": [2.0**power for power in best],
                    "accuracy": np.round(accuracies, 4).tolist(),
                    "gradient_ratio": [
                        float(f"{ratio:.4g}") for ratio in gradient_ratio(kind, depth, SEEDS)
                    ],
                    "search": {
                        "learning_rates": [2.0**power for power in tried],
                        "mean_accuracy": np.round(list(tried.values()), 4).T.tolist(),
                    },
                }
            )
            print(arms[-1], flush=True)
    return {
        "network": {"width": WIDTH, "activation": "relu", "batch_size": BATCH_SIZE},
        "updates": BUDGETS,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "arms": arms,
    }


def load_deep_training() -> DeepTraining:
    """Return the stored comparison."""
    stored = results.load("deep_training")
    arms = {(arm["kind"], arm["depth"]): arm for arm in stored["arms"]}

    def table(name: str) -> np.ndarray:
        return np.array([[arms[kind, depth][name] for depth in DEPTHS] for kind in KINDS])

    return DeepTraining(
        KINDS,
        np.array(DEPTHS),
        np.array(stored["updates"]),
        table("accuracy"),
        table("learning_rate"),
        table("gradient_ratio"),
        tuple(stored["seeds"]),
    )


def _digits(seeds: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return standardised images (S, 64, N) and labels (S, N): training, then test."""
    ready = {seed: _standardised(seed) for seed in set(seeds)}
    return tuple(
        torch.from_numpy(np.stack(a)) for a in zip(*(ready[s] for s in seeds), strict=True)
    )


def _standardised(seed: int) -> tuple[np.ndarray, ...]:
    digits = load_digits(seed)
    mean, deviation = digits.x_train.mean(axis=0), digits.x_train.std(axis=0)
    deviation[deviation == 0] = 1  # a pixel without ink in every training image
    x, x_test = (
        ((images - mean) / deviation).T.astype(np.float32)
        for images in (digits.x_train, digits.x_test)
    )
    return x, digits.y_train, x_test, digits.y_test


def _loss(nets: DeepNets, x: Tensor, y: Tensor, batch: Tensor) -> tuple[Tensor, list[Tensor]]:
    rows = torch.arange(len(batch))[:, None]
    logits, passed = nets.forward(x.transpose(1, 2)[rows, batch].transpose(1, 2))
    # Mean over the batch, sum over the nets: each gets the gradient of its own loss.
    loss = F.cross_entropy(logits, y[rows, batch], reduction="sum") / batch.shape[1]
    return loss, passed


@torch.no_grad()
def _accuracy(nets: DeepNets, x: Tensor, x_test: Tensor, y_test: Tensor) -> np.ndarray:
    logits = nets.forward(x, x_test)[0]
    return (logits.argmax(dim=1) == y_test).double().mean(dim=1).numpy()


if __name__ == "__main__":
    command = "python -m bncourse.experiments.deep_training"
    print(results.store("deep_training", command, measure_all()))
