"""A table of activations, what is done to it, and which rows of a norm's output that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

NORMS = {"bn": "batch norm", "ln": "layer norm", "rms": "RMSNorm"}
# What is done to the table, and in few words.
DEEDS = {
    "scaled": "a sample times a number",
    "shifted": "a number added to a sample",
    "unit": "a unit times a number",
    "out": "a sample left out",
    "bright": "a number added to all",
    "minus": "a sample times −1",
}
FIELDS = tuple(f"{deed}_{norm}" for deed in DEEDS for norm in NORMS)
SEEN = 1e-3  # two rows are as good as equal below, and each row that changes does so by more


def draw(rng: np.random.Generator) -> dict:
    """Draw a table, the samples and numbers that are to be changed."""
    n, d = int(rng.integers(5, 9)), 4
    who = rng.permutation(n)
    return {
        "table": rng.choice([k for k in range(-9, 10) if k], (n, d)).astype(float),
        "scaled": (int(who[0]), float(rng.integers(3, 9))),
        "shifted": (int(who[1]), float(rng.integers(3, 9))),
        "unit": (int(rng.integers(d)), float(rng.integers(3, 9))),
        "out": int(who[2]),
        "bright": float(rng.integers(3, 9)),
        "minus": int(who[3]),
    }


def changed_tables(p: Mapping) -> dict[str, np.ndarray]:
    """Return the tables after each deed; a sample left out is nan."""
    x = p["table"]
    tables = {deed: x.copy() for deed in DEEDS}
    row, factor = p["scaled"]
    tables["scaled"][row] *= factor
    row, number = p["shifted"]
    tables["shifted"][row] += number
    column, factor = p["unit"]
    tables["unit"][:, column] *= factor
    tables["out"][p["out"]] = np.nan
    tables["bright"] += p["bright"]
    tables["minus"][p["minus"]] *= -1
    return tables


def batch_norm(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Normalise each column by the rows that are there; ``like`` is not used."""
    return (x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0)


def stored(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Normalise each column by mean and sd of another table: batch norm in evaluation mode."""
    return (x - like.mean(axis=0)) / like.std(axis=0)


def layer_norm(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Normalise each row by itself; ``like`` is not used."""
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def rms_norm(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Divide each row by its root mean square; ``like`` is not used."""
    return x / np.sqrt((x**2).mean(axis=1, keepdims=True))


def rms_by_columns(x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Divide each column by its root mean square; ``like`` is not used."""
    return x / np.sqrt(np.nanmean(x**2, axis=0))


RIGHT = {"bn": batch_norm, "ln": layer_norm, "rms": rms_norm}


def rows_changed(
    p: Mapping, norm: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, int]:
    """Return for each deed in how many rows the norm's output changes."""
    before = norm(p["table"], p["table"])
    after = {deed: norm(table, p["table"]) for deed, table in changed_tables(p).items()}
    return {deed: int((_largest(y - before) > SEEN).sum()) for deed, y in after.items()}


def clear(p: Mapping) -> bool:
    """Say whether each row changes plainly or not at all, as the norm has it and by no accident."""
    n = len(p["table"])
    usual = {
        "bn": {"scaled": n, "shifted": n, "unit": 0, "out": n - 1, "bright": 0, "minus": n},
        "ln": {"scaled": 0, "shifted": 0, "unit": n, "out": 0, "bright": 0, "minus": 1},
        "rms": {"scaled": 0, "shifted": 1, "unit": n, "out": 0, "bright": n, "minus": 1},
    }
    if min(layer.std(axis=axis).min() for layer in _tables(p) for axis in (0, 1)) < 0.5:
        return False
    for norm, layer in RIGHT.items():
        before = layer(p["table"], p["table"])
        for table in changed_tables(p).values():
            moved = _largest(layer(table, p["table"]) - before)
            if ((moved > 1e-9) & (moved < 10 * SEEN)).any():
                return False
        if rows_changed(p, layer) != usual[norm]:
            return False
    return True


def _tables(p: Mapping) -> list[np.ndarray]:
    tables = [p["table"], *changed_tables(p).values()]
    return [t[~np.isnan(t).any(axis=1)] for t in tables]


def _largest(differences: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.abs(differences)).max(axis=1)
