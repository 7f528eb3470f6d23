"""The providers' file: what is wrong in it is told with file, line and field; the built-in one is sound."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.toml_file import ExerciseError
from lab.providers.configuration import BUILT_IN, load_configuration
from lab.providers.errors import LedgerFailed
from lab.providers.opening import open_router

GOOD = """
[[providers]]
name = "one"
base_url = "https://example.org/v1"
key = "ONE_KEY"
[providers.work.vision]
models = ["a"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "providers.toml"
    path.write_text(text)
    return path


def test_the_built_in_file_names_the_providers_in_their_order():
    configuration = load_configuration()
    assert [each.name for each in configuration.providers] == [
        "openrouter",
        "openai",
        "huggingface",
        "local",
        "flux",
        "stable-diffusion",
        "bundled",
    ]
    pictures_only = {"flux", "stable-diffusion"}
    assert all("vision" in each.work for each in configuration.providers if each.name not in pictures_only)
    assert [each.name for each in configuration.providers if each.free] == [
        "local",
        "flux",
        "stable-diffusion",
        "bundled",
    ]


def test_no_model_is_named_in_the_code():
    names = {
        model for p in load_configuration().providers for work in p.work.values() for model in work.models
    }
    assert len(names) > 3
    code = "\n".join(path.read_text() for path in BUILT_IN.parent.glob("*.py"))
    assert [name for name in names if f'"{name}"' in code] == []


@pytest.mark.parametrize(
    ("change", "field", "line"),
    [
        (('name = "one"', 'name = "One!"'), "providers[1].name", 3),
        (("https://example.org/v1", "ftp://example.org"), "providers[1].base_url", 4),
        (("https://example.org/v1", "https://me:secret@example.org"), "providers[1].base_url", 4),
        (('key = "ONE_KEY"', 'key = "sk-a-key-by-mistake"'), "providers[1].key", 5),
        (('models = ["a"]', 'models = ["a b"]'), "providers[1].work.vision.models[1]", 7),
        (('models = ["a"]', "models = []\nseconds = 0"), "providers[1].work.vision.seconds", 8),
        (("work.vision", "work.visoin"), "providers[1].work.visoin", 6),
        (('key = "ONE_KEY"', "prices.a.input = -1"), "providers[1].prices.a.input", 5),
        (('key = "ONE_KEY"', "keys = 1"), "providers[1].keys", 5),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(
    tmp_path: Path, change: tuple[str, str], field: str, line: int
):
    path = written(tmp_path, GOOD.replace(*change))
    with pytest.raises(ExerciseError) as caught:
        load_configuration(path)
    assert (caught.value.file, caught.value.field, caught.value.line) == (path, field, line)
    assert "secret" not in str(caught.value)
    assert "sk-a-key" not in str(caught.value)


def test_two_providers_of_one_name_are_refused(tmp_path: Path):
    with pytest.raises(ExerciseError, match="two providers are named one"):
        load_configuration(written(tmp_path, GOOD * 2))


@given(text=st.text(max_size=300) | st.text(max_size=100).map(lambda text: GOOD + text))
def test_any_text_is_a_configuration_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str):
    path = tmp_path_factory.mktemp("c") / "providers.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    message = ""
    try:
        load_configuration(path)
    except ExerciseError as error:
        message = str(error)
    assert not message or str(path) in message


def test_a_router_opens_as_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GENAI_PROVIDERS", str(written(tmp_path, GOOD)))
    monkeypatch.setenv("GENAI_BUDGET_STUDENT", "2.50")
    monkeypatch.setenv("GENAI_BUDGET_DAY", "0")
    monkeypatch.setenv("GENAI_CLASS", "m2")
    monkeypatch.setenv("GENAI_LEDGER", str(tmp_path / "shared" / "ledger.sqlite"))
    with open_router(tmp_path, "jane") as router:
        limits = {budget.name: budget.limit for budget in router.ledger.budgets("jane")}
        assert limits == {"student": 2_500_000, "class": None, "day": 0}
        assert router.ledger.class_ == "m2"
        assert [each.name for each in router.configuration.providers] == ["one"]
    assert (tmp_path / "shared" / "ledger.sqlite").exists()


def test_without_settings_there_is_no_limit_and_the_built_in_file(tmp_path: Path):
    with open_router(tmp_path, "jane") as router:
        assert not router.ledger.limits
        assert router.configuration == load_configuration()


def test_a_ledger_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ledger").write_text("this is no database, " * 100)
    monkeypatch.setenv("GENAI_LEDGER", str(tmp_path / "ledger"))
    with pytest.raises(LedgerFailed) as caught:
        open_router(tmp_path, "jane")
    assert str(tmp_path / "ledger") in str(caught.value)


def test_the_example_in_the_documentation_is_a_configuration(tmp_path: Path):
    text = (Path(__file__).parents[3] / "docs" / "apis.md").read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert load_configuration(written(tmp_path, example)).providers[0].prices


def test_every_setting_is_in_the_example_of_settings():
    from lab.providers.settings import ProviderSettings
    from lab.session.settings_check import setting_names

    text = (Path(__file__).parents[3] / ".env.example").read_text(encoding="utf-8")
    assert [name for name in setting_names(ProviderSettings) if f"{name}=" not in text] == []


def test_opening_a_router_loads_no_client_before_it_is_used(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from lab.providers.opening import open_router;"
        "import lab.providers.choices; open_router(Path(sys.argv[1]), 'jane').close();"
        "print({'openai', 'httpx2', 'huggingface_hub', 'torch', 'gradio'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == "set()"
