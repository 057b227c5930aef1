"""9.5: put the lines of a pre-LN block in order."""

from __future__ import annotations

import numpy as np

from bncourse.grading.assembly import Assembly, Line
from bncourse.grading.blocks import assemble_block, sublayer
from bncourse.grading.handed import FUNCTION
from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Task
from bncourse.layers.oracles import layer_norm
from bncourse.tasks.layer_norm.block_halves import lines_of_two_halves, two_halves


def block(
    x, norm_1, attention, norm_2, feed_forward, *, halves=("pre", "pre"), order="right", joined=True
):
    """A pre-LN block; the keywords switch single slips on.

    ``halves`` says where the norm stands in each of the two, or what became of the residual.
    """
    norm_1, attention, norm_2, feed_forward = (
        sublayer(part, layer_norm) for part in (norm_1, attention, norm_2, feed_forward)
    )

    def half(x, seen, kind, norm, layer):
        return {
            "pre": lambda: x + layer(norm(seen)),
            "post": lambda: norm(x + layer(x)),
            "both": lambda: norm(x + layer(norm(x))),
            "bare": lambda: x + layer(x),
            "stream": lambda: norm(x) + layer(norm(x)),
            "batch": lambda: x + layer((x - x.mean(axis=0)) / x.std(axis=0)),
            "no residual": lambda: layer(norm(x)),
            "not added": lambda: x,
        }[kind]()

    first, second = (norm_1, attention), (norm_2, feed_forward)
    if order == "feed-forward first":
        x = half(x, x, halves[1], *second)
        return half(x, x, halves[0], *first)
    given = x
    x = half(x, x, halves[0], *first)
    return half(x, given if order == "side by side" else x, halves[1], *second)


_slip = slips(block)


