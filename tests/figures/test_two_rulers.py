import itertools
import re

import numpy as np
import pytest

from bncourse.experiments.rulers import PREPARATIONS, bowl, people, prepare
from bncourse.figures.two_rulers import ASKED_RHO, STEPS, WAYS, TwoRulers, bowl_of
from bncourse.figures.two_rulers_drawing import LOW, big, slopes
from tests.figures.checks import LARGEST, check_redraw, png_of

# A correlation and the logarithm of a rate for each preparation.
POINTS = ((0.8, -10.0), (0.0, -9.0), (0.95, -1.0), (0.95, -1.0), (0.95, -1.0))


@pytest.fixture
def figure(keep):
    return TwoRulers(keep)


@pytest.fixture
def open_figure(figure):
    assert predict(figure)
    return figure


def predict(figure, way="about half of it", condition="1"):
    figure.gate.fields["way"].value = way
    figure.gate.fields["condition"].value = condition
    return figure.gate.lock()


def said(figure):
    return figure.describe(figure.state)


def test_nothing_is_given_away_before_the_prediction(figure):
    for preparation in PREPARATIONS:
        figure.go(preparation=preparation)
        for line in (figure.bowl.path, figure.bowl.end, figure.excess.line):
            assert len(line.get_xdata()) == 0
        assert not figure.excess.guess_text.get_text()
        assert not figure.excess.verdict.get_text()
        assert not re.search("condition|converge|diverge|e-", said(figure))
    assert all(part.disabled for part in (*figure.controls.values(), *figure.buttons.values()))


def test_each_question_has_one_right_answer():
    raw = bowl_of("raw", ASKED_RHO)
    gone = raw.at(raw.largest_rate / 2, [STEPS])[0, 1] / raw.optimum[1]
    # Far from the next answer, so that other people would not turn it round.
    assert 0 < gone < WAYS["a few per cent"] / 100
    assert bowl_of("standardised", ASKED_RHO).condition == pytest.approx(9)


def test_the_picture_is_the_descent(open_figure):
    for preparation, rho in itertools.product(PREPARATIONS, (0.0, 0.8)):
        check_descent(open_figure, preparation, rho)


def check_descent(open_figure, preparation, rho):
    open_figure.go(preparation=preparation, rho=rho)
    open_figure.press("Half the largest rate")
    x, y = people(rho)
    z = prepare(x, preparation)
    b = bowl(z, y)
    rate = 10 ** open_figure.state["log10_rate"]
    assert rate == pytest.approx(b.largest_rate / 2, rel=1e-5)
    path = b.descend(rate, STEPS)
    np.testing.assert_allclose(open_figure.bowl.path.get_xydata(), path[:, 1:])
    np.testing.assert_allclose(open_figure.bowl.end.get_xydata(), path[-1:, 1:])
    np.testing.assert_allclose(open_figure.bowl.best.get_xydata()[0], b.optimum[1:])
    share = (b.loss(path) - b.floor) / (b.loss(path[0]) - b.floor)
    drawn = open_figure.excess.line.get_ydata()
    np.testing.assert_allclose(drawn, np.maximum(share, LOW / 100), rtol=1e-6)
    # The start, the optimum and the ring through the start are inside the axes.
    (left, right), (low, high) = open_figure.bowl.axes.get_xlim(), open_figure.bowl.axes.get_ylim()
    for across, up in [(0, 0), b.optimum[1:], *open_figure.bowl.rings[-1].get_xydata()]:
        assert left < across < right and low < up < high


def test_rings_have_one_loss_each_with_the_best_intercept(open_figure):
    for preparation in PREPARATIONS:
        open_figure.go(preparation=preparation)
        check_rings(open_figure, preparation)


def check_rings(open_figure, preparation):
    x, y = people(ASKED_RHO)
    z = prepare(x, preparation)
    b = bowl(z, y)
    np.testing.assert_allclose(slopes(b), np.cov(z.T, bias=True), rtol=1e-5, atol=1e-12)
    for ring in open_figure.bowl.rings:
        rest = y[:, None] - z @ ring.get_xydata().T
        losses = rest.var(axis=0) / 2  # the mean is what the best intercept takes away
        np.testing.assert_allclose(losses, losses[0], rtol=1e-6)
    assert losses[0] == pytest.approx(y.var() / 2)  # the last ring runs through the start


def test_the_sentence_has_the_numbers(open_figure):
    open_figure.go(preparation="standardised")
    open_figure.press("Half the largest rate")
    b = bowl_of("standardised", 0.8)
    steps = b.steps_to(0.01, b.largest_rate / 2)
    assert "condition number 9;" in said(open_figure)
    assert "rates below 1.11 converge" in said(open_figure)
    assert f"down to 1 % of the start's after {steps} steps" in said(open_figure)
    assert "intercept" not in said(open_figure)
    open_figure.go(preparation="raw")
    assert "diverges" in said(open_figure)
    open_figure.press("Half the largest rate")
    assert "the weight of age has gone 2.1e-4 % of its way" in said(open_figure)
    assert said(open_figure).endswith("the intercept 3.8e-7 %.")
    open_figure.go(preparation="whitened", log10_rate=0.0)
    assert "condition number 1;" in said(open_figure) and "after 1 step;" in said(open_figure)
    open_figure.go(log10_rate=-12.0)
    assert "that of kilometres 2e-8 %" in said(open_figure)  # 200 steps of 1e-12 of the way


