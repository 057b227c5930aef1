"""The claims ledger: every claim of the five texts, its verdict, and what settles it.

`load_ledger()` reads the claims (TOML, one file for each topic) and puts the measured numbers into
their reasons. `python -m bncourse.ledger` measures the numbers, or reads them from stored runs, and
writes `docs/claims.md`.
"""

from bncourse.ledger.claim import GROUNDS, TEXTS, TOPICS, VERDICTS, Claim, Place
from bncourse.ledger.finding import Finding
from bncourse.ledger.loading import load_findings, load_ledger, load_statements

__all__ = [
    "GROUNDS",
    "TEXTS",
    "TOPICS",
    "VERDICTS",
    "Claim",
    "Finding",
    "Place",
    "load_findings",
    "load_ledger",
    "load_statements",
]
