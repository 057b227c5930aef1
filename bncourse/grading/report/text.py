"""Texts from learners and numbers in writing. Names, output and messages may hold anything."""

from __future__ import annotations

import re
from datetime import datetime

# Sequences that a terminal obeys: CSI (ended by a letter), OSC and its kin (ended by BEL or ST),
# and the short ones.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# Control characters but for line feed and tab; what turns the direction of the text around it;
# what is no character at all.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffb"
    "\ufffe\uffff]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
NAME_LIMIT = 80
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def clean(text: object) -> str:
    """Return the text without anything that steers a terminal or a page.

    Escape sequences, control characters and direction overrides are dropped, line ends become
    line feeds and lone surrogates the replacement character, so that it can be encoded.
    """
    text = str(text)
    if text.isprintable():  # which no character dealt with here is
        return text
    text = _ANSI.sub("", _LINE_END.sub("\n", text))
    return _LONE_SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def clip(text: object, limit: int, lines: int = 12) -> str:
    """Return the clean text, cut at ``limit`` characters and ``lines`` lines, saying what more."""
    text = clean(text).strip("\n")
    kept = "\n".join(text[:limit].split("\n", lines)[:lines])
    left = len(text) - len(kept)
    return f"{kept} … ({left:,} more characters)" if left else text


def one_line(text: object, limit: int = 0) -> str:
    """Return the clean text on one line; a ``limit`` above 0 cuts it, with an ellipsis."""
    line = " ".join(clean(text).split())
    return f"{line[: limit - 1]}…" if limit and len(line) > limit else line


def known_as(name: str, learner: str) -> str:
    """Return what to call a learner, on one line: the name, or the identity without one."""
    return one_line(name, NAME_LIMIT) or one_line(learner, NAME_LIMIT) or "nameless"


def number(value: float, decimals: int = 3) -> str:
    """Write a number without idle zeros: 4, 4.5, 0.667."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def percent(part: float, whole: float) -> str:
    """Write a share in whole per cent, never rounded up to 100 or down to 0."""
    if whole <= 0:
        return ""
    share = 100 * part / whole
    whole_number = round(share)
    if whole_number >= 100 > share:
        whole_number = 99
    elif whole_number <= 0 < share:
        whole_number = 1
    return f"{whole_number} %"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: 1 learner, 2 learners."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def points(value: float) -> str:
    """Write a score with its unit: 1 point, 0.667 points."""
    return f"{number(value)} {'point' if value == 1 else 'points'}"


def moment(when: str) -> str:
    """Write a time in ISO 8601 for people: 14 March 2026, 10:12 UTC. Other texts stay."""
    try:
        time = datetime.fromisoformat(when)
    except ValueError:
        return one_line(when, 60)
    day = f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M}"
    return f"{day} {time.tzname()}" if time.tzinfo else day


def exercise_title(exercise: str) -> str:
    """Return an exercise's heading: "03_batch_norm" is "Exercise 03: batch norm"."""
    name = one_line(exercise, NAME_LIMIT)
    match = re.fullmatch(r"(\d+)[_-](.+)", name)
    if match:
        return f"Exercise {match[1]}: {match[2].replace('_', ' ')}"
    return f"Exercise {name}" if name else "Exercise"
