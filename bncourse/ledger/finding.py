"""What a finding is: a measured number, its spread, and the range in which its verdict stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CLEAR = 2  # spreads from which a number is clear of its neutral value
REACH, FACTOR = 3, 4  # how wide a range may be; see `Finding.is_rough`


@dataclass(frozen=True)
class Finding:
    """A number that a claim rests on.

    Attributes:
        name: stable name, as used in the claims.
        what: what was measured, in words.
        value: the number, in `unit`.
        unit: "" for a plain number.
        spread: of the number, in `unit`; None if there is none, as for a count or a proof.
        spread_is: what the spread is, "sd over 5 seeds" or "standard error of 10 paired
            differences"; "" without one.
        low, high: the verdicts that rest on it stand while the value is in [low, high].
        exact: whether it is 0 but for rounding, so that the digits mean nothing.
        made_by: the module that measures it, below `bncourse`.
        stored: the stored result it was read from; "" if it is measured on the spot.
    """

    name: str
    what: str
    value: float
    unit: str
    spread: float | None
    spread_is: str
    low: float
    high: float
    exact: bool
    made_by: str
    stored: str

    @property
    def neutral(self) -> float:
        """The value that favours neither side: 1 for a ratio, which counts "times", else 0."""
        return 1.0 if self.unit == "times" else 0.0

    @property
    def keeps_sign(self) -> bool:
        """Whether the range lies on one side of the neutral value, if the number is clear of it.

        A number is clear if it is at least two of its spreads away; one without a spread is clear
        unless it is the neutral value itself. The range may end at the neutral value.
        """
        distance = abs(self.value - self.neutral)
        clear = distance > 0 and distance >= CLEAR * (self.spread or 0)
        return not clear or not self.low < self.neutral < self.high

    @property
    def is_rough(self) -> bool:
        """Whether the range is of the number's rough size.

        - A ratio ("times"): each end within a factor of 4 of the number.
        - "points" and "%": not wider than three times the largest of: the number (of shares above
          50 %, what is missing to 100 %), two spreads, and 1, which is five test images.
        - Any other: one of the two, without the 1.
        """
        by_factor = self.low >= self.value / FACTOR > 0 and self.high <= self.value * FACTOR
        if self.unit == "times":
            return by_factor
        shares = self.unit in ("%", "points")
        size = min(self.value, 100 - self.value) if self.unit == "%" else abs(self.value)
        size = max(size, CLEAR * (self.spread or 0), 1.0 if shares else 0.0)
        by_width = self.high - self.low <= REACH * size * (1 + 1e-9)
        return self.exact or by_width or (by_factor and not shares)

    def written(self, form: str = "") -> str:
        """Write the number: with its unit, with its spread ("±"), or alone ("bare").

        Raises ValueError for any other form.
        """
        if form not in ("", "±", "bare"):
            raise ValueError(f"a number is written as '', '±' or 'bare', not as {form!r}")
        if self.exact:
            return "0 up to rounding"
        if form == "±" and self.spread is not None:
            digits = decimals(self.spread, 2)
            text = f"{fixed(self.value, digits)} ± {fixed(self.spread, digits)}"
        else:
            text = significant(self.value)
        unit = "" if form == "bare" else self.unit
        return f"{text} {unit}".strip() if unit else text

    def told(self) -> str:
        """Write the number with its spread, and say what it is."""
        spread = f" ({self.spread_is})" if self.spread_is else ""
        return f"{self.what}: {self.written('±')}{spread}"


def significant(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits: "36.4", "1,630", "7.5 · 10⁸"."""
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return rounded(value, decimals(value, digits))
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa} · 10{str(int(power)).translate(_RAISED)}".replace("-", "−")


def fixed(value: float, digits: int) -> str:
    """Write a number with exactly so many decimals; if negative, round that many digits away."""
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.removeprefix("-") if not float(text.replace(",", "")) else text.replace("-", "−")


def rounded(value: float, digits: int) -> str:
    """Write a number with at most so many decimals, without idle zeros."""
    text = fixed(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(value: float, significant_digits: int) -> int:
    """Return how many decimals show so many significant digits; whole numbers stay whole."""
    if value == 0:
        return 0
    if float(value).is_integer() and abs(value) < 1e6:
        return 0
    return significant_digits - 1 - math.floor(math.log10(abs(value)))
