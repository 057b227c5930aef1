"""4.7: six sentences about gradients and their checks, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

SENTENCES = Sentences(
    own=Sentence(
        "Your backward pass agrees with the numerical gradient of your own forward pass, to nine "
        "digits. This shows that …",
        (
            "the two belong together; the forward pass may still be wrong",
            "both are right",
            "the backward pass is right, whatever forward does",
        ),
        1,
    ),
    precision=Sentence(
        "A right backward pass fails a gradient check in float32 with h = 1e-7, by a relative "
        "error of one half. The reason is …",
        (
            "rounding: two nearly equal losses were subtracted",
            "the step is too large, so that the curve bends",
            "a mistake that float64 would hide",
        ),
        2,
    ),
    evaluation=Sentence(
        "After eval() the layer's backward pass is dx = gamma · dy / √(running_var + eps). This "
        "is …",
        (
            "right: the stored statistics do not depend on x",
            "a bug: two paths are missing",
            "right only if gamma = 1",
        ),
        1,
    ),
    outside=Sentence(
        "The mean is subtracted, but the gradient is computed as if it were a constant. In "
        "training, the bias in front of it …",
        (
            "keeps growing, while the loss gains nothing from it",
            "goes to 0",
            "makes the loss infinite after a few steps",
        ),
        0,
    ),
    extra=Sentence(
        "In a derivation, the mean's gradient has one term more: dvar · Σ −2 (x − mean) / m. "
        "Whoever leaves it out …",
        (
            "is right too: that sum is 0 for every x",
            "forgets a path",
            "is right only as eps goes to 0",
        ),
        2,
    ),
    cut=Sentence(
        "Somebody takes the layer's output out with .detach().numpy() and makes a new tensor of "
        "it. In training …",
        (
            "the layers before it never learn, and no error says so",
            "autograd finds the way by the values",
            "an error is raised at backward()",
        ),
        1,
    ),
)

MISCONCEPTIONS = (
    SENTENCES.slip(
        "own forward proves both",
        "A gradient check compares a forward pass with a backward pass. If both divide by m − 1, "
        "they agree.",
        "What else would you have to compare the forward pass with?",
        own=1,
    ),
    SENTENCES.slip(
        "backward proved alone",
        "The numerical gradient was taken from that forward pass: it can only say whether the two "
        "belong together.",
        "Where did the numerical gradient come from?",
        own=2,
    ),
    SENTENCES.slip(
        "step too large",
        "At h = 1e-7 the curve hardly bends within a step. float32 keeps seven digits, "
        "and the two losses agree in most of them.",
        "What happens to the digits when 1.2345678 and 1.2345671 are subtracted?",
        precision=1,
    ),
    SENTENCES.slip(
        "float64 hides",
        "More digits hide nothing: they make the difference of two nearly equal losses visible.",
        "In which of the two is the difference of the losses known better?",
        precision=2,
    ),
    SENTENCES.slip(
        "evaluation needs the paths",
        "The two paths exist because the batch makes its own statistics. Stored ones do not move "
        "with x.",
        "If x moves in evaluation mode, does the running mean move?",
        "M4",
        evaluation=1,
    ),
    SENTENCES.slip(
        "evaluation only for gamma one",
        "gamma stands in the formula; its value does not matter.",
        "Does x reach gamma on any path?",
        evaluation=2,
    ),
    SENTENCES.slip(
        "bias goes to zero",
        "Nothing pulls the bias back: its gradient says that the output would move, and it never "
        "does.",
        "What does the constant mean hide from the optimiser?",
        "M4",
        outside=1,
    ),
    SENTENCES.slip(
        "loss explodes",
        "The loss does not even notice: the mean is subtracted again in every forward pass.",
        "What happens to the output when the bias grows by 1?",
        "M4",
        outside=2,
    ),
    SENTENCES.slip(
        "the term is needed",
        "The deviations from a mean always add up to 0. Including the term is right, and leaving "
        "it out is as well.",
        "What is Σ (x − mean)?",
        extra=1,
    ),
    SENTENCES.slip(
        "the term vanishes with eps",
        "eps does not stand in that sum at all.",
        "What is Σ (x − mean)?",
        "M17",
        extra=2,
    ),
    SENTENCES.slip(
        "autograd by values",
        "autograd follows the operations that made a tensor, not its numbers.",
        "Which operation made the new tensor, as far as torch knows?",
        cut=1,
    ),
    SENTENCES.slip(
        "an error would tell",
        "No error comes as long as something behind the cut has a gradient. The weights before it "
        "get none, and stay as they are.",
        "How would you see whether the first layer's weights move?",
        cut=2,
    ),
)

TASK = SENTENCES.task(
    id="4.7",
    title="six sentences",
    entry="gradient_claims",
    objective="Say what a gradient check shows, and what it does not",
    minutes=5,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Ask of each sentence what the numbers in it were made from.",
        "A check compares two things. A path exists where one number depends on another.",
        "For the first one: suppose forward divides by m − 1, and backward does so too. What would "
        "the check say?",
    ),
)
