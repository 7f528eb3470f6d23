"""Whether rounds help: the best of up to six rounds by the judge, against one draw of the same prompt.

Fifty fixed prompts, few steps and little guidance, as in the exercise. The rounds choose by what the judge (a
small network) finds; whether that was a gain is checked by another figure, which only measures pixels: the
named colour that most of the border has, and whether the middle has the object's colour.

    python -m benchmarks.pipeline [--prompts 50] [--rounds 6]
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import SecretStr

from exercises.i18n import Language
from exercises.kinds import Pipeline
from exercises.loader import find_assignment
from lab.endpoint.server import Loopback
from lab.engine.local import LocalEngine
from lab.jobs.analyse import ModelSelection
from lab.jobs.pipeline import Round, RoundsDone, Tools, best, rounds_job, rounds_of
from lab.judge.measure import palette
from lab.judge.prompts import asked_for
from lab.models.mini.vocabulary import vocabulary
from lab.providers.address import Address
from lab.providers.opening import open_router
from manifests.notebook import Notebook
from manifests.store import Store

LANGUAGE: Language = "en"
SHARE = 0.1  # of the middle, from which the object's colour is there
SAMPLES = 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    exercise = find_assignment("api-analysis").exercise("by_itself")
    assert isinstance(exercise, Pipeline)
    engine = LocalEngine()
    loopback = Loopback(engine)
    judged, measured, counts = [], [], []
    with tempfile.TemporaryDirectory() as name:
        for number, prompt in enumerate(prompts(options.prompts)):
            work = Path(name) / str(number)
            router = open_router(
                work, "x", {"bundled": lambda: Address(loopback.url, SecretStr(loopback.token))}
            )
            start = exercise.start.model_copy(update={"prompt": prompt, "seed": 1000 * number})
            tools = Tools(Store(work, "x", "x"), Notebook(work, "x", "x"), engine, router)
            job = rounds_job(
                tools,
                exercise.model_copy(update={"start": start}),
                prompt="",
                draws="mini",
                looks=ModelSelection("bundled"),
                language=LANGUAGE,
                most=options.rounds,
            )
            last = list(job.events())[-1]
            router.close()
            assert isinstance(last, RoundsDone), last
            rounds = rounds_of(tools.store, tools.notebook)
            chosen = best(rounds)
            assert chosen is not None
            counts.append(len(rounds))
            judged.append((rounds[0].found or 0, chosen.found or 0))
            measured.append((colours(rounds[0], prompt), colours(chosen, prompt)))
            print(f"{number + 1:3} {prompt}: {judged[-1]} {measured[-1]}", flush=True)
    loopback.close()
    engine.close()
    print(f"rounds: {np.mean(counts):.2f} on average")
    for name, pairs in (("found by the judge", judged), ("colours by pixels", measured)):
        one, more = np.array(pairs).T
        low, high = interval(more - one)
        print(f"{name}: one draw {one.mean():.3f}, best of rounds {more.mean():.3f}", end="; ")
        print(f"gain {np.mean(more - one):+.3f} (95 % interval {low:+.3f} to {high:+.3f})")


def prompts(count: int) -> list[str]:
    """Fixed ones: an object, its colour, and another colour behind it."""
    words, chance = vocabulary(), random.Random(50)
    objects = sorted(words.objects)
    asked: list[str] = []
    while len(asked) < count:
        color, behind = chance.choice(sorted(words.colors)), chance.choice(sorted(words.backgrounds))
        if color != behind:
            thing = chance.choice(objects).replace("_", " ")
            asked.append(f"a {color} {thing} on a {behind} background")
    return asked


def colours(each: Round, prompt: str) -> float:
    """How many of the two colours asked for the pixels have, 0 to 1."""
    asked = asked_for(prompt)
    picture = Image.open(each.record.image_path).convert("RGB").resize((128, 128), Image.Resampling.BOX)
    pixels = np.asarray(picture)
    strips = [pixels[:10], pixels[-10:], pixels[:, :10].swapaxes(0, 1), pixels[:, -10:].swapaxes(0, 1)]
    border = palette(Image.fromarray(np.concatenate(strips)))
    middle = palette(picture.crop((32, 32, 96, 96)))
    right = [
        bool(border) and border[0].name == asked["background"],
        any(swatch.name == asked["color"] and swatch.share >= SHARE for swatch in middle),
    ]
    return sum(right) / len(right)


def interval(gains: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the means of samples drawn with replacement (bootstrap)."""
    chance = np.random.default_rng(0)
    values = np.asarray(gains)
    means = chance.choice(values, (SAMPLES, len(values))).mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


if __name__ == "__main__":
    main()
