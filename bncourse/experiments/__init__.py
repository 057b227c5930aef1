"""Claims put to the test: each module trains or measures, and returns a record of plain numbers.

Nothing here draws. A record is a frozen dataclass, so a figure can be drawn again without training
again. What takes too long for a lesson is measured once, by a command, into `bncourse.results`.
"""
