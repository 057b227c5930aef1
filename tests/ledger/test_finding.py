"""How a finding writes its number."""

import pytest

from bncourse.ledger.finding import Finding, decimals, rounded, significant


def finding(value, unit="", spread=None, exact=False):
    return Finding("name", "what", value, unit, spread, "sd over 5 seeds", 0, 1, exact, "by", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (36.3846, "36.4"),
        (1626.92, "1,630"),
        (11056.0, "11,056"),
        (0.000452, "4.52 · 10⁻⁴"),
        (7.5e8, "7.5 · 10⁸"),
        (-0.14, "−0.14"),
        (-2e-7, "−2 · 10⁻⁷"),
        (0.0, "0"),
        (3.0, "3"),
        (0.30199, "0.302"),
    ],
)
def test_three_digits_are_written(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (36.2, 11.04, "36 ± 11 times"),
        (0.1699, 0.1004, "0.17 ± 0.10 times"),
        (-0.08, 0.23, "−0.08 ± 0.23 times"),
        (100.0, 0.0, "100 ± 0 times"),
        (-0.001, 0.21, "0.00 ± 0.21 times"),
        (24.1, None, "24.1 times"),
    ],
)
def test_a_spread_sets_the_digits(value, spread, text):
    assert finding(value, "times", spread).written("±") == text


def test_a_number_without_its_unit():
    assert finding(24.14, "times").written("bare") == "24.1"
    assert finding(24.14, "times").written() == "24.1 times"


def test_the_digits_of_rounding_errors_are_not_told():
    assert finding(3e-16, exact=True).written("±") == "0 up to rounding"


def test_what_is_told_names_the_spread():
    assert finding(1.5, "points", 0.5).told() == "what: 1.50 ± 0.50 points (sd over 5 seeds)"


def test_whole_numbers_stay_whole():
    assert (decimals(100352.0, 3), rounded(100352.0, 0)) == (0, "100,352")
