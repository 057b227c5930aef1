"""Wrong steps of a recurrent net with layer norm, each a setting of the switchboard."""

from __future__ import annotations

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.rnn_step_board import step

_slip = slips(step)


SLIPS = (
    _slip(
        "parts normalised separately",
        "h @ Wh and x @ Wx are normalised each by itself, and added then. Which of them is the "
        "louder is lost.",
        "How many means does one sample have in this step?",
        where="the parts",
    ),
    _slip(
        "parts with gamma and beta each",
        "h @ Wh and x @ Wx go each through a layer norm of its own, with gamma and beta, so beta "
        "comes twice.",
        "How many means does one sample have in this step?",
        where="each part",
    ),
    _slip(
        "only the recurrent part",
        "h @ Wh is normalised alone; x @ Wx joins it afterwards.",
        "Multiply Wx by 10 and Wh, too. Should the new state change?",
        where="the state's part",
    ),
    _slip(
        "only the input's part",
        "x @ Wx is normalised alone; what comes from the state can grow as it likes.",
        "Multiply Wh by 10. What happens to the state over many steps?",
        where="the input's part",
    ),
    _slip(
        "the old state normalised",
        "The old state is normalised before it meets Wh; the sum is not.",
        "What goes into tanh, and how is it spread?",
        where="the old state",
    ),
    _slip(
        "tanh before the norm",
        "tanh bends the raw sum, and the result is normalised: where the sum is large, tanh has "
        "already flattened it.",
        "What should the norm keep away from the flat ends of tanh?",
        where="after tanh",
    ),
    _slip(
        "tanh before gamma and beta",
        "gamma and beta come after tanh; then the state is not bounded by 1.",
        "How large can the new state become if gamma is 5?",
        where="before affine",
    ),
    _slip(
        "beta after tanh",
        "beta is added after tanh. There it moves the state itself, beyond 1; it should move what "
        "goes into tanh.",
        "Between which bounds should the new state lie?",
        where="before beta",
    ),
    _slip(
        "gamma after tanh",
        "gamma multiplies what comes out of tanh; it should decide how far into tanh's bend the "
        "values go.",
        "How large can the new state become if gamma is 5?",
        where="before gamma",
    ),
    _slip(
        "tanh twice",
        "tanh bends the raw sum, and once more what the norm makes of it.",
        "How many times does one step pass tanh?",
        where="between two tanh",
    ),
    _slip(
        "the parts and the sum",
        "h @ Wh and x @ Wx are normalised each by itself, and their sum again. Which of them is "
        "the louder is lost.",
        "How many means does one sample have in this step?",
        where="twice",
    ),
    _slip(
        "gamma before the norm",
        "gamma multiplies the sum before it is normalised, and changes its mean and spread.",
        "If gamma were the same for all units, what would be left of it after the norm?",
        where="over gamma",
    ),
    _slip(
        "gamma and beta before the norm",
        "gamma and beta are applied to the sum before it is normalised, which takes part of them "
        "away again.",
        "In gamma · z + beta, what is z?",
        "M8",
        where="over both",
    ),
    _slip(
        "beta before the norm",
        "beta is added to the sum, as a bias would be, before it is normalised: the norm takes "
        "part of it away.",
        "If beta were the same for all units, what would be left of it after the norm?",
        "M9",
        where="over beta",
    ),
    _slip(
        "no norm",
        "The sum is never normalised.",
        "Multiply Wh and Wx by 10. Should the new state change?",
        where="nowhere",
    ),
    _slip(
        "over the batch",
        "The mean runs over the samples: that is batch norm, and with one sample nothing is left.",
        "What does your step do with a single sequence?",
        "M3",
        axis="batch",
    ),
    _slip(
        "over everything",
        "One mean serves the whole batch.",
        "Should one sequence's state depend on the other sequences?",
        "M3",
        axis="all",
    ),
    _slip(
        "unbiased",
        "The variance is divided by H − 1.",
        "Are these H numbers a sample of something, or all that are to get variance 1?",
        "M2",
        ddof=1,
    ),
    _slip(
        "no mean",
        "The mean is not subtracted: that is RMSNorm.",
        "Add the same number to all entries of the sum. Should the new state change?",
        mean="nowhere",
    ),
    _slip(
        "not centred",
        "The mean is never subtracted from the values that are divided.",
        "Add the same number to all entries of the sum. Should the new state change?",
        mean="below",
    ),
    _slip(
        "variance about zero",
        "The variance is the mean of the squares of the sum itself, as if its mean were 0.",
        "The spread around what?",
        mean="above",
    ),
    _slip(
        "sum for average",
        "The squared deviations are added up but not averaged.",
        "What should the spread be that tanh gets, when there are twice as many units?",
        spread="summed",
    ),
    _slip(
        "deviations not averaged",
        "The squared deviations are not averaged: each number is divided by its own deviation, so "
        "that only its sign is left.",
        "How many variances does one vector have?",
        spread="each",
    ),
    _slip(
        "variance for sd",
        "The sum is divided by the variance.",
        "Multiply Wh and Wx by 10. Should the new state change?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "eps outside the root",
        "eps is added to the standard deviation in place of the variance.",
        "Take variance 0 and eps = 1e-5: what should the divisor be, √eps or eps?",
        "M17",
        divisor="eps outside",
    ),
    _slip(
        "eps as a floor",
        "eps is the smallest standard deviation allowed. It should join every variance.",
        "What is the divisor where the variance is 1 and eps is 1?",
        "M17",
        divisor="eps as a floor",
    ),
    _slip(
        "roots added",
        "√eps is added to the standard deviation. The root of a sum is not the sum of the roots.",
        "What is the divisor where the variance is 1 and eps is 1: √2 or 2?",
        "M17",
        divisor="roots added",
    ),
    _slip(
        "eps squared",
        "eps is squared before it joins the variance.",
        "What exactly stands under the root?",
        "M17",
        divisor="eps squared",
    ),
    _slip(
        "no eps",
        "eps is never used.",
        "What is divided by what, where all entries of the sum are equal?",
        "M17",
        divisor="no eps",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="fixed eps",
    ),
    _slip(
        "gamma and beta forgotten",
        "gamma and beta are never used.",
        "Where do gamma and beta come in?",
        "M8",
        affine="none",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "How spread should the values be that go into tanh?",
        "M8",
        affine="no scale",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "Which number takes the place of the bias here?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma and beta swapped",
        "gamma and beta have changed places.",
        "Which of the two multiplies?",
        affine="swapped",
    ),
    _slip(
        "shift before scale",
        "beta is added before gamma multiplies, so the shift is scaled as well.",
        "In gamma · z + beta, what comes first?",
        affine="shift first",
    ),
    _slip(
        "one gamma for all",
        "All units share the first gamma and beta.",
        "How many numbers does gamma hold?",
        affine="one gamma",
    ),
    _slip(
        "no tanh",
        "The normalised sum comes back without tanh.",
        "Between which bounds should the new state lie?",
        bend="none",
    ),
    _slip(
        "ReLU for tanh",
        "Negative values became 0; tanh was asked for.",
        "Between which bounds should the new state lie?",
        bend="relu",
    ),
    _slip(
        "sigmoid for tanh",
        "All entries of the new state are positive; tanh was asked for.",
        "What is tanh(0), and what is yours?",
        bend="sigmoid",
    ),
    _slip(
        "old state added",
        "The old state is added to the new one. Over many steps it grows without end.",
        "Between which bounds should the new state lie?",
        added="after",
    ),
    _slip(
        "old and new averaged",
        "Half of the old state is kept.",
        "On which ways does the old state reach the new one?",
        added="half",
    ),
    _slip(
        "old state added inside",
        "The old state is added to what goes into tanh, beside h @ Wh.",
        "On which ways does the old state reach the new one?",
        added="inside",
    ),
    _slip(
        "Wh transposed",
        "Wh is transposed. The row h meets it from the left: h @ Wh.",
        "Which entry of Wh leads from unit 0 to unit 1?",
        turned="state",
    ),
    _slip(
        "Wx transposed",
        "Wx is transposed. The rows of x meet it from the left: x @ Wx.",
        "x is (N, D) and Wx is (D, H). Which shape has x @ Wx?",
        turned="input",
    ),
    _slip(
        "both transposed",
        "Wh and Wx are transposed. h and x are rows and meet their matrices from the left.",
        "Which shapes fit together?",
        turned="both",
    ),
    _slip(
        "input forgotten",
        "x never enters.",
        "What would the net know of the sequence it reads?",
        drive=(1, 0),
    ),
    _slip(
        "state forgotten",
        "h never enters.",
        "What would the net remember?",
        drive=(0, 1),
    ),
)
