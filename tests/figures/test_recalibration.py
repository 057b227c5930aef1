import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from bncourse.figures.recalibration import recalibration
from tests.figures.checks import png_of

NAMES = (
    *("contrast × 0.5", "contrast × 0.25", "brightness + 0.5", "noise, sd 0.3"),
    *("blur, 3 × 3 mean", "inverted"),
)


@pytest.fixture(params=[1, 6])
def record(request):
    """Accuracies of five seeds that are 0.01 apart."""
    count = request.param
    seeds = np.arange(-2, 3) / 100
    means = np.linspace(0.2, 0.6, count)[:, None]
    return SimpleNamespace(
        names=NAMES[:count],
        clean=0.97 + seeds,
        frozen=means + seeds,
        recalibrated=means + 0.3 + seeds,
        few=means + 0.2 + seeds,
        skewed=means + 0.1 + seeds,
    )


def test_every_mean_is_a_bar_and_every_seed_a_dot(record):
    (axes,) = recalibration(record).picture.axes
    arms = (record.frozen, record.recalibrated, record.few, record.skewed)
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    for bars, line, values in zip(axes.containers, dots, arms, strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in bars], values.mean(axis=1))
        np.testing.assert_array_equal(line.get_ydata(), values.ravel())
        inside = line.get_xdata().reshape(-1, 5)
        for bar, across in zip(bars, inside, strict=True):
            assert bar.get_x() < across.min() and across.max() < bar.get_x() + bar.get_width()
    looks = {(bars[0].get_facecolor(), bars[0].get_hatch()) for bars in axes.containers}
    assert len(looks) == 4
    (clean,) = [line for line in axes.lines if line.get_label() == "not shifted"]
    np.testing.assert_allclose(clean.get_ydata(), 0.97)


def test_the_caption_has_the_means(record):
    caption = recalibration(record).caption
    assert "mean ± sd over 5 seeds; on images that were not shifted 97.0 ± 1.6" in caption
    first = "contrast × 0.5: 20.0 ± 1.6 / 50.0 ± 1.6 / 40.0 ± 1.6 / 30.0 ± 1.6"
    assert first in caption
    assert all(f"{name}: " in caption for name in record.names)


def test_names_stand_apart_and_keep_their_numbers(record):
    figure = recalibration(record)
    bundle = figure._repr_mimebundle_()
    assert png_of(bundle).shape[1] == 880
    assert len(bundle["image/png"]) * 3 / 4 < 22_000
    (axes,) = figure.picture.axes
    ticks = axes.get_xticklabels()
    assert [" ".join(t.get_text().split()) for t in ticks] == list(record.names)
    assert ticks[0].get_text().split("\n") == ["contrast", "×\N{NO-BREAK SPACE}0.5"]
    boxes = [tick.get_window_extent() for tick in ticks]
    assert all(box.x0 >= 0 and box.x1 <= 880 and box.y0 >= 0 for box in boxes)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
