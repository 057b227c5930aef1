"""``python -m bncourse`` is ``bncourse``."""

from bncourse.cli import main

raise SystemExit(main())
