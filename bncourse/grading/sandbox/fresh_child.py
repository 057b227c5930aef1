"""The start of a fresh interpreter that serves one submission, on any system."""

from __future__ import annotations

import os
import sys

from bncourse.grading.sandbox.child import serve
from bncourse.grading.sandbox.preload import load


def main(kind: str, cpu: int, memory: int) -> None:
    """Serve the request on standard input, answer on standard output, and end the process."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if sys.platform == "win32":
        import msvcrt

        for fd in (requests, answers):
            msvcrt.setmode(fd, os.O_BINARY)
    load(kind)
    del sys.path[0]  # the course: what is needed of it is loaded. No wall, see `tiers.MEANING`
    if sys.platform != "win32":
        from bncourse.grading.sandbox.confine import Limits, address_space, limit

        limit(Limits(cpu, address_space() + memory))
    try:
        serve(requests, answers, kind)
    finally:
        os._exit(0)
