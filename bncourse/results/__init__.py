"""Measured results that are kept as small files, each with the command that regenerates it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """Return the stored result of that name; raises FileNotFoundError saying which there are."""
    file = files(__package__) / f"{name}.json"
    if not file.is_file():
        known = sorted(f.name[:-5] for f in files(__package__).iterdir() if f.name.endswith("json"))
        raise FileNotFoundError(f"no stored result {name!r}; there are {', '.join(known)}")
    return json.loads(file.read_text(encoding="utf-8"))


def store(name: str, command: str, result: dict[str, Any], folder: Path | None = None) -> Path:
    """Write a result where `load` finds it (or into another folder), and return the file.

    `command` is what regenerates it; it is kept with the result, and so are the versions of Python
    and of the libraries. Raises ValueError for inf and nan, which JSON does not know.
    """
    import platform
    from importlib.metadata import version

    versions = {"python": platform.python_version()}
    versions |= {package: version(package) for package in ("numpy", "scikit-learn", "torch")}
    record = {"command": command, "versions": versions, **result}
    text = json.dumps(record, indent=1, allow_nan=False) + "\n"
    file = (folder or Path(__file__).parent) / f"{name}.json"
    file.write_text(text, encoding="utf-8")
    load.cache_clear()
    return file
