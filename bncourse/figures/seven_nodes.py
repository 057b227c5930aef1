"""Batch normalisation of one feature as a graph of seven nodes, and the three ways back to x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import svg

from bncourse.figures.drawing import box, document, group, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, HEAD, INK, PAPER, QUIET

WIDTH, HEIGHT = 892, 442
WIDE, TALL = 138, 74  # of a node
MANY, ONE = "(m,)", "one number"


@dataclass(frozen=True)
class Node:
    """One node: its name in code, its formula, its shape, what it is made of, where it stands."""

    name: str
    formula: str
    shape: str
    inputs: tuple[str, ...]
    x: float
    y: float


# Ioffe & Szegedy 2015, Algorithm 1, in the order of the forward pass: the place is the number.
NODES = (
    Node("mean", "μ = Σx / m", ONE, ("x",), 106, 40),
    Node("centred", "x - μ", MANY, ("x", "mean"), 186, 176),
    Node("var", "Σ centred² / m", ONE, ("centred",), 186, 326),
    Node("inv_std", "1 / √(var + ε)", ONE, ("var",), 398, 326),
    Node("x_hat", "centred · inv_std", MANY, ("centred", "inv_std"), 398, 176),
    Node("scaled", "γ · x_hat", MANY, ("x_hat", "gamma"), 580, 176),
    Node("y", "scaled + β", MANY, ("scaled", "beta"), 746, 176),
)
LEAVES = (("x", MANY, 14, 176, 84), ("gamma", ONE, 602, 66, 94), ("beta", ONE, 768, 66, 94))
# Corners of the forward arrows that stand alone; those beside a way back keep to their own lane.
FORWARD = (
    [(46, 176), (46, 64), (106, 64)],
    [(244, 64), (290, 64), (290, 176)],
    [(98, 188), (186, 188)],
    [(324, 188), (398, 188)],
    [(290, 250), (290, 326)],
    [(324, 380), (398, 380)],
    [(492, 326), (492, 250)],
    [(536, 213), (580, 213)],
    [(718, 213), (746, 213)],
    [(649, 120), (649, 176)],
    [(815, 120), (815, 176)],
)
# The ways back: name, nodes passed, dash, and corners of its arrows.
BACK = (
    (
        "direct",
        ("x_hat", "centred", "x"),
        None,
        ([(398, 220), (324, 220)], [(186, 220), (98, 220)]),
    ),
    (
        "through the mean",
        ("x_hat", "centred", "mean", "x"),
        [9, 5],
        (
            [(398, 239), (324, 239)],
            [(256, 176), (256, 90), (244, 90)],
            [(106, 90), (72, 90), (72, 176)],
        ),
    ),
    (
        "through the variance",
        ("x_hat", "inv_std", "var", "centred", "x"),
        [2, 4],
        (
            [(446, 250), (446, 326)],
            [(398, 352), (324, 352)],
            [(228, 326), (228, 250)],
            [(186, 239), (98, 239)],
        ),
    ),
)


def seven_nodes() -> Static:
    """Return the graph: thin arrows forward, three thick line styles for the ways from x_hat to x.

    Node numbers are the places in ``NODES``; each node and input has its shape, for one feature
    of m samples.
    """
    numbers = {node.name: str(k) for k, node in enumerate(NODES, start=1)}
    parts: list[svg.Element] = [_arrow(corners, QUIET, 1.3) for corners in FORWARD]
    for _, _, dash, arrows in BACK:
        parts += [_arrow(corners, INK if dash is None else BATCH, 3, dash) for corners in arrows]
    parts += [_node(numbers[node.name], node) for node in NODES]
    parts += [_leaf(*leaf) for leaf in LEAVES]
    parts += _key(numbers)
    nodes = "; ".join(
        f"{numbers[node.name]} {node.name} = {node.formula.removeprefix('μ = ')}, {node.shape}"
        for node in NODES
    )
    ways = "; ".join(f"{name}, {_way(passed, numbers)}" for name, passed, _, _ in BACK)
    caption = (
        f"One feature, m samples. Nodes: {nodes}. Ways back from x_hat to x: {ways}. A fourth way, "
        f"{_way(('x_hat', 'inv_std', 'var', 'centred', 'mean', 'x'), numbers)}, adds 0: the "
        "centred values sum to 0."
    )
    name = "Batch normalisation as seven nodes, and three ways back to x"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _way(passed: Sequence[str], numbers: dict[str, str]) -> str:
    return " → ".join(numbers.get(name, name) for name in passed)


def _node(place: str, node: Node) -> svg.G:
    one = node.shape == ONE
    middle = node.x + WIDE / 2
    return group(
        [
            box(node.x, node.y, WIDE, TALL, edge=INK, thick=1.5, round_by=6 if not one else 30),
            svg.Circle(cx=node.x + 22, cy=node.y + 2, r=13, fill=INK),
            words(node.x + 22, node.y + 7, place, anchor="middle", colour=PAPER, bold=True),
            words(middle, node.y + 24, node.name, anchor="middle", size=HEAD, bold=True),
            words(middle, node.y + 45, node.formula, anchor="middle"),
            words(middle, node.y + 65, node.shape, anchor="middle", colour=QUIET),
        ]
    )


def _leaf(name: str, shape: str, x: float, y: float, wide: float) -> svg.G:
    tall = TALL if shape == MANY else 54
    colour = INK if shape == MANY else FEATURE
    middle, base = x + wide / 2, y + tall / 2
    return group(
        [
            box(x, y, wide, tall, edge=colour, thick=1.5, round_by=6 if shape == MANY else 26),
            words(middle, base - 3, name, anchor="middle", size=HEAD, bold=True),
            words(middle, base + 18, shape, anchor="middle", colour=QUIET),
        ]
    )


def _key(numbers: dict[str, str]) -> list[svg.Element]:
    """Name the line styles beside their lines, and with their nodes in the free corner."""
    x = 562
    parts = [
        words(364, 210, "direct", anchor="middle"),
        words(145, 210, "direct", anchor="middle"),
        words(302, 145, "through the mean", colour=BATCH),
        words(303, 293, "through the variance", colour=BATCH),
        _arrow([(x, 290), (x + 46, 290)], QUIET, 1.3),
        words(x + 56, 295, "forward"),
        words(x, 326, "Three ways back from x_hat to x", bold=True),
    ]
    for k, (name, passed, dash, _) in enumerate(BACK):
        y = 352 + 28 * k
        parts.append(_arrow([(x + 46, y), (x, y)], INK if dash is None else BATCH, 3, dash))
        parts.append(words(x + 56, y + 5, name))
        parts.append(words(x + 200, y + 5, _way(passed, numbers), colour=QUIET))
    return parts


def _arrow(
    corners: Sequence[tuple[float, float]],
    colour: str,
    width: float,
    dash: list[float] | None = None,
) -> svg.G:
    """Return an arrow round corners, along the axes, that ends at the last one."""
    (x0, y0), (x1, y1) = corners[-2:]
    ux, uy = _sign(x1 - x0), _sign(y1 - y0)
    long, half = 8 + width, 3.5 + width
    bx, by = x1 - long * ux, y1 - long * uy
    path: list[svg.PathData] = [svg.MoveTo(*corners[0])]
    path += [svg.LineTo(x, y) for x, y in (*corners[1:-1], (bx, by))]
    tip = [x1, y1, bx - half * uy, by + half * ux, bx + half * uy, by - half * ux]
    return group(
        [
            svg.Path(d=path, stroke=colour, stroke_width=width, fill="none", stroke_dasharray=dash),
            svg.Polygon(points=tip, fill=colour),
        ]
    )


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
