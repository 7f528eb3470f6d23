"""The API's description and its page say what there is, in both languages, and the API holds to it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from markupsafe import escape
from schemathesis import checks

from exercises.i18n import LANGUAGES, translator
from exercises.loader import find_assignment
from lab.models.registry import MODELS
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.web.rest.app import build_rest
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.rest.conftest import BASE

OPERATIONS = {
    "list_models": ("GET", "/models"),
    "start_generation": ("POST", "/generations"),
    "list_generations": ("GET", "/generations"),
    "show_generation": ("GET", "/generations/{id}"),
    "follow_generation": ("GET", "/generations/{id}/events"),
    "cancel_generation": ("DELETE", "/generations/{id}"),
    "list_images": ("GET", "/images"),
    "show_image": ("GET", "/images/{id}"),
    "download_image": ("GET", "/images/{id}/file"),
    "delete_image": ("DELETE", "/images/{id}"),
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    work = tmp_path_factory.mktemp("described")
    lab = Lab(LabSettings(), find_assignment("tp2"), work, "jane", QuickEngine())
    yield schemathesis.openapi.from_asgi("/openapi.json", build_rest(lab))
    lab.runs.stop()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_one_that_was_described(described: Any, name: str):
    method, path = OPERATIONS[name]

    @given(case=described[path][method].as_strategy())
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(
            checks=[
                checks.not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
            ]
        )

    ask()


def test_every_operation_has_a_name_and_a_summary(client: TestClient):
    description = client.get("openapi.json").json()
    operations = [each for methods in description["paths"].values() for each in methods.values()]
    assert {each["operationId"] for each in operations} == set(OPERATIONS)
    words = translator("lab", "en")
    assert all(each["summary"] == words(f"rest.{each['operationId']}") for each in operations)
    assert description["servers"] == [{"url": BASE}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_every_operation_and_loads_nothing(client: TestClient, language: str):
    page = client.get("", headers={"Accept-Language": language})
    assert page.headers["content-type"].startswith("text/html")
    assert f'<html lang="{language}">' in page.text
    words = translator("lab", language)  # type: ignore[arg-type]
    assert all(str(escape(words(f"rest.{name}"))) in page.text for name in OPERATIONS)
    assert "<script" not in page.text
    assert re.findall(r'(?:src|href)="([^"]*)"', page.text) == ["openapi.json"]


def test_models_say_whether_they_can_run_here_and_why_not(client: TestClient):
    models = {model["id"]: model for model in client.get("models").json()["models"]}
    assert set(models) == set(MODELS)
    assert models["mini"]["available"]
    assert models["mini"]["note"] == ""
    french = client.get("models", headers={"Accept-Language": "fr"}).json()["models"]
    for model, other in zip(models.values(), french, strict=True):
        assert model["available"] or (model["note"] and model["note"] != other["note"])
