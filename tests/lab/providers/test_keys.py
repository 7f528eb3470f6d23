"""Keys: where they may stand, who may read them, and that they show up nowhere else."""

import io
import logging
import os
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest

from exercises.i18n import LANGUAGES
from lab.providers.errors import KeyFile, ProviderError
from lab.providers.keys import find_key, find_value
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from tests.lab.providers.conftest import QUICK, entry
from tests.lab.providers.faults import FAULTS
from tests.lab.providers.server import PlayedProvider, png

PLANTED = "sk-planted-0123456789abcdefghij"


def found(*arguments: object) -> str | None:
    key = find_key(*arguments)  # type: ignore[arg-type]
    return key.get_secret_value() if key else None


def key_file(folder: Path, text: str = PLANTED + "\n", mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_stands_in_the_environment_in_a_file_or_in_env(tmp_path: Path):
    assert found("K", {"K": f" {PLANTED} "}) == PLANTED
    assert found("K", {"K_FILE": str(key_file(tmp_path))}) == PLANTED
    (tmp_path / ".env").write_text(f'K="{PLANTED}"\nURL=http://127.0.0.1\n')
    (tmp_path / ".env").chmod(0o600)
    assert found("K", {}, tmp_path) == PLANTED
    assert find_value("URL", {}, tmp_path) == "http://127.0.0.1"
    assert found("OTHER", {}, tmp_path) is None
    assert found("K", {"K": ""}, tmp_path / "nowhere") is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_file_that_others_can_read_is_refused_with_the_fix(tmp_path: Path, mode: int):
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(KeyFile) as caught:
        found("K", {"K_FILE": str(path)})
    for language in LANGUAGES:
        assert f"chmod 600 {path}" in caught.value.in_language(language)


def test_an_env_file_that_others_can_read_is_refused_only_where_it_holds_the_key(tmp_path: Path):
    (tmp_path / ".env").write_text(f"K={PLANTED}\n")
    (tmp_path / ".env").chmod(0o644)
    assert found("OTHER", {}, tmp_path) is None
    with pytest.raises(KeyFile):
        found("K", {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("two words", ".shape"),
        ("clé", ".shape"),
        ("", ".shape"),
        ("a\nb", ".shape"),
        ("x" * 70_000, ".no_file"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str, key: str):
    with pytest.raises(KeyFile) as caught:
        found("K", {"K_FILE": str(key_file(tmp_path, text))})
    assert caught.value.key == f"provider.key_file{key}"
    assert not text or text not in str(caught.value)


def test_a_folder_a_pipe_and_nothing_are_no_key_files(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in (".", "pipe", "missing"):
        with pytest.raises(KeyFile):
            found("K", {"K_FILE": str(tmp_path / name)})


def test_a_planted_key_is_nowhere(
    playing: Callable[..., PlayedProvider], route: Callable[..., Router], tmp_path: Path
):
    """Every fault, on both ways, with logging at its loudest: in no file, log, error, event or repr."""
    log, out = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    server = playing(PLANTED)
    work = {
        "vision": {"models": ["model-a"], "seconds": 0.3},
        "image": {"models": ["model-a"], "protocol": "hugging_face", "seconds": 0.3, "seed": True},
        "edit": {"models": ["model-a"], "seconds": 0.3},
    }
    picture = Media(png(), "image/png")
    calls = [
        Call("vision", messages=(Message("user", "Look.", (picture,)),)),
        Call("image", prompt="draw", seed=1),
        Call("edit", prompt="draw", images=(picture,)),
    ]
    said: list[object] = []
    try:
        with redirect_stdout(out), redirect_stderr(out):
            router = route(
                entry("one", server.url, key="K", work=work),
                cache=True,
                policy=replace(QUICK, attempts=2),
                environment={"K": PLANTED},
            )
            said += [router, router.candidates, router.offers, vars(router)]
            for fault in FAULTS:
                server.always(fault)
                for number, call in enumerate(calls):
                    try:
                        if number == 0 and fault in ("ok", "401", "reset", "embedded error"):
                            said += router.stream(replace(call, seed=5))
                        said.append(router.complete(call, said.append))
                    except ProviderError as error:
                        said += [error, error.values, error.partial, vars(error)]
                        said += [error.in_language(language) for language in LANGUAGES]
                        said.append("".join(traceback.format_exception(error)))
                        said += _chain(error)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(before)
    everything = "\n".join(f"{each!r} {each}" for each in said) + log.getvalue() + out.getvalue()
    assert "Look." in everything or "one" in everything
    assert PLANTED not in everything
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert PLANTED.encode() not in path.read_bytes(), path
    assert all(f"Bearer {PLANTED}" == seen.headers.get("authorization") for seen in server.seen)
    assert not any(PLANTED in seen.path for seen in server.seen)


def _chain(error: BaseException) -> list[object]:
    found: list[object] = []
    cause = error.__cause__ or error.__context__
    while cause is not None:
        found += [cause, cause.args, vars(cause)]
        cause = cause.__cause__ or cause.__context__
    return found
