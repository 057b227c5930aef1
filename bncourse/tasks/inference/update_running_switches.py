"""Steps of a running average, right and wrong: one function with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable

WEIGHTS: dict[str, Callable] = {  # of the new value, by the convention and its momentum
    "right": lambda rule, m: m if rule == "torch" else 1 - m,
    "exchanged": lambda rule, m: 1 - m if rule == "torch" else m,
    "all PyTorch": lambda rule, m: m,
    "all Keras": lambda rule, m: 1 - m,
    "fixed": lambda rule, m: 0.1 if rule == "torch" else 1 - 0.99,
}
STEPS: dict[str, Callable] = {  # from the old value r and the new one b with weight w
    "right": lambda r, b, w: (1 - w) * r + w * b,
    "old kept whole": lambda r, b, w: r + w * b,
    "new kept whole": lambda r, b, w: (1 - w) * r + b,
    "away": lambda r, b, w: r - w * (b - r),
    "difference only": lambda r, b, w: w * (b - r),
    "sum": lambda r, b, w: r + b,
    "half": lambda r, b, w: (r + b) / 2,
    "newest only": lambda r, b, w: b + 0 * r,
    "never": lambda r, b, w: r + 0 * b,
    "roots": lambda r, b, w: ((1 - w) * r**0.5 + w * b**0.5) ** 2,
}
PLAIN: dict[str, Callable] = {  # the average of n, from that of n − 1 before it; m is ignored
    "n + 1": lambda r, b, n, m: (n * r + b) / (n + 1),
    "n times old": lambda r, b, n, m: (n * r + b) / n,
    "both over n": lambda r, b, n, m: (r + b) / n,
    "not divided": lambda r, b, n, m: (n - 1) * r + b,
    "exchanged": lambda r, b, n, m: (r + (n - 1) * b) / n,
    "by PyTorch's rule": lambda r, b, n, m: (1 - m) * r + m * b,
    "by Keras's rule": lambda r, b, n, m: m * r + (1 - m) * b,
    # A step of weight 1/n is right here, and the slips of a step can be made here too.
    **{name: lambda r, b, n, m, step=step: step(r, b, 1 / n) for name, step in STEPS.items()},
}


def update_running(
    running, batch_stat, momentum, convention, n=None, *,
    weights="right", step="right", plain="right", unknown="refused", n_decides=False,
):  # fmt: skip
    """Return the running average after one more batch; the keywords switch single slips on."""
    if convention not in ("torch", "keras", "cumulative"):
        if unknown == "refused":
            raise ValueError(f"unknown convention {convention!r}")
        convention = {}[convention] if unknown == "looked up" else unknown
    if convention == "cumulative" or (n_decides and n is not None):
        return PLAIN[plain](running, batch_stat, n, momentum)
    return STEPS[step](running, batch_stat, WEIGHTS[weights](convention, momentum))


def weights_at_once(running, batch_stat, momentum, convention, n=None, one=1):
    """Make all three weights and take one: without n there is no third."""
    if convention not in ("torch", "keras", "cumulative"):
        raise ValueError(convention)
    return looked_up_at_once(running, batch_stat, momentum, convention, n, one)


def looked_up_at_once(running, batch_stat, momentum, convention, n=None, one=1):
    """Make all three weights and look one up, whatever the word."""
    w = {"torch": momentum, "keras": 1 - momentum, "cumulative": one / n}[convention]
    return STEPS["right"](running, batch_stat, w)
