"""The server of others that drew a picture: who it was, and what it was sent or says of the picture.

Rule: what a server alone can know stands here as it told it, and is no promise of ours. A workflow's graph
stands in the manifest as it was sent, and its hash is that of its canonical text, so a workflow that was
changed afterwards shows even before the chain is looked at.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

MOST_NODES = 200
MOST_INPUTS = 100
MOST_BYTES = 100 * 1024  # of the workflow's text
MOST_TOLD = 20_000  # characters of what a server says of a picture

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WorkflowNode(_Part):
    """One node of a graph in ComfyUI's API format; a link is `[node, output]`."""

    class_type: Name
    inputs: Annotated[dict[Name, JsonValue], Field(max_length=MOST_INPUTS)]


class ComfyuiService(_Part):
    """`version`, `checkpoint` as the server tells them; `address`: scheme, host and port, and no key."""

    name: Literal["ComfyUI"]
    version: Name
    address: Name
    checkpoint: Name | None
    workflow: Annotated[dict[Name, WorkflowNode], Field(min_length=1, max_length=MOST_NODES)]
    workflow_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @field_validator("workflow_sha256")
    @classmethod
    def _of_this_workflow(cls, told: str, info: ValidationInfo) -> str:
        if "workflow" in info.data:
            found = workflow_sha256({key: node.model_dump() for key, node in info.data["workflow"].items()})
            if told != found:
                raise PydanticKnownError("literal_error", {"expected": found})
        return told

    @field_validator("workflow")
    @classmethod
    def _bounded(cls, workflow: dict[str, WorkflowNode]) -> dict[str, WorkflowNode]:
        size = len(workflow_text({key: node.model_dump() for key, node in workflow.items()}).encode())
        if size > MOST_BYTES:
            raise PydanticKnownError(
                "too_long", {"field_type": "Text", "max_length": MOST_BYTES, "actual_length": size}
            )
        return workflow

    def graph(self) -> dict[str, Any]:
        """The workflow as it was sent."""
        return {key: node.model_dump() for key, node in self.workflow.items()}


class A1111Service(_Part):
    """A server that speaks A1111's API: the web UI itself, Forge, SD.Next, stable-diffusion.cpp.

    `address`: scheme, host and port, and no password. Further fields as the server tells them, null where
    it does not: the seed it really used, how many steps it was set to, sampler and noise schedule, and the
    text it writes about a picture.
    """

    name: Literal["A1111"]
    version: Name
    address: Name
    checkpoint: Name | None
    seed: Annotated[int, Field(ge=-1, le=2**63)] | None = None
    steps: Annotated[int, Field(ge=0, le=10_000)] | None = None
    sampler: Name | None = None
    schedule: Name | None = None
    told: Annotated[str, StringConstraints(max_length=MOST_TOLD)] | None = None


Service = Annotated[ComfyuiService | A1111Service, Field(discriminator="name")]


def workflow_text(graph: Mapping[str, Any]) -> str:
    """The canonical text of a workflow: keys sorted, no spaces, characters as they are."""
    return json.dumps(graph, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def workflow_sha256(graph: Mapping[str, Any]) -> str:
    return sha256(workflow_text(graph).encode("utf-8", "surrogatepass")).hexdigest()
