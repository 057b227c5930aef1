"""Results in writing: pages, tables and exports. All are pure functions to text.

``feedback`` and ``class_page`` make HTML pages, ``tables`` the course's own CSV and JSON,
``exports`` what other systems read; ``files`` writes any of it.
"""
