"""The checks over a good submission, and the fine points that the wrong ones do not show."""

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exercises.assignment import Assignment
from exercises.i18n import Language
from exercises.kinds import Generate, HandIn, Studio
from exercises.loader import assignment_ids, find_assignment
from grading.checks import check_submission
from grading.checks.drawing import drawing
from grading.checks.verdict import Verdict, in_order, ok, unknown, wrong
from grading.results import CheckResult
from grading.submission.reading import Submission, closing, open_submission, open_work
from grading.wording import Message, message
from manifests.manifest import Adapter, Between
from manifests.store import Store
from tests.grading.good import EARNED, OPEN, draft_of, noise, photo
from tests.grading.wrong import RUN, again, forge, planned, png


def checks(store: Store, tp2: Assignment, language: Language = "en") -> dict[str, CheckResult]:
    """As of work that was handed in."""
    with closing(open_submission(store.folder.parent, "tp2", name=store.student)) as submission:
        return {c.id: c for c in check_submission(tp2, submission, language)}


def in_order_or_open(results: Iterable[CheckResult]) -> bool:
    return all(c.passed or c.needs_person for c in results)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_good_submission_earns_every_point_that_a_program_can_give(
    alice: Store, tp2: Assignment, language: Language
) -> None:
    results = checks(alice, tp2, language).values()
    assert all(c.passed and c.cause is None for c in results if not c.needs_person)
    assert round(sum(c.maximum for c in results if c.needs_person), 2) == OPEN
    assert round(sum(c.points for c in results), 2) == EARNED
    assert round(sum(c.maximum for c in results), 2) == 20


def test_each_exercise_s_checks_are_worth_its_points(alice: Store, tp2: Assignment) -> None:
    results = checks(alice, tp2)
    for exercise in tp2.exercises:
        own = [c.maximum for i, c in results.items() if i.startswith(f"{exercise.id}/")]
        assert sum(own) == pytest.approx(exercise.points)
        assert max(own) - min(own) <= 0.011


def test_ids_are_unique_and_the_same_for_an_empty_submission(alice: Store, tp2: Assignment) -> None:
    full = set(checks(alice, tp2))
    empty = {c.id for c in check_submission(tp2, Submission("alice", "tp2"), "en")}
    totals = {i for i in full if i.endswith("/total")}
    assert full - totals == empty


@pytest.mark.parametrize("assignment", assignment_ids())
def test_of_an_untouched_assignment_nothing_is_called_wrong(assignment: str) -> None:
    nothing = check_submission(find_assignment(assignment), Submission("alice", assignment), "en")
    assert {check.status for check in nothing} <= {"to_do", "unchecked"}
    assert not any(check.passed for check in nothing)


def test_what_was_begun_and_is_not_as_asked_is_called_wrong(alice: Store, tp2: Assignment) -> None:
    again(guidance_scale=5.0)(alice)
    alice.delete("smoke")
    results = checks(alice, tp2)
    assert results["sweep/t2i_run04_guid4/parameters"].status == "failed"
    assert results["smoke/smoke/recorded"].status == "to_do"


def test_the_newest_attempt_counts_good_or_bad(alice: Store, tp2: Assignment) -> None:
    again(guidance_scale=5.0)(alice)
    assert checks(alice, tp2)["sweep/t2i_run04_guid4/parameters"].passed is False
    again(picture=noise(3))(alice)
    assert in_order_or_open(checks(alice, tp2).values())


def test_the_student_s_own_record_counts_before_a_newer_one_of_somebody_else(
    alice: Store, tp2: Assignment
) -> None:
    exercise, run = planned("t2i_run04_guid4")
    foreign = Store(alice.folder.parent, "tp2", "mallory")
    for _ in range(20):  # past the last number of alice's own chain
        newest = foreign.save(draft_of(exercise, run, guidance_scale=5.0), noise(98_000))
    assert newest.manifest.sequence > alice.records()[0].manifest.sequence
    results = checks(alice, tp2)
    for rule in ("recorded", "image", "parameters", "distinct"):
        assert results[f"sweep/t2i_run04_guid4/{rule}"].passed, rule


