"""What happened when an answer met one case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Failure:
    """Why no numbers came back.

    ``kind`` is "raised", "timeout", "form" (not what was asked for), "not started" or "ended"
    (the process that ran it is gone).
    ``line`` is the line number in the learner's own code and ``text`` that line, where known.
    """

    kind: str
    type: str = ""
    message: str = ""
    line: int = 0
    text: str = ""


@dataclass(frozen=True)
class Outcome:
    """The named arrays that came back, or the failure; and which inputs were changed."""

    values: dict[str, np.ndarray] | None = None
    failure: Failure | None = None
    mutated: tuple[str, ...] = ()
    printed: str = ""
