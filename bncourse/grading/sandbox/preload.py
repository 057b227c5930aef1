"""What a runner has loaded before the first submission comes, chosen by what submissions import."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable

LIGHT, MAGIC, SCIENCE, FULL = "light", "magic", "science", "full"
_MAGICS = ("IPython.core.inputtransformer2",)
_SCIENCE = ("matplotlib.pyplot", "scipy.stats", "scipy.signal", "scipy.optimize")
MODULES = {
    LIGHT: (),
    MAGIC: _MAGICS,
    SCIENCE: (*_MAGICS, *_SCIENCE),
    FULL: (*_MAGICS, "torch", "torch.nn.functional", *_SCIENCE),
}
# Torch can do the exercise by itself: only the full runner has it, where that is refused.
HIDDEN = {kind: () if kind == FULL else ("torch", "functorch") for kind in MODULES}
CPU_SECONDS = 120
# Memory beyond the runner's own, in bytes.
MEMORY = {LIGHT: 512 << 20, MAGIC: 512 << 20, SCIENCE: 768 << 20, FULL: 1 << 30}

LIBRARIES = {
    "torch": FULL,
    "scipy": SCIENCE,
    "matplotlib": SCIENCE,
    "sklearn": SCIENCE,
    "pandas": SCIENCE,
}
LONGEST_LINE = 300  # what is looked at of a line, so that no line takes long
_WORD = re.compile(r"\b(?:" + "|".join(LIBRARIES) + r")\b")
_PROMPT = re.compile(r"^(?:>>> |In \[\d{1,5}\]: )", re.MULTILINE)
_ASSIGNED_MAGIC = re.compile(r"[^#'\"=]*=[ \t]*[%!][ \t]*\w")
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
    """Say whether a cell may hold what only IPython understands.

    Magics, shell commands, question marks; code that was pasted with its prompts or indented.
    """
    first = source.lstrip("\r\n")[:LONGEST_LINE]
    if first.startswith((" ", "\t")) or _PROMPT.search(source):
        return True
    if not ("%" in source or "!" in source or "?" in source):
        return False
    for line in source.splitlines():
        bare = line[:LONGEST_LINE].strip()
        if bare.startswith(("%", "!", "?")) or (bare.endswith("?") and "#" not in bare):
            return True
        if ("%" in bare or "!" in bare) and _ASSIGNED_MAGIC.match(bare):
            return True
    return False


def libraries(source: str) -> set[str]:
    """Return the large libraries that a cell may import."""
    if not any(name in source for name in LIBRARIES):
        return set()
    lines = (line[:LONGEST_LINE] for line in source.splitlines())
    return {n for line in lines if "import" in line or "from" in line for n in _WORD.findall(line)}


def kind_for(sources: Iterable[str]) -> str:
    """Return the kind of runner that these cells need; nothing of them is compiled for it."""
    wanted = set()
    for source in sources:
        wanted |= {LIBRARIES[name] for name in libraries(source)}
        if has_magic(source):
            wanted.add(MAGIC)
    return next((kind for kind in (FULL, SCIENCE, MAGIC) if kind in wanted), LIGHT)


def load(kind: str) -> None:
    """Import what a runner of that kind starts with, on one thread."""
    os.environ.update(ONE_THREAD, MPLBACKEND="Agg")
    # Of NumPy, too, what it would otherwise load when it is first used, in every child anew.
    for name in ("numpy", "numpy.random", "numpy.testing", *MODULES[kind]):
        module = importlib.import_module(name)
        if name == "torch":
            module.set_num_threads(1)  # before any operation: a second thread forbids forking
