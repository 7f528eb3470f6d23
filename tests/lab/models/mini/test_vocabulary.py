"""What a prompt becomes, in plain Python and in the tokenizer that travels with the weights."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES, Language, translator
from lab.models.mini.vocabulary import (
    MOST_TOKENS,
    SILENT,
    forms,
    french_plural,
    known_tokens,
    plural,
    rewritings,
    unknown_words,
    vocabulary,
)
from training.text import LENGTH, make_tokenizer, read
from training.text import WORDS as PLACES

SHOP_PROMPT = (
    "ultra-realistic product shot of sleek black wireless headphones on a minimalist gray background, "
    "studio lighting, sharp focus, professional e-commerce photography"
)
TOKENIZER = make_tokenizer()
WORDS = vocabulary()
NAMES = [
    name for table in (WORDS.names, WORDS.french, WORDS.others) for names in table.values() for name in names
]


def heard(prompt: str) -> list[str]:
    """The tokens of a prompt without begin and end."""
    tokens: list[str] = TOKENIZER.convert_ids_to_tokens(TOKENIZER(prompt).input_ids)[1:-1]
    return tokens


def test_the_prompt_of_the_first_assignment_keeps_what_matters():
    assert known_tokens(SHOP_PROMPT) == ["black", "headphones", "on", "gray", "background", "studio"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a red backpack", "red backpacks"),
        ("two Strawberries on grey", "2 strawberry on gray"),
        ("SNEAKERS", "running shoe"),
        ("wine\nglasses", "a wine glass"),
        ("high-heeled shoes", "a high heel"),
        ("trophies", "trophy"),
        ("knives", "kitchen knife"),
        ("trainers", "sneaker"),
        ("a notebook computer", "laptop"),
        ("une voiture", "a car"),
        ("un sac à dos rouge", "backpack red"),
        ("des sacs à dos rouges", "backpack red"),
        ("trois chevaux bruns devant un fond uni", "three horse brown on background"),
        ("de gros gâteaux d'anniversaire", "large birthday cake"),
        ("chaussures de sport blanches", "sneaker white"),
        ("des baskets", "une basket"),
        ("souris sans fil", "computer mouse"),
        ("éclairage de studio, ombre portée", "studio lighting, soft shadow"),
    ],
)
def test_plurals_articles_synonyms_case_and_language_make_no_difference(one: str, other: str):
    assert known_tokens(one) == known_tokens(other) != []
    assert heard(one) == heard(other) == known_tokens(one)


@pytest.mark.parametrize(
    ("typed", "others"),
    [
        ("sac à dos", ["Sac À Dos", "sac a dos", "SAC-À-DOS", "sac\u00a0à\u202fdos", "sac à\n dos"]),
        ("un œillet et un cœur", ["un coeur", "UN CŒUR"]),
        ("souris d'ordinateur", ["souris d’ordinateur", "souris d\u02bcordinateur", "souris d ordinateur"]),
        ("t-shirt", ["T‑shirt", "t‐shirt", "t shirt"]),
        ("flamme", ["\ufb02amme", "ﬂamme", "ＦＬＡＭＭＥ"]),
    ],
)
def test_accents_ligatures_apostrophes_and_unicode_forms_make_no_difference(typed: str, others: list[str]):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        for other in others:
            same = unicodedata.normalize(form, other)  # type: ignore[arg-type]
            assert heard(same) == known_tokens(same) == known_tokens(typed) != []


def test_a_longer_name_is_read_before_a_shorter_one():
    assert known_tokens("wine glass, glasses, sunglasses") == ["wineglass", "glasses", "sunglasses"]
    assert known_tokens("headphones are no phone") == ["headphones", "phone"]
    assert known_tokens("top hat at the top") == ["tophat", "top"]
    assert known_tokens("un rouge à lèvres rouge") == ["lipstick", "red"]


def test_a_name_does_not_go_on_across_a_comma():
    assert known_tokens("a beer, mug") == ["beer", "mug"]
    assert known_tokens("a beer mug") == ["beer"]


def test_parts_of_words_are_not_words():
    assert known_tokens("scattered carpets blackened, a roseau, une portée de notes") == []


# Words that mean something in both languages, or two things in one, and what was decided.
@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        # rose: the flower; pink directly behind a thing, and in French turns that nothing else has
        ("a rose", ["rose"]),
        ("a red rose on a pink background", ["red", "rose", "on", "pink", "background"]),
        ("une rose rouge", ["rose", "red"]),
        ("deux roses", ["two", "rose"]),
        ("une rose rose", ["rose", "pink"]),
        ("sac à dos rose", ["backpack", "pink"]),
        ("des sacs à dos roses, fond rose", ["backpack", "pink", "background", "pink"]),
        ("un sac noir et rose", ["handbag", "black", "pink"]),
        ("des sacs noirs et roses", ["handbag", "black", "pink"]),
        ("un chat et une rose", ["cat", "rose"]),
        ("une rose, fond blanc", ["rose", "background", "white"]),
        ("a cat on a rose background", ["cat", "on", "pink", "background"]),
        ("un chat sur rose", ["cat", "on", "pink"]),
        ("rose bonbon", ["pink"]),
        # orange: the colour; the fruit behind a French article
        ("an orange car", ["orange", "car"]),
        ("une voiture orange", ["car", "orange"]),
        ("une orange", ["tangerine"]),
        ("l’orange", ["tangerine"]),
        ("deux mandarines", ["two", "tangerine"]),
        # French words that are something else in English: the one that is typed in a prompt
        ("un car", ["car"]),  # not the coach
        ("un pain", ["bread"]),
        ("une robe", ["dress"]),
        ("un chat", ["cat"]),
        ("un ours", ["bear"]),
        ("une montre", ["watch"]),
        ("une caméra", ["camera"]),
        ("baskets blanches", ["sneaker", "white"]),  # and one basket is a basket
        ("un panier, a basket", ["basket", "basket"]),
        ("un ballon de basket", ["basketball"]),
        ("une glace", ["icecream"]),
        ("un skate", ["skateboard"]),
        ("a skate", ["iceskate"]),
        ("un téléphone", ["telephone"]),
        ("un téléphone portable", ["phone"]),
        ("un casque", ["headphones"]),
        ("un casque de chantier", ["helmet"]),
        ("un ballon", ["football"]),
        ("un ballon gonflable", ["balloon"]),
        ("une souris et une souris d'ordinateur", ["mouse", "computermouse"]),
        ("a mouse and a computer mouse", ["mouse", "computermouse"]),
        ("des lunettes", ["glasses"]),
        ("des lunettes de soleil", ["sunglasses"]),
        ("une bague en or", ["ring", "yellow"]),
        ("on voit un chat", ["on", "cat"]),  # the French pronoun is heard as the English preposition
        # read only behind an article
        ("une pile", ["battery"]),
        ("a pile of books", ["book"]),
        ("un lit blanc", ["bed", "white"]),
        ("a softly lit cat", ["cat"]),
        ("un short bleu", ["shorts", "blue"]),
        ("a short dress", ["dress"]),
        ("un micro", ["microphone"]),
        ("un verre", ["wineglass"]),
        ("une bouteille en verre", ["bottle"]),
        # verbs are not things
        ("un chat qui porte un chapeau", ["cat", "sunhat"]),
        ("une porte rouge", ["door", "red"]),
        ("une photo qui montre des fleurs", ["flower"]),
        # of no language here, or not the model's
        ("four coins, or a main course", []),
        # figures: a number of things, not an aperture
        ("2 cats, 3 chiens", ["two", "cat", "three", "dog"]),
        ("f/2.8, 2D, 1:3", []),
        # what contains a name and is another thing
        ("pommes de terre et chauves-souris", []),
        ("fond de teint, gros plan", []),
        ("guinea pigs, a bell pepper, top view", []),
        ("vert pomme, rouge cerise", ["green", "red"]),
    ],
)
def test_words_of_two_meanings_are_read_as_decided(prompt: str, tokens: list[str]):
    assert known_tokens(prompt) == tokens
    assert heard(prompt) == tokens


def test_a_french_prompt_is_heard_whole_and_in_the_order_said():
    prompt = "un sac à dos rouge sur un fond blanc"
    assert known_tokens(prompt) == heard(prompt) == ["backpack", "red", "on", "background", "white"]
    assert unknown_words(prompt) == []
    assert unknown_words("une photo d’une grande montre à gauche, avec des fleurs au fond du studio") == []


def test_no_name_means_two_things():
    named: dict[str, set[str]] = {}
    for table in (WORDS.names, WORDS.french):
        for token, names in table.items():
            for name in names:
                named.setdefault(plain(name), set()).add(token)
    assert {name: tokens for name, tokens in named.items() if len(tokens) > 1} == {}
    assert {name for name, (token,) in named.items() if name in WORDS.tokens and name != token} == set()


def test_no_plural_means_two_things():
    several: dict[str, set[str]] = {}
    for token in WORDS.tokens:
        for many in [plural(plain(name)) for name in WORDS.names[token]]:
            several.setdefault(many, set()).add(token)
        for many in [french_plural(plain(name)) for name in WORDS.french[token]]:
            several.setdefault(many, set()).add(token)
    different = {many: tokens for many, tokens in several.items() if tokens != {forms()[many]}}
    assert different == {"baskets": {"basket", "sneaker"}}  # decided above


def plain(name: str) -> str:
    """A name without accents, as it is read."""
    return " ".join("".join(c if c.isascii() and c.isalnum() else " " for c in folded(name)).split())


def folded(name: str) -> str:
    apart = unicodedata.normalize("NFD", name.lower().replace("œ", "oe"))
    return "".join(c for c in apart if not unicodedata.combining(c))


def test_every_name_is_listed_once_and_lower_case():
    listed = [
        (token, name) for table in (WORDS.names, WORDS.french) for token in table for name in table[token]
    ]
    assert [name for _, name in listed if name != name.lower()] == []
    for table in (WORDS.names, WORDS.french):
        counted = Counter((token, plain(name)) for token, names in table.items() for name in names)
        assert [name for name, count in counted.items() if count > 1] == []


def test_tokens_are_one_plain_word_and_each_has_names_in_both_languages():
    assert all(token.isalpha() and token.isascii() and token.islower() for token in WORDS.tokens)
    assert [token for token in WORDS.tokens if not (WORDS.names[token] and WORDS.french[token])] == []


def test_no_name_is_a_word_too_small_to_tell():
    assert SILENT.isdisjoint(forms())


def test_there_are_objects_colours_and_backgrounds_enough():
    assert len(WORDS.objects) >= 200
    assert len(WORDS.colors) == len(WORDS.backgrounds) == 12


def test_every_name_is_understood():
    for table in (WORDS.names, WORDS.french):
        for token, names in table.items():
            for name in names:
                assert known_tokens(f"{name}.") == [token], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_catalogue_calls_an_object_is_heard_with_a_colour_that_is_a_thing_too(language: Language):
    t = translator("lab", language)
    for i, token in enumerate(WORDS.objects):
        color = ("pink", "orange")[i % 2]  # in French "rose" and "orange"
        thing, colored = t(f"object.{token}"), t(f"colored.{color}")
        if language == "fr":
            prompt, tokens = f"{thing} {colored} sur fond blanc", [token, color, "on", "background", "white"]
        else:
            prompt, tokens = f"{colored} {thing} on white", [color, token, "on", "white"]
        assert known_tokens(prompt) == tokens, prompt
        assert unknown_words(prompt) == [], prompt


@pytest.mark.parametrize(
    ("word", "many"), [("box", "boxes"), ("cherry", "cherries"), ("key", "keys"), ("cat", "cats")]
)
def test_english_plurals_are_regular(word: str, many: str):
    assert plural(word) == many


@pytest.mark.parametrize(
    ("word", "many"),
    [
        ("sac a dos", "sacs a dos"),
        ("telephone portable", "telephones portables"),
        ("chapeau de paille", "chapeaux de paille"),
        ("souris", "souris"),
        ("cheval", "chevaux"),
        ("une pile", "une piles"),
    ],
)
def test_french_plurals_are_of_all_words_before_the_preposition(word: str, many: str):
    assert french_plural(word) == many


# Characters that this Python's Unicode has not named yet are left out: the tokenizer's may know them.
ANYTHING = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=12)
FRENCH = st.text(st.sampled_from("aàâæcçeéèêëiîïoôœuùûüyÿnstrdl '’-,.\u0301\u0300\u0327\u00a0"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(NAMES), st.sampled_from(sorted(forms())), ANYTHING, FRENCH), max_size=8
    ),
    st.sampled_from([" ", "", "-", "’", ", ", "\u0301", "\n"]),
    st.sampled_from([" ", "\u00a0"]),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    st.booleans(),
)
def test_the_tokenizer_hears_what_plain_python_says(
    words: list[str], between: str, space: str, form: str, upper: bool
):
    prompt = unicodedata.normalize(form, between.join(words).replace(" ", space))  # type: ignore[arg-type]
    prompt = prompt.upper() if upper else prompt
    assert heard(prompt) == known_tokens(prompt)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0x17F), (0x300, 0x370), (0x2000, 0x2070), (0xFB00, 0xFB07), (0xFF00, 0xFF5F)]
)
def test_every_character_of_a_keyboard_or_a_typesetter_is_read_alike(first: int, last: int):
    for code in range(first, last, 32):
        prompt = " ".join(f"cat{chr(one)}dog" for one in range(code, min(code + 32, last)))
        assert heard(prompt) == known_tokens(prompt), hex(code)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_typed_is_read(prompt: str):
    assert set(known_tokens(prompt)) <= set(WORDS.tokens)
    told = unknown_words(prompt)
    assert len(told) == len(set(told))


def test_every_prompt_has_the_same_length_in_tokens():
    assert read(TOKENIZER, ["", "cat", "a red cat " * 50]).shape == (3, LENGTH)


@pytest.mark.parametrize("count", [MOST_TOKENS - 1, MOST_TOKENS, MOST_TOKENS + 1, 90])
def test_no_word_is_written_where_the_plan_stands(count: int):
    prompt = "cat, dog " * (count // 2) + "fox" * (count % 2)
    assert (
        heard(prompt)
        == known_tokens(prompt)
        == (["cat", "dog"] * 50)[: count // 2 * 2][:MOST_TOKENS]
        + (["fox"] if count % 2 and count <= MOST_TOKENS else [])
    )
    ids = read(TOKENIZER, [prompt])[0]
    assert (ids[PLACES:] == TOKENIZER.pad_token_id).all()
    assert len(heard(prompt)) + 2 <= PLACES


def test_the_patterns_see_and_hold_plain_ascii():
    assert all((pattern + content).isascii() for pattern, content in rewritings())


def test_the_tokenizers_file_is_small(tmp_path: Path):
    TOKENIZER.save_pretrained(tmp_path)
    assert (tmp_path / "tokenizer.json").stat().st_size < 300_000
