"""A class of which some copied: full submissions of `tp2`, with pictures and words of their own.

Everybody draws the same planned pictures, fills the same blanks and may quote the assignment or say what
everybody says; some took the teacher's photo, or asked the studio for the same simple thing. `COPIES` are
the ways of copying.
"""

import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from exercises.i18n import Language
from exercises.kinds import Code
from exercises.kinds.studio import STUDIO_RUN
from exercises.loader import find_assignment
from manifests import chain
from manifests.answers import Answers, save_answers
from manifests.manifest import Proof
from manifests.pictures import open_picture
from manifests.reader import read_manifest
from manifests.store import Store
from tests.grading.copies import words
from tests.grading.good import draft_of

TP2 = find_assignment("tp2")
SIDE = 128
STARTED = datetime(2026, 11, 2, 8, tzinfo=UTC)
BLANKS = [
    "DDIMScheduler",
    "MODEL",
    "pipe.scheduler.config",
    "from_pipe",
    "manual_seed",
    "30",
    "7.5",
    "42",
    "0.6",
]
SIMPLE = ("a red apple on a white background", 7)

Bank = Sequence[tuple[str, str]]


@dataclass
class Student:
    """What a student would hand in."""

    name: str
    language: Language
    sentences: list[str]
    translation: list[str]
    prompt: str
    photo: Image.Image
    studio: Image.Image
    code: str
    studio_seed: int
    simple: bool = False  # the studio's simple picture as well, which many ask for
    quality: int = 90
    gaps: list[float] = field(default_factory=list)
    copied_record: str | None = None


def scene(seed: int, side: tuple[int, int] = (320, 240), *, plain: bool = False) -> Image.Image:
    """A thing of a few parts before a background, lit from a side, with grain."""
    rng = random.Random(seed)
    width, height = side
    tone = rng.randrange(200, 250) if plain else rng.randrange(30, 220)
    back = Image.new("RGB", side, (tone, tone, tone) if plain else _colour(rng))
    slope = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270)))
    image = Image.composite(back, ImageEnhance.Brightness(back).enhance(0.6), slope.resize(side))
    draw = ImageDraw.Draw(image)
    for _ in range(0 if plain else rng.randrange(3, 9)):
        x, y, w, h = (
            rng.randrange(width),
            rng.randrange(height),
            rng.randrange(20, 120),
            rng.randrange(10, 90),
        )
        draw.rectangle((x - w // 2, y - h // 2, x + w // 2, y + h // 2), _colour(rng))
    centre = (width * rng.uniform(0.4, 0.6), height * rng.uniform(0.4, 0.6))
    for _ in range(rng.randrange(4, 10)):
        at, below = rng.gauss(centre[0], width / 9), rng.gauss(centre[1], height / 9)
        wide, high = rng.uniform(0.05, 0.25) * width, rng.uniform(0.05, 0.25) * height
        shape = rng.choice(("ellipse", "rectangle", "polygon"))
        if shape == "polygon":
            points = [
                (at + rng.uniform(-wide, wide), below + rng.uniform(-high, high))
                for _ in range(rng.randrange(3, 7))
            ]
            draw.polygon(points, _colour(rng))
        else:
            getattr(draw, shape)((at - wide, below - high, at + wide, below + high), _colour(rng))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5)))
    grain = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))
    return Image.blend(image, grain, 0.04)


def student(name: str, rng: random.Random, bank: Bank) -> Student:
    """One who works alone."""
    language: Language = "fr" if rng.random() < 0.7 else "en"
    own, other = (0, 1) if language == "fr" else (1, 0)
    said = [_sentence(rng, each) for each in rng.sample(bank, rng.randrange(9, 13))]
    sentences, translation = [s[own] for s in said], [s[other] for s in said]
    if rng.random() < 0.6:
        sentences.append(rng.choice(words.COMMON_PHRASES[1 - own :: 2]))
    if rng.random() < 0.3:
        sentences.append(TP2.exercises[0].texts[language].splitlines()[0])
    return Student(
        name=name,
        language=language,
        sentences=sentences,
        translation=translation,
        prompt=_prompt(rng),
        photo=scene(rng.randrange(2**31), plain=rng.random() < 0.4),
        studio=scene(rng.randrange(2**31), (SIDE, SIDE), plain=rng.random() < 0.5),
        code=_code(rng),
        studio_seed=rng.randrange(10_000),
        simple=rng.random() < 0.33,
        gaps=[rng.uniform(3, 900) for _ in range(40)],
    )


