"""How libraries average batch statistics for inference: five conventions that look alike.

They differ in what `momentum` weighs, in what they store, in eps and in the start value. Here each
is a `Rule`, and `convert` says what to type into another library to get the same averages, or that
nothing will do.

Sources: Ioffe & Szegedy 2015, Algorithm 2; torch.nn.BatchNorm1d of PyTorch 2; keras.layers.
BatchNormalization of Keras 3; flax.linen.BatchNorm; text 5 of the course, steps 2 and 5.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

VARIANCES = ("biased variance", "unbiased variance")


@dataclass(frozen=True)
class Rule:
    """One way to get from batches to the mean and the spread that inference uses.

    Attributes:
        name: of the library or text.
        momentum_weighs: what the number called momentum is the weight of; None where every batch
            weighs the same and there is no such number.
        momentum: the default; None where there is none.
        stored: the spread that is averaged.
        eps: added to the variance; None where a text leaves it open, 0 where it has none.
        start: mean and spread before the first batch; None where there is none or it is left open.
    """

    name: str
    momentum_weighs: Literal["new batch", "old average"] | None
    momentum: float | None
    stored: Literal["biased variance", "unbiased variance", "biased standard deviation"]
    eps: float | None
    start: tuple[float, float] | None

    def weight_of_new(self, momentum: float | None = None) -> float | None:
        """Return the weight of the new batch for this momentum, or for the default.

        None means that all batches so far weigh the same.

        Raises:
            ValueError: a momentum is needed and there is no default, it is outside 0 to 1, or one
                is given and the rule has none.
        """
        if self.momentum_weighs is None:
            if momentum is not None:
                raise ValueError(f"{self.name} has no momentum: every batch weighs the same.")
            return None
        momentum = self.momentum if momentum is None else momentum
        if momentum is None or not 0 <= momentum <= 1:
            raise ValueError(
                f"{self.name} needs a momentum from 0 to 1, the weight of the "
                f"{self.momentum_weighs}; it is {momentum}."
            )
        # Rounded, as 1 - 0.99 is 0.010000000000000009.
        return momentum if self.momentum_weighs == "new batch" else round(1 - momentum, 12)

    def run(
        self,
        batches: Iterable[np.ndarray],
        momentum: float | None = None,
        start: tuple[float, float] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Show the rule these batches, each (m, D) with m >= 2; return mean and spread, (D,) each.

        Raises:
            ValueError: there is no batch, a batch has fewer than two rows, no start value is known,
                or as `weight_of_new`.
        """
        weight, start = self.weight_of_new(momentum), start or self.start
        if weight is not None and start is None:
            raise ValueError(f"{self.name} says no start value: pass start=(mean, spread).")
        mean, spread = start or (0.0, 0.0)
        seen = 0
        for seen, batch in enumerate(batches, start=1):
            new_weight = 1 / seen if weight is None else weight
            mean = (1 - new_weight) * mean + new_weight * batch.mean(axis=0)
            spread = (1 - new_weight) * spread + new_weight * self._spread(batch)
        if not seen:
            raise ValueError("there is no batch to average: pass at least one.")
        return mean, spread

    def evaluate(
        self, x: np.ndarray, mean: np.ndarray, spread: np.ndarray, eps: float | None = None
    ) -> np.ndarray:
        """Normalise x (N, D) at inference, by a mean and a spread as `run` returns them.

        Raises:
            ValueError: the rule leaves eps open and none is given.
        """
        eps = self.eps if eps is None else eps
        if eps is None:
            raise ValueError(f"{self.name} leaves eps open: pass one.")
        variance = np.square(spread) if self.stored == "biased standard deviation" else spread
        return (x - mean) / np.sqrt(variance + eps)

    def _spread(self, batch: np.ndarray) -> np.ndarray:
        if len(batch) < 2:
            raise ValueError("a batch of one row has no spread: pass two or more.")
        if self.stored == "biased standard deviation":
            return batch.std(axis=0)
        return batch.var(axis=0, ddof=int(self.stored == "unbiased variance"))


PAPER = Rule("Paper, Algorithm 2", None, None, "unbiased variance", None, None)
PYTORCH = Rule("PyTorch", "new batch", 0.1, "unbiased variance", 1e-5, (0.0, 1.0))
PYTORCH_NONE = Rule("PyTorch, momentum=None", None, None, "unbiased variance", 1e-5, None)
KERAS = Rule("Keras", "old average", 0.99, "biased variance", 1e-3, (0.0, 1.0))
FLAX = Rule("Flax linen", "old average", 0.99, "biased variance", 1e-5, (0.0, 1.0))
TEXT_5 = Rule("Text 5", "old average", None, "biased standard deviation", 0.0, None)
RULES = (PAPER, PYTORCH, PYTORCH_NONE, KERAS, FLAX, TEXT_5)


@dataclass(frozen=True)
class Conversion:
    """What to type into another library to get the averages of this one.

    Attributes:
        momentum: to type; None for a rule without one, and where there is none to type.
        factor: what to multiply the stored spread by; None where no factor does it.
        exact: whether the other rule's averages come out, up to rounding.
        remark: why not, or what to watch.
    """

    momentum: float | None
    factor: float | None
    exact: bool
    remark: str

    def spread(self, stored: np.ndarray, start_weight: float = 0.0, start: float = 1.0):
        """Convert a stored spread, (D,).

        The start value is the same number in both libraries, so its share, `start_weight` =
        (1 - weight of the new batch) ** batches, is not multiplied.

        Raises:
            ValueError: no factor converts it.
        """
        if self.factor is None:
            raise ValueError(self.remark)
        return start_weight * start + self.factor * (stored - start_weight * start)