def test_a_record_of_another_name_is_for_a_person_where_there_is_no_own_one(
    alice: Store, tp2: Assignment
) -> None:
    exercise, run = planned("t2i_run04_guid4")
    for path in alice.outputs.glob(f"{run.id}.*"):
        path.unlink()
    Store(alice.folder.parent, "tp2", "mallory").save(draft_of(exercise, run), noise(98_000))
    results = checks(alice, tp2)
    recorded = results["sweep/t2i_run04_guid4/recorded"]
    assert recorded.status == results["sweep/t2i_run04_guid4/image"].status == "open"
    assert recorded.cause
    assert (recorded.cause.expected, recorded.cause.actual) == ("alice", "mallory")


def test_an_attempt_whose_picture_is_gone_counts_only_while_there_is_no_other(
    alice: Store, tp2: Assignment
) -> None:
    """As in the lab, where the gallery shows the older one; and making it again mends the record."""
    image, complete = "sweep/t2i_run04_guid4/image", "hand_in/record/complete"
    again()(alice)
    (alice.outputs / "t2i_run04_guid4-2.png").unlink()
    results = checks(alice, tp2)
    assert results[image].passed
    assert results[complete].passed is False
    (alice.outputs / "t2i_run04_guid4.png").unlink()
    for cause in (checks(alice, tp2)[name].cause for name in (image, complete)):
        assert cause
        assert "Make it again, and keep its manifest" in cause.message
    again()(alice)
    assert in_order_or_open(checks(alice, tp2).values())


def test_an_attempt_in_the_bin_does_not_count(alice: Store, tp2: Assignment) -> None:
    again(guidance_scale=5.0)(alice)
    alice.delete("t2i_run04_guid4-2")
    assert in_order_or_open(checks(alice, tp2).values())


def drawn_with(store: Store, **more: object) -> None:
    """Another attempt at a run as it is planned, but for what no plan says."""
    exercise, run = planned(RUN)
    draft = draft_of(exercise, run)
    store.save(replace(draft, request=draft.request.model_copy(update=more)), noise(99_000))


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (
            {"adapters": (Adapter(file="zibou.safetensors", sha256="0" * 64, word="zibou", scale=0.5),)},
            "adapters = zibou (0.5)",
        ),
        ({"between": Between(prompt="a cat", seed=3, place=0.5)}, "between = 0.5"),
    ],
)
def test_a_planned_run_drawn_with_what_no_plan_says_is_not_as_planned(
    alice: Store, tp2: Assignment, more: dict[str, object], named: str
) -> None:
    drawn_with(alice, **more)
    result = checks(alice, tp2)[f"sweep/{RUN}/parameters"]
    assert result.passed is False
    assert result.cause
    assert result.cause.actual == named


def test_what_changes_no_picture_is_as_planned(alice: Store, tp2: Assignment) -> None:
    off = Adapter(file="zibou.safetensors", sha256="0" * 64, word="zibou", scale=0)
    drawn_with(alice, adapters=(off,), between=Between(prompt="a cat", seed=3, place=0))
    assert checks(alice, tp2)[f"sweep/{RUN}/parameters"].passed


def test_the_same_parameters_may_give_the_same_picture(alice: Store, tp2: Assignment) -> None:
    pictures = {
        r.manifest.image.pixels_sha256
        for r in alice.records()
        if r.stem in ("smoke", "baseline", "t2i_run01_baseline")
    }
    assert len(pictures) == 1
    assert checks(alice, tp2)["baseline/baseline/distinct"].passed


