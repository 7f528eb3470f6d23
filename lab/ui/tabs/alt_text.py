"""Alternative texts: the purpose first, then a model's draft, then the student's own words.

The rules are those of the grade (`grading.checks.alt_text_rules`), shown while the text is written;
length is advice.
"""

from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.kinds import AltTexts
from grading.checks.alt_text import USE_AT_LEAST
from grading.checks.alt_text_rules import ADVISED, count_words, faults
from lab.jobs.analyse import AnalysisError, Question, show
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import answers as answer_markup
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.analyse import task_of
from lab.ui.tabs.asking import chosen, model_choice, model_choices, picture_choices, shown
from lab.ui.tabs.generation import Watch
from manifests.analysis import AltText, Analysis, Note

ALT_LENGTH, LONG_LENGTH, USE_LENGTH = 600, 3000, 300  # characters, as the page's boxes take them


def build(lab: Lab, page: Page, exercise: AltTexts) -> None:
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: AltTexts) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                self.picture = choice(label=t("alt_text.picture"), elem_id=f"picture-{name}")
                self.use = gr.Textbox(
                    label=t("alt_text.use"),
                    info=t("alt_text.use_hint"),
                    max_length=USE_LENGTH,
                    elem_classes="draft",
                    elem_id=f"use-{name}",
                )
                self.purpose = gr.Radio(
                    [(t(f"alt_text.question_{purpose}"), purpose) for purpose in exercise.purposes],
                    value=exercise.purposes[0],
                    label=t("alt_text.purpose"),
                    elem_id=f"purpose-{name}",
                )
                self.seen = gr.Image(
                    label=t("alt_text.shown"),
                    interactive=False,
                    visible=False,
                    buttons=["fullscreen"],
                    elem_id=f"seen-{name}",
                    elem_classes="picture",
                )
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                with gr.Column(visible=exercise.purposes[0] != "decorative") as self.telling:
                    self.model = model_choice(page, name)
                    with gr.Row(elem_classes="actions"):
                        draft = gr.Button(t("alt_text.draft"), elem_id=f"draft-{name}")
                        stop = gr.Row(elem_classes="stopping")
                    going_on = gr.Column(elem_classes="going-on")
                    self.drafted = gr.HTML(elem_id=f"drafted-{name}")
                    use_draft = gr.Button(t("alt_text.take"), size="sm", elem_id=f"take-{name}")
                    self.alt = gr.Textbox(
                        label=t("alt_text.alt"),
                        lines=2,
                        max_length=ALT_LENGTH,
                        elem_classes="draft",
                        elem_id=f"alt-{name}",
                    )
                    self.long = gr.Textbox(
                        label=t("alt_text.long"),
                        lines=4,
                        max_length=LONG_LENGTH,
                        visible=False,
                        elem_classes="draft",
                        elem_id=f"long-{name}",
                    )
                advice = gr.HTML(elem_id=f"advice-{name}")
                save = gr.Button(t("alt_text.save"), variant="primary", elem_id=f"save-{name}")
                said = page.message(f"saved-{name}")
            with stop:
                watch = Watch(lab, page, name, [draft])
            with going_on:
                watch.render()
        page.instructions(exercise)
        written = gr.HTML(elem_id=f"written-{name}")
        checks = gr.HTML(elem_id=f"checks-{name}")

        asked = [self.picture, self.purpose, self.use, self.model]
        watch.on(draft, self._draft, asked, self._drafted, [self.drafted], [self.picture])
        watch.resume(self._drafted, [self.drafted], [self.picture])
        texts = [self.purpose, self.alt, self.long]
        self.purpose.change(self._purpose, self.purpose, [self.telling, self.long], **QUIET)
        gr.on([each.change for each in texts], self._advice, texts, advice, **QUIET)
        self.picture.change(self._look, self.picture, [self.seen, self.drafted], **QUIET)
        use_draft.click(self._take, [self.picture, self.purpose], [self.alt, self.long], **QUIET)
        page.refresh(self._offer, [self.picture, self.model], self.picture)
        page.refresh(self._advice, advice, texts)
        page.refresh(lambda: (self._written(), page.checklist(name)), [written, checks])
        page.changed(save.click(self._save, [self.picture, self.use, *texts], said, **QUIET))

    def _offer(self, name: str | None) -> list[Any]:
        import gradio as gr

        choices = picture_choices(self.lab)
        names = [value for _, value in choices]
        value = name if name in names else next(iter(names), None)
        models = gr.update(choices=model_choices(self.lab, self.page))
        return [gr.update(choices=choices, value=value), models]

    def _purpose(self, purpose: str) -> list[Any]:
        """A decorative picture has no text; only a complex one has a long one."""
        import gradio as gr

        return [gr.update(visible=purpose != "decorative"), gr.update(visible=purpose == "complex")]

    def _look(self, name: str | None) -> list[Any]:
        import gradio as gr

        record = self.lab.own_pictures().get(name or "")
        if record is None:
            return [gr.update(value=None, visible=False), ""]
        # What stands beside is where its text is being written, so the picture here needs none of its own.
        alt = self.page.t("alt_text.shown_alt", stem=record.stem)
        picture = gr.update(value=shown(self.lab, record), visible=True, alt_text=alt)
        return [picture, *self._drafted(name)]

    def _draft(self, name: str | None, purpose: Any, use: str, model: str | None) -> list[Task]:
        (record,) = chosen(self.lab, self.page, [name] if name else [])
        question = Question("alt_text", self.page.language, record, purpose=purpose, use=use)
        return [task_of(self.lab, self.page, self.exercise.id, question, model)]

    def _newest_draft(self, name: str | None) -> Analysis | None:
        """The last draft made from the file as it is."""
        record = self.lab.own_pictures().get(name or "")
        drafts = [
            entry
            for entry in self.lab.notebook().entries()
            if isinstance(entry, Analysis) and entry.asked.task == "alt_text"
        ]
        sha256 = record.manifest.image.sha256 if record else None
        return next((d for d in reversed(drafts) if sha256 in [i.sha256 for i in d.asked.images]), None)

    def _drafted(self, name: str | None) -> list[Any]:
        draft = self._newest_draft(name)
        return [answer_markup.article(self.page.t, draft) if draft else ""]

    def _take(self, name: str | None, purpose: str) -> list[Any]:
        """The draft's texts into the boxes, to be edited."""
        import gradio as gr

        draft = self._newest_draft(name)
        if draft is None:
            return [gr.skip(), gr.skip()]
        data = draft.answered.data or {}
        short, long = (str(data.get(key) or "") for key in ("short", "long"))
        return [short or draft.answered.text[:ALT_LENGTH], long if purpose == "complex" else gr.skip()]

    def _advice(self, purpose: str, alt: str, long: str) -> str:
        """What the rules say of the text so far, and how long it is."""
        t, language = self.page.t, self.page.language
        if purpose == "decorative":
            return markup.hint(t("alt_text.decorative_advice"))
        notes = Markup("").join(
            markup.note(fault.text(language)) for fault in faults(purpose, alt, _kept(purpose, long))
        )
        length = t("alt_text.length", characters=len(alt.strip()))
        if len(alt.strip()) > ADVISED:
            length += " " + t("alt_text.long_advice", advised=ADVISED)
        return notes + markup.hint(length)

    def _save(self, name: str | None, use: str, purpose: Any, alt: str, long: str) -> str:
        t, language = self.page.t, self.page.language
        try:
            (record,) = chosen(self.lab, self.page, [name] if name else [])
            if count_words(use) < USE_AT_LEAST:
                raise AnalysisError("alt_text.no_use", words=USE_AT_LEAST)
            if purpose == "decorative":
                alt, long = "", ""
            wrong = faults(purpose, alt, _kept(purpose, long))
            if wrong:
                return markup.status(wrong[0].text(language), bad=True)
            seen, _ = show(record)
            draft = self._newest_draft(name)
            text = AltText(
                image=seen,
                purpose=purpose,
                use=use.strip()[:USE_LENGTH],
                alt=alt.strip()[:ALT_LENGTH],
                long=_kept(purpose, long).strip()[:LONG_LENGTH],
                about=draft.sequence if draft and purpose != "decorative" else None,
            )
            entry = self.lab.notebook().write(self.exercise.id, text)
        except (UserError, OSError) as error:
            return markup.status(error_text(error, language), bad=True)
        return markup.status(t("alt_text.saved", number=entry.sequence, purpose=t(f"alt_text.{purpose}")))

    def _written(self) -> str:
        """The newest text for each purpose."""
        t = self.page.t
        entries = self.lab.notebook().entries()
        newest: dict[str, AltText] = {}
        for entry in entries:
            if isinstance(entry, Note) and isinstance(entry.said, AltText):
                newest[entry.said.purpose] = entry.said
        rows = [
            (t(f"alt_text.{p}"), text.image.stem, text.use, text.alt or t("alt_text.nothing"), text.long)
            for p in self.exercise.purposes
            if (text := newest.get(p))
        ]
        if not rows:
            return ""
        header = [t(f"alt_text.column_{name}") for name in ("purpose", "picture", "use", "alt", "long")]
        return Markup('<div class="stacking">{}</div>').format(
            markup.table(header, rows, t("alt_text.written"))
        )


def _kept(purpose: str, long: str) -> str:
    """What stands in the hidden box of another purpose is not kept."""
    return long if purpose == "complex" else ""
