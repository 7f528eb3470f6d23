"""A FLUX service and a Stable Diffusion service are providers from the start, by their addresses alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.endpoint.server import Loopback
from lab.engine.local import LocalEngine
from lab.providers.opening import open_router
from lab.providers.protocol import Call, Media
from manifests.pictures import open_picture
from tests.lab.engine.a1111.serving import WebUi, served
from tests.lab.providers.calls import Playing


@pytest.fixture(autouse=True)
def _no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENROUTER_API_KEY", "OPENAI_API_KEY", "HF_TOKEN", "FLUX_API_URL", "STABLE_DIFFUSION_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def flux(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The bundled endpoint stands in for a FLUX service."""
    loopback = Loopback(engine)
    monkeypatch.setenv("FLUX_API_KEY", loopback.token)
    yield loopback.url
    loopback.close()


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_flux_service_draws_and_edits_by_its_address_alone(
    flux: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUX_API_URL", flux.removesuffix("/v1") + path)
    with open_router(tmp_path, "jane") as router:
        drawn = router.complete(Call("image", prompt="a red cup", seed=7, options={"steps": 2}))
        assert (drawn.provider, drawn.model, drawn.seeds) == ("flux", "mini", (7,))
        assert drawn.cost.origin == "free"
        assert open_picture(drawn.pictures[0].data).size
        source = Media(drawn.pictures[0].data, "image/png")
        edit = Call("edit", prompt="blue", images=(source,), seed=7, options={"steps": 4})
        assert router.complete(edit).provider == "flux"


def test_a_stable_diffusion_service_is_asked_where_it_speaks_openais_protocol(
    playing: Playing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STABLE_DIFFUSION_URL", playing().url)
    with open_router(tmp_path, "jane") as router:
        assert "stable-diffusion" in [choice.provider for choice in router.choices("image")]
        assert router.complete(Call("image", prompt="a cup")).provider == "stable-diffusion"


@pytest.mark.parametrize("login", ["", "jane:s3cret@"])
def test_where_only_a1111s_api_answers_that_provider_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    with served(WebUi()) as url, open_router(tmp_path, "jane") as router:
        monkeypatch.setenv("STABLE_DIFFUSION_URL", url.replace("://", f"://{login}"))
        found = [choice.provider for choice in router.choices("image")]
        assert "stable-diffusion" not in found
        assert "flux" in found  # not set up, and said so


def test_without_addresses_both_are_left_out(tmp_path: Path) -> None:
    with open_router(tmp_path, "jane") as router:
        ready = [choice.provider for choice in router.choices("image") if choice.problem is None]
        assert ready == []
