"""A model's answer as the pages show it: what was asked of whom, what came back, and what it cost.

A stranger's model may have made up anything in it, so all of it is escaped, and none of it is a link.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from pydantic import JsonValue

from exercises.i18n import Translator, number
from lab.ui.html import charges as api_words
from lab.ui.html import markup
from manifests.analysis import Analysis, Correction

LISTS = ("present", "missing", "unsure", "not_checked")


def article(
    t: Translator,
    analysis: Analysis,
    *,
    own_scores: Mapping[str, int] | None = None,
    corrections: Sequence[Correction] = (),
) -> Markup:
    """One entry of the notebook, with the student's own scores beside the model's, and its corrections."""
    stems = ", ".join(image.stem for image in analysis.asked.images)
    title = t("analyse.entry", number=analysis.sequence, task=t(f"task.{analysis.asked.task}"), picture=stems)
    asked = Markup("")
    if analysis.asked.task == "question":
        asked = Markup('<p class="asked"><strong>{}</strong> {}</p>').format(
            t("analyse.asked"), analysis.asked.text
        )
    return Markup(
        '<article class="answer"><h4>{title}</h4>{asked}{answer}{corrections}'
        '<p class="source">{source}</p></article>'
    ).format(
        title=title,
        asked=asked,
        answer=_answer(t, analysis, own_scores or {}),
        corrections=Markup("").join(_correction(t, each) for each in corrections),
        source=source(t, analysis),
    )


def source(t: Translator, analysis: Analysis) -> str:
    """Who answered, how long it took, what it cost, and who was asked before and why they were skipped."""
    said = t(
        "analyse.source",
        model=analysis.model,
        provider=analysis.provider,
        seconds=number(round(analysis.seconds, 2), t.language),
        cost=api_words.cost(t, analysis.cost, cached=analysis.cached),
    )
    if analysis.tried:
        said += " " + t("analyse.tried", tried=api_words.tried(t, analysis.tried))
    return said


def plain(t: Translator, analysis: Analysis) -> str:
    """The answer in words, as a person would copy it."""
    data = analysis.answered.data
    if data is None:
        return analysis.answered.text
    return "\n".join(_lines(t, data))


def _answer(t: Translator, analysis: Analysis, own: Mapping[str, int]) -> Markup:
    data = analysis.answered.data
    if analysis.asked.task == "quality" and data:
        return _scores(t, data, own)
    cut = markup.note(t("analyse.cut")) if analysis.answered.finish == "length" else Markup("")
    return Markup('<div class="said">{}</div>').format(plain(t, analysis)) + cut


def _scores(t: Translator, data: Mapping[str, JsonValue], own: Mapping[str, int]) -> Markup:
    """Criterion, the model's score, the student's own where there is one, the model's reason."""
    header = [t(f"analyse.column_{name}") for name in ("criterion", "model", "own", "reason")]
    rows: list[tuple[object, ...]] = []
    for name, value in data.items():
        score = value.get("score") if isinstance(value, dict) else None
        reason = value.get("reason") if isinstance(value, dict) else value
        rows.append(
            (
                _name(t, name),
                t("analyse.no_score") if score is None else f"{score} / 2",
                f"{own[name]} / 2" if name in own else t("analyse.not_scored"),
                reason or "",
            )
        )
    if not own:
        header, rows = [*header[:2], header[3]], [(*row[:2], row[3]) for row in rows]
    return markup.table(header, rows) + markup.hint(t("analyse.advice"))


def _correction(t: Translator, correction: Correction) -> Markup:
    return Markup(
        '<div class="correction"><p><strong>{}</strong> <del>{}</del></p><p>{}</p><p>{}</p></div>'
    ).format(t("correct.yours"), correction.claim, correction.truth, correction.noticed)


def _lines(t: Translator, data: Mapping[str, JsonValue]) -> list[str]:
    lines = []
    for name, value in data.items():
        if isinstance(value, list):
            value = ", ".join(str(each) for each in value) or t("analyse.nothing")
        elif isinstance(value, dict):
            value = ", ".join(str(each) for each in value.values())
        lines.append(t("analyse.line", name=_name(t, name), value=value))
    return lines


def _name(t: Translator, name: str) -> str:
    """A field's name in words, where it is one this program asks for."""
    try:
        return t(f"answer.{name}")
    except KeyError:
        return name
