"""Schemas of strangers: what is read is read in bounded time, everything else is refused by name."""

import inspect
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib._pydantic import to_strict_json_schema

from lab.endpoint.schemas import KEYWORDS, BadSchema, check_schema, misfit, names_asked
from lab.judge.answers import AltText, Description, Missing, Quality

OBJECT = {"type": "object", "properties": {"short": {"type": "string"}}, "required": ["short"]}


@pytest.mark.parametrize("model", [AltText, Description, Missing, Quality])
def test_the_schemas_of_the_clients_own_types_are_read(model: Any):
    schema = to_strict_json_schema(model)
    check_schema(schema)
    assert names_asked(schema) == (list(model.model_fields), set(model.model_fields))


def test_a_value_that_does_not_fit_is_told_where():
    assert misfit({"short": "a"}, OBJECT) is None
    assert misfit({"short": 1}, OBJECT) == "$.short"
    assert misfit({}, OBJECT) == "$"


def test_names_are_found_behind_a_reference():
    schema = {"$ref": "#/$defs/Answer", "$defs": {"Answer": OBJECT}}
    check_schema(schema)
    assert names_asked(schema) == (["short"], {"short"})


NESTED: dict[str, Any] = {}
for _ in range(5000):
    NESTED = {"properties": {"a": NESTED}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"short": {"pattern": "(a+)+$"}}},
        {"properties": {"short": {"patternProperties": {"(a+)+$": {}}}}},
        {"properties": {"short": {"$ref": "https://example.org/schema"}}},
        {"properties": {"short": {"$ref": "file:///etc/passwd"}}},
        {"properties": {"short": {"$ref": 3}}},
        {"properties": {"short": {"allOf": [{}]}}},
        {"properties": {"short": {"not": {}}}},
        {"$id": "https://example.org/", "properties": {}},
        {"$dynamicRef": "#x"},
        {"type": 3},
        {"properties": []},
        {"required": "short"},
        {"properties": {str(i): {} for i in range(3000)}},
        {"properties": {"short": {"anyOf": [{"anyOf": [{}] * 3}] * 20}}},
        NESTED,
    ],
)
def test_what_is_outside_of_the_subset_is_refused(schema: dict[str, Any]):
    with pytest.raises(BadSchema):
        check_schema(schema)


@pytest.mark.parametrize(
    "schema", [{}, {"type": "string"}, {"properties": {}}, {"$ref": "#/$defs/Nothing"}, {"$ref": "#/$defs"}]
)
def test_a_schema_without_fields_asks_for_nothing(schema: dict[str, Any]):
    check_schema(schema)
    with pytest.raises(BadSchema):
        names_asked(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"short": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"properties": {"short": {"$ref": "#/$defs/nothing"}}},
        {"properties": {"short": {"anyOf": [{"$ref": "#/properties/short"}] * 4}}},
    ],
)
def test_references_that_lead_nowhere_end(schema: dict[str, Any]):
    check_schema(schema)
    with pytest.raises(BadSchema):
        misfit({"short": "a"}, schema)


@pytest.mark.parametrize("keyword", ["properties", "items", "additionalProperties", "$ref"])
def test_a_value_that_nests_for_ever_is_refused_long_before_pythons_own_limit(keyword: str):
    own = {"a": {"$ref": "#"}} if keyword == "properties" else "#" if keyword == "$ref" else {"$ref": "#"}
    value: Any = {}
    for _ in range(400):
        value = [value] if keyword == "items" else {"a": value}
    check_schema({keyword: own})
    with most_frames(400), pytest.raises(BadSchema):
        misfit(value, {keyword: own})


@pytest.mark.parametrize("keyword", ["properties", "items", "anyOf"])
def test_a_schema_that_nests_deeply_is_refused_long_before_pythons_own_limit(keyword: str):
    schema: dict[str, Any] = {}
    for _ in range(100):
        within: dict[str, Any] = {"properties": {"a": schema}, "items": schema, "anyOf": [schema]}
        schema = {keyword: within[keyword]}
    with most_frames(200), pytest.raises(BadSchema, match=r"levels|anyOf"):
        check_schema(schema)


def test_ten_levels_are_read():
    schema: dict[str, Any] = {"type": "string"}
    value: Any = 1
    for _ in range(10):
        schema, value = {"type": "object", "properties": {"a": schema}}, {"a": value}
    check_schema(schema)
    assert misfit(value, schema) == "$" + ".a" * 10


@contextmanager
def most_frames(count: int) -> Iterator[None]:
    """Let Python fail where the calls within nest deeper than `count` beneath this one."""
    before, here = sys.getrecursionlimit(), len(inspect.stack())
    sys.setrecursionlimit(here + count)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_alternatives_that_multiply_stay_few():
    defs: dict[str, Any] = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(12)}
    schema = {"properties": {"short": {"$ref": "#/$defs/a0"}}, "$defs": {**defs, "a12": {"type": "number"}}}
    check_schema(schema)
    began = time.process_time()
    assert misfit({"short": "a"}, schema)
    assert time.process_time() - began < 20  # of 2**12 ways; without the bound it would be hours
    defs = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(30)}
    with pytest.raises(BadSchema):
        check_schema({"$defs": defs})


def test_references_that_multiply_are_refused_quickly():
    defs: dict[str, Any] = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 150} for i in range(12)}
    schema = {"properties": {"short": {"$ref": "#/$defs/a0"}}, "$defs": {**defs, "a12": {"type": "number"}}}
    check_schema(schema)
    began = time.process_time()
    with pytest.raises(BadSchema):
        misfit({"short": "a"}, schema)
    assert time.process_time() - began < 20  # of 150**12 ways


@pytest.mark.parametrize("where", ["#/default", "#/$defs/a/enum/0", "#/%64efault"])
def test_references_into_data_are_refused(where: str):
    with pytest.raises(BadSchema):
        check_schema({"properties": {"short": {"$ref": where}}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted(KEYWORDS)) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KEYWORDS)) | st.text(max_size=5), JSON, max_size=5), JSON)
def test_any_json_is_a_schema_or_refused(schema: dict[str, Any], value: Any):
    try:
        check_schema(schema)
        names_asked(schema)
        misfit(value, schema)
    except BadSchema:
        pass
