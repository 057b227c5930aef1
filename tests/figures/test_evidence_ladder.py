from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bncourse.experiments.noisy_batch_norm import NoisyRun, load_noisy_batch_norm
from bncourse.figures.evidence_ladder import (
    COLUMNS,
    STATUSES,
    WIDTH,
    Rung,
    evidence_ladder,
    text_width,
    wrap,
)
from tests.figures.checks import SVG, check_svg, words_of

LONG = "the squared norm of the gradient grows by 1.46 ± 0.01 in every layer towards the input"
ROWS = tuple(
    Rung(f"claim {k}", "Ioffe & Szegedy 2015; texts 1 to 5", "a test of what is said", LONG, status)
    for k, status in enumerate(STATUSES)
)


def run(name, jump, accuracy, rate=0.5):
    updates = np.arange(0, 101, 10)
    accuracy = np.minimum(np.array(accuracy)[:, None], 0.1 + 0.02 * updates)
    jumps = np.full(len(accuracy), jump)
    return NoisyRun(name, rate, updates, accuracy, jumps, jumps / 2)


RUNS = (
    run("without BN", 0.25, (0.95, 0.97)),
    run("without BN, noise 1", 1.0, (0.7, 0.8), rate=1 / 32),
    run("with BN", 0.001, (0.97, 0.99)),
    run("with BN, noise 1", 0.5, (0.96, 0.98)),
)


def circles(picture):
    return check_svg(str(picture)).findall(f".//{SVG}circle")


def test_every_rung_is_told_with_a_sign_of_its_own():
    figure = evidence_ladder(ROWS)
    check_svg(str(figure.picture))
    said = " ".join(words_of(str(figure.picture)))
    for row in ROWS:
        assert row.claim in said
        for whole in (row.claim, row.who, row.test, row.result, row.status):
            assert whole in figure.caption
    assert said.count("towards the input") == len(ROWS)
    signs = circles(figure.picture)
    assert len(signs) == len(ROWS)
    looks = {(c.get("fill"), c.get("stroke-dasharray")) for c in signs}
    assert len(looks) == 3  # full, open, dashed; half and cross have more strokes
    drawn = str(evidence_ladder(ROWS[1:2]).picture), str(evidence_ladder(ROWS[2:3]).picture)
    assert "<path" in drawn[0] and "<path" not in drawn[1]


def test_what_was_not_tested_has_dashes():
    row = Rung("identity bias", "De & Smith 2020", "", "", "not tested")
    figure = evidence_ladder((row,))
    assert words_of(str(figure.picture)).count("–") == 2
    assert "identity bias (De & Smith 2020): –: –: not tested" in figure.caption


def test_texts_stay_in_their_columns():
    for cell, (_, width) in zip((ROWS[0].who, ROWS[0].test, LONG), COLUMNS, strict=False):
        for line in wrap(cell, width):
            assert text_width(line) <= width
        assert " ".join(wrap(cell, width)) == cell
    assert wrap("unbreakable", 10) == ["unbreakable"]
    for (x, width), (following, _) in pairwise(COLUMNS):
        assert x + width < following
    assert sum(COLUMNS[-1]) <= WIDTH


def test_an_unknown_status_raises():
    with pytest.raises(ValueError, match="no status 'proven'"):
        replace(ROWS[0], status="proven")


def test_a_ladder_without_rungs_raises():
    with pytest.raises(ValueError, match="at least one rung"):
        evidence_ladder(())


def test_the_inset_shows_the_numbers_of_its_runs():
    figure = evidence_ladder(ROWS, inset=RUNS)
    root = check_svg(str(figure.picture))
    said = words_of(str(figure.picture))
    for text in ("without BN (0.5)", "without BN, noise 1 (0.03125)", "0.25", "1.00", "0.50"):
        assert text in said
    assert "under 0.01" in said and "never" in said and "97.0 ± 1.4" in said
    assert "with BN at rate 0.5: jump under 0.01 sds, 40 updates to 90 %, accuracy 98.0" in (
        figure.caption
    )
    bars = [r for r in root.iter(f"{SVG}rect") if r.get("height") == "14"]
    widths = [float(bar.get("width")) for bar in bars]
    np.testing.assert_allclose(np.array(widths) / widths[1], [0.25, 1, 0.001, 0.5], atol=0.01)
    dots = [c for c in circles(figure.picture) if c.get("r") == "5.5"]
    places = [float(dot.get("cx")) for dot in dots]
    np.testing.assert_array_equal(np.argsort(places), [1, 0, 3, 2])
    plain = evidence_ladder(ROWS)
    assert float(root.get("height")) > float(check_svg(str(plain.picture)).get("height"))


def test_arms_of_one_inset_have_equal_updates():
    short = replace(RUNS[0], updates=RUNS[0].updates[:5], accuracy=RUNS[0].accuracy[:, :5])
    with pytest.raises(ValueError, match="equally many updates"):
        evidence_ladder(ROWS, inset=(*RUNS[1:], short))


def test_the_stored_runs_fit():
    record = load_noisy_batch_norm()
    for runs in (record.best, record.common):
        picture = str(evidence_ladder(ROWS, inset=runs).picture)
        check_svg(picture)
        assert len(picture) < 15_000
