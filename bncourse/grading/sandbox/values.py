"""Arguments of a case as JSON with references to arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np


def pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return ``value`` as data for JSON; its arrays are appended to ``arrays``.

    Arrays, numbers, strings, None, and tuples, lists and dicts of them can be sent. Raises
    TypeError for anything else.
    """
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, np.generic):
        arrays.append(np.asarray(value))
        return {"scalar": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": [[pack(k, arrays), pack(v, arrays)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [pack(v, arrays) for v in value]}
    if isinstance(value, list):
        return [pack(v, arrays) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be sent to a learner's function")


def unpack(data: Any, arrays: list[np.ndarray]) -> Any:
    """Return the value that ``pack`` was given."""
    if isinstance(data, list):
        return [unpack(v, arrays) for v in data]
    if not isinstance(data, dict):
        return data
    ((kind, inner),) = data.items()
    if kind == "array":
        return arrays[inner]
    if kind == "scalar":
        return arrays[inner][()]
    if kind == "tuple":
        return tuple(unpack(v, arrays) for v in inner)
    return {unpack(k, arrays): unpack(v, arrays) for k, v in inner}
