"""Dropdowns and radio buttons whose choices are read from disk and may change while a page is open.

Gradio's own lists refuse a value that has gone from their choices since the page was sent it, with an
error the person can do nothing about. Here the value goes through, and whoever looks it up on disk
says what has become of it.
"""

from functools import cache
from typing import Any

from lab.ui.gradio_patches import without_stub_files


def choice(**options: Any) -> Any:
    """A `gr.Dropdown` of these options; its value may be one that is no longer there."""
    return _kinds()["dropdown"](**options)


def buttons(**options: Any) -> Any:
    """The same as a `gr.Radio`."""
    return _kinds()["radio"](**options)


@cache
def _kinds() -> dict[str, type[Any]]:
    import gradio as gr

    with without_stub_files():

        class Dropdown(gr.Dropdown):  # type: ignore[misc]
            def preprocess(self, payload: Any) -> Any:
                return payload

        class Radio(gr.Radio):  # type: ignore[misc]
            def preprocess(self, payload: Any) -> Any:
                return payload

    return {"dropdown": Dropdown, "radio": Radio}
