"""`bncourse grade` beside nbgrader and otter-grader, in one run: what each submission costs.

Run: python -m benchmarks.grading [--quick] [--rounds N] [--only PART ...]
Every tool has the same exercise and the same submissions, on one thread. The tools take turns;
ratios are taken within a round, so that other work on the machine slows all of them. CPU seconds
are user and system time of the whole process tree. Everything is measured; nothing is typed in.
"""

import argparse
import sys

from benchmarks.grading import extremes
from benchmarks.grading.class_of_thirty import class_of
from benchmarks.grading.contest import (
    ALONE,
    CLASS,
    LARGER,
    LIGHT,
    alternate,
    load,
    of_ours,
    of_peer,
)
from benchmarks.grading.environments import NoPeer
from benchmarks.grading.peers import PEERS
from benchmarks.grading.tables import one_more, table, whole_commands
from benchmarks.import_time import machine

PARTS = ("contest", "memory", "endless", "scale")


def main() -> int:
    """Measure and print; the exit status says whether every tool gave the marks deserved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round, small classes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART")
    args = parser.parse_args()
    try:
        for peer in PEERS.values():
            peer.released  # noqa: B018, installs what is not there yet
    except NoPeer as error:
        print(error, file=sys.stderr)
        return 2
    rounds = 1 if args.quick else args.rounds
    peers = list(PEERS.values())
    print(machine("numpy"))
    print(f"{', '.join(p.requirement for p in peers)}; rounds: {rounds}")
    print(f"{load()} at the start; medians, with the range over the rounds in brackets")
    fine = _contest(rounds, args.quick) if "contest" in args.only else True
    if "memory" in args.only:
        head = ("way", "submissions", "which", "sum of shares (PSS)", "largest process (RSS)")
        table("Peak memory, MB", head, extremes.memory(peers, 29))
    if "endless" in args.only:
        head = ("tool", "loop in", "time limit, s", "costs, s", "beyond the limit, ms", "score")
        rows = extremes.endless(peers, 2 * rounds + 1)
        table("A loop that never ends, in one of six tasks", head, rows)
    if "scale" in args.only:
        head = ("submissions", "which", "wall, s", "wall each, ms", "CPU each, ms", "peak PSS, MB",
                "largest RSS, MB", "graded", "pages", "marks not as deserved")  # fmt: skip
        rows = extremes.scale((50, 100) if args.quick else (250, 500, 1000))
        table("Growing classes, two workers", head, rows)
    print(f"\n{load()} at the end")
    return 0 if fine else 1


def _contest(rounds: int, quick: bool) -> bool:
    every = class_of(29)
    if quick:
        every = [every[0], *every[13:15], *every[-2:]]
    groups = {
        ALONE: every[:1] if quick else [every[k] for k in (0, 13, 17)],
        LIGHT: [s for s in every if s.kind != "hungry"],
        CLASS: every,
        LARGER: class_of(60 if quick else 300),
    }
    ways = [way for peer in PEERS.values() for way in of_peer(peer, groups)]
    ways += of_ours(groups)
    alternate(ways, rounds)
    whole_commands(ways)
    one_more(ways)
    wrong = {way.name: way.wrong for way in ways if way.wrong}
    print(f"\nMarks: {wrong or 'as deserved, in every way'}; {load()}")
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
