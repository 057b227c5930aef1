"""Library shortcuts that are refused while an answer runs that is to be the algorithm itself."""

from __future__ import annotations

import contextlib
import importlib.abc
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from bncourse.grading.sandbox.stand_ins import Flag

DIGGING = re.compile(r"torch\.(?:_\w+|ops|library|jit)\b|\b_destroy\b|\b_decomp\b|\b_refs\b")
LAYERS = re.compile(r"aten::\w*(batch|layer|group|instance|rms)_norm")


class Refused(Exception):
    """A library's own layer was called where the algorithm is asked for."""


@contextlib.contextmanager
def refusing(flag: Flag = lambda _text: None) -> Iterator[None]:
    """Refuse torch's normalisation layers, by whatever name they are called.

    It is done where all of torch's calls end, in its table of kernels, so that ``nn``,
    ``functional``, ``ops`` and compiled scripts are alike. Without torch there is nothing to do.
    It is a rule made plain, no wall: who digs in torch's own internals can get round it, and
    ``DIGGING`` tells the instructor where a notebook speaks of them.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in torch._C._dispatch_get_all_op_names():
            if LAYERS.match(name):
                refuse = _refuse(name.removeprefix("aten::"), flag)
                for key in ("CPU", "AutogradCPU"):
                    library.impl(name.removeprefix("aten::"), refuse, key, allow_override=True)
    try:
        yield
    finally:
        library._destroy()


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
