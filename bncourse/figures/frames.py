"""Several frames of an interactive figure as one picture, for where no kernel runs."""

from __future__ import annotations

import io

import svg

from bncourse.figures.drawing import document, moved, words
from bncourse.figures.style import HEAD, palette_png

WIDEST = 900  # px of a figure; frames that are wider together are put below each other


def side_by_side(frames: list[tuple[str, svg.SVG]], title: str) -> svg.SVG:
    """Return one picture of named frames: in a row, or below each other if that is too wide."""
    gap, head = 16, 30
    width, height = frames[0][1].width, frames[0][1].height
    in_row = len(frames) * (width + gap) - gap <= WIDEST
    parts: list[svg.Element] = []
    for k, (name, frame) in enumerate(frames):
        x, y = (k * (width + gap), 0) if in_row else (0, k * (height + head + gap))
        parts.append(words(x + 8, y + 21, f"{k + 1}. {name}", size=HEAD, bold=True))
        # The frame's own description and paper stay behind: one picture, one description.
        parts.append(moved(frame.elements[2:], x, y + head))
    across, down = (len(frames), 1) if in_row else (1, len(frames))
    return document(
        across * (width + gap) - gap,
        down * (height + head + gap) - gap,
        parts,
        title,
        "; ".join(name for name, _ in frames),
    )


def stacked(pictures: list[bytes]) -> bytes:
    """Return PNG pictures of one width below each other as one PNG picture."""
    from PIL import Image

    images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    sheet = Image.new("RGB", (images[0].width, sum(image.height for image in images)), "white")
    top = 0
    for image in images:
        sheet.paste(image, (0, top))
        top += image.height
    return palette_png(sheet, optimize=True)
