"""The evidence is measured again: a claim whose number left its range fails here, by name."""

import importlib.util
import json
import math

import pytest

import bncourse.ledger.evidence  # noqa: F401 - registers the measurements
from bncourse import results
from bncourse.experiments.training import one_thread
from bncourse.ledger import load_findings, load_ledger
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


@pytest.mark.parametrize("name", FINDINGS)
def test_a_range_guards_the_sign_and_the_rough_size(name):
    """A verdict stands while its number is in the range, so that must not hold what refutes it.

    See `Finding.keeps_sign` and `Finding.is_rough` for the two rules. What has to break one says
    why in the evidence, ``loose=``, and nothing says so for nothing.
    """
    stored, measurement = FINDINGS[name], MEASUREMENTS[name]
    strict = stored.keeps_sign and stored.is_rough
    told = f"{stored.told()}, range {stored.low:g} to {stored.high:g}, carries {claims_on(name)}"
    if measurement.loose:
        assert not strict, f"{name} need not be loose: {told}"
        assert len(measurement.loose.split()) > 4
    else:
        assert stored.keeps_sign, f"{name} holds the other sign: {told}"
        assert stored.is_rough, f"{name} is not of rough size: {told}"


def test_few_ranges_are_loose():
    assert sum(bool(each.loose) for each in MEASUREMENTS.values()) <= 0.05 * len(MEASUREMENTS)


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
