"""The Train tab, laid out."""

from __future__ import annotations

import gradio as gr
import pytest

from cai_ui.pipeline import Services
from cai_ui.web.train.tab import TrainTab


@pytest.fixture
def train(services: Services) -> TrainTab:
    with gr.Blocks(), gr.Tabs():
        return TrainTab(services)
