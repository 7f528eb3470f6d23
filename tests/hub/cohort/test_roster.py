"""Tests of reading class lists as schools export them, including lists with errors."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from hub.cohort.roster import (
    MAX_BYTES,
    MAX_CELL,
    MAX_STUDENTS,
    Roster,
    RosterError,
    is_group_name,
    read_roster,
)
from hub.user_names import USER_NAME, fault_of, normalized


def users(roster: Roster) -> list[tuple[str, str]]:
    return [(student.user, " | ".join(student.groups)) for student in roster.students]


@pytest.mark.parametrize(
    "header",
    [
        "user,group", "User Name;Group", "LOGIN\tGroupe", "identifiant;groupe", "Identifiant ;TD",
        '"Nom d’utilisateur";"Groupe"', "username,groups", "\ufeffuser;group", "Utilisateur,Classe",
    ],
)  # fmt: skip
def test_columns_go_by_their_names_in_both_languages(header: str) -> None:
    delimiter = next(sign for sign in ";,\t" if sign in header)
    roster = read_roster(f"{header}\nzoe{delimiter}TD1\n".encode())
    assert users(roster) == [("zoe", "TD1")]
    assert roster.problems == ()


def test_columns_may_stand_in_any_order_and_what_is_not_used_is_said() -> None:
    roster = read_roster(
        "Groupe;Prénom;Note;Courriel;Nom;Login\nTD 2;Zoé;12;z@x.fr;Lefèvre;ZLefevre\n".encode()
    )
    assert users(roster) == [("zlefevre", "TD 2")]
    assert roster.students[0].name == "Zoé Lefèvre"
    assert roster.ignored == ("Note", "Courriel")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_accents_survive_whatever_program_wrote_the_file(encoding: str) -> None:
    roster = read_roster("login;prénom;groupe\nzoé;Zoé;Été\n".encode(encoding))
    assert users(roster) == [("zoé", "Été")]


def test_a_euro_sign_that_windows_wrote_is_one() -> None:
    roster = read_roster("login;prénom;groupe\nzoé;Zoé;Été à 5 €\n".encode("cp1252"))
    assert users(roster) == [("zoé", "Été à 5 €")]


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x90"])
def test_a_byte_that_means_nothing_to_windows_does_not_stop_the_list(byte: bytes) -> None:
    roster = read_roster(b"login;groupe\nz" + "é".encode("latin-1") + b";A\nann;B" + byte + b"\n")
    assert users(roster) == [("zé", "A")]
    assert [problem.code for problem in roster.problems] == ["bad_group"]


@pytest.mark.parametrize(
    "header",
    ['user;"surname, given, other, names";group', 'user,"name; first; last; all",group',
     'user;"Note\t1\t2\t3";group', '"user";"a,b,c,d";"group"'],
)  # fmt: skip
def test_a_delimiter_inside_quotes_is_not_counted(header: str) -> None:
    sign = next(sign for sign in ";," if re.sub(r'"[^"]*"', "", header).count(sign) == 2)
    roster = read_roster(f"{header}\nann{sign}x{sign}TD1\n".encode())
    assert users(roster) == [("ann", "TD1")]


@pytest.mark.parametrize(
    "group", ["a\\b", "50%", "%2e", "a/b", ".", "..", "...", "a\u202eb", "x" * (MAX_CELL + 1)]
)
def test_a_group_that_an_address_cannot_hold_is_said(group: str) -> None:
    roster = read_roster(f"login;groupe\nann;{group}\nbob;A\n".encode())
    assert users(roster) == [("bob", "A")]
    [problem] = roster.problems
    assert (problem.line, problem.code, problem.who) == (2, "bad_group", "ann")
    assert not is_group_name(group)


@pytest.mark.parametrize("group", ["TD 1", "été", "a.b", "..a", "A&B", "x" * MAX_CELL])
def test_a_group_is_called_as_the_school_calls_it(group: str) -> None:
    assert users(read_roster(f"login;groupe\nann;{group}\n".encode())) == [("ann", group)]


def test_a_letter_and_its_accent_apart_are_the_letter_with_its_accent() -> None:
    assert users(read_roster("login\nzoe\u0301\nZO\u00c9\n".encode())) == [("zoé", "class")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_blank_lines_and_quotes_are_no_matter(newline: str) -> None:
    lines = ["", 'user;group;"full name"', "", 'a;"T;D";"Doe, Jane"', " ; ; ", "b;;", ""]
    roster = read_roster(newline.join(lines).encode())
    assert users(roster) == [("a", "T;D"), ("b", "class")]
    assert [student.line for student in roster.students] == [4, 6]


def test_a_line_break_inside_quotes_does_not_shift_the_numbers() -> None:
    roster = read_roster(b'user,note\nann,"two\nlines"\nbad name,x\n')
    assert [problem.line for problem in roster.problems] == [4]


def test_what_excel_writes_above_the_header_is_understood() -> None:
    roster = read_roster(b"sep=;\r\nuser;group\r\nann;A,B\r\n")
    assert users(roster) == [("ann", "A,B")]
    assert roster.students[0].line == 3


def test_who_has_no_group_gets_the_one_that_is_asked_for() -> None:
    assert users(read_roster(b"user\nann\n", "S2")) == [("ann", "S2")]


def test_every_wrong_line_is_said_with_its_number_and_the_others_are_kept() -> None:
    text = "user;name;group\nann;Ann;A\n;Bob;A\nANN;Annie;B\na/b;;A\n..;;A\nok;;x/y\ndan;D;A;B\neve;Eve;A\n"
    roster = read_roster(text.encode())
    assert users(roster) == [("ann", "A"), ("eve", "A")]
    assert {problem.line: problem.code for problem in roster.problems} == {
        3: "no_user",
        4: "twice",
        5: "bad_user",
        6: "bad_user",
        7: "bad_group",
        8: "too_many_cells",
    }
    assert "Bob" in roster.problems[0].text("en")
    assert "2" in roster.problems[1].text("fr")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"user\n", "nobody"),
        (b"name;group\nAnn;A\n", "no_user_column"),
        (b"user;login\na;b\n", "column_twice"),
        (b"name;e-mail\na;b\n", "no_user_column"),
        (b'user;group\na;"b\nc;d\n', "quotes"),
        (b"user\n\0\n", "no_text"),
        (b"PK\x03\x04\0\0", "no_text"),
        (b"user\n" + b"a" * MAX_BYTES, "too_large"),
        (b"user\n" + b"\n".join(b"u%d" % n for n in range(MAX_STUDENTS + 1)), "too_many"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(RosterError) as caught:
        read_roster(data)
    assert caught.value.key == f"cohort.roster.{code}"
    for language in LANGUAGES:
        assert caught.value.in_language(language)


def is_plain(message: str) -> bool:
    """Tell whether a message has no characters that a terminal would interpret."""
    return message.replace("\u00a0", " ").isprintable()


def check(data: bytes, user_column: str | None = None) -> None:
    """Check that any bytes give a report, or one clear error."""
    try:
        roster = read_roster(data, user_column=user_column)
    except RosterError as error:
        messages = [error.in_language(language) for language in LANGUAGES]
        assert all(map(is_plain, messages))
        return
    names = [student.user for student in roster.students]
    assert len(set(names)) == len(names)
    lines = [student.line for student in roster.students] + [problem.line for problem in roster.problems]
    assert len(set(lines)) == len(lines)
    for student in roster.students:
        assert re.match(USER_NAME, student.user)
        assert student.user == student.user.lower()
        assert all("/" not in group and group.isprintable() for group in student.groups)
    for problem in roster.problems:
        for language in LANGUAGES:
            assert is_plain(problem.text(language))


@given(st.binary(max_size=400))
def test_any_bytes_give_a_report_or_a_clear_error(data: bytes) -> None:
    check(data)


@given(st.binary(max_size=200), st.sampled_from([b";", b",", b"\t"]))
def test_any_bytes_below_a_header_do_too(data: bytes, sign: bytes) -> None:
    check(sign.join([b"user", b"group", b"name"]) + b"\n" + data)


CELLS = st.text(st.sampled_from("abZé .-_@/'\"\u0301=+\u202e;,\t"), max_size=12)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_any_table_does_too(rows: list[tuple[str, str, str]], encoding: str) -> None:
    check("\n".join(["login;groupe;nom", *(";".join(row) for row in rows)]).encode(encoding))


NAMES = st.text("abz0", min_size=1, max_size=9).map(lambda name: name + ".x-_@+")


@given(st.lists(NAMES, min_size=1, max_size=20, unique=True), st.sampled_from(";,\t"))
def test_a_sound_list_is_read_whole(names: list[str], sign: str) -> None:
    text = "\n".join([f"Groupe{sign}Login", *(f"TD1{sign}{name}" for name in names)])
    roster = read_roster(text.encode())
    assert [student.user for student in roster.students] == names
    assert roster.problems == ()


# What schools export, unedited: the shapes are those of Moodle's grades, participants and accounts,
# of Canvas' gradebook, and of lists that Excel saved.
MOODLE = """\ufeff"First name",Surname,"ID number","Email address"
Prénom,Élève,20231234,eleve.un@example.org
Prénom-Deux,D'Élève,20231235,eleve.deux@example.org
"""
MOODLE_FR = """\ufeffPrénom,"Nom de famille","Numéro d'identification","Adresse de courriel"
Prénom,Élève,20231234,eleve.un@example.org
Prénom-Deux,D'Élève,20231235,eleve.deux@example.org
"""
PARTICIPANTS = """\ufeff"First name",Surname,"Email address",Groups
Prénom,Élève,eleve.un@example.org,"TD1, TP2"
"""
CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,TP2 (12345),Final Score
    Points Possible,,,,,20.00,(read only)
"Élève, Prénom",1001,20231234,eleve1,IA-101,,
"D'Élève, Prénom-Deux",1002,20231235,joconnor,"IA-101 and IA-102",,
"Trois, Élève",1004,20231236,eleve3,"IA-101, IA-102, and IA 103",,
"Student, Test",1003,,a1b2c3d4e5f6,IA-101,,
"""
EXCEL_FR = "Nom;Prénom;Courriel\r\nÉlève;Prénom;eleve.un@example.org\r\n"


