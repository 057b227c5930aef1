"""Cutting solutions: loud on every kind of wrong mark."""

import pytest

from bncourse.authoring.cut import AuthoringError, cut_solution, solution_lines


def test_a_solution_inside_a_function_leaves_a_comment():
    source = """def f(x):
    y = None
    ### BEGIN SOLUTION
    y = 2 * x
    ### END SOLUTION
    return y"""
    assert cut_solution(source) == "def f(x):\n    y = None\n    # Your code here\n    return y"


def test_a_solution_at_the_top_level_leaves_nothing():
    assert cut_solution("a = None\n### BEGIN SOLUTION\na = 3\n### END SOLUTION") == "a = None"


def test_several_solutions_in_one_cell():
    source = "### BEGIN SOLUTION\na\n### END SOLUTION\nb\n### BEGIN SOLUTION\nc\n### END SOLUTION"
    assert cut_solution(source) == "b"
    assert solution_lines(source) == ["a", "c"]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("### BEGIN SOLUTION\na", "never ends"),
        ("a\n### END SOLUTION", "line 2: a solution ends that never began"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "inside another"),
        ("a = 1  ### BEGIN SOLUTION", "stand alone"),
        ("### END SOLUTION and more", "stand alone"),
    ],
)
def test_a_wrong_mark_stops_the_build(source, word):
    with pytest.raises(AuthoringError, match=word):
        cut_solution(source)
