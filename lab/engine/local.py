"""The engine of this process: one line, one model in memory at a time, a thread for each picture.

Pictures of one model are drawn together where the model can do that (`together.py`), else one after the
other; they begin as their line says (`line.py`). Only these threads import torch, so whoever submits never
waits for it. A failed run leaves the others as they were; after running out of memory the model is dropped
as soon as nothing is drawn, and read again when next asked.
"""

import gc
from collections.abc import Sequence

from exercises.parameters import FROM_SOURCE
from lab.engine.adapters import loaded_for, set_scales
from lab.engine.denoise import Stopped, make_picture
from lab.engine.failures import EngineFailure, is_out_of_memory
from lab.engine.line import LineEngine, LineJob
from lab.engine.pace import Pace, foreseen
from lab.engine.pipelines import LoadedModel, load_model
from lab.engine.protocol import Cancelled, Done, Event, Failed, Loading
from lab.engine.requests import check_request
from lab.engine.sources import mask_to_draw, open_source
from lab.models.registry import MODELS, ModelEntry
from manifests.manifest import Adapter


class LocalEngine(LineEngine):
    """Diffusers in this process, behind the engine's protocol."""

    def __init__(self) -> None:
        super().__init__()
        self._loaded: LoadedModel | None = None
        self._taught: tuple[tuple[str, ...], LoadedModel] | None = None  # the adapters' hashes, and the copy
        self._spoilt = False  # the model goes as soon as nothing is drawn
        self._start()

    def unload(self) -> None:
        """Drop the model from memory, as soon as nothing is drawn; it is read again when next asked."""
        with self._changed:
            self._spoilt = bool(self._running)
            if not self._running:
                self._unload()

    @property
    def most(self) -> int:
        """How many are drawn at once."""
        loaded = self._loaded
        return loaded.meeting.most if loaded and loaded.meeting else 1

    @property
    def pace(self) -> Pace | None:
        """How fast pictures are drawn together; None where they are not."""
        loaded = self._loaded
        return loaded.meeting.pace if loaded and loaded.meeting else None

    def _take_place(self, job: LineJob) -> bool:
        """Whether the job may begin: alone, or beside others of its model that are drawn together."""
        if not self._running:
            return True
        if job.request.adapters and any(other.request.adapters for other in self._running):
            return False  # the copy that was taught draws one at a time
        if job.first and len(self._running) >= self.most:  # it was not asked for its turn
            return False
        loaded = self._loaded
        if self._spoilt or loaded is None or loaded.meeting is None:
            return False
        return loaded.entry.id == job.model

    def _give_back(self, job: LineJob) -> None:
        if self._spoilt and not self._running:
            self._unload()
            self._spoilt = False

    def _ends(self, waiting: Sequence[LineJob]) -> Sequence[float | None]:
        if self.pace is None:
            return [None] * len(waiting)
        drawn = [job.ahead for job in self._running]
        return foreseen(self.pace, drawn, [job.ahead for job in waiting], self.most)

    def _stop_running(self, job: LineJob) -> None:
        """It is asked at each step whether it shall stop, by `make_picture`."""

    def _end(self) -> None:
        self._unload()

    def _run(self, job: LineJob) -> Event:
        """Do the job and say how it ended."""
        try:
            return self._attempt(job)
        except Stopped:
            return Cancelled()
        except EngineFailure as failure:
            return failure.failed
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._spoilt = True
            return Failed("out_of_memory", {"model": job.model})

    def _attempt(self, job: LineJob) -> Event:
        if job.stop_asked():
            raise Stopped
        if job.model not in MODELS:
            raise EngineFailure("unknown_model", model=job.model, models=", ".join(MODELS))
        entry, request = MODELS[job.model], job.request
        check_request(entry, request, job.inputs)
        source = mask = None
        if request.mode in FROM_SOURCE and job.inputs.source is not None:
            source = open_source(job.inputs.source, request.width, request.height)
        if request.mode == "inpaint" and job.inputs.mask is not None:
            mask = mask_to_draw(job.inputs.mask, request.width, request.height)
        loaded = self._loaded
        if loaded is None or loaded.entry is not entry:  # then this job runs alone
            self._unload()
            job.report(Loading(entry.id))
            loaded = load_model(entry)
            with self._changed:
                self._loaded = loaded
                self._changed.notify_all()
        adapters = loaded_for(request)
        if adapters:
            loaded = self._taught_copy(entry, adapters, job)
        return Done(
            make_picture(
                loaded, request, source, job.film, job.stop_asked, job.report, job.student, mask=mask
            )
        )

    def _taught_copy(self, entry: ModelEntry, adapters: Sequence[Adapter], job: LineJob) -> LoadedModel:
        """A copy of the model that was taught by the adapters: one is kept, and one job at a time has it."""
        hashes = tuple(adapter.sha256 for adapter in adapters)
        if self._taught is None or self._taught[0] != hashes:
            self._taught = None
            job.report(Loading(entry.id))
            self._taught = hashes, load_model(entry, adapters, job.inputs)
        taught = self._taught[1]
        set_scales(taught.pipelines[entry.modes[0]], adapters)
        return taught

    def _unload(self) -> None:
        if self._loaded is None:
            return
        self._loaded = self._taught = None
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
