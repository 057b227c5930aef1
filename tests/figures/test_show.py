from IPython.core.formatters import DisplayFormatter

from bncourse.figures.drawing import document, words
from bncourse.figures.show import Static
from bncourse.figures.style import new_figure
from tests.figures.checks import check_svg, png_of


def test_an_svg_picture_is_shown_as_text_with_its_caption():
    picture = document(200, 60, [words(5, 20, "mean 5")], "A mean", "The mean is 5.")
    data, _ = DisplayFormatter().format(Static(picture, "The mean is 5."))
    check_svg(data["image/svg+xml"])
    assert data["text/plain"] == "The mean is 5."
    assert set(data) == {"image/svg+xml", "text/plain"}


def test_a_chart_is_shown_as_png_of_the_size_asked_for():
    figure, (axes,) = new_figure(300, 150)
    axes.plot([1, 4, 9])
    data, _ = DisplayFormatter().format(Static(figure, "1, 4, 9"))
    assert png_of(data).shape == (150, 300, 3)
    assert set(data) == {"image/png", "text/plain"}


def test_the_caption_is_what_python_prints():
    assert repr(Static(None, "numbers 1 and 2")) == "numbers 1 and 2"
