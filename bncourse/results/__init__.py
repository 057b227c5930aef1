"""Measured results that are kept as small files, each with the command that regenerates it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """Return the stored result of that name; raises FileNotFoundError saying which there are."""
    file = files(__package__) / f"{name}.json"
    if not file.is_file():
        known = sorted(f.name[:-5] for f in files(__package__).iterdir() if f.name.endswith("json"))
        raise FileNotFoundError(f"no stored result {name!r}; there are {', '.join(known)}")
    return json.loads(file.read_text(encoding="utf-8"))
