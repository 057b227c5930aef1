"""Lesson 07: how large the initial weights may be."""

from __future__ import annotations

from bncourse.experiments.initial_scale import InitialScale, load_initial_scale
from bncourse.ledger.measuring import Value, finding, over


def _count(norm: str, budget: int, kind: str = "tuned") -> float:
    record: InitialScale = load_initial_scale()
    accuracy = getattr(record, kind)[record.norms.index(norm), :, budget]
    return float(record.usable(accuracy).sum())


@finding(
    "scales-with-bn",
    "of 10 initial scales, 1e-6 to 10, those usable with batch norm at their best rates",
    7,
    10,
    by="initial_scale",
    stored="initial_scale",
)
def _() -> float:
    return _count("batch", -1)


@finding(
    "scales-without-bn",
    "of 10 initial scales those usable without batch norm at their best rates",
    1,
    5,
    by="initial_scale",
    stored="initial_scale",
)
def _() -> float:
    return _count("none", -1)


@finding(
    "scales-with-bn-kept",
    "of 10 initial scales those usable with batch norm at the rate for the usual one",
    4,
    9,
    by="initial_scale",
    stored="initial_scale",
)
def _() -> float:
    return _count("batch", -1, "kept")


@finding(
    "scale-10-in-time",
    "test accuracy with batch norm at scale 10 after 1000 updates, its hidden rate following",
    94,
    100,
    unit="%",
    by="initial_scale",
    stored="initial_scale",
)
def _() -> Value:
    return over(100 * load_initial_scale().rate_follows.accuracy[-1, -1])


@finding(
    "scale-10-kept",
    "test accuracy with batch norm at scale 10 after 1000 updates, at the rate of the usual scale",
    25,
    80,
    unit="%",
    by="initial_scale",
    stored="initial_scale",
)
def _() -> Value:
    record = load_initial_scale()
    return over(100 * record.kept[record.norms.index("batch"), -1, -1])


@finding(
    "scale-tiny",
    "test accuracy with batch norm at scale 1e-6 after 1000 updates",
    5,
    30,
    unit="%",
    by="initial_scale",
    stored="initial_scale",
)
def _() -> Value:
    record = load_initial_scale()
    return over(100 * record.tuned[record.norms.index("batch"), 0, -1])


@finding(
    "scale-tiny-without-eps",
    "test accuracy at scale 1e-6 with an eps of 1e-20",
    96,
    100,
    unit="%",
    by="initial_scale",
    stored="initial_scale",
)
def _() -> Value:
    return over(100 * load_initial_scale().tiny_eps.accuracy[0, -1])