@pytest.mark.parametrize("column", ["Email address", "e-mail", "EMAIL ADDRESS", "courriel"])
@pytest.mark.parametrize("text", [MOODLE, MOODLE_FR, EXCEL_FR, PARTICIPANTS])
def test_the_column_with_the_user_names_can_be_chosen_also_that_of_the_addresses(
    text: str, column: str
) -> None:
    roster = read_roster(text.encode(), user_column=column)
    assert roster.problems == ()
    assert roster.students[0].user == "eleve.un@example.org"
    assert set(roster.students[0].name.split()) == {"Prénom", "Élève"}


@pytest.mark.parametrize(
    ("text", "column"),
    [(MOODLE, "ID number"), (MOODLE_FR, "Numéro d’identification"), (CANVAS, "SIS User ID")],
)
def test_numbers_of_students_can_be_user_names(text: str, column: str) -> None:
    assert users(read_roster(text.encode(), user_column=column))[0][0] == "20231234"


@pytest.mark.parametrize("text", [MOODLE, MOODLE_FR, PARTICIPANTS, EXCEL_FR])
def test_a_list_without_user_names_says_which_columns_could_be_chosen(text: str) -> None:
    with pytest.raises(RosterError) as caught:
        read_roster(text.encode())
    said = caught.value.in_language("en")
    assert "--user-column" in said
    assert ("Courriel" in said) or ("Email address" in said) or ("Adresse de courriel" in said)


