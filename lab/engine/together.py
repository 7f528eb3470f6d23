"""Several pictures drawn together: their pipelines run apart, and meet where they call the UNet.

Rule: each picture has a stock pipeline, a scheduler and a generator of its own, and a thread that runs it;
only the call of the UNet, which is nearly all of the work, is answered for all of them at once. So pictures
of different steps, guidance, schedulers, seeds, strengths and modes mix, one may begin or stop at any step,
and nothing that diffusers does is written a second time here.

A round begins when everybody who is drawing has come to the meeting. Whoever comes for the first time joins
the next round; whoever has made the last step leaves, so nobody waits for a picture that is being decoded.

Where pictures of several students meet, each round is for one of each; more of the same student take part
only while the round stays quick, in turn. So who draws one picture is not held up by who draws sixteen.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.engine.failures import is_out_of_memory
from lab.engine.pace import Pace

MOST_TOGETHER = 16  # pictures; where memory does not suffice for so many, the meeting finds out
QUICK = 2.0  # times as long as a round of one picture: so long may a round of several students take

Arguments = dict[str, Any]


@dataclass(eq=False)
class Seat:
    """One picture at the meeting, and what being there cost it."""

    student: str = ""
    work: int = 1  # of each of its steps, see `fair_queue.cost`
    size: int = 1  # with how many pictures it was drawn, itself included, at most
    place: int = 0  # which of them it was, in the last such round
    waited: float = 0.0  # seconds in which others were drawn: its own share of each round does not count


@dataclass(eq=False)
class _Call:
    """A call of the UNet that waits for its answer."""

    seat: Seat
    sample: Any  # (rows, channels, height, width)
    timestep: Any  # one number, or one for each row
    arguments: Arguments  # tensors with as many rows, alone or in dictionaries and lists; or plain values
    answer: Any = None
    error: BaseException | None = None
    seconds: float = 0.0  # its share of the round

    @property
    def ended(self) -> bool:
        return self.answer is not None or self.error is not None


class Meeting:
    """Stands in the place of a UNet's `forward`. `most`: how many pictures are drawn at once."""

    def __init__(self, forward: Callable[..., Any], most: int) -> None:
        self._forward = forward
        self._here = threading.local()
        self._changed = threading.Condition()
        self._drawing: set[Seat] = set()  # who is waited for
        self._waiting: list[_Call] = []
        self._busy = False
        self._ended = 0.0  # when the last round ended, by the clock of `time.monotonic`
        self._turn: dict[Seat, float] = {}  # when it last took part, for all who draw
        self.pace = Pace()  # from one round's end to the next one's: by it those who wait are told when
        self._computing = Pace()  # of the UNet alone: by it is judged what is quick
        self.most = most

    @contextmanager
    def seat(self, student: str = "", work: int = 1) -> Iterator[Seat]:
        """Within this, the thread's calls of the UNet are answered together with those of others."""
        seat = self._here.seat = Seat(student, work)
        try:
            yield seat
        finally:
            self._here.seat = None
            self.leave(seat)

    def leave(self, seat: Seat) -> None:
        """Its last call was answered, or there will be none; may be called more than once."""
        with self._changed:
            self._drawing.discard(seat)
            self._turn.pop(seat, None)
            self._changed.notify_all()

    def __call__(self, sample: Any, timestep: Any, *others: Any, **arguments: Any) -> Any:
        """The UNet's answer to this call."""
        seat: Seat | None = getattr(self._here, "seat", None)
        if seat is None or others:
            return self._forward(sample, timestep, *others, **arguments)
        came = time.monotonic()
        call = _Call(seat, sample, timestep, arguments)
        with self._changed:
            self._drawing.add(seat)
            self._waiting.append(call)
            self._changed.notify_all()
            while not call.ended:
                if self._busy or len(self._waiting) < len(self._drawing):
                    self._changed.wait()
                else:
                    self._round()
        seat.waited += time.monotonic() - came - call.seconds
        if call.error is not None:
            raise call.error
        return call.answer

    def _round(self) -> None:
        """Answer those whose turn it is, in the thread of one of them; others may come and go meanwhile."""
        calls, self._busy = self._next_round(), True
        self._waiting = [call for call in self._waiting if call not in calls]
        self._changed.release()
        began = time.monotonic()
        try:
            for group in _alike(calls):
                for start in range(0, len(group), self.most):
                    self._answer(group[start : start + self.most])
        finally:
            self._changed.acquire()
            self._busy, now = False, time.monotonic()
            self._computing.told(sum(call.seat.work for call in calls), now - began)
            # What happens between two rounds, the schedulers' steps above all, belongs to the pace
            since = self._ended if began - self._ended < now - began else began
            self.pace.told(sum(call.seat.work for call in calls), now - since)
            self._ended = now
            self._turn |= {call.seat: now for call in calls if call.seat in self._drawing}
            self._changed.notify_all()

    def _next_round(self) -> list[_Call]:
        """All who wait; where they are of several students, one of each, and more while that is quick."""
        by_turn = sorted(self._waiting, key=lambda call: self._turn.get(call.seat, 0.0))
        students = dict.fromkeys(call.seat.student for call in by_turn)
        if len(students) == 1:
            return by_turn
        chosen = [next(call for call in by_turn if call.seat.student == student) for student in students]
        others = [call for call in by_turn if call not in chosen]
        work = sum(call.seat.work for call in chosen)
        bound = QUICK * (self._computing.seconds(max(call.seat.work for call in chosen)) or 0.0)
        for call in others:
            if (self._computing.seconds(work + call.seat.work) or 0.0) > bound:
                break
            chosen.append(call)
            work += call.seat.work
        return chosen

    def _answer(self, calls: Sequence[_Call]) -> None:
        """One call of the UNet for all; where memory does not suffice, for half of them at a time."""
        began = time.monotonic()
        try:
            answers = _split(self._forward(**_joined(calls)), [len(call.sample) for call in calls])
        except Exception as error:
            if len(calls) > 1 and is_out_of_memory(error):
                self.most = max(1, len(calls) // 2)
            else:
                for call in calls:
                    call.error = error
                return
        else:
            seconds = (time.monotonic() - began) / sum(len(call.sample) for call in calls)
            for place, (call, answer) in enumerate(zip(calls, answers, strict=True)):
                call.seconds = seconds * len(call.sample)
                if len(calls) >= call.seat.size:
                    call.seat.size, call.seat.place = len(calls), place
                call.answer = answer
            return
        for start in range(0, len(calls), self.most):  # outside the handler: the error holds tensors
            self._answer(calls[start : start + self.most])


def _alike(calls: Sequence[_Call]) -> list[list[_Call]]:
    """The calls that can be made as one: the same shapes of a row, dtypes and plain values."""
    groups: dict[object, list[_Call]] = {}
    for call in calls:
        key = (_kind(call.sample), tuple((name, _kind(value)) for name, value in call.arguments.items()))
        groups.setdefault(key, []).append(call)
    return list(groups.values())


def _kind(value: Any) -> object:
    """What must be the same in calls that are made as one."""
    if isinstance(value, dict):
        return tuple((name, _kind(each)) for name, each in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_kind(each) for each in value)
    if hasattr(value, "shape"):
        return tuple(value.shape[1:]), value.dtype
    return value


def _joined(calls: Sequence[_Call]) -> Arguments:
    """The arguments of one call for all rows."""
    import torch

    if len(calls) == 1:  # as it came: a row alone is drawn as plain diffusers would
        return {"sample": calls[0].sample, "timestep": calls[0].timestep} | calls[0].arguments

    def join(values: list[Any]) -> Any:
        if isinstance(values[0], dict):
            return {name: join([value[name] for value in values]) for name in values[0]}
        if isinstance(values[0], list | tuple):
            return tuple(join(list(each)) for each in zip(*values, strict=True))
        return torch.cat(values) if hasattr(values[0], "shape") else values[0]

    times = [
        torch.as_tensor(call.timestep, device=call.sample.device).float().expand(len(call.sample))
        for call in calls
    ]
    names = calls[0].arguments
    return {
        "sample": torch.cat([call.sample for call in calls]),
        "timestep": torch.cat(times),
    } | {name: join([call.arguments[name] for call in calls]) for name in names}


def _split(output: Any, rows: list[int]) -> list[Any]:
    """What the UNet gave for all rows, a part for each call, in the form that it came in."""
    if isinstance(output, tuple):
        return list(zip(*(part.split(rows) for part in output), strict=True))
    return [type(output)(sample=part) for part in output.sample.split(rows)]
