"""How well a data set of `mini` teaches, and what a bias does: `python -m benchmarks.dataset --work DIR`

The pictures of the assignment `dataset` are drawn by its plan (or found in DIR, where they are), nothing is
thrown out, and the small network is taught with several seeds: on all of them, and with each bias asked for.
Printed is the mean over the seeds, with the least and the most.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from crafts.learning import share_right
from exercises.kinds import Dataset
from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.jobs.batch import AT_ONCE
from lab.jobs.dataset import ClassifierSaved, Training, planned
from lab.jobs.running import Runs
from lab.records.classifiers import in_front
from manifests.classifiers import Bias, Card, Settings
from manifests.store import Store


def drawn(store: Store, exercise: Dataset) -> float:
    """How long it took to draw what was missing, in seconds."""
    batch, engine, began = planned(exercise), LocalEngine(), time.monotonic()
    try:
        running = Runs().start(exercise.id, batch.tasks(store, engine, "mini"), AT_ONCE)
        while not running.finished:
            time.sleep(0.1)
    finally:
        engine.close()
    assert len(batch.made(store, "mini")) == len(batch.rows), running.event
    return time.monotonic() - began


def taught(store: Store, exercise: Dataset, bias: Bias | None, seed: int) -> Card:
    """One classifier's card."""
    settings = Settings(rounds=exercise.rounds, seed=seed)
    *_, last = Training(store, exercise, "mini", settings, bias).events()
    assert isinstance(last, ClassifierSaved), last
    return last.card


def told(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    return f"{mean:.0%} ({min(values):.0%} to {max(values):.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a data set teaches, with and without a bias.")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--bias", action="append", default=[], metavar="THING,BACKGROUND")
    options = parser.parse_args()
    exercise = next(e for e in find_assignment("dataset").exercises if isinstance(e, Dataset))
    store = Store(options.work, "dataset", "benchmark")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"{len(exercise.runs)} pictures: {drawn(store, exercise):.0f} s for those that were missing")
    pairs = [text.split(",") for text in options.bias or ["mug,gray", "backpack,pink"]]
    for bias in (None, *(Bias(thing=thing, background=background) for thing, background in pairs)):
        kept = [taught(store, exercise, bias, seed) for seed in range(options.seeds)]
        held_out = [share_right(card.on_held_out) or 0.0 for card in kept]
        composed = [share_right(card.on_composed) or 0.0 for card in kept]
        name = f"{bias.thing} on {bias.background}" if bias else "no bias"
        print(f"{name}: held-out {told(held_out)}, composed {told(composed)}")
        print(
            f"  {sum(card.seconds for card in kept) / len(kept):.0f} s each, {len(kept[0].taught)} pictures"
        )
        fronts = [in_front(store.folder, exercise, card, bias) for card in kept] if bias else []
        seen = [front for front in fronts if front is not None]
        if seen:
            print(f"  elsewhere named rightly {told([each.right[1] for each in seen])},", end=" ")
            print(f"others in front of it taken for it {told([each.taken[0] for each in seen])}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