def test_a_column_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(RosterError, match=r"“Matricule”.*Surname"):
        read_roster(MOODLE.encode(), user_column="Matricule")


def test_canvas_own_rows_are_nobody_and_a_cell_holds_several_sections() -> None:
    roster = read_roster(CANVAS.encode())
    assert users(roster) == [
        ("eleve1", "IA-101"),
        ("joconnor", "IA-101 | IA-102"),
        ("eleve3", "IA-101 | IA-102 | IA 103"),
    ]
    assert roster.problems == ()


def test_groups_in_one_cell_in_several_columns_and_on_several_lines_are_all_the_persons() -> None:
    assert users(read_roster(PARTICIPANTS.encode(), user_column="email")) == [
        ("eleve.un@example.org", "TD1 | TP2")
    ]
    accounts = b"username,firstname,lastname,email,cohort1,course1,group1,group2\nann,A,B,c@d,m1,ia,TD1,TP2\n"
    assert users(read_roster(accounts)) == [("ann", "TD1 | TP2")]
    twice = read_roster(b"login;nom;groupe\nann;Ann;TD1\nbob;Bob;TD1\nANN;ann;TP2\nann;;TD1\n")
    assert users(twice) == [("ann", "TD1 | TP2"), ("bob", "TD1")]
    assert twice.problems == ()


