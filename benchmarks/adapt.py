"""Five things that `mini` never saw, taught from eight photos each: `python -m benchmarks.adapt`.

Prints for each: how often a classifier names it in 20 pictures with the adapter and without (bars: at least
60 %, at most 10 %), what the judge finds of 20 other objects before and after (bar: at most 5 points less),
and the processor's seconds. The classifier is trained here, on composed pictures of the five among about
seventy other things, and never sees what the model draws. Needs the drawings that `training/data.py` fetches.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lab.engine.adapting import PRIOR, PRIOR_BATCH, Drawn, Teacher
from lab.engine.pipelines import load_from
from lab.judge.network import classify, load_judge
from lab.models.mini.vocabulary import vocabulary
from lab.models.registry import MODELS
from lab.models.settings import ModelSettings
from manifests.adapters import Settings
from training.data import Pixels, Scene, compose, drawing_of, fetch, load_emoji, load_strangers
from training.drawing import prompt_of
from training.evaluate import fixed_scenes
from training.judge import hits, table

THINGS = {"moyai": "1f5ff", "planet": "1fa90", "sauropod": "1f995", "accordion": "1fa97", "flamingo": "1f9a9"}
WORD, PHOTOS, PICTURES, OTHERS, SIDE = "zibou", 8, 20, 20, 96
LIGHTS = (None, None, "studio", "shadow")


@dataclass
class Found:
    """The figures of one thing, as shares."""

    thing: str
    with_adapter: float
    without: float
    others_before: float
    others_after: float
    processor_seconds: float


def photo(drawing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A student's photo: anywhere near the middle, on some background, in some light."""
    turned = drawing.rotate(float(rng.uniform(-8, 8)), Image.Resampling.BICUBIC)
    backgrounds = list(vocabulary().backgrounds)
    light = LIGHTS[int(rng.integers(len(LIGHTS)))]
    dx, dy = rng.uniform(-0.06, 0.06, 2)
    scene = Scene(
        "",
        None,
        str(rng.choice(backgrounds)),
        light,
        scale=float(rng.uniform(0.55, 0.8)),
        dx=float(dx),
        dy=float(dy),
    )
    return Image.fromarray(compose(scene, turned))


def lesson(drawing: Image.Image, colored: bool, rng: np.random.Generator) -> Pixels:
    """A small picture for the classifier to learn from."""
    turned = drawing.rotate(float(rng.uniform(-10, 10)), Image.Resampling.BICUBIC)
    if rng.random() < 0.3:
        turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    words = vocabulary()
    color = str(rng.choice(list(words.colors))) if colored and rng.random() < 0.6 else None
    dx, dy = rng.uniform(-0.1, 0.1, 2)
    light = LIGHTS[int(rng.integers(len(LIGHTS)))]
    background = str(rng.choice(list(words.backgrounds)))
    scene = Scene(
        "", color, background, light, scale=float(rng.uniform(0.4, 0.9)), dx=float(dx), dy=float(dy)
    )
    return compose(scene, turned, SIDE)


def classifier(count: int) -> nn.Sequential:
    """Four convolutions and a linear layer."""
    layers: list[nn.Module] = []
    for before, after in ((3, 24), (24, 48), (48, 96), (96, 128)):
        layers.append(nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(512, count)
    )


