"""DMC's embroidery threads as colours of the screen, out of `dmc.csv`, which says where they come from."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from crafts.colour import Labs, lab_of, rgb


@dataclass(frozen=True)
class Thread:
    """A thread by DMC's number, and roughly what it looks like."""

    number: str
    colour: str


@cache
def threads() -> tuple[Thread, ...]:
    """All threads that are known, in the file's order."""
    lines = files("crafts").joinpath("dmc.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if line and not line.startswith("#")][1:]
    return tuple(Thread(number, f"#{colour}") for number, colour in rows)


@cache
def thread_labs() -> Labs:
    """Their colours in CIELAB, in the same order."""
    return lab_of(np.array([rgb(thread.colour) for thread in threads()]))
