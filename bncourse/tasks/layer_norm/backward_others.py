"""Wrong backward passes of layer norm that are no slip in one place: batch norm's, lost axes."""

from __future__ import annotations

from bncourse.grading.task import Misconception
from bncourse.tasks.layer_norm.backward_board import sum_leading


def _means_without_keepdims(dy, cache):
    x_hat, d = cache["x_hat"], dy * cache["gamma"]
    dx = cache["inv_std"] * (d - d.mean(axis=-1) - x_hat * (d * x_hat).mean(axis=-1))
    return dx, sum_leading(dy * x_hat), sum_leading(dy)


def _one_mean_without_keepdims(first):
    def backwards(dy, cache):
        x_hat, d = cache["x_hat"], dy * cache["gamma"]
        by_mean = d.mean(axis=-1, keepdims=not first)
        dx = cache["inv_std"] * (d - by_mean - x_hat * (d * x_hat).mean(axis=-1, keepdims=first))
        return dx, sum_leading(dy * x_hat), sum_leading(dy)

    return backwards


def _one_mean_of_all(first):
    def backwards(dy, cache):
        x_hat, d = cache["x_hat"], dy * cache["gamma"]
        of_row = {"axis": -1, "keepdims": True}
        by_mean = d.mean() if first else d.mean(**of_row)
        along = (d * x_hat).mean(**of_row) if first else (d * x_hat).mean()
        return (
            cache["inv_std"] * (d - by_mean - x_hat * along),
            sum_leading(dy * x_hat),
            sum_leading(dy),
        )

    return backwards


def _second_axis_without_keepdims(dy, cache):
    x_hat, d = cache["x_hat"], dy * cache["gamma"]
    dx = cache["inv_std"] * (d - d.mean(axis=1) - x_hat * (d * x_hat).mean(axis=1))
    return dx, sum_leading(dy * x_hat), sum_leading(dy)


def _as_in_batch_norm(dy, cache):
    x_hat, m = cache["x_hat"], len(dy)
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx = cache["gamma"] * cache["inv_std"] / m * (m * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def _parameter_sums_reused(divisor, place, add):
    def backwards(dy, cache):
        x_hat, gamma = cache["x_hat"], cache["gamma"]
        dgamma, dbeta = add(dy * x_hat), add(dy)
        n = divisor(dy)
        inside, outside = {"inside": (gamma, 1), "outside": (1, gamma), "nowhere": (1, 1)}[place]
        dx = dy * inside - dbeta / n - x_hat * dgamma / n
        return outside * cache["inv_std"] * dx, dgamma, dbeta

    return backwards


# With gamma outside, only the divisor H makes another mistake than means along the wrong axes.
SUMS_REUSED = tuple(
    _parameter_sums_reused(divisor, place, add)
    for add in (sum_leading, lambda a: a.sum(axis=0))
    for divisor, places in (
        (lambda dy: dy.shape[-1], ("inside", "outside", "nowhere")),
        (len, ("inside",)),
        (lambda dy: dy.size // dy.shape[-1], ("inside",)),
        (lambda dy: 1, ("inside", "nowhere")),
    )
    for place in places
)


OTHERS = (
    Misconception(
        "batch norm's backward pass",
        "This is the backward pass of 4.4 as it stands: its sums run over the samples.",
        "Which numbers shared one mean in the forward pass?",
        "M13",
        _as_in_batch_norm,
    ),
    Misconception(
        "dgamma and dbeta in dx",
        "dx is made with dgamma and dbeta. In batch norm the two sums happened to be the same; "
        "here dx needs sums along the row, and dgamma and dbeta run over the rows.",
        "Along which axis run the two sums in dx, and along which those of dgamma and dbeta?",
        "M13",
        SUMS_REUSED[0],
        variants=SUMS_REUSED[1:],
    ),
    Misconception(
        "without keepdims",
        "The means have lost their last axis, and lie beside the columns now: NumPy lines shapes "
        "up from the right.",
        "Which shape must a mean have so that each row meets its own?",
        "M3",
        _means_without_keepdims,
        variants=(_one_mean_without_keepdims(first=True), _one_mean_without_keepdims(first=False)),
    ),
    Misconception(
        "one of the means over everything",
        "One of the two means runs over the whole array, the other along the row.",
        "Which of your means has no axis?",
        "M3",
        _one_mean_of_all(first=True),
        variants=(_one_mean_of_all(first=False),),
    ),
    Misconception(
        "the second axis without keepdims",
        "The means run over axis 1 and have lost that axis: NumPy lines shapes up from the right.",
        "Which shape must a mean have so that each row meets its own?",
        "M3",
        _second_axis_without_keepdims,
    ),
)