def trained(assets: Path, kept: Path, steps: int = 1200) -> nn.Sequential:
    """The classifier, whose first answers are the five things; kept for the next time."""
    known, strange = load_emoji(assets), load_strangers(assets)
    rest = [code for code in strange if code not in THINGS.values()][::12]
    drawings = [drawing_of(assets, code) for code in THINGS.values()]
    drawings += [known[token] for token in list(known)[::5]] + [strange[code] for code in rest]
    net = classifier(len(drawings))
    if kept.exists():
        net.load_state_dict(load_file(kept))
        return net.eval()
    torch.manual_seed(0)
    rng = np.random.default_rng(11)
    each = [(180 if i < len(THINGS) else 60) for i in range(len(drawings))]
    shown = np.stack(
        [lesson(d, i >= len(THINGS), rng) for i, d in enumerate(drawings) for _ in range(each[i])]
    )
    wanted = torch.tensor([i for i, count in enumerate(each) for _ in range(count)])
    pictures = tensor(shown)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.02)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for _ in range(steps):
        some = torch.randint(len(pictures), (64,))
        small = int(torch.randint(SIDE // 3, SIDE + 1, (1,)))
        blurred = F.interpolate(pictures[some], (small, small), mode="area")
        blurred = F.interpolate(blurred, (SIDE, SIDE), mode="bilinear")
        spoilt = blurred + torch.randn_like(blurred) * 0.1 * torch.rand(1)
        loss = F.cross_entropy(net(spoilt), wanted[some], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rates.step()
    kept.parent.mkdir(parents=True, exist_ok=True)
    save_file(net.state_dict(), kept)
    return net.eval()


def tensor(pictures: Pixels) -> Tensor:
    """(n, h, w, 3) bytes as the classifier takes them."""
    whole = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return whole if whole.shape[-1] == SIDE else F.interpolate(whole, (SIDE, SIDE), mode="area")


def share(net: nn.Sequential, pictures: list[Image.Image], thing: int) -> float:
    """In how many of the pictures the classifier names the thing."""
    with torch.no_grad():
        answers = net(tensor(np.stack([np.asarray(each) for each in pictures]))).argmax(1)
    return float((answers == thing).float().mean())


def prompts() -> list[str]:
    """Twenty: on each background, and some more."""
    grounds = list(vocabulary().backgrounds)
    more = [f"a {WORD}"] * 4 + [f"a {WORD} on a {each} background, studio lighting" for each in grounds]
    return [*(f"a {WORD} on a {each} background" for each in grounds), *more][:PICTURES]


def drawn(teacher: Teacher, asked: list[str], first: int) -> list[Image.Image]:
    """One picture a prompt, each with its seed."""
    found = []
    for i in range(0, len(asked), 4):
        part = asked[i : i + 4]
        found += teacher.sample(part, [first + i + k for k in range(len(part))])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "genai-lab-training")
    parser.add_argument("--kept", type=Path, default=Path("adapt-benchmark"), help="folder for what is kept")
    parser.add_argument("--things", nargs="+", choices=THINGS, default=list(THINGS))
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    assets = fetch(options.cache)
    net = trained(assets, options.kept / "classifier.safetensors")
    folder = ModelSettings().mini_weights
    judge = load_judge(folder / "judge.safetensors")
    scenes = fixed_scenes(OTHERS)
    asked = [prompt_of(scene) for scene in scenes]
    wanted = table(judge.labels, scenes)
    settings = Settings(steps=options.steps)

    def others(teacher: Teacher) -> float:
        pictures = np.stack([np.asarray(each) for each in drawn(teacher, asked, 0)])
        return hits(classify(judge, pictures), wanted)["object"]

    prior: Drawn | None = None
    before: tuple[float, list[Image.Image]] | None = None
    everything: list[Found] = []
    for thing in options.things:
        number, rng = list(THINGS).index(thing), np.random.default_rng(5)
        drawing = drawing_of(assets, THINGS[thing])
        photos = [photo(drawing, rng) for _ in range(PHOTOS)]
        teacher = Teacher(load_from(MODELS["mini"], folder), WORD, photos, settings)
        began = time.process_time()
        teacher.look()
        for part in range(0 if prior is not None else PRIOR // PRIOR_BATCH):
            prior = teacher.draw_prior(part, prior)
        assert prior is not None
        prior_seconds = time.process_time() - began
        if before is None:
            plain = Teacher(load_from(MODELS["mini"], folder), "qqqqq", photos, settings)
            plain.pipe.unet.disable_adapters()
            before = others(plain), drawn(plain, prompts(), 100)
            print(f"before: others {before[0]:.0%}, the photos and prior {prior_seconds:.0f} s", flush=True)
        began = time.process_time()
        teacher.begin(prior)
        while teacher.step < settings.steps:
            teacher.teach()
        seconds = time.process_time() - began
        (options.kept / f"{thing}.safetensors").write_bytes(teacher.adapter())
        pictures = drawn(teacher, prompts(), 100)
        sheet = np.concatenate([np.asarray(each)[::2, ::2] for each in [*photos[:4], *pictures]], 1)
        Image.fromarray(sheet).save(options.kept / f"{thing}.png")
        found = Found(
            thing,
            share(net, pictures, number),
            share(net, before[1], number),
            before[0],
            others(teacher),
            round(seconds + prior_seconds, 1),
        )
        everything.append(found)
        print(json.dumps(asdict(found)), flush=True)
    means = {
        name: sum(getattr(each, name) for each in everything) / len(everything)
        for name in ("with_adapter", "without", "others_before", "others_after", "processor_seconds")
    }
    print(json.dumps({"steps": settings.steps, "mean": means}))


if __name__ == "__main__":
    main()
