"""Exports: what each platform reads of them, and who is left out, by name."""
# ruff: noqa: E501 - headers as the platforms write them

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grading.gradebook import canvas, gradescope, moodle, plain_csv
from grading.gradebook.errors import GradebookError
from grading.gradebook.result import Exported
from grading.gradebook.scores import Recorded, Score, State, read_scores
from grading.gradebook.sheet import Sheet, read_sheet
from tests.grading.gradebook.readers import Canvas, Gradescope, MoodleImport, MoodleWorksheet, RefusedError

CASES = {"graded": 12.5, "zero": 0.0}


def score(student: str, points: float | None, state: State = "graded", maximum: float = 20) -> Score:
    grade = Recorded(
        student=student, assignment="tp2", gradable=state == "graded", points=points or 0, maximum=maximum
    )
    return Score(student, student, state, points if state == "graded" else None, maximum, grade)


def scores() -> list[Score]:
    return [
        score("graded", 12.5), score("zero", 0.0), score("reading", 3, "to_read"), score("missing", None, "missing"),
        score("broken", None, "not_gradable"), score("excused", None, "excused"), score("stranger", 7.25),
    ]  # fmt: skip


def told(exported: Exported) -> dict[str, tuple[str, ...]]:
    return {n.key.removeprefix("gradebook."): n.values.get("students", ()) for n in exported.notes}  # type: ignore[misc]


CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,TP2 (77),TP3 (78),Final Score
    Points Possible,,,,,20.00,10,(read only)
