"""Runs learners' code where no answer is: inputs go in, arrays come back, nothing else.

The parent holds expected values, judge and verdict. A child process gets the cells and the
inputs and answers in frames of plain arrays (``wire``). ``tiers`` says what confines it.
"""
