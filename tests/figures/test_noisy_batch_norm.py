import numpy as np
import pytest

from bncourse.experiments.noisy_batch_norm import NoisyRun, load_noisy_batch_norm
from bncourse.figures.noisy_batch_norm import noisy_batch_norm
from tests.figures.checks import png_of

UPDATES = np.arange(0, 101, 10)


def run(name, jump, accuracy, rate=0.5):
    accuracy = np.minimum(np.array(accuracy)[:, None], 0.1 + 0.02 * UPDATES)
    return NoisyRun(name, rate, UPDATES, accuracy, np.array(jump), np.array(jump) / 2)


@pytest.fixture
def runs():
    return (
        run("without BN", (0.2, 0.3, 0.4), (0.95, 0.96, 0.98)),
        run("without BN, noise 1", (1.0, 1.1, 1.2), (0.5, 0.6, 0.7), rate=1 / 32),
        run("with BN", (0.001, 0.002, 0.003), (0.97, 0.98, 0.99)),
        run("with BN, noise 1", (0.7, 0.7, 0.7), (0.89, 0.93, 0.94)),
    )


def test_medians_are_drawn_left_and_every_seed_right(runs):
    left, right = noisy_batch_norm(runs).picture.axes
    assert len(left.lines) == len(right.lines) == len(runs)
    for run, line, dots in zip(runs, left.lines, right.lines, strict=True):
        np.testing.assert_allclose(line.get_ydata(), 100 * np.median(run.accuracy, axis=0))
        np.testing.assert_allclose(dots.get_xdata(), run.jump, atol=0.021)
        reached = np.isfinite(run.updates_to())
        np.testing.assert_allclose(dots.get_ydata()[reached], run.updates_to()[reached])
    assert len({(li.get_color(), str(li._dash_pattern)) for li in left.lines}) == len(runs)
    assert len({li.get_marker() for li in right.lines if li.get_color() == "#0072B2"}) == 2


def test_later_medians_are_thinned_but_the_first_and_the_last_are_drawn():
    updates = np.arange(0, 601, 10)
    accuracy = np.random.default_rng(0).random((3, len(updates)))
    (line,) = (
        noisy_batch_norm((NoisyRun("with BN", 0.5, updates, accuracy, *np.ones((2, 3))),))
        .picture.axes[0]
        .lines
    )
    drawn = line.get_xdata()
    assert drawn[0] == 0 and drawn[1] == 10 and drawn[-1] == 600
    assert (drawn[2:] >= 1.1 * drawn[1:-1]).all() and (drawn[2:] <= 2 * drawn[1:-1]).all()
    np.testing.assert_allclose(
        line.get_ydata(), 100 * np.median(accuracy, axis=0)[np.isin(updates, drawn)]
    )


def test_seeds_that_never_got_there_stand_at_the_top(runs):
    _, right = noisy_batch_norm(runs).picture.axes
    texts = [label.get_text() for label in right.get_yticklabels()]
    place = right.get_yticks()[texts.index("never")]
    assert (right.lines[1].get_ydata() == place).all()
    assert (right.lines[3].get_ydata() == place).tolist() == [True, False, False]
    assert place > UPDATES[-1] and place < right.get_ylim()[1]


def test_the_caption_tells_every_arm(runs):
    caption = noisy_batch_norm(runs).caption
    assert "Test accuracy over 100 updates, 3 seeds" in caption
    assert "from one update to the next until then, in sds" in caption
    assert (
        "without BN (0.5): jump 0.30 sds, 3 of 3 seeds at 90 %, median after 40 updates, at the "
        "end 96.3 ± 1.5 %" in caption
    )
    assert "without BN, noise 1 (0.03125): jump 1.10 sds, 0 of 3 seeds at 90 %, at the" in caption
    assert "with BN (0.5): jump under 0.01 sds" in caption
    assert "with BN, noise 1 (0.5): jump 0.70 sds, 2 of 3 seeds at 90 %" in caption


def test_nothing_raises():
    with pytest.raises(ValueError, match="nothing to draw"):
        noisy_batch_norm([])


def test_the_stored_runs_fit_the_picture():
    record = load_noisy_batch_norm()
    for chosen in (record.best, record.common):
        figure = noisy_batch_norm(chosen)
        bundle = figure._repr_mimebundle_()
        pixels = png_of(bundle)
        assert len(bundle["image/png"]) * 3 / 4 < 26_000
        (legend,) = figure.picture.legends
        box = legend.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= pixels.shape[1]
        assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in legend.texts)
