"""A few lines of a text around the one that something is said of."""

from markupsafe import Markup

AROUND = 2  # lines before and after
WIDEST = 200  # characters of a line that are shown


def excerpt(text: str, line: int, words: str, label: str) -> Markup:
    """The lines with their numbers, the one that is meant marked, and what is said of it below."""
    lines = text.splitlines()
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    rows = Markup("").join(
        Markup('<li value="{}"{}><code>{}</code></li>').format(
            number, Markup(' class="meant"') if number == line else "", lines[number - 1][:WIDEST] or " "
        )
        for number in range(first, last + 1)
    )
    return Markup('<figure class="excerpt"><figcaption>{}</figcaption><ol>{}</ol><p>{}</p></figure>').format(
        label, rows, words
    )
