import numpy as np
import pytest

from bncourse.figures.drawing import document, hatched, line, marker, moved, words
from bncourse.figures.style import SHAPES, new_figure, nice_range, number, numbers, png, points
from tests.figures.checks import check_svg, words_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.41421356, "1.414"),
        (5.0, "5"),
        (-0.0, "0"),
        (-1e-17, "0"),
        (1e-5, "1e-5"),
        (-2.5e-7, "-2.5e-7"),
        (0.0005, "0.001"),
        (1768.0, "1768"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_written_short(value, text):
    assert number(value) == text


def test_several_numbers():
    assert numbers([-0.5, 0, 1 / 3], 2) == "-0.5, 0, 0.33"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 3, 5, 7, 9], (0, 10, 2)),
        ([-17, 1, 109], (-20, 120, 20)),
        ([5, 5, 5], (4, 6, 0.5)),
        ([1e-10, 10 + 1e-11], (0, 10, 2)),
    ],
)
def test_a_nice_range_is_round(values, expected):
    assert nice_range(values) == pytest.approx(expected)


def test_a_nice_range_holds_its_values_in_few_intervals():
    rng = np.random.default_rng(0)
    for _ in range(500):
        values = rng.normal(rng.normal(0, 50), 10.0 ** rng.uniform(-3, 4), 5)
        low, high, step = nice_range(values)
        assert low <= values.min() + 1e-8 and values.max() - 1e-8 <= high
        assert 1 <= round((high - low) / step) <= 7


def test_a_document_escapes_what_is_written_in_it():
    text = str(document(200, 60, [words(5, 20, 'a < b & "c"')], 'x < "y"', "1 > 0"))
    root = check_svg(text)
    assert words_of(text) == ['a < b & "c"']
    assert root.get("aria-label") == 'x < "y"'


def test_a_hyphen_before_a_number_becomes_a_minus_sign():
    text = str(document(300, 60, [words(5, 20, "mini-batch: -1.5 - 2 to S1-S4, A - B")], "n", "d"))
    assert words_of(text) == ["mini-batch: −1.5 − 2 to S1-S4, A − B"]


def test_parts_of_a_line_keep_their_colours():
    text = str(document(200, 60, [words(5, 20, [("y = ", "#111111"), ("γ", "#D55E00")])], "n", "d"))
    assert words_of(text) == ["y = γ"]
    assert 'fill="#D55E00"' in text


def test_a_text_outside_the_picture_is_noticed():
    with pytest.raises(AssertionError, match="ends outside"):
        check_svg(str(document(100, 60, [words(60, 20, "a long line")], "n", "d")))


def test_a_text_on_another_is_noticed():
    both = [words(5, 20, "first"), moved([words(2, 3, "second")], 8, 20)]
    with pytest.raises(AssertionError, match="lies on"):
        check_svg(str(document(200, 60, both, "n", "d")))


@pytest.mark.parametrize("shape", SHAPES)
def test_each_marker_is_a_shape_of_its_own(shape):
    others = {str(marker(other, 20, 20, 6, "#0072B2")) for other in SHAPES if other != shape}
    assert str(marker(shape, 20, 20, 6, "#0072B2")) not in others


def test_a_hatch_stays_inside_its_box():
    path = hatched(10, 20, 50, 30, "#D55E00").elements[1]
    xs, ys = zip(*[(part.x, part.y) for part in path.d], strict=True)
    assert min(xs) >= 10 and max(xs) <= 60 and min(ys) >= 20 and max(ys) <= 50


def test_lines_may_take_their_colour_from_a_group():
    assert "stroke=" not in str(line(0, 0, 1, 1))


def test_a_matplotlib_figure_is_text_of_14_px_and_the_same_bytes_each_time():
    def draw():
        figure, (axes, _) = new_figure(400, 200, widths=(1, 2))
        axes.plot([1, 2, 3])
        axes.set_xlabel("x")
        return figure, axes

    figure, axes = draw()
    assert axes.xaxis.label.get_size() == points(14) == pytest.approx(14 * 72 / figure.dpi)
    assert png(figure) == png(figure) == png(draw()[0])
