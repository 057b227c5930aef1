import itertools
import re
from dataclasses import astuple

import pytest

from bncourse.figures.published_tables import (
    ERRORS,
    HIGH,
    LOOKS,
    LOW,
    REPORTED,
    TALL,
    TOP,
    Panel,
    published_tables,
)
from bncourse.results.published import WU_HE
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture(scope="module")
def static():
    return published_tables(WU_HE)


@pytest.fixture(scope="module")
def root(static):
    return check_svg(str(static.picture))


def drawn(root, colour):
    """Return the heights in percent of every line of that colour."""
    panel = Panel(0, TOP, 100, TALL, (32, 2))
    found = []
    for curve in root.iter(f"{SVG}polyline"):
        if curve.get("stroke") == colour:
            ys = [float(y) for y in re.split(r"[ ,]+", curve.get("points"))[1::2]]
            found.append([HIGH - (y - panel.top) * (HIGH - LOW) / panel.tall for y in ys])
    return found


def test_every_reported_error_is_drawn_at_its_height(root):
    (batch,) = drawn(root, LOOKS["BN"][0])
    assert batch == pytest.approx(WU_HE.batch_norm, abs=0.01)
    rows = (WU_HE.group_norm, WU_HE.by_groups, WU_HE.by_channels)
    for line, errors in zip(drawn(root, LOOKS["GN"][0]), rows, strict=True):
        assert line == pytest.approx(errors, abs=0.01)


def test_the_axis_holds_everything():
    everything = [e for row in astuple(WU_HE) for e in row if isinstance(e, float)]
    assert min(everything) > LOW and max(everything) < HIGH


def test_batches_and_groups_shrink_to_the_right():
    panel = Panel(50, TOP, 300, TALL, WU_HE.groups)
    places = [panel.across(count) for count in panel.counts]
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps)) and gaps[0] > 0
    assert panel.left < places[0] and places[-1] < panel.left + panel.wide


def test_norms_differ_in_shape_and_colour_and_the_ends_are_named(root, static):
    assert len({look[1] for look in LOOKS.values()}) == len({look[0] for look in LOOKS.values()})
    lines = words_of(str(static.picture))
    for told in ("34.7: BN", "24.1: GN", "25.3: LN", "28.4: IN"):
        assert told in lines
    assert lines.count("25.3: LN") == lines.count("28.4: IN") == 2
    assert lines.count("GN") == 2  # the lines of the panels that have only one


def test_the_axis_says_that_these_are_errors(static):
    assert "error" in ERRORS and words_of(str(static.picture)).count(ERRORS) == 1


def test_picture_and_caption_say_that_nothing_was_measured(static):
    assert any(REPORTED in line for line in words_of(str(static.picture)))
    assert static.caption.lower().startswith(REPORTED)
    assert "no spread" in static.caption and WU_HE.source in static.caption
    assert "BN 23.6, 23.7, 24.8, 27.3, 34.7; GN with 32 groups 24.1" in static.caption
    assert "24.6, 24.1, 24.6, 24.4, 24.6, 24.7, 25.3;" in static.caption
    assert len(str(static.picture)) < 12_000
