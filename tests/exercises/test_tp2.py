"""The first assignment is the one of the course: its runs, its points, its words."""

import re
import unicodedata

import pytest

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from exercises.kinds import Code, Evaluation, Observe, Reflection
from exercises.kinds.base import Run
from exercises.kinds.code import BLANK
from exercises.kinds.parts import Topic
from exercises.loader import find_assignment
from exercises.parameters import Parameters


@pytest.fixture(scope="module")
def tp2() -> Assignment:
    return find_assignment("tp2")


def runs(assignment: Assignment, exercise: str) -> dict[str, Run]:
    return {run.id: run for each, run in assignment.planned_runs() if each.id == exercise}


def test_the_exercises_stand_in_order_and_their_points_make_twenty(tp2: Assignment):
    assert [e.kind for e in tp2.exercises] == [
        "generate", "generate", "sweep", "observe", "img2img", "observe", "code", "studio",
        "evaluation", "reflection", "hand_in",
    ]  # fmt: skip
    assert [e.id for e in tp2.exercises] == [
        "smoke", "baseline", "sweep", "observations", "img2img", "remains", "code", "studio",
        "evaluation", "reflection", "hand_in",
    ]  # fmt: skip
    assert tp2.points == 20
    assert sum(e.points for e in tp2.exercises if e.kind in ("observe", "evaluation", "reflection")) == 8


def test_what_is_seen_is_asked_for_each_run_and_what_follows_for_each_parameter(tp2: Assignment):
    observations, remains = tp2.exercise("observations"), tp2.exercise("remains")
    assert isinstance(observations, Observe)
    assert isinstance(remains, Observe)
    assert observations.pictures == tuple(runs(tp2, "sweep"))
    assert [c.id for c in observations.conclusions] == ["steps", "guidance", "scheduler"]
    assert remains.pictures == tuple(runs(tp2, "img2img"))
    assert [q.id for q in remains.questions] == ["kept", "changed", "usable"]


def test_the_code_has_the_same_blanks_in_both_languages(tp2: Assignment):
    code = tp2.exercise("code")
    assert isinstance(code, Code)
    assert set(code.draws.values()) <= {run.id for _, run in tp2.planned_runs()}
    blanks = {language: text.count(BLANK) for language, text in code.starts.items()}
    assert blanks == {"en": 9, "fr": 9}
    assert [len(text.splitlines()) for text in code.starts.values()] == [
        len(code.starts["en"].splitlines())
    ] * 2


def test_the_baseline_is_that_of_the_course(tp2: Assignment):
    parameters = runs(tp2, "baseline")["baseline"].parameters
    assert parameters == Parameters(
        prompt="ultra-realistic product shot of sleek black wireless headphones on a minimalist gray"
        " background, studio lighting, sharp focus, professional e-commerce photography",
        steps=30,
        guidance_scale=7.5,
        scheduler="EulerA",
        seed=42,
        width="native",
        height="native",
    )
    assert runs(tp2, "sweep")["t2i_run01_baseline"].parameters == parameters
    assert set(runs(tp2, "smoke")) == {"smoke"}


def test_the_sweep_changes_what_the_course_changes(tp2: Assignment):
    changes = {
        run.id: (run.changed, getattr(run.parameters, run.changed)) if run.changed else None
        for run in runs(tp2, "sweep").values()
    }
    assert changes == {
        "t2i_run01_baseline": None,
        "t2i_run02_steps15": ("steps", 15),
        "t2i_run03_steps50": ("steps", 50),
        "t2i_run04_guid4": ("guidance_scale", 4.0),
        "t2i_run05_guid12": ("guidance_scale", 12.0),
        "t2i_run06_ddim": ("scheduler", "DDIM"),
    }


def test_image_to_image_has_three_strengths(tp2: Assignment):
    assert {run.id: run.parameters.strength for run in runs(tp2, "img2img").values()} == {
        "i2i_run07_strength035": 0.35,
        "i2i_run08_strength060": 0.60,
        "i2i_run09_strength085": 0.85,
    }


