"""The contest's tables, with the ratios to the cheapest way of the other tools."""

from collections.abc import Iterable, Sequence

from benchmarks.grading.contest import (
    ALONE,
    CLASS,
    LARGER,
    OURS,
    Way,
    middle,
    ratios,
    slope,
)
from benchmarks.grading.supervise import MB


def table(title: str, head: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |", flush=True)


def whole_commands(ways: Sequence[Way]) -> None:
    """Print what each submission costs when the whole command is shared out."""
    rows = []
    for way in ways:
        cells = ["", "", ""]
        if way.tool == OURS:
            # The other tools' larger class would cost each submission what the class does.
            group = CLASS if way.group == LARGER else way.group
            best = _cheapest(w for w in ways if w.tool != OURS and w.group == group)
            cells = [_times(ratios(best, way, what)) for what in ("cpu", "wall")] + [best.name]
        rows.append(
            (way.name, f"{way.count}, {way.group}", middle(way.wall, 0, 1e3),
             middle(way.cpu, 0, 1e3), f"{way.largest / MB:.0f}", *cells)
        )  # fmt: skip
    table(
        "Per submission: the whole command from the shell, start-up included",
        ("way", "submissions", "wall, ms", "CPU, ms", "largest process, MB",
         "CPU of the cheapest peer", "its wall", "it is"),
        rows,
    )  # fmt: skip


def one_more(ways: Sequence[Way]) -> None:
    """Print what one more submission costs, without the start-up."""
    pairs = {}
    for way in ways:
        if way.tool != OURS and way.group == CLASS:
            pairs[way.name] = (_find(ways, way.tool, "", ALONE), way)
        elif way.group == LARGER:
            pairs[way.name] = (_find(ways, way.tool, way.mode, CLASS), way)
    costs = {name: (slope(p, "wall"), slope(p, "cpu")) for name, p in pairs.items()}
    theirs = [cost for name, cost in costs.items() if pairs[name][1].tool != OURS]
    best = min(theirs, key=lambda cost: sum(cost[1]))
    rows = []
    for name, (wall, cpu) in costs.items():
        cells = ["", ""]
        if pairs[name][1].tool == OURS:
            cells = [
                _times([a / b for a, b in zip(best[k], own, strict=True)])
                for k, own in ((1, cpu), (0, wall))
            ]
        rows.append((name, middle(wall, 1, 1e3), middle(cpu, 1, 1e3), *cells))
    table(
        "One more submission: the slope between a small and a large class",
        ("way", "wall, ms", "CPU, ms", "CPU of the cheapest peer", "its wall"),
        rows,
    )


def _find(ways: Sequence[Way], tool: str, mode: str, group: str) -> Way:
    return next(w for w in ways if w.tool == tool and w.group == group and mode in w.mode)


def _cheapest(ways: Iterable[Way]) -> Way:
    return min(ways, key=lambda way: sum(way.cpu))


def _times(values: Sequence[float]) -> str:
    return f"{middle(values, 1)} ×"
