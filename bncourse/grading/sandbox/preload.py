"""What a runner has loaded before the first submission comes, chosen by what submissions import."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable

LIGHT, MAGIC, FULL = "light", "magic", "full"
MODULES = {
    LIGHT: (),
    MAGIC: ("IPython.core.inputtransformer2",),
    FULL: (
        "IPython.core.inputtransformer2",
        "torch",
        "torch.nn.functional",
        "matplotlib.pyplot",
        "scipy.stats",
        "scipy.signal",
        "scipy.optimize",
    ),
}
# Libraries that only the full runner has: large, or able to do the exercise by themselves.
HIDDEN = {LIGHT: ("torch", "functorch"), MAGIC: ("torch", "functorch"), FULL: ()}
CPU_SECONDS = 120
# Memory beyond the runner's own, in bytes.
MEMORY = {LIGHT: 512 << 20, MAGIC: 512 << 20, FULL: 1 << 30}

_IMPORT = re.compile(
    r"^[^#\n]*\b(?:import|from)\s+(?:[\w., ]*\b)?(?:torch|scipy|matplotlib|sklearn|pandas)\b",
    re.MULTILINE,
)
_MAGIC = re.compile(r"^\s*[%!?]|^[^#\n]*\?\s*$|^[^#\n'\"]*=\s*[%!]\s*\w", re.MULTILINE)
# One thread: a process may only be forked while it has no other.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}


def has_magic(source: str) -> bool:
    """Say whether a cell may hold IPython's own syntax: magics, shell commands, question marks."""
    return _MAGIC.search(source) is not None


def kind_for(sources: Iterable[str]) -> str:
    """Return the kind of runner that these cells need; nothing of them is compiled for it."""
    kind = LIGHT
    for source in sources:
        if _IMPORT.search(source):
            return FULL
        if has_magic(source):
            kind = MAGIC
    return kind


def load(kind: str) -> None:
    """Import what a runner of that kind starts with, on one thread."""
    os.environ.update(ONE_THREAD, MPLBACKEND="Agg")
    importlib.import_module("numpy")
    for name in MODULES[kind]:
        module = importlib.import_module(name)
        if name == "torch":
            module.set_num_threads(1)  # before any operation: a second thread forbids forking
