"""Puts what was seen into words: it names only what the judge is sure of."""

from dataclasses import dataclass

from exercises.i18n import Language, Translator, number, translator
from lab.judge.findings import Classification, Findings

SOFT, BLURRED = 50.0, 15.0  # sharpness below which edges are soft, and below which they are gone


@dataclass(frozen=True)
class Look:
    """One picture's analysis, for a reader of `language`; `prompt` is what it was to show, if known."""

    findings: Findings
    language: Language
    prompt: str | None = None

    @property
    def t(self) -> Translator:
        return translator("lab", self.language)

    def percent(self, share: float) -> str:
        return self.t("analyser.percent", value=round(share * 100))

    def number(self, value: float) -> str:
        return number(value, self.language)


def object_name(look: Look) -> str:
    """The object with its article, or that it is not known."""
    sure = look.findings.object.sure
    return look.t(f"object.{sure}") if sure else look.t("analyser.some_object")


def scene(look: Look) -> str:
    """Object, its colour and the background, as far as the judge is sure of them."""
    said = object_name(look)
    if color := look.findings.color.sure:
        said = look.t("analyser.colored", thing=said, color=look.t(f"colored.{color}"))
    if background := look.findings.background.sure:
        said = look.t("analyser.placed", thing=said, background=look.t(f"background.{background}"))
    return said


def name_or_unsure(look: Look, seen: Classification, section: str) -> str:
    """A guess's name if the judge is sure of it."""
    return look.t(f"{section}.{seen.sure}") if seen.sure else look.t("analyser.not_sure")


def certainty(look: Look) -> str:
    """How probable the judge finds its first answers."""
    seen = look.findings
    values = {
        "object": seen.object,
        "color": seen.color,
        "background": seen.background,
    }
    shares = {name: look.percent(each.guesses[0].probability) for name, each in values.items()}
    said = look.t("analyser.certainty", **shares)
    if seen.object.sure is None:
        said += " " + look.t("analyser.guesses", guesses=guesses(look, seen.object))
    return said


def guesses(look: Look, seen: Classification, most: int = 3) -> str:
    return ", ".join(
        look.t("analyser.guess", name=look.t(f"object.{guess.name}"), share=look.percent(guess.probability))
        for guess in seen.guesses[:most]
    )


def colors(look: Look) -> str:
    """The palette as a list of names with shares."""
    return ", ".join(
        look.t("analyser.guess", name=look.t(f"color.{swatch.name}"), share=look.percent(swatch.share))
        for swatch in look.findings.measurements.palette
    )


def sharpness(look: Look) -> str:
    value = look.findings.measurements.sharpness
    key = "blurred" if value < BLURRED else "soft" if value < SOFT else "sharp"
    return look.t(f"analyser.sharpness_{key}", value=look.number(value))


def light(look: Look) -> str:
    measured = look.findings.measurements
    return look.t(
        "analyser.light",
        brightness=look.percent(measured.brightness),
        contrast=look.number(round(measured.contrast, 2)),
        shadows=look.percent(measured.clipped_shadows),
        highlights=look.percent(measured.clipped_highlights),
    )


def emptiness(look: Look) -> str:
    return look.t("analyser.emptiness", share=look.percent(look.findings.measurements.emptiness))


def background(look: Look) -> str:
    seen = look.findings.background
    if seen.sure is None:
        return look.t("analyser.background_unsure")
    share = look.percent(seen.guesses[0].probability)
    return look.t("analyser.background_sure", background=look.t(f"color.{seen.sure}"), share=share)


def measurements(look: Look) -> str:
    """All numbers, in four sentences."""
    palette = look.t("analyser.palette", colors=colors(look))
    return " ".join((palette, sharpness(look), light(look), emptiness(look)))


def description(look: Look) -> str:
    """What is seen, how sure that is, and what was measured."""
    return " ".join((look.t("analyser.seen", scene=scene(look)), certainty(look), measurements(look)))
