"""Of every stored result that claims rest on, an arm is trained again and comes out as stored."""

import pytest

from bncourse.experiments.training import one_thread
from bncourse.ledger import load_findings, load_ledger
from bncourse.ledger.again import SLICES, TOUCHED, Slice, slice_of

FINDINGS = load_findings()


def test_every_stored_result_has_a_slice():
    assert {each.stored for each in FINDINGS.values() if each.stored} == set(SLICES)


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_is_of_arms_that_claims_rest_on(name):
    carrying = {each.name for claim in load_ledger() for each in claim.evidence}
    assert TOUCHED[name]
    for each in TOUCHED[name]:
        assert FINDINGS[each].stored == name
        assert each in carrying


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


def test_a_result_has_one_slice():
    with pytest.raises(ValueError, match="two slices of 'tables'"):
        slice_of("tables", "wine-test-gap")