def convert(
    source: Rule, target: Rule, batch_size: int, momentum: float | None = None
) -> Conversion:
    """Say how to get from the averages of one rule to those of another.

    The factor is for comparing stored averages, or for going on training elsewhere. A net that was
    trained with one library and is only *used* in another gives the same outputs if the numbers are
    copied as they are and the first library's eps is typed in.

    Args:
        source: the rule that made the averages.
        target: the rule that should have made them.
        batch_size: values per channel in every batch, m >= 2; with unequal batches there is no
            single factor.
        momentum: of the source; its default if None.

    Raises:
        ValueError: as `Rule.weight_of_new`, or the batch size is below 2.
    """
    if batch_size < 2:
        raise ValueError(f"a batch of {batch_size} has no spread: pass two or more.")
    weight = source.weight_of_new(momentum)
    factor = _factor(source.stored, target.stored, batch_size)
    if (weight is None) != (target.momentum_weighs is None):
        remark = "No momentum weighs all batches the same: a moving average forgets."
        return Conversion(None, factor, False, remark)

    theirs = weight
    if target.momentum_weighs == "old average":
        theirs = round(1 - weight, 12)
    if factor is None:
        remark = "The mean of standard deviations does not tell the mean of variances, nor back."
        return Conversion(theirs, None, False, remark)
    if weight is None:
        # Of these rules, those that weigh all batches the same store the same.
        remark = "The same from the same batches; Algorithm 2 takes them after training."
    elif factor == 1:
        remark = "The stored numbers are the same."
    else:
        remark = "Multiply the stored variance by the factor, all but the start value's share."
    return Conversion(theirs, factor, True, remark)


def _factor(source: str, target: str, m: int) -> float | None:
    if source == target:
        return 1.0
    if source not in VARIANCES or target not in VARIANCES:
        return None
    return m / (m - 1) if target == "unbiased variance" else (m - 1) / m


COLUMNS = ("rule", "momentum weighs the", "default", "weight of the new batch", "stores", "eps")
COLUMNS += ("start",)


def table() -> list[tuple[str, ...]]:
    """Return one row of texts per rule, under `COLUMNS`. All normalise by the biased variance."""
    rows = []
    for rule in RULES:
        weighs, default, weight = "(no momentum)", "", "1 / batches so far"
        if rule.momentum_weighs is not None:
            known = rule.momentum is not None
            weighs = rule.momentum_weighs
            default = f"{rule.momentum:g}" if known else "left open"
            weight = f"{rule.weight_of_new():g}" if known else "left open"
        eps = "left open" if rule.eps is None else f"{rule.eps:g}" if rule.eps else "none"
        start = "left open" if rule.momentum_weighs else "(none needed)"
        if rule.start is not None:
            start = "{:g}, {:g}".format(*rule.start)
        rows.append((rule.name, weighs, default, weight, rule.stored, eps, start))
    return rows


def steps_until(weight_left: float, weight_of_new: float) -> int:
    """Return after how many batches the start value weighs less than `weight_left`.

    After t batches it weighs (1 - weight_of_new) ** t.

    Raises:
        ValueError: one of the two is not above 0 and at most 1.
    """
    if not (0 < weight_left <= 1 and 0 < weight_of_new <= 1):
        raise ValueError("both weights have to be above 0 and at most 1.")
    if weight_of_new == 1:
        return 1
    steps = math.log(weight_left) / math.log1p(-weight_of_new)
    # Where the weight is reached exactly, rounding must not decide.
    return math.floor(steps + 1e-9) + 1


def effective_batches(weight_of_new: float) -> float:
    """Return how many batches a plain mean needs to vary as little as the moving average does.

    Batches being independent, the variance of the average is w / (2 - w) that of one batch, once
    the start value is forgotten.

    Raises:
        ValueError: the weight is not above 0 and at most 1.
    """
    if not 0 < weight_of_new <= 1:
        raise ValueError("the weight has to be above 0 and at most 1.")
    return (2 - weight_of_new) / weight_of_new


@dataclass(frozen=True)
class SpreadAverages:
    """Three averages of the spread of batches from N(0, 1), whose true spread is 1.

    Attributes:
        batch_sizes: (K,).
        draws: batches averaged, for each seed and size.
        sd: (S, K) mean of the biased standard deviations.
        biased: (S, K) square root of the mean of the biased variances.
        unbiased: (S, K) square root of the mean of the unbiased variances.
    """

    batch_sizes: tuple[int, ...]
    draws: int
    sd: np.ndarray
    biased: np.ndarray
    unbiased: np.ndarray


def spread_averages(
    batch_sizes: Sequence[int] = (2, 4, 8, 32),
    draws: int = 20_000,
    seeds: Sequence[int] = range(5),
) -> SpreadAverages:
    """Draw batches and average their spreads in three ways; a fifth of a second by default.

    Raises:
        ValueError: a batch size below 2.
    """
    if min(batch_sizes) < 2:
        raise ValueError("a batch of one has no spread: pass sizes of two or more.")
    sd, biased, unbiased = np.empty((3, len(seeds), len(batch_sizes)))
    for row, seed in enumerate(seeds):
        for column, size in enumerate(batch_sizes):
            batches = np.random.default_rng([seed, size]).normal(size=(size, draws))
            variance = batches.var(axis=0)
            sd[row, column] = np.sqrt(variance).mean()
            biased[row, column] = np.sqrt(variance.mean())
            unbiased[row, column] = np.sqrt(variance.mean() * size / (size - 1))
    return SpreadAverages(tuple(batch_sizes), draws, sd, biased, unbiased)
