import pytest

from bncourse.figures.course_map import CAPSTONE, LESSONS, course_map
from tests.figures.checks import check_svg, words_of

STEMS = (
    *("start_here", "mini_batches", "input_normalisation", "batch_norm", "backprop", "inference"),
    *("convolution", "why_it_works", "where_it_breaks", "layer_norm", "group_norm", "capstone"),
)


def test_every_lesson_and_the_capstone_are_on_the_map():
    text = str(course_map().picture)
    check_svg(text)
    words = words_of(text)
    for number, stem in enumerate(STEMS):
        assert (f"{number:02d}  {stem}" if number < CAPSTONE else stem) in words
    assert tuple(stem for _, stem, _ in LESSONS) == STEMS


@pytest.mark.parametrize("done", [(), {0, 1, 2, 3}, {3, CAPSTONE}, range(12)])
def test_what_is_not_there_yet_is_marked_as_planned(done):
    figure = course_map(done)
    assert words_of(str(figure.picture)).count("planned") == len(LESSONS) - len(set(done))
    check_svg(str(figure.picture))
    ready = figure.caption.split("Ready: ")[1].split(".")[0]
    names = [f"{n:02d}" if n < CAPSTONE else "capstone" for n in sorted(done)]
    assert ready == (", ".join(names) or "none")


def test_the_caption_asks_every_question():
    assert course_map().caption.count("?") == len(LESSONS)
