"""Lesson 07: few images, many splits: what regularises."""

from __future__ import annotations

from bncourse.experiments.regularisation import Trained, load_regularisation
from bncourse.ledger.measuring import Value, finding, paired


def _arm(design: str, name: str, inputs: str = "pixels", group: int | None = None) -> Trained:
    return next(
        each
        for each in load_regularisation()[design]
        if each.arm.name == name
        and each.arm.inputs == inputs
        and (group is None or each.arm.group == group)
    )


def _gain(one: Trained, other: Trained) -> Value:
    return paired(one.test, other.test, "splits")


@finding(
    "gain-bn",
    "test accuracy on 200 training images, batch norm minus nothing",
    0,
    4,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _gain(_arm("methods", "BN"), _arm("methods", "none"))


@finding(
    "gain-bn-standardised",
    "test accuracy with standardised inputs, batch norm minus nothing",
    0,
    2.5,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    both = (_arm("methods", name, "standardised") for name in ("BN", "none"))
    return _gain(*both)


def _small_batches(budget: str) -> Value:
    found = {a.arm.name: a for a in load_regularisation()[budget] if a.arm.batch == 5}
    return _gain(found["BN"], found["none"])


@finding(
    "gain-batch-5-updates",
    "test accuracy with batches of 5 and as many updates as others, batch norm minus nothing",
    1,
    5,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _small_batches("updates")


@finding(
    "gain-batch-5-epochs",
    "test accuracy with batches of 5 and as many epochs as others, batch norm minus nothing",
    0,
    1.5,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _small_batches("epochs")


@finding(
    "gain-dropout",
    "test accuracy on 200 training images, dropout minus nothing",
    0.2,
    3,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _gain(_arm("methods", "dropout 0.5"), _arm("methods", "none"))


@finding(
    "dropout-on-top",
    "test accuracy, batch norm and dropout minus batch norm alone",
    -1.2,
    1.4,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _gain(_arm("methods", "BN + dropout 0.5"), _arm("methods", "BN"))


@finding(
    "gain-without-noise",
    "test accuracy, batch norm over all 200 images minus nothing, no randomness in either",
    0.3,
    4,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    return _gain(_arm("noise", "BN", group=200), _arm("noise", "none"))


@finding(
    "dropout-on-top-standardised",
    "test accuracy with standardised inputs, batch norm and dropout minus batch norm alone",
    0,
    1.5,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    both = (_arm("methods", name, "standardised") for name in ("BN + dropout 0.5", "BN"))
    return _gain(*both)


@finding(
    "dropout-without-bn-standardised",
    "test accuracy with standardised inputs, dropout minus nothing",
    0,
    1.5,
    unit="points",
    by="regularisation",
    stored="regularisation",
)
def _() -> Value:
    both = (_arm("methods", name, "standardised") for name in ("dropout 0.5", "none"))
    return _gain(*both)
