"""Dynamic tanh where it was proposed: in a transformer, in the place of every layer norm.

The net is that of `transformer_training` with the arm "pre": six blocks, the norm before each part,
residual paths. Each of its 13 layer norms becomes gamma * tanh(alpha * x) + beta with an alpha of
its own (Zhu and others 2025, arXiv 2503.10622, section 4); weights, digits and batches stay. The
paper starts alpha at 0.5, and elsewhere in large language models; three starts are tried here.
Each start has its own best rate for each number of updates, searched on other seeds.

Layer norm, and the net without any norm, are read from the record of `transformer_training`: the
same seeds, at their own best rates, searched on the same other seeds.

`python -m bncourse.experiments.transformer_dyt` measures everything again, in about three minutes
of a quiet core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.training import one_thread
from bncourse.experiments.transformer import WIDTH, StackedTransformer, rows_of_digits
from bncourse.experiments.transformer_learning import share_right, train
from bncourse.experiments.transformer_training import (
    BUDGETS,
    DEPTH,
    FIRST_RATES,
    RATES,
    SEARCH_SEEDS,
    SEEDS,
    TEST_IMAGES,
    best_places,
    load_transformer_training,
)

ALPHAS = (0.5, 1.0, 2.0)


class TokenTanh(nn.Module):
    """DyT for S nets, (S, N, T, d) to the same: one alpha for a net, gamma and beta (d,)."""

    def __init__(self, networks: int, alpha: float, width: int = WIDTH) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((networks, 1, 1, 1), alpha))
        self.gamma = nn.Parameter(torch.ones(networks, 1, 1, width))
        self.beta = nn.Parameter(torch.zeros(networks, 1, 1, width))

    def forward(self, x: Tensor, _: Tensor | None = None) -> Tensor:
        """Squash every number by itself; which tokens are padding makes no difference."""
        return torch.addcmul(self.beta, torch.tanh(self.alpha * x), self.gamma)


@dataclass(frozen=True)
class TransformerDyT:
    """Test errors in percent after T numbers of updates, S seeds, each at its own best rate.

    Attributes:
        alphas: (A,) where alpha starts.
        budgets: (T,) updates, read from one run.
        error: (A, T, S) with DyT.
        rates: (A, T) the best rates, found on other seeds.
        layer_norm: (T, S) with layer norm, and `none` (T, S) without a norm.
        none: see above.
        seeds: (S,) of splits, weights and batches.
    """

    alphas: tuple[float, ...]
    budgets: tuple[int, ...]
    error: np.ndarray
    rates: np.ndarray
    layer_norm: np.ndarray
    none: np.ndarray
    seeds: tuple[int, ...]

    def gap(self) -> tuple[np.ndarray, np.ndarray]:
        """Return DyT - LN, mean and standard error of the paired differences, each (A, T)."""
        gap = self.error - self.layer_norm
        return gap.mean(-1), gap.std(-1, ddof=1) / np.sqrt(gap.shape[-1])


def build(alpha: float, seeds: Sequence[int]) -> StackedTransformer:
    """Return a pre-LN transformer for each seed, with DyT in the place of every norm."""
    model = StackedTransformer(seeds, depth=DEPTH, placement="pre")
    for block in model.blocks:
        block.norms = nn.ModuleList(TokenTanh(len(seeds), alpha) for _ in block.norms)
    model.final = TokenTanh(len(seeds), alpha)
    return model


def measure(
    alpha: float | None,
    rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    budgets: Sequence[int] = BUDGETS,
) -> np.ndarray:
    """Train one net per rate and seed; return test accuracies, (rates, budgets, seeds).

    With None as alpha the net has its layer norms.
    """
    seeds, count = tuple(seeds), len(rates)
    x, y, x_test, y_test = (
        part.repeat(count, *[1] * (part.ndim - 1)) for part in rows_of_digits(seeds)
    )
    with one_thread():
        model = (
            StackedTransformer(seeds * count, depth=DEPTH, placement="pre")
            if alpha is None
            else build(alpha, seeds * count)
        )
        readings = train(
            *(model, x, y, seeds * count, np.repeat(rates, len(seeds))),
            warm_up=0,
            measure=lambda model: share_right(model(x_test), y_test),
            measure_at=budgets,
        )
    return readings.reshape(len(budgets), count, len(seeds)).transpose(1, 0, 2)


def search(alpha: float) -> dict[int, np.ndarray]:
    """Return mean accuracies (T,) over `SEARCH_SEEDS` by place in `RATES`, ascending.

    The search goes on until no budget's best rate is at an end of what was tried.
    """
    tried: dict[int, np.ndarray] = {}
    wanted = list(FIRST_RATES)
    while wanted:
        means = measure(alpha, [RATES[k] for k in wanted], SEARCH_SEEDS).mean(axis=-1)
        tried |= dict(zip(wanted, means, strict=True))
        best = best_places(tried)
        wanted = [min(tried) - 1] if min(tried) in best else []
        wanted += [max(tried) + 1] if max(tried) in best else []
        wanted = [k for k in wanted if 0 <= k < len(RATES)]
    return dict(sorted(tried.items()))


def measure_all(report: Callable[[object], None] = print) -> dict:
    """Search each start's rates, then measure at them; numbers lie in the order (T, S)."""
    arms = []
    for alpha in ALPHAS:
        tried = search(alpha)
        best = best_places(tried)
        found = measure(alpha, [RATES[k] for k in best])
        right = np.rint(TEST_IMAGES * np.stack([found[t, t] for t in range(len(best))]))
        arms.append(
            {
                "alpha": alpha,
                "best": best,
                "search_places": list(tried),
                "search_accuracy": np.round(list(tried.values()), 4).T.tolist(),
                "right": right.astype(int).tolist(),
            }
        )
        report(arms[-1])
    return {
        "rates": RATES,
        "budgets": BUDGETS,
        "seeds": SEEDS,
        "search_seeds": SEARCH_SEEDS,
        "test_images": TEST_IMAGES,
        "arms": arms,
    }


def load_transformer_dyt() -> TransformerDyT:
    """Return the stored measurement beside layer norm and no norm of `transformer_training`."""
    stored, others = results.load("transformer_dyt"), load_transformer_training()
    if tuple(stored["seeds"]) != others.seeds or tuple(stored["budgets"]) != others.budgets:
        raise ValueError("transformer_dyt and transformer_training have other seeds or updates")
    right = np.array([arm["right"] for arm in stored["arms"]])
    best = np.array([arm["best"] for arm in stored["arms"]])
    return TransformerDyT(
        alphas=tuple(arm["alpha"] for arm in stored["arms"]),
        budgets=others.budgets,
        error=100 * (1 - right / stored["test_images"]),
        rates=np.array(stored["rates"])[best],
        layer_norm=100 * (1 - others.at_best("pre")),
        none=100 * (1 - others.at_best("none")),
        seeds=others.seeds,
    )


if __name__ == "__main__":
    command = "python -m bncourse.experiments.transformer_dyt"
    print(results.store("transformer_dyt", command, measure_all()))