def test_prompts_that_differ_in_words_the_model_skips_may_give_the_same_picture(
    alice: Store, tp2: Assignment
) -> None:
    run = planned("smoke")[1].model_copy(update={"id": "studio"})
    for prompt in ("a red xylqz backpack", "a red backpack"):
        alice.save(draft_of("studio", run, prompt=prompt), noise(44))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed


def test_strengths_that_run_the_same_steps_may_give_the_same_picture(alice: Store) -> None:
    exercise, run = planned("i2i_run07_strength035")
    source = alice.add_source(photo(3))
    one, other = (alice.save(draft_of(exercise, run, source, strength=s), noise(4)) for s in (0.35, 0.34))
    with closing(open_work(alice.folder.parent, "tp2", "alice")) as submission:
        recorded = {r.stem: r for r in submission.records}
        assert drawing(recorded[one.stem], submission) == drawing(recorded[other.stem], submission)


def test_two_files_of_one_picture_may_give_the_same_picture(alice: Store, tp2: Assignment) -> None:
    exercise, run = planned("i2i_run07_strength035")
    whole = noise(46)
    sources = [alice.add_source(data) for data in (png(whole), png(whole) + b" and a byte more")]
    assert sources[0] != sources[1]
    for source in sources:
        alice.save(draft_of(exercise, run, source), noise(47))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed


def test_a_model_without_guidance_may_give_the_same_picture_at_any(alice: Store, tp2: Assignment) -> None:
    run = planned("smoke")[1].model_copy(update={"id": "studio"})
    for guidance in (4.0, 12.0):
        draft = draft_of("studio", run, guidance_scale=guidance, scheduler="Euler")
        flux = draft.model.model_copy(update={"id": "flux-schnell"})
        alice.save(replace(draft, model=flux), noise(48))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed


def test_pictures_that_show_nothing_are_no_reuse(alice: Store, tp2: Assignment) -> None:
    """A decoder that fails, as in half precision on some cards, makes every picture black."""
    black = noise(1).point(lambda _: 0)
    for run in ("t2i_run04_guid4", "t2i_run05_guid12"):
        again(run, picture=black)(alice)
    results = checks(alice, tp2)
    assert results["hand_in/record/reuse"].passed
    assert results["sweep/t2i_run04_guid4/image"].passed is False


def test_a_studio_picture_without_a_prompt_earns_nothing(alice: Store, tp2: Assignment) -> None:
    run = planned("smoke")[1].model_copy(update={"id": "studio"})
    for record in [r for r in alice.records() if r.manifest.run == "studio"]:
        alice.delete(record.stem)
    alice.save(draft_of("studio", run, prompt=" "), noise(50))
    studio = checks(alice, tp2)["studio/pictures/studio"]
    assert studio.passed is False
    assert studio.cause
    assert "without a prompt" in studio.cause.message
    alice.save(draft_of("studio", run), noise(51))
    assert checks(alice, tp2)["studio/pictures/studio"].passed


def test_a_claim_that_was_deleted_is_no_claim(alice: Store, tp2: Assignment) -> None:
    run = planned("smoke")[1].model_copy(update={"id": "studio"})
    alice.save(draft_of("studio", run, seed=1), noise(49))
    twice = alice.save(draft_of("studio", run, seed=2), noise(49))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed is False
    alice.delete(twice.stem)
    assert checks(alice, tp2)["hand_in/record/reuse"].passed


