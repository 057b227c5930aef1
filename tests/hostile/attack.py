"""What an attack is: a submission, what it tries, and the credit that it honestly earns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.hostile.making import Notebook, exercise, solution

TASKS = ("3.1", "3.2", "3.3", "3.4", "3.5", "3.5b", "3.6")
SHORT = 0.8  # seconds
NOTHING = dict.fromkeys(TASKS, 0.0)
FULL = dict.fromkeys(TASKS, 1.0)

# Which tiers promise to contain it. Where a fresh process is all there is, nothing can be forged
# through the interpreter and time and memory are limited, but files and network are open.
EVERYWHERE = ("namespaces", "landlock", "process")
CONFINED = ("namespaces", "landlock")


def but(*tasks: str) -> dict[str, float]:
    """Full credit for all tasks but these."""
    return FULL | dict.fromkeys(tasks, 0.0)


@dataclass(frozen=True)
class Attack:
    """One hostile or broken submission.

    ``kind`` is "forgery", "abuse" or "broken". ``what`` is its line in the table of attacks.
    ``make`` turns the exercise, or the solved one where ``solved``, into the file that is handed
    in. ``honest`` is the credit of each task that must come out, ``tiers`` where it must. A
    forgery that is handed in ``twice`` leaves something behind for its second visit. ``seconds``
    is the time limit that it meets: short for what never ends, long for what should not care.
    ``flagged`` is a word that the instructor must find among the result's flags.
    ``row`` is its place in the table of forgeries against other tools, where it has one.
    """

    key: str
    kind: str
    what: str
    make: Callable[[Notebook], bytes]
    honest: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    solved: bool = False
    tiers: tuple[str, ...] = EVERYWHERE
    twice: bool = False
    seconds: float = 8.0
    flagged: str = ""
    row: str = ""

    def file(self) -> bytes:
        """The bytes that are handed in."""
        return self.make(solution() if self.solved else exercise())


def forgery(key: str, what: str, make: Callable[[Notebook], bytes], **rest) -> Attack:
    """An attack on the credit: it knows no answer, so that it has earned nothing."""
    return Attack(key, "forgery", what, make, **rest)


def abuse(key: str, what: str, make: Callable[[Notebook], bytes], **rest) -> Attack:
    """An attack on the grader or the machine by somebody who has solved the other tasks."""
    return Attack(key, "abuse", what, make, **({"honest": but("3.3"), "solved": True} | rest))


def probe(key: str, what: str, make: Callable[[Notebook], bytes], **rest) -> Attack:
    """An attempt to get out; whoever is refused goes on and solves the task honestly."""
    return abuse(key, what, make, **({"honest": FULL, "tiers": CONFINED} | rest))


def broken(key: str, what: str, make: Callable[[Notebook], bytes], **rest) -> Attack:
    """No attack at all: what happens to files and notebooks."""
    return Attack(key, "broken", what, make, **({"honest": FULL, "solved": True} | rest))
