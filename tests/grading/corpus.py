"""A class of honest, empty and forged submissions, each made by code: what a day of grading brings.

`HONEST`: nothing in them may cost a point. `EMPTY`: what only looks like words. `FORGED`: whatever they get,
the grader must be told. Each maker writes one submission, in a folder or zip of its own name.
"""

import io
import json
import shutil
import textwrap
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from exercises.kinds.studio import STUDIO_RUN
from exercises.loader import find_assignment
from grading.submission.hand_in import hand_in
from manifests.answers import load_answers, save_answers
from manifests.manifest import Cost
from manifests.reader import read_manifest
from manifests.store import Store
from tests.grading.good import SIDE, answers_for, draft_of, make_proofs, make_work, noise, photo
from tests.grading.wrong import again, edit, forge, png, reseal, zipped

TP2 = find_assignment("tp2")
PROMPT = TP2.planned_runs()[0][1].parameters.prompt

Make = Callable[[Path, str], object]  # (folder of submissions, name)
Change = Callable[[Store], object]


def work(folder: Path, name: str) -> Store:
    return make_work(folder / name, TP2, name)


def changed(*changes: Change) -> Make:
    """Good work, changed in place."""

    def make(folder: Path, name: str) -> None:
        store = work(folder, name)
        for change in changes:
            change(store)

    return make


def frozen(arrange: Callable[[Path, Path, str], object], change: Change = lambda store: None) -> Make:
    """Good work handed in: `arrange(zip, folder, name)` puts the hand-in where it is found."""

    def make(folder: Path, name: str) -> None:
        store = make_work(folder.parent / "elsewhere" / name, TP2, name)
        change(store)
        arrange(hand_in(TP2, store, "en"), folder, name)

    return make


def side_by_side(*names: str) -> Callable[[Path, Path, str], None]:
    """The hand-in under each of these names in a folder of the student's; `{}` is its own."""

    def arrange(made: Path, folder: Path, name: str) -> None:
        (folder / name).mkdir()
        for each in names:
            shutil.copy(made, folder / name / each.format(made.stem))

    return arrange


def one_by_one(*changes: Change) -> Change:
    def spoil(store: Store) -> None:
        for change in changes:
            change(store)

    return spoil


