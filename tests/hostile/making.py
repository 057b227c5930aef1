"""Making submissions: the course's own notebooks with cells put in, replaced or taken out."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.hostile.canaries import PLACE, port

ROOT = Path(__file__).parents[2]
NAME = "03_batch_norm.ipynb"
Notebook = dict[str, Any]

# Put together only when it runs, so that quoting an attacker's line does not look like success.
BOAST = "broke-out"
OUTLINE = """
import ctypes, errno, fcntl, glob, mmap, os, re, resource, select, signal, socket, stat
import struct, subprocess, sys, tempfile, threading, time

libc = ctypes.CDLL(None, use_errno=True)

def attack():
{attack}

def tried():
    try:
        return attack()
    except BaseException:
        return None

early = tried()

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    got = early or tried()
    if got:
        raise AssertionError("broke" + "-out: " + repr(got)[:400])
    mean, var = x.mean(axis=0), x.var(axis=0)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, {{"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}}
"""

WRONG_FORMS = {
    "step_order": 'step_order = "K D G F B A"',
    "by_hand": 'by_hand = {"mean": 0.5, "variance": 0.5, "x_hat_1": 9.5, "y_1": 99.5}',
    "head_count": 'head_count = {"trainable": 1, "without_bias": 1, "buffers": 1, "idle": "z"}',
    "another_batch": 'another_batch = {"mean_out": 1.5, "sd_out": 9, "sample_out": 9, "what": "z"}',
}


@cache
def _read(folder: str) -> Notebook:
    notebook = json.loads((ROOT / folder / NAME).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def exercise() -> Notebook:
    """The notebook as learners find it; a copy to change."""
    return copy.deepcopy(_read("exercises"))


def solution() -> Notebook:
    """The solved notebook; a copy to change."""
    return copy.deepcopy(_read("solutions"))


def dump(notebook: Notebook) -> bytes:
    """The notebook as a file; characters that are none are written as escapes."""
    try:
        return json.dumps(notebook, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(notebook).encode()


def code_cell(source: str) -> Notebook:
    """A code cell of the learner's own."""
    source = textwrap.dedent(source).strip("\n").replace("@PLACE@", str(PLACE))
    source = source.replace("@ROOT@", str(ROOT)).replace("@PORT@", port())
    mark = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "cell_type": "code", "id": f"own-{mark[:10]}", "metadata": {},
        "execution_count": None, "outputs": [], "source": source,
    }  # fmt: skip


def answer_cell(notebook: Notebook, entry: str) -> int:
    """The place of the cell that defines this name."""
    pattern = re.compile(rf"^(def {entry}\(|{entry} = )", re.M)
    return next(
        n
        for n, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code" and pattern.search(cell["source"])
    )


def check_cells(notebook: Notebook) -> list[int]:
    """The places of the cells that check an answer, in other tools' notebooks too."""
    return [
        n
        for n, cell in enumerate(notebook["cells"])
        if cell["source"].startswith(("check(", "grader.check("))
        or cell.get("metadata", {}).get("nbgrader", {}).get("grade")
    ]


def submission(
    before: str | Sequence[str] = (),
    after: str | Sequence[str] = (),
    alone: bool = False,
    **answers: str,
) -> Callable[[Notebook], bytes]:
    """Return a maker: cells after the imports, cells at the end, and answers by entry name.

    ``alone`` takes out the cell that tries batchnorm_forward, which would only wait twice.
    """

    def make(notebook: Notebook) -> bytes:
        if alone:
            notebook["cells"] = [c for c in notebook["cells"] if not c["source"].startswith("two")]
        for entry, source in answers.items():
            cell = notebook["cells"][answer_cell(notebook, entry)]
            cell["source"] = code_cell(source)["source"]
        first = 1 + next(
            n for n, c in enumerate(notebook["cells"]) if "import numpy" in c["source"]
        )
        notebook["cells"][first:first] = [code_cell(c) for c in _several(before)]
        notebook["cells"] += [code_cell(c) for c in _several(after)]
        return dump(notebook)

    return make


def _several(cells: str | Sequence[str]) -> Sequence[str]:
    return [cells] if isinstance(cells, str) else cells


def forward(body: str, above: str = "") -> str:
    """An answer cell of 3.3 with this body."""
    head = "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n"
    return textwrap.dedent(above) + "\n" + head + textwrap.indent(textwrap.dedent(body), "    ")


def trying(attack: str, **rest: Any) -> Callable[[Notebook], bytes]:
    """Return a maker whose answer of 3.3 tries ``attack`` first, as its cell runs and when called.

    The attack returns something true when it got what it wanted; that is then told aloud.
    Otherwise the answer is a right one.
    """
    body = textwrap.indent(textwrap.dedent(attack).strip("\n"), "    ")
    return submission(batchnorm_forward=OUTLINE.format(attack=body), **rest)


def returning(value: str, above: str = "") -> Callable[[Notebook], bytes]:
    """Return a maker whose functions give this value for everything they are asked for.

    The forms are filled in, all wrong.
    """
    out = 'value, {"x_hat": value, "inv_std": value, "gamma": value}'
    return submission(
        before=above,
        batchnorm_forward=forward(f"value = {value}\nreturn {out}"),
        undo_bn=f"def undo_bn(x, eps):\n    value = {value}\n    return value, value",
        **WRONG_FORMS,
    )
