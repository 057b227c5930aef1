"""Reading our pages as a browser would: which tags and attributes came through, and what text."""

from html.parser import HTMLParser

VOID = {"meta", "br"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section", "div",
    "p", "h1", "h2", "h3", "ul", "li", "dl", "dt", "dd", "a", "bdi", "span", "strong", "code",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure",
    "figcaption", "svg", "defs", "pattern", "rect", "path", "line", "text",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "style", "scope",
    "title", "tabindex", "role", "aria-label", "aria-labelledby", "aria-hidden", "xmlns", "width",
    "height", "x", "y", "dx", "x1", "x2", "y1", "y2", "d", "fill", "stroke", "stroke-width",
    "stroke-dasharray", "paint-order", "patternunits", "text-anchor", "font-size", "font-weight",
}  # fmt: skip
LINKS = ("#", "feedback/")


class Page(HTMLParser):
    """Parses a page; ``foreign`` lists whatever we never write, ``text`` what is shown."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.foreign, self.open, self.elements, self.pieces = [], [], [], []
        self.style = ""
        self.feed(page)
        self.close()
        if self.open:
            self.foreign.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        if tag not in TAGS:
            self.foreign.append(tag)
        for name, value in attributes:
            if name not in ATTRIBUTES:
                self.foreign.append(f"{tag} {name}")
            if name == "href" and not value.startswith(LINKS):
                self.foreign.append(f"{tag} {name}={value}")
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.foreign.append(f"/{tag}")

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
        else:
            self.pieces.append(data)

    def handle_comment(self, data):
        self.foreign.append(f"comment {data}")

    def unknown_decl(self, data):
        self.foreign.append(f"declaration {data}")

    def handle_pi(self, data):
        self.foreign.append(f"instruction {data}")

    @property
    def text(self):
        return " ".join("".join(self.pieces).split())

    def all(self, tag, **wanted):
        """The attributes of all elements of that tag that have these."""
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]

    @property
    def headings(self):
        """The levels of the headings, in order."""
        return [int(tag[1]) for tag, _ in self.elements if tag in ("h1", "h2", "h3")]


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The contrast of two colours by WCAG, 1 … 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