def hand_in(work: Path, one: Student, seconds: random.Random) -> Store:
    """The submission, written by the store."""
    store = Store(work, "tp2", one.name)
    data = io.BytesIO()
    one.photo.save(data, "JPEG", quality=one.quality)
    source = store.add_source(data.getvalue())
    for exercise, run in TP2.planned_runs():
        wanted = source if run.parameters.mode == "img2img" else None
        draft = replace(draft_of(exercise.id, run, wanted), seconds=round(seconds.uniform(1, 9), 4))
        store.save(draft, _planned(run.id) if wanted is None else _from_photo(one.photo, run.id))
    for exercise in TP2.exercises:
        for drawn, of in exercise.draws.items() if isinstance(exercise, Code) else ():
            planned, record = TP2.planned_run(of), store.newest(of)
            assert planned is not None
            assert record is not None
            draft = replace(
                draft_of(exercise.id, planned[1], record.manifest.request.source),
                run=drawn,
                proof=Proof(code=one.code, of=record.stem),
                seconds=round(seconds.uniform(1, 9), 4),
            )
            store.save(draft, open_picture(record.image_path.read_bytes()))
    free = TP2.planned_runs()[0][1].model_copy(update={"id": STUDIO_RUN})
    made = [(one.prompt, one.studio_seed, one.studio)]
    if one.simple:
        made.append((*SIMPLE, scene(SIMPLE[1], (SIDE, SIDE))))
    for prompt, seed, picture in made:
        draft = draft_of("studio", free, prompt=prompt, seed=seed)
        store.save(replace(draft, seconds=round(seconds.uniform(1, 9), 4)), picture)
    save_answers(store.folder, Answers(language=one.language, reflection="\n".join(_ended(one.sentences))))
    rewrite(store, one.name, one.gaps)
    return store


def rewrite(store: Store, name: str, gaps: Sequence[float], later: timedelta = timedelta()) -> None:
    """Every manifest in that name and at those times, sealed anew as with a script."""
    paths = sorted(store.outputs.glob("*.json"), key=lambda p: json.loads(p.read_bytes())["sequence"])
    previous, time = None, STARTED + later
    for path, gap in zip(paths, gaps, strict=False):
        time += timedelta(seconds=gap)
        changes = {"previous": previous, "time": time, "student": name}
        manifest = read_manifest(path.read_bytes()).model_copy(update=changes)
        previous = chain.digest(manifest)
        path.write_bytes(
            manifest.model_copy(update={"digest": previous}).model_dump_json(by_alias=True).encode()
        )


# --- ways of copying: `by` gets some of `of`


def photo_saved_again(of: Student, by: Student, rng: random.Random) -> None:
    size = tuple(int(s * rng.uniform(0.6, 0.9)) for s in of.photo.size)
    lighter = ImageEnhance.Brightness(of.photo.resize((size[0], size[1]))).enhance(rng.uniform(0.85, 1.2))
    by.photo, by.quality = ImageEnhance.Color(lighter).enhance(rng.uniform(0.5, 1.4)), 45


def photo_mirrored_and_cropped(of: Student, by: Student, rng: random.Random) -> None:
    width, height = of.photo.size
    left, top = (int(rng.uniform(0.02, 0.15) * s) for s in (width, height))
    right, bottom = (int(s * (1 - rng.uniform(0.02, 0.15))) for s in (width, height))
    by.photo, by.quality = ImageOps.mirror(of.photo.crop((left, top, right, bottom))), 70


def picture_taken_over(of: Student, by: Student, rng: random.Random) -> None:
    by.studio = ImageEnhance.Contrast(of.studio.filter(ImageFilter.GaussianBlur(0.6))).enhance(1.1)


def prompt_reordered(of: Student, by: Student, rng: random.Random) -> None:
    parts = of.prompt.split(", ")
    rng.shuffle(parts)
    said = ", ".join(parts).split()
    said[rng.randrange(len(said))] = "gentle"
    by.prompt = " ".join(said)


def text_reordered(of: Student, by: Student, rng: random.Random) -> None:
    taken = [_reworded(s, rng) for s in rng.sample(of.sentences, round(0.7 * len(of.sentences)))]
    by.language, by.sentences = (
        of.language,
        [*taken, *by.sentences[:3]] if by.language == of.language else taken,
    )
    rng.shuffle(by.sentences)


def text_translated(of: Student, by: Student, rng: random.Random) -> None:
    by.language, by.sentences = ("en" if of.language == "fr" else "fr"), list(of.translation)


def code_renamed(of: Student, by: Student, rng: random.Random) -> None:
    while of.code.count("\n") < 64:  # who has hardly a line of their own has nothing to copy
        of.code = _code(rng)
    by.code = of.code
    for name in words.CODE_NAMES:
        by.code = by.code.replace(name, name[::-1])
    by.code = by.code.replace("pictures", "imgs").replace("sheet", "feuille").replace("steps", "s")


