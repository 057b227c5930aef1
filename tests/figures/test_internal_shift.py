from types import SimpleNamespace

import numpy as np
import pytest

from bncourse.experiments.internal_shift import load_internal_shift
from bncourse.experiments.landscape import load_landscape
from bncourse.figures.internal_shift import PANELS, internal_shift
from tests.figures.checks import png_of

ROWS = (("ReLU", 0.1), ("sigmoid", None))
OFF = np.array([0.9, 1.0, 1.1])


class Record:
    """Runs whose values tell where they come from: 1, 2 for the nets, halved by BN."""

    seeds = (0, 1, 2)

    def run(self, net, with_bn, rate=None):
        value = (1 if net == "ReLU" else 2) * (0.5 if with_bn else 1) * OFF
        typical = {"beta": 10 * value, "cosine": value / 3}
        return SimpleNamespace(
            rate=rate or (0.25 if with_bn else 2.0),
            drift_in=value / 100,
            relative=value / 2,
            accuracy=np.stack([0.2 * OFF, 0.6 * OFF + 0.1 * with_bn]),
            typical=typical.__getitem__,
        )


def arrows(axes):
    return [(t.xyann, t.xy) for t in axes.texts if not t.get_text()]


def test_arrows_lead_from_the_mean_without_bn_to_the_mean_with_it():
    panels = internal_shift(Record(), Record(), ROWS).picture.axes
    assert len(panels) == len(PANELS)
    for axes, scale in zip(panels, (0.01, 0.5, 10, 1 / 3), strict=False):
        for k, (start, end) in enumerate(arrows(axes)):
            assert start[0] == pytest.approx((k + 1) * scale)
            assert end[0] == pytest.approx((k + 1) * scale / 2)
            assert start[1] == end[1] and abs(start[1] - k) < 0.5
    for start, end in arrows(panels[4]):
        assert (start[0], end[0]) == (pytest.approx(40), pytest.approx(45))


def test_every_seed_is_drawn_with_the_sign_of_its_arm():
    axes = internal_shift(Record(), Record(), ROWS).picture.axes[1]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert [line.get_marker() for line in lines] == ["o", "s"] * len(ROWS)
    np.testing.assert_allclose(lines[2].get_xdata(), OFF)
    np.testing.assert_allclose(lines[3].get_xdata(), 0.5 * OFF)


def test_the_caption_has_the_means_of_every_row():
    caption = internal_shift(Record(), Record(), ROWS).caption
    assert "means of 3 seeds" in caption
    assert (
        "ReLU, both at 0.1: drift 0.01 and 0.005, |G - G'| / |G| 0.5 and 0.25, beta 10 and 5, "
        "cosine 0.33 and 0.17, accuracy 40 and 45 %" in caption
    )
    assert "sigmoid, own best: 2 and 0.25: drift 0.02 and 0.01" in caption


def test_the_stored_runs_fit_the_picture():
    figure = internal_shift(load_internal_shift(), load_landscape())
    bundle = figure._repr_mimebundle_()
    pixels = png_of(bundle)
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
    boxes = []
    for axes in figure.picture.axes:
        low, high = axes.get_xlim()
        for line in axes.lines:
            if len(line.get_xdata()) == 5:
                assert low <= min(line.get_xdata()) and max(line.get_xdata()) <= high
        assert axes.title.get_fontsize() * 100 / 72 >= 13.99
        boxes += [axes.title.get_window_extent()]
        boxes += [text.get_window_extent() for text in axes.texts if text.get_text()]
        assert len(axes.get_xticks()) >= 2
    for k, box in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= pixels.shape[1] and box.y1 <= pixels.shape[0]
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])
