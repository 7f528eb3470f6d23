"""Kind `brandkit`: a palette in words and figures, moods, and product shots measured against it."""

from typing import Any

from markupsafe import Markup

from crafts.brandkit import APPLICATION, MOST_COLOURS, MOST_MOODS
from crafts.colour import is_hex
from crafts.pieces import Piece
from crafts.storyboard import main_colours
from exercises.errors import UserError
from exercises.kinds import Brandkit
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import crafts, markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.crafted import CraftedTab, SettingsError
from manifests.pictures import open_picture


def build(lab: Lab, page: Page, exercise: Brandkit) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        BrandkitTab(lab, page, exercise)


class BrandkitTab(CraftedTab):
    application = APPLICATION

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        brand = gr.Textbox(
            label=t("brandkit.name"), max_length=60, elem_id=f"name-{name}", elem_classes="draft"
        )
        moods = gr.Textbox(
            label=t("brandkit.moods"),
            info=t("brandkit.moods_hint", most=MOST_MOODS),
            max_length=300,
            elem_id=f"moods-{name}",
            elem_classes="draft",
        )
        self.palette = gr.Textbox(
            label=t("brandkit.palette"),
            info=t("brandkit.palette_hint", most=MOST_COLOURS),
            lines=5,
            max_length=600,
            elem_id=f"palette-{name}",
            elem_classes="draft",
        )
        self.suggest = gr.Button(t("brandkit.suggest"), size="sm", elem_id=f"suggest-{name}")
        self.suggested = self.page.message(f"suggested-{name}")
        return [brand, moods, self.palette]

    def listen(self) -> None:
        self.suggest.click(self._suggest, self.pictures, [self.palette, self.suggested], **QUIET)

    def _suggest(self, chosen: Any) -> list[Any]:
        """The main colours of the first picture chosen, one a line, to be changed and named."""
        import gradio as gr

        records, stems = self._records(), chosen if isinstance(chosen, list) else []
        record = records.get(stems[0]) if stems else None
        if record is None:
            return [gr.skip(), markup.status(self.page.t("crafted.choose"), bad=True)]
        try:
            colours, _, _ = main_colours(open_picture(record.image_path.read_bytes()))
        except (UserError, OSError) as error:
            return [gr.skip(), markup.status(error_text(error, self.page.language), bad=True)]
        return ["\n".join(colours), ""]

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        name, moods, palette = (str(value or "") for value in values)
        words = [mood.strip() for mood in moods.replace(";", ",").split(",") if mood.strip()]
        return {"name": name, "moods": words, "palette": self._palette(palette)}

    def _palette(self, text: str) -> list[dict[str, str]]:
        """A colour a line: its hexadecimal name, then what it is called. Raises SettingsError."""
        colours = []
        for number, line in enumerate(text.splitlines(), 1):
            colour, _, name = line.strip().partition(" ")
            if not colour:
                continue
            if not is_hex(colour.lower()):
                raise SettingsError(self.page.t("brandkit.no_colour", number=number, text=colour[:20]))
            colours.append({"colour": colour.lower(), "name": name.strip()})
        if not colours:
            raise SettingsError(self.page.t("brandkit.no_palette"))
        return colours

    def values(self, settings: dict[str, Any]) -> list[Any]:
        palette = [f"{each['colour']} {each['name']}".strip() for each in settings.get("palette", ())]
        return [settings.get("name", ""), ", ".join(settings.get("moods", ())), "\n".join(palette)]

    def figures(self, piece: Piece) -> Markup:
        t = self.page.t
        found: Any = piece.figures
        palette: Any = piece.settings["palette"]
        tables = crafts.shares(t, palette, found) + crafts.contrasts(t, found)
        return tables + markup.hint(t("brandkit.note"))
