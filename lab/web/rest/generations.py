"""Generations: asked for and queued at once, then looked at, followed as events, or stopped.

They are runs of the assignment's free exercise, the Studio's: it shows them too, and their pictures are
recorded like any other.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import DEFAULT_STRENGTH, Parameters
from lab.endpoint.drawing import refusal
from lab.endpoint.errors import ApiError, Refused, language_of
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.pictures import data_url_bytes
from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.engine.protocol import Failed
from lab.engine.requests import check_request, request_for
from lab.jobs.generate import generate, notes
from lab.jobs.running import Task
from lab.models.availability import availability
from lab.models.offered import models
from lab.session.lab import Lab
from lab.web.rest.jobs import Jobs, State
from lab.web.rest.shapes import ERROR_STATUSES, Accepted, GenerationRequest, Generations
from manifests.errors import ManifestsError
from manifests.manifest import Source

# An event stream's errors are JSON; FastAPI would describe them in the stream's own media type.
JSON_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}}
    for status in ERROR_STATUSES
}
LOOK_EVERY = 0.15  # seconds between two looks at a run

JobId = Annotated[str, Path(max_length=100, description="a generation's id")]


def router(lab: Lab, limits: EndpointLimits) -> APIRouter:
    """The routes below `/generations`."""
    routes = APIRouter(prefix="/generations")
    jobs = Jobs(lab.runs)

    @routes.post("", status_code=202)
    def start_generation(wanted: GenerationRequest, request: Request, response: Response) -> Accepted:
        model = wanted.model or lab.settings.model
        task = _task(lab, wanted, model, limits)
        job_id = jobs.start(_exercise(lab), [task])
        address = f"{request.scope['root_path']}/generations/{job_id}"
        response.headers["Location"] = address
        return Accepted(
            generation=jobs.state(job_id, language_of(request)),
            unknown_words=notes(wanted.prompt, model),
            links={"self": address, "events": f"{address}/events"},
        )

    @routes.get("")
    def list_generations(request: Request) -> Generations:
        return Generations(generations=jobs.states(language_of(request)))

    @routes.get("/{id}")
    def show_generation(id: JobId, request: Request) -> State:
        return jobs.state(id, language_of(request))

    def known(id: JobId, request: Request) -> str:
        """The id of a generation there is; one there is not is said before the stream begins."""
        jobs.state(id, language_of(request))
        return id

    @routes.get("/{id}/events", response_class=EventSourceResponse, responses=JSON_ERRORS)
    async def follow_generation(
        id: Annotated[str, Depends(known)], request: Request
    ) -> AsyncIterator[ServerSentEvent]:
        """Each change of its state as an event of that state's name; FastAPI keeps a silent stream alive."""
        language, told = language_of(request), None
        while told is None or not told.finished:
            state = jobs.state(id, language)
            if state == told:
                await asyncio.sleep(LOOK_EVERY)
                continue
            yield ServerSentEvent(data=state, event=state.state)
            told = state

    @routes.delete("/{id}")
    def cancel_generation(id: JobId, request: Request) -> State:
        jobs.cancel(id)
        return jobs.state(id, language_of(request))

    return routes


def _exercise(lab: Lab) -> str:
    """The free exercise's id. Raises ApiError: 403 before the assignment is open, 409 where it has none."""
    if not lab.is_open:
        raise ApiError(403, "not_open")
    for exercise in lab.assignment.exercises:
        if exercise.kind == "studio":
            return exercise.id
    raise ApiError(409, "no_studio")


def _task(lab: Lab, wanted: GenerationRequest, model: str, limits: EndpointLimits) -> Task:
    """The wanted as a run's task. Raises ApiError for what cannot be done; an upload is kept from here on."""
    exercise = _exercise(lab)
    there = models()
    if model not in there:
        raise ApiError(404, "model_not_found", param="model", model=model[:100], models=", ".join(there))
    entry = there[model]
    if (wanted.mode == "img2img") != (wanted.source is not None):
        raise ApiError(422, "source_and_mode", param="source")
    values = wanted.model_dump(exclude={"model", "source"})
    if wanted.mode == "img2img" and entry.takes_strength and wanted.strength is None:
        values["strength"] = DEFAULT_STRENGTH
    data = None if wanted.source is None else data_url_bytes(wanted.source, limits, "source")
    state = availability(model)
    if not state.available:
        raise refusal(Failed(state.code, state.values))
    request = request_for(Parameters(**values), model)
    try:
        check_request(entry, request, Inputs(data))
    except EngineFailure as failure:
        raise refusal(failure.failed) from failure
    if data is not None:
        request = request.model_copy(update={"source": _kept(lab, data)})
    start = partial(generate, lab.store(), lab.engine, exercise, STUDIO_RUN, request, model=model)
    return Task(STUDIO_RUN, start)


def _kept(lab: Lab, data: bytes) -> Source:
    try:
        return lab.store().add_source(data)
    except ManifestsError as error:
        raise Refused(400, "bad_picture", error, param="source") from error
