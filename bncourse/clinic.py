"""What a learner calls in the capstone: admit a patient, try a norm, see the score card."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted
from bncourse.grading.asked import Asked
from bncourse.grading.learner import ANYBODY, normal_name
from bncourse.grading.progress import path as progress_path
from bncourse.grading.served_layers import RESULTS, serve_layers
from bncourse.tasks.capstone import claims
from bncourse.tasks.capstone.desk import Desk
from bncourse.tasks.capstone.patient import PARTS, faults_of, source

CALL = "admit("


def admit(part: str) -> None:
    """Turn this cell into a part of your patient: "batch_norm", "group_norm", "layer_norm", "data",
    "sequence" or "inference".

    The cell must hold nothing but this call; a cell that holds more is left alone. Where no
    notebook is in sight the code is written to a file instead. Raises KeyError for another part.
    """
    if part not in PARTS:
        raise KeyError(f"a patient has the parts {', '.join(PARTS)}; {part!r} is none of them")
    name = normal_name(_names().get("learner"))
    if name == ANYBODY:
        print("Write your name into `learner` at the top and run that cell: patients have names.")
        return
    code = f"# {name}'s patient: {part}. Find what is ill, and mend it here.\n"
    code += source(part, faults_of(name))
    shell = _shell()
    if shell is None:
        print(
            f"Your patient's {part} are in {_written(name, part, code)}: copy them into the cell."
        )
    elif _alone(shell):
        shell.set_next_input(code, replace=True)
        print("Admitted: run this cell once more, now it is your patient's code.")
        print(f"A copy of it is in {_written(name, part, code)}.")
    else:
        print("This cell holds more than the call, so it is left alone.")
        print("If your patient is in it, delete the call;", end=" ")
        print(f'if not, run admit("{part}") in a cell of its own.')


def _alone(shell: Any) -> bool:
    """Say whether the running cell holds the call of admit and nothing else but comments."""
    raw = list(shell.history_manager.input_hist_raw)[-1:] or [""]
    lines = [line.strip() for line in raw[0].splitlines()]
    return len([line for line in lines if line and not line.startswith("#")]) == 1


def _written(name: str, part: str, code: str) -> Path:
    """Write a part beside the learner's progress, once: what is mended in it is kept."""
    home = progress_path(name)
    target = home.with_name(f"patient-{home.stem.removeprefix('progress-')}-{part}.py")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code, encoding="utf-8")
    return target


def trial(norm: Callable[[int], Any], batch_size: int, seeds: Sequence[int]) -> None:
    """Train the digits classifier with your norm, once for each of three seeds, and print the
    test accuracies. It takes a second or two. ``batch_size`` is 2, 4, 8 or 32.

    ``norm(num_features)`` returns a layer. What cannot be tried is told in a line.
    """
    try:
        claims.refuse(batch_size, seeds)
    except (TypeError, ValueError) as error:
        print(f"This cannot be tried: {error}.")
        return
    asked = Asked("C.10", "norm", ("run",), RESULTS, serve_layers, oracle=Desk(claims.plan))
    try:
        with np.errstate(all="ignore"):
            found, _ = serve_layers(asked, norm)(batch_size, *seeds)
    except NotStarted:
        print("Nothing to try yet: your function returns no layer.")
        return
    except AnswerError as error:
        print(f"This layer cannot be tried: {error}")
        return
    print(f"batches of {batch_size}, seeds {list(seeds)}: accuracies {found.round(3).tolist()}")


def _shell() -> Any:
    """Return IPython's shell where there is a notebook that can change its cell."""
    if "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    return shell if shell is not None and hasattr(shell, "kernel") else None


def _names() -> dict[str, Any]:
    return sys._getframe(2).f_globals
