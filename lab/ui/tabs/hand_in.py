"""Hand in: all the checks, what would be handed in, the button that freezes it, what was frozen before."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout
from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import number
from exercises.kinds.crafted import Crafted
from grading.results import CheckResult, asked_points
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_work
from lab.records import answers as answering
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import Page

# Kinds of exercise of which something goes along that is neither a picture nor a text of the student's.
PARTS = ("img2img", "inpaint", "outlines", "code")


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t

    def look() -> tuple[str, str, str]:
        checks = page.checks()
        what = contents(lab, page) + missing(page, checks)
        return what, markup.heading(t("hand_in.checks")) + by_exercise(lab, page, checks), earlier(lab, page)

    def freeze() -> str:
        try:
            made = hand_in(lab.assignment, lab.store(), page.language)
        except (UserError, OSError) as error:
            return markup.status(t("hand_in.failed", reason=error_text(error, page.language)), bad=True)
        return markup.status(t("hand_in.done", file=made.name))

    def names() -> Any:
        """A choice of the other names in the record, where there are some."""
        with closing(open_work(lab.work, lab.assignment.id, lab.student)) as submission:
            others, claimed = submission.other_names, submission.claimed_names
        return gr.update(choices=list(others), value=list(claimed), visible=bool(others))

    def say(mine: list[str]) -> str:
        try:
            answering.update(lab.folder, page.language, answering.also_me(mine))
        except (UserError, OSError, Timeout) as error:
            return markup.status(t("hand_in.failed", reason=error_text(error, page.language)), bad=True)
        return markup.status(t("hand_in.also_me_saved"))

    own = [exercise for exercise in lab.assignment.exercises if exercise.kind == "hand_in"]
    title = own[0].title(page.language) if own else t("hand_in.title")
    with page.tab("hand_in", page.tab_of(own[0])[1] if own else title):
        with gr.Row(elem_classes="halves"):
            with gr.Column(min_width=300):
                gr.HTML(markup.title(title, page.terms(own[0]) if own else ""))
                what = gr.HTML(elem_id="hand-in-contents")
                mine = gr.CheckboxGroup(
                    label=t("hand_in.also_me"),
                    info=t("hand_in.also_me_info"),
                    visible=False,
                    elem_id="also-me",
                )
                button = gr.Button(t("hand_in.button"), variant="primary", elem_id="hand-in")
                status = page.message("hand-in-status")
                before = gr.HTML(elem_id="hand-ins")
                for exercise in own:
                    page.instructions(exercise)
            with gr.Column(min_width=300):
                checklist = gr.HTML(elem_id="hand-in-checklist")
        page.refresh(look, [what, checklist, before])
        page.refresh(names, mine)
        page.changed(mine.input(say, mine, status, api_visibility="private", concurrency_limit=1))
        page.changed(button.click(freeze, None, status, api_visibility="private", concurrency_limit=1))


def contents(lab: Lab, page: Page) -> str:
    """In plain words: whose work, how many pictures, and what else this assignment's exercises ask for."""
    t, store, exercises = page.t, lab.store(), lab.assignment.exercises
    parts = [t("hand_in.pictures", number=len(store.records()))]
    parts += [t(f"hand_in.part_{kind}") for kind in PARTS if any(e.kind == kind for e in exercises)]
    if any(isinstance(e, Crafted) for e in exercises):
        parts.append(t("hand_in.part_made"))
    if lab.assignment.asks_apis:
        parts.append(t("hand_in.part_answers"))
    said = t("hand_in.and", others=", ".join(parts), last=t("hand_in.part_words"))
    return Markup("<p>{}</p>").format(
        t("hand_in.contents", student=lab.student, parts=said, binned=len(store.binned()))
    )


def missing(page: Page, checks: list[CheckResult]) -> str:
    """What is still to do, in one sentence; what a person will read is said apart."""
    t = page.t
    to_do = sum(check.is_missing for check in checks)
    to_read = sum(check.needs_person for check in checks)
    earned, maximum = sum(c.points for c in checks), asked_points(checks)
    parts = [
        t("hand_in.points", points=number(earned, t.language), maximum=number(maximum, t.language)),
        t("hand_in.to_do", number=to_do) if to_do else t("hand_in.complete"),
    ]
    if to_read:
        parts.append(t("hand_in.to_read", number=to_read))
    return Markup("<p><strong>{}</strong></p>").format(" ".join(parts))


def by_exercise(lab: Lab, page: Page, checks: list[CheckResult]) -> str:
    """The checks under the exercise each belongs to, folded away behind the number of those that are open."""
    t, parts = page.t, Markup("")
    for exercise in lab.assignment.exercises:
        own = [check for check in checks if check.id.split("/")[0] == exercise.id]
        if not own:
            continue
        earned, maximum = sum(c.points for c in own), sum(c.maximum for c in own)
        open_ = sum(check.passed is not True and not check.needs_person for check in own)
        untouched = exercise.optional and all(check.status in ("to_do", "unchecked") for check in own)
        waits = any(check.needs_person for check in own)
        state = "untouched" if untouched else "open" if open_ else "to_be_read" if waits else "nothing_open"
        title = Markup("{}").format(exercise.title(page.language))
        if exercise.optional:
            title += Markup(' <span class="terms">{}</span>').format(page.t("page.optional"))
        parts += Markup(
            '<details><summary><span class="state {}">{}</span> {} <span class="worth">{}</span></summary>{}'
            "<p>{}</p></details>"
        ).format(
            "done" if state == "nothing_open" else "open",
            t(f"hand_in.{state}", number=open_),
            title,
            t("check.points", points=number(earned, t.language), maximum=number(maximum, t.language)),
            markup.folded_checklist(t, own),
            markup.tab_link(*page.tab_of(exercise), t("hand_in.go", title=exercise.title(page.language))),
        )
    return parts


def earlier(lab: Lab, page: Page) -> str:
    """The frozen submissions, newest first, each with its time, size and a link to download it."""
    t = page.t
    made = sorted(
        (lab.folder / "hand-ins").glob("*.zip"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    if not made:
        return Markup("<p>{}</p>").format(t("hand_in.none"))
    header = [t(f"hand_in.{column}") for column in ("file", "time", "size")]
    rows = [(_link(page, file), _time(file), _size(page, file)) for file in made]
    return markup.table(header, rows, t("hand_in.earlier"))


def _link(page: Page, file: Path) -> Markup:
    return Markup('<a href="{}" download="{}">{}</a>').format(page.file_url(file), file.name, file.name)


def _time(file: Path) -> str:
    return f"{datetime.fromtimestamp(file.stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _size(page: Page, file: Path) -> str:
    return page.t("hand_in.mib", number=number(round(file.stat().st_size / 2**20, 1), page.t.language))
