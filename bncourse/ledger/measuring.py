"""How findings are registered and measured, and how they are stored."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bncourse.ledger.finding import Finding
from bncourse.ledger.loading import FINDINGS, load_findings, load_ledger

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FILE = Path(__file__).with_name(FINDINGS)
EXACT = 1e-10  # what is 0 but for rounding stays below this


@dataclass(frozen=True)
class Value:
    """A number with its spread and what the spread is."""

    value: float
    spread: float | None = None
    spread_is: str = ""


@dataclass(frozen=True)
class Measurement:
    """How a finding is measured; the fields are those of `Finding`, and `loose`.

    ``run`` returns the `Value`. With ``quick`` it may use fewer seeds than what is stored, so that
    only ``low`` and ``high`` are to be expected of it. ``loose`` says why the range is wider than
    `Finding.is_rough` allows or holds the other sign, against `Finding.keeps_sign`; "" if neither.
    """

    name: str
    what: str
    unit: str
    low: float
    high: float
    exact: bool
    made_by: str
    stored: str
    run: Callable[..., Value]
    loose: str = ""

    @property
    def has_quick(self) -> bool:
        """Whether a quick run differs from a full one."""
        return "quick" in inspect.signature(self.run).parameters

    def measure(self, quick: bool = False) -> Finding:
        """Measure it now."""
        value = self.run(quick=quick) if self.has_quick else self.run()
        settings = {
            field.name: getattr(self, field.name)
            for field in fields(Finding)
            if field.name not in ("value", "spread", "spread_is")
        }
        numbers = asdict(value) | {"value": float(value.value)}
        if value.spread is not None:
            numbers["spread"] = float(value.spread)
        return Finding(**settings, **numbers)


MEASUREMENTS: dict[str, Measurement] = {}


def finding(
    name: str,
    what: str,
    low: float | None = None,
    high: float | None = None,
    *,
    unit: str = "",
    by: str,
    stored: str = "",
    loose: str = "",
) -> Callable[[Callable[..., Value | float]], Callable[..., Value | float]]:
    """Register a function as the measurement of the finding of that name.

    Without a range the finding is exact: 0 but for rounding. A range that is not of the number's
    rough size, or holds the other sign of a clear number, says why in ``loose``.

    Raises ValueError if there is one of that name already.
    """

    def register(function: Callable[..., Value | float]) -> Callable[..., Value | float]:
        if name in MEASUREMENTS:
            raise ValueError(f"there are two findings called {name!r}")

        def run(**kwargs: bool) -> Value:
            value = function(**kwargs)
            return value if isinstance(value, Value) else Value(float(value))

        run.__signature__ = inspect.signature(function)
        exact = low is None
        ends = (0.0, EXACT) if exact else (float(low), float(high))
        MEASUREMENTS[name] = Measurement(name, what, unit, *ends, exact, by, stored, run, loose)
        return function

    return register


def over(values: ArrayLike, of: str = "seeds") -> Value:
    """Return the mean and the sd over seeds (or splits, or images)."""
    values = np.asarray(values, dtype=float)
    return Value(values.mean(), values.std(ddof=1), f"sd over {len(values)} {of}")


def paired(values: ArrayLike, others: ArrayLike, of: str = "seeds") -> Value:
    """Return the mean difference, seed by seed, and its standard error."""
    gap = np.subtract(values, others, dtype=float)
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    return Value(gap.mean(), error, f"standard error, {len(gap)} {of} in pairs")


def measure_all(quick: bool = False) -> list[Finding]:
    """Measure every finding, in the order in which they are registered."""
    import bncourse.ledger.evidence  # noqa: F401 - registers them

    return [measurement.measure(quick) for measurement in MEASUREMENTS.values()]


def store(findings: list[Finding], file: Path = FILE) -> Path:
    """Write findings where `load_findings` looks for them."""
    entries = [asdict(each) for each in findings]
    for entry in entries:
        for name in ("value", "spread"):
            if entry[name] is not None:
                # 0 up to rounding is another number on another machine: keep none of its digits.
                entry[name] = 0.0 if entry["exact"] else float(f"{entry[name]:.9g}")
    record = {"command": "python -m bncourse.ledger", "findings": entries}
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    load_findings.cache_clear()
    load_ledger.cache_clear()
    return file
