"""What is known about a picture before it is stored: everything the engine or an API can say."""

from dataclasses import dataclass

from manifests.manifest import (
    Adherence,
    ApiRequest,
    Charge,
    Cost,
    MadeThrough,
    Model,
    Proof,
    Request,
    Versions,
)
from manifests.receipts import Envelope
from manifests.service import Service


@dataclass(frozen=True)
class Drawn:
    """How a picture was made, as whoever made it tells. `seconds` are of drawing alone.

    `loading_seconds` are those it waited before for the model to be read and warmed up; None where it was.
    """

    request: Request | ApiRequest
    effective_steps: int
    model: Model
    versions: Versions
    device: str
    dtype: str
    seconds: float
    batch_size: int = 1
    batch_index: int = 0
    loading_seconds: float | None = None
    receipt: Envelope | None = None  # of a gateway that made or saw it
    service: Service | None = None  # the server that drew it by a workflow, if one did


@dataclass(frozen=True, kw_only=True)
class Draft(Drawn):
    """The same with what it was made for. The store adds student, attempt, time, the image and the chain."""

    exercise: str
    run: str
    cost: Cost | Charge | None = None
    adherence: Adherence | None = None
    proof: Proof | None = None
    variant: str | None = None
    made_through: MadeThrough | None = None
