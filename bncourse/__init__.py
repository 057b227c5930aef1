"""A course on batch normalisation in Jupyter, with exercises that diagnose the mistake.

In a notebook: ``from bncourse import ask, check, hint``. Everything else lives in a module of its
own, e.g. ``bncourse.layers.batch_norm``. Importing the package loads none of them.
"""

import sys
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

# What a notebook uses, and the module each comes from.
_HOMES = {
    "check": "bncourse.check",
    "hint": "bncourse.check",
    "explain": "bncourse.check",
    "progress": "bncourse.check",
    "ask": "bncourse.ask",
    "try_out": "bncourse.tryouts",
    "gain": "bncourse.mastery",
    "certificate": "bncourse.mastery",
    "admit": "bncourse.clinic",
    "trial": "bncourse.clinic",
    "score_card": "bncourse.score_card",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES})


class _Package(ModuleType):
    """Keeps ``bncourse.check`` and ``bncourse.ask`` the functions.

    Python sets a package's attribute to each submodule once that is loaded, so whoever loads the
    module ``bncourse.check`` first would put it in the place of the function of the same name.
    """

    def __setattr__(self, name, value):
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
