"""The five scores of the first assignment, 0 to 2, each with the measurement it comes from.

Rule: a score follows from what was seen and measured by the conditions below, or is not given (None). It is
advice: points come from the deterministic checks of `grading`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lab.judge.prompts import check_prompt
from lab.judge.wording import BLURRED, SOFT, Look, guesses, object_name, sharpness

CRITERIA = (
    "prompt_adherence",
    "visual_realism",
    "artifacts",
    "ecommerce_usability",
    "reproducibility",
)
RECOGNISABLE = 0.2  # the object's probability below which nobody would know what it is
SHOP_BACKGROUNDS = ("white", "gray")
EMPTY = (0.3, 0.85)  # of the picture: the object fills it, or is lost in it
CLIPPED = 0.05  # share of black pixels that hides detail; white ones are what a white background is


class Score(BaseModel):
    """0, 1 or 2, or None where it cannot be told from a picture; `reason` says from what it follows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: Annotated[int, Field(ge=0, le=2)] | None
    reason: str


def prompt_adherence(look: Look) -> Score:
    """0: another object. 1: something is missing or cannot be told. 2: all that was looked for is there."""
    found = check_prompt(look)
    if found is None:
        return Score(score=None, reason=look.t("analyser.no_prompt"))
    if not found.parts:
        return Score(score=None, reason=look.t("analyser.nothing_known"))
    if not (found.of("not_found") or found.of("unsure")):
        said = look.t("analyser.all_present", parts=", ".join(found.of("found")))
        return Score(score=2, reason=said)
    other_object = any(part.kind == "object" and part.status == "not_found" for part in found.parts)
    reasons = [
        look.t(f"analyser.parts_{status}", parts=", ".join(found.of(status)))
        for status in ("not_found", "unsure")
        if found.of(status)
    ]
    if other_object:
        reasons.append(look.t("analyser.instead", thing=object_name(look)))
    return Score(score=0 if other_object else 1, reason=" ".join(reasons))


def visual_realism(look: Look) -> Score:
    """0: blurred. 1: not blurred. Never 2: a drawing and a photograph measure alike."""
    blurred = look.findings.measurements.sharpness < BLURRED
    return Score(score=0 if blurred else 1, reason=f"{sharpness(look)} {look.t('analyser.no_realism')}")


def artifacts(look: Look) -> Score:
    """By how recognisable the object is: 2 surely, 1 hardly, 0 not at all."""
    seen = look.findings.object
    share = look.percent(seen.guesses[0].probability)
    if seen.sure:
        return Score(
            score=2, reason=look.t("analyser.recognised", thing=look.t(f"object.{seen.sure}"), share=share)
        )
    score = 1 if seen.guesses[0].probability >= RECOGNISABLE else 0
    return Score(score=score, reason=look.t("analyser.hardly_recognised", guesses=guesses(look, seen)))


def ecommerce_usability(look: Look) -> Score:
    """2: a known object, sharp, on white or gray, neither crowded nor lost, not dark. 1: one fails."""
    measured, background = look.findings.measurements, look.findings.background.sure
    failures = {
        "unknown": look.findings.object.sure is None,
        "not_sharp": measured.sharpness < SOFT,
        "not_neutral": background not in SHOP_BACKGROUNDS,
        "crowded": measured.emptiness < EMPTY[0],
        "lost": measured.emptiness > EMPTY[1],
        "dark": measured.clipped_shadows > CLIPPED,
    }
    reasons = [look.t(f"analyser.shop_{name}") for name, failed in failures.items() if failed]
    reason = " ".join(reasons) or look.t("analyser.shop_ready")
    return Score(score=max(0, 2 - len(reasons)), reason=reason)


def reproducibility(look: Look) -> Score:
    """Not to be seen in a picture: it depends on what was recorded."""
    return Score(score=None, reason=look.t("analyser.not_in_picture"))
