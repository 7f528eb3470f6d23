"""Two pictures compared: only what can change the picture is a difference, and the numbers are right."""

import math
from datetime import UTC, datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from PIL import Image
from pydantic import BaseModel

from exercises.i18n import catalogue
from lab.records.compare import differences, pixel_difference
from manifests.comparing import IDENTICAL
from manifests.manifest import Manifest

PIXELS = arrays(np.uint8, (4, 5, 3))


def manifest(**changed: Any) -> Manifest:
    """A manifest; `request__steps=15` changes a field of a part."""
    document: dict[str, Any] = {
        "schema": "genai-lab/manifest/1",
        "student": "ada",
        "assignment": "tp2",
        "exercise": "sweep",
        "run": "t2i_run01_baseline",
        "attempt": 1,
        "time": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "request": {
            "mode": "text2img",
            "prompt": "black headphones",
            "negative_prompt": "",
            "width": 128,
            "height": 128,
            "steps": 30,
            "guidance_scale": 7.5,
            "scheduler": "EulerA",
            "seed": 42,
        },
        "effective_steps": 30,
        "model": {"id": "mini", "repository": "genai-lab", "revision": "0.1.0"},
        "versions": {
            "python": "3.11",
            "torch": "2.13.0",
            "diffusers": "0.42.1",
            "transformers": "5",
            "genai_lab": "0",
        },
        "device": "cpu",
        "dtype": "float32",
        "seconds": 3.2,
        "image": {
            "file": "a.png",
            "bytes": 10,
            "width": 128,
            "height": 128,
            "sha256": "0" * 64,
            "pixels_sha256": "0" * 64,
        },
        "sequence": 1,
        "previous": None,
        "digest": "9" * 64,
    }
    for name, value in changed.items():
        *path, leaf = name.split("__")
        part = document
        for key in path:
            part = part[key]
        part[leaf] = value
    return Manifest.model_validate(document)


def test_only_what_differs_is_listed_with_both_values() -> None:
    found = differences(manifest(), manifest(request__steps=15, effective_steps=15))
    assert [(d.field, d.left, d.right) for d in found] == [
        ("request.steps", "30", "15"),
        ("effective_steps", "30", "15"),
    ]


def test_whose_it_is_and_when_it_was_made_are_no_difference() -> None:
    other = manifest(
        student="bob",
        run="studio",
        exercise="studio",
        attempt=3,
        seconds=9.9,
        sequence=7,
        previous="1" * 64,
        digest="8" * 64,
        image__file="b.png",
        image__sha256="2" * 64,
    )
    assert differences(manifest(), other) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request__prompt", "a red backpack"),
        ("request__strength", 0.6),
        ("model__weights_sha256", "3" * 64),
        ("versions__torch", "2.14.0"),
        ("device", "cuda"),
        ("dtype", "float16"),
        ("batch_size", 4),
    ],
)
def test_everything_that_can_change_a_picture_is_a_difference(field: str, value: object) -> None:
    assert [d.field for d in differences(manifest(), manifest(**{field: value}))] == [
        field.replace("__", ".")
    ]


def test_a_part_that_only_one_has_is_listed_field_by_field() -> None:
    source = {"file": "s.png", "sha256": "4" * 64}
    found = differences(manifest(), manifest(request__source=source))
    assert [(d.field, d.left, d.right) for d in found] == [
        ("request.source.file", "", "s.png"),
        ("request.source.sha256", "", "4" * 64),
    ]


def names(part: type[BaseModel], prefix: str = "") -> set[str]:
    """The dotted names of all fields that a manifest can have; those of parts instead of the parts'."""
    found: set[str] = set()
    for name, field in part.model_fields.items():
        dotted = prefix + (field.alias or name)
        parts = [inner for inner in inside(field.annotation) if issubclass(inner, BaseModel)]
        found |= set().union(*(names(inner, f"{dotted}.") for inner in parts)) if parts else {dotted}
    return found


def inside(annotation: Any) -> list[type]:
    """The classes a field's value can be of; what stands in a list is no part of its own."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        among = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
        return [each for one in among for each in inside(one)]
    return [annotation] if isinstance(annotation, type) and origin is None else []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_field_a_manifest_can_have_has_a_label(language: Any) -> None:
    labels = catalogue("lab", language)
    assert {"loading_seconds", "request.source.sha256", "request.tried", "cost.origin"} <= names(Manifest)
    assert {name for name in names(Manifest) if f"field.{name}" not in labels} == set()


@given(PIXELS)
def test_a_picture_does_not_differ_from_itself(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    image = Image.fromarray(pixels)
    found = pixel_difference(image, image.convert("RGBA"), amplify=50)
    assert found is not None
    assert (found.mean_absolute, found.psnr) == (0, IDENTICAL)
    assert not np.asarray(found.picture).any()


@given(PIXELS, PIXELS)
def test_the_order_of_the_two_does_not_matter(
    left: np.ndarray[Any, np.dtype[np.uint8]], right: np.ndarray[Any, np.dtype[np.uint8]]
) -> None:
    there = pixel_difference(Image.fromarray(left), Image.fromarray(right))
    back = pixel_difference(Image.fromarray(right), Image.fromarray(left))
    assert there is not None
    assert back is not None
    assert (there.mean_absolute, there.psnr) == (back.mean_absolute, back.psnr)
    assert there.mean_absolute == pytest.approx(np.abs(left.astype(int) - right.astype(int)).mean())


def test_a_known_difference_gives_its_numbers() -> None:
    found = pixel_difference(
        Image.new("RGB", (8, 8), (10, 10, 10)), Image.new("RGB", (8, 8), (13, 10, 10)), amplify=20
    )
    assert found is not None
    assert found.mean_absolute == pytest.approx(1.0)
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / 3))
    assert found.picture.getpixel((0, 0)) == (60, 0, 0)


def test_amplifying_clips_and_leaves_the_numbers_alone() -> None:
    black, gray = Image.new("RGB", (2, 2)), Image.new("RGB", (2, 2), (100, 100, 100))
    found = pixel_difference(black, gray, amplify=10)
    assert found is not None
    assert found.mean_absolute == 100
    assert found.picture.getpixel((1, 1)) == (255, 255, 255)


def test_pictures_of_two_sizes_cannot_be_laid_on_each_other() -> None:
    assert pixel_difference(Image.new("RGB", (8, 8)), Image.new("RGB", (8, 9))) is None