def in_a_zip(files: dict[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def members(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


# --- what happens to honest work


def every_json(change: Callable[[bytes], bytes]) -> Change:
    def spoil(store: Store) -> None:
        for path in [*store.outputs.glob("*.json"), store.folder / "answers.json"]:
            path.write_bytes(change(path.read_bytes()))

    return spoil


def copies(pattern: str, endings: tuple[str, ...] = (".json", ".png")) -> Change:
    """A copy of every record beside it, called as `pattern` says."""

    def spoil(store: Store) -> None:
        for path in [p for p in store.outputs.iterdir() if p.suffix in endings]:
            shutil.copy(path, path.with_name(pattern.format(stem=path.stem) + path.suffix))

    return spoil


def renamed(pattern: str) -> Change:
    """Every third record, picture and manifest, called as `pattern` says."""

    def spoil(store: Store) -> None:
        for path in sorted(store.outputs.iterdir())[::3]:
            for each in store.outputs.glob(f"{path.stem}.*"):
                each.rename(each.with_name(pattern.format(stem=each.stem) + each.suffix))

    return spoil


def resource_forks(store: Store) -> None:
    for path in [*store.outputs.iterdir(), *store.inputs.iterdir()]:
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    (store.outputs / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (store.outputs / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")


def two_machines(claim: bool) -> Make:
    """The first runs on a laptop, the rest on the hub, in one folder; `claim`: the student says so."""

    def make(folder: Path, name: str) -> None:
        laptop, hub = (Store(folder / name, "tp2", student) for student in (f"{name}-laptop", name))
        offset = sum(name.encode()) * 1000
        source = hub.add_source(photo(offset + 3))
        for number, (exercise, run) in enumerate(TP2.planned_runs()):
            same = run.id in ("smoke", "baseline", "t2i_run01_baseline")
            used = source if run.parameters.mode == "img2img" else None
            picture = noise(offset + (0 if same else number + 1))
            (laptop if number < 4 else hub).save(draft_of(exercise.id, run, used), picture)
        make_proofs(hub, TP2)
        free = TP2.planned_runs()[0][1].model_copy(update={"id": STUDIO_RUN})
        hub.save(draft_of("studio", free, seed=7), noise(offset + 500))
        answers = answers_for(TP2, student=name)
        answers.also_me = [laptop.student] if claim else []
        save_answers(hub.folder, answers)

    return make


def scores(write: Callable[[int], object]) -> Change:
    def spoil(store: Store) -> None:
        document = json.loads((store.folder / "answers.json").read_bytes())
        for answer in document["evaluations"].values():
            answer["scores"] = {name: write(value) for name, value in answer["scores"].items()}
            answer["total"] = write(answer["total"])
        (store.folder / "answers.json").write_text(json.dumps(document), "utf-8")

    return spoil


def reflection(change: Callable[[str], str]) -> Change:
    def spoil(store: Store) -> None:
        answers = load_answers(store.folder)
        save_answers(store.folder, answers.model_copy(update={"reflection": change(answers.reflection)}))

    return spoil


def wrapped(width: int) -> Callable[[str], str]:
    """The same text, as an editor breaks it."""
    return lambda text: textwrap.fill(" ".join(text.split()), width)


def tried_again_and_tidied(store: Store) -> None:
    again()(store)
    store.delete("t2i_run04_guid4-2")


HONEST: dict[str, Make] = {
    "plain": changed(),
    "tidied": changed(tried_again_and_tidied),
    "mac-files": changed(resource_forks),
    "browser-copies": changed(copies("{stem} (1)")),
    "copies-of-manifests": changed(copies("{stem} 2", (".json",))),
    "sync-conflicts": changed(copies("{stem}.sync-conflict-20261120-101112-ABCDEF7")),
    "renamed-by-a-browser": changed(renamed("{stem} (1)")),
    "byte-order-mark": changed(every_json(lambda data: b"\xef\xbb\xbf" + data)),
    "utf-16": changed(every_json(lambda data: data.decode().encode("utf-16"))),
    "scores-as-floats": changed(scores(float)),
    "scores-as-text": changed(scores(str)),
    "scores-with-a-comma": changed(scores(lambda value: f"{value},0")),
    "wrapped-at-72": changed(reflection(wrapped(72))),
    "wrapped-at-60": changed(reflection(wrapped(60))),
    "one-paragraph": changed(reflection(lambda text: " ".join(text.split()))),
    "two-machines": two_machines(claim=False),
    "two-machines-said": two_machines(claim=True),
    "hand-in": frozen(lambda made, folder, name: shutil.copy(made, folder / f"{name}.zip")),
    "capital-zip": frozen(lambda made, folder, name: shutil.copy(made, folder / f"{name}.ZIP")),
    "backslashes": frozen(
        lambda made, folder, name: in_a_zip(
            {n.replace("/", "\\"): d for n, d in members(made).items()}, folder / f"{name}.zip"
        )
    ),
    "two-folders-around": frozen(
        lambda made, folder, name: in_a_zip(
            {f"remise/Zoé 2/{n}": d for n, d in members(made).items()}, folder / f"{name}.zip"
        )
    ),
    "zip-in-a-zip": frozen(
        lambda made, folder, name: in_a_zip({made.name: made.read_bytes()}, folder / f"{name}.zip")
    ),
    "downloaded-twice": frozen(side_by_side("{}.zip", "{} (1).zip")),
    "renamed-hand-ins": frozen(side_by_side("my work.zip", "my work - Copy.ZIP")),
    "hand-in-with-mac-files": frozen(
        lambda made, folder, name: in_a_zip(
            members(made) | {"__MACOSX/tp2/outputs/._smoke.json": b"\0", "tp2/.DS_Store": b"\0"},
            folder / f"{name}.zip",
        )
    ),
    "zipped-work": lambda folder, name: zipped(
        make_work(folder.parent / "zipped" / name, TP2, name).folder.parent, folder / f"{name}.zip"
    ),
}  # fmt: skip


# --- what only looks like words

EMPTY: dict[str, Change] = {
    "keywords": reflection(lambda _: "\n".join(["cost", "time", "seed", "version"] * 2)),
    "repeated-lines": reflection(lambda _: "\n".join(["The cost, the seed and the risk."] * 8)),
    "dots": reflection(lambda _: "\n".join(["........"] * 8)),
    "zero-width": reflection(lambda _: "\n".join(["\u200b\u200b"] * 8)),
    "braille-blanks": reflection(lambda _: "\n".join(["\u2800\u3164"] * 8)),
    "lorem-ipsum": reflection(
        lambda _: "\n".join(
            f"Lorem ipsum dolor sit amet {n}, consectetur adipiscing elit sed {word} tempor incididunt."
            for n, word in enumerate(
                ["magna", "aliqua", "enim", "minim", "quis", "nisi", "duis", "aute", "velit"]
            )
        )
    ),
    "the-prompt": reflection(lambda _: "\n".join(textwrap.wrap(PROMPT * 2, 40)[:9])),
    "the-number-of-lines": reflection(lambda _: "\n".join(map(str, range(9)))),
    "reasons-a-and-b": lambda store: reasons(store, "a", "b"),
    "reasons-of-dots": lambda store: reasons(store, "...", "…!"),
    "the-same-reason-in-accents": lambda store: reasons(store, "Très net", "tres  NET"),
}


def reasons(store: Store, *given: str) -> None:
    answers = load_answers(store.folder)
    changed_ones = {
        subject: answer.model_copy(update={"reasons": list(given)})
        for subject, answer in answers.evaluations.items()
    }
    save_answers(store.folder, answers.model_copy(update={"evaluations": changed_ones}))


# --- forged


def drawn_by_hand(store: Store) -> None:
    """A picture of a paint program in every record's place; manifests edited by hand, seals left broken."""
    for path in store.outputs.glob("*.json"):
        picture = Image.new("RGB", (SIDE, SIDE), "white")
        ImageDraw.Draw(picture).ellipse((20, 20, 200, 20 + len(path.stem) * 8), fill="black")
        data = png(picture)
        store.outputs.joinpath(f"{path.stem}.png").write_bytes(data)
        with Image.open(io.BytesIO(data)) as opened:
            facts = image_facts(data, opened)
        edit(store, path.stem, lambda d, facts=facts: d["image"].update(facts))  # type: ignore[misc]


def image_facts(data: bytes, picture: Image.Image) -> dict[str, object]:
    from hashlib import sha256

    from manifests.png import pixels_sha256

    return {"bytes": len(data), "sha256": sha256(data).hexdigest(), "pixels_sha256": pixels_sha256(picture)}


def edited_by_script(**changes: object) -> Change:
    def spoil(store: Store) -> None:
        for path in store.outputs.glob("*.json"):
            manifest = read_manifest(path.read_bytes()).model_copy(update=changes)
            path.write_bytes(manifest.model_dump_json(by_alias=True).encode())
        reseal(store)

    return spoil


def other_model(store: Store) -> None:
    for path in store.outputs.glob("*.json"):
        edit(store, path.stem, lambda d: d["model"].update(id="my-own-model"))
    for path in store.outputs.glob("*.png"):  # without the text inside, which would say otherwise
        with Image.open(path) as picture:
            data = png(picture.convert("RGB"))
            facts = image_facts(data, picture.convert("RGB"))
        path.write_bytes(data)
        edit(store, path.stem, lambda d, facts=facts: d["image"].update(facts))  # type: ignore[misc]
    reseal(store)


def no_picture_left(store: Store) -> None:
    for record in store.records():
        store.delete(record.stem)


FORGED: dict[str, Change] = {
    "one-field-edited": lambda store: edit(store, "smoke", lambda d: d.update(seconds=0.5)),
    "drawn-by-hand-unsealed": drawn_by_hand,
    "drawn-by-hand-resealed": one_by_one(drawn_by_hand, reseal),
    "one-picture-forged": forge(png(noise(4))),
    "says-an-api-made-it": edited_by_script(cost=Cost(amount=0.1, currency="EUR")),
    "says-another-model-made-it": other_model,
    "a-stranger-s-record": one_by_one(
        lambda store: edit(store, "smoke", lambda d: d.update(student="mallory")), reseal
    ),
}  # fmt: skip


def renamed_folder(folder: Path, name: str) -> None:
    """A classmate's folder under another name."""
    shutil.copytree(folder / "victim", folder / name)


def moved_and_resealed(folder: Path, name: str) -> None:
    """A classmate's folder in one's own name, every time moved, the chain made anew."""
    shutil.copytree(folder / "victim", folder / name)
    store = Store(folder / name, "tp2", name)
    for path in store.outputs.glob("*.json"):
        manifest = read_manifest(path.read_bytes())
        moved = manifest.model_copy(update={"student": name, "time": manifest.time + timedelta(hours=3)})
        path.write_bytes(moved.model_dump_json(by_alias=True).encode())
    reseal(store)


def last_year_s(folder: Path, name: str) -> None:
    store = work(folder, name)
    for path in store.outputs.glob("*.json"):
        manifest = read_manifest(path.read_bytes())
        moved = manifest.model_copy(update={"time": manifest.time - timedelta(days=365)})
        path.write_bytes(moved.model_dump_json(by_alias=True).encode())
    reseal(store)


def somebody_s_name(folder: Path, name: str) -> None:
    """Work of somebody who is not in this class, in a folder of one's own."""
    make_work(folder / name, TP2, "wxyz")


def copied_reflection(folder: Path, name: str) -> None:
    """A classmate's sentences, in another order."""
    store, theirs = work(folder, name), load_answers(folder / "victim" / "tp2").reflection
    reflection(lambda _: "\n".join(reversed(theirs.splitlines())))(store)


def copied_observations(folder: Path, name: str) -> None:
    """A classmate's observations beside a reflection of one's own."""
    store, theirs = work(folder, name), load_answers(folder / "victim" / "tp2").observations
    answers = load_answers(store.folder)
    save_answers(store.folder, answers.model_copy(update={"observations": theirs}))


def copied_evaluation(folder: Path, name: str) -> None:
    store, theirs = work(folder, name), load_answers(folder / "victim" / "tp2").evaluations
    swapped = {s: a.model_copy(update={"reasons": a.reasons[::-1]}) for s, a in theirs.items()}
    answers = load_answers(store.folder)
    save_answers(store.folder, answers.model_copy(update={"evaluations": swapped}))


def copied_photo(folder: Path, name: str) -> None:
    store = work(folder, name)
    source = store.add_source(next((folder / "victim" / "tp2" / "inputs").iterdir()).read_bytes())
    for number, (exercise, run) in enumerate(TP2.planned_runs()):
        if run.parameters.mode == "img2img":
            store.save(draft_of(exercise.id, run, source), noise(70_000 + number))


COPIED: dict[str, Make] = {
    "renamed-folder": renamed_folder,
    "moved-and-resealed": moved_and_resealed,
    "last-year-s": last_year_s,
    "somebody-s-name": somebody_s_name,
    "copied-reflection": copied_reflection,
    "copied-observations": copied_observations,
    "copied-evaluation": copied_evaluation,
    "copied-photo": copied_photo,
}


def victim(folder: Path) -> None:
    """Good work that others copy; its pictures took as long as pictures take."""
    store = work(folder, "victim")
    for number, path in enumerate(sorted(store.outputs.glob("*.json"))):
        manifest = read_manifest(path.read_bytes())
        timed = manifest.model_copy(update={"seconds": manifest.seconds + number / 7})
        path.write_bytes(timed.model_dump_json(by_alias=True).encode())
    reseal(store)