def test_any_guidance_up_to_one_may_give_the_same_picture(alice: Store, tp2: Assignment) -> None:
    run = planned("smoke")[1].model_copy(update={"id": "studio"})
    for guidance in (0.0, 0.5, 1.0):
        alice.save(draft_of("studio", run, guidance_scale=guidance), noise(45))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed
    alice.save(draft_of("studio", run, guidance_scale=1.5), noise(45))
    assert checks(alice, tp2)["hand_in/record/reuse"].passed is False


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"weights_sha256": None}, True),  # not known, so the revision speaks for it
        ({"weights_sha256": None, "revision": "0.2.0"}, False),
        ({"weights_sha256": None, "repository": "somebody/else"}, False),
        ({"weights_sha256": "b" * 64}, False),
        ({"revision": "0.2.0"}, True),  # the weights are the same, whatever they are called
        ({"id": "other"}, False),
    ],
)
def test_runs_are_of_one_model_by_their_weights_or_else_by_the_revision(
    alice: Store, tp2: Assignment, changes: dict[str, Any], same: bool
) -> None:
    exercise, run = planned("t2i_run04_guid4")
    draft = draft_of(exercise, run)
    alice.save(replace(draft, model=draft.model.model_copy(update=changes)), noise(97_000))
    parameters = checks(alice, tp2)["sweep/t2i_run04_guid4/parameters"]
    assert parameters.passed is same
    assert same or (parameters.cause and "model" in parameters.cause.message)


def test_an_unreadable_newer_attempt_leaves_the_older_one_to_count_and_is_said(
    alice: Store, tp2: Assignment
) -> None:
    again()(alice)
    (alice.outputs / "t2i_run04_guid4-2.json").write_bytes(b"{")
    results = checks(alice, tp2)
    assert results["sweep/t2i_run04_guid4/distinct"].passed
    assert results["hand_in/record/complete"].passed is False


def test_an_unreadable_only_attempt_says_why_it_cannot_be_read(alice: Store, tp2: Assignment) -> None:
    (alice.outputs / "smoke.json").write_bytes(b'{"a": NaN}')
    cause = checks(alice, tp2)["smoke/smoke/recorded"].cause
    assert cause
    assert "smoke.json cannot be read" in cause.message
    assert "NaN" in cause.message


def test_a_failed_rule_names_expected_and_actual(alice: Store, tp2: Assignment) -> None:
    again(guidance_scale=5.0)(alice)
    cause = checks(alice, tp2)["sweep/t2i_run04_guid4/parameters"].cause
    assert cause
    assert (cause.expected, cause.actual) == ("guidance_scale = 4.0", "guidance_scale = 5.0")


def test_later_rules_of_a_run_cannot_be_checked_after_a_failure(alice: Store, tp2: Assignment) -> None:
    (alice.outputs / "smoke.png").unlink()
    results = checks(alice, tp2)
    rules = {rule: results[f"smoke/smoke/{rule}"] for rule in ("recorded", "image", "parameters", "distinct")}
    assert {rule: c.passed for rule, c in rules.items()} == {
        "recorded": True, "image": False, "parameters": None, "distinct": None,
    }  # fmt: skip
    cause = rules["distinct"].cause
    assert cause
    assert rules["image"].title in cause.message


def test_later_rules_cannot_be_checked_after_one_that_could_not_be_told(
    alice: Store, tp2: Assignment
) -> None:
    for path in alice.outputs.glob("i2i_*"):
        path.unlink()
    kept, same = (checks(alice, tp2)[f"img2img/source/{rule}"] for rule in ("source_kept", "source_same"))
    assert (kept.passed, same.passed) == (None, None)
    assert same.cause
    assert kept.title in same.cause.message


@pytest.mark.parametrize("first", [unknown, wrong])
def test_rules_are_judged_in_order_until_one_does_not_pass(first: Callable[[Message], Verdict]) -> None:
    asked: list[str] = []

    def judge(name: str, verdict: Verdict) -> Verdict:
        asked.append(name)
        return verdict

    judged = in_order(
        "part",
        [
            ("recorded", lambda: judge("recorded", ok())),
            ("image", lambda: judge("image", first(message("source.no_runs")))),
            ("parameters", lambda: judge("parameters", ok())),
            ("distinct", lambda: judge("distinct", ok())),
        ],
    )
    assert asked == ["recorded", "image"]
    assert [each.rule for each in judged] == ["recorded", "image", "parameters", "distinct"]
    assert [each.verdict.passed for each in judged[2:]] == [None, None]
    image = message("title.image", part="part").text("en")
    assert all(image in str(each.verdict.message and each.verdict.message.text("en")) for each in judged[2:])


