"""All attacks in one list, and which of them meet which tier in a run of the tests."""

from __future__ import annotations

from collections import Counter

from tests.hostile import (
    abuse_by_errors,
    abuse_by_results,
    abuse_of_files,
    abuse_of_memory,
    abuse_of_processes,
    abuse_of_the_folder,
    abuse_of_the_machine,
    abuse_of_time,
    broken_cells,
    broken_code,
    broken_files,
    forgeries_by_comparison,
    forgeries_by_looking,
    forgeries_by_memory,
    forgeries_by_spying,
    forgeries_in_the_shell,
    forgeries_of_frames,
    forgeries_of_the_grader,
    forgeries_on_the_channel,
)
from tests.hostile.attack import SHORT, Attack

MODULES = (
    forgeries_by_comparison,
    forgeries_by_memory,
    forgeries_by_looking,
    forgeries_by_spying,
    forgeries_in_the_shell,
    forgeries_of_the_grader,
    forgeries_on_the_channel,
    forgeries_of_frames,
    abuse_of_time,
    abuse_of_memory,
    abuse_of_processes,
    abuse_of_files,
    abuse_of_the_folder,
    abuse_of_the_machine,
    abuse_by_results,
    abuse_by_errors,
    broken_files,
    broken_cells,
    broken_code,
)
ATTACKS: tuple[Attack, ...] = tuple(a for module in MODULES for a in module.ATTACKS)
FULLY_TRIED = "landlock"
# Waiting is done by the parent and results are read by one and the same code, whatever the
# tier; reading files needs none. Of these the other tiers meet a few.
ALIKE = (abuse_by_results, abuse_by_errors, broken_files, broken_cells, broken_code)
ALSO = (
    "endless-loop", "deaf-to-signals", "memory-bomb", "hangs-up", "endless-steps", "segfault",
    "exit-in-a-call", "exit-in-a-cell", "real-time-signal", "fork-and-leave", "spiteful",
    "odd-forms", "untouched", "stopped-try", "fifty-megabytes-returned",
)  # fmt: skip

assert max(Counter(a.key for a in ATTACKS).values()) == 1, "two attacks with one key"


def against(tier: str) -> list[Attack]:
    """The attacks that are tried on a tier.

    One tier meets all that it promises to contain; the others those that meet its own walls.
    """
    promised = [a for a in ATTACKS if tier in a.tiers]
    if tier == FULLY_TRIED:
        return promised
    left_out = {a.key for module in ALIKE for a in module.ATTACKS}
    left_out |= {a.key for a in ATTACKS if a.seconds == SHORT or "torch" in a.key}
    left_out |= {a.key for a in forgeries_of_frames.ATTACKS if a.key.endswith("-in-a-cell")}
    return [a for a in promised if a.key in ALSO or a.key not in left_out]
