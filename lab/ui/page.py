"""One page, in one language: the frame all tabs stand in, and the ways they act on each other.

A tab is `build(lab, page)`: it opens its own `with page.tab(id, title):`, makes its components, and

- `page.refresh(fn, outputs)`: `fn()` reads the disk and fills `outputs`; called whenever the tab is
  shown (also when the page is loaded), so that what is on disk is what is seen;
- `page.changed(event)`: for an event that changed the disk (what `button.click(...)` returns): after
  it the points in the header and this tab's own refreshers are read from disk again;
- `page.send_to_studio(button, stem)`: recall; `stem` is the component whose value is a record's stem;
  `page.start_from(button, stem, tab)` makes its picture the photo in use of the tab of that id.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from exercises.i18n import Language, Translate, translator
from exercises.kinds import Exercise
from exercises.kinds.base import ExerciseBase
from grading.results import CheckResult, asked_points, earned_points, open_points
from lab.session.lab import Lab
from lab.ui.html import markup

# The tab's name stays in the address and in the browser (`static/drafts.js`): one comes back to it.
REMEMBER = "() => {{ labRemember('{id}'); }}"
# Before the page fills a tab's fields itself: what was typed there earlier is not put back.
FRESH = "() => {{ labFresh('{id}'); }}"
READ_OUT = "element.setAttribute('role', 'status'); element.setAttribute('aria-live', 'polite');"
# What lasts, and yields as it goes on, takes Gradio's queue. What only reads or writes the disk does not:
# one request and its answer, instead of a request, an event stream and its close.
LASTING: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
QUIET: dict[str, Any] = LASTING | {"queue": False}

FILLED = "<i></i>"
SHARED_TABS = {"evaluation": "evaluation", "reflection": "evaluation", "hand_in": "hand_in"}  # by kind

_CHECKS: ContextVar[dict[Language, list[CheckResult]] | None] = ContextVar("checks", default=None)


@contextmanager
def checks_once() -> Iterator[None]:
    """Within this, a page runs the checks once, however many of its parts show them."""
    token = _CHECKS.set({})
    try:
        yield
    finally:
        _CHECKS.reset(token)


@dataclass(frozen=True)
class Refresher:
    """A function that reads the disk, the components it is given the values of, and those it fills."""

    fn: Callable[..., Any]
    inputs: list[Any]
    outputs: list[Any]
    fills_one: bool

    @classmethod
    def of(cls, fn: Callable[..., Any], outputs: Any, inputs: Any = None) -> "Refresher":
        given = [] if inputs is None else list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        several = isinstance(outputs, list | tuple)
        return cls(fn, given, list(outputs) if several else [outputs], not several)

    def results(self, values: Sequence[Any]) -> list[Any]:
        """A value for each output; of a function that answers by component, the others stay as they are."""
        import gradio as gr

        answer = self.fn(*values)
        if isinstance(answer, dict) and not self.fills_one:
            return [answer.get(component, gr.skip()) for component in self.outputs]
        if self.fills_one or (len(self.outputs) == 1 and not isinstance(answer, list | tuple)):
            return [answer]
        return list(answer)


def _text_id(exercise: ExerciseBase) -> str:
    return f"task-{exercise.id}"


def page_address(lab: Lab, assignment_id: str, language: Language) -> str:
    """The path of an assignment's page below the lab's prefix."""
    first = lab.offered[0].assignment.id if lab.offered else lab.assignment.id
    return f"/{language}" if assignment_id == first else f"/{language}/{assignment_id}"


class Page:
    """What the tabs of one page share. `studio` is the id of the Studio's tab, where there is one.

    `header_links` are shown in the header beside the languages: below a Hub, the way back to it.
    """

    def __init__(
        self, lab: Lab, language: Language, header_links: Callable[[Translate], Markup] = lambda _: Markup()
    ) -> None:
        import gradio as gr

        self.lab = lab
        self.language: Language = language
        self.t = translator("lab", language)
        self.studio = next((e.id for e in lab.assignment.exercises if e.kind == "studio"), None)
        self.ids: list[str] = []
        with gr.Row(elem_id="lab-header"):
            self._title = self._masthead()
            self.title = gr.HTML(self._title, elem_id="lab-title")
            self.points = gr.HTML(elem_id="lab-points")
            languages = markup.languages(self.t, lab.settings.prefix, language, lab.assignment.id)
            reads = markup.reader_link(*self._reader())
            gr.HTML(languages + header_links(self.t) + reads, elem_id="lab-languages")
        self.recall = gr.State(None)  # (stem, when) of the record the Studio is to take its parameters from
        self.parameters = gr.State(None)  # (values by name, when) that the Studio is to take over
        self.given_photo = gr.State(
            None
        )  # (tab, stem, when) of the record whose picture is to be a tab's photo
        self.tabs = gr.Tabs(elem_id="lab-tabs")
        self._tab: Any = None
        self._refreshers: list[Refresher] = []
        self._changes: list[Any] = []

    @contextmanager
    def tab(self, tab_id: str, title: str) -> Iterator[None]:
        """The tab in which what follows is built; `tab_id` is its name in the address."""
        import gradio as gr

        self.ids.append(tab_id)
        self._refreshers = [
            Refresher.of(self.header, self.points),
            Refresher.of(self._title_anew, self.title),
        ]
        self._changes = []
        with gr.Tab(title, id=tab_id, elem_id=f"tab-{tab_id}") as self._tab:
            yield
            self.refresh(lambda: FILLED, gr.HTML(elem_classes="filled"))  # the tab is shown with this
        self._tab.select(None, js=REMEMBER.format(id=tab_id))
        inputs = [component for refresher in self._refreshers for component in refresher.inputs]
        outputs = [component for refresher in self._refreshers for component in refresher.outputs]
        refresh = partial(self._refresh_all, tuple(self._refreshers))
        self._tab.select(refresh, inputs, outputs, **QUIET)
        for event in self._changes:
            event.then(refresh, inputs, outputs, **QUIET)

    def tab_of(self, exercise: Exercise) -> tuple[str, str]:
        """Id and title of the tab in which an exercise is done: its own, unless its kind shares one.

        A shared one is called after its exercise, where it has but one.
        """
        tab = SHARED_TABS.get(exercise.kind, exercise.id)
        there = [e for e in self.lab.assignment.exercises if SHARED_TABS.get(e.kind, e.id) == tab]
        if len(there) > 1:
            return tab, self.t(f"{tab}.title")
        return tab, exercise.title(self.language).split(":")[0].strip()

    @contextmanager
    def exercise_tab(self, exercise: Exercise) -> Iterator[None]:
        """An exercise's tab: its title (in the tab what stands before a colon), then what follows."""
        import gradio as gr

        with self.tab(*self.tab_of(exercise)):
            head = markup.title(exercise.title(self.language), self.terms(exercise))
            if not exercise.asks_apis:  # where answers need the whole screen
                head += markup.way_to_text(exercise.id, _text_id(exercise), self.t("page.text"))
            gr.HTML(head)
            yield

    def terms(self, exercise: ExerciseBase) -> str:
        """That an exercise is optional, and when it is due; nothing where neither is said."""
        due = exercise.due
        said = [
            self.t("page.optional") if exercise.optional else "",
            self.t("page.due", moment=f"{due:%Y-%m-%d %H:%M %Z}") if due else "",
        ]
        return " · ".join(filter(None, said))

    def _reader(self) -> tuple[str, str]:
        """Id and title of the tab in which a picture's parameters are read."""
        studio = self.lab.assignment.exercise(self.studio) if self.studio else None
        return self.tab_of(studio) if studio else ("gallery", self.t("gallery.title"))

    def make_first(self, runs: Collection[str]) -> Markup:
        """Where pictures of these runs are needed and are not there: the way to the tabs that make them."""
        made_in = [
            e for e in self.lab.assignment.exercises if any(r.id in runs for r in getattr(e, "runs", ()))
        ]
        tabs = dict.fromkeys(self.tab_of(exercise) for exercise in made_in)
        links = Markup(", ").join(markup.tab_link(*tab, f"{tab[1]} →") for tab in tabs)
        return Markup('<p class="note make-first">{} {}</p>').format(self.t("page.make_first"), links)

    def text(self, exercise: Exercise) -> None:
        """An exercise's title and its own words, for one that shares its tab with others."""
        import gradio as gr

        gr.HTML(markup.title(exercise.title(self.language), self.terms(exercise)))
        self.instructions(exercise)

    def instructions(self, exercise: ExerciseBase) -> None:
        """The exercise's own words, which can be folded away."""
        import gradio as gr

        with gr.Accordion(self.t("page.text"), elem_id=_text_id(exercise), elem_classes="exercise-text"):
            gr.Markdown(exercise.texts[self.language], elem_classes="exercise")

    def file_url(self, file: Path) -> str:
        """Where the browser finds a file of the student's folder or of the lab's cache."""
        path = page_address(self.lab, self.lab.assignment.id, self.language)
        return f"{self.lab.settings.prefix}{path}/gradio_api/file={quote(str(file.resolve()))}"

    def url_of(self, assignment_id: str) -> str:
        """The address of an assignment's page in this language."""
        return f"{self.lab.settings.prefix}{page_address(self.lab, assignment_id, self.language)}/"

    def refresh(self, fn: Callable[..., Any], outputs: Any, inputs: Any = None) -> None:
        """Call `fn` whenever the tab is shown, and after each change made in it."""
        self._refreshers.append(Refresher.of(fn, outputs, inputs))

    def _refresh_all(self, refreshers: "Sequence[Refresher]", *values: Any) -> list[Any]:
        """What all refreshers of a tab give, in one answer, so that the checks are run once for all."""
        results: list[Any] = []
        with checks_once():
            for refresher in refreshers:
                own, values = values[: len(refresher.inputs)], values[len(refresher.inputs) :]
                results += refresher.results(own)
        return results

    def resume(self, fn: Callable[..., Any], outputs: Any, inputs: Any = None) -> None:
        """Call the generator `fn` whenever the tab is shown, unless it is still going on here."""
        self._tab.select(fn, inputs, outputs, trigger_mode="once", **LASTING)

    def message(self, elem_id: str, *, render: bool = True) -> Any:
        """A place for what an action gave (`markup.status`); what changes in it is read out."""
        import gradio as gr

        return gr.HTML(elem_id=elem_id, elem_classes="message", js_on_load=READ_OUT, render=render)

    def checks(self) -> list[CheckResult]:
        """All checks of the assignment, as the grade will see them; within `checks_once` run once."""
        kept = _CHECKS.get()
        if kept is None:
            return self.lab.checks(self.language)
        if self.language not in kept:
            kept[self.language] = self.lab.checks(self.language)
        return kept[self.language]

    def checklist(self, exercise_id: str) -> str:
        """The checks of one exercise, as the grade will see them."""
        checks = [check for check in self.checks() if check.id.split("/")[0] == exercise_id]
        link = self.next_tab(exercise_id, main=True)
        following = Markup("<p>{}</p>").format(link) if link else Markup("")
        return markup.heading(self.t("check.title")) + following + markup.folded_checklist(self.t, checks)

    def next_tab(self, exercise_id: str, *, main: bool = False) -> Markup:
        """Once nothing is left to do in an exercise's tab, a link to the tab after it; else nothing."""
        exercises = self.lab.assignment.exercises
        tabs = [self.tab_of(exercise) for exercise in exercises]
        here = next((tab for tab, e in zip(tabs, exercises, strict=True) if e.id == exercise_id), None)
        if here is None:  # a tab that is no exercise
            return Markup("")
        ids = {e.id for tab, e in zip(tabs, exercises, strict=True) if tab == here}
        own = [check for check in self.checks() if check.id.split("/")[0] in ids]
        if any(check.passed is not True and not check.needs_person for check in own):
            return Markup("")
        after = [tab for tab in tabs[len(tabs) - tabs[::-1].index(here) :] if tab != here]
        following = after[0] if after else ("hand_in", self.t("hand_in.title"))
        if following[0] == here[0]:
            return Markup("")
        return markup.tab_link(*following, self.t("page.next_tab", title=following[1]), main=main)

    def changed(self, event: Any) -> None:
        """`event` changed the disk: afterwards everything this tab shows of it is read again."""
        self._changes.append(event)

    def send_to_studio(self, button: Any, stem: Any) -> None:
        """`button` opens the Studio with the parameters of the record that `stem`'s value names."""
        import gradio as gr

        button.click(None, js=FRESH.format(id=self.studio))
        button.click(
            lambda value: ((value, time.time()), gr.Tabs(selected=self.studio)),
            stem,
            [self.recall, self.tabs],
            **LASTING,  # a changed state is told through the queue only
        ).then(None, js=REMEMBER.format(id=self.studio))  # a tab chosen by the program tells no one

    def start_from(self, button: Any, stem: Any, tab: str) -> None:
        """`button` opens a tab that takes a photo, with the picture that `stem` names as its photo."""
        import gradio as gr

        button.click(None, js=FRESH.format(id=tab))
        button.click(
            lambda value: ((tab, value, time.time()), gr.Tabs(selected=tab)),
            stem,
            [self.given_photo, self.tabs],
            **LASTING,
        ).then(None, js=REMEMBER.format(id=tab))

    def _masthead(self) -> Markup:
        """Title and student, with the way to the other assignments that are open now."""
        others = [
            (each.assignment.title(self.language), self.url_of(each.assignment.id))
            for each in self.lab.opened
            if each.assignment.id != self.lab.assignment.id
        ]
        title = markup.switch(self.t, self.lab.assignment.title(self.language), others)
        return markup.masthead(self.t, title, self.lab.student, self.lab.assignment.id)

    def _title_anew(self) -> Any:
        """The masthead once an assignment has opened since the page was built, which may be days ago."""
        import gradio as gr

        title = self._masthead()
        return gr.skip() if title == self._title else title

    def header(self) -> str:
        """The points so far, as the checks see them."""
        checks = self.checks()
        return markup.points(self.t, earned_points(checks), asked_points(checks), open_points(checks))
