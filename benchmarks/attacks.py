"""What attacks earn: every one against ours, the well-known ones against the other tools too.

Run: python -m benchmarks.attacks [--peers] [KEY ...]
Prints the Markdown tables of docs/grading.md. The attacks are those of the tests.
"""

import argparse
import os
import platform
import sys
from collections import Counter
from collections.abc import Sequence

from benchmarks.attacks_on_peers import handed_in
from benchmarks.grading.environments import NoPeer
from benchmarks.grading.peers import HOSTILE, PEERS, grade_one
from bncourse.grading.sandbox import tiers
from tests.hostile import canaries
from tests.hostile.attack import EVERYWHERE, Attack
from tests.hostile.contest import Contest
from tests.hostile.everything import ATTACKS
from tests.hostile.making import BOAST

DAMAGE = (
    "endless-loop", "swallows-everything", "memory-bomb", "exit-in-a-call", "segfault", "sys-exit",
    "warns-in-a-call", "asks", "hundred-megabytes-printed", "stray-commands", "empty", "truncated",
    "latin-1", "checks-deleted", "checks-edited", "answer-doubled", "no-metadata",
)  # fmt: skip
UNMARKED = "3.6"
LIBRARIES = "t13"


def honest(attack: Attack) -> float:
    """The points that the submission has earned."""
    return sum(points for task, points in attack.honest.items() if task != UNMARKED)


def shown(score: float | None) -> str:
    """A score as it stands in a table; a dash where a tool gave none."""
    return "–" if score is None else f"{score:g}"


def ours(attack: Attack, contest: Contest) -> float | None:
    """The points that `bncourse grade` gives; None, and a word aloud, where it gives none."""
    seen = contest.attack(attack)
    if "crash" in seen:
        print(f"{attack.key}: {seen['crash']}", file=sys.stderr)
        return None
    return seen["result"]["score"]


def side_by_side(attacks: Sequence[Attack], contest: Contest, title: str) -> None:
    """Print the table of these attacks against all three."""
    print(f"\n### {title}\n\n| attack | earned | ours | {' | '.join(PEERS)} |")
    print(f"|---|{'---|' * (2 + len(PEERS))}")
    for attack in attacks:
        scores = [ours(attack, contest)]
        scores += [grade_one(peer, handed_in(attack, peer), HOSTILE) for peer in PEERS.values()]
        cells = " | ".join(map(shown, scores))
        print(f"| {attack.what} | {honest(attack):g} | {cells} |", flush=True)


def by_tier(attacks: Sequence[Attack]) -> None:
    """Print how many of all attacks each tier that works here contains."""
    print("\n### All attacks\n\n| tier | kind | tried | contained |\n|---|---|---|---|")
    for tier in EVERYWHERE:
        contest = Contest(tier)
        contest.ready()
        tried, held = Counter(), Counter()
        for attack in attacks:
            if tier in attack.tiers and not contest.cannot:
                tried[attack.kind] += 1
                held[attack.kind] += contained(attack, contest)
        contest.close()
        for kind in tried:
            print(f"| {tier} | {kind} | {tried[kind]} | {held[kind]} |", flush=True)
        if contest.cannot:
            print(f"| {tier} | – | – | {contest.cannot} |")


def contained(attack: Attack, contest: Contest) -> bool:
    """Whether an attack earned what is honest and left everything as it was."""
    seen = contest.attack(attack)
    if "crash" in seen:
        print(f"{contest.tier} {attack.key}: {seen['crash']}", file=sys.stderr)
        return False
    credit = {t["verdict"]["task"]: t["verdict"]["credit"] for t in seen["result"]["tasks"]}
    fair = all(credit[task] == earned for task, earned in attack.honest.items())
    quiet = BOAST not in repr(seen["result"]) and contest.secret not in repr(seen["result"])
    whole = not seen["left"] and (contest.tier == tiers.PROCESS or not seen["harm"])
    unharmed = seen["following"][0] == seen["following"][1]
    if not (fair and quiet and whole and unharmed):
        print(f"{contest.tier} {attack.key}: {credit} {seen}", file=sys.stderr)
    return fair and quiet and whole and unharmed


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true", help="nbgrader and otter-grader as well")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="these attacks only")
    args = parser.parse_args()
    chosen = [a for a in ATTACKS if not args.keys or a.key in args.keys]
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    canaries.PLACE.mkdir(exist_ok=True)
    with canaries.Ears():
        if args.peers:
            try:
                against_peers(chosen)
            except NoPeer as error:
                print(error, file=sys.stderr)
                return 2
        by_tier(chosen)
    canaries.clear()
    return 0


def against_peers(chosen: Sequence[Attack]) -> None:
    """Print both tables that have the other tools beside ours."""
    print(", ".join(peer.requirement for peer in PEERS.values()) + "; scores of 6, – for none")
    contest = Contest(tiers.LANDLOCK)
    # PyTorch as the answer is a matter of rules, and the other tools have none installed.
    rows = sorted((a for a in chosen if a.row and a.row != LIBRARIES), key=lambda a: a.row)
    side_by_side(rows, contest, "Forging")
    damage = sorted((a for a in chosen if a.key in DAMAGE), key=lambda a: DAMAGE.index(a.key))
    side_by_side(damage, contest, "Abuse and damage")
    contest.close()


if __name__ == "__main__":
    raise SystemExit(main())
