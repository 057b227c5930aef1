"""Slices of lessons 08 to 10: small batches, recurrent nets, a transformer."""

from __future__ import annotations

from collections.abc import Iterator

from bncourse.ledger.again.slices import Slice, slice_of


@slice_of("small_batches", "error-at-2", "recomputed-at-2", "error-at-32", "bn-over-gn-32")
def _() -> Iterator[Slice]:
    from bncourse.experiments.small_batches import (
        BUDGETS,
        budget_updates,
        load_small_batches,
        measure,
    )

    stored = load_small_batches()
    # Training in float32 makes the rounding of another machine grow, most with batches of 2.
    for arm, size, budget, within in (
        ("BN", 2, "epochs", 8),
        ("LN", 2, "updates", 2),
        ("BN", 32, "epochs", 1.5),
        ("LN", 32, "epochs", 1.5),
        ("GN", 32, "epochs", 1.5),
    ):
        b, at = BUDGETS.index(budget), list(stored.batch_sizes).index(size)
        rate = stored.rates[b, stored.arms.index(arm), at]
        found = measure(arm, size, budget_updates(budget, size), stored.seeds[:1], [rate])
        for name, now in found.items():
            then = stored.test_error[b, stored.arms.index(name), at, :1]
            yield Slice(f"{name}, batches of {size}, equal {budget}", now[0], then, within)


@slice_of("ghost_batches", "ghost-2")
def _() -> Iterator[Slice]:
    from bncourse.experiments.ghost_batches import load_ghost_batches, measure

    stored = load_ghost_batches()
    for size, within in ((2, 5), (stored.batch_size, 1.5)):
        at = list(stored.group_sizes).index(size)
        now, _ = measure(size, stored.updates[0], stored.seeds[:2], [stored.rates[0, at]])
        yield Slice(f"groups of {size}", now[0], stored.test_error[0, at, :2], within)


@slice_of("sorted_batches", "one-class-bn", "one-class-ln")
def _() -> Iterator[Slice]:
    from bncourse.experiments.sorted_batches import load_sorted_batches, measure

    stored = load_sorted_batches()
    k = stored.orders.index("one class each")
    for arm, within in (("BN", 4), ("LN", 1.5)):
        a = stored.arms.index(arm)
        now = measure(arm, "one class each", stored.seeds[:2], [stored.rates[a, k]])
        yield Slice(arm, now["test_error"][0], stored.test_error[a, k, :2], within)


@slice_of("small_batch_convs", "conv-2-updates", "conv-2-per-place-updates")
def _() -> Iterator[Slice]:
    from bncourse.experiments.small_batch_convs import load_small_batch_convs, measure

    stored = load_small_batch_convs()
    h, k = stored.heads.index("flatten"), list(stored.batch_sizes).index(2)
    epochs, updates = stored.epochs[h], stored.updates[h]
    for arm, within in (("BN", 2), ("GN", 2), ("BN per place", 7)):
        a = stored.arms.index(arm)
        rates = [stored.updates_rates[h, a, k]]
        now = measure(arm, "flatten", 2, epochs, stored.seeds[:2], rates, updates=updates)
        yield Slice(arm, now[0], stored.updates_error[h, a, k, :2], within)


@slice_of("recurrent_arms", "rnn-per-step", "rnn-shared", "rnn-shared-by-batch", "rnn-by-twos")
def _() -> Iterator[Slice]:
    from bncourse.experiments.recurrent_arms import evaluate_all, load_recurrent_arms
    from bncourse.experiments.recurrent_runs import run

    stored = load_recurrent_arms()
    cases = list(zip(stored.steps, stored.starts, strict=True))
    # At 64 steps rounding grows more than at 16.
    for steps, gamma, within in ((16, 1.0, 0.08), (64, 0.1, 0.1)):
        c = cases.index((steps, "orthogonal"))
        places = [stored.arms.index(f"{kind} {gamma:g}") for kind in ("per step", "shared")]
        rate, budget = stored.rates[c, places[0], 0], stored.budgets[c, :1]
        found = run(
            steps, "orthogonal", "batch", gamma, rate, stored.seeds[:2], evaluate_all, budget
        )
        for kind, a in zip(("per step", "shared"), places, strict=True):
            if stored.rates[c, a, 0] == rate:  # then they are the same nets
                then = stored.evaluated[c, a, 0, :2]
                yield Slice(f"{steps} steps, {kind}", found[0][kind], then, within)
        then = stored.by_batch[c, places[0], 0, :2]
        yield Slice(f"{steps} steps, by the batch", found[0]["by batch"], then, within)
        if steps == 16:
            then = stored.by_twos[c, places[0], 0, :2]
            yield Slice("16 steps, by twos", found[0]["by 2"], then, 0.1)


@slice_of("transformer_training", "transformer-bn-gain")
def _() -> Iterator[Slice]:
    from bncourse.experiments.transformer_training import load_transformer_training, measure

    stored = load_transformer_training()
    for arm in ("pre, batch norm", "pre"):
        a = stored.arms.index(arm)
        r, budget = stored.best[a, 0], stored.budgets[:1]
        now = measure(arm, stored.rates[[r]], stored.seeds[:1], budget)
        yield Slice(arm, now[0, 0, 0], stored.accuracy[a, r, 0, :1], 0.04)
