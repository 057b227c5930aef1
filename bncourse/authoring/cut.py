"""Cutting solutions out of a cell: what stands between the marks goes, the rest stays."""

from __future__ import annotations

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
PLACEHOLDER = "# Your code here"


class AuthoringError(Exception):
    """A notebook cannot be built as it is; the message names the cell and what to mend."""


def cut_solution(source: str) -> str:
    """Return the cell without its solutions.

    Inside a function a comment takes a solution's place; at the top level nothing does.
    Raises AuthoringError on marks that are nested, unclosed, unopened or not on a line of
    their own.
    """
    kept: list[str] = []
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        mark = line.strip()
        if mark == BEGIN:
            if inside:
                raise AuthoringError(f"line {number}: a solution begins inside another one")
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            if indent:
                kept.append(indent + PLACEHOLDER)
        elif mark == END:
            if not inside:
                raise AuthoringError(f"line {number}: a solution ends that never began")
            inside = False
        elif BEGIN in line or END in line:
            raise AuthoringError(f"line {number}: a mark must stand alone on its line")
        elif not inside:
            kept.append(line)
    if inside:
        raise AuthoringError(f"a solution begins and never ends: add a line {END!r}")
    return "\n".join(kept).rstrip()


def solution_lines(source: str) -> list[str]:
    """Return the lines between the marks, stripped."""
    inside, lines = False, []
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            inside = mark == BEGIN
        elif inside and mark:
            lines.append(mark)
    return lines
