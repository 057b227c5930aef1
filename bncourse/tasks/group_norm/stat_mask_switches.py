"""Who shares a mean, with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# From a channel to the number of its group, with C channels in G groups.
BLOCKS: dict[str, Callable] = {
    "right": lambda c, C, G: c // max(C // G, 1),
    "interleaved": lambda c, C, G: c % G,
    "size": lambda c, C, G: c // G,
    "interleaved, size": lambda c, C, G: c % max(C // G, 1),
}
# Where the group of channel c begins, and how many channels are taken from there; k is C // G.
CUTS: dict[str, Callable] = {
    "own": lambda c, k, G: (c, k),
    "number": lambda c, k, G: (c // k, k),
    "steps of G": lambda c, k, G: (c // k * G, k),
    "blocks of G": lambda c, k, G: (c // G * G, k),
    "number by G": lambda c, k, G: (c // G * k, k),
    "remainder": lambda c, k, G: (c % G * k, k),
    "G long": lambda c, k, G: (c // k * k, G),
    "one short": lambda c, k, G: (c // k * k, k - 1),
    "one long": lambda c, k, G: (c // k * k, k + 1),
    "around": lambda c, k, G: (c - k // 2, k),
    "at c % G": lambda c, k, G: (c % G, k),
    "at c % k": lambda c, k, G: (c % k, k),
    "up to k": lambda c, k, G: (c // k * k, k - c // k * k),
    "one channel": lambda c, k, G: (c // k, 1),
}
# A place, and the entry of the index that is taken for it by mistake.
CROSSED = {"N": ("n", "c"), "C": ("c", "n")}
# Which numbers of groups are refused, by the channels, the index and the samples.
REFUSED: dict[str, Callable] = {
    "channels": lambda C, G, index, N: C % G,
    "own channel": lambda C, G, index, N: index[1] % G,
    "turned": lambda C, G, index, N: G % C,
    "samples": lambda C, G, index, N: N % G,
}


def stat_mask(
    kind, index, shape, groups, *,
    batch="c", layer="n", last="nhw", instance="nc", group="ng", blocks="right", start="block",
    refuse="group", test="channels", order="nchw", first="none", turned=False, own=True,
):  # fmt: skip
    """Return the mask (N, C, H, W); the keywords switch single slips on.

    For each kind: the letters that must be those of the index; g is the channel's group; a
    capital stands for a place at which another entry of the index is taken.
    """
    C = shape[1]
    uneven = REFUSED[test](C, groups, index, shape[0])
    if uneven and (refuse == "all" or (refuse == "group" and kind == "group")):
        raise ValueError(f"{groups} groups do not divide {C} channels")
    same = {"batch": batch, "layer": layer, "layer last": last, "instance": instance}
    letters = dict(zip(order, index, strict=True))
    if first in ("all", kind):
        letters["n"] = 0
    places = dict(zip("nchw", np.indices(shape), strict=True))
    mask = np.ones(shape, dtype=bool)
    for letter in same.get(kind, group):
        if letter == "g":
            mask &= _in_group(places["c"], letters["c"], C, groups, blocks, start)
        else:
            place, taken = CROSSED.get(letter, (letter, letter))
            mask &= places[place] == letters[taken]
    mask[tuple(index)] &= own
    return ~mask if turned else mask


def _in_group(c, own, C, G, blocks, start):
    if start == "block":
        return BLOCKS[blocks](c, C, G) == BLOCKS[blocks](own, C, G)
    begin, length = CUTS[start](own, max(C // G, 1), G)
    return (c >= begin) & (c < begin + length)
