"""Start: what comes next, a map of all there is to do, what it is about, and where the work is kept."""

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup

from exercises.assignment import Assignment
from exercises.i18n import number
from exercises.kinds import Exercise
from grading.results import CheckResult, earned_points, open_points
from lab.models.availability import availability
from lab.models.offered import model_entry
from lab.session.lab import Lab
from lab.ui.html import course_map, markup
from lab.ui.page import Page


def build(lab: Lab, page: Page) -> None:
    """The first tab."""
    import gradio as gr

    t = page.t

    def show() -> tuple[str, str, str, str]:
        return _progress(lab, page), _place(lab, page), _assignments(lab, page), _course(lab, page)

    with page.tab("start", t("start.title")):
        with gr.Row(elem_classes="start"):
            with gr.Column(min_width=300):
                progress = gr.HTML(elem_id="progress")
                gr.HTML(markup.glossary(t), elem_id="glossary")
            with gr.Column(min_width=300):
                gr.Markdown(lab.assignment.texts[page.language], elem_classes="exercise")
                assignments = gr.HTML(elem_id="assignments")
        course = gr.HTML(elem_id="course-map")
        place = gr.HTML(elem_id="place")
        page.refresh(show, [progress, place, assignments, course])


def _progress(lab: Lab, page: Page) -> str:
    """Every exercise with a link to its tab, what is done of it, and its points."""
    t = page.t
    checks: dict[str, list[CheckResult]] = defaultdict(list)
    for check in page.checks():
        checks[check.id.split("/")[0]].append(check)
    exercises = lab.assignment.exercises
    rows = [_row(page, exercise, checks[exercise.id]) for exercise in exercises]
    header = [t(f"start.column_{name}") for name in ("exercise", "done", "points")]
    return (
        _feedback(lab, page)
        + _next(page, exercises, checks)
        + markup.table(header, rows, t("start.progress"))
    )


def _feedback(lab: Lab, page: Page) -> Markup:
    """That there is feedback, and the answer to what was asked about it; with the way there."""
    if "feedback" not in page.ids or (own := lab.feedback()) is None:
        return Markup("")
    answered = sum(each.answer is not None for each in own.requests)
    words = page.t("start.feedback_answered" if answered else "start.feedback")
    link = markup.tab_link("feedback", page.t("feedback.title"), page.t("feedback.title") + " →")
    return Markup('<p class="note feedback-is-here">{} {}</p>').format(words, link)


def _next(page: Page, exercises: Sequence[Exercise], checks: dict[str, list[CheckResult]]) -> Markup:
    """One clear action: the first exercise of which something is open."""
    for exercise in exercises:
        if any(check.is_missing for check in checks[exercise.id]):
            title = exercise.title(page.language)
            return Markup("<p>{}</p>").format(
                _link(page, exercise, page.t("start.next", title=title), main=True)
            )
    return Markup("<p><strong>{}</strong></p>").format(page.t("start.all_done"))


def _link(page: Page, exercise: Exercise, words: object, *, main: bool = False) -> Markup:
    """A link to the tab in which an exercise is done."""
    return markup.tab_link(*page.tab_of(exercise), words, main=main)


def _row(page: Page, exercise: Exercise, checks: list[CheckResult]) -> list[object]:
    t = page.t
    done, earned = sum(check.passed is True for check in checks), sum(check.points for check in checks)
    waiting = open_points(checks)
    points = t("check.points", points=number(earned, t.language), maximum=number(exercise.points, t.language))
    if waiting:
        points += " " + t("start.to_be_read", points=number(waiting, t.language))
    state = Markup('<meter min="0" max="{}" value="{}" aria-label="{}"></meter> <span>{}</span>').format(
        max(len(checks), 1),
        done,
        exercise.title(page.language),
        t("check.points", points=done, maximum=len(checks)),
    )
    terms = page.terms(exercise)
    link = _link(page, exercise, exercise.title(page.language))
    if terms:
        link += Markup(' <span class="terms">{}</span>').format(terms)
    return [link, state, points]


def _assignments(lab: Lab, page: Page) -> Markup:
    """Every assignment with its deadline; what lateness costs.

    An open one has its points and a link to its page, another the moment when it opens.
    """
    t = page.t
    rows: list[tuple[Markup | str, Markup | str, Markup | str]] = []
    for each in lab.offered:
        due = markup.local_time(each.due) if each.due else t("start.no_deadline")
        if each.opens and not each.is_open():
            rows.append((each.assignment.title(page.language), markup.opening(t, each.opens), due))
            continue
        here = each.assignment.id == lab.assignment.id
        checks = page.checks() if here else lab.on(each.assignment).checks(page.language)
        title = each.assignment.title(page.language)
        name = (
            Markup("<strong>{}</strong>").format(title)
            if here
            else Markup('<a href="{}">{}</a>').format(page.url_of(each.assignment.id), title)
        )
        earned = number(earned_points(checks), t.language)
        points = t("check.points", points=earned, maximum=number(each.assignment.points, t.language))
        rows.append((name, points, due))
    dated = any(each.due for each in lab.offered)
    if len(rows) < 2 and not dated:
        return Markup("")
    header = [t(f"start.column_{name}") for name in ("assignment", "points", "due")]
    late = Markup("<p>{}</p>").format(t("start.late")) if dated else Markup("")
    return markup.table(header, rows, t("start.assignments")) + late


def _course(lab: Lab, page: Page) -> Markup:
    """Where this assignment stands in the course, and the map of those that are offered."""
    offered = [each.assignment for each in lab.offered] or [lab.assignment]
    open_ = {each.assignment.id for each in lab.opened}

    def link(assignment: Assignment) -> Markup:
        title = assignment.title(page.language)
        if assignment.id == lab.assignment.id:
            return Markup("<strong>{}</strong>").format(title)
        if assignment.id not in open_:
            return Markup("{}").format(title)
        return Markup('<a href="{}">{}</a>').format(page.url_of(assignment.id), title)

    return course_map.here(page.t, lab.assignment, offered) + course_map.table(page.t, offered, link)


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