def test_the_evaluation_scores_out_of_ten_and_asks_for_three_pictures(tp2: Assignment):
    evaluation = tp2.exercise("evaluation")
    assert isinstance(evaluation, Evaluation)
    assert len(evaluation.criteria) == 5
    assert [s.one_of[-1] for s in evaluation.subjects] == [
        "baseline", "t2i_run05_guid12", "i2i_run09_strength085"
    ]  # fmt: skip
    assert (evaluation.reasons_minimum, evaluation.reasons_maximum) == (2, 3)


def test_every_text_is_written_in_both_languages(tp2: Assignment):
    for part in (tp2, *tp2.exercises):
        assert set(part.texts) == set(LANGUAGES)
        assert part.texts["en"] != part.texts["fr"]
        assert all(len(text) > 200 for text in part.texts.values())
        assert all("'" not in text for text in part.texts.values() if text is part.texts["fr"])


def test_french_punctuation_does_not_begin_a_line(tp2: Assignment):
    """Before : ; ? ! » and after « stands a space that does not break."""
    french = [part.texts["fr"] for part in (tp2, *tp2.exercises)] + [part.title.fr for part in tp2.exercises]
    assert [found for text in french for found in re.findall(r".* [:;?!»](?!-).*|.*« .*", text)] == []


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'")


def touches(topic: Topic, text: str) -> bool:
    stems = [folded(stem) for language in LANGUAGES for stem in topic.words[language]]
    return any(re.search(rf"\b{re.escape(stem)}", folded(text)) for stem in stems)


HONEST: dict[Language, dict[str, list[str]]] = {
    "en": {
        "cost_quality": [
            "Going from 30 to 50 steps took 1.7 times as long and I saw no difference.",
            "More steps are slower, and DDIM at 30 is good enough.",
            "It is a trade-off between how good it looks and what it costs.",
            "Above 30 steps the machine works harder for almost nothing: diminishing returns.",
        ],
        "reproducibility": [
            "With the same seed and settings I got the same picture.",
            "To make it again one needs the model's version and the scheduler.",
            "A different graphics card may change the pixels, so results cannot be replicated exactly.",
        ],
        "ecommerce_risks": [
            "The model invents a logo that does not exist.",
            "Customers would be misled about what they buy.",
            "I would label generated pictures and have a person check each one.",
        ],
    },
    "fr": {
        "cost_quality": [
            "Passer de 30 à 50 étapes prend presque deux fois plus de temps.",
            "Augmenter le nombre de steps améliore les détails mais accroît la latence et le COUT de calcul.",
            "EulerA converge plus vite ; au-delà, le rendement décroît.",
            "C'est un compromis entre la qualité et la durée.",
        ],
        "reproducibility": [
            "Il faut fixer la graine et la version du modèle.",
            "La reproductibilité repose sur la seed.",
            "On peut refaire l'image à l’identique si rien ne change dans les librairies.",
            "Un autre matériel peut produire des résultats divergents.",
        ],
        "ecommerce_risks": [
            "L'IA hallucine des détails et le produit n'est plus le vrai.",
            "Une image trompeuse fait perdre la confiance.",
            "Les logos et les textes ne sont pas conformes.",
            "Le client risque de recevoir autre chose.",
        ],
    },
}
EMPTY = [
    "The pictures are nice and I enjoyed the assignment very much.",
    "Les images sont belles et le TP m'a beaucoup plu.",
    "Headphones on a gray background look good in black.",
    "Le casque est noir sur un fond gris, avec un bel éclairage.",
]


@pytest.mark.parametrize(
    ("topic", "text"),
    [(topic, text) for texts in HONEST.values() for topic, lines in texts.items() for text in lines],
)
def test_an_honest_sentence_is_seen_to_touch_its_topic(tp2: Assignment, topic: str, text: str):
    reflection = tp2.exercise("reflection")
    assert isinstance(reflection, Reflection)
    assert touches(next(t for t in reflection.topics if t.id == topic), text)


@pytest.mark.parametrize("text", EMPTY)
def test_a_sentence_about_nothing_touches_no_topic(tp2: Assignment, text: str):
    reflection = tp2.exercise("reflection")
    assert isinstance(reflection, Reflection)
    assert [t.id for t in reflection.topics if touches(t, text)] == []
