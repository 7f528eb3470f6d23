"""Teaching the small network of `crafts/small_net.py` on some hundred pictures, one round after the other.

Rule: the same pictures, settings and seed give the same network on the same machine. Each round every class
is shown equally often, however few pictures it has: a class that is rare is seen again and again. Of several
that are taught at once, one has its round at a time, and the pictures drawn meanwhile lose no thread by it.
Importing this module loads torch, so whoever teaches imports it inside a function.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from crafts.small_net import CHANNELS, Pixels
from manifests.classifiers import Settings

BATCH = 20
SHIFT = 8  # pixels by which a picture is moved at random: else its place would be learnt by heart


class SmallNet(nn.Module):
    """The same network as `crafts.small_net.answered`, under the same names."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        pairs = pairwise(CHANNELS)
        self.eyes = nn.ModuleList(nn.Conv2d(before, after, 3, 2, 1) for before, after in pairs)
        self.answer = nn.Linear(2 * CHANNELS[-1], classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, SIDE, SIDE) in -1..1 -> (n, classes)."""
        for convolution in self.eyes:
            pictures = F.relu(convolution(pictures))
        places = pictures.flatten(2)
        result: Tensor = self.answer(torch.cat([places.mean(2), places.amax(2)], 1))
        return result


def _worker() -> ThreadPoolExecutor:
    """A thread of its own, in which torch computes by this one alone.

    torch's number of threads is each thread's own, but whoever sets it sets it as well for all that have not
    computed yet: these get the number from before again, once the worker has taken its own.
    """
    before = torch.get_num_threads()
    worker = ThreadPoolExecutor(1, "classifying", torch.set_num_threads, (1,))
    worker.submit(torch.get_num_threads).result()
    torch.set_num_threads(before)
    return worker


# So small a network is taught by one thread: several wait for each other longer than they work.
_WORKER = _worker()


class Classroom:
    """A network being taught: `classes` are the right places, one a picture, of `count`.

    The learning rate falls to nothing over the rounds of `settings`: else the last one decides by chance.
    """

    def __init__(self, pictures: Pixels, classes: NDArray[np.int64], count: int, settings: Settings) -> None:
        seed = settings.seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = SmallNet(count)
        self._random = np.random.default_rng(seed)
        self._pictures = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        self._classes = torch.from_numpy(classes.copy())
        self._by_class = [np.flatnonzero(classes == each) for each in range(count)]
        self._optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.rate)
        self._rate = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, settings.rounds)

    def round(self) -> tuple[float, float]:
        """One round: the mean loss, and which share of the pictures shown was named rightly."""
        return _WORKER.submit(self._round).result()

    def _round(self) -> tuple[float, float]:
        each = max(len(places) for places in self._by_class)
        order = np.concatenate([self._filled(places, each) for places in self._by_class])
        self._random.shuffle(order)
        losses, right = [], 0
        for start in range(0, len(order), BATCH):
            chosen = torch.from_numpy(order[start : start + BATCH])
            answers, classes = self.net(self._moved(self._pictures[chosen])), self._classes[chosen]
            loss = F.cross_entropy(answers, classes)
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            losses.append(float(loss.detach()) * len(chosen))
            right += int((answers.argmax(1) == classes).sum())
        self._rate.step()
        return sum(losses) / len(order), right / len(order)

    def weights(self) -> bytes:
        """The network as a safetensors file."""
        data: bytes = save({name: value.contiguous() for name, value in self.net.state_dict().items()})
        return data

    def _filled(self, places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """So many of these, each before any comes again."""
        rounds = [self._random.permutation(places) for _ in range(-(-count // len(places)))]
        return np.concatenate(rounds)[:count]

    def _moved(self, pictures: Tensor) -> Tensor:
        """Each a little to some side; what comes into view is the rim drawn out."""
        side = pictures.shape[-1]
        padded = F.pad(pictures, (SHIFT,) * 4, mode="replicate")
        places = self._random.integers(0, 2 * SHIFT + 1, (len(pictures), 2))
        return torch.stack(
            [each[:, y : y + side, x : x + side] for each, (y, x) in zip(padded, places, strict=True)]
        )
