"""One function that turns weights rightly, and with a switch for each slip."""

from __future__ import annotations

import numpy as np


def _cosine(a, b):
    return np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1)


ANGLES = {
    "radians": lambda a, b: np.arccos(_cosine(a, b)),
    "degrees": lambda a, b: np.degrees(np.arccos(_cosine(a, b))),
    "cosine": _cosine,
    "one minus cosine": lambda a, b: 1 - _cosine(a, b),
    "lengths forgotten": lambda a, b: np.arccos(np.clip(a @ b, -1, 1)),
    "one length": lambda a, b: np.arccos(np.clip(a @ b / (a @ a), -1, 1)),
    "difference": lambda a, b: np.linalg.norm(b - a),
    "relative difference": lambda a, b: np.linalg.norm(b - a) / np.linalg.norm(a),
    "sine": lambda a, b: np.arcsin(np.sqrt(1 - _cosine(a, b) ** 2)),
    "squared": lambda a, b: np.arccos(_cosine(a, b)) ** 2,
    "arctan of the step": lambda a, b: np.arctan(np.linalg.norm(b - a) / np.linalg.norm(a)),
    "tangent": lambda a, b: np.tan(np.arccos(_cosine(a, b))),
}


def rotations(
    gradient, w, rate, decay, steps, *, angle="radians", step="right", start="last", result="each"
):  # fmt: skip
    """Return the angle between the weights before and after each step; the keywords switch."""
    first, angles = w, []
    for k in range(steps):
        at = first if step == "gradient of the first" else w
        g = gradient(at, 0 if step == "first push" else k)
        new = {
            "right": lambda g=g, w=w: w - rate * (g + decay * w),
            "no decay": lambda g=g, w=w: w - rate * g,
            "decay without rate": lambda g=g, w=w: w - rate * g - decay * w,
            "decay adds": lambda g=g, w=w: w - rate * (g - decay * w),
            "away": lambda g=g, w=w: w + rate * (g + decay * w),
            "uphill": lambda g=g, w=w: w + rate * (g - decay * w),
            "no rate": lambda g=g, w=w: w - (g + decay * w),
            "unit gradient": lambda g=g, w=w: w - rate * (g / np.linalg.norm(g) + decay * w),
            "length kept": lambda g=g, w=w: w - rate * (g + decay * w),
            "first push": lambda g=g, w=w: w - rate * (g + decay * w),
            "gradient of the first": lambda g=g, w=w: w - rate * (g + decay * w),
            "decay after": lambda g=g, w=w: (1 - rate * decay) * (w - rate * g),
            "length 1": lambda g=g, w=w: w - rate * (g + decay * w),
            "decay of size 1": lambda g=g, w=w: w - rate * (g + decay * w / np.linalg.norm(w)),
        }[step]()
        if step == "length 1":
            new = new / np.linalg.norm(new)
        if step == "length kept":
            new = new * np.linalg.norm(w) / np.linalg.norm(new)
        if angle == "theory":
            angles.append(np.sqrt(2 * rate * decay))
        elif angle in ("by hand", "arctan by hand"):
            ratio = rate * np.linalg.norm(g) / np.linalg.norm(w)
            angles.append(ratio if angle == "by hand" else np.arctan(ratio))
        else:
            before = {"first": first, "overwritten": new}.get(start, w)
            angles.append(ANGLES[angle](before, new))
        if start != "not moved":
            w = new
    angles = np.array(angles)
    return {
        "each": lambda: angles,
        "mean": lambda: angles.mean(),
        "sum": lambda: angles.sum(),
        "running sum": lambda: np.cumsum(angles),
        "last": lambda: angles[-1],
        "a 0 first": lambda: np.concatenate([[0], angles]),
        "a 0 last": lambda: np.concatenate([angles, [0]]),
        "root mean square": lambda: np.sqrt((angles**2).mean()),
    }[result]()
