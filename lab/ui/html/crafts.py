"""What was made of pictures, as the pages show it: its files, and its figures as tables and swatches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from crafts.colour import is_hex, word_of
from crafts.pieces import FOLDER, Piece
from exercises.i18n import Translator, number, translator
from lab.ui.html import markup


def swatch(language: Any, colour: str, words: str = "") -> Markup:
    """A field of a colour with its hexadecimal name and what it is called."""
    if not is_hex(colour):
        return Markup("{}").format(colour)
    t = translator("crafts", language)
    lightness, hue = word_of(colour)
    name = words or t(f"colour.{lightness}", colour=t(f"hue.{hue}"))
    field = Markup('<span style="background:{}" aria-hidden="true"></span>').format(colour)
    return Markup('<span class="swatch">{}{} <small>{}</small></span>').format(field, colour, name)


def downloads(t: Translator, piece: Piece, address: Any, folder: Path) -> Markup:
    """A link to each of its files, with how large it is."""
    links = Markup("").join(
        Markup('<li><a href="{}" download="{}">{}</a> ({})</li>').format(
            address(folder / FOLDER / each.name),
            each.name,
            t("crafted.file", ending=each.name.rpartition(".")[2].upper(), stem=piece.stem),
            t("download.size", kib=number(max(1, round(each.bytes / 1024)), t.language)),
        )
        for each in piece.files
    )
    return Markup('<ul class="made-files">{}</ul>').format(links)


def threads(t: Translator, figures: dict[str, Any]) -> Markup:
    """The legend of a pattern: a line a thread."""
    header = [t(f"crossstitch.{name}") for name in ("symbol", "thread", "colour", "stitches", "skeins")]
    rows = [
        (
            each["symbol"],
            f"DMC {each['number']}",
            swatch(t.language, each["colour"]),
            each["stitches"],
            each["skeins"],
        )
        for each in figures["threads"]
    ]
    return _table(header, rows, t("crossstitch.threads"))


def frames(t: Translator, figures: dict[str, Any]) -> Markup:
    """The frames' main colours, and how far each frame is from the one before."""
    header = [t(f"storyboard.{name}") for name in ("number", "colours", "before")]
    rows = []
    for place, each in enumerate(figures["frames"], 1):
        colours = Markup(" ").join(swatch(t.language, colour) for colour in each["colours"])
        before = each["from_before"]
        rows.append((place, colours, "–" if before is None else number(before, t.language)))
    return _table(header, rows, t("storyboard.measured"))


def contrasts(t: Translator, figures: dict[str, Any]) -> Markup:
    """Each pair of the palette, its contrast, and for what it does."""
    header = [t(f"brandkit.{name}") for name in ("pair", "contrast", "does_for")]
    rows = []
    for pair in figures["contrasts"]:
        one, other = pair["colours"]
        if not (is_hex(one) and is_hex(other)):
            continue
        if pair["text"]:
            sample = Markup('<span class="sample" style="background:{};color:{}">Aa</span>').format(
                one, other
            )
        else:  # nothing is written where it could not be read
            halves = Markup("background:linear-gradient(90deg,{} 50%,{} 50%)").format(one, other)
            sample = Markup('<span class="sample" style="{}">&nbsp;&nbsp;&nbsp;</span>').format(halves)
        named = Markup("{} {} · {}").format(sample, one, other)
        does = "text" if pair["text"] else "large" if pair["large"] else "nothing"
        rows.append((named, number(pair["contrast"], t.language), t(f"brandkit.does_{does}")))
    return _table(header, rows, t("brandkit.contrasts"))


def shares(t: Translator, palette: Sequence[Any], figures: dict[str, Any]) -> Markup:
    """How much of each shot is near each colour of the palette."""
    header = [t("brandkit.colour"), *(t("brandkit.shot", number=n + 1) for n in range(len(figures["shots"])))]
    rows: list[Sequence[object]] = [
        (
            swatch(t.language, each["colour"], each["name"]),
            *(_percent(t, shot["shares"][place]) for shot in figures["shots"]),
        )
        for place, each in enumerate(palette)
    ]
    rows.append((t("brandkit.together"), *(_percent(t, shot["near"]) for shot in figures["shots"])))
    return _table(header, rows, t("brandkit.shares"))


def labels(t: Translator, figures: dict[str, Any]) -> Markup:
    """What became of each label of a diagram in the model's picture."""
    rows = [
        (each["label"], t(f"diagrams.{each['finding']}") if each["finding"] else t("diagrams.unsaid"))
        for each in figures["labels"]
    ]
    return _table([t("diagrams.label"), t("diagrams.in_picture")], rows, t("diagrams.findings"))


def declared(t: Translator, pictures: Any) -> Markup:
    """What somebody says that they checked of each picture, and where."""
    header = [t("course.picture"), t("course.is_checked"), t("course.is_where")]
    rows = [
        (f"{n}. {each['caption']}", each["checked"] or "–", each["where"] or "–")
        for n, each in enumerate(pictures, 1)
    ]
    return _table(header, rows, t("course.declared"))


def formats(t: Translator, figures: dict[str, Any]) -> Markup:
    """A line a format: how many files, how large, how near to the pixels before; then all files, folded."""
    header = [t(f"operations.{name}") for name in ("format", "files", "kib", "mean", "psnr")]
    rows = [
        (
            each["format"],
            each["files"],
            number(round(each["bytes"] / 1024, 1), t.language),
            number(round(each["bytes"] / each["files"] / 1024, 1), t.language),
            _psnr(t, each["psnr"]),
        )
        for each in figures["formats"]
    ]
    names = [t(f"operations.{name}") for name in ("file", "size", "bytes", "psnr")]
    files = [
        (each["name"], f"{each['width']} × {each['height']}", each["bytes"], _psnr(t, each["psnr"]))
        for each in figures["files"]
    ]
    carried = sorted({name for each in figures["sources"] for name in each["metadata"]})
    size = sum(sum(each["metadata"].values()) for each in figures["sources"])
    said = t("operations.carried", names=", ".join(carried), bytes=size) if carried else t("operations.bare")
    folded = Markup("<details><summary>{}</summary>{}</details>").format(
        t("operations.all_files", count=len(files)),
        markup.scrolling(markup.table(names, files), t("operations.all")),
    )
    return _table(header, rows, t("operations.by_format")) + markup.hint(said) + folded


def _table(header: Sequence[object], rows: Sequence[Sequence[object]], caption: str) -> Markup:
    """A table that scrolls by itself where the screen is narrow."""
    return markup.scrolling(markup.table(header, rows, caption), caption)


def _psnr(t: Translator, value: float | None) -> str:
    return t("operations.same") if value is None else t("operations.db", value=number(value, t.language))


def _percent(t: Translator, share: float) -> str:
    return t("brandkit.percent", value=number(round(share * 100), t.language))