def test_a_word_between_two_groups_is_part_of_a_name_outside_of_canvas() -> None:
    assert users(read_roster("login;classe\nann;Arts et métiers\n".encode())) == [("ann", "Arts et métiers")]


@pytest.mark.parametrize("number", ["2.0231E+07", "2,0231E+07", "2E+07", "20231234.0", "20231234,00"])
def test_a_number_that_excel_rewrote_is_a_problem_and_no_account(number: str) -> None:
    roster = read_roster(f'Username;Groups\nann;"TD1, TD2"\n{number};TD1\n'.encode())
    assert users(roster) == [("ann", "TD1 | TD2")]
    [problem] = roster.problems
    assert (problem.line, problem.code) == (3, "excel_number")


@pytest.mark.parametrize("name", ["2e10", "20231234", "v1.0", "e+mail", "1.5"])
def test_a_name_with_digits_is_not_taken_for_one(name: str) -> None:
    assert users(read_roster(f"login\n{name}\n".encode())) == [(name, "class")]


@pytest.mark.parametrize(
    ("name", "rule", "proposal"),
    [
        ("d'eleve2", "characters", "deleve2"),
        ("jo o’connor", "characters", "jo.oconnor"),
        ("_ann", "beginning", "ann"),
        ("x" * 70, "length", "x" * 60),
        ("a#b", "characters", "ab"),
        ("//", "characters", ""),
    ],
)
def test_a_name_that_cannot_be_one_is_told_by_rule_with_a_proposal(
    name: str, rule: str, proposal: str
) -> None:
    [problem] = read_roster(f"login;groupe\n{name};A\n".encode()).problems
    assert problem.code == "bad_user"
    assert problem.fault is not None
    assert (problem.fault.rule, problem.fault.proposal) == (rule, proposal)
    for language in LANGUAGES:
        assert proposal in problem.text(language)


@given(st.text(max_size=80))
def test_a_proposal_is_always_a_name_that_is_taken(text: str) -> None:
    fault = fault_of(normalized(text))
    assert (fault is None) == bool(re.match(USER_NAME, normalized(text)))
    if fault and fault.proposal:
        assert fault_of(fault.proposal) is None
        assert normalized(fault.proposal) == fault.proposal
    assert normalized(normalized(text)) == normalized(text)


TITLES = st.sampled_from([
    "Student", "SIS Login ID", "Login", "E-mail", "Groups", "group1", "group2", "Section", "Surname",
    "First name", "ID", "Nom", "Prénom", "Points", "",
])  # fmt: skip


@given(
    st.lists(TITLES, min_size=1, max_size=8),
    st.lists(st.lists(CELLS, max_size=8), max_size=5),
    st.sampled_from([None, "E-mail", "id"]),
)
def test_any_shape_of_a_list_gives_a_report_or_a_clear_error(
    titles: list[str], rows: list[list[str]], column: str | None
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([titles, *rows])
    check(text.getvalue().encode(), column)