"One, Ann",1001,"1,234",graded,A,,,
"=Two, ""Ben"" X",1002,20231235,zero,"A and B",3,,
"Three; Cleo",1003,x,excused,A,,,
Four,1004,y,missing,A,5,,
Five,1005,z,reading,A,,,
"Six",1006,w,broken,A,,,
Same,1007,v,same,A,9.00,,
"""


def sheet(tmp_path: Path, text: str | bytes, name: str = "roster.csv") -> Sheet:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_sheet(path)


def test_canvas_reads_points_and_excuses_and_nobody_loses_a_score(tmp_path: Path) -> None:
    given = [*scores(), score("same", 9.0)]
    exported = canvas.export(given, sheet(tmp_path, CANVAS), "TP2")
    reader = Canvas({1000 + n: name for n, name in enumerate(("", "graded", "zero", "excused", "missing"))})
    title, read = reader.read(exported.files[""])
    assert (title, read) == ("TP2 (77)", {"graded": 12.5, "zero": 0.0, "excused": "EX"})
    assert told(exported) == {
        "left_to_read": ("reading",), "left_missing": ("missing",), "left_not_gradable": ("broken",),
        "unmatched": ("stranger",),
    }  # fmt: skip
    cells = [c for row in csv.reader(io.StringIO(exported.files[""].decode("utf-8-sig"))) for c in row]
    assert not any(c.startswith(("=", "+", "@")) for c in cells)
    assert "1,234" not in cells  # Canvas would read it as 1.234


@pytest.mark.parametrize(
    ("roster", "column"),
    [
        ("Name,Mail\nann,a@x\n", "TP2"),
        (CANVAS, None),
        (CANVAS.replace("TP3 (78)", "TP2 (79)"), "TP2"),
        (CANVAS.replace("20.00", "100"), "TP2"),
        (CANVAS, "Final Score"),
    ],
)
def test_what_canvas_would_read_otherwise_is_refused(tmp_path: Path, roster: str, column: str | None) -> None:
    with pytest.raises(GradebookError):
        canvas.export(scores(), sheet(tmp_path, roster), column)
    with pytest.raises(GradebookError):
        canvas.export(scores(), None, "TP2")


PEOPLE = "username,firstname,email\n" + "".join(
    f"{name},X,{name}@example.org\n" for name in ("graded", "zero", "missing", "broken", "excused", "reading")
)


def test_moodles_import_takes_the_file_whole(tmp_path: Path) -> None:
    given = [*scores(), score("GRADED@example.org ", 1)]  # the same line again: nobody guesses which
    roster = sheet(tmp_path, PEOPLE)
    users = {row[2] for row in roster.rows}
    exported = moodle.export(scores(), roster, "TP2")
    assert MoodleImport(users, sign=",").read(exported.files[""]) == {
        "graded@example.org": 12.5, "zero@example.org": 0.0,
    }  # fmt: skip
    assert told(moodle.export(given, roster, "TP2"))["unmatched"] == (
        "graded",
        "stranger",
        "GRADED@example.org ",
    )
    assert told(moodle.export([score("zero", 21)], roster, "TP2")) == {"too_high": ("zero",)}


def test_moodles_import_fails_for_one_bad_value(tmp_path: Path) -> None:
    reader = MoodleImport({"a", "b"})
    for data in (
        b"username,TP2\na,1\nc,2\n",
        b"username,TP2\na,x\n",
        b"username,TP2\na,101\n",
        b"username,TP2\na,1\na,2\n",
    ):
        with pytest.raises(RefusedError):
            reader.read(data)


WORKSHEETS = {
    "en": ("Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\n"
           "Participant {n},{name},{mail},Submitted,,20.00,{lock},\"Friday, 27 November 2026, 9:00 AM\",-,\"two\nlines\"\n"),
    "fr": ("Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,La note peut être modifiée,Dernière modification (travail remis),Dernière modification (note),Feedback par commentaires\n"
           "Participant {n},{name},{mail},Remis,,\"20,00\",{lock},-,-,\n"),
    "xx": ("Nro,Nimi,Posti,Tila,Arvo,Enintään,Muokattavissa,Muutettu,Muutettu2\n"
           "Osallistuja {n},{name},{mail},-,,\"20,00\",{lock},-,-\n"),
}  # fmt: skip


@pytest.mark.parametrize("language", WORKSHEETS)
def test_a_worksheet_comes_back_as_it_was_with_the_grades(tmp_path: Path, language: str) -> None:
    header, line = WORKSHEETS[language].split("\n", 1)
    people = [("graded", "Yes"), ("zero", "Yes"), ("missing", "Yes"), ("locked", "No"), ("excused", "Yes")]
    text = header + "\n" + "".join(
        line.format(n=40 + i, name="=HYPERLINK(1)" if i == 1 else f"N {i}", mail=f"{who}", lock=lock)
        for i, (who, lock) in enumerate(people)
    )  # fmt: skip
    data = b"\xef\xbb\xbf" + text.encode()
    given = [*scores(), score("locked", 4), score("Dupont Marie_99_assignsubmission_file", 2)]
    exported = moodle.export(given, sheet(tmp_path, data), None)
    read = MoodleWorksheet(data, 4, "." if language == "en" else ",").read(exported.files[""])
    word = "Osallistuja" if language == "xx" else "Participant"
    assert read == {f"{word} 40": 12.5, f"{word} 41": 0.0}
    assert told(exported)["locked"] == ("locked",)
    assert "Dupont Marie_99_assignsubmission_file" in told(exported)["unmatched"]
    one = moodle.export(
        [score("Dupont_43_assignsubmission_file_", 5), score("x_40_assignsubmission_file_", 6)],
        sheet(tmp_path, data),
        None,
    )
    assert told(one) == {"locked": ("Dupont_43_assignsubmission_file_",)}
    assert MoodleWorksheet(data, 4, "." if language == "en" else ",").read(one.files[""]) == {
        f"{word} 40": 6.0
    }


def test_gradescope_gets_a_result_for_each_number_alone() -> None:
    exported = gradescope.export(scores(), None, None)
    read = {name: Gradescope().read(data) for name, data in exported.files.items()}
    assert read == {"graded/results.json": 12.5, "zero/results.json": 0.0, "stranger/results.json": 7.25}
    assert set(told(exported)) == {"left_to_read", "left_missing", "left_not_gradable", "left_excused"}


def test_the_plain_table_has_everybody_and_keeps_the_states_apart(tmp_path: Path) -> None:
    exported = plain_csv.export(scores(), sheet(tmp_path, PEOPLE), "Mark")
    rows = list(csv.DictReader(io.StringIO(exported.files[""].decode("utf-8-sig"))))
    assert {r["student"]: (r["status"], r["Mark"]) for r in rows} == {
        "graded": ("graded", "12.5"), "zero": ("graded", "0"), "reading": ("to read", ""), "missing": ("missing", ""),
        "broken": ("not gradable", ""), "excused": ("excused", ""), "stranger": ("graded", "7.25"),
    }  # fmt: skip
    assert next(r for r in rows if r["student"] == "zero")["email"] == "zero@example.org"


# Names as people and attackers have them
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
LISTS = st.lists(
    st.tuples(NAMES, st.floats(0, 20)),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each[0].strip().casefold(),
)


@example([("+", 1.0), ("-(1)", 2.0), ("=1\n", 3.0)])
@given(LISTS)
@settings(max_examples=60, deadline=None)
def test_every_format_is_read_back_whatever_people_are_called(people: list[tuple[str, float]]) -> None:
    people = [(f"u{n}", name, points) for n, (name, points) in enumerate(people)]  # type: ignore[misc]
    given = [score(login, round(points, 2)) for login, _, points in people]  # type: ignore[misc]
    expected = {s.student: s.points for s in given}
    rows = tuple((name, str(n), login, login, "S", "") for n, (login, name, _) in enumerate(people))  # type: ignore[misc]
    roster = Sheet(("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "TP2 (7)"), rows)
    assert (
        Canvas({n: s.student for n, s in enumerate(given)}).read(
            canvas.export(given, roster, "TP2").files[""]
        )[1]
        == expected
    )
    participants = Sheet(("username", "name"), tuple((login, name) for login, name, _ in people))  # type: ignore[misc]
    assert MoodleImport(set(expected)).read(moodle.export(given, participants, "TP2").files[""]) == expected
    text = plain_csv.export(given, participants, None).files[""].decode("utf-8-sig")
    cells = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["student"]: float(row["score"]) for row in cells} == expected
    assert not any(
        c.startswith(("=", "+", "@", "\t", "\r")) or "\n" in c for row in cells for c in row.values()
    )


# --- from the folder of grades


def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "genai_lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def written(tmp_path: Path, **grades: dict[str, object]) -> Path:
    for name, fields in grades.items():
        folder = tmp_path / "grades" / name
        folder.mkdir(parents=True)
        document = {"student": name, "assignment": "tp2", "gradable": True, "points": 3.0, "maximum": 20.0}
        (folder / "grade.json").write_text(json.dumps(document | fields))
    return tmp_path / "grades"


def test_a_total_after_lateness_stands_for_the_points(tmp_path: Path) -> None:
    folder = written(
        tmp_path, ann={}, ben={"total": 2.5}, cleo={"excused": True}, dan={"gradable": False, "missing": True}
    )
    assert {s.student: (s.state, s.points) for s in read_scores(folder)} == {
        "ann": ("graded", 3.0), "ben": ("graded", 2.5), "cleo": ("excused", None), "dan": ("missing", None),
    }  # fmt: skip


@pytest.mark.parametrize("content", ["", "[]", '{"student": "x"}', "[" * 10_000])
def test_what_grade_did_not_write_is_named(tmp_path: Path, content: str) -> None:
    folder = written(tmp_path, ann={})
    (folder / "ann" / "grade.json").write_text(content)
    with pytest.raises(GradebookError, match="ann"):
        read_scores(folder)


def test_the_command_writes_the_file_and_names_who_is_not_in_it(tmp_path: Path) -> None:
    folder = written(tmp_path, ann={}, ben={"gradable": False, "missing": True}, cleo={})
    (tmp_path / "people.csv").write_text("username,email\nann,a@example.org\nben,b@example.org\n")
    options = ["--grades", str(folder), "--roster", str(tmp_path / "people.csv"), "--column", "TP2"]
    done = call("grades", "export", "--format", "moodle", *options, "--out", str(tmp_path / "m.csv"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.csv").read_text() == "email,TP2\na@example.org,3\n"
    assert "  ben" in done.stderr
    assert "  cleo" in done.stderr
    bad = call("grades", "export", "--format", "canvas", "--grades", str(tmp_path / "none"))
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
