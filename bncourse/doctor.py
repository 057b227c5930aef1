"""Is everything here that the course needs? A table for lesson 00 and for the shell."""

from __future__ import annotations

import importlib
import os
import platform
from importlib import metadata

import bncourse
from bncourse.grading import progress
from bncourse.grading.notice import Table

NEEDED = ("numpy", "torch", "sklearn", "matplotlib", "ipywidgets", "jupyterlab")
DISTRIBUTION = {"sklearn": "scikit-learn"}


def doctor() -> Table:
    """Look at Python, the libraries and the progress file; never raises."""
    rows = [_python(), *(_library(name) for name in NEEDED), _progress()]
    wrong = sum(row[1] != "ok" for row in rows)
    title = f"{wrong} thing{'s' * (wrong > 1)} to mend" if wrong else "Everything is here"
    return Table(f"bncourse {bncourse.__version__}: {title}", ("what", "state", "detail"), rows)


def _python() -> tuple[str, str, str]:
    return "Python", "ok", platform.python_version()


def _library(name: str) -> tuple[str, str, str]:
    try:
        importlib.import_module(name)
        return name, "ok", metadata.version(DISTRIBUTION.get(name, name))
    except Exception as error:
        return name, "missing", f"{error}; run: python3 course.py lab"


def _progress() -> tuple[str, str, str]:
    path = progress.path()
    shown = f"{path.name} in BNCOURSE_HOME" if os.environ.get("BNCOURSE_HOME") else str(path)
    if progress.note("doctor", "00"):
        return "progress file", "ok", shown
    return "progress file", "not writable", f"{path}; set BNCOURSE_HOME to a folder of yours"
