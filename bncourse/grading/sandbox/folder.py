"""How much a learner's process has written to its private folder."""

from __future__ import annotations

import os

MAX_BYTES = 16 << 20
MAX_FILES = 256


def overfull(folder: str) -> bool:
    """Say whether the folder holds more bytes or files than it may."""
    files = size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                files += 1
                found = entry.stat(follow_symlinks=False)
                size += max(found.st_size, getattr(found, "st_blocks", 0) * 512)
                if files > MAX_FILES or size > MAX_BYTES:
                    return True
    except OSError:  # it was renamed or emptied meanwhile
        return False
    return False
