from itertools import pairwise

import numpy as np
import pytest

from bncourse.experiments.initial_scale import NORMS, Control, InitialScale, load_initial_scale
from bncourse.figures.initial_scale import initial_scale
from bncourse.figures.rate_range import LOOKS
from tests.figures.checks import png_of

SCALES = np.array([1e-3, 1e-1, 10.0])
NAMES = [name for name, *_ in LOOKS.values()]


def made_up():
    rng = np.random.default_rng(0)
    kept, tuned = rng.uniform(0, 1, (2, 3, 3, 2, 4))
    control = Control(SCALES, kept[1], np.zeros((3, 2)))
    return InitialScale(
        norms=NORMS,
        scales=SCALES,
        budgets=(20, 100),
        seeds=(0, 1, 2, 3),
        tuned_rates=np.ones((3, 3, 2)),
        tuned=tuned,
        kept_rates=np.array([0.25, 0.5, 0.0625]),
        kept=kept,
        normalised=np.ones((3, 3)),
        plain=control,
        tiny_eps=control,
        same_output=control,
        rate_follows=control,
    )


@pytest.fixture(scope="module")
def figure():
    return initial_scale(made_up())


def test_the_kept_rate_is_left_and_the_tuned_one_right(figure):
    record = made_up()
    for axes, accuracy in zip(figure.picture.axes, (record.kept, record.tuned), strict=True):
        medians = 100 * np.median(accuracy, axis=-1)
        thick = [line for line in axes.lines if line.get_label() in NAMES]
        thin = [line for line in axes.lines if line.get_linewidth() == 1]
        assert [line.get_label() for line in thick] == NAMES
        for a in range(3):
            np.testing.assert_allclose(thick[a].get_ydata(), medians[a, :, 1])
            np.testing.assert_allclose(thin[a].get_ydata(), medians[a, :, 0])
            assert thin[a].get_color() == thick[a].get_color()
            heights = axes.collections[a].get_paths()[0].vertices[:, 1]
            assert heights.max() == pytest.approx(100 * accuracy[a, :, 1].max())
            assert heights.min() == pytest.approx(100 * accuracy[a, :, 1].min())


def test_the_caption_has_both_budgets_and_the_kept_rates(figure):
    medians = 100 * np.median(made_up().kept, axis=-1)
    long, short = (", ".join(f"{value:.0f}" for value in medians[1, :, t]) for t in (1, 0))
    assert f"batch norm {long} (after 20: {short})" in figure.caption
    assert "of 4 seeds after 100 updates" in figure.caption
    assert "for weights drawn with sd 0.001, 0.1, 10;" in figure.caption
    assert "no norm 1/4, batch norm 1/2, layer norm 1/16" in figure.caption
    assert figure.caption.index("one rate") < figure.caption.index("the best rate")


def test_the_stored_record_fits_its_picture():
    figure = initial_scale(load_initial_scale())
    png_of(figure._repr_mimebundle_())
    for axes in figure.picture.axes:
        boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
        top = axes.transData.transform((1, 100))[1]
        assert all(text.get_window_extent().y0 >= top - 1 for text in axes.texts)
        assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in axes.texts)
