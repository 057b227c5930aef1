"""Grade notebooks with nbgrader or otter-grader, hostile ones too: limits around every run."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.grading.cage import caged
from benchmarks.grading.nbgrader import Nbgrader
from benchmarks.grading.otter import Otter
from benchmarks.grading.peer import Marks, Peer
from benchmarks.grading.supervise import USUAL, Limits

PEERS: dict[str, Peer] = {"nbgrader": Nbgrader(), "otter": Otter()}
HOSTILE = Limits(seconds=120)


def grade(
    peer: Peer,
    notebooks: Mapping[str, bytes],
    mode: str = "",
    limits: Limits = USUAL,
    hostile: bool = False,
) -> dict[str, Marks | None]:
    """Grade submissions in a throw-away course; returns each learner's marks, or None.

    ``mode`` is one of the peer's, by default the one that starts a process for each learner.
    ``hostile`` puts a cage around each process, where bubblewrap works.
    """
    with peer.course(notebooks) as folder:
        for command in peer.commands(mode or peer.modes[0], notebooks):
            peer.run(caged(command, folder) if hostile else command, folder, limits)
        marks = peer.scores(folder)
    return {learner: marks.get(learner) for learner in notebooks}


def grade_one(peer: Peer, notebook: bytes, limits: Limits = HOSTILE) -> float | None:
    """Return the score of one submission, None when the tool gives it none.

    Whatever the notebook does, the run ends within the limits and leaves no process behind.
    """
    marks = grade(peer, {"learner": notebook}, limits=limits, hostile=True)["learner"]
    return None if marks is None else round(sum(marks.values()), 3)


def grade_class(peer: Peer, folder: Path, mode: str = "") -> dict[str, float | None]:
    """Return the scores of a folder of notebooks that are named by their learners."""
    notebooks = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.ipynb"))}
    graded = grade(peer, notebooks, mode or peer.modes[1])
    return {
        learner: None if marks is None else round(sum(marks.values()), 3)
        for learner, marks in graded.items()
    }
