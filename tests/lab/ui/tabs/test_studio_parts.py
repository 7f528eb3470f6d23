"""A part of a photo in the Studio: recalled with its mask, marked anew, sent to an API; outlines told of."""

import base64

import pytest
from PIL import Image

from exercises.kinds.base import Run
from exercises.parameters import Parameters
from lab.jobs.edits import DATA_URL, EditError
from lab.session.lab import Lab
from manifests.masks import mask_bytes, open_mask, rectangle
from manifests.pictures import open_picture
from manifests.png import plain_png
from tests.grading.good import draft_of, noise
from tests.grading.good import photo as photo_bytes
from tests.lab.ui.tabs.test_generation_tabs import Form, form, full, lab, tab_of

__all__ = ["form", "full", "lab"]


def test_a_recalled_part_opens_with_its_photo_and_its_mask(full: Lab, form: Form) -> None:
    tab, store = tab_of(full, "studio"), full.store()
    source = store.add_source(plain_png(Image.new("RGB", (64, 64), "teal")))
    mask = store.add_mask(rectangle(64, 64, 16, 16, 48, 48), 12)
    plan = Parameters(mode="inpaint", prompt="a red car", strength=0.8, width=64, height=64)
    run = Run(id="studio", parameters=plan)
    store.save(draft_of("studio", run, source, mask=mask, width=64, height=64), noise(5, 64))
    (stem,) = [r.stem for r in store.records() if r.manifest.request.mask]
    *_, kept, said, used, _, shown = tab._recall((stem, 0.0))
    values = dict(zip(tab.fields, tab._recall((stem, 0.0)), strict=False))
    assert (values["mode"], values["strength"], kept, said, used) == ("inpaint", 0.8, mask, "", source)
    assert shown["visible"]
    board = tab._board(source, mask, "inpaint", "mini", 64, 64)
    assert "lab-mask" in board
    assert "The mask of the picture you opened" in board
    asked = {"mode": "inpaint", "strength": 0.8, "width": 64, "height": 64}
    (task,) = tab._tasks(*form(source, **asked), "", mask, 6, True)
    assert (task.start.args[4].source, task.start.args[4].mask) == (source, mask)
    drawn = DATA_URL + base64.b64encode(mask_bytes(rectangle(64, 64, 1, 1, 9, 9))).decode()
    (task,) = tab._tasks(*form(source, **asked), drawn, mask, 0, False)
    assert task.start.args[4].mask not in (None, mask)
    assert task.start.args[4].mask.padding is None
    with pytest.raises(EditError):
        tab._tasks(*form(source, **asked), "", None, 6, True)


def test_for_an_api_photo_and_mask_are_of_the_photos_size(full: Lab, form: Form) -> None:
    tab, store = tab_of(full, "studio"), full.store()
    source = store.add_source(photo_bytes())
    width, height = size = open_picture(photo_bytes()).size
    assert tab.part.sent_size(source) == size
    drawn = DATA_URL + base64.b64encode(mask_bytes(rectangle(width, height, 1, 1, 19, 19))).decode()
    (task,) = tab._tasks(*form(source, mode="inpaint", model="api:played/model-a"), drawn, None, 6, True)
    job = task.start()
    sent = open_picture(store.source_path(job.source).read_bytes())
    assert sent.size == size
    assert open_mask(store.source_path(job.mask).read_bytes(), *size).size == size


def test_a_recalled_picture_that_outlines_led_says_so_and_where_to_go(full: Lab) -> None:
    tab, store = tab_of(full, "studio"), full.store()
    source = store.add_source(plain_png(Image.new("L", (64, 64))))
    plan = Parameters(mode="control", prompt="a red car", control_scale=0.5)
    store.save(draft_of("studio", Run(id="studio", parameters=plan), source), noise(6))
    (stem,) = [r.stem for r in store.records() if r.manifest.request.mode == "control"]
    *_, said, _, _, shown = tab._recall((stem, 0.0))
    values = dict(zip(tab.fields, tab._recall((stem, 0.0)), strict=False))
    assert values["mode"] == "text2img"
    assert "led by outlines" in said
    assert not shown["visible"]
