"""What grading costs at the edges: memory, a thousand submissions, a loop that never ends."""

from collections.abc import Sequence

from benchmarks.grading import ours
from benchmarks.grading.class_of_thirty import (
    ENDLESS,
    FORWARD,
    UNDO,
    Submission,
    class_of,
    class_of_thirty,
    loop,
)
from benchmarks.grading.contest import middle
from benchmarks.grading.peer import Peer
from benchmarks.grading.supervise import MB, Limits

TIME_LIMIT = 2.0
PEERS_OWN = {"nbgrader": "30 a cell", "otter": "none"}
PEERS_LIMIT = 180.0  # seconds after which a peer that does not end is ended


def memory(peers: Sequence[Peer], size: int) -> list[tuple]:
    """Return rows of the tree's peak memory: summed shares, and the largest process."""
    every = class_of(size)
    light = [s for s in every if s.kind != "hungry"]
    rows = []
    for submissions, which in ((light, "NumPy only"), (every, "all")):
        for workers in ("1", "2"):
            with ours.handed_in(submissions) as folder:
                run = ours.grade(folder, "--workers", workers, limits=_watched(0.02))
            rows.append((f"bncourse grade --workers {workers}", submissions, which, run))
    for peer in peers:
        notebooks = {s.learner: peer.write(s.answers()) for s in every}
        with peer.course(notebooks) as folder:
            command = peer.commands(peer.modes[1], notebooks)[0]
            rows.append((f"{peer.name} {peer.modes[1]}", every, "all",
                         peer.run(command, folder, _watched(0.2))))  # fmt: skip
    return [
        (name, len(submissions), which, f"{run.pss / MB:.0f}", f"{run.largest / MB:.0f}")
        for name, submissions, which, run in rows
    ]


def _watched(tick: float) -> Limits:
    return Limits(memory=16_384 * MB, tick=tick, pss=True)


def scale(sizes: Sequence[int]) -> list[tuple]:
    """Return rows of growing classes: time, memory, and how many came back with their marks.

    The last size comes once more with the submissions that import more than NumPy, for which
    each worker starts another runner.
    """
    rows = []
    for size, hungry in [*((size, False) for size in sizes), (sizes[-1], True)]:
        submissions = class_of(size, hungry)
        with ours.handed_in(submissions) as folder:
            run = ours.grade(folder, "--workers", "2")
            given = ours.marks(folder) if run.code == 0 else {}
            pages = len(list((folder / "graded" / "feedback").glob("*.html")))
        with ours.handed_in(submissions) as folder:
            peak = ours.grade(folder, "--workers", "2", limits=_watched(0.1)).pss
        times = (run.wall, 1e3 * run.wall / size, 1e3 * run.cpu / size)
        rows.append(
            (size, "all" if hungry else "NumPy only", *(f"{t:.1f}" for t in times),
             f"{peak / MB:.0f}", f"{run.largest / MB:.0f}", len(given), pages,
             len(ours.wrong(submissions, given)))
        )  # fmt: skip
    return rows


def endless(peers: Sequence[Peer], rounds: int) -> list[tuple]:
    """Return rows of what an endless loop costs beyond the same notebook without it.

    A cell of the exercise calls batchnorm_forward before it is tried, so that loop is met twice.
    """
    rows = [_endless_here(UNDO, 1, rounds), _endless_here(FORWARD, 2, rounds)]
    stuck = next(s for s in class_of_thirty() if s.kind == ENDLESS)
    for peer in peers:
        notebooks = {stuck.learner: peer.write(stuck.answers())}
        with peer.course(notebooks) as folder:
            command = peer.commands(peer.modes[0], notebooks)[0]
            run = peer.run(command, folder, Limits(seconds=PEERS_LIMIT))
            marks = peer.scores(folder).get(stuck.learner)
        never = f"never ended: stopped after {PEERS_LIMIT:g}"
        score = "none" if marks is None else f"{sum(marks.values()):g} of 6"
        rows.append((peer.name, UNDO, PEERS_OWN[peer.name], never if run.stopped else
                     f"{run.wall:.1f} in all", "", score))  # fmt: skip
    return rows


def _endless_here(entry: str, times: int, rounds: int) -> tuple:
    ended = Submission("learner", "right")
    stuck = Submission("learner", ENDLESS, {entry: loop(entry)}, {}, {entry: 0.0})
    limit = ("--workers", "1", "--time-limit", str(TIME_LIMIT))
    over, wrong = [], []
    for _ in range(rounds):
        walls = []
        for submission in (ended, stuck):
            with ours.handed_in([submission]) as folder:
                walls.append(ours.grade(folder, *limit).wall)
                wrong += ours.wrong([submission], ours.marks(folder))
        over.append(walls[1] - walls[0])
    beyond = [seconds - times * TIME_LIMIT for seconds in over]
    score = str(wrong) if wrong else f"{stuck.score:g} of 6"
    told = f"{times} × {TIME_LIMIT:g}"
    return "bncourse", entry, told, middle(over, 3), middle(beyond, 0, 1e3), score
