"""A kind of exercise is a module of its name in three folders, in three tables, and explained in the docs."""

import re
from pathlib import Path
from types import ModuleType

import pytest

import exercises.kinds
import grading.checks
import lab.ui.tabs
from exercises.i18n import catalogue
from exercises.kinds import KINDS

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("package", [exercises.kinds, grading.checks, lab.ui.tabs])
def test_each_kind_has_a_module_of_its_name(package: ModuleType):
    modules = {path.stem for folder in package.__path__ for path in Path(folder).glob("*.py")}
    assert KINDS.keys() - modules == set()


def test_the_three_tables_list_the_same_kinds():
    assert KINDS.keys() == grading.checks.KINDS.keys() == lab.ui.tabs.KINDS.keys()


def test_each_kind_is_listed_by_the_name_its_exercises_give():
    assert {name: kind.model_fields["kind"].default for name, kind in KINDS.items()} == {n: n for n in KINDS}


def test_the_docs_explain_each_kind_in_the_table_of_kinds():
    text = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    table = text.partition("| kind | what the student does")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_of_a_kind_has_a_title_and_a_short_name_for_the_reports(kind: str) -> None:
    named = catalogue("grading", "en")
    missing = [
        f"{where}.{rule}"
        for rule in KINDS[kind].rules
        for where in ("title", "rule")
        if f"{where}.{rule}" not in named
    ]
    assert missing == []
