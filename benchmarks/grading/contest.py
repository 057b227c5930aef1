"""The ways of grading, taking turns: the same submissions, the same number of processes at once."""

import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.grading import ours
from benchmarks.grading.class_of_thirty import Submission
from benchmarks.grading.peer import Peer
from benchmarks.grading.supervise import Run

ALONE, LIGHT, CLASS, LARGER = "one by one", "NumPy only", "class", "larger class"
OURS = "bncourse"
Submissions = Sequence[Submission]
Groups = Mapping[str, Submissions]


@dataclass
class Way:
    """One way of grading ``count`` submissions of one group, and what each cost in each round.

    ``tool`` is whose way it is. The group ALONE has a process for every submission.
    """

    tool: str
    mode: str
    group: str
    count: int
    do: Callable[[], tuple[list[Run], list[str]]]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    largest: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How it stands in the table."""
        return f"{self.tool} {self.mode}"

    def once(self) -> None:
        """Grade them all once and note what each submission cost."""
        runs, wrong = self.do()
        self.wall.append(sum(run.wall for run in runs) / self.count)
        self.cpu.append(sum(run.cpu for run in runs) / self.count)
        self.largest = max(self.largest, *(run.largest for run in runs))
        self.wrong = wrong
        print(f"  {self.name}: {self.cpu[-1]:.3f} s CPU, {load()}", file=sys.stderr, flush=True)


def load() -> str:
    """Return the machine's load averages over 1 and 5 minutes."""
    one, five, _ = os.getloadavg()
    return f"load {one:.2f} {five:.2f}"


def alternate(ways: Sequence[Way], rounds: int) -> None:
    """Let the ways take turns, each round beginning with another one."""
    for number in range(rounds):
        shift = number * 3 % len(ways)
        for way in [*ways[shift:], *ways[:shift]]:
            way.once()


def of_peer(peer: Peer, groups: Groups) -> list[Way]:
    """Return a peer's ways: a process for each submission, and one for each whole class."""

    def graded(mode: str, submissions: Submissions) -> Callable:
        notebooks = {s.learner: peer.write(s.answers()) for s in submissions}

        def do() -> tuple[list[Run], list[str]]:
            with peer.course(notebooks) as folder:
                commands = peer.commands(mode, notebooks)
                runs = [peer.run(command, folder) for command in commands]
                return runs, ours.wrong(submissions, peer.scores(folder))

        return do

    modes = {group: peer.modes[group != ALONE] for group in groups if group != LARGER}
    return [
        Way(peer.name, mode, group, len(groups[group]), graded(mode, groups[group]))
        for group, mode in modes.items()
    ]


def of_ours(groups: Groups) -> list[Way]:
    """Return our ways: a command for each submission, and each class with one and two workers."""

    def checked() -> tuple[list[Run], list[str]]:
        with ours.handed_in(groups[ALONE]) as folder:
            runs = [ours.check(folder, s.learner) for s in groups[ALONE]]
            # 1 says that something is wrong in the answers, more that the command failed.
            return runs, [run.output for run in runs if run.code not in (0, 1)]

    def graded(submissions: Submissions, workers: int) -> Callable:
        def do() -> tuple[list[Run], list[str]]:
            with ours.handed_in(submissions) as folder:
                run = ours.grade(folder, "--workers", str(workers))
                if run.code:
                    return [run], [run.output]
                return [run], ours.wrong(submissions, ours.marks(folder))

        return do

    ways = [Way(OURS, "check", ALONE, len(groups[ALONE]), checked)]
    for workers in (1, 2):
        for group in (LIGHT, CLASS, LARGER):
            do = graded(groups[group], workers)
            mode = f"grade --workers {workers}"
            ways.append(Way(OURS, mode, group, len(groups[group]), do))
    return ways


def ratios(way: Way, to: Way, what: str) -> list[float]:
    """Return how many times more one way costs than another, round by round."""
    return [a / b for a, b in zip(getattr(way, what), getattr(to, what), strict=True)]


def slope(ways: Sequence[Way], what: str) -> list[float]:
    """Return what one more submission costs, in seconds a round, between two groups' sizes.

    A way that takes submissions one by one stands for a class of one.
    """
    small, large = ways
    n = 1 if small.group == ALONE else small.count
    return [
        (b * large.count - a * n) / (large.count - n)
        for a, b in zip(getattr(small, what), getattr(large, what), strict=True)
    ]


def middle(values: Sequence[float], digits: int = 0, times: float = 1) -> str:
    """Write the median of the rounds and their range."""
    low, mid, high = (
        f"{times * v:.{digits}f}" for v in (min(values), statistics.median(values), max(values))
    )
    return f"{mid} ({low}–{high})" if len(values) > 1 else mid