MISCONCEPTIONS = (
    _slip(
        "post-LN",
        "That is the post-LN block: the sum itself is normalised, twice in each block, and nothing "
        "passes untouched.",
        "If both sub-layers gave 0, what should come out of a pre-LN block?",
        halves=("post", "post"),
    ),
    _slip(
        "post-LN in the first half",
        "The first half is that of a post-LN block: the sum of stream and attention is normalised.",
        "If attention gave 0, what should come out of the first half?",
        halves=("post", "pre"),
    ),
    _slip(
        "post-LN in the second half",
        "The second half is that of a post-LN block: the sum of stream and feed-forward is "
        "normalised.",
        "If the feed-forward layer gave 0, what should come out of the second half?",
        halves=("pre", "post"),
    ),
    _slip(
        "half of a post-LN block",
        "The first half is that of a post-LN block, and the feed-forward layer never reaches the "
        "stream.",
        "If both sub-layers gave 0, what should come out of a pre-LN block?",
        halves=("post", "not added"),
    ),
    _slip(
        "normalised twice in the first half",
        "The first half is normalised before attention and again after the sum.",
        "If attention gave 0, what should come out of the first half?",
        halves=("both", "pre"),
    ),
    _slip(
        "normalised twice in the second half",
        "The second half is normalised before the feed-forward layer and again after the sum.",
        "If the feed-forward layer gave 0, what should come out of the second half?",
        halves=("pre", "both"),
    ),
    _slip(
        "normalised twice in both halves",
        "Each half is normalised before its sub-layer and again after the sum.",
        "If both sub-layers gave 0, what should come out of a pre-LN block?",
        halves=("both", "both"),
    ),
    _slip(
        "the stream normalised",
        "x itself was replaced by its normalised version, and attention is added to that. The "
        "stream x should go straight through.",
        "Which x is attention added to: the one that came in, or another?",
        halves=("stream", "pre"),
    ),
    _slip(
        "the stream normalised, then post-LN",
        "x itself was replaced by its normalised version, and in the second half the sum is "
        "normalised.",
        "If both sub-layers gave 0, what should come out of a pre-LN block?",
        halves=("stream", "post"),
    ),
    _slip(
        "batch norm",
        "The tokens of a text share one mean there, unit by unit: batch norm, with the "
        "tokens as the batch.",
        "What would the first token know of the later ones?",
        "M3",
        halves=("batch", "pre"),
    ),
    _slip(
        "no residual",
        "What came in is lost: only attention goes on.",
        "If attention gave 0, what would be left of the tokens?",
        halves=("no residual", "pre"),
    ),
    _slip(
        "attention without a norm",
        "Attention gets the stream as it is.",
        "What does norm_1 stand before in a pre-LN block?",
        halves=("bare", "pre"),
    ),
    _slip(
        "feed-forward without a norm",
        "The feed-forward layer gets the stream as it is.",
        "What does norm_2 stand before in a pre-LN block?",
        halves=("pre", "bare"),
    ),
    _slip(
        "no norm at all",
        "Both sub-layers get the stream as it is.",
        "What do norm_1 and norm_2 stand before in a pre-LN block?",
        halves=("bare", "bare"),
    ),
    _slip(
        "attention not added",
        "Attention is computed, if at all, and never reaches the stream.",
        "Which line adds to x what attention gives?",
        halves=("not added", "pre"),
    ),
    _slip(
        "feed-forward not added",
        "The feed-forward layer is computed, if at all, and never reaches the stream.",
        "Which line adds to x what the feed-forward layer gives?",
        halves=("pre", "not added"),
    ),
    _slip(
        "feed-forward first",
        "The feed-forward layer comes before attention.",
        "Which of the two should work on what the other has gathered from the other tokens?",
        order="feed-forward first",
    ),
    _slip(
        "side by side",
        "norm_2 gets the stream before attention was added: the two sub-layers stand side by side. "
        "Some nets are built so; here one should follow the other.",
        "Does the feed-forward layer see what attention found?",
        order="side by side",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tokens and sub-layers, and blocks in which one or both sub-layers give 0."""

    def draw(label, t, h, *, attends=True, feeds=True):
        def norm():
            gamma, beta = rng.uniform(0.5, 1.5, h), rng.normal(0, 0.5, h)
            return {FUNCTION: "layer norm", "gamma": gamma, "beta": beta, "eps": 1e-5}

        zero = {FUNCTION: "gives 0"}
        mix = rng.uniform(0.2, 1, (t, t))
        mix = mix / mix.sum(axis=1, keepdims=True)
        attention = {FUNCTION: "attention", "mix": mix, "weights": rng.normal(0, 1, (h, h))}
        inner, outer = rng.normal(0, 1, (h, 2 * h)), rng.normal(0, 0.7, (2 * h, h))
        feed_forward = {FUNCTION: "feed-forward", "inner": inner, "outer": outer}
        x = rng.normal(rng.normal(0, 2, h), rng.uniform(1, 3), (t, h))
        layers = (norm(), attention if attends else zero, norm(), feed_forward if feeds else zero)
        return Case(label, (x, *layers))

    return [
        draw("sub-layers that give 0", 2, 3, attends=False, feeds=False),
        draw("attention that gives 0", 2, 3, attends=False),
        draw("a feed-forward layer that gives 0", 2, 3, feeds=False),
        draw("four tokens, five units", 4, 5),
        draw("three tokens, four units", 3, 4),
    ]


ASSEMBLY = Assembly(
    question=(
        "Put the lines of a **pre-LN** block in order: attention first, the feed-forward layer "
        "after it. `x` is `(T, H)`, T tokens of H units; `norm_1` and `norm_2` are layer norms. "
        "Lines marked with the same sign are alternatives: take one of each. Some lines belong to "
        "other blocks and stay over. The answer is judged by running it."
    ),
    head="def block(x, norm_1, attention, norm_2, feed_forward):",
    lines=(
        Line("A", "    x = x + f", "▽"),
        Line("B", "    f = feed_forward(m)", "◇"),
        Line("C", "    x = norm_1(x + a)", "△"),
        Line("D", "    n = norm_1(x)", "□"),
        Line("E", "    x = norm_1(x)", "□"),
        Line("F", "    a = attention(x)", "○"),
        Line("G", "    m = norm_2(x)"),
        Line("H", "    x = norm_2(x + f)", "▽"),
        Line("K", "    x = x + a", "△"),
        Line("L", "    f = feed_forward(x)", "◇"),
        Line("M", "    a = attention(n)", "○"),
        Line("N", "    n = (x - x.mean(axis=0)) / x.std(axis=0)", "□"),
        Line("P", "    x = a", "△"),
    ),
    tail="    return x",
)

TASK = Task(
    id="9.5",
    title="pre or post",
    entry="block_order",
    objective="Say where the norm stands in a pre-LN block, and what passes by it",
    minutes=10,
    params=("x", "norm_1", "attention", "norm_2", "feed_forward"),
    outputs=("x",),
    cases=cases,
    reference=block,
    misconceptions=MISCONCEPTIONS + two_halves(_slip),
    hints=(
        "Draw the stream x as a straight line from top to bottom. In a pre-LN block nothing stands "
        "on that line but two additions.",
        "Each half has three steps: normalise a copy of the stream, send the copy through the "
        "sub-layer, add the result to the stream. No line may replace x by something normalised.",
        "If both sub-layers gave 0, x would have to come out as it went in. The second half is "
        "G (m from the stream), B (through the feed-forward layer), A (added). Find the three "
        "lines that do the same with attention, and put them first.",
    ),
    stub="",
    driver=assemble_block,
    oracle=layer_norm,
    form=ASSEMBLY,
    accepted=("D M K G B A", ["D", "M", "K", "G", "B", "A"], "DMKGBA"),
    mistakes={
        "post-LN": "F C L H",
        "half of a post-LN block": "F C",
        "post-LN in the first half": "F C G B A",
        "post-LN in the second half": "D M K L H",
        "normalised twice in the first half": "D M C G B A",
        "normalised twice in the second half": "D M K G B H",
        "normalised twice in both halves": "D M C G B H",
        "the stream normalised": "E F K G B A",
        "the stream normalised, then post-LN": "E F K L H",
        "batch norm": "N M K G B A",
        "no residual": "D M P G B A",
        "attention without a norm": "F K G B A",
        "feed-forward without a norm": "D M K L A",
        "no norm at all": "F K L A",
        "attention not added": "D M G B A",
        "feed-forward not added": "D M K G B",
        "feed-forward first": "G B A D M K",
        "side by side": "D M G K B A",
        **lines_of_two_halves(),
    },
    switchboard=block,
)
