"""What can be said of noise behind a norm, whichever numbers it drew."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-9
AT_ONCE = "the noise as a whole"  # all facts together, so that a mistake must explain them all
FILLED = 0.75  # of a range: of 240 draws or more, the largest lies beyond this almost surely


def measure(got, x_hat, shift, spread, rng):
    """Return what can be said of the noise: of what kind it is, and how large."""
    trained, evaluated, again = got["trained"], got["evaluated"], got["again"]
    factors, moves = _lines(trained, x_hat, 1)
    shared = _fits(trained, x_hat, factors, moves)
    by_row = not shared and _fits(trained, x_hat, *_lines(trained, x_hat, 2))
    change = (factors - 1).squeeze(1)
    moves = moves.squeeze(1)
    facts = {
        "all samples of a call share one factor and one shift": shared,
        "not all units of a sample share them": not by_row,
        "evaluation adds nothing": bool(np.abs(evaluated - x_hat).max() < ROUNDING),
        "evaluation gives the same answer twice": bool(np.ptp(evaluated, axis=0).max() < ROUNDING),
        "the generator decides": bool(np.array_equal(again, trained[: len(again)])),
    }
    apart = not (shared and shift and spread) or not _together(moves, change)
    facts["factor and shift are drawn apart"] = apart
    for name, middle, drawn, most in (("shift", 0, moves, shift), ("factor", 1, change, spread)):
        # What is no shared factor and shift has neither.
        found = _facts(name, middle, drawn if shared else 0 * drawn, most if shared else 0.0)
        facts |= {fact: not shared or so for fact, so in found.items()}
    together = {AT_ONCE: np.array(list(facts.values()))}
    return together | {name: np.array(so) for name, so in facts.items()}


def _lines(y, x_hat, axis):
    """Fit y = factor * x_hat + move along an axis of (calls, N, D), by least squares."""
    mean = x_hat.mean(axis - 1, keepdims=True)
    centred = x_hat - mean
    squares = (centred**2).sum(axis - 1, keepdims=True)
    factors = (y * centred).sum(axis, keepdims=True) / squares
    return factors, y.mean(axis, keepdims=True) - factors * mean


def _fits(y, x_hat, factors, moves):
    return bool(np.abs(y - factors * x_hat - moves).max() < ROUNDING)


def _together(one, other):
    """Say whether two arrays are nearly the same but for a factor and a constant."""
    if np.ptp(one) < ROUNDING or np.ptp(other) < ROUNDING:
        return False
    return bool(abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) > 0.9)


def _facts(name, centre, drawn, most):
    """Say of the drawn numbers less their centre, (calls, units), whether they are right."""
    size = np.abs(drawn).max()
    still = bool(size < ROUNDING)
    told = most > 0 and not still  # only then is there more to say
    over = drawn / (most or 1)
    # The middle holds a known share of even draws, and of others another one.
    middle = np.mean(np.abs(over) < 0.5)
    low, high = over.min(), over.max()
    return {
        f"the {name} changes when it should": bool(still == (most == 0)),
        f"the {name} stays within its range": bool(not told or size <= most * (1 + 1e-9)),
        f"the {name} lies below {centre}, too": bool(not told or low < -FILLED * high),
        f"the {name} lies above {centre}, too": bool(not told or high > -FILLED * low),
        f"the {name} fills its range": bool(not told or size > FILLED * most),
        f"the {name} is spread evenly": bool(
            not told or size > most * (1 + 1e-9) or 0.3 < middle < 0.7
        ),
        f"each unit has a {name} of its own": bool(
            not told or np.ptp(drawn, axis=1).max() > ROUNDING
        ),
        f"every call draws another {name}": bool(
            not told or np.ptp(drawn, axis=0).max() > ROUNDING
        ),
    }
