"""A TOML file knows the line of each of its keys."""

from pathlib import Path

import pytest

from exercises.toml_file import ExerciseError, TomlFile

TEXT = '''\
# a comment = 1
top = 1
a.b = 2
"quoted key" = 3

[table]
text = """
not_a_key = 1
[not_a_table]
"""
after = 4
inline = { deep = 5 }

[[list]]
id = 1
[list.sub]
x = 6

[[list]]
id = 2
[[list.sub]]
y = 7
[[list.sub]]
y = 8
'''


@pytest.fixture
def file(tmp_path: Path) -> TomlFile:
    path = tmp_path / "some.toml"
    path.write_text(TEXT, encoding="utf-8")
    return TomlFile.read(path, 10_000)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a",), 3),
        (("a", "b"), 3),
        (("quoted key",), 4),
        (("table",), 6),
        (("table", "text"), 7),
        (("table", "after"), 11),
        (("table", "inline", "deep"), 12),
        (("list", 0), 14),
        (("list", 0, "id"), 15),
        (("list", 0, "sub", "x"), 17),
        (("list", 1, "id"), 20),
        (("list", 1, "sub", 0, "y"), 22),
        (("list", 1, "sub", 1, "y"), 24),
        (("list", 1, "sub", 1, "absent"), 23),
        (("not_a_table",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_or_of_the_nearest_one_above(
    file: TomlFile, path: tuple[str | int, ...], line: int
):
    assert file.line(path) == line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a = 1\nb = = 2\nc = 3\n", 2),
        (b"a = 1\n\nb = [1,\n", 3),
        (b"a = 1\nb = '\xff'\n", 2),
        (b"a = 1\nb = " + b"[" * 50_000, None),
        (b"#" * 100_001, None),
    ],
    ids=["syntax", "unfinished", "not UTF-8", "nesting", "size"],
)
def test_what_cannot_be_parsed_is_said_with_its_line(tmp_path: Path, data: bytes, line: int | None):
    path = tmp_path / "some.toml"
    path.write_bytes(data)
    with pytest.raises(ExerciseError) as caught:
        TomlFile.read(path, 100_000)
    assert (caught.value.file, caught.value.line) == (path, line)
