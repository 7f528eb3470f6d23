"""The look of the lab: Gradio's base theme in its own colours, with the fonts every system has.

Colours are chosen for a contrast of at least 4.5 to 1 for text, and of 3 to 1 for the edge of a box to
tick, light and dark (WCAG 2.2 AA).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


def theme() -> "gr.themes.Base":
    """The theme for `mount_gradio_app`; no font is fetched from anywhere."""
    import gradio as gr

    base = gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=list(SANS),
        font_mono=list(MONO),
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
    )
    return base.set(
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_300",
        checkbox_border_width="1px",
        checkbox_border_width_dark="1px",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_cancel_background_fill="#b91c1c",
        button_cancel_background_fill_hover="#991b1b",
        button_cancel_background_fill_dark="#b91c1c",
        button_cancel_background_fill_hover_dark="#991b1b",
        button_cancel_text_color="#ffffff",
        button_cancel_text_color_dark="#ffffff",
    )
