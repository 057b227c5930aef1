"""Wrong noise behind a norm: one function with a switch for each slip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips


def noisy(
    x_hat, shift, spread, rng, training=True, *,
    shape="units", fresh="every call", drawn="even", factor="around 1", in_eval="nothing",
    moved="both", reach=1.0, ranges="own",
):  # fmt: skip
    """Return x_hat with one random factor and shift for each unit; the keywords switch slips."""
    if not training and in_eval == "nothing":
        return x_hat.copy()
    if training and in_eval == "reversed":
        return x_hat.copy()
    if not training and in_eval == "zeros":
        return np.zeros_like(x_hat)
    if ranges == "exchanged":
        shift, spread = spread, shift
    if fresh == "once":
        rng = np.random.default_rng(0)
    if fresh == "of its own":
        rng = np.random.default_rng()
    size = {"units": x_hat.shape[1:], "all": (), "samples": x_hat.shape, "rows": (len(x_hat), 1)}
    size = size[shape]

    def draw(most):
        if drawn == "normal":
            return rng.normal(0, most, size)
        if drawn == "positive":
            return rng.uniform(0, most, size)
        if drawn == "half":
            return rng.uniform(-most / 2, most / 2, size)
        if drawn == "two values":
            return most * rng.choice([-1.0, 1.0], size)
        return rng.uniform(-most, most, size)

    scale, move = draw(spread), draw(reach * shift)
    if drawn == "moves one way":
        move = np.abs(move)
    if moved == "one draw" and spread:
        move = scale * shift / spread
    if moved == "factor only":
        move = 0 * move
    if moved == "shift only":
        scale = 0 * scale
    if moved == "neither":
        return x_hat.copy()
    if moved == "normalised again":
        y = (1 + scale) * x_hat + move
        return (y - y.mean(0)) / np.sqrt(y.var(0) + 1e-5)
    if moved == "around 1":
        move = 1 + move
    if moved == "shift scaled too":
        return (1 + scale) * (x_hat + move)
    if factor == "around 0":
        return scale * x_hat + move
    if factor == "added":
        return x_hat + scale + move
    if factor == "below 1":
        return (1 - np.abs(scale)) * x_hat + move
    if factor == "half":
        return (1 + scale / 2) * x_hat + move
    if factor == "above 1":
        return (1 + np.abs(scale)) * x_hat + move
    return (1 + scale) * x_hat + move


_slip = slips(noisy)

MISCONCEPTIONS = (
    _slip(
        "each sample by itself",
        "Every number got noise of its own. That blurs a batch but hardly moves its mean: the "
        "distribution stays where it was.",
        "Average such noise over a batch of 60. How far does the unit's mean move?",
        "M14",
        shape="samples",
    ),
    _slip(
        "noise per row",
        "All units of a sample share their noise, and the samples do not. The mean of a unit over "
        "the batch hardly moves.",
        "Which axis of x_hat counts the units?",
        "M3",
        shape="rows",
    ),
    _slip(
        "one number for all units",
        "All units moved alike. Each was to get numbers of its own.",
        "How many numbers must be drawn for D units?",
        shape="all",
    ),
    _slip(
        "the same noise every time",
        "Every call drew the same numbers. A shift that stays can be learned by the next layer; it "
        "has to be new in every step.",
        "Would a shift that never changes be a covariate shift?",
        "M14",
        fresh="once",
    ),
    _slip(
        "a generator of its own",
        "The numbers do not come from rng: with the same seed others come out, and the run cannot "
        "be repeated.",
        "Which generator did you draw from?",
        fresh="of its own",
    ),
    _slip(
        "normal numbers",
        "The numbers were drawn from a normal distribution. It has no bounds.",
        "How far can a shift go at most, by the question?",
        drawn="normal",
    ),
    _slip(
        "one way only",
        "The shifts and factors go one way only, up. On average that is a shift that stays.",
        "What is the smallest shift that may come?",
        drawn="positive",
    ),
    # With factors above 1 it is the slip before, so the two are not put together.
    replace(
        _slip(
            "moves one way only",
            "The moves lie above 0 only. On average that is a shift that stays.",
            "What is the smallest move that may come?",
            drawn="moves one way",
        ),
        switches={},
    ),
    _slip(
        "half the range",
        "The range is only half as wide: from −shift/2 to shift/2.",
        "How far can a shift go at most, by the question?",
        drawn="half",
    ),
    _slip(
        "two values only",
        "Only the ends of the range were drawn.",
        "Which numbers between −shift and shift may come?",
        drawn="two values",
    ),
    _slip(
        "factors around 0",
        "The factor lies around 0, so most of x_hat is lost. It should be 1 on average.",
        "With spread = 0, what should the factor be?",
        factor="around 0",
    ),
    _slip(
        "spread added",
        "The second number was added, too. A factor multiplies.",
        "What changes a standard deviation: adding or multiplying?",
        factor="added",
    ),
    _slip(
        "only smaller",
        "The factors lie below 1 only. They should go both ways.",
        "What is the largest factor that may come?",
        factor="below 1",
    ),
    _slip(
        "only larger",
        "The factors lie above 1 only. They should go both ways.",
        "What is the smallest factor that may come?",
        factor="above 1",
    ),
    _slip(
        "ranges exchanged",
        "The two ranges have changed places: the factor got the range of the move, and the move "
        "that of the factor.",
        "Which of shift and spread says how far a unit's mean may go?",
        ranges="exchanged",
    ),
    _slip(
        "moves around 1",
        "The moves lie around 1, not around 0: every unit's mean is raised by 1 for good.",
        "Where does the 1 belong, in the factor or in the move?",
        moved="around 1",
    ),
    # Told by itself: it takes away what another slip would have shown.
    replace(
        _slip(
            "normalised again",
            "What came out was normalised once more behind the noise, and that takes the noise "
            "away.",
            "What are the mean and the spread of a unit behind a normalisation?",
            moved="normalised again",
        ),
        switches={},
    ),
    _slip(
        "shift scaled too",
        "The shift was added first and then multiplied by the factor, so it leaves its range.",
        "In factor · x_hat + shift: is the shift multiplied?",
        moved="shift scaled too",
    ),
    _slip(
        "one draw for both",
        "Factor and shift were made from the same random number: where the one is large, so is the "
        "other.",
        "How many random numbers does one unit need in one call?",
        moved="one draw",
    ),
    _slip(
        "factor only",
        "Nothing is shifted.",
        "Which of the two arguments does your code not use?",
        moved="factor only",
    ),
    _slip(
        "shift only",
        "The factors are all 1.",
        "Which of the two arguments does your code not use?",
        moved="shift only",
    ),
    _slip(
        "no noise at all",
        "In training x_hat came back as it was.",
        "Is anything drawn when training is True? And does a later line take the noise away again?",
        moved="neither",
    ),
    _slip(
        "noise in evaluation",
        "Evaluation got noise, too. There the net should give the same answer twice.",
        "What does your code do with training = False?",
        "M5",
        in_eval="noise",
    ),
    _slip(
        "evaluation loses x_hat",
        "Evaluation got no noise, but it does not give x_hat back either.",
        "What should the next layer get with training = False?",
        in_eval="zeros",
    ),
    _slip(
        "modes exchanged",
        "The noise came in evaluation, and training got none.",
        "In which mode is the distribution to jump?",
        "M5",
        in_eval="reversed",
    ),
    # Half a range and twice the reach cancel; half of both is the slip above.
    *(
        replace(slip, switches={})
        for slip in (
            _slip(
                "shift too large",
                "The moves leave their range.",
                "From where to where may a move lie?",
                reach=2.0,
            ),
            _slip(
                "half the moves",
                "The moves fill only half of their range.",
                "How far can a move go at most, by the question?",
                reach=0.5,
            ),
            _slip(
                "half the factors",
                "The factors fill only half of their range.",
                "What is the largest factor that may come?",
                factor="half",
            ),
        )
    ),
)
