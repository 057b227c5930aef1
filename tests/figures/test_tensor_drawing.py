import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from bncourse.figures.style import BATCH, FEATURE
from bncourse.figures.tensor_drawing import (
    AXES,
    GAP,
    SPACE,
    TINT,
    Plan,
    grids,
    hatches,
    mark,
    outline,
    shade,
)
from tests.figures.checks import SVG

PLAN = Plan((2, 3, 4, 5), 60, 40)


def xml(parts):
    text = "".join(str(part) for part in parts)
    return ElementTree.fromstring(f'<svg xmlns="{SVG[1:-1]}">{text}</svg>')


def rectangles(root):
    return [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{SVG}rect")
    ]


def covered(root):
    """Return which cells of PLAN have their middle in a rectangle, a boolean (N, C, H, W)."""
    inside = np.zeros(PLAN.shape, dtype=int)
    for place in np.ndindex(PLAN.shape):
        x, y = (at + PLAN.cell / 2 for at in PLAN.corner(*place))
        for left, top, wide, tall in rectangles(root):
            inside[place] += left < x < left + wide and top < y < top + tall
    return inside


def test_cells_of_a_plan_never_overlap_and_stay_in_their_grid():
    corners = {PLAN.corner(*place) for place in np.ndindex(PLAN.shape)}
    assert len(corners) == np.prod(PLAN.shape)
    for (x1, y1), (x2, y2) in itertools.combinations(corners, 2):
        assert max(abs(x1 - x2), abs(y1 - y2)) >= PLAN.cell
    last = PLAN.corner(1, 2, 3, 4)
    grid = PLAN.corner(1, 2)
    assert last[0] + PLAN.cell == grid[0] + PLAN.grid[0]
    assert last[1] + PLAN.cell == grid[1] + PLAN.grid[1]


def test_every_image_and_every_channel_is_named_in_the_colour_of_its_axis():
    root = xml(grids(PLAN))
    named = {
        text.text: group.get("fill")
        for group in root.iter(f"{SVG}g")
        for text in group.iter(f"{SVG}text")
    }
    assert named == {
        **{f"c = {c}": FEATURE for c in range(3)},
        **{f"n = {n}": BATCH for n in range(2)},
    }


@pytest.mark.parametrize("seed", range(5))
def test_exactly_the_chosen_cells_are_shaded_and_framed(seed):
    rng = np.random.default_rng(seed)
    chosen = rng.random(PLAN.shape) < 0.3
    chosen[0, 1], chosen[1, 2] = True, False
    shaded = xml(shade(PLAN, chosen, ["images"]))
    np.testing.assert_array_equal(covered(shaded), chosen)
    assert {box.get("fill") for box in shaded.iter(f"{SVG}rect")} == {TINT}
    frames = xml([outline(PLAN, chosen, "#CC79A7", "7 4")])
    # Twice: on a white band that sets the dashes off from a hatch.
    np.testing.assert_array_equal(covered(frames) > 0, chosen)
    assert len(rectangles(frames)) == 2 * len(rectangles(shaded))


def test_a_whole_grid_is_one_rectangle():
    chosen = np.zeros(PLAN.shape, dtype=bool)
    chosen[:, 1] = True
    assert rectangles(xml(shade(PLAN, chosen, []))) == [
        (*PLAN.corner(n, 1), *PLAN.grid) for n in range(2)
    ]


@pytest.mark.parametrize("along", [c for k in range(4) for c in itertools.combinations(AXES, k)])
def test_each_axis_has_a_hatch_of_its_own_colour_and_direction(along):
    root = xml(hatches([(100.0, 50.0, 52.0, 26.0), (200.0, 50.0, 26.0, 26.0)], along))
    paths = {path.get("stroke"): path.get("d") for path in root.iter(f"{SVG}path")}
    assert set(paths) == {AXES[axis] for axis in along}
    for colour, path in paths.items():
        points = np.array([float(number) for number in re.findall(r"-?[\d.]+", path)])
        for x1, y1, x2, y2 in points.reshape(-1, 4):
            left, right = (100, 152) if x1 < 180 else (200, 226)
            assert all(left <= x <= right for x in (x1, x2))
            assert all(50 <= y <= 76 for y in (y1, y2))
            slope = np.sign((x2 - x1) * (y2 - y1))
            assert slope == {BATCH: -1, FEATURE: 1, SPACE: 0}[colour]


def test_the_smallest_cell_still_shows_every_hatch():
    for axis in AXES:
        (path,) = xml(hatches([(0.0, 0.0, 2.0 * GAP, 2.0 * GAP)], [axis])).iter(f"{SVG}path")
        assert path.get("d").count("M") >= 2


def test_the_mark_lies_inside_its_cell():
    ((x, y, wide, tall),) = rectangles(xml([mark(PLAN, (1, 2, 3, 4))]))
    left, top = PLAN.corner(1, 2, 3, 4)
    assert left < x and x + wide < left + PLAN.cell
    assert top < y and y + tall < top + PLAN.cell
