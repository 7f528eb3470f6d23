"""The drawings: `python -m training.wide.drawings --out sprites.zip` fetches the sets and packs what we use.

Rule: every set is pinned by version and hash, stands in `SETS` with its licence and author, and is never
committed. Sets under share-alike terms are not used. Each drawing is cut to what is visible, centred on a
transparent square, and kept as a lossless picture, so that the packed file is small enough to travel.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from training.wide.words import world

SIDE = 192  # pixels, down and across; a thing fills about so much of a 256-pixel picture
RIM = 4  # transparent pixels around each drawing, so that sampling at its border finds nothing


@dataclass(frozen=True)
class DrawingSet:
    """One hand's drawings, as an npm package."""

    package: str
    version: str
    sha256: str
    author: str
    licence: str
    home: str

    @property
    def archive(self) -> str:
        """The file that `npm pack` writes."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


FLUENT = ("Microsoft", "MIT", "https://github.com/microsoft/fluentui-emoji")
NOTO = ("Google", "Apache-2.0", "https://github.com/googlefonts/noto-emoji")
SETS = {
    "fluent-3d": DrawingSet(
        "@lobehub/fluent-emoji-3d",
        "1.1.0",
        "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
        *FLUENT,
    ),
    "fluent-emoji-flat": DrawingSet(
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
        *FLUENT,
    ),
    "fluent-emoji-high-contrast": DrawingSet(
        "@iconify-json/fluent-emoji-high-contrast",
        "1.2.6",
        "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
        *FLUENT,
    ),
    "noto": DrawingSet(
        "@iconify-json/noto",
        "1.2.9",
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
        *NOTO,
    ),
    "twemoji": DrawingSet(
        "@iconify-json/twemoji",
        "1.2.5",
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        "Twitter and other contributors",
        "CC-BY-4.0",
        "https://github.com/jdecked/twemoji",
    ),
}
UGLY = {("racket", "twemoji")}  # drawings that show something else than the word says


def fetch(chosen: DrawingSet, cache: Path) -> Path:
    """The folder of a set below `cache`; downloads it once and compares its hash."""
    archive, folder = cache / chosen.archive, cache / "sets" / chosen.archive.removesuffix(".tgz")
    if not archive.exists():
        if shutil.which("npm") is None:
            raise SystemExit(
                f"npm is needed to fetch {chosen.package}: install Node.js, or put {archive} here"
            )
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", f"{chosen.package}@{chosen.version}"], cwd=cache, check=True, capture_output=True
        )
    if hashlib.sha256(archive.read_bytes()).hexdigest() != chosen.sha256:
        raise SystemExit(f"{archive} is not the expected {chosen.package}: delete it and try again")
    if not folder.is_dir():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder / "package"


def drawings_of(name: str, folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Every object that a set has a drawing of, as a picture with transparency, not yet cut."""
    if name == "fluent-3d":  # pictures, called by their code points
        for token, code in world().codes.items():
            file = folder / "assets" / f"{code}.webp"
            if file.exists():
                yield token, Image.open(file).convert("RGBA")
        return
    icons, called = (json.loads((folder / file).read_text()) for file in ("icons.json", "chars.json"))
    for token, code in world().codes.items():
        icon = called.get(code) or called.get(code.removesuffix("-fe0f"))
        if icon is not None:
            icon = icons.get("aliases", {}).get(icon, {}).get("parent", icon)
            body = icons["icons"][icon]
            yield token, rasterised(body["body"], body.get("width", icons["width"]), icons["height"])


def rasterised(body: str, width: float, height: float) -> Image.Image:
    """An SVG body as a picture of at least twice the size that is kept."""
    import resvg_py  # only whoever packs the drawings needs it

    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{body}</svg>'
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIDE, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")


def centred(drawing: Image.Image) -> Image.Image:
    """Cut away what is empty, centre the rest on a transparent square of SIDE pixels."""
    box = drawing.getchannel("A").point(lambda alpha: 255 * (alpha > 12)).getbbox()
    cut = drawing.crop(box)
    scale = (SIDE - 2 * RIM) / max(cut.size)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    cut = cut.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")  # RGBa: no dark fringe
    square = Image.new("RGBA", (SIDE, SIDE))
    square.paste(cut, ((SIDE - cut.width) // 2, (SIDE - cut.height) // 2))
    return square


def pack(cache: Path, out: Path) -> int:
    """Fetch all sets and write `out`, a zip of `<object>.<set>.webp`. Returns how many drawings it holds."""
    out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, chosen in SETS.items():
            for token, drawing in drawings_of(name, fetch(chosen, cache)):
                if (token, name) in UGLY:
                    continue
                data = io.BytesIO()
                centred(drawing).save(data, "WEBP", lossless=True, method=4)
                archive.writestr(f"{token}.{name}.webp", data.getvalue())
                count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="Fetch the drawing sets and pack the world's drawings.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="where packages are kept (default: beside --out)")
    options = parser.parse_args()
    count = pack(options.cache or options.out.parent / "npm", options.out)
    print(f"{count} drawings of {len(world().codes)} objects, {options.out.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
