"""Start: what there is to do, how far it is done, where the work is kept, and what makes the pictures."""

from collections import defaultdict

from markupsafe import Markup

from exercises.i18n import number
from exercises.kinds import Exercise
from grading.results import CheckResult, open_points
from lab.models.availability import availability
from lab.models.registry import model_entry
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import Page


def build(lab: Lab, page: Page) -> None:
    """The first tab."""
    import gradio as gr

    t = page.t

    def show() -> tuple[str, str]:
        return _progress(lab, page), _place(lab, page)

    with page.tab("start", t("start.title")):
        gr.Markdown(lab.assignment.texts[page.language], elem_classes="exercise")
        progress = gr.HTML(elem_id="progress")
        place = gr.HTML(elem_id="place")
        gr.HTML(markup.glossary(t), elem_id="glossary")
        page.refresh(show, [progress, place])


def _progress(lab: Lab, page: Page) -> str:
    """Every exercise with a link to its tab, what is done of it, and its points."""
    t = page.t
    checks: dict[str, list[CheckResult]] = defaultdict(list)
    for check in page.checks():
        checks[check.id.split("/")[0]].append(check)
    rows = [_row(page, exercise, checks[exercise.id]) for exercise in lab.assignment.exercises]
    header = [t(f"start.column_{name}") for name in ("exercise", "done", "points")]
    return markup.table(header, rows, t("start.progress"))


def _row(page: Page, exercise: Exercise, checks: list[CheckResult]) -> list[object]:
    t = page.t
    done, earned = sum(check.passed is True for check in checks), sum(check.points for check in checks)
    waiting = open_points(checks)
    points = t("check.points", points=number(earned, t.language), maximum=number(exercise.points, t.language))
    if waiting:
        points += " " + t("start.to_be_read", points=number(waiting, t.language))
    state = Markup('<meter min="0" max="{}" value="{}" aria-label="{}"></meter> {}').format(
        max(len(checks), 1),
        done,
        exercise.title(page.language),
        t("start.checks", done=done, count=len(checks)),
    )
    return [exercise.title(page.language), state, points]


def _place(lab: Lab, page: Page) -> str:
    """Where the work is kept, and with what pictures are made."""
    t = page.t
    entry = model_entry(lab.settings.model)
    rows = [
        (t("start.student"), lab.student),
        (t("start.folder"), str(lab.folder.resolve())),
        (t("start.model"), f"{entry.name} ({entry.id}), {entry.native_size} × {entry.native_size}"),
        (t("start.model_state"), availability(entry.id).text(page.language)),
        (t("start.device"), t("start.gpu" if _has_gpu() else "start.cpu")),
    ]
    return markup.table([t("facts.parameter"), t("facts.value")], rows, t("start.place"))


def _has_gpu() -> bool:
    from lab.models.weights import has_gpu

    return has_gpu()
