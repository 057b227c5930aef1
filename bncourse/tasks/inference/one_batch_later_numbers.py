"""The numbers of 5.1, right and wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

TORCH_NEW, KERAS_NEW = 0.1, 0.01  # the weights of the new batch


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the averages by both rules, the eval output and the number of batches."""
    return torch_fields(p) | keras_fields(p) | partly(batches=batches(1 - p["momentum"]))


def partly(**changes: float) -> dict[str, np.ndarray]:
    """Return only these fields."""
    return {name: np.asarray(float(value)) for name, value in changes.items()}


def averages(
    p: Mapping,
    new: float,
    ddof: int,
    start: tuple[float, float] = (0.0, 1.0),
    old: float | None = None,
    spread: Callable[[float], float] = float,
) -> tuple[float, float]:
    """Return the running mean and variance after the batch; the rest switches slips on."""
    old = 1 - new if old is None else old
    mean, var = p["x"].mean(), spread(p["x"].var(ddof=ddof))
    return old * start[0] + new * mean, old * start[1] + new * var


def torch_fields(
    p: Mapping, new: float = TORCH_NEW, ddof: int = 1, **slip
) -> dict[str, np.ndarray]:
    """Return PyTorch's fields."""
    mean, var = averages(p, new, ddof, **slip)
    return partly(torch_mean=mean, torch_var=var) | output(p, mean, var)


def keras_fields(
    p: Mapping, new: float = KERAS_NEW, ddof: int = 0, **slip
) -> dict[str, np.ndarray]:
    """Return Keras's fields."""
    mean, var = averages(p, new, ddof, **slip)
    return partly(keras_mean=mean, keras_var=var)


def both(p: Mapping, **slip) -> dict[str, np.ndarray]:
    """Return the fields of both layers with the same slip."""
    return torch_fields(p, **slip) | keras_fields(p, **slip)


def output(p: Mapping, mean: float, var: float) -> dict[str, np.ndarray]:
    """Return the eval output with these statistics."""
    return partly(eval_output=(p["value"] - mean) / np.sqrt(var))


def stored(p: Mapping) -> tuple[float, float]:
    """Return what PyTorch's layer has stored."""
    return averages(p, TORCH_NEW, 1)


def own(p: Mapping, torch_ddof: int, keras_ddof: int) -> dict[str, np.ndarray]:
    """Return the batch's own statistics in both layers."""
    return torch_fields(p, 1.0, torch_ddof) | keras_fields(p, 1.0, keras_ddof)


def sd_averaged(p: Mapping, squared: bool) -> dict[str, np.ndarray]:
    """Return the fields where standard deviations were averaged."""
    told = both(p, spread=np.sqrt)
    sd = told["torch_var"]
    told |= output(p, told["torch_mean"], sd**2)
    if squared:
        told |= {name: told[name] ** 2 for name in ("torch_var", "keras_var")}
    return told


def quotient(old: float, share: float = 0.01) -> float:
    """Return the exact number of batches, a fraction too."""
    return math.log(share) / math.log(old)


def batches(old: float, share: float = 0.01) -> int:
    """Return after how many batches the start weighs less than a share."""
    return math.ceil(quotient(old, share))
