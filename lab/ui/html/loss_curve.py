"""A loss curve as a drawing, with the same in words beside it."""

from collections.abc import Sequence

from markupsafe import Markup

from exercises.i18n import Translator, decimal

WIDTH, HEIGHT, RIM = 320, 120, 8


def drawn(t: Translator, losses: Sequence[tuple[int, float]]) -> Markup:
    """The curve from the first to the last point; nothing where there is none."""
    if not losses:
        return Markup("")
    steps, highest = max(step for step, _ in losses), max(loss for _, loss in losses) or 1.0
    points = " ".join(
        f"{RIM + (WIDTH - 2 * RIM) * step / max(steps, 1):.1f},"
        f"{HEIGHT - RIM - (HEIGHT - 2 * RIM) * loss / highest:.1f}"
        for step, loss in losses
    )
    first, last = (decimal(f"{losses[place][1]:.4f}", t.language) for place in (0, -1))
    words = t("adapt.curve", first=first, last=last, steps=steps)
    return Markup(
        '<figure class="curve"><svg viewBox="0 0 {} {}" role="img" aria-label="{}" width="100%">'
        '<path d="M{} {} V{} H{}" fill="none" stroke="currentColor" opacity="0.4"/>'
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-width="2"/></svg>'
        "<figcaption>{}</figcaption></figure>"
    ).format(WIDTH, HEIGHT, words, RIM, RIM, HEIGHT - RIM, WIDTH - RIM, points, words)