def test_a_manifest_that_disagrees_with_its_picture_s_own_text_is_found(
    alice: Store, tp2: Assignment
) -> None:
    image = checks(alice, tp2)["sweep/t2i_run04_guid4/image"]
    assert image.passed
    data = (alice.outputs / "t2i_run05_guid12.png").read_bytes()
    forge(data)(alice)  # a real picture of the lab, of another run
    cause = checks(alice, tp2)["sweep/t2i_run04_guid4/image"].cause
    assert cause
    assert "something else than its manifest, in: request" in cause.message


def test_a_picture_without_the_lab_s_text_is_judged_by_the_rest(alice: Store, tp2: Assignment) -> None:
    forge(png(noise(3)))(alice)  # as an API's bytes would be
    assert checks(alice, tp2)["sweep/t2i_run04_guid4/image"].passed


def test_a_submission_called_otherwise_than_its_student_is_noted_and_passes(
    alice: Store, tp2: Assignment, tmp_path: Path
) -> None:
    shutil.move(alice.folder.parent, tmp_path / "Dupont Alice_123_file")
    with closing(open_submission(tmp_path / "Dupont Alice_123_file", "tp2")) as submission:
        owner = {c.id: c for c in check_submission(tp2, submission, "en")}["hand_in/record/owner"]
    assert owner.passed
    assert owner.cause
    assert "Dupont Alice_123_file" in owner.cause.message


def test_a_studio_asks_for_as_many_different_pictures_as_it_says(alice: Store, tp2: Assignment) -> None:
    studio = next(e for e in tp2.exercises if isinstance(e, Studio)).model_copy(update={"minimum": 2})
    wanted = tp2.model_copy(update={"exercises": (studio,)})
    run = planned("smoke")[1].model_copy(update={"id": "studio"})

    def passed() -> bool | None:
        return checks(alice, wanted)["studio/pictures/studio"].passed

    assert passed() is False
    alice.save(draft_of("studio", run, seed=7), noise(sum(b"alice") * 1000 + 500))  # the same again
    assert passed() is False
    alice.save(draft_of("studio", run, seed=8), noise(1))
    assert passed() is True


def test_fixed_sizes_are_checked_as_planned(alice: Store, tp2: Assignment) -> None:
    smoke = tp2.exercises[0]
    assert isinstance(smoke, Generate)
    run = smoke.runs[0]
    fixed = run.model_copy(
        update={"parameters": run.parameters.model_copy(update={"width": 512, "height": 512})}
    )
    wanted = tp2.model_copy(update={"exercises": (smoke.model_copy(update={"runs": (fixed,)}),)})
    cause = checks(alice, wanted)["smoke/smoke/parameters"].cause
    assert cause
    assert (cause.expected, cause.actual) == ("width = 512, height = 512", "width = 256, height = 256")


def test_an_empty_record_earns_nothing_for_being_whole(tp2: Assignment) -> None:
    record = next(e for e in tp2.exercises if isinstance(e, HandIn))
    results = check_submission(tp2, Submission("alice", "tp2"), "en")
    own = [c for c in results if c.id.startswith(f"{record.id}/")]
    assert own
    assert not any(c.passed for c in own)


def test_the_order_of_files_on_disk_changes_nothing(alice: Store, tp2: Assignment, tmp_path: Path) -> None:
    before = list(checks(alice, tp2).values())
    paths = [p for p in alice.folder.rglob("*") if p.is_file()]
    random.Random(3).shuffle(paths)
    for path in paths:
        target = tmp_path / "copy" / path.relative_to(alice.folder.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    assert list(checks(Store(tmp_path / "copy", "tp2", "alice"), tp2).values()) == before
