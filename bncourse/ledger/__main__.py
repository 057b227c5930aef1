"""Measure every finding again, store it, and write the page."""

from bncourse.ledger.measuring import measure_all, store
from bncourse.ledger.page import write_page

if __name__ == "__main__":
    findings = measure_all()
    for each in findings:
        mark = " " if each.low <= each.value <= each.high else "!"
        print(mark, each.told())
    print(store(findings))
    print(write_page())
