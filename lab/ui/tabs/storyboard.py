"""Kind `storyboard`: pictures in order, a caption and an alternative text for each."""

from dataclasses import replace
from typing import Any

from markupsafe import Markup

from crafts.pieces import Piece
from crafts.storyboard import APPLICATION, FAR, MOST
from exercises.i18n import number
from exercises.kinds import Storyboard
from lab.session.lab import Lab
from lab.ui.html import adherence, crafts, markup
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.crafted import CraftedTab
from manifests.store import Record

LENGTH, TITLE = 400, 120  # characters, as the boxes take them


def build(lab: Lab, page: Page, exercise: Storyboard) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        StoryboardTab(lab, page, exercise)


class StoryboardTab(CraftedTab):
    application = APPLICATION

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        title = gr.Textbox(
            label=t("storyboard.title"), max_length=TITLE, elem_id=f"title-{name}", elem_classes="draft"
        )
        self.frames, boxes = [], []
        for place in range(1, MOST + 1):
            with gr.Column(visible=False, elem_classes="frame") as frame:
                for field in ("caption", "alt"):
                    boxes.append(
                        gr.Textbox(
                            label=t(f"storyboard.{field}", number=place),
                            lines=1,
                            max_lines=3,
                            max_length=LENGTH,
                            elem_id=f"{field}-{place}-{name}",
                            elem_classes="draft",
                        )
                    )
            self.frames.append(frame)
        return [title, *boxes]

    def listen(self) -> None:
        self.pictures.change(self._fields, self.pictures, self.frames, **QUIET)

    def _fields(self, chosen: Any) -> list[Any]:
        """Boxes for as many frames as pictures are chosen."""
        import gradio as gr

        count = len(chosen) if isinstance(chosen, list) else 0
        return [gr.update(visible=place < count) for place in range(MOST)]

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        title, *texts = (str(value or "") for value in values)
        pairs = list(zip(texts[::2], texts[1::2], strict=True))
        frames = [{"caption": caption, "alt": alt} for caption, alt in pairs]
        return {"title": title, "frames": frames[:count]}

    def values(self, settings: dict[str, Any]) -> list[Any]:
        frames = [*settings.get("frames", ())]
        frames += [{"caption": "", "alt": ""}] * (MOST - len(frames))
        texts = [text for frame in frames[:MOST] for text in (frame["caption"], frame["alt"])]
        return [settings.get("title", ""), *texts]

    def shown(self, piece: Piece, record: Record, place: int) -> Shown:
        """A frame with its own caption and alternative text."""
        frames: Any = piece.settings["frames"]
        frame = frames[place] if place < len(frames) else {"caption": "", "alt": ""}
        shown = super().shown(piece, record, place)
        return replace(shown, label=f"{place + 1}. {frame['caption']}", alt=frame["alt"] or shown.alt)

    def figures(self, piece: Piece) -> Markup:
        t = self.page.t
        found: Any = piece.figures
        values = {name: number(found[name], t.language) for name in ("distance", "farthest")}
        words = t("storyboard.far" if found["farthest"] >= FAR else "storyboard.near", **values)
        tables = crafts.frames(t, found) + self._judged(piece)
        return markup.note(words) + tables + markup.hint(t("storyboard.cannot"))

    def _judged(self, piece: Piece) -> Markup:
        """What the judge found in each frame of what its prompt names; nothing where it had no opinion."""
        t, records = self.page.t, self._records()
        opinions = [(n, records.get(source.stem)) for n, source in enumerate(piece.sources, 1)]
        rows = [
            (number_, " · ".join(adherence.lines(t, record.manifest.adherence)[1:]))
            for number_, record in opinions
            if record is not None and record.manifest.adherence is not None
        ]
        if not rows:
            return Markup("")
        header = [t("storyboard.number"), t("storyboard.seen")]
        return markup.scrolling(markup.table(header, rows, t("storyboard.judged")), t("storyboard.judged"))
