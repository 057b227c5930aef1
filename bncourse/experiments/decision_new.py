"""Cases of the map of `decision`: new nets for images and vectors, where batch size decides."""

from collections.abc import Iterator, Mapping

import numpy as np

from bncourse.experiments.decision import ENOUGH
from bncourse.experiments.decision_verdicts import Case, Comparison
from bncourse.experiments.ghost_batches import load_ghost_batches
from bncourse.experiments.group_counts import load_group_counts
from bncourse.experiments.small_batch_convs import load_small_batch_convs
from bncourse.experiments.small_batches import load_small_batches
from bncourse.experiments.sorted_batches import load_sorted_batches
from bncourse.experiments.without_norms import load_without_norms

NEW = {"trained": False, "sequence": False, "style": False}
MATES = {**NEW, "alone": False, "random": True}
GROUPS = 8  # of those in `group_counts`; `without_norms` has as many


def new_nets() -> Iterator[Case]:
    """Yield the cases of new nets."""
    yield from _mlps()
    yield from _convs()
    yield from _group_counts()
    yield from _without_norms()
    yield from _sorted()
    yield from _devices()


def one_device(size: int) -> dict[str, bool]:
    """Return the answers for shuffled batches of so many samples on one device."""
    if size == 1:
        return {**NEW, "alone": True}
    enough = size >= ENOUGH
    return {**MATES, "many": enough} | ({} if enough else {"devices": False})


def _compared(
    where: str, errors: Mapping[str, np.ndarray], ours: str, *rivals: str
) -> Iterator[Comparison]:
    for rival in rivals:
        if rival in errors and np.isfinite(errors[rival]).all():
            yield Comparison(where, ours, rival, errors[ours], errors[rival])


def _mlps() -> Iterator[Case]:
    record = load_small_batches()
    budgets = (f"{record.epochs} epochs", f"{record.updates} updates")
    for k, size in enumerate(record.batch_sizes.tolist()):
        # One at a time batch norm cannot be trained, and has no errors.
        roles = ("BN", "LN", "GN", "none") if size >= ENOUGH else ("GN", "BN", "none")
        found = tuple(
            comparison
            for budget, errors in zip(budgets, record.test_error[:, :, k], strict=True)
            for comparison in _compared(budget, dict(zip(record.arms, errors, strict=True)), *roles)
        )
        name = f"MLP, shuffled batches of {size}" if size > 1 else "MLP, one sample at a time"
        yield Case(name, one_device(size), "small_batches", found)


def _convs() -> Iterator[Case]:
    record = load_small_batch_convs()
    for k, size in enumerate(record.batch_sizes.tolist()):
        roles = ("BN", "GN", "LN", "none") if size >= ENOUGH else ("GN", "BN", "none")
        found = tuple(
            comparison
            for head, errors in zip(record.heads, record.test_error[:, :, k], strict=True)
            for comparison in _compared(
                f"head {head!r}", dict(zip(record.arms, errors, strict=True)), *roles
            )
        )
        name = f"Conv net, 16 channels, batches of {size}"
        yield Case(name, one_device(size), "small_batch_convs", found)


def _group_counts() -> Iterator[Case]:
    record = load_group_counts()
    groups = record.groups.tolist()
    for k, size in enumerate(record.batch_sizes):
        roles = ("BN", "GN", "IN") if size >= ENOUGH else ("GN", "BN", "IN")
        rows = {
            f"head {head!r}": {
                "BN": record.bn_error[h, k],
                "GN": record.test_error[h, k, groups.index(GROUPS)],
                "IN": record.test_error[h, k, -1],
            }
            for h, head in enumerate(record.heads)
        }
        if size >= ENOUGH:
            long = dict(zip(record.long_groups, record.long_error, strict=True))
            rows["head 'mean', 3 × as long"] = {
                "BN": long[None],
                "GN": long[GROUPS],
                "IN": long[groups[-1]],
            }
        found = tuple(
            comparison
            for where, errors in rows.items()
            for comparison in _compared(where, errors, *roles)
        )
        name = f"Conv net, {groups[-1]} channels, batches of {size}"
        yield Case(name, one_device(size), "group_counts", found)


def _without_norms() -> Iterator[Case]:
    record = load_without_norms()
    for n, net in enumerate(record.nets):
        for q, (size, scale) in enumerate(record.cells):
            errors = dict(zip(record.arms, record.own[n, :, q], strict=True))
            if scale != 1 or np.isnan(errors["BN"]).any():
                continue
            where = f"{record.epochs[n, q]} epochs"
            if size >= ENOUGH:
                rivals = ("LN", "GN", "WS+GN", "none", "SkipInit")
                found = [*_compared(where, errors, "BN", *rivals)]
            else:
                found = [*_compared(where, errors, "GN", "BN", "none", "SkipInit")]
                if net == "conv net":  # the map says to try it with standardised weights
                    found += _compared(where, errors, "WS+GN", "BN", "none")
            name = f"{net[0].upper()}{net[1:]}, weights of He, batches of {size}"
            yield Case(name, one_device(size), "without_norms", tuple(found))


def _sorted() -> Iterator[Case]:
    record = load_sorted_batches()
    for o, order in enumerate(record.orders):
        errors = {arm: record.test_error[a, o] for a, arm in enumerate(record.arms)}
        if order == "shuffled":
            name, answers = f"MLP, shuffled batches of {record.batch_size}", None
            roles = ("BN", "LN")
        else:
            name, answers = f"MLP, {order}", {**NEW, "alone": False, "random": False}
            roles = ("LN", "BN")
        found = tuple(_compared(f"{record.updates} updates", errors, *roles))
        yield Case(name, answers or one_device(record.batch_size), "sorted_batches", found)


def _devices() -> Iterator[Case]:
    """Groups of a ghost batch are devices that do not talk; one group is SyncBN."""
    record = load_ghost_batches()
    together, *sizes = record.group_sizes.tolist()
    for k, size in enumerate(sizes, start=1):
        enough = size >= ENOUGH
        roles = ("BN", "SyncBN") if enough else ("SyncBN", "BN")
        found = tuple(
            comparison
            for updates, errors in zip(record.updates, record.test_error, strict=True)
            for comparison in _compared(
                f"{updates} updates", {"SyncBN": errors[0], "BN": errors[k]}, *roles
            )
        )
        answers = one_device(size) | ({} if enough else {"devices": True})
        name = f"MLP, {together // size} devices with {size} samples each"
        yield Case(name, answers, "ghost_batches", found)
