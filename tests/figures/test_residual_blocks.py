import pytest

from bncourse.figures.residual_blocks import ATTENTION, FEED, PANELS, STREAM, residual_blocks
from bncourse.figures.style import FEATURE, INK
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture(scope="module")
def root():
    return check_svg(str(residual_blocks().picture))


def boxes(root, edge):
    """Return (left, top, right, bottom, dashed) of the boxes with an edge of one colour."""
    found = []
    for box in root.iter(f"{SVG}rect"):
        if box.get("stroke") == edge:
            x, y, wide, tall = (float(box.get(key)) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + wide, y + tall, box.get("stroke-dasharray") is not None))
    return found


def norms(root, left):
    stream = left + STREAM
    here = [box for box in boxes(root, FEATURE) if left < box[0] < left + 430]
    on = [box for box in here if box[0] < stream < box[2]]
    return on, [box for box in here if box not in on]


def test_post_ln_normalises_the_stream_after_each_sum(root):
    on, aside = norms(root, PANELS[0])
    assert len(on) == 2 and not aside
    for (_, top, _, bottom, dashed), (_, back) in zip(sorted(on), (FEED, ATTENTION), strict=True):
        assert bottom < back and back - top < 60  # y grows downwards: the norm is above the sum
        assert not dashed


def test_pre_ln_normalises_only_what_enters_a_branch(root):
    on, aside = norms(root, PANELS[1])
    assert len(aside) == 2
    for (_, top, _, bottom, _), (leaves, back) in zip(
        sorted(aside, key=lambda box: box[1]), (FEED, ATTENTION), strict=True
    ):
        assert back < top < bottom < leaves
        work = [box for box in boxes(root, INK) if box[0] > PANELS[1] and back < box[1] < leaves]
        assert work and all(box[3] < top for box in work)  # the norm comes before the sub-layer
    ((_, _, _, bottom, dashed),) = on
    assert bottom < FEED[1] and dashed


def test_both_streams_are_straight_and_thick(root):
    lines = [line for line in root.iter(f"{SVG}line") if float(line.get("stroke-width") or 1) > 5]
    assert len(lines) == 2
    for line, left in zip(lines, PANELS, strict=True):
        assert float(line.get("x1")) == float(line.get("x2")) == left + STREAM


def test_boxes_do_not_overlap(root):
    every = [box for edge in (FEATURE, INK) for box in boxes(root, edge)]
    every = [box for box in every if box[3] - box[1] != 24]  # the activation sits in its branch
    for k, a in enumerate(every):
        for b in every[:k]:
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            assert across <= 0 or down <= 0


def test_what_is_said():
    figure = residual_blocks()
    words = words_of(str(figure.picture))
    assert words.count("layer norm") == 5 and not any("batch norm" in word for word in words)
    assert words.count("ReLU") == words.count("self-attention") == 2
    assert words.count("in every block") == 2 and words.count("once, after the last block") == 1
    for told in (" ".join(words), figure.caption):
        assert "no running statistics" in told
    assert "never normalised" in figure.caption
    assert len(str(figure.picture).encode()) < 12_000
