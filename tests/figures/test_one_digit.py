from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.one_digit import OneDigit
from bncourse.figures.one_digit import one_digit
from tests.figures.checks import png_of


@pytest.fixture
def record():
    """A made-up 3, taken for an 8 more often than not when its batch decides."""
    changing = np.array([[0.9, 0.8, 1.0], [0.1, 0.2, 0.3]])
    return OneDigit(
        seeds=(0, 1, 2),
        learning_rate=0.5,
        candidates=90,
        choosing_draws=15,
        candidates_changing=72,
        typical_share=0.825,
        image=17,
        pixels=np.arange(64).reshape(8, 8) / 63,
        label=3,
        shown_size=4,
        train_counts=np.array([0, 0, 20, 30, 0, 0, 0, 0, 50, 0]),
        eval_counts=np.array([0, 0, 0, 100, 0, 0, 0, 0, 0, 0]),
        images=150,
        draws=12,
        batch_sizes=np.array([2, 32]),
        changing=changing,
        train_accuracy=1 - changing / 2,
        eval_accuracy=np.array([0.98, 0.99, 1.0]),
        test_accuracy=np.array([0.97, 0.97, 0.97]),
    )


def heights(axes):
    return {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches}


def test_the_digit_and_both_counts_are_drawn(record):
    left, middle, right = one_digit(record).picture.axes
    np.testing.assert_array_equal(left.images[0].get_array(), record.pixels)
    for axes, counts in ((middle, record.train_counts), (right, record.eval_counts)):
        assert heights(axes) == dict(enumerate(counts))
        labels = {text.get_position()[0]: text.get_text() for text in axes.texts}
        assert labels == {k: str(n) for k, n in enumerate(counts) if n}
        hatched = {round(b.get_x() + 0.4) for b in axes.patches if b.get_hatch()}
        assert hatched == set(range(10)) - {record.label}
    assert middle.get_ylim() == right.get_ylim()
    assert "batch" in middle.get_title() and "running" in right.get_title()


def test_the_caption_tells_the_numbers_and_how_the_digit_was_chosen(record):
    caption = one_digit(record).caption
    assert "Test image 17, label 3, in 100 batches of 4" in caption
    assert "Training mode: class 8 (50), 3 (30), 2 (20). " in caption
    assert "the same batches: class 3 (100). " in caption
    assert "of 90 images that evaluation mode gets right" in caption
    assert "in 15 other batches" in caption and "82.5 % for the median image" in caption
    assert "72 of the 90 are given more than one class" in caption
    assert "first 150 test images, 12 batches each, mean ± sd over 3 nets" in caption
    assert "batches of 2, 32: given more than one class in training mode 90.0 ± 10.0 %, " in caption
    assert "20.0 ± 10.0 %; accuracy in training mode 55.0 ± 5.0 %, 90.0 ± 5.0 %" in caption
    assert "in evaluation mode 99.0 ± 1.0 %, whatever" in caption


@pytest.mark.parametrize("label", [0, 9])
def test_any_digit_fits_and_is_small(record, label):
    counts = np.full(10, 10)
    figure = one_digit(replace(record, label=label, train_counts=counts, eval_counts=counts))
    bundle = figure._repr_mimebundle_()
    assert png_of(bundle).shape[1] == 880
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
    for axes in figure.picture.axes:
        for text in (axes.title, axes.xaxis.label, *axes.texts):
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.x1 <= 880
            assert text.get_fontsize() * 100 / 72 >= 13.99
