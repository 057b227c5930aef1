"""Library shortcuts that are refused while an answer runs that is to be the algorithm itself."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.abc
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from bncourse.grading.sandbox.stand_ins import Flag

DIGGING = re.compile(r"torch\.(?:_\w+|ops|library|jit|nested)\b|\b_destroy\b|\b_decomp\b|\b_refs\b")
# A nested tensor, a list of tensors that is one to torch, has kernels of its own.
KERNELS = ("CPU", "AutogradCPU", "NestedTensorCPU", "AutogradNestedTensor")
NAME = re.compile(r"(batch|layer|group|instance|rms)_norm")


class Refused(Exception):
    """A library's own layer was called where the algorithm is asked for."""


@contextlib.contextmanager
def refusing(flag: Flag) -> Iterator[None]:
    """Refuse torch's normalisation layers, by whatever name they are called, for a while.

    It is done where all of torch's calls end, in its table of kernels, so that ``nn``,
    ``functional``, ``ops`` and compiled scripts are alike. Without torch there is nothing to do.
    """
    table = _refuse_kernels(flag)
    try:
        yield
    finally:
        if table is not None:
            table.reset()


def refuse_for_good(flag: Flag) -> None:
    """Refuse torch's normalisation layers, and their descriptions in Python, in this process.

    It is a rule made plain, no wall: who writes out what torch does gets round it, and
    ``DIGGING`` tells the instructor where a notebook speaks of torch's internals.
    """
    table = _refuse_kernels(flag)
    if table is None:
        return
    # Nothing in Python refers to it from here on, so that nothing can be told to take it back.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(table))
    for name in [n for n in sys.modules if n.startswith(("torch._decomp", "torch._refs"))]:
        for key, value in list(vars(sys.modules[name]).items()):
            if NAME.search(key) and callable(value):
                setattr(sys.modules[name], key, _refuse(key, flag))
    decompositions = sys.modules["torch._decomp"].decomposition_table
    for operator in [o for o in decompositions if NAME.search(str(o))]:
        decompositions[operator] = _refuse(str(operator), flag)


def _refuse_kernels(flag: Flag) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    table = torch._C._dispatch_library("IMPL", "aten", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for full in torch._C._dispatch_get_all_op_names():
            if full.startswith("aten::") and NAME.search(full):
                name = full.removeprefix("aten::")
                for key in KERNELS:
                    table.impl(name, key, _refuse(name, flag))
    return table


def _refuse(name: str, flag: Flag) -> Any:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        flag(f"calls torch's {name}")
        raise Refused(f"torch's own {name} is refused here: the algorithm itself is asked for")

    return refuse


class NotHere(importlib.abc.MetaPathFinder):
    """Refuses to import the libraries that this kind of runner does not have."""

    def __init__(self, names: Sequence[str], flag: Flag) -> None:
        self._names, self._flag = names, flag

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Raise ImportError for a refused library, otherwise leave it to Python."""
        if name.split(".")[0] in self._names:
            self._flag(f"imports {name} in a roundabout way")
            raise ImportError(f"{name} is not here while an exercise is marked")
