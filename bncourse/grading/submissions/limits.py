"""How much of a submission is looked at. Far above honest work, far below what would hurt."""

from __future__ import annotations

MAX_BYTES = 64_000_000  # one notebook, outputs and all
MAX_CODE = 2_000_000  # characters of code in one notebook
MAX_CELLS = 5_000  # code cells in one notebook
MAX_MEMORY = 250_000_000  # bytes that a notebook's parts may need once its JSON is read

MAX_FILES = 50  # notebooks of one submission
MAX_TOTAL = 256_000_000  # bytes to be unpacked for all notebooks of one submission
MAX_ENTRIES = 20_000  # files of any kind below one submission
MAX_DEPTH = 20  # folders inside folders
MAX_LISTING = 200_000  # entries of one folder

MAX_ARCHIVE = 64_000_000  # bytes of a zip that lies in another zip
MAX_DIRECTORY = 64_000_000  # bytes of the table of contents of a class's zip: about 800,000 entries
MAX_INNER_DIRECTORY = 2_000_000  # the same for a learner's own zip: about 25,000 entries
MAX_METADATA = 64_000_000  # bytes of Gradescope's own description of an export
