"""How a finding writes its number."""

import pytest

from bncourse.ledger.finding import Finding, decimals, rounded, significant


def finding(value, unit="", spread=None, exact=False, ends=(0, 1)):
    return Finding("name", "what", value, unit, spread, "sd over 5 seeds", *ends, exact, "by", "")


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


@pytest.mark.parametrize(
    ("value", "spread", "unit", "ends", "keeps"),
    [
        (-6.4, 1.4, "points", (-20, 5), False),
        (-6.4, 1.4, "points", (-20, 0), True),  # it may end at the neutral value
        (1.0, 0.5, "points", (-1, 3), False),  # exactly two spreads are clear
        (1.0, 0.51, "points", (-1, 3), True),
        (0.02, None, "", (-1, 1), False),
        (0.0, None, "", (-1, 1), True),
        (1.5, 0.1, "times", (0.8, 3), False),
        (1.5, 0.1, "times", (1, 3), True),
        (0.6, 0.1, "times", (0.1, 1.2), False),
        (1.02, 0.03, "times", (0.8, 1.2), True),
    ],
)
def test_a_range_keeps_the_sign_of_a_clear_number(value, spread, unit, ends, keeps):
    assert finding(value, unit, spread, ends=ends).keeps_sign is keeps


@pytest.mark.parametrize(
    ("value", "spread", "unit", "ends", "rough"),
    [
        (0.0055, 0.0006, "", (0, 0.1), False),
        (0.0055, 0.0006, "", (0, 0.0165), True),
        (1.25e5, None, "times", (1e3, 1e8), False),
        (1.25e5, None, "times", (4e4, 5e5), True),
        (0.005, None, "times", (0, 0.9), False),
        (0.005, None, "times", (0, 0.01), False),  # a ratio's ends are factors
        (-1.0, 0.15, "points", (-4, 3), False),
        (-1.0, 0.15, "points", (-3, 0), True),
        (0.1, 0.9, "points", (-2.7, 2.7), True),  # three spreads to each side of nothing
        (0.1, 0.1, "points", (-1.5, 1.5), True),  # a point is five images
        (0.1, 0.1, "", (-1.5, 1.5), False),
        (98.0, 0.3, "%", (90, 100), False),  # what is missing is 2
        (98.0, 0.3, "%", (94, 100), True),
        (98.0, 0.3, "%", (25, 98), False),  # of shares a factor says nothing
        (256.0, None, "", (64, 1024), True),
        (0.0, None, "", (0, 1), False),
        (0.0, None, "", (0, 0), True),
    ],
)
def test_a_range_is_of_rough_size(value, spread, unit, ends, rough):
    assert finding(value, unit, spread, ends=ends).is_rough is rough


def test_what_is_zero_up_to_rounding_needs_no_size():
    assert finding(0.0, exact=True, ends=(0, 1e-10)).is_rough
