import itertools
from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.shared_ruler import SharedRuler, load_shared_ruler
from bncourse.figures.shared_ruler import shared_ruler
from tests.figures.checks import png_of

SIZES = np.array([2, 8, 32])
AS_IS = np.array([[4.0, 2, 3], [40, 9, 4], [3, 3, 3.1]])


def record(mean=AS_IS, moved=2 * AS_IS, off=(0.9, 1.0, 1.1)):
    off = np.array(off)
    return SharedRuler(
        kinds=("per channel", "per activation", "per image"),
        batch_sizes=SIZES,
        test_error=mean[..., None] * off,
        shifted_error=moved[..., None] * off,
        rates=np.ones((3, 3)),
        parameters=np.array([48, 3072, 48]),
        seeds=(0, 1, 2),
    )


def bars(axes):
    """Return (low, high) of every error bar, (kinds, K, 2)."""
    return np.array([box.lines[2][0].get_segments() for box in axes.containers])[..., 1]


def test_means_and_sds_over_the_seeds_are_drawn():
    nets = record()
    for axes, errors in zip(
        shared_ruler(nets).picture.axes, (nets.test_error, nets.shifted_error), strict=True
    ):
        lines = [line for line in axes.lines if line.get_linewidth() == 2]
        assert len(lines) == 3
        for line, error in zip(lines, errors, strict=True):
            np.testing.assert_allclose(line.get_ydata(), error.mean(-1))
            np.testing.assert_allclose(line.get_xdata(), SIZES, rtol=0.1)
        assert len({line.get_marker() for line in lines}) == 3
        assert len({str(line._dash_pattern) for line in lines}) == 3
        sd = errors.std(-1, ddof=1)
        drawn = bars(axes)
        np.testing.assert_allclose(drawn[..., 1], errors.mean(-1) + sd)
        np.testing.assert_allclose(drawn[..., 0], errors.mean(-1) - sd)


def test_both_panels_have_the_same_axis_which_holds_everything():
    left, right = shared_ruler(record()).picture.axes
    assert left.get_ylim() == right.get_ylim()
    low, high = left.get_ylim()
    for axes in (left, right):
        assert low < bars(axes).min() and bars(axes).max() < high
        assert [text.get_text() for text in axes.get_xticklabels()] == ["2", "8", "32"]
        assert len(axes.get_yticks()) > 3


def test_errors_with_a_sd_larger_than_their_mean_can_be_drawn():
    figure = shared_ruler(record(off=(0.0, 0.1, 2.9)))
    low = figure.picture.axes[0].get_ylim()[0]
    assert low > 0
    for axes in figure.picture.axes:
        assert bars(axes).min() >= low * (1 - 1e-9)
    png_of(figure._repr_mimebundle_())


@pytest.mark.parametrize(
    "last",
    [(3, 4, 3.1), (2, 2, 2), (2, 30, 2.01), (30, 30.1, 2), (2, 2.05, 2.1), (40, 40, 40)],
)
def test_names_stand_at_the_ends_and_apart(last):
    mean = AS_IS.copy()
    mean[:, -1] = last
    figure = shared_ruler(record(mean))
    png = png_of(figure._repr_mimebundle_())
    for axes in figure.picture.axes:
        boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
        assert set(boxes) == {"per channel", "per activation", "per image"}
        for box in boxes.values():
            assert box.y0 >= 0 and box.x1 <= png.shape[1] and box.y1 <= png.shape[0]
        for a, b in itertools.combinations(boxes.values(), 2):
            assert not a.overlaps(b)
        others = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title, axes.xaxis.label]
        for text, box in itertools.product(others, boxes.values()):
            assert not text.get_window_extent().overlaps(box)
        assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in axes.texts)


def test_the_names_have_the_order_and_the_colours_of_their_lines():
    for axes in shared_ruler(record()).picture.axes:
        lines = [line for line in axes.lines if line.get_linewidth() == 2]
        by_line = [lines[k].get_color() for k in np.argsort([li.get_ydata()[-1] for li in lines])]
        by_name = [text.get_color() for text in sorted(axes.texts, key=lambda t: t.xy[1])]
        assert by_line == by_name


def test_the_caption_has_every_mean():
    caption = shared_ruler(record()).caption
    assert "at batch sizes 2, 8, 32, means of 3 seeds; bars are ± one sd over the seeds" in caption
    assert "as they are: per channel 4, 2, 3 (sd 0.2 to 0.4); per activation 40, 9, 4" in caption
    assert "moved by one pixel: per channel 8, 4, 6 (sd" in caption
    swapped = replace(record(), test_error=record().shifted_error)
    assert "as they are: per channel 8, 4, 6" in shared_ruler(swapped).caption


def test_the_stored_comparison_fits_its_picture():
    stored = load_shared_ruler()
    figure = shared_ruler(stored)
    png_of(figure._repr_mimebundle_())
    for axes in figure.picture.axes:
        low, high = axes.get_ylim()
        assert low <= bars(axes).min() and bars(axes).max() <= high
        for a, b in itertools.combinations(axes.texts, 2):
            assert not a.get_window_extent().overlaps(b.get_window_extent())
    assert f"means of {len(stored.seeds)} seeds" in figure.caption
