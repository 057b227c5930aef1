"""The trials behind some exercises: what they print, and what they say to an untouched stub."""

import pytest

from bncourse import try_out
from bncourse.registry import find
from bncourse.tasks.why_it_works.gradient_norms_slips import gradient_norms
from bncourse.tasks.why_it_works.rotations_slips import rotations
from bncourse.tasks.why_it_works.scale_test_slips import scale_test
from bncourse.tryouts import NOT_YET, TRIALS


def test_scales_show_what_batch_norm_does_not_mind(capsys):
    try_out("7.1", scale_test)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 6
    assert "grad_ratio      0.1" in told[0] and "grad_ratio        1" in told[1]


def test_growth_is_near_theory_with_batch_norm_only(capsys):
    try_out("7.4", gradient_norms)
    batch, layer, none = (float(t.split()[3]) for t in capsys.readouterr().out.splitlines())
    assert batch == pytest.approx(1.467, abs=0.05)
    assert abs(layer - 1) < 0.15 and abs(none - 1) < 0.15


def test_turns_end_where_theory_says_from_both_starts(capsys):
    try_out("7.6", rotations)
    for line in capsys.readouterr().out.splitlines():
        assert float(line.split("last 500 ")[1].split(";")[0]) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("key", TRIALS)
def test_an_untouched_exercise_is_told_so(key, capsys):
    try_out(key, find(key).stub)
    assert capsys.readouterr().out.startswith(NOT_YET)


def test_an_exercise_without_a_trial_is_refused():
    with pytest.raises(KeyError, match=r"7\.1, 7\.3"):
        try_out("1.1", print)
