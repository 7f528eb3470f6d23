"""The list of a batch: what is read of it, and what is named before anything is drawn."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from exercises.parameters import Parameters, is_slug
from lab.jobs.batch_list import MOST_BYTES, MOST_ROWS, BatchError, name_of, read_list


def said(data: bytes, language: str = "en") -> str:
    with pytest.raises(BatchError) as error:
        read_list(data)
    return error.value.in_language(language)  # type: ignore[arg-type]


def test_only_the_prompt_is_needed_and_a_blank_cell_is_as_usual() -> None:
    assert read_list(b"prompt\na red ball\n") == [Parameters(prompt="a red ball")]
    [row] = read_list(b"prompt,steps,seed,guidance_scale\na red ball,,7,\n")
    assert row == Parameters(prompt="a red ball", seed=7)


@pytest.mark.parametrize(
    "data",
    [
        "prompt;negative;seed;guidance\n« été »;flou;3;4,5\n".encode(),
        "\ufeffPrompt\tnegative prompt\tSeed\tCFG\r\n« été »\tflou\t3\t4.5\r\n".encode(),
        "prompt;negative;seed;guidance\n« été »;flou;3;4,5\n".encode("cp1252"),
        "prompt\tnegative\tseed\tguidance\r\n« été »\tflou\t3\t4,5\r\n".encode("utf-16"),
    ],
)
def test_lists_as_spreadsheets_write_them_are_read(data: bytes) -> None:
    [row] = read_list(data)
    assert row == Parameters(prompt="« été »", negative_prompt="flou", seed=3, guidance_scale=4.5)


def test_every_line_that_is_not_in_order_is_named_with_its_field() -> None:
    words = said(b'prompt,steps,scheduler\n\n"two\nlines",900,\n,3,\nx,a,Magic\n')
    assert "Line 3, steps: expected at most 150" in words
    assert "Line 5, prompt" in words
    assert "Line 6, steps" in words
    assert "Line 6, scheduler" in words
    assert "Ligne 3, steps\u00a0:" in said(b'prompt,steps\n\n"two\nlines",900\n', "fr")


def test_of_many_wrong_lines_some_are_named_and_the_others_counted() -> None:
    assert "And 15 more." in said(b"prompt,steps\n" + b"x,900\n" * 20)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "must name its columns"),
        (b"a red ball\n", "Found: a_red_ball"),
        (b"prompt,colour\nx,y\n", "Found: prompt, colour"),
        (b"prompt,prompt\nx,y\n", "each once"),
        (b"prompt\n\n", "no row"),
        (b"prompt,seed\na, red, ball\n", "Line 2 has more cells"),
        (b'prompt\n"open\n', "From line 2"),
        (b"prompt\n" + b"x\n" * (MOST_ROWS + 1), "at most 1000"),
        (b"prompt\n" + b"x" * MOST_BYTES, "larger than 4 MiB"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(data: bytes, words: str) -> None:
    assert words in said(data)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: ("prompt,seed\n" + text).encode()))
@example(b"prompt,seed\nx,\xb2\n")
@example("prompt,seed\nx,٣\n".encode())
def test_whatever_comes_is_rows_in_order_or_one_refusal_in_words(data: bytes) -> None:
    try:
        rows = read_list(data)
    except BatchError as error:
        told = {error.in_language(language) for language in LANGUAGES}
    else:
        assert 1 <= len(rows) <= MOST_ROWS
        assert all(row.prompt.strip() for row in rows)
        return
    assert len(told) == 2


@given(st.text(max_size=300))
def test_any_file_name_gives_a_name_for_pictures(file: str) -> None:
    assert is_slug(f"batch_{name_of(file)}_0001")


def test_a_list_is_called_after_its_file() -> None:
    assert name_of("Mes chats d'été (2).csv") == "mes_chats_d_ete_2"
    assert name_of("猫.csv").startswith("list_")
    assert name_of("猫.csv") != name_of("犬.csv")