def test_just_too_large_is_shown_to_diverge(open_figure):
    for preparation in PREPARATIONS:
        open_figure.go(preparation=preparation)
        open_figure.press("Just too large")
        limit = bowl_of(preparation, ASKED_RHO).largest_rate
        assert 10 ** open_figure.state["log10_rate"] == pytest.approx(1.02 * limit, rel=1e-5)
        assert open_figure.excess.verdict.get_text() == "diverges"
        assert "it diverges: after 200 steps" in said(open_figure)
        drawn = open_figure.excess.line.get_ydata()
        assert drawn[-1] > drawn[0] == pytest.approx(1)
        assert len(open_figure.excess.there.get_xdata()) == 0
        open_figure.press("Half the largest rate")
        assert "diverges" not in said(open_figure) + open_figure.excess.verdict.get_text()


def test_a_rate_far_too_large_can_be_drawn(open_figure):
    open_figure.go(log10_rate=1.0)
    assert "more than 1e300 times the start's" in said(open_figure)
    assert np.isfinite(open_figure.bowl.path.get_xydata()).all()
    assert np.isfinite(open_figure.excess.line.get_ydata()).all()


@pytest.mark.parametrize("way", WAYS)
def test_the_prediction_stays_beside_what_is_so(figure, kept, way):
    assert predict(figure, way, "1e11")
    assert kept == [("prediction", "two_rulers", {"way": way, "condition": 1e11})]
    told = figure.excess.guess_text
    assert told.get_text() == f"age: 0.0002 %, you: {way}"
    for preparation, words in (("standardised", "condition number: 9, you: 1e11"), ("centred", "")):
        figure.go(preparation=preparation)
        assert told.get_text() == words
    figure.go(preparation="standardised", rho=0.5)  # asked for 0.8 only
    assert told.get_text() == ""


@pytest.mark.parametrize("condition", ["0.5", "-3", "many", ""])
def test_a_condition_that_cannot_be_is_asked_for_again(figure, kept, condition):
    assert not predict(figure, condition=condition)
    assert kept == []


def test_redraws_are_complete(open_figure):
    before = [list(axes.get_children()) for axes in open_figure.figure.axes]
    states = [
        {"preparation": preparation, "rho": rho, "log10_rate": rate}
        for preparation, (rho, rate) in zip(PREPARATIONS, POINTS, strict=True)
    ]
    check_redraw(open_figure, [*states, {"log10_rate": -0.3}, {"log10_rate": 1.0}])
    assert [list(axes.get_children()) for axes in open_figure.figure.axes] == before


def test_only_a_new_bowl_is_painted_anew(open_figure, monkeypatch):
    painted = []
    monkeypatch.setattr(open_figure, "repaint", lambda: painted.append(dict(open_figure.state)))
    open_figure.go(log10_rate=-3.0)
    assert painted == []
    open_figure.go(rho=0.5)
    open_figure.go(preparation="min-max")
    assert len(painted) == 2


def test_the_controls_set_the_state_and_reset_brings_it_back(open_figure):
    open_figure.controls["preparation"].value = "whitened"
    open_figure.controls["rho"].box.value = 0.35
    assert open_figure.state == {"preparation": "whitened", "log10_rate": 0.0, "rho": 0.35}
    open_figure.controls["log10_rate"].slider.value = -0.5
    assert open_figure.state == {"preparation": "whitened", "log10_rate": -0.5, "rho": 0.35}
    open_figure.controls["preparation"].value = "standardised"  # a new bowl, at half its rate
    assert 10 ** open_figure.state["log10_rate"] == pytest.approx(1 / 1.35, rel=1e-5)
    open_figure.controls["preparation"].value = "whitened"
    open_figure.buttons["Reset"].click()
    assert open_figure.state == {"preparation": "raw", "log10_rate": -9.996731, "rho": 0.8}
    assert open_figure.controls["preparation"].value == "raw"


def texts_of(figure):
    for axes in figure.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            yield from (t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high)
            yield axis.label
        yield from axes.texts
    yield figure.heading


@pytest.mark.parametrize("rho", [0.0, 0.95])
def test_text_is_large_enough_inside_and_apart(open_figure, rho):
    for preparation in PREPARATIONS:
        open_figure.go(preparation=preparation, rho=rho)
        open_figure.figure.draw_without_rendering()
        texts = [text for text in texts_of(open_figure) if text.get_text() and text.get_visible()]
        assert len(texts) > 15
        inside = open_figure.figure.bbox
        for text in texts:
            assert text.get_fontsize() * open_figure.figure.dpi / 72 >= 13.99
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.x1 <= inside.x1 and box.y0 >= 0 and box.y1 <= inside.y1
        for a, b in itertools.combinations(texts, 2):
            assert not a.get_window_extent().overlaps(b.get_window_extent()), (a, b)


def test_the_frames_are_stored(figure):
    bundle = figure._repr_mimebundle_()
    assert png_of(bundle).shape[:2] == (3 * 330, 800)
    raw, standard, white = bundle["text/plain"].split("\n")
    assert "1.47e11" in raw and "condition number 9;" in standard and "after 1 step;" in white
    assert len(bytes(figure.picture.value)) < LARGEST
    assert not figure.revealed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((9.000000001, "9"), (179.14, "179"), (2.02e-10, "2.02e-10"), (1.5e11, "1.5e11")),
        *((1.0, "1"), (0.5556, "0.556"), (123456, "123,000"), (9e8, "9e8"), (100, "100")),
    ],
)
def test_big_numbers(value, text):
    assert big(value) == text
