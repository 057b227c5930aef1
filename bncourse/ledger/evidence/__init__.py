"""The measurements behind the claims, one module for each lesson or topic.

Importing this package registers them all; see `bncourse.ledger.measuring`.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
