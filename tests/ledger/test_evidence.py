"""The evidence is measured again: a claim whose number left its range fails here, by name."""

import importlib.util
import json
import math

import pytest

import bncourse.ledger.evidence  # noqa: F401 - registers the measurements
from bncourse import results
from bncourse.experiments.training import one_thread
from bncourse.ledger import load_findings, load_ledger
from bncourse.ledger.again import SLICES, Slice
from bncourse.ledger.measuring import FILE, MEASUREMENTS, Value, finding, over, paired, store

FINDINGS = load_findings()
NO_EXPERIMENT = {"hand", "PyTorch"}


def claims_on(name):
    return [c.id for c in load_ledger() if name in {each.name for each in c.evidence}]


def test_what_is_measured_is_what_is_stored():
    assert list(FINDINGS) == list(MEASUREMENTS), "run: python -m bncourse.ledger"
    assert json.loads(FILE.read_text(encoding="utf-8"))["command"] == "python -m bncourse.ledger"


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_is_as_it_was_and_its_claims_stand(name):
    stored, measurement = FINDINGS[name], MEASUREMENTS[name]
    with one_thread():
        now = measurement.measure(quick=True)
    assert now.low <= now.value <= now.high, f"{now.told()}; it carries {claims_on(name)}"
    assert stored.low <= stored.value <= stored.high
    for field in ("what", "unit", "low", "high", "exact", "made_by", "stored"):
        assert getattr(stored, field) == getattr(now, field), "run: python -m bncourse.ledger"
    if not (measurement.has_quick or stored.exact):
        # Another machine's sums may move a few test images.
        room = max(0.05 * abs(stored.value), 0.3 * (stored.spread or 0))
        assert abs(now.value - stored.value) <= room + 1e-9, f"{stored.told()}; now {now.value}"


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_says_what_it_is(name):
    stored = FINDINGS[name]
    assert math.isfinite(stored.value) and stored.low <= stored.high
    assert (stored.spread is None) == (stored.spread_is == "")
    assert len(stored.what) < 120 and not stored.what.endswith(".")
    by = stored.made_by
    module = f"bncourse.{by}" if "." in by else f"bncourse.experiments.{by}"
    assert by in NO_EXPERIMENT or importlib.util.find_spec(module)
    if stored.stored:
        assert results.load(stored.stored)["command"]


def test_the_range_could_be_left():
    """A range that holds everything would not be a test of anything."""
    for stored in FINDINGS.values():
        if stored.unit == "%":
            assert stored.high - stored.low <= 60, stored.name
        if stored.unit == "points":
            assert stored.high - stored.low < 80, stored.name


def test_every_stored_result_has_a_slice():
    assert {each.stored for each in FINDINGS.values() if each.stored} == set(SLICES)


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_of_a_stored_result_can_be_measured_again(name):
    with one_thread():
        slices = list(SLICES[name]())
    assert slices
    for each in slices:
        assert each.agrees, f"{each.what}: {each.now}, stored {each.stored}"


def test_a_slice_that_is_off_does_not_agree():
    assert Slice("x", [1.0, 2.0], [1.0, 2.1], 0.2).agrees
    assert not Slice("x", [1.0, 2.0], [1.0, 2.3], 0.2).agrees
    assert not Slice("x", [float("nan")], [1.0], 10).agrees


def test_a_name_is_used_once():
    with pytest.raises(ValueError, match="two findings called 'noise-slope'"):
        finding("noise-slope", "again", 0, 1, by="x")(lambda: 1)


def test_spreads_are_those_they_say():
    value = over([1, 2, 3])
    assert (value.value, value.spread, value.spread_is) == (2, 1, "sd over 3 seeds")
    gap = paired([3, 5, 4], [1, 2, 3], "splits")
    assert gap.value == 2
    assert gap.spread == pytest.approx(1 / math.sqrt(3))
    assert gap.spread_is == "standard error, 3 splits in pairs"


def test_what_is_stored_is_short_and_has_no_digits_of_rounding(tmp_path, monkeypatch):
    monkeypatch.setitem(MEASUREMENTS, "a", None)
    del MEASUREMENTS["a"]
    try:
        finding("a", "zero", by="hand")(lambda: 3e-16)
        finding("b", "third", 0, 1, by="hand")(lambda: Value(1 / 3, 1 / 7, "sd"))
        made = [MEASUREMENTS[name].measure() for name in ("a", "b")]
    finally:
        MEASUREMENTS.pop("a", None), MEASUREMENTS.pop("b", None)
    file = store(made, tmp_path / "findings.json")
    zero, third = json.loads(file.read_text(encoding="utf-8"))["findings"]
    assert (zero["value"], zero["exact"]) == (0.0, True)
    assert (third["value"], third["spread"]) == (0.333333333, 0.142857143)
