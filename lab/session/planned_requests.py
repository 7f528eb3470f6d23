"""What is asked of the engine for a planned run: by the command line, the library and agents alike."""

from collections.abc import Mapping

from exercises.parameters import side_of
from lab.engine.requests import request_for
from lab.jobs.edits import enlarged_edit, given_mask, leading_outlines, masked_edit
from lab.models.offered import model_entry
from lab.session.planned_runs import Planned, RunError
from manifests.manifest import Request, Source
from manifests.store import Store


def request_of(
    planned: Planned,
    model: str,
    store: Store,
    source: Source | None = None,
    mask: bytes | None = None,
    enlarge: Mapping[str, int] | None = None,
    outlines: bytes | None = None,
    is_lines: bool = False,
) -> Request:
    """The request of one run. `mask`: a person's picture, white where the source is to change; `enlarge`: by
    how many pixels the canvas grows on each side; `outlines`: a picture whose outlines lead, `is_lines`: it
    is a drawing of dark lines. Raises UserError where what the run needs is missing.
    """
    asked = planned.parameters
    native = model_entry(model).native_size
    size = side_of(asked.width, native), side_of(asked.height, native)
    if asked.mode == "control":
        if outlines is None:
            raise RunError("run.outlines_needed")
        return request_for(asked, model, leading_outlines(store, outlines, size, is_lines=is_lines))
    if asked.mode != "inpaint":
        request = request_for(asked, model, source)
        return request.model_copy(update={"between": planned.between}) if planned.between else request
    if source is None:
        raise RunError("run.source_needed")
    if planned.canvas:
        if enlarge is None:
            raise RunError("run.enlarge_needed")
        edit = enlarged_edit(store, source, size, enlarge)
    else:
        if mask is None:
            raise RunError("run.mask_needed")
        edit = masked_edit(store, source, given_mask(mask, size))
    asked = asked.model_copy(update={"width": edit.size[0], "height": edit.size[1]})
    return request_for(asked, model, edit.source, edit.mask)
