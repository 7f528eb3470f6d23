"""Tests that only values which are offered reach `sbatch`, whatever the options contain."""

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.spawners.slurm.job import ChoiceRefused, choice_from_options, sbatch_arguments, script
from hub.spawners.slurm.settings import SlurmSettings

HOME = "/shared/homes/jane"


def settings(**values: Any) -> SlurmSettings:
    offered: dict[str, Any] = {
        "partitions": "gpu,cpu",
        "minutes": "60,120",
        "memory": "8,16",
        "gres": "none,gpu:1,gpu:a100:2",
    }
    return SlurmSettings(_env_file=None, **(offered | values))


def arguments(options: dict[str, object], **values: Any) -> list[str]:
    told = settings(**values)
    return sbatch_arguments(choice_from_options(options, told, "en"), told, HOME)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
nearly = st.sampled_from(
    ["gpu", "cpu", 60, "120", 8, "16", "none", "gpu:1", "gpu:1\n", "gpu;id", "60 ", "--wrap=id"]
)
fields = st.sampled_from(["partition", "minutes", "memory", "gres", "language", "account", "wrap", "output"])


@given(
    st.dictionaries(
        fields | st.text(max_size=10), anything | nearly | st.lists(nearly, max_size=2), max_size=6
    )
)
def test_whatever_is_asked_only_what_is_offered_reaches_the_command_line(options: dict[str, object]) -> None:
    try:
        argv = arguments(options)
    except ChoiceRefused:
        return
    told = dict(argument.removeprefix("--").split("=", 1) for argument in argv if "=" in argument)
    assert told.pop("partition") in ("gpu", "cpu")
    assert told.pop("time") in ("60", "120")
    assert told.pop("mem") in ("8G", "16G")
    assert told.pop("gres", None) in (None, "gpu:1", "gpu:a100:2")
    assert told == {
        "job-name": "genai-lab",
        "chdir": HOME,
        "output": ".genai-lab.log",
        "open-mode": "truncate",
        "export": "ALL",
        "nodes": "1",
        "ntasks": "1",
        "cpus-per-task": "2",
    }
    assert [argument for argument in argv if "=" not in argument] == ["--parsable", "--no-requeue"]


def test_without_a_choice_the_first_of_each_list_is_taken() -> None:
    choice = choice_from_options({}, settings(), "fr")
    assert (choice.partition, choice.minutes, choice.memory, choice.gres) == ("gpu", 60, 8, "none")
    assert choice.language == "fr"


def test_forms_and_the_api_may_both_choose() -> None:
    form = choice_from_options({"minutes": ["120"], "gres": ["gpu:1"], "language": ["fr"]}, settings(), "en")
    api = choice_from_options({"minutes": 120, "gres": "gpu:1", "language": "fr"}, settings(), "en")
    assert form == api
    assert form.model_dump() == choice_from_options(form.model_dump(), settings(), "en").model_dump()


def test_who_starts_a_lab_to_collect_work_asks_for_no_card() -> None:
    assert choice_from_options({"gpu": "none"}, settings(gres="gpu:1,none"), "en").gres == "none"
    assert choice_from_options({"gpu": "none"}, settings(gres="gpu:1"), "en").gres == "gpu:1", (
        "none is not offered"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("partition", "gpu "),
        ("minutes", "61"),
        ("minutes", True),
        ("memory", 8.0),
        ("gres", ["gpu:1", "none"]),
    ],
)
def test_what_is_not_on_offer_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(ChoiceRefused) as refused:
        choice_from_options({field: value}, settings(), "en")
    assert refused.value.field == field


def test_what_the_instructor_set_is_asked_of_slurm() -> None:
    argv = arguments({}, account="course42", qos="teaching", reservation="lesson", cpus=4)
    assert {"--account=course42", "--qos=teaching", "--reservation=lesson", "--cpus-per-task=4"} <= set(argv)
    assert not [argument for argument in argv if argument.startswith("--gres")]
    assert "--gres=gpu:a100:2" in arguments({"gres": "gpu:a100:2"})


@given(st.text(alphabet=st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1))
def test_the_script_runs_the_one_python_whatever_its_path_is_called(name: str) -> None:
    lines = script(settings(python=f"/opt/{name}", setup="module load cuda")).split("\n")
    assert lines[:2] == ["#!/bin/sh", "module load cuda"]
    word, python, *rest = shlex.split("\n".join(lines[2:]))
    assert (word, rest) == ("exec", ["-P", "-m", "hub.spawners.slurm.launch"])
    assert python == str(settings(python=f"/opt/{name}").python)


@pytest.mark.parametrize(
    "values",
    [
        {"partitions": ""},
        {"partitions": "gpu,--wrap=id"},
        {"partitions": "gpu\ncpu"},
        {"minutes": "0"},
        {"memory": "8G"},
        {"gres": "gpu:1;id"},
        {"account": "a b"},
        {"environment": {"JUPYTERHUB_API_TOKEN": "mine"}},
        {"environment": {"A B": "c"}},
        {"hub_address": "hub/../"},
    ],
)
def test_a_setting_that_could_be_more_than_a_value_stops_the_hub(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)
