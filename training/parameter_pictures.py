"""The strips of pictures beside the Studio's parameters: in each, one parameter alone changes.

    python -m training.parameter_pictures [--out lab/ui/static/parameters]

Drawn by the bundled model, three crops of 96 pixels a strip, as WebP: some 50 KB in all.
"""

import argparse
import io
from pathlib import Path

from PIL import Image

from exercises.parameters import Parameters
from lab.engine.inputs import Inputs
from lab.engine.local import LocalEngine
from lab.engine.protocol import Done, Engine
from lab.engine.requests import request_for
from manifests.manifest import Source

SIDE = 96
MUG = "a red mug on a white background"
STRIPS: dict[str, list[dict[str, object]]] = {
    "prompt": [
        {"prompt": "a red mug"},
        {"prompt": "two small red mugs"},
        {"prompt": "a large red mug on a blue background"},
    ],
    "negative_prompt": [
        {},
        {"negative_prompt": "red"},
        {"negative_prompt": "white background"},
    ],
    "size": [{"width": 128, "height": 256}, {"width": 192, "height": 256}, {}],
    "steps": [{"steps": 2}, {"steps": 6}, {"steps": 30}],
    "guidance_scale": [{"guidance_scale": 1.0}, {"guidance_scale": 4.0}, {"guidance_scale": 14.0}],
    "scheduler": [{"scheduler": "EulerA"}, {"scheduler": "DDIM"}, {"scheduler": "UniPC"}],
    "seed": [{"seed": 42}, {"seed": 43}, {"seed": 44}],
    "strength": [
        {"strength": strength, "prompt": "a blue mug on a white background"} for strength in (0.2, 0.5, 0.8)
    ],
}


def draw(engine: Engine, parameters: Parameters, source: bytes | None = None) -> Image.Image:
    """One picture. Raises RuntimeError where it could not be drawn."""
    named = Source(file="source.png", sha256="0" * 64) if source else None
    request = request_for(parameters, "mini", named)
    for event in engine.submit(request, model="mini", inputs=Inputs(source)).events():
        if isinstance(event, Done):
            return event.picture.image
    raise RuntimeError(f"could not be drawn: {event}")


def strip(engine: Engine, changes: list[dict[str, object]], photo: bytes) -> Image.Image:
    """Three pictures side by side, each whole within its square."""
    whole = Image.new("RGB", (SIDE * len(changes), SIDE), "white")
    for place, changed in enumerate(changes):
        image_to_image = "strength" in changed
        asked = {"mode": "img2img" if image_to_image else "text2img", "prompt": MUG} | changed
        picture = draw(engine, Parameters(**asked), photo if image_to_image else None)  # type: ignore[arg-type]
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        whole.paste(picture, (place * SIDE + (SIDE - picture.width) // 2, 0))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("lab/ui/static/parameters"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    engine = LocalEngine()
    photo = io.BytesIO()
    draw(engine, Parameters(prompt=MUG)).save(photo, "PNG")
    for name, changes in STRIPS.items():
        strip(engine, changes, photo.getvalue()).save(out / f"{name}.webp", quality=80, method=6)
    engine.close()


if __name__ == "__main__":
    main()
