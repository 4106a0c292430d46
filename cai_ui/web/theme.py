"""Colours, type and spacing of the page. One accent; system fonts, so nothing is fetched from outside.

Gradio 6 takes theme and CSS at launch; `app.launch_arguments` hands them over. Charts and HTML
pieces use the `--cai-*` variables of `assets/style.css`, which exist in light and dark.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, sizes

ACCENT = colors.Color(
    name="pine",
    c50="#eef7f5", c100="#d5ebe6", c200="#aed8cf", c300="#7fbfb3", c400="#4fa294", c500="#2f8577",
    c600="#1f6b60", c700="#1a564e", c800="#184640", c900="#153a36", c950="#0a211f",
)  # fmt: skip
"""The one accent: a deep green that reads as "go" and as neither warning nor error."""

_ASSETS = Path(__file__).parent / "assets"
STYLE = _ASSETS / "style.css"
STYLES = (STYLE, _ASSETS / "work.css")
"""The frame of the page and its colours; charts, tables and lists of the tabs."""
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace")


def make_theme() -> gr.themes.Base:
    """The theme, light and dark."""
    theme = gr.themes.Base(
        primary_hue=ACCENT,
        secondary_hue=ACCENT,
        neutral_hue=colors.stone,
        text_size=sizes.text_lg,
        spacing_size=sizes.spacing_lg,
        radius_size=sizes.radius_md,
        font=_SANS,
        font_mono=_MONO,
    )
    return theme.set(
        body_background_fill="#faf9f7",
        body_background_fill_dark="#161514",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1e1d1b",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_700",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_border_width_dark="0px",
        block_label_text_weight="600",
        block_title_text_weight="600",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="#ffffff",
        input_background_fill_dark="#171615",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_border_width="1px",
        button_large_text_size="15px",
        button_large_text_weight="600",
        button_large_padding="0.5rem 1rem",
        button_small_text_size="14px",
        button_small_text_weight="500",
        input_border_width="1px",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_padding="0.55rem 0.75rem",
        block_padding="0.75rem 0.9rem",
        layout_gap="1rem",
        form_gap_width="0px",
        section_header_text_weight="600",
        button_transform_active="none",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_400",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