def record_moved_in_time(of: Student, by: Student, rng: random.Random) -> None:
    by.copied_record = of.name


Copy = Callable[[Student, Student, random.Random], None]
COPIES: dict[str, Copy] = {
    each.__name__: each
    for each in (
        photo_saved_again, photo_mirrored_and_cropped, picture_taken_over, prompt_reordered, text_reordered,
        text_translated, code_renamed, record_moved_in_time,
    )
}  # fmt: skip


def make_class(
    folder: Path, size: int, copies: int, seed: int, bank: Bank = words.MEASURING
) -> dict[tuple[str, str], str]:
    """Write a class, with so many of each way of copying; which pairs copied, and how."""
    rng = random.Random(seed)
    students = [student(f"student{n:03}", rng, bank) for n in range(size)]
    teachers = scene(999)
    for one in rng.sample(students, size // 8):
        one.photo = teachers
    alone = [s for s in rng.sample(students, size) if s.photo is not teachers]
    planted: dict[tuple[str, str], str] = {}
    for kind, copy in COPIES.items():
        for _ in range(copies):
            of, by = alone.pop(), alone.pop()
            copy(of, by, rng)
            planted[min(of.name, by.name), max(of.name, by.name)] = kind
    for one in students:
        hand_in(folder / one.name, one, rng)
    for one in students:
        if one.copied_record is not None:
            of = next(s for s in students if s.name == one.copied_record)
            store, theirs = Store(folder / one.name, "tp2", one.name), Store(folder / of.name, "tp2", of.name)
            for path in store.outputs.iterdir():
                path.unlink()
            for path in theirs.outputs.iterdir():
                (store.outputs / path.name).write_bytes(path.read_bytes())
            for path in theirs.inputs.iterdir():
                (store.inputs / path.name).write_bytes(path.read_bytes())
            rewrite(store, one.name, of.gaps, timedelta(days=3, seconds=11.5))
    return planted


def _sentence(rng: random.Random, idea: tuple[str, str]) -> tuple[str, str]:
    thing, place = rng.choice(words.THINGS), rng.choice(words.PLACES)
    opening, closing = rng.choice(words.OPENINGS), rng.choice(words.CLOSINGS)
    n, m = rng.randrange(2, 60), rng.randrange(61, 400)
    said = [
        opening[i] + idea[i].format(n=n, m=m, thing=thing[i], place=place[i]) + closing[i] for i in (0, 1)
    ]
    return said[0], said[1]


def _ended(sentences: Sequence[str]) -> list[str]:
    return [s[0].upper() + s[1:] + ("" if s.endswith(".") else ".") for s in sentences]


def _reworded(sentence: str, rng: random.Random) -> str:
    """One word in ten another one."""
    return " ".join("certes" if rng.random() < 0.1 else word for word in sentence.split())


def _prompt(rng: random.Random) -> str:
    subject = f"a {rng.choice(words.PROMPT_QUALITIES)} {rng.choice(words.PROMPT_NOUNS)}"
    second = f"a {rng.choice(words.PROMPT_QUALITIES)} {rng.choice(words.PROMPT_NOUNS)} nearby"
    parts = [f"{subject} {rng.choice(words.PROMPT_ACTIONS)}", second, *rng.sample(words.PROMPT_WHERE, 2)]
    return ", ".join([*parts, *rng.sample(words.PROMPT_COMMON, 2)])


def _code(rng: random.Random) -> str:
    """The template filled in, and in most cases some lines of one's own."""
    exercise = next(e for e in TP2.exercises if isinstance(e, Code))
    text = exercise.starts[rng.choice(("en", "fr"))]
    for answer in BLANKS:
        text = text.replace("_______", answer, 1)
    added = []
    for line in rng.choices(words.CODE_LINES, k=rng.choice((0, 4, 8, 12, 20))):
        a, b = rng.sample(words.CODE_NAMES, 2)
        added.append(line.format(a=a, b=b, n=rng.randrange(2, 20), how=rng.choice(words.CODE_HOW)))
    return "\n".join([text, *added])


@cache
def _planned(run: str) -> Image.Image:
    same = "baseline" if run in ("smoke", "t2i_run01_baseline") else run
    return scene(sum(same.encode()), (SIDE, SIDE))


def _from_photo(photo: Image.Image, run: str) -> Image.Image:
    drawn = photo.resize((SIDE, SIDE)).filter(ImageFilter.GaussianBlur(2))
    return Image.blend(drawn, _planned(run), 0.3)


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)
