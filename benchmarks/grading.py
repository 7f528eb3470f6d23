"""Grade a class of full submissions: how many seconds, how much memory.

    python -m benchmarks.grading [--students 300] [--workers 2]

Each student hands in a work folder with the eleven planned pictures of `tp2`, one from the studio,
a source photo and all answers. Pictures are 128 x 128 PNGs of shaded shapes with a little grain,
as large as the bundled model's, and different for each student. One bad student is among them: a
manifest nested 10,000 deep, a picture of 30,000 x 30,000, a link to an endless device, 200 MB of
JSON. Bars: 12 seconds on two cores; the bad student costs nobody else a point.
"""

import argparse
import os
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path
from unittest.mock import patch

import psutil
from PIL import Image, ImageDraw, ImageFilter

from exercises.assignment import Assignment
from exercises.kinds.studio import STUDIO_RUN
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from manifests.answers import save_answers
from manifests.store import Store
from tests.grading.good import SIDE, answers_for, draft_of
from tests.grading.wrong import png, png_of_size

BAR_SECONDS = 12.0
SAME = ("smoke", "baseline", "t2i_run01_baseline")  # one plan, one picture


def picture(seed: int) -> Image.Image:
    """A few shaded objects on a shaded background, with grain."""
    rng = random.Random(seed)
    image = Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB")
    image = Image.blend(image, Image.new("RGB", image.size, _colour(rng)), 0.7)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, w, h = (rng.randrange(SIDE) for _ in range(4))
        draw.ellipse((x - w // 3, y - h // 3, x + w // 3, y + h // 3), _colour(rng))
    grain = Image.frombytes("RGB", image.size, rng.randbytes(SIDE * SIDE * 3))
    return Image.blend(image.filter(ImageFilter.GaussianBlur(2)), grain, 0.02)


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)


def make_student(work: Path, assignment: Assignment, student: str, seed: int) -> Store:
    """A full submission, written by the store."""
    store = Store(work, assignment.id, student)
    source = store.add_source(png(picture(seed + 99)))
    for number, (exercise, run) in enumerate(assignment.planned_runs(), 1):
        wanted = source if run.parameters.mode == "img2img" else None
        store.save(draft_of(exercise.id, run, wanted), picture(seed + (0 if run.id in SAME else number)))
    free = assignment.planned_runs()[0][1].model_copy(update={"id": STUDIO_RUN})
    store.save(draft_of("studio", free, seed=7), picture(seed + 50))
    save_answers(store.folder, answers_for(assignment, "fr" if seed % 200 else "en"))
    return store


def spoil(store: Store) -> None:
    """Everything at once."""
    (store.outputs / "smoke.json").write_bytes(b"[" * 10_000 + b"]" * 10_000)
    (store.outputs / "baseline.png").write_bytes(png_of_size(30_000, 30_000))
    (store.outputs / "t2i_run02_steps15.png").unlink()
    (store.outputs / "t2i_run02_steps15.png").symlink_to("/dev/zero")
    os.truncate(store.outputs / "t2i_run03_steps50.json", 200 * 2**20)


class Memory:
    """The most that this process and its children held at once, in MiB (what is shared left out)."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(0.5):
            total = 0.0
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().uss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    assignment = find_assignment("tp2")
    root = Path(tempfile.mkdtemp(prefix="genai-lab-bench-"))
    bad = f"student{options.students // 2:04}"
    try:
        with patch("os.fsync"):  # writing the submissions is not what is measured
            for number in range(options.students):
                name = f"student{number:04}"
                store = make_student(root / "in" / name, assignment, name, number * 100)
                if name == bad:
                    spoil(store)
        size = (
            sum(p.lstat().st_size for p in root.rglob("*.png") if p.is_file() and not p.is_symlink()) / 2**20
        )
        print(f"{options.students} submissions, {size:.0f} MiB of pictures; load {os.getloadavg()[0]:.1f}")
        cpu = os.times()
        start = time.perf_counter()
        with Memory() as memory:
            grades = grade_class(
                root / "in", assignment, root / "out", workers=options.workers, language="en"
            )
        seconds = time.perf_counter() - start
        now = os.times()
        used = sum(now[:4]) - sum(cpu[:4])
        points = {grade.student: grade.points for grade in grades}
        others = [earned for name, earned in points.items() if name != bad]
        print(f"graded in {seconds:.1f} s on {options.workers} workers (bar: {BAR_SECONDS:.0f} s)")
        print(f"{used:.1f} s of CPU, {1000 * used / options.students:.0f} ms a student")
        print(f"at most {memory.peak:.0f} MiB in all processes together")
        print(f"the bad student: {points[bad]} points; the others: {min(others)} to {max(others)}")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
