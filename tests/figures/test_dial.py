import pytest

from bncourse.figures.dial import Dial, Stops


@pytest.fixture
def turned():
    return []


@pytest.fixture
def dial(turned):
    dial = Dial("S5", -20, 120, 1, 9)
    dial.observe(lambda change: turned.append(change["new"]), "value")
    return dial


def test_slider_and_box_turn_the_dial_and_each_other(dial, turned):
    dial.slider.value = 12
    assert (dial.value, dial.box.value) == (12, 12)
    dial.box.value = 109
    assert (dial.value, dial.slider.value) == (109, 109)
    assert turned == [12, 109]


def test_a_step_that_a_browser_added_up_is_rounded(dial):
    dial.aim("gamma", -5, 5, 0.1, 1)
    dial.slider.value = 1.0999999999999996
    assert dial.value == 1.1


def test_the_value_is_kept_exactly_and_shown_short(dial, turned):
    dial.value = 8**0.5
    assert dial.value == 8**0.5
    assert (dial.box.value, dial.slider.value) == (2.828427, 3)
    assert turned == [8**0.5]


@pytest.mark.parametrize("value", [8**0.5, -4.96, 42.048, -7.77, 0.1 + 0.2])
def test_the_slider_stands_on_a_step_so_that_no_browser_moves_it(value):
    dial = Dial("gamma", -5, 5, 0.1, 0)
    for _ in range(2):
        dial.aim("gamma", -5, 5, 0.1, value)
        steps = (dial.slider.value - dial.slider.min) / dial.slider.step
        assert steps == pytest.approx(round(steps)) or dial.slider.value == dial.slider.max
        assert abs(dial.slider.value - value) <= 0.0501
        assert dial.value == value and dial.box.value == round(value, 6)


def test_a_dial_can_be_aimed_at_another_number(dial):
    dial.aim("gamma", -5, 5, 0.1, 1.5)
    assert (dial.slider.min, dial.slider.max, dial.slider.step) == (-5, 5, 0.1)
    assert (dial.slider.description, dial.box.description) == ("gamma", "gamma =")
    assert dial.value == dial.slider.value == dial.box.value == 1.5
    dial.aim("S1", 100, 120, 1, 110)
    assert (dial.slider.min, dial.slider.value, dial.slider.max) == (100, 110, 120)


def test_the_range_grows_to_hold_the_value(dial):
    dial.aim("gamma", -5, 5, 0.1, 42.048)
    assert (dial.slider.max, dial.value, dial.box.value) == (42.048, 42.048, 42.048)
    dial.aim("gamma", -5, 5, 0.1, 1)
    assert dial.slider.max == 5


def test_a_dial_is_locked_as_one(dial):
    dial.disabled = True
    assert dial.slider.disabled and dial.box.disabled
    dial.disabled = False
    assert not dial.slider.disabled and not dial.box.disabled


def test_stops_go_from_one_number_to_the_next(turned):
    stops = Stops("update", [0, 5, 100], 0)
    stops.observe(lambda change: turned.append(change["new"]), "value")
    stops.slider.value = 5
    assert (stops.value, stops.box.value) == (5, 5)
    stops.box.value = 90
    assert (stops.value, stops.slider.value, stops.box.value) == (100, 100, 100)
    stops.box.value = 99
    assert stops.box.value == 100
    stops.value = 3
    assert (stops.value, stops.slider.value) == (5, 5)
    assert turned == [5, 100, 5]


def test_stops_are_locked_as_one():
    stops = Stops("update", [0, 5], 0)
    stops.disabled = True
    assert stops.slider.disabled and stops.box.disabled
